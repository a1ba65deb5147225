package serve

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// certificate writes a certificate for this machine and its key, and returns who trusts it.
func certificate(t *testing.T) (cert, key string, trust *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	of := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, of, of, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, kind string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: data}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	trust = x509.NewCertPool()
	trust.AddCert(parsed)
	return write("cert.pem", "CERTIFICATE", der), write("key.pem", "PRIVATE KEY", secret), trust
}

func TestRun_ServesByTLSFromFiles(t *testing.T) {
	cert, key, trust := certificate(t)
	s := New(config())
	s.Put(&fake{})
	ctx, cancel := context.WithCancel(context.Background())
	served, at := make(chan error, 1), make(chan net.Addr, 1)
	go func() {
		served <- s.Run(ctx, Listen{Addr: "127.0.0.1:0", Cert: cert, Key: key, Drain: time.Second, Ready: func(a net.Addr) { at <- a }})
	}()
	addr := (<-at).String()
	ask := func(cfg *tls.Config) (*http.Response, error) {
		transport := &http.Transport{TLSClientConfig: cfg, ForceAttemptHTTP2: true}
		defer transport.CloseIdleConnections()
		return (&http.Client{Transport: transport}).Post("https://"+addr+"/v1/chat/completions", "application/json", strings.NewReader(question("auto", "Why?", `"stream":true`)))
	}
	resp, err := ask(&tls.Config{RootCAs: trust})
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil || resp.StatusCode != http.StatusOK || !strings.HasSuffix(string(body), "data: [DONE]\n\n") || resp.ProtoMajor != 2 || resp.TLS.Version != tls.VersionTLS13 {
		t.Errorf("%s %s %v: %s", resp.Proto, resp.Status, err, body)
	}
	if _, err := ask(&tls.Config{RootCAs: trust, MaxVersion: tls.VersionTLS11}); err == nil {
		t.Error("TLS 1.1 is spoken")
	}
	if _, err := ask(&tls.Config{RootCAs: x509.NewCertPool()}); err == nil {
		t.Error("who does not trust the certificate gets an answer")
	}
	if resp, err := http.Get("http://" + addr + "/health"); err == nil && resp.StatusCode == http.StatusOK {
		t.Error("without TLS there is an answer")
	}
	cancel()
	if err := <-served; err != nil {
		t.Error(err)
	}
	for _, l := range []Listen{{Cert: cert, Key: cert}, {Cert: key, Key: key}, {Cert: cert + "x", Key: key}} {
		l.Addr, l.Ready = "127.0.0.1:0", func(net.Addr) { t.Error("it listens without a certificate") }
		if err := New(config()).Run(context.Background(), l); err == nil || !strings.Contains(err.Error(), "certificate") {
			t.Errorf("%+v: %v", l, err)
		}
	}
}
