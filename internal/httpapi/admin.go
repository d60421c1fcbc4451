package httpapi

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"kefu/adapters"
)

// Admin returns what only the operator may reach. Health and readiness ask for no token, as on the public side.
func Admin(o Options) http.Handler {
	r := engine(o)
	r.GET("/healthz", func(c *gin.Context) { c.String(http.StatusOK, "ok\n") })
	r.GET("/readyz", (&readiness{checks: o.Checks, log: o.Log}).serve)
	operator := r.Group("", bearer(o.AdminToken))
	operator.GET("/metrics", gin.WrapH(o.Metrics))
	return r
}

// bearer lets through who shows the token; with none configured, everybody who can reach the listener.
func bearer(token adapters.Secret) gin.HandlerFunc {
	// Digests have one length, so the comparison tells nothing about that of the token.
	want := sha256.Sum256([]byte(token.Reveal()))
	return func(c *gin.Context) {
		if token == "" {
			return
		}
		scheme, shown, _ := strings.Cut(c.GetHeader("Authorization"), " ")
		got := sha256.Sum256([]byte(shown))
		if strings.EqualFold(scheme, "Bearer") && subtle.ConstantTimeCompare(got[:], want[:]) == 1 {
			return
		}
		c.Header("WWW-Authenticate", "Bearer")
		c.String(http.StatusUnauthorized, "the admin token is missing or wrong\n")
		c.Abort()
	}
}
