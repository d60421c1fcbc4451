package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"time"

	"kefu/internal/config"
	"kefu/internal/docstore"
	"kefu/internal/docstore/sqlite"
	"kefu/internal/media"
	"kefu/kb"
	"kefu/tickets"
)

// Office is what the command line does with the stored data. It works on the database, or, when a gateway holds the embedded one, through that gateway's socket.
type Office interface {
	// Import stores a file of rows; dry only counts. A wrong file gives a *kb.FileError.
	Import(ctx context.Context, file []byte, format kb.Format, author string, dry bool) (kb.Summary, error)
	// Entries returns the live entries and drafts.
	Entries(ctx context.Context) ([]kb.Entry, error)
	// Tickets returns all tickets in the order of their numbers.
	Tickets(ctx context.Context) ([]tickets.Ticket, error)
	Close() error
}

// OpenOffice opens the data of a configuration.
func OpenOffice(ctx context.Context, cfg *config.Config) (Office, error) {
	store, _, err := openStore(ctx, cfg)
	if errors.Is(err, sqlite.ErrLocked) {
		return dialOffice(SocketPath(cfg.Storage.Data)), nil
	}
	if err != nil {
		return nil, err
	}
	o, err := newOffice(ctx, store)
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return o, nil
}

// directOffice works on an open store.
type directOffice struct {
	store   *docstore.Store
	media   *media.Store
	faq     *kb.Store
	tickets *tickets.Service
	log     *slog.Logger
}

func newOffice(ctx context.Context, store *docstore.Store) (*directOffice, error) {
	faq, err := kb.NewStore(ctx, store, time.Now)
	if err != nil {
		return nil, err
	}
	tk, err := tickets.New(ctx, store, time.Now)
	if err != nil {
		return nil, err
	}
	return &directOffice{store: store, faq: faq, tickets: tk}, nil
}

func (o *directOffice) Import(ctx context.Context, file []byte, format kb.Format, author string, dry bool) (kb.Summary, error) {
	rows, err := format.Read(bytes.NewReader(file))
	if err != nil {
		return kb.Summary{}, err
	}
	if !dry {
		return kb.Import(ctx, o.faq, rows, author)
	}
	s, err := kb.Plan(ctx, o.faq, rows)
	if err == nil && len(s.Problems) > 0 {
		err = &kb.FileError{Problems: s.Problems}
	}
	return s, err
}

func (o *directOffice) Entries(ctx context.Context) ([]kb.Entry, error) {
	entries, _, err := o.faq.List(ctx, kb.Filter{})
	return entries, err
}

func (o *directOffice) Tickets(ctx context.Context) ([]tickets.Ticket, error) {
	var all []tickets.Ticket
	err := o.tickets.All(ctx, tickets.Filter{}, func(t tickets.Ticket) error {
		all = append(all, t)
		return nil
	})
	return all, err
}

func (o *directOffice) Close() error { return o.store.Close() }

// maxImport is the largest file taken through the socket, in bytes.
const maxImport = 64 << 20

// answer is what the socket says: the result, or what is wrong.
type answer struct {
	Summary  kb.Summary       `json:"summary,omitzero"`
	Entries  []kb.Entry       `json:"entries,omitempty"`
	Tickets  []tickets.Ticket `json:"tickets,omitempty"`
	Problems []kb.Problem     `json:"problems,omitempty"`
	Error    string           `json:"error,omitempty"`
}

// officeHandler serves an office to the command line.
func officeHandler(o *directOffice) http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern string, fn func(r *http.Request) (answer, error)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			a, err := fn(r)
			var file *kb.FileError
			switch {
			case errors.As(err, &file):
				a.Problems = file.Problems
			case err != nil:
				a.Error = err.Error()
			}
			w.Header().Set("Content-Type", "application/json")
			if err := json.NewEncoder(w).Encode(a); err != nil {
				o.log.Warn("answer to the command line was cut", "err", err)
			}
		})
	}
	handle("POST /faq/import", func(r *http.Request) (a answer, err error) {
		body, err := io.ReadAll(io.LimitReader(r.Body, maxImport+1))
		if err != nil {
			return a, err
		}
		if len(body) > maxImport {
			return a, fmt.Errorf("the file is over %d MiB", maxImport>>20)
		}
		q := r.URL.Query()
		a.Summary, err = o.Import(r.Context(), body, kb.Format(q.Get("format")), q.Get("author"), q.Get("dry") == "true")
		return a, err
	})
	handle("GET /faq/entries", func(r *http.Request) (a answer, err error) {
		a.Entries, err = o.Entries(r.Context())
		return a, err
	})
	handle("GET /tickets", func(r *http.Request) (a answer, err error) {
		a.Tickets, err = o.Tickets(r.Context())
		return a, err
	})
	mux.HandleFunc("GET /backup", o.serveBackup)
	return mux
}

// remoteOffice asks a running gateway.
type remoteOffice struct{ client *http.Client }

func dialOffice(socket string) *remoteOffice {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}
	return &remoteOffice{&http.Client{Transport: &http.Transport{DialContext: dial}, Timeout: 5 * time.Minute}}
}

func (o *remoteOffice) ask(ctx context.Context, method, path string, body io.Reader) (answer, error) {
	var a answer
	req, err := http.NewRequestWithContext(ctx, method, "http://gateway"+path, body)
	if err != nil {
		return a, err
	}
	res, err := o.client.Do(req)
	if err != nil {
		return a, fmt.Errorf("ask the running gateway: %w", err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&a); err != nil {
		return a, fmt.Errorf("ask the running gateway: %s: %w", res.Status, err)
	}
	switch {
	case len(a.Problems) > 0:
		return a, &kb.FileError{Problems: a.Problems}
	case a.Error != "":
		return a, errors.New(a.Error)
	}
	return a, nil
}

func (o *remoteOffice) Import(ctx context.Context, file []byte, format kb.Format, author string, dry bool) (kb.Summary, error) {
	q := url.Values{"format": {string(format)}, "author": {author}, "dry": {fmt.Sprint(dry)}}
	a, err := o.ask(ctx, http.MethodPost, "/faq/import?"+q.Encode(), bytes.NewReader(file))
	return a.Summary, err
}

func (o *remoteOffice) Entries(ctx context.Context) ([]kb.Entry, error) {
	a, err := o.ask(ctx, http.MethodGet, "/faq/entries", nil)
	return a.Entries, err
}

func (o *remoteOffice) Tickets(ctx context.Context) ([]tickets.Ticket, error) {
	a, err := o.ask(ctx, http.MethodGet, "/tickets", nil)
	return a.Tickets, err
}

func (o *remoteOffice) Close() error { o.client.CloseIdleConnections(); return nil }
