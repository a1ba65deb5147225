package serve

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Listen says where a server listens and how it ends.
type Listen struct {
	Addr      string
	Cert, Key string        // files of a certificate and its key; "" = no TLS
	Drain     time.Duration // for which requests under way may go on when the server is told to stop
	Ready     func(net.Addr)
}

// Run listens until ctx ends. Then it takes no new requests, lets those under way come to their end, and closes the run. nil = it ended in good order.
func (s *Server) Run(ctx context.Context, l Listen) error {
	listener, err := net.Listen("tcp", l.Addr)
	if err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	if l.Cert != "" {
		cert, err := tls.LoadX509KeyPair(l.Cert, l.Key)
		if err != nil {
			return errors.Join(fmt.Errorf("serve: certificate: %w", err), listener.Close())
		}
		listener = tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}})
	}
	base, stop := context.WithCancel(context.WithoutCancel(ctx)) // requests go on while the server drains
	defer stop()
	h := &http.Server{
		Handler: s, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		BaseContext: func(net.Listener) context.Context { return base },
		ErrorLog:    slog.NewLogLogger(s.cfg.Log.Handler(), slog.LevelDebug), // handshakes that fail, and the like
	}
	served := make(chan error, 1)
	go func() { served <- h.Serve(listener) }()
	if l.Ready != nil {
		l.Ready(listener.Addr())
	}
	select {
	case err := <-served:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	close(s.ending)
	patient, cancel := context.WithTimeout(base, l.Drain)
	defer cancel()
	err = h.Shutdown(patient)
	stop() // what is still under way ends within a step
	if err != nil {
		late, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if err = h.Shutdown(late); err != nil {
			err = errors.Join(err, h.Close())
		} else {
			s.cfg.Log.Warn("requests were cut off", "drain", l.Drain)
		}
	}
	s.runs.end()
	return err
}
