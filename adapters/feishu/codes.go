package feishu

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"kefu/adapters"
)

// The codes the client acts on itself.
const (
	codeParameter   = 230001
	codeWithdrawn   = 230011
	codeWrongType   = 230054
	codeNoThreads   = 230071
	codeNotFound    = 231003
	codeCard        = 230099
	codeTooOften    = 230020
	codeRate        = 99991400
	codeNoToken     = 99991661
	codeTenantToken = 99991663
	codeAppToken    = 99991664
	codeTokenPrefix = 99991671
	codeBeingSent   = 230049
	codeDeleted     = 230110
	codeTooLarge    = 234006
	codeImageFormat = 234011
	codeResolution  = 234039
	codeScope       = 99991672
	codeNoBot       = 11205
	codeBotOff      = 230006
	codeBotOffChats = 232025
	codeBotOffFiles = 234007
	codeAddress     = 99991401
	codeQuota       = 99991403
	codeNotEnabled  = 99991662
	codeNoChat      = 232006
	codeOutside     = 232011
	minRetryAfter   = time.Second
	resetHeader     = "X-Ogw-Ratelimit-Reset" // seconds
	logIDHeader     = "X-Tt-Logid"
)

// outcome is what a code means to us.
type outcome struct {
	reason adapters.Reason
	why    string
}

