package playground

import (
	"context"
	"crypto/rand"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"sync"
	"time"

	"kefu/internal/sim"
	"kefu/internal/transcript"
)

//go:embed page
var page embed.FS

// Server is the page and what it talks to. Only a page of its own origin may act through it.
type Server struct {
	w       *World
	run     string // a page that sees another one starts over
	records feed[transcript.Record]
	deeds   feed[deed]
	handler http.Handler

	mu   sync.Mutex
	desk string // inbox of the desk switched to last

	watch    sync.Once
	stopping chan struct{} // closed when the HTTP server shuts down
}

// NewServer serves the page of a world; its Observe belongs into the gateway's options.
func NewServer(w *World) *Server {
	s := &Server{w: w, run: rand.Text(), desk: FeishuInbox, stopping: make(chan struct{})}
	files, err := fs.Sub(page, "page")
	if err != nil {
		panic(err) // the folder is embedded
	}
	mux := http.NewServeMux()
	mux.Handle("GET /", http.FileServerFS(files))
	mux.HandleFunc("GET /state", s.state)
	mux.HandleFunc("GET /events", s.events)
	mux.HandleFunc("GET /reactions", s.reactions)
	mux.HandleFunc("GET /file", s.file)
	mux.HandleFunc("POST /say", s.say)
	mux.HandleFunc("POST /edit", s.edit)
	mux.HandleFunc("POST /desk", s.switchDesk)
	s.handler = http.NewCrossOriginProtection().Handler(mux)
	return s
}

// Observe takes the gateway's records for the event log.
func (s *Server) Observe(r transcript.Record) { s.records.add(r) }

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Security-Policy", "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store") // the next run may bring another page
	s.handler.ServeHTTP(w, r)
}

// person is somebody one can type as.
type person struct {
	Inbox string `json:"inbox"`
	ID    string `json:"id"`
	Name  string `json:"name"`
	// Admin says that they run the knowledge base too.
	Admin bool `json:"admin,omitempty"`
}

// group is a chat agents work in; Stranger is somebody in it who is no agent.
type group struct {
	Inbox    string   `json:"inbox"`
	Chat     string   `json:"chat"`
	Name     string   `json:"name"`
	Agents   []person `json:"agents"`
	Stranger person   `json:"stranger"`
}

// kinds are what a person can send beside text, in each platform's own words.
var kinds = map[string][]string{
	WeChatInbox:   {"image", "voice", "video", "shortvideo", "location", "link", "sticker"},
	PassiveInbox:  {"image", "voice", "video", "shortvideo", "location", "link", "sticker"},
	TelegramInbox: {"photo", "album", "sticker", "voice", "audio", "video", "video_note", "animation", "document", "location", "venue", "contact", "dice"},
	FeishuInbox:   {"image", "post", "sticker", "audio", "media", "file", "location", "share_user", "merge_forward"},
}

// happening is what a person can do beside writing; Key is the scene of a code, or the key of a menu's item.
type happening struct {
	Event string `json:"event"`
	Key   string `json:"key,omitempty"`
}

// events are what a customer can do on each platform, in the words of sim.Say.
var events = map[string][]happening{
	WeChatInbox:   wechatEvents,
	PassiveInbox:  wechatEvents,
	TelegramInbox: {{Event: "start"}, {Event: "stop"}},
	FeishuInbox:   {{Event: "start"}, {Event: "stop"}, {"menu", "转人工"}},
}

var wechatEvents = []happening{
	{Event: "start"}, {"start", "shop-42"}, {Event: "stop"}, {"scan", "shop-42"}, {"menu", "转人工"}, {"view", "https://example.com/"}, {Event: "location"},
}

func (s *Server) state(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	desk := s.desk
	s.mu.Unlock()
	customers := []person{{Inbox: WeChatInbox, ID: "oCustomerAmy", Name: "Amy"}, {Inbox: TelegramInbox, ID: "600001", Name: "Tom"}, {Inbox: FeishuInbox, ID: "ou_customer_fei", Name: "小飞"}}
	if s.w.Passive != nil {
		customers = append(customers, person{Inbox: PassiveInbox, ID: "oCustomerMei", Name: "小美"})
	}
	reply(w, map[string]any{
		"customers": customers,
		// Who runs the knowledge base in a private chat.
		"staff": []person{
			{Inbox: WeChatInbox, ID: WeChatEditor, Name: "小林", Admin: true}, {Inbox: TelegramInbox, ID: TelegramOther, Name: "Ben", Admin: true},
			{Inbox: FeishuInbox, ID: FeishuSecond, Name: "小李", Admin: true},
		},
		"groups": []group{
			{
				FeishuInbox, FeishuGroup, FeishuDesk,
				[]person{{Inbox: FeishuInbox, ID: FeishuAgent, Name: "小王"}, {Inbox: FeishuInbox, ID: FeishuSecond, Name: "小李", Admin: true}}, person{Inbox: FeishuInbox, ID: "ou_stranger", Name: "路人"},
			},
			{
				TelegramInbox, TelegramGroup, TelegramDesk,
				[]person{{Inbox: TelegramInbox, ID: TelegramAgent, Name: "Anna"}, {Inbox: TelegramInbox, ID: TelegramOther, Name: "Ben", Admin: true}}, person{Inbox: TelegramInbox, ID: "799999", Name: "Sam"},
			},
		},
		"kinds":  kinds,
		"events": events,
		"desk":   desk,
	})
}

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(v) // the reader went away
}

