//go:build linux && (amd64 || arm64)

package kernel

import (
	"errors"
	"strings"
	"testing"
)

func TestOneDNN_EveryInstalledVersionMultipliesAsItsReference(t *testing.T) {
	for _, file := range []string{"libdnnl.so.2", "libdnnl.so.3"} {
		t.Run(file, func(t *testing.T) {
			lib, err := loadDNNL(file)
			if err != nil {
				t.Skip(err)
			}
			if !strings.HasSuffix(file, lib.version[:1]) {
				t.Errorf("%s says that it is version %s", file, lib.version)
			}
			for _, p := range []Precision{F32, BF16} {
				be, err := newDNNL(lib, p)
				if errors.Is(err, ErrNoOneDNN) && p == BF16 && cpu.name != "avx512" && cpu.name != "avx512bf16" {
					continue // a product of the library that this processor does not have
				} else if err != nil {
					t.Fatal(err)
				}
				ar := newArena(t)
				for flags := range 8 {
					checkShape(ar, be, strided(13, 33, 47, flags%3, flags&1 != 0, flags&2 != 0, flags&4 != 0), uint64(2*flags))
					checkShape(ar, be, strided(1, 1, 5, 0, flags&1 != 0, flags&2 != 0, flags&4 != 0), uint64(2*flags+1))
				}
			}
		})
	}
}

func TestOneDNN_AnotherLibraryIsRefused(t *testing.T) {
	for file, why := range map[string]string{"libc.so.6": "dnnl_version", "libof-nobody.so.9": "libof-nobody"} {
		if _, err := loadDNNL(file); !errors.Is(err, ErrNoOneDNN) || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: %v", file, err)
		}
	}
}
