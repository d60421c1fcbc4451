package ferrettest

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"slices"
	"sync"
)

// side tells the two ends of the proxy apart.
type side int

const (
	toClient side = iota
	toServer
)

// proxy passes MongoDB wire messages on.
type proxy struct {
	listener   net.Listener
	upstream   string
	oneAtATime bool
	command    sync.Mutex // held from a request to its reply

	mu     sync.Mutex // guards the fields below
	down   bool
	conns  map[net.Conn]side
	active sync.WaitGroup
}

func newProxy(listen, upstream string, oneAtATime bool) (*proxy, error) {
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return nil, err
	}
	p := &proxy{listener: listener, upstream: upstream, oneAtATime: oneAtATime, conns: make(map[net.Conn]side)}
	p.active.Go(p.accept)
	return p, nil
}

func (p *proxy) address() string { return p.listener.Addr().String() }

func (p *proxy) close() {
	_ = p.listener.Close()
	p.drop(toClient, toServer)
	p.active.Wait()
}

// cut leaves the connections to the server, so that commands on their way come to an end.
func (p *proxy) cut() { p.drop(toClient) }

func (p *proxy) drop(sides ...side) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = true
	for c, s := range p.conns {
		if slices.Contains(sides, s) {
			_ = c.Close()
		}
	}
}

func (p *proxy) restore() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = false
}

// adopt registers a connection, or closes it while the proxy is down.
func (p *proxy) adopt(c net.Conn, s side) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.down {
		_ = c.Close()
		return false
	}
	p.conns[c] = s
	return true
}

func (p *proxy) release(c net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, c)
	_ = c.Close()
}

func (p *proxy) accept() {
	for {
		c, err := p.listener.Accept()
		if err != nil {
			return
		}
		if p.adopt(c, toClient) {
			p.active.Go(func() { p.serve(c) })
		}
	}
}

func (p *proxy) serve(client net.Conn) {
	defer p.release(client)
	server, err := net.Dial("tcp", p.upstream)
	if err != nil {
		return
	}
	if !p.adopt(server, toServer) {
		return
	}
	defer p.release(server)
	if !p.oneAtATime {
		p.copy(client, server)
		return
	}
	for p.exchange(client, server) == nil {
	}
}

// copy passes bytes both ways until either side ends.
func (p *proxy) copy(client, server net.Conn) {
	var both sync.WaitGroup
	both.Go(func() {
		_, _ = io.Copy(server, client)
		p.release(server)
	})
	_, _ = io.Copy(client, server)
	p.release(server)
	p.release(client)
	both.Wait()
}

// exchange passes one request on and its reply back.
func (p *proxy) exchange(client, server net.Conn) error {
	request, err := readMessage(client)
	if err != nil {
		return err
	}
	reply, err := p.ask(server, request)
	if err != nil || reply == nil {
		return err
	}
	_, err = client.Write(reply)
	return err
}

func (p *proxy) ask(server net.Conn, request []byte) ([]byte, error) {
	p.command.Lock()
	defer p.command.Unlock()
	if _, err := server.Write(request); err != nil {
		return nil, err
	}
	if wantsNoReply(request) {
		return nil, nil
	}
	return readMessage(server)
}

// The message header: length, request id, response to, op code; four bytes each, little endian. An OP_MSG goes on with flags.
// https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/
const (
	headerSize   = 16
	maxMessage   = 48_000_000
	opMsg        = 2013
	flagMoreBits = 1 << 1 // moreToCome: the sender expects no reply
)

var errMessage = errors.New("not a MongoDB message")

func readMessage(r io.Reader) ([]byte, error) {
	var size [4]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint32(size[:])
	if n < headerSize || n > maxMessage {
		return nil, errMessage
	}
	message := make([]byte, n)
	copy(message, size[:])
	_, err := io.ReadFull(r, message[4:])
	return message, err
}

func wantsNoReply(request []byte) bool {
	if len(request) < headerSize+4 || binary.LittleEndian.Uint32(request[12:]) != opMsg {
		return false
	}
	return binary.LittleEndian.Uint32(request[headerSize:])&flagMoreBits != 0
}
