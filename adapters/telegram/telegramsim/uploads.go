package telegramsim

import (
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"

	"kefu/internal/sim"
)

const maxCaption = 1024 // UTF-16 units after entities parsing

// Uploaded files stand among a call's parameters under names no parameter has.
const (
	bytesOf = "bytes of "
	nameOf  = "name of "
	typeOf  = "type of "
)

// form reads a multipart body. One that is cut is no form.
func (p params) form(r *http.Request) *refusal {
	if err := r.ParseMultipartForm(1 << 20); err != nil {
		return badRequest("can't parse the form")
	}
	defer func() { _ = r.MultipartForm.RemoveAll() }() // only temporary files
	p.add(url.Values(r.MultipartForm.Value))
	for field, files := range r.MultipartForm.File {
		if bad := p.file(field, files[0]); bad != nil {
			return bad
		}
	}
	return nil
}

func (p params) file(field string, h *multipart.FileHeader) *refusal {
	if h.Size > maxUpload {
		return &refusal{code: http.StatusRequestEntityTooLarge, description: "Request Entity Too Large"}
	}
	f, err := h.Open()
	if err != nil {
		return badRequest("can't read the file")
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(f)
	if err != nil {
		return badRequest("can't read the file")
	}
	p[bytesOf+field], p[nameOf+field], p[typeOf+field] = string(data), h.Filename, h.Header.Get("Content-Type")
	return nil
}

// sendMedia is the method that sends one kind of file.
func sendMedia(kind string) method {
	return func(s *Sim, p params) (any, *refusal) {
		c, bad := s.target(p)
		if bad != nil {
			return nil, bad
		}
		f, bad := uploaded(p, kind)
		if bad != nil {
			return nil, bad
		}
		said, keys, bad := captioned(p, kind)
		if bad != nil {
			return nil, bad
		}
		thread, bad := s.threadOf(c, p)
		if bad != nil {
			return nil, bad
		}
		quoted, bad := c.quoted(p)
		if bad != nil {
			return nil, bad
		}
		if bad := s.paced(c); bad != nil {
			return nil, bad
		}
		if quoted != nil && thread == 0 {
			thread = quoted.thread
		}
		return s.sendFile(c, kind, f, said, keys, thread, quoted), nil
	}
}

func (s *Sim) sendFile(c *chat, kind string, f *sim.File, said words, keys keyboard, thread int, quoted *stored) object {
	body := s.message(c, s.describeBot(), thread)
	m := &stored{id: body["message_id"].(int), thread: thread, bot: true, body: body, file: f}
	m.set(said, keys)
	delete(body, "text")
	putText(body, said.text, true)
	if e := said.objects(); len(e) > 0 {
		body["caption_entities"] = e
	}
	o := s.file(kind, maps.Clone(facts[kind]), f)
	body[kind] = o
	if kind == "photo" {
		body[kind] = []object{o}
	}
	c.keep(m)
	post := sim.Post{}
	if quoted != nil {
		post.ReplyTo = strconv.Itoa(quoted.id)
	}
	s.post(c, m, post)
	return maps.Clone(body)
}

// uploaded is the file of a call; sending by file_id or URL is not simulated.
func uploaded(p params, kind string) (*sim.File, *refusal) {
	data, ok := p[bytesOf+kind]
	switch {
	case !ok:
		return nil, badRequest("there is no " + kind + " in the request")
	case data == "":
		return nil, badRequest("file must be non-empty")
	case kind == "photo" && len(data) > maxPhoto:
		return nil, badRequest(fmt.Sprintf("file of size %d bytes is too big for a photo; the maximum size is %d bytes", len(data), maxPhoto))
	}
	f := &sim.File{Name: p[nameOf+kind], MIME: p[typeOf+kind], Data: []byte(data)}
	f.Duration, _ = p.int("duration")
	return f, nil
}

// captioned reads what a file's message has beside the file.
func captioned(p params, kind string) (words, keyboard, *refusal) {
	if p["caption"] == "" || kind == "sticker" {
		keys, bad := readKeyboard(p["reply_markup"])
		return words{}, keys, bad
	}
	q := params{"text": p["caption"], "entities": p["caption_entities"], "parse_mode": p["parse_mode"], "reply_markup": p["reply_markup"]}
	said, keys, bad := content(q)
	if bad == nil && units(said.text) > maxCaption {
		bad = badRequest("message caption is too long")
	}
	return said, keys, bad
}
