package feishusim

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"kefu/internal/sim"
)

// refusal is an error answer of the platform.
type refusal struct {
	status int
	code   int
	msg    string
	reset  int // x-ogw-ratelimit-reset
}

func refuse(code int, msg string) *refusal {
	return &refusal{status: http.StatusBadRequest, code: code, msg: msg}
}

func tooMany(wait time.Duration) *refusal {
	reset := int((wait + time.Second - 1) / time.Second)
	return &refusal{status: http.StatusTooManyRequests, code: 99991400, msg: "request trigger frequency limit", reset: reset}
}

// call is one authenticated API call.
type call struct {
	id   string // :message_id
	body []byte
	req  *http.Request
}

// handler runs under Sim.mu and answers with the envelope's data.
type handler func(c call) (data map[string]any, r *refusal)

const (
	tokenPath    = "/open-apis/auth/v3/tenant_access_token/internal"
	messagesPath = "/open-apis/im/v1/messages"
)

func (s *Sim) routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST "+tokenPath, s.faulty(tokenPath, s.serveToken))
	mux.Handle("GET /open-apis/bot/v3/info", s.faulty("/open-apis/bot/v3/info", s.serveBotInfo))
	s.directoryRoutes(mux)
	mux.Handle("POST "+endpointPath, s.faulty(endpointPath, s.serveEndpoint))
	mux.HandleFunc("GET "+socketPath, s.serveSocket)
	mux.Handle("GET "+resourcePath, s.faulty(opOf(resourcePath), s.serveResource))
	for _, route := range []struct {
		method, path string
		body         string // media type
		handle       handler
	}{
		{http.MethodPost, messagesPath, jsonBody, s.create},
		{http.MethodPost, messagesPath + "/{id}/reply", jsonBody, s.reply},
		{http.MethodPatch, messagesPath + "/{id}", jsonBody, s.patch},
		{http.MethodPut, messagesPath + "/{id}", jsonBody, s.update},
		{http.MethodDelete, messagesPath + "/{id}", "", s.withdraw},
		{http.MethodPost, messagesPath + "/{id}/reactions", jsonBody, s.react},
		{http.MethodPost, imagesPath, formBody, s.uploadImage},
		{http.MethodPost, filesPath, formBody, s.uploadFile},
	} {
		mux.Handle(route.method+" "+route.path, s.faulty(opOf(route.path), s.authenticated(route.body, route.handle)))
	}
	return mux
}

const (
	jsonBody = "application/json"
	formBody = "multipart/form-data"
	maxBody  = maxFile + 1<<20
)

// opOf names an operation as Faults does.
func opOf(path string) string {
	return strings.NewReplacer("{id}", ":message_id", "{key}", ":file_key", "{user}", ":user_id", "{chat}", ":chat_id").Replace(path)
}

// faulty makes the planned fault of op out of next.
func (s *Sim) faulty(op string, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			http.Error(w, "body too large", http.StatusRequestEntityTooLarge)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		switch fault := s.faults.Next(op); fault {
		case sim.FaultRateLimit:
			s.answer(w, nil, tooMany(time.Second))
		case sim.FaultServerError:
			badGateway(w)
		case sim.FaultReset:
			cut(w)
		case sim.FaultAcceptThenCut, sim.FaultAcceptThen5xx, sim.FaultBadJSON, sim.FaultSlow:
			next(unseen{}, r)
			s.misanswer(w, r, fault)
		case sim.FaultTokenExpired:
			s.RevokeTokens()
			next(w, r)
		default:
			next(w, r)
		}
	}
}

// misanswer hides what was accepted.
func (s *Sim) misanswer(w http.ResponseWriter, r *http.Request, fault sim.Fault) {
	switch fault {
	case sim.FaultAcceptThenCut:
		cut(w)
	case sim.FaultAcceptThen5xx:
		badGateway(w)
	case sim.FaultBadJSON:
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, _ = io.WriteString(w, `{"code":0,"msg":"success","data":{"message_id":"om_`)
	default:
		<-r.Context().Done()
	}
}

// unseen is the answer nobody gets.
type unseen struct{}

func (unseen) Header() http.Header         { return http.Header{} }
func (unseen) Write(b []byte) (int, error) { return len(b), nil }
func (unseen) WriteHeader(int)             {}

func badGateway(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html")
	w.WriteHeader(http.StatusBadGateway)
	_, _ = io.WriteString(w, "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>")
}

