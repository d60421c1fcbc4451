package feishu

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"kefu/adapters"
)

const (
	// lanes handle frames side by side; those of one chat share a lane and keep their order.
	lanes    = 16
	laneRoom = 16
	// writeWithin bounds one write; a peer that does not read is no peer.
	writeWithin = 10 * time.Second
	// grace is how long after two missed pongs the connection is given up: a peer that vanished sends no end.
	grace = 5 * time.Second
)

// session is one connection.
type session struct {
	conn    *websocket.Conn
	service int32
	now     func() time.Time
	grace   time.Duration
	// handle deals with one payload and returns the code and data of its answer.
	handle func(ctx context.Context, kind string, payload []byte) (int, []byte)

	tuning atomic.Pointer[tuning]
	parts  parts
	frames atomic.Int64 // received
}

// job is a whole payload with the frame that is sent back as its answer.
type job struct {
	frame   frame
	payload []byte
	began   time.Time
}

// run receives until ctx ends or the connection breaks. What is in hand when ctx ends is finished and answered; what waits is left to the platform, which
// delivers it again.
func (s *session) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var queues [lanes]chan job
	var working sync.WaitGroup
	for i := range queues {
		queues[i] = make(chan job, laneRoom)
		working.Go(func() { s.work(ctx, queues[i]) })
	}
	working.Go(func() { s.pings(ctx, cancel) })
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		<-ctx.Done()
		working.Wait()
		_ = s.conn.Close(websocket.StatusNormalClosure, "")
	}()
	err := s.receive(ctx, queues[:])
	cancel()
	<-closed
	return err
}

// receive reads frames and hands them to their lanes until the connection is closed.
func (s *session) receive(ctx context.Context, queues []chan job) error {
	for {
		kind, data, err := s.read(ctx)
		if err != nil {
			return err
		}
		f, err := unmarshalFrame(data)
		if kind != websocket.MessageBinary || err != nil {
			continue // the platform's clients pass over what they cannot read
		}
		s.frames.Add(1)
		if f.method == methodControl {
			s.control(f)
			continue
		}
		payload, whole := s.parts.join(f)
		if f.method != methodData || !whole {
			continue
		}
		select {
		case queues[laneOf(payload)] <- job{f, payload, s.now()}:
		case <-ctx.Done():
		}
	}
}

// read waits for a frame until the peer must be dead. It does not end with ctx, which would break the connection under the answers being written.
func (s *session) read(ctx context.Context) (websocket.MessageType, []byte, error) {
	alive, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*s.tuning.Load().ping()+s.grace)
	defer cancel()
	kind, data, err := s.conn.Read(alive)
	if err != nil && alive.Err() != nil {
		return kind, nil, errSilent
	}
	return kind, data, connectionError(err)
}

var errSilent = errors.New("the platform has been silent for too long")

// connectionError says how a connection ended without quoting the peer.
func connectionError(err error) error {
	if err == nil {
		return nil
	}
	if code := websocket.CloseStatus(err); code != -1 {
		return fmt.Errorf("the platform closed the connection (%d)", code)
	}
	return adapters.TransportError("connection", err).Err
}

// control takes a pong, which may bring new settings.
func (s *session) control(f frame) {
	if f.header(headerType) != typePong || len(f.payload) == 0 {
		return
	}
	var t tuning
	if json.Unmarshal(f.payload, &t) == nil {
		s.tuning.Store(&t)
	}
}

// pings keeps the connection alive; it breaks it when a ping cannot be written.
func (s *session) pings(ctx context.Context, broken context.CancelFunc) {
	ping := frame{service: s.service, method: methodControl, headers: []frameHeader{{headerType, typePing}}}.marshal()
	for {
		if err := s.write(ctx, ping); err != nil {
			broken()
			return
		}
		timer := time.NewTimer(s.tuning.Load().ping())
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
}

func (s *session) write(ctx context.Context, data []byte) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeWithin)
	defer cancel()
	return s.conn.Write(ctx, websocket.MessageBinary, data)
}

func (s *session) work(ctx context.Context, queue <-chan job) {
	for {
		select {
		case <-ctx.Done():
			return
		case j := <-queue:
			s.do(ctx, j)
		}
	}
}

// do handles a payload and answers it; without an answer the platform delivers it again.
func (s *session) do(ctx context.Context, j job) {
	code, data := s.handle(context.WithoutCancel(ctx), j.frame.header(headerType), j.payload)
	answer, err := json.Marshal(struct {
		Code    int               `json:"code"`
		Headers map[string]string `json:"headers"`
		Data    []byte            `json:"data"`
	}{Code: code, Data: data})
	if err != nil {
		return
	}
	f := j.frame
	f.payload = answer
	f.headers = append(f.headers[:len(f.headers):len(f.headers)], frameHeader{headerDuration, strconv.FormatInt(s.now().Sub(j.began).Milliseconds(), 10)})
	_ = s.write(ctx, f.marshal()) // the reader sees a broken connection too
}

// laneOf keeps a chat on one lane.
func laneOf(payload []byte) int {
	var e struct {
		Event json.RawMessage `json:"event"`
	}
	_ = json.Unmarshal(payload, &e) // what cannot be read has no order to keep
	h := fnv.New32a()
	_, _ = h.Write([]byte(originOf(e.Event).chat))
	return int(h.Sum32() % lanes)
}

// The codes of an answer.
const (
	answerStored = http.StatusOK
	answerAgain  = http.StatusInternalServerError
)
