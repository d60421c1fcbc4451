package adapters

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"syscall"
	"time"
)

// Reason says why a send failed. It decides whether to try again, it is a metric label, and it picks the words people get.
type Reason string

// The closed set of reasons.
const (
	ReasonUnavailable  Reason = "unavailable"   // surely not accepted, the platform cannot be reached: try again
	ReasonRateLimited  Reason = "rate_limited"  // surely not accepted, over a budget: try again after RetryAfter
	ReasonUnauthorized Reason = "unauthorized"  // our credentials or rights are refused: an operator must act
	ReasonUnreachable  Reason = "unreachable"   // this person or chat cannot be written to (blocked, left, dissolved)
	ReasonWindowClosed Reason = "window_closed" // the time to answer this person is over until they write again
	ReasonQuotaSpent   Reason = "quota_spent"   // no sends left to this person until they write again
	ReasonThreadGone   Reason = "thread_gone"   // the thread or the message it hangs from was deleted or closed
	ReasonRejected     Reason = "rejected"      // the content itself is refused: the same again is useless
	ReasonUnknown      Reason = "unknown"       // may have been accepted: time-out, reset after the request was written, 5xx, unreadable answer
)

// Reasons lists the closed set, for metrics and tests.
var Reasons = []Reason{
	ReasonUnavailable, ReasonRateLimited, ReasonUnauthorized, ReasonUnreachable, ReasonWindowClosed,
	ReasonQuotaSpent, ReasonThreadGone, ReasonRejected, ReasonUnknown,
}

// SendError is the error of everything an adapter asks of its platform. Its text never holds a token or a secret.
type SendError struct {
	Reason Reason
	// Code is the platform's own code, for people who look it up; empty where there is none.
	Code       string
	RetryAfter time.Duration // 0 = not told
	// AccountWide says that RetryAfter holds for all that goes through the account, not only for this chat.
	AccountWide bool
	// MovedTo is the chat's new id when the platform says it moved; the same send to that chat may succeed.
	MovedTo ChatID
	Err     error
}

func (e *SendError) Error() string {
	s := string(e.Reason)
	if e.Code != "" {
		s += " (" + e.Code + ")"
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *SendError) Unwrap() error { return e.Err }

// ReasonOf returns the reason of a failed send; ReasonUnknown for any other error, "" for nil.
func ReasonOf(err error) Reason {
	if err == nil {
		return ""
	}
	var se *SendError
	if errors.As(err, &se) {
		return se.Reason
	}
	return ReasonUnknown
}

// TransportError classifies an error of http.Client.Do and strips the URL, which may hold a token.
// A dial or TLS failure is unavailable (nothing was written); everything else is unknown.
func TransportError(op string, err error) *SendError {
	reason := ReasonUnknown
	var dial *net.OpError
	var dns *net.DNSError
	if (errors.As(err, &dial) && dial.Op == "dial") || errors.As(err, &dns) || errors.Is(err, syscall.ECONNREFUSED) {
		reason = ReasonUnavailable
	}
	return &SendError{Reason: reason, Err: fmt.Errorf("%s: %w", op, stripURL(err))}
}

// stripURL removes the *url.Error layers, whose text holds the whole URL.
func stripURL(err error) error {
	var u *url.Error
	for errors.As(err, &u) {
		err = u.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("no answer in time: %w", context.DeadlineExceeded)
	}
	return err
}
