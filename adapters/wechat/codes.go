package wechat

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"kefu/adapters"
)

// Codes that say the access token is no longer good; the call is made once more with another one.
const (
	codeTokenInvalid    = 40001
	codeTokenMalformed  = 40014
	codeTokenExpired    = 42001
	codeOpenID          = 40003
	codeNoSuchAccount   = 40200
	codeNoRecentMessage = 45080
	codeAlreadyTyping   = 45081
	codeNoRight         = 48001
	codeAddress         = 40164 // our address is not on the whitelist
)

// answer is what every API call returns, with HTTP status 200 even when it failed.
type answer struct {
	ErrCode *int64 `json:"errcode"`
	// ErrMsg ends with an id of the request and is never matched or kept, but for the address it names with codeAddress.
	ErrMsg string `json:"errmsg"`
}

// refusal reads the envelope first: the HTTP status says little here.
func refusal(path string, status int, body []byte) error {
	var a answer
	if json.Unmarshal(body, &a) == nil && a.ErrCode != nil && *a.ErrCode != 0 {
		err := codeError(path, *a.ErrCode)
		if ip := seenAddress.FindStringSubmatch(a.ErrMsg); *a.ErrCode == codeAddress && ip != nil {
			err.Err = fmt.Errorf("%s: the platform saw us as %s", path, ip[1])
		}
		return err
	}
	switch {
	case status == http.StatusOK:
		return nil
	case status == http.StatusTooManyRequests:
		return &adapters.SendError{Reason: adapters.ReasonRateLimited, Code: "429", RetryAfter: time.Second, AccountWide: true, Err: errors.New(path)}
	}
	return &adapters.SendError{Reason: adapters.ReasonUnknown, Err: fmt.Errorf("%s: HTTP status %d", path, status)}
}

// seenAddress finds our address in the refusal of a caller who is not on the whitelist.
var seenAddress = regexp.MustCompile(`invalid ip ([0-9a-fA-F.:]{2,45})`)

// outcome is what a code of the platform means to a sender.
type outcome struct {
	reason adapters.Reason
	wait   time.Duration
}

// outcomes lists the codes of the platform's pages on customer-service messages, typing, tokens, and its list of global codes
// (https://developers.weixin.qq.com/doc/offiaccount/Getting_Started/Global_Return_Code.html). A code not listed is a refusal all the same: rejected.
var outcomes = map[int64]outcome{
	-1:    {reason: adapters.ReasonUnavailable},                         // system busy, try again
	45009: {reason: adapters.ReasonRateLimited, wait: 10 * time.Minute}, // the day's quota: refilled at midnight or by clear_quota
	45011: {reason: adapters.ReasonRateLimited, wait: time.Second},      // too often, no time told

	40001: {reason: adapters.ReasonUnauthorized}, // token invalid, or secret wrong
	40013: {reason: adapters.ReasonUnauthorized}, // app id
	40014: {reason: adapters.ReasonUnauthorized}, // token malformed
	40125: {reason: adapters.ReasonUnauthorized}, // secret
	40164: {reason: adapters.ReasonUnauthorized}, // our address is not on the IP whitelist
	40243: {reason: adapters.ReasonUnauthorized}, // secret frozen
	41001: {reason: adapters.ReasonUnauthorized}, // token missing
	41002: {reason: adapters.ReasonUnauthorized}, // app id missing
	41004: {reason: adapters.ReasonUnauthorized}, // secret missing
	42001: {reason: adapters.ReasonUnauthorized}, // token expired
	48001: {reason: adapters.ReasonUnauthorized}, // no customer-service API: passive replies only
	48004: {reason: adapters.ReasonUnauthorized}, // API banned
	50001: {reason: adapters.ReasonUnauthorized}, // no right to this API
	50002: {reason: adapters.ReasonUnauthorized}, // account limited
	61024: {reason: adapters.ReasonUnauthorized}, // stable_token of a third-party account
	89501: {reason: adapters.ReasonUnauthorized}, // IP waits for the administrator's consent
	89503: {reason: adapters.ReasonUnauthorized},
	89506: {reason: adapters.ReasonUnauthorized},
	89507: {reason: adapters.ReasonUnauthorized},

	40003: {reason: adapters.ReasonUnreachable},  // openid
	43019: {reason: adapters.ReasonUnreachable},  // blacklisted
	43101: {reason: adapters.ReasonUnreachable},  // refused to be notified
	50005: {reason: adapters.ReasonUnreachable},  // unsubscribed
	45015: {reason: adapters.ReasonWindowClosed}, // 48 h over, or unsubscribed
	45080: {reason: adapters.ReasonWindowClosed}, // typing: no message in the last 30 s
	45047: {reason: adapters.ReasonQuotaSpent},

	40004: {reason: adapters.ReasonRejected},    // type of media
	40005: {reason: adapters.ReasonRejected},    // type of file
	40006: {reason: adapters.ReasonRejected},    // size of media
	40007: {reason: adapters.ReasonRejected},    // media id, also one that expired
	40008: {reason: adapters.ReasonRejected},    // message type
	40009: {reason: adapters.ReasonRejected},    // size of picture
	40010: {reason: adapters.ReasonRejected},    // size of voice
	40011: {reason: adapters.ReasonRejected},    // size of video
	40012: {reason: adapters.ReasonRejected},    // size of thumbnail
	40033: {reason: adapters.ReasonRejected},    // \uXXXX
	40037: {reason: adapters.ReasonRejected},    // template id
	40200: {reason: adapters.ReasonRejected},    // no such type of account
	41005: {reason: adapters.ReasonRejected},    // media without bytes
	41006: {reason: adapters.ReasonRejected},    // media id missing
	43004: {reason: adapters.ReasonUnreachable}, // does not follow the account
	44001: {reason: adapters.ReasonRejected},    // empty media
	44002: {reason: adapters.ReasonRejected},    // empty body
	44004: {reason: adapters.ReasonRejected},    // empty text
	45001: {reason: adapters.ReasonRejected},    // media too large
	45002: {reason: adapters.ReasonRejected},    // too long
	45007: {reason: adapters.ReasonRejected},    // voice too long
	45072: {reason: adapters.ReasonRejected},    // typing: unknown command
	45081: {reason: adapters.ReasonRejected},    // typing: already shown
	47001: {reason: adapters.ReasonRejected},    // not JSON
	47003: {reason: adapters.ReasonRejected},    // template parameters
}

func codeError(path string, code int64) *adapters.SendError {
	o, listed := outcomes[code]
	if !listed {
		o.reason = adapters.ReasonRejected
	}
	return &adapters.SendError{Reason: o.reason, Code: strconv.FormatInt(code, 10), RetryAfter: o.wait, AccountWide: o.wait > 0, Err: errors.New(path)}
}

func hasCode(err error, codes ...int64) bool {
	var se *adapters.SendError
	if !errors.As(err, &se) {
		return false
	}
	for _, code := range codes {
		if se.Code == strconv.FormatInt(code, 10) {
			return true
		}
	}
	return false
}

func tokenRefused(err error) bool {
	return hasCode(err, codeTokenInvalid, codeTokenExpired, codeTokenMalformed)
}
