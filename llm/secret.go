package llm

import (
	"encoding/base64"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// keyHere stands in an address where the key goes, for servers that want it in the path: https://host/{key}/v1.
const keyHere = "{key}"

// version is the part of an address that many servers end in.
var version = regexp.MustCompile(`^v[0-9]+(beta|alpha)?[0-9]*$`)

// shown is an address for messages: the server, and the version at the end. What stands between may hold somebody's key.
func shown(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "the server"
	}
	out := u.Scheme + "://" + u.Host
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	last := parts[len(parts)-1]
	if len(parts) > 1 || last != "" && !version.MatchString(last) {
		out += "/…"
	}
	if version.MatchString(last) {
		out += "/" + last
	}
	return out
}

// secret is a key inside a function, where no way of printing finds it: fmt shows unexported fields without asking their methods.
type secret func() string

// String and MarshalJSON stand in where a function could not be printed at all.
func (secret) String() string               { return "[key]" }
func (secret) MarshalJSON() ([]byte, error) { return []byte(`"[key]"`), nil }

// hide takes the key out of a text that came from elsewhere, as it is and as it stands in addresses, quoted text and headers.
func (k secret) hide(text string) string {
	key := k()
	if key == "" {
		return text
	}
	quoted := strconv.Quote(key)
	for _, form := range []string{
		key, url.QueryEscape(key), url.PathEscape(key), quoted[1 : len(quoted)-1],
		base64.StdEncoding.EncodeToString([]byte(key)), base64.RawURLEncoding.EncodeToString([]byte(key)),
	} {
		text = strings.ReplaceAll(text, form, "[key]")
	}
	return text
}

// placeholder is the longest key that is none: servers at home are given a word such as EMPTY, which may well stand in a reply.
const placeholder = 7
