package httpapi_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"kefu/adapters"
	"kefu/internal/httpapi"
)

func TestAdminToken(t *testing.T) {
	const token = "0123456789abcdef"
	tests := []struct {
		name       string
		configured adapters.Secret
		path       string
		header     string
		status     int
	}{
		{"no token configured", "", "/metrics", "", 200},
		{"none shown", token, "/metrics", "", 401},
		{"the right one", token, "/metrics", "Bearer " + token, 200},
		{"the scheme in small letters", token, "/metrics", "bearer " + token, 200},
		{"a longer one", token, "/metrics", "Bearer " + token + "x", 401},
		{"the beginning of it", token, "/metrics", "Bearer 0123456789abcde", 401},
		{"an empty one", token, "/metrics", "Bearer ", 401},
		{"without a scheme", token, "/metrics", token, 401},
		{"as a password", token, "/metrics", "Basic " + token, 401},
		{"health", token, "/healthz", "", 200},
		{"readiness", token, "/readyz", "", 200},
		{"no webhooks here", token, "/webhook/a", "Bearer " + token, 404},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := httpapi.Admin(httpapi.Options{AdminToken: tt.configured, Metrics: accepting})
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, tt.path, http.NoBody)
			if tt.header != "" {
				r.Header.Set("Authorization", tt.header)
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != tt.status {
				t.Errorf("status %d, want %d", w.Code, tt.status)
			}
			if w.Code == http.StatusUnauthorized && w.Header().Get("WWW-Authenticate") != "Bearer" {
				t.Error("the answer does not say what is asked for")
			}
		})
	}
}

// However many ask for readiness, one check runs at a time, also when who asked first does not wait.
func TestReadinessIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var running, most, runs atomic.Int64
		ping := func(ctx context.Context) error {
			runs.Add(1)
			most.Store(max(most.Load(), running.Add(1)))
			defer running.Add(-1)
			select {
			case <-time.After(time.Second):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		h := httpapi.Public(httpapi.Options{Checks: []httpapi.Check{{Name: "storage", Ping: ping}}})
		first, leave := context.WithCancel(t.Context())
		var asking sync.WaitGroup
		for i := range 100 {
			ctx := t.Context()
			if i == 0 {
				ctx = first
			}
			asking.Go(func() {
				w := httptest.NewRecorder()
				h.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "/readyz", http.NoBody))
				if w.Code != http.StatusOK {
					t.Errorf("answered %d %s", w.Code, w.Body)
				}
			})
			synctest.Wait()
		}
		leave()
		asking.Wait()
		if most.Load() != 1 || runs.Load() != 1 {
			t.Errorf("%d checks ran, %d at a time", runs.Load(), most.Load())
		}
	})
}
