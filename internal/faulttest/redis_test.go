package faulttest_test

import (
	"net"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	goredis "github.com/redis/go-redis/v9"

	"context"
)

// redisServer is a Redis of one test alone, behind a wire: the redis-server on the path, else one in this process.
type redisServer struct {
	t    testing.TB
	addr string
	wire *wire
	path string // "" = in this process
	dir  string
	cmd  *exec.Cmd
	mini *miniredis.Miniredis
	halt func() // ends the time of mini
}

func startRedis(t testing.TB) *redisServer {
	t.Helper()
	r := &redisServer{t: t, addr: freeAddress(t), dir: t.TempDir()}
	if path, err := exec.LookPath("redis-server"); err == nil {
		r.path = path
	} else {
		t.Log("no redis-server on the path: its place is taken by one in this process")
		r.mini = miniredis.NewMiniRedis()
	}
	r.mustStart()
	t.Cleanup(r.stop)
	r.wire = startWire(t, "redis", r.addr)
	return r
}

// passTime lets keys expire as time goes by, until the returned function is called.
func passTime(m *miniredis.Miniredis) (stop func()) {
	ended := make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for last := time.Now(); ; {
			select {
			case <-ended:
				return
			case now := <-tick.C:
				m.FastForward(now.Sub(last))
				last = now
			}
		}
	})
	return sync.OnceFunc(func() {
		close(ended)
		running.Wait()
	})
}

// mustStart starts it with nothing in it: a restart forgets everything.
func (r *redisServer) mustStart() {
	if r.mini != nil {
		r.mini = miniredis.NewMiniRedis() // one that was closed never answers a blocking read again
		if err := r.mini.StartAddr(r.addr); err != nil {
			r.t.Errorf("Redis: %v", err)
		}
		r.halt = passTime(r.mini)
		return
	}
	host, port, _ := net.SplitHostPort(r.addr)
	r.cmd = exec.Command(r.path, "--port", port, "--bind", host, "--save", "", "--appendonly", "no", "--dir", r.dir) //nolint:noctx // it is stopped by stop
	if err := r.cmd.Start(); err != nil {
		r.t.Errorf("redis-server: %v", err)
		r.cmd = nil
	}
}

func (r *redisServer) stop() {
	if r.mini != nil {
		r.halt()
		r.mini.Close()
		return
	}
	if r.cmd == nil {
		return
	}
	_ = r.cmd.Process.Kill()
	_ = r.cmd.Wait()
	r.cmd = nil
}

// flush empties the server. One that was started just now may need a moment.
func (r *redisServer) flush(ctx context.Context) error {
	client := goredis.NewClient(&goredis.Options{Addr: r.addr})
	defer client.Close()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var err error
	_ = await(ctx, func() bool {
		err = client.FlushAll(ctx).Err()
		return err == nil
	})
	return err
}
