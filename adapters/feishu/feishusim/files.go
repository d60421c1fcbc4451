package feishusim

import (
	"bytes"
	"encoding/json"
	"image"
	_ "image/gif"  // dimensions
	_ "image/jpeg" // dimensions
	_ "image/png"  // dimensions
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"kefu/internal/sim"
)

// The documented limits of files.
const (
	maxImage    = 10 << 20
	maxFile     = 30 << 20
	maxResource = 100 << 20
	maxGIFSide  = 2000
	maxSide     = 12000
)

// upload is a file the bot uploaded. fileType is "" for images.
type upload struct {
	fileType string
	file     sim.File
}

// resource is a file of a message. kind is the parameter "type" by which it is asked for.
type resource struct {
	kind string
	file sim.File
}

const (
	imagesPath   = "/open-apis/im/v1/images"
	filesPath    = "/open-apis/im/v1/files"
	resourcePath = messagesPath + "/{id}/resources/{key}"
)

// formOf reads a multipart body; the file is in the part called part.
func formOf(c call, part string) (map[string]string, *sim.File, *refusal) {
	_, params, err := mime.ParseMediaType(c.req.Header.Get("Content-Type"))
	if err != nil || params["boundary"] == "" {
		return nil, nil, refuse(234001, "Invalid request param.")
	}
	fields := map[string]string{}
	var f *sim.File
	for r := multipart.NewReader(bytes.NewReader(c.body), params["boundary"]); ; {
		p, err := r.NextPart()
		if err != nil {
			break
		}
		data, err := io.ReadAll(p)
		switch {
		case err != nil:
			return nil, nil, refuse(234001, "Invalid request param.")
		case p.FormName() == part && p.FileName() != "":
			f = &sim.File{Name: p.FileName(), Data: data, MIME: http.DetectContentType(data)}
		default:
			fields[p.FormName()] = string(data)
		}
	}
	if f == nil {
		return nil, nil, refuse(234001, "Invalid request param: no "+part)
	}
	if len(f.Data) == 0 {
		return nil, nil, refuse(234010, "File's size can't be 0.")
	}
	return fields, f, nil
}

func (s *Sim) uploadImage(c call) (map[string]any, *refusal) {
	fields, f, r := formOf(c, "image")
	switch {
	case r != nil:
		return nil, r
	case fields["image_type"] != "message" && fields["image_type"] != "avatar":
		return nil, refuse(234001, "Invalid request param: image_type")
	case len(f.Data) > maxImage:
		return nil, refuse(234006, "The file size exceed the max value.")
	case !strings.HasPrefix(f.MIME, "image/"):
		return nil, refuse(234011, "Can't regonnize the image format.")
	case tooManyPixels(f):
		return nil, refuse(234039, "Image resolution exceeds limit.")
	}
	key := "img_v3_" + randomHex(12)
	s.uploads[key] = upload{file: *f}
	return map[string]any{"image_key": key}, nil
}

func tooManyPixels(f *sim.File) bool {
	c, _, err := image.DecodeConfig(bytes.NewReader(f.Data))
	limit := maxSide
	if f.MIME == "image/gif" {
		limit = maxGIFSide
	}
	return err == nil && max(c.Width, c.Height) > limit
}

func (s *Sim) uploadFile(c call) (map[string]any, *refusal) {
	fields, f, r := formOf(c, "file")
	switch {
	case r != nil:
		return nil, r
	case !slices.Contains([]string{"opus", "mp4", "pdf", "doc", "xls", "ppt", "stream"}, fields["file_type"]):
		return nil, refuse(234001, "Invalid request param: file_type")
	case fields["file_name"] == "":
		return nil, refuse(234001, "Invalid request param: file_name")
	case len(f.Data) > maxFile:
		return nil, refuse(234006, "The file size exceed the max value.")
	}
	f.Name = fields["file_name"]
	if ms := fields["duration"]; ms != "" {
		n, err := strconv.Atoi(ms)
		if err != nil || n < 0 {
			return nil, refuse(234001, "Invalid request param: duration")
		}
		f.Duration = n / 1000
	}
	key := "file_v3_" + randomHex(12)
	s.uploads[key] = upload{fileType: fields["file_type"], file: *f}
	return map[string]any{"file_key": key}, nil
}

// fileTypes are what a message of each type may show.
var fileTypes = map[string][]string{
	"image": {""}, "audio": {"opus"}, "media": {"mp4"}, "file": {"pdf", "doc", "xls", "ppt", "stream"},
}