// outcomes lists the codes of the documents on sending, replying, editing, withdrawing, reacting, uploading and fetching and of the general error page
// (open.feishu.cn/document/server-docs/im-v1/message/{create,reply,patch,update,delete}, im-v1/message-reaction/create, im-v1/{image,file}/create,
// im-v1/message-resource/get,
// uAjLw4CM/ugTN1YjL4UTN24CO1UjN/trouble-shooting/generic-error-code). Codes that are not here refuse the content.
var outcomes = map[int]outcome{
	codeParameter:   {adapters.ReasonRejected, "a parameter is invalid"},
	230002:          {adapters.ReasonUnreachable, "the bot is not in the chat"},
	codeNoBot:       {adapters.ReasonUnauthorized, "the app has no bot: add the ability in the developer console and publish a version"},
	codeBotOff:      {adapters.ReasonUnauthorized, "the app's bot ability is off: activate it in the developer console"},
	230009:          {adapters.ReasonRejected, "it is too late to withdraw the message"},
	codeWithdrawn:   {adapters.ReasonThreadGone, "the message was withdrawn"},
	230012:          {adapters.ReasonRejected, "the message is not the bot's"},
	230013:          {adapters.ReasonUnreachable, "the person is outside the app's availability or has left the company"},
	230015:          {adapters.ReasonRejected, "a private chat cannot be shared"},
	230017:          {adapters.ReasonRejected, "the bot does not own the file"},
	230018:          {adapters.ReasonUnreachable, "the group's settings forbid it"},
	230019:          {adapters.ReasonThreadGone, "the topic does not exist"},
	codeTooOften:    {adapters.ReasonRateLimited, "too often to this chat"},
	230022:          {adapters.ReasonRejected, "the content holds sensitive words"},
	230025:          {adapters.ReasonRejected, "the content is too long"},
	230026:          {adapters.ReasonRejected, "the bot may not withdraw this message"},
	230027:          {adapters.ReasonUnauthorized, "a permission is missing, or the group is external"},
	230028:          {adapters.ReasonRejected, "the content fails the company's data loss check"},
	230029:          {adapters.ReasonUnreachable, "the person has left the company"},
	230031:          {adapters.ReasonRejected, "the message is older than 14 days"},
	230034:          {adapters.ReasonUnreachable, "there is no such chat or person"},
	230035:          {adapters.ReasonUnreachable, "the bot is muted or blocked here"},
	230036:          {adapters.ReasonUnreachable, "the company's encryption key was deleted"},
	230038:          {adapters.ReasonUnreachable, "private chats with people of another company are not possible"},
	codeBeingSent:   {adapters.ReasonUnknown, "the same message is being sent"},
	230050:          {adapters.ReasonUnreachable, "the bot cannot see the message"},
	230053:          {adapters.ReasonUnreachable, "the person stopped the bot"},
	codeWrongType:   {adapters.ReasonRejected, "not possible for this type of message"},
	230055:          {adapters.ReasonRejected, "the file's type does not fit the message"},
	codeNoThreads:   {adapters.ReasonRejected, "the chat has no threads"},
	230075:          {adapters.ReasonRejected, "the message can no longer be edited"},
	codeCard:        {adapters.ReasonRejected, "the card is refused"},
	codeDeleted:     {adapters.ReasonThreadGone, "the message was deleted"},
	231001:          {adapters.ReasonRejected, "there is no such emoji"},
	231002:          {adapters.ReasonUnreachable, "the bot is not in the chat of the message"},
	codeNotFound:    {adapters.ReasonThreadGone, "the message does not exist or was deleted"},
	231004:          {adapters.ReasonUnreachable, "the chat was dissolved"},
	231005:          {adapters.ReasonThreadGone, "the topic was removed"},
	231008:          {adapters.ReasonUnreachable, "the bot cannot see the message"},
	231015:          {adapters.ReasonUnknown, "the same reaction is being made"},
	41050:           {adapters.ReasonRejected, "the person is outside the app's contact range"},
	codeNoChat:      {adapters.ReasonUnreachable, "there is no such chat"},
	codeOutside:     {adapters.ReasonUnreachable, "the bot is not in the chat"},
	codeBotOffChats: {adapters.ReasonUnauthorized, "the app's bot ability is off: activate it in the developer console"},
	232009:          {adapters.ReasonUnreachable, "the group was dissolved"},
	234001:          {adapters.ReasonRejected, "a parameter of the file is invalid"},
	234002:          {adapters.ReasonUnauthorized, "the app may not handle files: add the scope im:resource and publish a version"},
	234003:          {adapters.ReasonRejected, "the file does not belong to the message"},
	234004:          {adapters.ReasonRejected, "the bot is not in the chat of the file"},
	234005:          {adapters.ReasonRejected, "the image was deleted"},
	codeTooLarge:    {adapters.ReasonRejected, "the file is too large"},
	codeBotOffFiles: {adapters.ReasonUnauthorized, "the app's bot ability is off: activate it in the developer console"},
	234008:          {adapters.ReasonRejected, "the file belongs to another app"},
	234009:          {adapters.ReasonUnauthorized, "the app may not handle this file"},
	234010:          {adapters.ReasonRejected, "the file is empty"},
	codeImageFormat: {adapters.ReasonRejected, "the image's format is not known"},
	234037:          {adapters.ReasonRejected, "the file is too large to be fetched"},
	234038:          {adapters.ReasonRejected, "the chat forbids copying and forwarding"},
	codeResolution:  {adapters.ReasonRejected, "the image has too many pixels"},
	234040:          {adapters.ReasonRejected, "the bot cannot see the message of the file"},
	234041:          {adapters.ReasonRejected, "the company's encryption key was deleted"},
	234042:          {adapters.ReasonUnavailable, "the company's own storage fails"},
	234043:          {adapters.ReasonRejected, "files of this type of message cannot be fetched"},
	codeRate:        {adapters.ReasonRateLimited, "too many calls of this app"},
	codeAddress:     {adapters.ReasonUnauthorized, "our address is not on the app's IP whitelist"},
	codeQuota:       {adapters.ReasonUnauthorized, "the company's monthly quota of API calls is used up"},
	codeNoToken:     {adapters.ReasonUnauthorized, "the call has no token"},
	codeNotEnabled:  {adapters.ReasonUnauthorized, "the app is not enabled"},
	codeTenantToken: {adapters.ReasonUnauthorized, "the tenant token is invalid"},
	codeAppToken:    {adapters.ReasonUnauthorized, "the app token is invalid"},
	99991668:        {adapters.ReasonUnauthorized, "the user token is invalid"},
	codeTokenPrefix: {adapters.ReasonUnauthorized, "the token is of the wrong kind"},
	codeScope:       {adapters.ReasonUnauthorized, "a scope is missing: add it in the developer console and publish a version"},
	99991677:        {adapters.ReasonUnauthorized, "the user token expired"},
	99992361:        {adapters.ReasonUnreachable, "the open_id belongs to another app"},
	99992402:        {adapters.ReasonRejected, "a field is invalid"},
}

