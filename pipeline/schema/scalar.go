package schema

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"
)

var (
	number    = regexp.MustCompile(`^[+-]?(\d+(_\d+)*)?(\.\d+(_\d+)*)?([eE][+-]?\d{1,4})?([kMGT]|%)?$`)
	errNumber = errors.New("not a number")
)

// parseNumber reads a number exactly: 1_000, 1e-4, 20M (= 20 000 000: the suffixes k, M, G, T are powers of a thousand), 10 %.
func parseNumber(text string) (*big.Rat, error) {
	m := number.FindStringSubmatch(text)
	if m == nil || m[1] == "" && m[3] == "" {
		return nil, errNumber
	}
	if len(text) > 64 {
		return nil, errors.New("too many digits")
	}
	digits := strings.TrimLeft(m[1], "+-")
	if len(digits) > 1 && digits[0] == '0' {
		return nil, errors.New("a leading zero is not decimal everywhere; write it without")
	}
	body := strings.ReplaceAll(strings.TrimSuffix(text, m[6]), "_", "")
	r, ok := new(big.Rat).SetString(body)
	if !ok {
		return nil, errNumber
	}
	switch m[6] {
	case "k":
		r.Mul(r, big.NewRat(1e3, 1))
	case "M":
		r.Mul(r, big.NewRat(1e6, 1))
	case "G":
		r.Mul(r, big.NewRat(1e9, 1))
	case "T":
		r.Mul(r, big.NewRat(1e12, 1))
	case "%":
		r.Mul(r, big.NewRat(1, 100))
	}
	return r, nil
}

// parseCount reads a whole number: 20M, 32k, 1_000, 1e6.
func parseCount(text string, bits int, signed bool) (*big.Int, error) {
	if strings.HasSuffix(text, "%") {
		return nil, errors.New("a whole number is wanted, not a share")
	}
	r, err := parseNumber(text)
	if errors.Is(err, errNumber) {
		return nil, errors.New("a whole number is wanted, such as 500, 32k or 20M")
	}
	if err != nil {
		return nil, err
	}
	if !r.IsInt() {
		return nil, errors.New("a whole number is wanted")
	}
	n := r.Num()
	if !signed && n.Sign() < 0 {
		return nil, errors.New("must not be negative")
	}
	limit := bits
	if signed {
		limit--
	}
	if n.BitLen() > limit {
		return nil, fmt.Errorf("too large for %d bits", bits)
	}
	return n, nil
}

// parseFloat reads a real number or a share: 1e-4, 0.8, 10%.
func parseFloat(text string) (float64, error) {
	r, err := parseNumber(text)
	if errors.Is(err, errNumber) {
		return 0, errors.New("a number is wanted, such as 0.8, 1e-4 or 10%")
	}
	if err != nil {
		return 0, err
	}
	f, _ := r.Float64()
	if math.IsInf(f, 0) {
		return 0, errors.New("too large")
	}
	return f, nil
}

// parseDuration reads 10m, 1h30m, 2s.
func parseDuration(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil || strings.Trim(text, "0123456789") == "" && text != "0" {
		return 0, errors.New("a duration with its unit is wanted, such as 90s, 10m or 1h30m")
	}
	return d, nil
}

// parseBool reads true or false. YAML 1.1's yes, no, on and off are refused: they have meant both.
func parseBool(text string) (bool, error) {
	switch text {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, errors.New("true or false is wanted")
}

// bounds checks a number against the tags min, max and above.
func bounds(x float64, tag func(string) string) error {
	check := func(name, sign string, bad func(x, limit float64) bool) error {
		text := tag(name)
		if text == "" {
			return nil
		}
		limit, err := strconv.ParseFloat(text, 64)
		if err == nil && bad(x, limit) {
			return fmt.Errorf("must be %s %s", sign, text)
		}
		return err
	}
	return errors.Join(
		check("min", "≥", func(x, l float64) bool { return x < l }),
		check("max", "≤", func(x, l float64) bool { return x > l }),
		check("above", ">", func(x, l float64) bool { return x <= l }),
	)
}
