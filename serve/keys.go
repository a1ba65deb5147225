package serve

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"math"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/time/rate"
)

// Key lets a client in.
type Key struct {
	Client    string  // its name in logs and metrics
	Secret    string  // that it sends as a bearer token
	PerMinute float64 // requests; 0 = any number
	AtOnce    int     // requests; 0 = any number
}

// ParseKey reads VARIABLE or VARIABLE,rpm=60,parallel=4: the name of the environment variable that holds a client's key, and the client's limits.
func ParseKey(text string, getenv func(string) string) (Key, error) {
	name, limits, _ := strings.Cut(text, ",")
	k := Key{Client: name, Secret: strings.TrimSpace(getenv(name))}
	if k.Secret == "" {
		return k, fmt.Errorf("the environment variable %s is not set", name)
	}
	if len(k.Secret) < shortestKey {
		return k, fmt.Errorf("the key in %s has %d characters: at least %d", name, len(k.Secret), shortestKey)
	}
	for part := range strings.SplitSeq(limits, ",") {
		if part == "" {
			continue
		}
		what, value, _ := strings.Cut(part, "=")
		n, err := strconv.Atoi(value)
		if err != nil || n < 1 {
			return k, fmt.Errorf("%s: a limit is rpm=N or parallel=N", part)
		}
		switch what {
		case "rpm":
			k.PerMinute = float64(n)
		case "parallel":
			k.AtOnce = n
		default:
			return k, fmt.Errorf("%s: a limit is rpm=N or parallel=N", part)
		}
	}
	return k, nil
}

// shortestKey keeps out what can be guessed. // characters
const shortestKey = 16

// client is who asks, with its limits.
type client struct {
	name   string
	sum    [sha256.Size]byte
	rate   *rate.Limiter // nil = none
	atOnce chan struct{} // nil = any number
}

// anybody is the client where no key is asked for.
var anybody = &client{name: "local"}

func newClients(keys []Key) (out []*client) {
	for _, k := range keys {
		c := &client{name: k.Client, sum: sha256.Sum256([]byte(k.Secret))}
		if k.PerMinute > 0 {
			c.rate = rate.NewLimiter(rate.Limit(k.PerMinute/60), max(1, int(k.PerMinute/6))) // those of ten seconds may come together
		}
		if k.AtOnce > 0 {
			c.atOnce = make(chan struct{}, k.AtOnce)
		}
		out = append(out, c)
	}
	return out
}

// clientOf finds out who asks.
func (s *Server) clientOf(r *http.Request) (*client, error) {
	if len(s.clients) == 0 {
		return anybody, nil
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	sum := sha256.Sum256([]byte(strings.TrimSpace(token)))
	var found *client
	for _, c := range s.clients {
		if subtle.ConstantTimeCompare(c.sum[:], sum[:]) == 1 {
			found = c
		}
	}
	if found == nil || !strings.EqualFold(scheme, "Bearer") {
		return nil, newFault(http.StatusUnauthorized, invalidRequest, "invalid_api_key", "no key, or one that the server does not know: send Authorization: Bearer KEY")
	}
	return found, nil
}

// enter keeps a client within its limits.
func (c *client) enter(now time.Time) (leave func(), err error) {
	leave = func() {}
	if c.atOnce != nil {
		select {
		case c.atOnce <- struct{}{}:
			leave = func() { <-c.atOnce }
		default:
			f := newFault(http.StatusTooManyRequests, tooMany, "rate_limit_exceeded", "this key may have %d at work at a time, and has", cap(c.atOnce))
			f.after = time.Second
			return nil, f
		}
	}
	if c.rate != nil {
		if hold := c.rate.ReserveN(now, 1); hold.DelayFrom(now) > 0 {
			f := newFault(http.StatusTooManyRequests, tooMany, "rate_limit_exceeded", "this key may send %d requests a minute, of these %d at once", int(math.Round(float64(c.rate.Limit())*60)), c.rate.Burst())
			f.after = hold.DelayFrom(now)
			hold.CancelAt(now)
			leave()
			return nil, f
		}
	}
	return leave, nil
}

// Loopback reports whether an address is reached from this machine alone.
func Loopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// foreign reports whether a page of another site sends a request: by its origin, or by a name that it has given this machine. Where a key is asked
// for that page does not have it; on a loopback address nothing else would keep it out.
func foreign(r *http.Request) bool {
	if origin := r.Header.Get("Origin"); origin != "" {
		if u, err := url.Parse(origin); err != nil || u.Host != r.Host {
			return true
		}
	}
	host := r.Host
	if !strings.Contains(strings.TrimPrefix(host, "["), ":") || strings.HasSuffix(host, "]") {
		host += ":80"
	}
	return !Loopback(host)
}
