package kernel

import (
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"path"
	"strings"
	"testing"
)

// TestBuild_OtherProcessorsCompileNothingOfAMD64 looks at the files of an ARM build.
func TestBuild_OtherProcessorsCompileNothingOfAMD64(t *testing.T) {
	arm := build.Default
	arm.GOARCH, arm.CgoEnabled = "arm64", false
	pkg, err := arm.ImportDir(".", 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, imported := range pkg.Imports {
		if strings.HasPrefix(imported, "slm/model/kernel/") && !strings.HasSuffix(imported, "/neon") || strings.Contains(imported, "cpuid") {
			t.Errorf("an ARM build imports %s", imported)
		}
	}
	for _, file := range pkg.GoFiles {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok && strings.Contains(strings.ToUpper(id.Name), "AVX") {
				t.Errorf("%s compiles %s", file, id.Name)
			}
			return true
		})
	}
	if len(pkg.SFiles) > 0 {
		t.Errorf("an ARM build assembles %s", path.Join(pkg.SFiles...))
	}
}
