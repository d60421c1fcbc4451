package telegramsim

import (
	"encoding/json"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"kefu/internal/sim"
)

// maxUpload is the largest request the Bot API takes.
const (
	maxUpload = 50 << 20
	maxPhoto  = 10 << 20
	maxFetch  = 20 << 20
)

type object = map[string]any

// refusal is an answer with "ok": false.
type refusal struct {
	code        int
	description string
	parameters  object
}

func badRequest(description string) *refusal {
	return &refusal{code: http.StatusBadRequest, description: "Bad Request: " + description}
}

func forbidden(description string) *refusal {
	return &refusal{code: http.StatusForbidden, description: "Forbidden: " + description}
}

func conflict(description string) *refusal {
	return &refusal{code: http.StatusConflict, description: "Conflict: " + description}
}

// method handles one call; s.mu is held.
type method func(s *Sim, p params) (any, *refusal)

// methods are by lower-case name, since Telegram ignores case. getUpdates is apart: it waits.
func methods() map[string]method {
	return map[string]method{
		"getme":               (*Sim).getMe,
		"setwebhook":          (*Sim).setWebhook,
		"deletewebhook":       (*Sim).deleteWebhook,
		"getwebhookinfo":      (*Sim).getWebhookInfo,
		"setmycommands":       (*Sim).setMyCommands,
		"sendmessage":         (*Sim).sendMessage,
		"sendphoto":           sendMedia("photo"),
		"senddocument":        sendMedia("document"),
		"sendvoice":           sendMedia("voice"),
		"sendaudio":           sendMedia("audio"),
		"sendvideo":           sendMedia("video"),
		"sendanimation":       sendMedia("animation"),
		"sendsticker":         sendMedia("sticker"),
		"editmessagetext":     (*Sim).editMessageText,
		"deletemessage":       (*Sim).deleteMessage,
		"answercallbackquery": (*Sim).answerCallbackQuery,
		"sendchataction":      (*Sim).sendChatAction,
		"setmessagereaction":  (*Sim).setMessageReaction,
		"createforumtopic":    (*Sim).createForumTopic,
		"editforumtopic":      (*Sim).editForumTopic,
		"closeforumtopic":     (*Sim).closeForumTopic,
		"reopenforumtopic":    (*Sim).reopenForumTopic,
		"deleteforumtopic":    (*Sim).deleteForumTopic,
		"getchat":             (*Sim).getChat,
		"getchatmember":       (*Sim).getChatMember,
		"getfile":             (*Sim).getFile,
	}
}

var (
	tokenForm = regexp.MustCompile(`^[0-9]{1,20}:[A-Za-z0-9_-]{20,}$`)
	callPath  = regexp.MustCompile(`^/bot([^/]+)/([A-Za-z]+)$`)
	filePath  = regexp.MustCompile(`^/file/bot([^/]+)/(.+)$`)
)

