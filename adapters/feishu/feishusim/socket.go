package feishusim

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"github.com/coder/websocket"
)

const (
	endpointPath   = "/callback/ws/endpoint"
	socketPath     = "/ws"
	maxConnections = 50
	serviceID      = 33554678
)

// ClientConfig is what the platform tells its clients, in seconds; it comes with the endpoint and with each pong.
type ClientConfig struct {
	ReconnectCount, ReconnectInterval, ReconnectNonce, PingInterval int
}

// connection is one open long connection.
type connection struct {
	conn *websocket.Conn

	mu      sync.Mutex
	waiting map[string]chan reply // by message_id
	pings   int
}

// reply is the client's answer to an event.
type reply struct {
	Code int    `json:"code"`
	Data []byte `json:"data"`
}

// sockets are the app's long connections. Its fields are guarded by mu.
type sockets struct {
	mu      sync.Mutex
	tickets map[string]bool
	open    []*connection
	dialed  int
	changed chan struct{}
}

// serveEndpoint answers with HTTP 200 and a code, as the platform does.
func (s *Sim) serveEndpoint(w http.ResponseWriter, r *http.Request) {
	var in struct{ AppID, AppSecret string }
	body, _ := io.ReadAll(r.Body) // read before by faulty
	if s.opts.Unlisted {
		s.answer(w, nil, &refusal{status: http.StatusOK, code: 99991401, msg: unlisted().msg})
		return
	}
	if !isJSON(r) || json.Unmarshal(body, &in) != nil || in.AppID != s.opts.AppID || in.AppSecret != s.opts.AppSecret {
		s.answer(w, nil, &refusal{status: http.StatusOK, code: 10014, msg: "app secret invalid"})
		return
	}
	ticket := randomHex(16)
	s.ws.mu.Lock()
	s.ws.tickets[ticket] = true
	s.ws.mu.Unlock()
	q := url.Values{"device_id": {randomHex(8)}, "service_id": {strconv.Itoa(serviceID)}, "ticket": {ticket}}
	s.answer(w, map[string]any{"data": map[string]any{
		"URL": "ws" + strings.TrimPrefix(s.base, "http") + socketPath + "?" + q.Encode(), "ClientConfig": s.opts.Client,
	}}, nil)
}

// serveSocket accepts a connection whose ticket was issued and not used.
func (s *Sim) serveSocket(w http.ResponseWriter, r *http.Request) {
	refuse := func(status, code int, msg string) {
		w.Header().Set("Handshake-Status", strconv.Itoa(status))
		w.Header().Set("Handshake-Msg", msg)
		if code != 0 {
			w.Header().Set("Handshake-Autherrcode", strconv.Itoa(code))
		}
		w.WriteHeader(http.StatusForbidden)
	}
	s.ws.mu.Lock()
	ticket := r.URL.Query().Get("ticket")
	known, full := s.ws.tickets[ticket], len(s.ws.open) >= maxConnections
	delete(s.ws.tickets, ticket)
	s.ws.mu.Unlock()
	switch {
	case !s.opts.LongConnection:
		refuse(http.StatusForbidden, 0, "long connection is not the app's subscription mode")
		return
	case !known:
		refuse(514, 0, "auth failed")
		return
	case full:
		refuse(514, 1000040350, "exceed conn limit")
		return
	}
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	conn.SetReadLimit(1 << 20)
	c := &connection{conn: conn, waiting: map[string]chan reply{}}
	s.ws.add(c)
	defer s.ws.remove(c)
	s.hear(r.Context(), c)
	_ = conn.CloseNow()
}

func (k *sockets) add(c *connection) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.open = append(k.open, c)
	k.dialed++
	close(k.changed)
	k.changed = make(chan struct{})
}

func (k *sockets) remove(c *connection) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for i := range k.open {
		if k.open[i] == c {
			k.open = append(k.open[:i], k.open[i+1:]...)
			break
		}
	}
	close(k.changed)
	k.changed = make(chan struct{})
}

