package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/gin-gonic/gin"

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
}

// Public returns what platforms and load balancers may call: webhooks, health and readiness.
func Public(o Options) http.Handler {
	r := engine(o.Log)
	r.Any("/webhook/:inbox", func(c *gin.Context) { webhook(c, o.Webhooks) })
	r.GET("/healthz", func(c *gin.Context) { c.String(http.StatusOK, "ok\n") })
	r.GET("/readyz", func(c *gin.Context) { ready(c, o.Checks) })
	return r
}

// Admin returns what only the operator may reach.
func Admin(o Options) http.Handler {
	r := engine(o.Log)
	r.GET("/healthz", func(c *gin.Context) { c.String(http.StatusOK, "ok\n") })
	r.GET("/readyz", func(c *gin.Context) { ready(c, o.Checks) })
	r.GET("/metrics", gin.WrapH(o.Metrics))
	return r
}

func engine(log *slog.Logger) *gin.Engine {
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.HandleMethodNotAllowed = true
	r.Use(recovery(log))
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

func webhook(c *gin.Context, hooks map[adapters.InboxName]http.Handler) {
	h, ok := hooks[adapters.InboxName(c.Param("inbox"))]
	if !ok {
		c.String(http.StatusNotFound, "no such inbox takes webhooks\n")
		return
	}
	if c.Request.ContentLength > MaxBody {
		c.Header("Connection", "close")
		c.String(http.StatusRequestEntityTooLarge, "body is over 1 MiB\n")
		return
	}
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, MaxBody)
	h.ServeHTTP(c.Writer, c.Request)
}

// readyTimeout bounds all checks of one request together.
const readyTimeout = 2 * time.Second

// ready pings every check at once and names those that fail; the reasons stand in the log, they may hold addresses.
func ready(c *gin.Context, checks []Check) {
	ctx, cancel := context.WithTimeout(c.Request.Context(), readyTimeout)
	defer cancel()
	results := make(chan string, len(checks))
	for _, k := range checks {
		go func() {
			if err := k.Ping(ctx); err != nil {
				results <- k.Name
				return
			}
			results <- ""
		}()
	}
	failed := []string{}
	for range checks {
		if name := <-results; name != "" {
			failed = append(failed, name)
		}
	}
	status := http.StatusOK
	if len(failed) > 0 {
		status = http.StatusServiceUnavailable
	}
	c.JSON(status, gin.H{"ready": len(failed) == 0, "failed": failed})
}

// Serve runs a server with the time-outs every public server needs, until ctx ends; then it finishes what is in flight, for at most grace.
func Serve(ctx context.Context, l net.Listener, h http.Handler, grace time.Duration) error {
	srv := &http.Server{
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
		stopped <- srv.Shutdown(bound)
	}()
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-stopped
}
