package wechatsim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"kefu/internal/sim"
)

// refusal is an errcode with its text.
type refusal struct {
	code int
	text string
}

// The refusals of the API in the platform's words.
var (
	errToken         = refusal{40001, "invalid credential, access_token is invalid or not latest"}
	errGrantType     = refusal{40002, "invalid grant_type"}
	errOpenID        = refusal{40003, "invalid openid"}
	errMediaType     = refusal{40004, "invalid media type"}
	errFileType      = refusal{40005, "invalid file type"}
	errMediaSize     = refusal{40006, "invalid meida size"}
	errMediaID       = refusal{40007, "invalid media_id"}
	errMessageType   = refusal{40008, "invalid message type"}
	errAppID         = refusal{40013, "invalid appid"}
	errTokenForm     = refusal{40014, "invalid access_token"}
	errEscapes       = refusal{40033, "invalid charset. please check your request, if include \\uxxxx will create fail!"}
	errTemplate      = refusal{40037, "invalid template_id"}
	errURL           = refusal{40066, "invalid url"}
	errSecret        = refusal{40125, "invalid appsecret"}
	errTokenMissing  = refusal{41001, "access_token missing"}
	errAppIDMissing  = refusal{41002, "appid missing"}
	errSecretMissing = refusal{41004, "appsecret missing"}
	errMediaMissing  = refusal{41005, "media data missing"}
	errTokenExpired  = refusal{42001, "access_token expired"}
	errNotGet        = refusal{43001, "require GET method"}
	errNotPost       = refusal{43002, "require POST method"}
	errNotFollowing  = refusal{43004, "require subscribe"}
	errBlacklisted   = refusal{43019, "require remove blacklist"}
	errEmptyBody     = refusal{44002, "empty post data"}
	errEmptyText     = refusal{44004, "empty content"}
	errMediaTooLarge = refusal{45001, "media size out of limit"}
	errTooLong       = refusal{45002, "content size out of limit"}
	errDayQuota      = refusal{45009, "reach max api daily quota limit"}
	errTooOften      = refusal{45011, "api minute-quota reach limit, must slower, retry next minute"}
	errWindow        = refusal{45015, "response out of time limit or subscription is canceled"}
	errQuota         = refusal{45047, "out of response count limit"}
	errCommand       = refusal{45072, "invalid command"}
	errNoRecent      = refusal{45080, "need a message within 30 seconds"}
	errTyping        = refusal{45081, "already typing"}
	errJSON          = refusal{47001, "data format error"}
	errParameter     = refusal{47003, "argument invalid"}
	errNoRight       = refusal{48001, "api unauthorized"}
)

const maxRequest = 12 << 20 // above the largest medium, 10 MB

// endpoint answers one API call: a value written as JSON, or a refusal.
type endpoint func(r *http.Request, body []byte) (any, *refusal)

func (s *Sim) handler() http.Handler {
	mux := http.NewServeMux()
	post := func(path string, do endpoint) { mux.Handle(path, s.faulty(path, s.endpoint(http.MethodPost, do))) }
	post("/cgi-bin/stable_token", s.stableToken)
	post("/cgi-bin/message/custom/send", s.authorized(s.customSend))
	post("/cgi-bin/message/custom/typing", s.authorized(s.typing))
	post("/cgi-bin/media/upload", s.authorized(s.mediaUpload))
	post("/cgi-bin/message/template/send", s.authorized(s.templateSend))
	post("/cgi-bin/message/subscribe/bizsend", s.authorized(s.templateSend))
	mux.Handle("/cgi-bin/media/get", s.faulty("/cgi-bin/media/get", http.HandlerFunc(s.mediaGet)))
	mux.HandleFunc("/video/", s.videoGet)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { s.refuse(w, errURL) })
	return mux
}

func (s *Sim) endpoint(method string, do endpoint) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != method {
			s.refuse(w, errNotPost)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
		if err != nil {
			s.refuse(w, errMediaSize)
			return
		}
		if len(body) == 0 {
			s.refuse(w, errEmptyBody)
			return
		}
		out, no := do(r, body)
		if no != nil {
			s.refuse(w, *no)
			return
		}
		writeJSON(w, out)
	})
}

// authorized checks the access token first.
func (s *Sim) authorized(do endpoint) endpoint {
	return func(r *http.Request, body []byte) (any, *refusal) {
		if no := s.checkToken(r.URL.Query().Get("access_token")); no != nil {
			return nil, no
		}
		return do(r, body)
	}
}

type status struct {
	ErrCode int    `json:"errcode"`
	ErrMsg  string `json:"errmsg"`
}

var accepted = status{0, "ok"}

func (s *Sim) refuse(w http.ResponseWriter, no refusal) {
	s.refused(strconv.Itoa(no.code))
	writeJSON(w, status{no.code, fmt.Sprintf("%s rid: %s-%s-%s", no.text, randomHex(4), randomHex(4), randomHex(4))})
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json; encoding=utf-8")
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(v)
	_, _ = w.Write(bytes.TrimRight(b.Bytes(), "\n"))
}

// faulty wraps an API operation with the faults a test plans for it.
func (s *Sim) faulty(op string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fault := s.faults.Next(op)
		switch fault {
		case sim.FaultRateLimit:
			s.refuse(w, errTooOften)
			return
		case sim.FaultServerError:
			badGateway(w)
			return
		case sim.FaultReset:
			panic(http.ErrAbortHandler)
		case sim.FaultTokenExpired:
			s.RevokeTokens()
		}
		switch fault {
		case sim.FaultAcceptThenCut, sim.FaultAcceptThen5xx, sim.FaultSlow, sim.FaultBadJSON:
			s.acceptThen(fault, w, r, next)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// acceptThen carries the call out and spoils its answer.
func (s *Sim) acceptThen(fault sim.Fault, w http.ResponseWriter, r *http.Request, next http.Handler) {
	next.ServeHTTP(lostAnswer{}, r)
	switch fault {
	case sim.FaultAcceptThen5xx:
		badGateway(w)
	case sim.FaultBadJSON:
		w.Header().Set("Content-Type", "application/json; encoding=utf-8")
		_, _ = io.WriteString(w, `{"errcode":0,"errm`)
	case sim.FaultSlow:
		select {
		case <-r.Context().Done():
		case <-s.ctx.Done():
		}
		panic(http.ErrAbortHandler)
	default:
		panic(http.ErrAbortHandler)
	}
}

// lostAnswer is a response nobody gets.
type lostAnswer struct{}

func (lostAnswer) Header() http.Header         { return http.Header{} }
func (lostAnswer) Write(p []byte) (int, error) { return len(p), nil }
func (lostAnswer) WriteHeader(int)             {}

func badGateway(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html")
	w.WriteHeader(http.StatusBadGateway)
	_, _ = io.WriteString(w, "<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>")
}