// hear reads what the client sends until the connection ends. A frame that cannot be read ends it.
func (s *Sim) hear(ctx context.Context, c *connection) {
	for {
		kind, data, err := c.conn.Read(ctx)
		if err != nil {
			return
		}
		f, err := readFrame(data)
		if kind != websocket.MessageBinary || err != nil || f.service != serviceID {
			_ = c.conn.Close(websocket.StatusProtocolError, "bad frame")
			return
		}
		switch {
		case f.method == 0 && f.headers["type"] == "ping":
			s.pong(ctx, c)
		case f.method == 1:
			c.answered(f)
		}
	}
}

func (s *Sim) pong(ctx context.Context, c *connection) {
	c.mu.Lock()
	c.pings++
	c.mu.Unlock()
	if s.opts.Mute {
		return
	}
	payload, _ := json.Marshal(s.opts.Client) // numbers
	_ = c.conn.Write(ctx, websocket.MessageBinary, wireFrame{service: serviceID, headers: map[string]string{"type": "pong"}, payload: payload}.bytes())
}

// answered takes the answer to an event.
func (c *connection) answered(f wireFrame) {
	var r reply
	if json.Unmarshal(f.payload, &r) != nil {
		r.Code = http.StatusInternalServerError
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if ch := c.waiting[f.headers["message_id"]]; ch != nil {
		ch <- r
		delete(c.waiting, f.headers["message_id"])
	}
}

var errNoConnection = errors.New("feishusim: no connection is open")

// send gives an event to one connection at random and waits for its answer. The payload comes plain, whatever the encrypt key.
func (s *Sim) send(ctx context.Context, payload []byte) (int, []byte, error) {
	s.ws.mu.Lock()
	if len(s.ws.open) == 0 {
		s.ws.mu.Unlock()
		return 0, nil, errNoConnection
	}
	c := s.ws.open[rand.IntN(len(s.ws.open))] //nolint:gosec // no secret
	s.ws.mu.Unlock()
	id := randomHex(16)
	ch := make(chan reply, 1)
	c.mu.Lock()
	c.waiting[id] = ch
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		delete(c.waiting, id)
		c.mu.Unlock()
	}()
	for _, f := range s.framesOf(id, payload) {
		if err := c.conn.Write(ctx, websocket.MessageBinary, f.bytes()); err != nil {
			return 0, nil, err
		}
	}
	select {
	case r := <-ch:
		return r.Code, r.Data, nil
	case <-ctx.Done():
		return 0, nil, ctx.Err()
	}
}

// framesOf cuts a payload into parts of Options.Fragment bytes; they come in any order.
func (s *Sim) framesOf(id string, payload []byte) []wireFrame {
	size := s.opts.Fragment
	if size <= 0 {
		size = len(payload)
	}
	var out []wireFrame
	sum := (len(payload) + size - 1) / size
	for i := range sum {
		part := payload[i*size : min((i+1)*size, len(payload))]
		out = append(out, wireFrame{seqID: uint64(i + 1), logID: 7, service: serviceID, method: 1, payload: part, headers: map[string]string{
			"type": "event", "message_id": id, "sum": strconv.Itoa(sum), "seq": strconv.Itoa(i), "trace_id": id,
			"timestamp": strconv.FormatInt(s.opts.Now().UnixMilli(), 10),
		}})
	}
	rand.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// DropConnections breaks every long connection.
func (s *Sim) DropConnections() {
	s.ws.mu.Lock()
	defer s.ws.mu.Unlock()
	for _, c := range s.ws.open {
		_ = c.conn.CloseNow()
	}
}

// WaitConnections blocks until there are n long connections, or ctx ends.
func (s *Sim) WaitConnections(ctx context.Context, n int) error {
	for {
		s.ws.mu.Lock()
		open, changed := len(s.ws.open), s.ws.changed
		s.ws.mu.Unlock()
		if open == n {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Connections tells how many connections were ever made, and how many pings the open ones sent.
func (s *Sim) Connections() (made, pings int) {
	s.ws.mu.Lock()
	defer s.ws.mu.Unlock()
	for _, c := range s.ws.open {
		c.mu.Lock()
		pings += c.pings
		c.mu.Unlock()
	}
	return s.ws.dialed, pings
}
