package telegram

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	tgbotapi "github.com/go-telegram-bot-api/telegram-bot-api/v5"

	"kefu/adapters"
)

// badRequests gives the reason for descriptions of error 400, the one code that means many things; the first match counts, any other is rejected.
// The Bot API documents no list. These are texts of tdlib's Bot API server and of the platform's own upper-case errors.
var badRequests = []struct {
	part   string // lower case
	reason adapters.Reason
}{
	{"message thread not found", adapters.ReasonThreadGone},
	{"topic_deleted", adapters.ReasonThreadGone},
	{"topic_closed", adapters.ReasonThreadGone},
	{"topic_id_invalid", adapters.ReasonThreadGone},
	{"chat not found", adapters.ReasonUnreachable},
	{"user not found", adapters.ReasonUnreachable},
	{"group chat was deactivated", adapters.ReasonUnreachable},
	{"peer_id_invalid", adapters.ReasonUnreachable},
	{"user_is_blocked", adapters.ReasonUnreachable},
	{"input_user_deactivated", adapters.ReasonUnreachable},
	{"channel_private", adapters.ReasonUnreachable},
	{"not enough rights", adapters.ReasonUnauthorized},
	{"have no rights", adapters.ReasonUnauthorized},
	{"need administrator rights", adapters.ReasonUnauthorized},
	{"chat_admin_required", adapters.ReasonUnauthorized},
	{"chat_write_forbidden", adapters.ReasonUnauthorized},
	{"chat_restricted", adapters.ReasonUnauthorized},
}

// refusal maps an answer with "ok": false.
func refusal(method string, status int, e *tgbotapi.Error) error {
	code := e.Code
	if code == 0 {
		code = status
	}
	out := &adapters.SendError{
		Reason:     refusalReason(code, e.Message),
		Code:       strconv.Itoa(code),
		RetryAfter: time.Duration(max(e.RetryAfter, 0)) * time.Second,
		Err:        errors.New(method + ": " + cut(clean(e.Message), 200)),
	}
	if out.Reason == adapters.ReasonRateLimited && out.RetryAfter == 0 {
		out.RetryAfter = time.Second
	}
	if e.MigrateToChatID != 0 {
		out.MovedTo = chatID(e.MigrateToChatID)
		out.Reason = adapters.ReasonUnavailable
	}
	return out
}

func refusalReason(code int, description string) adapters.Reason {
	switch {
	case code == http.StatusBadRequest:
		lower := strings.ToLower(description)
		for _, b := range badRequests {
			if strings.Contains(lower, b.part) {
				return b.reason
			}
		}
		return adapters.ReasonRejected
	case code == http.StatusUnauthorized, code == http.StatusNotFound: // 404: the token is not even of a token's form
		return adapters.ReasonUnauthorized
	case code == http.StatusForbidden: // blocked, kicked, deactivated, never met
		return adapters.ReasonUnreachable
	case code == http.StatusConflict: // getUpdates only
		return adapters.ReasonUnavailable
	case code == http.StatusTooManyRequests:
		return adapters.ReasonRateLimited
	case code > 400 && code < 500:
		return adapters.ReasonRejected
	}
	return adapters.ReasonUnknown
}

// says tells whether err is a refusal with part in its text, in any case.
func says(err error, part string) bool {
	var se *adapters.SendError
	return errors.As(err, &se) && se.Code == "400" && strings.Contains(strings.ToLower(se.Error()), part)
}

// unformatted says that the platform could not read the entities of a text, and took nothing. So its open server words it; the errors of its own servers have
// upper case (ENTITY_BOUNDS_INVALID).
func unformatted(err error) bool {
	return says(err, "can't parse entities") || says(err, "can't parse messageentity") || says(err, "entity_") || says(err, "entities_")
}
