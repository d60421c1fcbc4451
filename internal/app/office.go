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
	// Count tells what Import would do. A wrong file gives both a *kb.FileError.
	Count(ctx context.Context, file []byte, format kb.Format) (kb.Summary, error)
	// Import stores a file of rows.
	Import(ctx context.Context, file []byte, format kb.Format, author string, progress kb.Progress) (kb.Summary, error)
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
	o, err := newOffice(ctx, store, cfg.Zone())
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
	zone    *time.Location // of times in files that name none
	log     *slog.Logger
}

func newOffice(ctx context.Context, store *docstore.Store, zone *time.Location) (*directOffice, error) {
	faq, err := kb.NewStore(ctx, store, time.Now)
	if err != nil {
		return nil, err
	}
	tk, err := tickets.New(ctx, store, time.Now)
	if err != nil {
		return nil, err
	}
	return &directOffice{store: store, faq: faq, tickets: tk, zone: zone}, nil
}

func (o *directOffice) Import(ctx context.Context, file []byte, format kb.Format, author string, progress kb.Progress) (kb.Summary, error) {
	rows, err := format.Read(bytes.NewReader(file), o.zone)
	if err != nil {
		return kb.Summary{}, err
	}
	return kb.ImportWith(ctx, o.faq, rows, author, progress)
}

func (o *directOffice) Count(ctx context.Context, file []byte, format kb.Format) (kb.Summary, error) {
	rows, err := format.Read(bytes.NewReader(file), o.zone)
	return kb.Review(ctx, o.faq, rows, err)
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

// answer is what the socket says: the result, or what is wrong. Answers with a Total come before it and tell how far it is.
type answer struct {
	Done     int              `json:"done,omitempty"`
	Total    int              `json:"total,omitempty"`
	Summary  kb.Summary       `json:"summary,omitzero"`
	Entries  []kb.Entry       `json:"entries,omitempty"`
	Tickets  []tickets.Ticket `json:"tickets,omitempty"`
	Problems []kb.Problem     `json:"problems,omitempty"`
	Error    string           `json:"error,omitempty"`
}

// officeHandler serves an office to the command line.
func officeHandler(o *directOffice) http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern string, fn func(r *http.Request, progress kb.Progress) (answer, error)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			out := json.NewEncoder(w)
			a, err := fn(r, func(done, total int) {
				_ = out.Encode(answer{Done: done, Total: total}) // who no longer listens gets the work done all the same
				_ = http.NewResponseController(w).Flush()
			})
			var file *kb.FileError
			switch {
			case errors.As(err, &file):
				a.Problems = file.Problems
			case err != nil:
				a.Error = err.Error()
			}
			if err := out.Encode(a); err != nil {
				o.log.Warn("answer to the command line was cut", "err", err)
			}
		})
	}
	handle("POST /faq/count", func(r *http.Request, _ kb.Progress) (a answer, err error) {
		body, err := io.ReadAll(io.LimitReader(r.Body, kb.MaxFile+1)) // one byte too many is told as what it is
		if err == nil {
			a.Summary, err = o.Count(r.Context(), body, kb.Format(r.URL.Query().Get("format")))
		}
		return a, err
	})
	handle("POST /faq/import", func(r *http.Request, progress kb.Progress) (a answer, err error) {
		body, err := io.ReadAll(io.LimitReader(r.Body, kb.MaxFile+1))
		if err == nil {
			q := r.URL.Query()
			a.Summary, err = o.Import(r.Context(), body, kb.Format(q.Get("format")), q.Get("author"), progress)
		}
		return a, err
	})
	handle("GET /faq/entries", func(r *http.Request, _ kb.Progress) (a answer, err error) {
		a.Entries, err = o.Entries(r.Context())
		return a, err
	})
	handle("GET /tickets", func(r *http.Request, _ kb.Progress) (a answer, err error) {
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

func (o *remoteOffice) ask(ctx context.Context, method, path string, body io.Reader, progress kb.Progress) (a answer, err error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://gateway"+path, body)
	if err != nil {
		return a, err
	}
	res, err := o.client.Do(req)
	if err != nil {
		return a, fmt.Errorf("ask the running gateway: %w", err)
	}
	defer res.Body.Close()
	for in := json.NewDecoder(res.Body); ; {
		a = answer{}
		if err := in.Decode(&a); err != nil {
			return a, fmt.Errorf("ask the running gateway: %s: %w", res.Status, err)
		}
		if a.Total == 0 {
			break
		}
		progress(a.Done, a.Total)
	}
	switch {
	case len(a.Problems) > 0:
		return a, &kb.FileError{Problems: a.Problems}
	case a.Error != "":
		return a, errors.New(a.Error)
	}
	return a, nil
}

func (o *remoteOffice) Count(ctx context.Context, file []byte, format kb.Format) (kb.Summary, error) {
	q := url.Values{"format": {string(format)}}
	a, err := o.ask(ctx, http.MethodPost, "/faq/count?"+q.Encode(), bytes.NewReader(file), nil)
	return a.Summary, err
}

func (o *remoteOffice) Import(ctx context.Context, file []byte, format kb.Format, author string, progress kb.Progress) (kb.Summary, error) {
	q := url.Values{"format": {string(format)}, "author": {author}}
	a, err := o.ask(ctx, http.MethodPost, "/faq/import?"+q.Encode(), bytes.NewReader(file), progress)
	return a.Summary, err
}

func (o *remoteOffice) Entries(ctx context.Context) ([]kb.Entry, error) {
	a, err := o.ask(ctx, http.MethodGet, "/faq/entries", nil, nil)
	return a.Entries, err
}

func (o *remoteOffice) Tickets(ctx context.Context) ([]tickets.Ticket, error) {
	a, err := o.ask(ctx, http.MethodGet, "/tickets", nil, nil)
	return a.Tickets, err
}

func (o *remoteOffice) Close() error { o.client.CloseIdleConnections(); return nil }
