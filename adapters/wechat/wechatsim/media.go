package wechatsim

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"kefu/internal/sim"
)

const (
	maxMedia      = 256
	maxMediaBytes = 64 << 20
)

// mediaLimits are the sizes of temporary media: https://developers.weixin.qq.com/doc/service/api/material/temporary/api_uploadtempmedia .
var mediaLimits = map[string]int{"image": 10 << 20, "voice": 2 << 20, "video": 10 << 20, "thumb": 64 << 10}

type medium struct {
	id, kind, name, mime string
	data                 []byte
	made                 time.Time
}

func (m *medium) file() *sim.File {
	return &sim.File{Name: m.name, MIME: m.mime, Data: m.data}
}

// mediaStore keeps the latest media; older ones give way.
type mediaStore struct {
	media []medium
	bytes int
}

func (m *mediaStore) add(one medium) medium {
	one.id = randomHex(32)
	m.media = append(m.media, one)
	m.bytes += len(one.data)
	for len(m.media) > maxMedia || m.bytes > maxMediaBytes {
		m.bytes -= len(m.media[0].data)
		m.media = slices.Delete(m.media, 0, 1)
	}
	return one
}

func (m *mediaStore) find(id string, now time.Time) (medium, bool) {
	for _, one := range m.media {
		if id != "" && one.id == id && now.Sub(one.made) < mediaLife {
			return one, true
		}
	}
	return medium{}, false
}

// fileTypes are the types each kind of media may have; what a file is shows in its first bytes.
var fileTypes = map[string][]string{
	"image": {"image/png", "image/jpeg", "image/gif", "image/bmp"}, "thumb": {"image/jpeg"}, "voice": {"audio/amr", "audio/mpeg"}, "video": {"video/mp4"},
}

func typeOf(data []byte) string {
	switch {
	case bytes.HasPrefix(data, []byte("#!AMR")):
		return "audio/amr"
	case len(data) > 1 && data[0] == 0xff && data[1]&0xe0 == 0xe0 && data[1] != 0xd8:
		return "audio/mpeg"
	}
	kind, _, _ := strings.Cut(http.DetectContentType(data), ";")
	return kind
}

func (s *Sim) mediaUpload(r *http.Request, body []byte) (any, *refusal) {
	kind := r.URL.Query().Get("type")
	limit, ok := mediaLimits[kind]
	if !ok {
		return nil, &errMediaType
	}
	name, data, ok := firstFile(r.Header.Get("Content-Type"), body)
	switch {
	case !ok || len(data) == 0:
		return nil, &errMediaMissing
	case len(data) > limit:
		return nil, &errMediaTooLarge
	case !slices.Contains(fileTypes[kind], typeOf(data)):
		return nil, &errFileType
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.media.add(medium{kind: kind, name: name, mime: typeOf(data), data: data, made: s.opts.Now()})
	return struct {
		Type      string `json:"type"`
		MediaID   string `json:"media_id"`
		CreatedAt int64  `json:"created_at"`
	}{kind, one.id, one.made.Unix()}, nil
}

// firstFile reads the form field "media".
func firstFile(contentType string, body []byte) (name string, data []byte, ok bool) {
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil || params["boundary"] == "" {
		return "", nil, false
	}
	form := multipart.NewReader(bytes.NewReader(body), params["boundary"])
	for {
		part, err := form.NextPart()
		if err != nil {
			return "", nil, false
		}
		if part.FormName() != "media" || part.FileName() == "" {
			continue
		}
		data, err := io.ReadAll(part)
		return part.FileName(), data, err == nil
	}
}

// mediaGet answers bytes, or JSON: refusals, and the address of a video.
func (s *Sim) mediaGet(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if r.Method != http.MethodGet {
		s.refuse(w, errNotGet)
		return
	}
	if no := s.checkToken(q.Get("access_token")); no != nil {
		s.refuse(w, *no)
		return
	}
	one, ok := s.medium(q.Get("media_id"))
	switch {
	case !ok:
		s.refuse(w, errMediaID)
	case one.kind == "video":
		writeJSON(w, map[string]string{"video_url": s.base + "/video/" + one.id})
	default:
		serveMedium(w, one)
	}
}

func (s *Sim) videoGet(w http.ResponseWriter, r *http.Request) {
	one, ok := s.medium(path.Base(r.URL.Path))
	if !ok || one.kind != "video" {
		http.NotFound(w, r)
		return
	}
	serveMedium(w, one)
}

func (s *Sim) medium(id string) (medium, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.media.find(id, s.opts.Now())
}

func serveMedium(w http.ResponseWriter, one medium) {
	w.Header().Set("Content-Type", one.mime)
	w.Header().Set("Content-Disposition", `attachment; filename=`+strconv.Quote(one.name))
	_, _ = w.Write(one.data)
}