func (s *Sim) serve(w http.ResponseWriter, r *http.Request) {
	if m := filePath.FindStringSubmatch(r.URL.Path); m != nil {
		s.serveFile(w, r, m[1], m[2])
		return
	}
	m := callPath.FindStringSubmatch(r.URL.Path)
	if m == nil || !tokenForm.MatchString(m[1]) {
		s.refuse(w, &refusal{code: http.StatusNotFound, description: "Not Found"})
		return
	}
	if m[1] != s.opts.Token {
		s.refuse(w, &refusal{code: http.StatusUnauthorized, description: "Unauthorized"})
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodPost {
		s.refuse(w, &refusal{code: http.StatusMethodNotAllowed, description: "Method Not Allowed"})
		return
	}
	p, bad := readParams(w, r)
	if bad != nil {
		s.refuse(w, bad)
		return
	}
	s.answer(w, r, m[2], p)
}

// answer makes the call, or the fault planned for it.
func (s *Sim) answer(w http.ResponseWriter, r *http.Request, name string, p params) {
	fault := s.faults.Next(name)
	switch fault {
	case sim.FaultRateLimit:
		write(w, tooMany(1))
		return
	case sim.FaultTokenExpired:
		write(w, &refusal{code: http.StatusUnauthorized, description: "Unauthorized"})
		return
	case sim.FaultServerError:
		badGateway(w)
		return
	case sim.FaultReset:
		hangUp(w)
		return
	}
	result, bad := s.call(r, name, p)
	if bad != nil {
		s.refuse(w, bad)
		return
	}
	switch fault {
	case sim.FaultAcceptThenCut:
		hangUp(w)
	case sim.FaultAcceptThen5xx:
		badGateway(w)
	case sim.FaultSlow:
		select {
		case <-r.Context().Done():
		case <-s.ctx.Done():
		}
		hangUp(w)
	case sim.FaultBadJSON:
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"ok":true,"result":{"message_id":`)
	default:
		writeJSON(w, http.StatusOK, object{"ok": true, "result": result})
	}
}

func (s *Sim) call(r *http.Request, name string, p params) (any, *refusal) {
	name = strings.ToLower(name)
	if name == "getupdates" {
		return s.getUpdates(r.Context(), p)
	}
	handle, ok := s.methods[name]
	if !ok {
		return nil, &refusal{code: http.StatusNotFound, description: "Not Found: method not found"}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return handle(s, p)
}

// refuse answers and counts a refusal.
func (s *Sim) refuse(w http.ResponseWriter, bad *refusal) {
	s.mu.Lock()
	s.refusals[strconv.Itoa(bad.code)]++
	s.mu.Unlock()
	write(w, bad)
}

func write(w http.ResponseWriter, bad *refusal) {
	body := object{"ok": false, "error_code": bad.code, "description": bad.description}
	if bad.parameters != nil {
		body["parameters"] = bad.parameters
	}
	writeJSON(w, bad.code, body)
}

func writeJSON(w http.ResponseWriter, status int, body object) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a client that left has no use for the rest
}

func badGateway(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html")
	w.WriteHeader(http.StatusBadGateway)
	_, _ = io.WriteString(w, "<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>")
}

// hangUp closes the connection without an answer, with a reset.
func hangUp(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

func (s *Sim) serveFile(w http.ResponseWriter, r *http.Request, token, path string) {
	s.mu.Lock()
	content, ok := s.files.values[path]
	s.mu.Unlock()
	if token != s.opts.Token || !ok || r.Method != http.MethodGet {
		s.refuse(w, &refusal{code: http.StatusNotFound, description: "Not Found"})
		return
	}
	switch s.faults.Next("file") {
	case sim.FaultNone, sim.FaultSlow:
	case sim.FaultRateLimit:
		write(w, tooMany(1))
		return
	case sim.FaultServerError:
		badGateway(w)
		return
	default:
		hangUp(w)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	_, _ = w.Write(content)
}

// params are a call's parameters; values that were JSON stay JSON text.
type params map[string]string

// readParams takes the query and a body as form, multipart or JSON. A body of another type is not looked at, as on the platform.
func readParams(w http.ResponseWriter, r *http.Request) (params, *refusal) {
	r.Body = http.MaxBytesReader(w, r.Body, maxUpload+64<<10)
	p := params{}
	p.add(r.URL.Query())
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch kind {
	case "application/json":
		var fields map[string]json.RawMessage
		if err := json.NewDecoder(r.Body).Decode(&fields); err != nil {
			return nil, badRequest("can't parse JSON object")
		}
		for k, v := range fields {
			var text string
			if json.Unmarshal(v, &text) != nil {
				text = string(v)
			}
			p[k] = text
		}
	case "application/x-www-form-urlencoded":
		if err := r.ParseForm(); err != nil {
			return nil, badRequest("can't parse the form")
		}
		p.add(r.PostForm)
	case "multipart/form-data":
		if bad := p.form(r); bad != nil {
			return nil, bad
		}
	}
	_, _ = io.Copy(io.Discard, r.Body) // so that the server notices when the client leaves
	return p, nil
}

func (p params) add(values url.Values) {
	for k, v := range values {
		p[k] = v[0]
	}
}

func (p params) bool(name string) bool {
	v := strings.ToLower(p[name])
	return v == "true" || v == "1" || v == "yes"
}

func (p params) int(name string) (int, bool) {
	n, err := strconv.Atoi(p[name])
	return n, err == nil
}