// refusal is a *adapters.SendError's cause: the platform's number and our words for it.
type refusal struct {
	code  int
	logID string
	why   string
}

func (r *refusal) Error() string {
	s := r.why
	if r.logID != "" {
		s += " [log id " + r.logID + "]"
	}
	return s
}

// refusedWith tells whether err is a refusal with one of codes.
func refusedWith(err error, codes ...int) bool {
	var r *refusal
	if !errors.As(err, &r) {
		return false
	}
	for _, c := range codes {
		if r.code == c {
			return true
		}
	}
	return false
}

// judge reads the envelope of an answer: nil, or a *adapters.SendError. The status alone proves nothing: refusals come with
// HTTP 400, 429 and 200.
func judge(status int, header http.Header, body []byte) error {
	var e struct {
		Code *int   `json:"code"`
		Msg  string `json:"msg"`
	}
	readable := strings.Contains(header.Get("Content-Type"), "application/json") && json.Unmarshal(body, &e) == nil && e.Code != nil
	switch {
	case readable && *e.Code == 0 && status == http.StatusOK:
		return nil
	case status == http.StatusTooManyRequests:
		return refuse(outcome{adapters.ReasonRateLimited, "too many calls"}, codeOf(readable, e.Code), header, e.Msg)
	case !readable && (status == http.StatusNotFound || status == http.StatusMethodNotAllowed):
		return &adapters.SendError{Reason: adapters.ReasonUnavailable, Err: fmt.Errorf("HTTP %d: this is not the platform's API: check api_base", status)}
	case !readable || *e.Code == 0 || status >= 500:
		return &adapters.SendError{Reason: adapters.ReasonUnknown, Err: fmt.Errorf("HTTP %d without a readable answer", status)}
	}
	o, known := outcomes[*e.Code]
	if !known {
		o = outcome{adapters.ReasonRejected, "the platform refuses with a code unknown here"}
	}
	return refuse(o, *e.Code, header, e.Msg)
}

func codeOf(readable bool, code *int) int {
	if readable {
		return *code
	}
	return codeRate
}

func refuse(o outcome, code int, header http.Header, msg string) *adapters.SendError {
	e := &adapters.SendError{Reason: o.reason, Code: strconv.Itoa(code) + cardSubcode(code, msg)}
	e.Err = &refusal{code: code, logID: logID(header), why: o.why}
	if o.reason == adapters.ReasonRateLimited || code == codeBeingSent {
		e.RetryAfter = retryAfter(header)
		e.AccountWide = code == codeRate
	}
	return e
}

var subcode = regexp.MustCompile(`(?i)ErrCode:\s*(\d{1,9})`)

// cardSubcode returns "/N" for a refused card: what is wrong with it is said in the text only.
func cardSubcode(code int, msg string) string {
	if code != codeCard {
		return ""
	}
	if m := subcode.FindStringSubmatch(msg); m != nil {
		return "/" + m[1]
	}
	return ""
}

// logID is the platform's id of the call, which its support asks for.
func logID(h http.Header) string {
	id := h.Get(logIDHeader)
	if len(id) > 64 || strings.ContainsFunc(id, func(r rune) bool { return r < '!' || r > '~' }) {
		return ""
	}
	return id
}

// retryAfter is what the platform says, at least a second: the budget per chat is counted in seconds and has no header.
func retryAfter(h http.Header) time.Duration {
	n, err := strconv.Atoi(h.Get(resetHeader))
	if err != nil || n < 1 {
		return minRetryAfter
	}
	return min(time.Duration(n)*time.Second, time.Hour)
}
