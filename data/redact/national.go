package redact

import (
	"strconv"
	"strings"
)

// isSSN checks a social security number of the USA: no part is zero, and the area exists.
func isSSN(s string) bool {
	return s[:3] != "000" && s[:3] != "666" && s[0] != '9' && s[4:6] != "00" && s[7:] != "0000"
}

// isNIR checks the key of a French number: 97 less the number modulo 97.
func isNIR(s string) bool {
	s = strings.ReplaceAll(s, " ", "")
	body := strings.NewReplacer("2A", "19", "2B", "18").Replace(s[:13])
	n, err := strconv.ParseInt(body, 10, 64)
	key, _ := strconv.Atoi(s[13:])
	return err == nil && int(97-n%97) == key
}

// isFiscale checks the last letter of an Italian codice fiscale.
func isFiscale(s string) bool {
	values := map[byte]int{}
	for i, v := range []int{1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23} {
		values['A'+byte(i)] = v
		if i < 10 {
			values['0'+byte(i)] = v
		}
	}
	sum := 0
	for i := range 15 {
		switch c := s[i]; {
		case i%2 == 0:
			sum += values[c]
		case c >= 'A':
			sum += int(c - 'A')
		default:
			sum += int(c - '0')
		}
	}
	return s[15] == 'A'+byte(sum%26)
}

// isDNI checks the letter of a Spanish DNI or NIE: the number modulo 23.
func isDNI(s string) bool {
	s = strings.ReplaceAll(s, "-", "")
	if i := strings.IndexByte("XYZ", s[0]); i >= 0 {
		s = strconv.Itoa(i) + s[1:]
	}
	n, err := strconv.Atoi(s[:len(s)-1])
	return err == nil && "TRWAGMYFPDXBNJZSQVHLCKE"[n%23] == s[len(s)-1]
}

// isSteuerID checks a German tax number: ISO 7064 MOD 11,10, and one digit of the first ten stands twice or three times.
func isSteuerID(s string) bool {
	if s[0] == '0' {
		return false
	}
	var times [10]int
	product := 10
	for i := range 10 {
		d := int(s[i] - '0')
		times[d]++
		sum := (d + product) % 10
		if sum == 0 {
			sum = 10
		}
		product = sum * 2 % 11
	}
	several := 0
	for _, n := range times {
		if n > 3 {
			return false
		}
		if n > 1 {
			several++
		}
	}
	return several == 1 && (11-product)%10 == int(s[10]-'0')
}

// isPESEL checks a Polish number: weights 1, 3, 7, 9.
func isPESEL(s string) bool {
	sum := 0
	for i, w := range []int{1, 3, 7, 9, 1, 3, 7, 9, 1, 3} {
		sum += w * int(s[i]-'0')
	}
	month, _ := strconv.Atoi(s[2:4])
	return month%20 >= 1 && month%20 <= 12 && (10-sum%10)%10 == int(s[10]-'0')
}

// isResident checks a Chinese identity number: GB 11643, ISO 7064 MOD 11-2.
func isResident(s string) bool {
	sum := 0
	for i, w := range []int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2} {
		sum += w * int(s[i]-'0')
	}
	return "10X98765432"[sum%11] == strings.ToUpper(s)[17]
}
