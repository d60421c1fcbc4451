package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"kefu/internal/bench"
)

// serveBare is the yardstick: what a program does that only checks the secret of a delivery and repeats its text, with nothing stored and nothing of the
// house around it. It serves until input ends.
func serveBare(ctx context.Context, o bench.BareOptions, input io.Reader, out io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		_, _ = io.Copy(io.Discard, input)
		cancel()
	}()
	gin.SetMode(gin.ReleaseMode)
	hooks := gin.New()
	hooks.POST("/webhook/:inbox", echo(o, &http.Client{ //nolint:contextcheck // requests bring their own
		Transport: &http.Transport{MaxIdleConnsPerHost: 128}, Timeout: 10 * time.Second,
	}))
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	admin := http.NewServeMux()
	admin.Handle("/metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	return serveBoth(ctx, hooks, admin, out)
}

// serveBoth serves on two free ports, and tells out which.
func serveBoth(ctx context.Context, hooks, admin http.Handler, out io.Writer) error {
	var servers []*http.Server
	var addrs []string
	failed := make(chan error, 2)
	for _, h := range []http.Handler{hooks, admin} {
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		s := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}
		servers, addrs = append(servers, s), append(addrs, l.Addr().String())
		go func() { failed <- s.Serve(l) }()
	}
	err := json.NewEncoder(out).Encode(bench.Ready(addrs[0], addrs[1]))
	if err == nil {
		select {
		case <-ctx.Done():
		case err = <-failed:
		}
	}
	for _, s := range servers {
		err = errors.Join(err, s.Close())
	}
	return err
}

// update is what the handler reads of a delivery.
type update struct {
	Message struct {
		Text string `json:"text"`
		Chat struct {
			ID int64 `json:"id"`
		} `json:"chat"`
	} `json:"message"`
}

// reply is the call it makes.
type reply struct {
	ChatID int64  `json:"chat_id"`
	Text   string `json:"text"`
}

func echo(o bench.BareOptions, client *http.Client) gin.HandlerFunc {
	return func(c *gin.Context) {
		var u update
		switch {
		case c.GetHeader("X-Telegram-Bot-Api-Secret-Token") != o.Secret:
			c.Status(http.StatusUnauthorized)
		case json.NewDecoder(c.Request.Body).Decode(&u) != nil:
			c.Status(http.StatusBadRequest)
		case u.Message.Text == "":
			c.Status(http.StatusOK)
		case send(c.Request.Context(), client, o.API, reply{u.Message.Chat.ID, u.Message.Text}) != nil:
			c.Status(http.StatusBadGateway)
		default:
			c.Status(http.StatusOK)
		}
	}
}

// errRefused says that the platform did not take a message.
var errRefused = errors.New("sendMessage was refused")

func send(ctx context.Context, client *http.Client, api string, r reply) error {
	body, err := json.Marshal(r)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, api+"/sendMessage", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return errRefused
	}
	return nil
}
