package serve

import (
	"context"
	_ "embed"
	"net/http"

	"slm/pipeline/session"
)

// page is the whole page: it loads nothing else, and asks this server alone.
//
//go:embed page.html
var page []byte

// policy lets the page run what stands in it and talk to where it came from.
const policy = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

func (s *Server) page(w http.ResponseWriter, r *http.Request) {
	if len(s.clients) == 0 && foreign(r) {
		newFault(http.StatusForbidden, invalidRequest, "foreign_origin", "without a key only programs and pages of this machine are answered").write(w)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-cache")
	_, _ = w.Write(page)
}

// source answers GET /source?at=FILE:LINE&expert=RUN: a section of the corpus with those around it. Without an expert it is of the first that has it.
func (s *Server) source(ctx context.Context, x *exchange) error {
	query := x.r.URL.Query()
	parts, err := x.run.Document(ctx, query.Get("expert"), query.Get("at"))
	switch {
	case err != nil:
		return err
	case len(parts) == 0:
		f := newFault(http.StatusNotFound, invalidRequest, "source_not_found", "the corpus has no such source")
		param := "at"
		f.Param = &param
		return f
	}
	return x.send(map[string][]session.Part{"sections": parts})
}