// readFile checks the content of a message that shows a file of the bot.
func (s *Sim) readFile(kind string, content fileContent) (*sim.File, *refusal) {
	key := content.FileKey
	if kind == "image" {
		key = content.ImageKey
	}
	u, ok := s.uploads[key]
	switch {
	case key == "":
		return nil, refuse(230001, "Your request contains an invalid request parameter, ext=file key is empty")
	case !ok:
		return nil, refuse(230017, "Bot is NOT the owner of the resource.")
	case !slices.Contains(fileTypes[kind], u.fileType):
		return nil, refuse(230055, "The type of file upload does not match the type of message being sent.")
	}
	return &u.file, nil
}

type fileContent struct {
	ImageKey string `json:"image_key"`
	FileKey  string `json:"file_key"`
}

// serveResource gives out a file of a message: as it is, not in an envelope.
func (s *Sim) serveResource(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	refused := s.authorize(r)
	if refused == nil {
		refused = s.withinBudget(r.Pattern)
	}
	var f *sim.File
	if refused == nil {
		f, refused = s.findResource(r.PathValue("id"), r.PathValue("key"), r.URL.Query().Get("type"))
	}
	s.mu.Unlock()
	if refused != nil {
		s.answer(w, nil, refused)
		return
	}
	w.Header().Set("Content-Type", f.MIME)
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": f.Name}))
	w.Header().Set("Content-Length", strconv.Itoa(len(f.Data)))
	_, _ = w.Write(f.Data)
}

func (s *Sim) findResource(id, key, kind string) (*sim.File, *refusal) {
	m := s.messages[id]
	switch {
	case m == nil || kind != "image" && kind != "file":
		return nil, refuse(234001, "Invalid request param.")
	case m.chat.outside:
		return nil, refuse(234004, "App not in chat.")
	case m.gone:
		return nil, refuse(230110, "Action unavailable as the message has been deleted.")
	case slices.Contains([]string{"sticker", "interactive", "merge_forward", "folder"}, m.kind):
		return nil, refuse(234043, "Unsupported message type.")
	}
	f, ok := m.files[key]
	switch {
	case !ok || f.kind != kind:
		return nil, refuse(234003, "File not in msg.")
	case len(f.file.Data) > maxResource:
		return nil, refuse(234037, "Downloaded file size exceeds limit.")
	}
	return &f.file, nil
}

// withdraw is the bot taking back its own message.
func (s *Sim) withdraw(c call) (map[string]any, *refusal) {
	m := s.messages[c.id]
	switch {
	case m == nil:
		return nil, refuse(230001, "Your request contains an invalid request parameter, ext=invalid message_id")
	case m.gone:
		return nil, refuse(230011, "The message was withdrawn.")
	case m.chat.outside:
		return nil, refuse(230002, "The bot can not be outside the group.")
	case m.from != "":
		return nil, refuse(230026, "No permission to recall this message.")
	}
	s.takeBack(m, "message_owner")
	return map[string]any{}, nil
}

// said is what a person sends: the content of the event and the files in it.
type said struct {
	content string
	files   map[string]resource
}

// sampleFiles are what people send when a test does not care.
var sampleFiles = map[string]sim.File{
	"image":   {Name: "photo.png", MIME: "image/png", Data: []byte("\x89PNG\r\n\x1a\n")},
	"post":    {Name: "photo.png", MIME: "image/png", Data: []byte("\x89PNG\r\n\x1a\n")},
	"file":    {Name: "order.pdf", MIME: "application/pdf", Data: []byte("%PDF-1.4\n")},
	"folder":  {Name: "orders", MIME: "application/octet-stream", Data: []byte("folder")},
	"audio":   {Name: "voice.ogg", MIME: "audio/ogg", Data: []byte("OggS"), Duration: 2},
	"media":   {Name: "clip.mp4", MIME: "video/mp4", Data: []byte("\x00\x00\x00\x18ftypmp42"), Duration: 3},
	"sticker": {Name: "sticker.png", MIME: "image/png", Data: []byte("\x89PNG\r\n\x1a\n")},
}

// attach names the file of a message; f nil = a sample.
func attach(kind string, f *sim.File) (key string, file sim.File, files map[string]resource) {
	file, ok := sampleFiles[kind]
	if !ok {
		return "", file, nil
	}
	if f != nil {
		file = *f
	}
	as, prefix := "file", "file_v3_"
	if kind == "image" || kind == "post" {
		as, prefix = "image", "img_v3_"
	}
	key = prefix + randomHex(12)
	return key, file, map[string]resource{key: {kind: as, file: file}}
}

// Form tells how a message of the bot went: its msg_type and, of its file, the file_type ("image" for images).
func (s *Sim) Form(messageID string) (msgType, fileType string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.messages[messageID]
	if m == nil {
		return "", ""
	}
	var c fileContent
	_ = json.Unmarshal([]byte(m.content), &c) // others have no file
	if c.ImageKey != "" {
		return m.kind, "image"
	}
	return m.kind, s.uploads[c.FileKey].fileType
}
