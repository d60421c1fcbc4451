package ferrettest

import (
	"context"
	"crypto/rand"
	"net"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/mongo"
	"go.mongodb.org/mongo-driver/mongo/options"
)

// Server is a MongoDB for one test and its subtests.
type Server struct {
	proxy *proxy
	uri   url.URL
	real  bool
}

// Start starts a server, or connects to that of KEFU_TEST_MONGO, until the test ends.
func Start(t testing.TB) *Server {
	t.Helper()
	const listen = "127.0.0.1:0"
	address := os.Getenv("KEFU_TEST_MONGO")
	if address != "" {
		return startReal(t, listen, address)
	}
	s := &Server{uri: url.URL{Scheme: "mongodb", Path: "/"}}
	s.front(t, listen, startFerret(t), true)
	return s
}

func startReal(t testing.TB, listen, address string) *Server {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "mongodb" || strings.Contains(u.Host, ",") {
		t.Fatal("KEFU_TEST_MONGO must be the mongodb:// address of one primary")
	}
	s := &Server{uri: *u, real: true}
	query := u.Query()
	query.Set("directConnection", "true") // else the driver finds the way around the proxy
	s.uri.RawQuery = query.Encode()
	host := u.Host
	if u.Port() == "" {
		host = net.JoinHostPort(u.Hostname(), "27017")
	}
	s.front(t, listen, host, false)
	return s
}

// front puts the proxy before the server at address.
func (s *Server) front(t testing.TB, listen, address string, oneAtATime bool) {
	t.Helper()
	p, err := newProxy(listen, address, oneAtATime)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.close)
	s.proxy, s.uri.Host = p, p.address()
}

// URI is the address to connect to. It goes through the proxy.
func (s *Server) URI() string { return s.uri.String() }

// Database returns the name of a new, empty database, which is dropped after the test when the server is a real one.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	name := "kefu_test_" + strings.ToLower(rand.Text()[:12])
	if s.real {
		t.Cleanup(func() { s.drop(t, name) })
	}
	return name
}

func (s *Server) drop(t testing.TB, name string) {
	s.Restore()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	client, err := mongo.Connect(ctx, options.Client().ApplyURI(s.URI()))
	if err != nil {
		t.Errorf("drop %s: %v", name, err)
		return
	}
	defer func() { _ = client.Disconnect(ctx) }()
	if err := client.Database(name).Drop(ctx); err != nil {
		t.Errorf("drop %s: %v", name, err)
	}
}

// Cut breaks every connection and refuses new ones until Restore. A command on its way is finished by the server, its
// reply is lost.
func (s *Server) Cut() { s.proxy.cut() }

// Restore accepts connections again.
func (s *Server) Restore() { s.proxy.restore() }
