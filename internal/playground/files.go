package playground

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"kefu/internal/sim"
)

// file gives the page the bytes of a post's file. Nothing of a stranger's file runs in the page.
func (s *Server) file(w http.ResponseWriter, r *http.Request) {
	p, ok := s.w.Platforms()[r.FormValue("inbox")]
	seq, err := strconv.ParseInt(r.FormValue("seq"), 10, 64)
	if !ok || err != nil || seq <= 0 {
		http.Error(w, "no such post", http.StatusNotFound)
		return
	}
	posts := p.Posts(seq - 1)
	if len(posts) == 0 || posts[0].Seq != seq || posts[0].File == nil {
		http.Error(w, "no such file", http.StatusNotFound)
		return
	}
	data := posts[0].File.Data
	kind := http.DetectContentType(data)
	if strings.HasPrefix(kind, "text/") {
		kind = "text/plain; charset=utf-8"
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Content-Security-Policy", "sandbox; default-src 'none'; img-src 'self'; media-src 'self'")
	_, _ = w.Write(data) // the reader went away
}

// kindWords are what the channels call their kinds of message, by the first half of a file's type; "" = anything else.
var kindWords = map[string]map[string]string{
	"wechat":   {"image": "image", "audio": "voice", "video": "video", "": "image"},
	"feishu":   {"image": "image", "audio": "audio", "video": "media", "": "file"},
	"telegram": {"image": "photo", "audio": "voice", "video": "video", "": "document"},
}

// kindOf is the message a person sends a file as. People cannot send other files on WeChat: the platform decides what it makes of the bytes.
func kindOf(channel string, f *sim.File) string {
	family, _, _ := strings.Cut(f.MIME, "/")
	words := kindWords[strings.TrimSuffix(channel, "-passive")]
	if word, ok := words[family]; ok {
		return word
	}
	return words[""]
}

// storyFiles are what people of the story send.
var storyFiles = map[string]sim.File{
	"photo.jpg": {Name: "photo.jpg", MIME: "image/jpeg", Data: photo()},
	"order.pdf": {Name: "order.pdf", MIME: "application/pdf", Data: []byte("%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n")},
}

// photo is a small picture: a parcel on a table.
func photo() []byte {
	img := image.NewRGBA(image.Rect(0, 0, 120, 80))
	for x := range 120 {
		for y := range 80 {
			c := color.RGBA{210, 225, 235, 255}
			switch {
			case x > 30 && x < 90 && y > 25 && y < 65:
				c = color.RGBA{200, 150, 90, 255}
			case y > 60:
				c = color.RGBA{120, 80, 50, 255}
			}
			img.SetRGBA(x, y, c)
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		panic(err) // a buffer takes everything
	}
	return b.Bytes()
}

var fileForm = regexp.MustCompile(`^📎(\S+)(?: (.*))?$`)

// attach turns a text that begins with a story's file into that file with a caption.
func attach(channel string, s *sim.Say) error {
	m := fileForm.FindStringSubmatch(s.Text)
	if m == nil {
		return nil
	}
	f, ok := storyFiles[m[1]]
	if !ok {
		return fmt.Errorf("the story has no file %q", m[1])
	}
	s.File, s.Kind, s.Text = &f, kindOf(channel, &f), m[2]
	return nil
}

// seen is a post as the story writes it: a file by the name of the story's file with the same bytes.
func seen(p sim.Post) string {
	if p.File == nil {
		return flat(p.Text)
	}
	name := fmt.Sprintf("unknown-%d-bytes", len(p.File.Data))
	for known, f := range storyFiles {
		if bytes.Equal(f.Data, p.File.Data) {
			name = known
		}
	}
	return strings.TrimSpace("📎" + name + " " + flat(p.Text))
}
