package store

import (
	"net/http"
	"testing"

	"slm/store/storetest"
)

// at opens the store of a server, with faults on the way; nil = none. Parts are as small as S3 allows.
func at(t *testing.T, endpoint string, f *storetest.Faults) *Store {
	t.Helper()
	var transport http.RoundTripper
	if f != nil {
		transport = f
	}
	s, err := OpenVia("s3://"+storetest.Bucket+"/some/prefix", storetest.Environment(endpoint), transport)
	if err != nil {
		t.Fatal(err)
	}
	s.part = 5 << 20
	return s
}
