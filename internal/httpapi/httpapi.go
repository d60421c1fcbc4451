package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/sync/singleflight"

	"kefu/adapters"
)

// MaxBody is the largest request body, in bytes; larger ones are refused before parsing.
const MaxBody = 1 << 20

// Check is one thing the process needs in order to serve.
type Check struct {
	Name string
	Ping func(ctx context.Context) error
}

// Options are what the handlers are built with.
type Options struct {
	Webhooks map[adapters.InboxName]http.Handler
	Checks   []Check
	Metrics  http.Handler
	Log      *slog.Logger
	Limits   Limits
	// Shed hears of every webhook request refused by Limits; must not block. nil = nobody.
	Shed func(reason string)
	// TrustedProxies are addresses or networks whose X-Forwarded-For is believed; empty = nobody's.
	TrustedProxies []string
	// AdminToken is asked for by Admin; empty = not asked for.
	AdminToken adapters.Secret
	Now        func() time.Time // default time.Now
}

// Public returns what platforms and load balancers may call: webhooks, health and readiness.
func Public(o Options) http.Handler {
	r := engine(o)
	r.Use(func(c *gin.Context) { hurry(c.Writer, c.Request) })
	l := newLimiter(o.Limits, o.Now, o.Shed)
	r.Any("/webhook/:inbox", func(c *gin.Context) { webhook(c, o.Webhooks, l) })
	r.GET("/healthz", func(c *gin.Context) { c.String(http.StatusOK, "ok\n") })
	r.GET("/readyz", (&readiness{checks: o.Checks, log: o.Log}).serve)
	return r
}

func engine(o Options) *gin.Engine {
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.HandleMethodNotAllowed = true
	r.RemoteIPHeaders = []string{"X-Forwarded-For"}
	if err := r.SetTrustedProxies(o.TrustedProxies); err != nil {
		o.Log.Error("trusted proxies cannot be read, none is trusted")
		_ = r.SetTrustedProxies(nil) // nil is readable
	}
	r.Use(recovery(o.Log))
	return r
}

// recovery answers 500 to a panic, so that the platform delivers again, and logs where it was.
func recovery(log *slog.Logger) gin.HandlerFunc {
	return func(c *gin.Context) {
		defer func() {
			if p := recover(); p != nil {
				if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
					panic(p)
				}
				log.Error("panic in a handler", "route", c.FullPath(), "stack", string(debug.Stack()))
				c.AbortWithStatus(http.StatusInternalServerError)
			}
		}()
		c.Next()
	}
}

func webhook(c *gin.Context, hooks map[adapters.InboxName]http.Handler, l *limiter) {
	if !l.byAddress(c) {
		return
	}
	inbox := adapters.InboxName(c.Param("inbox"))
	h, ok := hooks[inbox]
	if !ok {
		c.String(http.StatusNotFound, "no such inbox takes webhooks\n")
		return
	}
	if c.Request.ContentLength > MaxBody {
		c.Header("Connection", "close")
		c.String(http.StatusRequestEntityTooLarge, "body is over 1 MiB\n")
		return
	}
	l.handle(c, inbox, func() {
		c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, MaxBody)
		h.ServeHTTP(c.Writer, c.Request)
	})
}

// readyTimeout bounds all checks of one request together.
const readyTimeout = 2 * time.Second

// readiness answers for the checks. Who asks while they run gets their result, so however many ask, one round runs at a time: a check of the store is a
// committed write, and anybody may ask.
type readiness struct {
	checks []Check
	log    *slog.Logger
	round  singleflight.Group
}

func (r *readiness) serve(c *gin.Context) {
	ctx := context.WithoutCancel(c.Request.Context()) // who came first may leave
	result, _, _ := r.round.Do("", func() (any, error) { return r.failing(ctx), nil })
	failed := result.([]string)
	status := http.StatusOK
	if len(failed) > 0 {
		status = http.StatusServiceUnavailable
	}
	c.JSON(status, gin.H{"ready": len(failed) == 0, "failed": failed})
}

// failing runs every check at once and names those that fail; the reasons stand in the log, they may hold addresses.
func (r *readiness) failing(ctx context.Context) []string {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	results := make(chan string, len(r.checks))
	for _, k := range r.checks {
		go func() {
			if err := k.Ping(ctx); err != nil {
				r.log.Warn("not ready", "check", k.Name, "err", err)
				results <- k.Name
				return
			}
			results <- ""
		}()
	}
	failed := []string{}
	for range r.checks {
		if name := <-results; name != "" {
			failed = append(failed, name)
		}
	}
	return failed
}

// silentGrace is how long a connection on which nothing was ever sent stays open after a stop. Load balancers keep such connections in reserve, and net/http would wait 5 s for them.
const silentGrace = time.Second

// silent are the connections on which nothing was sent yet. It is safe for concurrent use.
type silent struct {
	mu    sync.Mutex
	conns map[net.Conn]bool
}

func (s *silent) track(c net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if state == http.StateNew {
		s.conns[c] = true
	} else {
		delete(s.conns, c)
	}
}

func (s *silent) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		_ = c.Close() // its reader notices and says so to track
	}
}

// Serve runs a server with the time-outs every public server needs, until ctx ends; then it finishes what is in flight, for at most grace, and cuts
// what is left, which is no error.
func Serve(ctx context.Context, l net.Listener, h http.Handler, grace time.Duration) error {
	quiet := &silent{conns: map[net.Conn]bool{}}
	srv := &http.Server{
		ConnState:         quiet.track,
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
	}
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		bound, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
		defer cancel()
		defer time.AfterFunc(silentGrace, quiet.close).Stop()
		err := srv.Shutdown(bound)
		if errors.Is(err, context.DeadlineExceeded) {
			err = srv.Close()
		}
		stopped <- err
	}()
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-stopped
}
