package feishu

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/coder/websocket"

	"kefu/adapters"
)

const (
	endpointPath = "/callback/ws/endpoint"
	dialWithin   = 15 * time.Second
	// maxFrame bounds one frame: a payload beyond the platform's own limit of an event comes in parts.
	maxFrame = 1<<20 + 64<<10
)

// tuning is what the platform tells its clients to do, in seconds; its counts of attempts are not used, for we never give up.
type tuning struct {
	ReconnectInterval int `json:"ReconnectInterval"`
	ReconnectNonce    int `json:"ReconnectNonce"`
	PingInterval      int `json:"PingInterval"`
}

const (
	defaultPing  = 2 * time.Minute
	longestPing  = 10 * time.Minute
	defaultPause = 2 * time.Minute
	shortPause   = 5 * time.Second
	longestNonce = 30 * time.Second
)

// ping is how often to ping. An absent or absurd number would mean a storm or silence.
func (t tuning) ping() time.Duration {
	d := time.Duration(t.PingInterval) * time.Second
	if d <= 0 || d > longestPing {
		return defaultPing
	}
	return d
}

// pause is the longest time between two attempts to connect.
func (t tuning) pause() time.Duration {
	d := time.Duration(t.ReconnectInterval) * time.Second
	if d <= 0 || d > defaultPause {
		return defaultPause
	}
	return max(d, shortPause)
}

// nonce spreads the clients of a broken server over time.
func (t tuning) nonce() time.Duration {
	return min(time.Duration(max(t.ReconnectNonce, 1))*time.Second, longestNonce)
}

// refusedError says that connecting again is useless until somebody acts.
type refusedError struct {
	code int
	why  string
}

func (e *refusedError) Error() string {
	return fmt.Sprintf("long connection refused (%d): %s", e.code, e.why)
}

// The codes of the endpoint and of the handshake (constants of the SDK's package ws). Others of the endpoint refuse the app.
const (
	endpointBusy     = 1
	endpointInternal = 1000040343
	handshakeAuth    = 514
	handshakeTooMany = 1000040350
)

// endpoint asks where to connect. The address holds a ticket, so it is never logged.
func (c *client) endpoint(ctx context.Context) (*url.URL, tuning, error) {
	body, err := json.Marshal(map[string]string{"AppID": c.cfg.AppID, "AppSecret": c.cfg.AppSecret.Reveal()})
	if err != nil {
		return nil, tuning{}, errMalformed
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.cfg.APIBase+endpointPath, bytes.NewReader(body))
	if err != nil {
		return nil, tuning{}, errMalformed
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Locale", "zh")
	resp, err := c.http.client.Do(req)
	if err != nil {
		return nil, tuning{}, adapters.TransportError("endpoint", err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, tuning{}, adapters.TransportError("endpoint", err)
	}
	return c.readEndpoint(resp.StatusCode, answer)
}

func (c *client) readEndpoint(status int, body []byte) (*url.URL, tuning, error) {
	var answer struct {
		Code *int `json:"code"`
		Data struct {
			URL    string `json:"URL"`
			Config tuning `json:"ClientConfig"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &answer); status != http.StatusOK || err != nil || answer.Code == nil {
		return nil, tuning{}, fmt.Errorf("endpoint: HTTP %d without a readable answer", status)
	}
	switch code := *answer.Code; code {
	case 0:
	case endpointBusy, endpointInternal:
		return nil, tuning{}, fmt.Errorf("endpoint: the platform is busy (%d)", code)
	default:
		return nil, tuning{}, &refusedError{code, "the platform refuses app_id and app_secret, or the app is not enabled: compare them with the app's page, and see that a version is published"}
	}
	u, err := url.Parse(answer.Data.URL)
	if err != nil || u.Host == "" || u.Scheme != "wss" && (u.Scheme != "ws" || c.secure()) {
		return nil, tuning{}, errors.New("endpoint: the answer holds no usable address")
	}
	return u, answer.Data.Config, nil
}

// secure says that the API is reached by TLS, and so must be the connection.
func (c *client) secure() bool {
	base, err := url.Parse(c.cfg.APIBase)
	return err != nil || base.Scheme == "https"
}

// dial connects and returns the connection with the service it belongs to.
func (c *client) dial(ctx context.Context) (*websocket.Conn, int32, tuning, error) {
	ctx, cancel := context.WithTimeout(ctx, dialWithin)
	defer cancel()
	at, t, err := c.endpoint(ctx)
	if err != nil {
		return nil, 0, t, err
	}
	conn, resp, err := websocket.Dial(ctx, at.String(), &websocket.DialOptions{HTTPClient: c.patient}) //nolint:bodyclose // the library closes it
	if err != nil {
		return nil, 0, t, handshakeError(resp, err)
	}
	conn.SetReadLimit(maxFrame)
	service, _ := strconv.ParseInt(at.Query().Get("service_id"), 10, 32) // 0 where there is none, as the platform's clients do
	return conn, int32(service), t, nil
}

// handshakeError explains the headers of a refused handshake.
func handshakeError(resp *http.Response, err error) error {
	if resp == nil {
		return adapters.TransportError("handshake", err)
	}
	code, convErr := strconv.Atoi(resp.Header.Get("Handshake-Status"))
	if convErr != nil || code == 0 {
		code = resp.StatusCode
	}
	switch {
	case code == http.StatusForbidden:
		return &refusedError{code, "the app may not use the long connection: only self-built apps may, with the subscription mode set to long connection"}
	case code == handshakeAuth && resp.Header.Get("Handshake-Autherrcode") == strconv.Itoa(handshakeTooMany):
		return &refusedError{handshakeTooMany, "the app has its 50 connections already: stop other programs that use this app"}
	default:
		return fmt.Errorf("handshake: refused with %d", code)
	}
}