// Bounds of what the page may post, in bytes: the longest text of any platform is far below the first; the second is a file of 20 MB as JSON.
const (
	maxRequest = 64 << 10
	maxUpload  = 28 << 20
)

// read decodes the only JSON value of a request, or answers why not.
func read(w http.ResponseWriter, r *http.Request, most int64, v any) bool {
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, most))
	err := dec.Decode(v)
	if err == nil {
		if _, err = dec.Token(); errors.Is(err, io.EOF) {
			return true
		}
		if err == nil {
			err = errors.New("more than one value")
		}
	}
	status := http.StatusBadRequest
	if large := (*http.MaxBytesError)(nil); errors.As(err, &large) {
		status = http.StatusRequestEntityTooLarge
	}
	http.Error(w, "cannot read the request: "+err.Error(), status)
	return false
}

// deed is what somebody did by way of the page. Posts tell neither kinds, events nor presses.
type deed struct {
	Inbox string    `json:"inbox"`
	ID    string    `json:"id"` // of the message it made, "" for none
	At    time.Time `json:"at"`
	Say   sim.Say   `json:"say"`
}

func (s *Server) say(w http.ResponseWriter, r *http.Request) {
	var d deed
	if !read(w, r, maxUpload, &d) {
		return
	}
	p, ok := s.w.Platforms()[d.Inbox]
	if !ok {
		http.Error(w, "no such platform", http.StatusNotFound)
		return
	}
	d.At = time.Now()
	if d.Say.File != nil {
		d.Say.Kind = kindOf(strings.TrimPrefix(d.Inbox, "shop-"), d.Say.File)
	}
	var err error
	if d.ID, err = s.act(r.Context(), p, d); err != nil {
		http.Error(w, err.Error(), http.StatusConflict)
		return
	}
	if d.Say.File != nil {
		d.Say.File = &sim.File{Name: d.Say.File.Name, MIME: d.Say.File.MIME}
	}
	s.deeds.add(d)
	reply(w, map[string]string{"id": d.ID})
}

// act makes a person act. On Feishu a person who leaves is a setting of the platform and no event.
func (s *Server) act(ctx context.Context, p Platform, d deed) (id string, err error) {
	if d.Inbox == FeishuInbox && d.Say.Chat == "" && d.Say.From != "" && (d.Say.Event == "start" || d.Say.Event == "stop") {
		s.w.Feishu.Stop(d.Say.From, d.Say.Event == "stop")
		if d.Say.Event == "stop" {
			return "", nil
		}
	}
	return p.Say(ctx, d.Say)
}

// edit makes a person change an earlier text of theirs, where the platform tells bots about that.
func (s *Server) edit(w http.ResponseWriter, r *http.Request) {
	var e struct{ Inbox, From, Chat, ID, Text string }
	if !read(w, r, maxRequest, &e) {
		return
	}
	p, ok := s.w.Platforms()[e.Inbox]
	if !ok || e.Inbox == WeChatInbox || e.Inbox == PassiveInbox {
		http.Error(w, "nobody can edit there", http.StatusNotFound)
		return
	}
	if _, err := p.Say(r.Context(), sim.Say{From: e.From, Chat: e.Chat, Edits: e.ID, Text: e.Text}); err != nil {
		http.Error(w, err.Error(), http.StatusConflict)
		return
	}
	reply(w, map[string]string{"id": e.ID})
}

// maxReactions bounds the messages one request may ask about.
const maxReactions = 200

// reactions tells what the account put on the messages id of a chat: a list of emoji, or of Feishu's names of them, by message id.
func (s *Server) reactions(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	ids := q["id"]
	found := map[string][]string{}
	for _, id := range ids[:min(len(ids), maxReactions)] {
		switch q.Get("inbox") {
		case FeishuInbox:
			if on := s.w.Feishu.Reactions(id); len(on) > 0 {
				found[id] = on
			}
		case TelegramInbox:
			if on := s.w.Telegram.Reaction(q.Get("chat"), id); on != "" {
				found[id] = []string{on}
			}
		}
	}
	reply(w, found)
}

func (s *Server) switchDesk(w http.ResponseWriter, r *http.Request) {
	on := r.URL.Query().Get("inbox")
	if on != FeishuInbox && on != TelegramInbox {
		http.Error(w, "no desk there", http.StatusNotFound)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.w.SwitchDesk(r.Context(), on); err != nil {
		http.Error(w, err.Error(), http.StatusConflict)
		return
	}
	s.desk = on
	reply(w, map[string]string{"desk": on})
}

// SwitchDesk switches the desk that takes new cases, as agents do it: the crew of one inbox says /on, then the other one /off.
func (w *World) SwitchDesk(ctx context.Context, on string) error {
	crews := []struct {
		inbox, chat string
		people      []string
	}{
		{FeishuInbox, FeishuGroup, []string{FeishuAgent, FeishuSecond}},
		{TelegramInbox, TelegramGroup, []string{TelegramAgent, TelegramOther}},
	}
	for _, word := range []string{"/on", "/off"} {
		for _, crew := range crews {
			if (word == "/on") != (crew.inbox == on) {
				continue
			}
			for _, id := range crew.people {
				if _, err := w.Platforms()[crew.inbox].Say(ctx, sim.Say{From: id, Chat: crew.chat, Text: word}); err != nil {
					return fmt.Errorf("switch desk: %w", err)
				}
			}
		}
	}
	return nil
}