// cut resets the connection.
func cut(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

func (s *Sim) answer(w http.ResponseWriter, fields map[string]any, r *refusal) {
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("X-Tt-Logid", randomHex(16))
	out := map[string]any{"code": 0, "msg": "success"}
	status := http.StatusOK
	if r != nil {
		status = r.status
		out["code"], out["msg"] = r.code, r.msg
		if r.reset > 0 {
			h.Set("x-ogw-ratelimit-limit", strconv.Itoa(appPerSecond))
			h.Set("x-ogw-ratelimit-reset", strconv.Itoa(r.reset))
		}
		s.mu.Lock()
		s.refusals[strconv.Itoa(r.code)]++
		s.mu.Unlock()
	}
	for k, v := range fields {
		out[k] = v
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(out) // the caller is gone
}

// serveToken answers with HTTP 200 throughout, as the older API does, and with its fields beside the code.
func (s *Sim) serveToken(w http.ResponseWriter, r *http.Request) {
	var in struct {
		AppID     string `json:"app_id"`
		AppSecret string `json:"app_secret"`
	}
	if !isJSON(r) || json.NewDecoder(r.Body).Decode(&in) != nil || in.AppID == "" || in.AppSecret == "" {
		s.answer(w, nil, &refusal{status: http.StatusOK, code: 10003, msg: "invalid param"})
		return
	}
	if s.opts.Unlisted {
		s.answer(w, nil, unlisted())
		return
	}
	if in.AppID != s.opts.AppID {
		s.answer(w, nil, &refusal{status: http.StatusOK, code: 10003, msg: "invalid app_id"})
		return
	}
	if in.AppSecret != s.opts.AppSecret {
		s.answer(w, nil, &refusal{status: http.StatusOK, code: 10014, msg: "app secret invalid"})
		return
	}
	now := s.opts.Now()
	s.mu.Lock()
	t := s.issue(now)
	s.mu.Unlock()
	s.answer(w, map[string]any{"tenant_access_token": t.value, "expire": int(t.ends.Sub(now) / time.Second)}, nil)
}

func unlisted() *refusal {
	return refuse(99991401, "Denied by the IP whitelist of the app.")
}

func (s *Sim) serveBotInfo(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	refused := s.authorize(r)
	s.mu.Unlock()
	if refused == nil && s.opts.NoBot {
		refused = refuse(11205, "app do not have bot")
	}
	if refused != nil {
		s.answer(w, nil, refused)
		return
	}
	s.answer(w, map[string]any{"bot": map[string]any{
		"activate_status": s.opts.Status, "app_name": s.opts.BotName, "avatar_url": "", "ip_white_list": []string{}, "open_id": s.BotOpenID(),
	}}, nil)
}

func isJSON(r *http.Request) bool { return carries(r, jsonBody) }

func carries(r *http.Request, body string) bool {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return body == "" || err == nil && kind == body
}

// authenticated checks token, app budget and content type, then runs h under s.mu.
func (s *Sim) authenticated(body string, h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		data, _ := io.ReadAll(r.Body) // read before by faulty
		s.mu.Lock()
		refused := s.authorize(r)
		if refused == nil {
			refused = s.withinBudget(r.Pattern)
		}
		if refused == nil && !carries(r, body) {
			refused = refuse(9499, "Bad Request: Content-Type must be "+body)
		}
		var out map[string]any
		if refused == nil {
			out, refused = h(call{id: r.PathValue("id"), body: data, req: r})
		}
		s.mu.Unlock()
		if refused != nil {
			s.answer(w, nil, refused)
			return
		}
		s.answer(w, map[string]any{"data": out}, nil)
	}
}

// authorize expects s.mu to be held.
func (s *Sim) authorize(r *http.Request) *refusal {
	value, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	now := s.opts.Now()
	switch {
	case !ok || value == "":
		return refuse(99991661, "Missing access token for authorization. Please make a request with token attached.")
	case !strings.HasPrefix(value, "t-"):
		return refuse(99991671, "Invalid access token for authorization. The token should begin with 't-' or 'u-'.")
	case !slices.ContainsFunc(s.tokens, func(t token) bool { return t.value == value && now.Before(t.ends) }):
		return refuse(99991663, "Invalid access token for authorization. Please make a request with token attached.")
	}
	return nil
}

// withinBudget counts a call against its API. The caller holds s.mu.
func (s *Sim) withinBudget(api string) *refusal {
	if s.opts.NoRateLimits {
		return nil
	}
	now := s.opts.Now()
	wait := s.budget.take("s/"+api, appPerSecond, time.Second, now)
	if wait == 0 {
		wait = s.budget.take("min/"+api, appPerMinute, time.Minute, now)
	}
	if wait == 0 {
		return nil
	}
	return tooMany(wait)
}

// often counts a call against a chat or a message. The caller holds s.mu.
func (s *Sim) often(key string, count int) *refusal {
	if s.opts.NoRateLimits || s.budget.take(key, count, time.Second, s.opts.Now()) == 0 {
		return nil
	}
	return refuse(230020, "This operation triggers the frequency limit.")
}
