package feishu

import (
	"bytes"
	"encoding/json"
	"strconv"
	"time"

	larkevent "github.com/larksuite/oapi-sdk-go/v3/event"
)

// envelope is what every delivery has, in its two generations: 2.0 with a header, 1.0 with the fields on top.
type envelope struct {
	Schema    string                `json:"schema"`
	Header    larkevent.EventHeader `json:"header"`
	Challenge string                `json:"challenge"`
	Type      larkevent.ReqType     `json:"type"`
	Token     string                `json:"token"`
	UUID      string                `json:"uuid"`
	Event     json.RawMessage       `json:"event"`
}

func parseEnvelope(plain []byte) (envelope, error) {
	var e envelope
	if !bytes.HasPrefix(bytes.TrimSpace(plain), []byte("{")) {
		return envelope{}, errMalformed
	}
	if err := json.Unmarshal(plain, &e); err != nil {
		return envelope{}, errMalformed
	}
	return e, nil
}

func (e envelope) challenges() bool { return e.Type == larkevent.ReqTypeChallenge }

func (e envelope) token() string {
	if e.Header.Token != "" {
		return e.Header.Token
	}
	return e.Token
}

// eventID is the platform's key of the delivery; repeats of one event keep it.
func (e envelope) eventID() string {
	if e.Header.EventID != "" {
		return e.Header.EventID
	}
	return e.UUID
}

func (e envelope) eventType() string {
	if e.Header.EventType != "" {
		return e.Header.EventType
	}
	var v1 struct {
		Type string `json:"type"`
	}
	if json.Unmarshal(e.Event, &v1) != nil {
		return ""
	}
	return v1.Type
}

// at is when the event happened, or now where the platform does not say.
func (e envelope) at(now time.Time) time.Time { return parseTime(e.Header.CreateTime, now) }

// parseTime reads the platform's decimal times, or answers otherwise.
func parseTime(s string, otherwise time.Time) time.Time {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n <= 0 {
		return otherwise
	}
	return unixTime(n)
}

// unixTime reads a Unix time in seconds, milliseconds (messages) or microseconds (some callbacks): the three do not overlap
// between 1973 and 5138.
func unixTime(n int64) time.Time {
	switch {
	case n >= 1e14:
		return time.UnixMicro(n).UTC()
	case n >= 1e11:
		return time.UnixMilli(n).UTC()
	default:
		return time.Unix(n, 0).UTC()
	}
}
