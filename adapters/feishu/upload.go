package feishu

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"kefu/adapters"
)

// What may be uploaded (open.feishu.cn/document/uAjLw4CM/ukTMukTMukTM/reference/im-v1/image/create and .../file/create). An
// image that is too large, or of an unknown type, goes as a file.
const (
	maxImage     = 10 << 20
	maxFile      = 30 << 20
	maxFileName  = 200 // bytes; our choice
	uploadWithin = time.Minute
	imagesPath   = "/open-apis/im/v1/images"
	filesPath    = "/open-apis/im/v1/files"
	messagesPath = "/open-apis/im/v1/messages"
)

var imageTypes = []string{
	"image/jpeg", "image/png", "image/webp", "image/gif", "image/bmp", "image/x-icon", "image/vnd.microsoft.icon", "image/tiff", "image/heic", "image/heif",
}

// mediaLimits are Features.Media: every kind has the form of a file to fall back to.
func mediaLimits() map[adapters.AttachmentKind]adapters.MediaLimit {
	limits := map[adapters.AttachmentKind]adapters.MediaLimit{}
	for _, k := range []adapters.AttachmentKind{
		adapters.AttachmentImage, adapters.AttachmentVoice, adapters.AttachmentAudio, adapters.AttachmentVideo,
		adapters.AttachmentFile, adapters.AttachmentSticker, adapters.AttachmentAnimation,
	} {
		limits[k] = adapters.MediaLimit{MaxBytes: maxFile}
	}
	return limits
}

// form is how media go: msgType decides how people see them, fileType what the platform makes of the bytes ("" = an image).
type form struct{ msgType, fileType string }

var plainFile = form{msgFile, "stream"}

// formOf picks the form by what the bytes are.
func formOf(m *adapters.Media) form {
	kind := strings.ToLower(m.MIME)
	switch {
	case isPicture(m.Kind) && m.Size <= maxImage && slices.Contains(imageTypes, kind):
		return form{msgType: msgImage}
	case m.Kind == adapters.AttachmentVoice && (kind == "audio/ogg" || kind == "audio/opus"):
		return form{msgAudio, "opus"}
	case (m.Kind == adapters.AttachmentVideo || m.Kind == adapters.AttachmentAnimation) && kind == "video/mp4":
		return form{msgMedia, "mp4"}
	default:
		return form{msgFile, documentType(m.Name)}
	}
}

func isPicture(k adapters.AttachmentKind) bool {
	return k == adapters.AttachmentImage || k == adapters.AttachmentSticker || k == adapters.AttachmentAnimation
}

func documentType(name string) string {
	switch strings.ToLower(path.Ext(name)) {
	case ".pdf":
		return "pdf"
	case ".doc", ".docx":
		return "doc"
	case ".xls", ".xlsx":
		return "xls"
	case ".ppt", ".pptx":
		return "ppt"
	default:
		return plainFile.fileType
	}
}

// renderMedia uploads the bytes and answers with the message that shows them. Uploading again does no harm: nobody sees a file before it is sent.
func (c *client) renderMedia(ctx context.Context, out adapters.Outgoing) (rendered, error) {
	m := out.Media
	switch {
	case out.Card != nil || out.Text != "" || len(out.Choices) > 0:
		return rendered{}, rejected("media go alone")
	case m.Open == nil || m.Size <= 0 || m.Size > maxFile:
		return rendered{}, rejected("the file is empty, or larger than %d bytes", maxFile)
	}
	f := formOf(m)
	key, err := c.upload(ctx, m, f)
	if f.msgType != msgFile && refusedWith(err, codeTooLarge, codeImageFormat, codeResolution) {
		f = plainFile
		key, err = c.upload(ctx, m, f)
	}
	if err != nil {
		return rendered{}, err
	}
	name := "file_key"
	if f.fileType == "" {
		name = "image_key"
	}
	body, err := marshal(map[string]string{name: key})
	return rendered{kind: f.msgType, content: body}, err
}

// upload streams the bytes and returns their key. No message is accepted by it, so a fault is never unknown.
func (c *client) upload(ctx context.Context, m *adapters.Media, f form) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", notBegun("upload", err)
	}
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, uploadWithin)
		defer cancel()
	}
	var key string
	err := c.authorized(ctx, "upload", func(token string) error {
		var err error
		key, err = c.uploadOnce(ctx, m, f, token)
		return err
	})
	var se *adapters.SendError
	if errors.As(err, &se) && se.Reason == adapters.ReasonUnknown {
		se.Reason = adapters.ReasonUnavailable
	}
	return key, err
}

func (c *client) uploadOnce(ctx context.Context, m *adapters.Media, f form, token string) (string, error) {
	src, err := m.Open(ctx)
	if err != nil {
		return "", &adapters.SendError{Reason: adapters.ReasonUnavailable, Err: fmt.Errorf("the bytes cannot be read: %w", err)}
	}
	defer func() { _ = src.Close() }()
	exact := &exactly{src: src, left: m.Size}
	head, tail, contentType, err := multipartFrame(m, f)
	if err != nil {
		return "", rejected("the form cannot be written")
	}
	target := filesPath
	if f.fileType == "" {
		target = imagesPath
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.cfg.APIBase+target, io.MultiReader(bytes.NewReader(head), exact, bytes.NewReader(tail)))
	if err != nil {
		return "", rejected("the address cannot be built")
	}
	req.ContentLength = int64(len(head)) + m.Size + int64(len(tail))
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", contentType)
	resp, err := judging{c.patient}.Do(req)
	if exact.err != nil {
		return "", &adapters.SendError{Reason: adapters.ReasonUnavailable, Err: fmt.Errorf("the bytes cannot be read: %w", exact.err)}
	}
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	return uploadedKey(resp.Body)
}

func uploadedKey(body io.Reader) (string, error) {
	var answer struct {
		Data struct {
			ImageKey string `json:"image_key"`
			FileKey  string `json:"file_key"`
		} `json:"data"`
	}
	if err := json.NewDecoder(body).Decode(&answer); err != nil {
		return "", errNoFileKey
	}
	key := firstOf(answer.Data.FileKey, answer.Data.ImageKey)
	if key == "" {
		return "", errNoFileKey
	}
	return key, nil
}

var errNoFileKey = &adapters.SendError{Reason: adapters.ReasonUnavailable, Err: errors.New("the answer names no file")}

// multipartFrame writes what stands before and behind the bytes.
func multipartFrame(m *adapters.Media, f form) (head, tail []byte, contentType string, err error) {
	var buf bytes.Buffer
	w := multipart.NewWriter(&buf)
	fields := [][2]string{{"image_type", "message"}}
	part := "image"
	if f.fileType != "" {
		part = "file"
		fields = [][2]string{{"file_type", f.fileType}, {"file_name", uploadName(m)}}
		if m.Duration > 0 {
			fields = append(fields, [2]string{"duration", strconv.Itoa(m.Duration * 1000)})
		}
	}
	for _, kv := range fields {
		err = errors.Join(err, w.WriteField(kv[0], kv[1]))
	}
	_, partErr := w.CreateFormFile(part, uploadName(m))
	split := buf.Len()
	if err = errors.Join(err, partErr, w.Close()); err != nil {
		return nil, nil, "", err
	}
	return buf.Bytes()[:split], buf.Bytes()[split:], w.FormDataContentType(), nil
}

// uploadName is the file's name without line ends, which would end the form's header, and not too long.
func uploadName(m *adapters.Media) string {
	name := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, path.Base(strings.ReplaceAll(clean(m.Name), `\`, "/")))
	if name == "" || name == "." || name == "/" {
		name = string(m.Kind)
	}
	for len(name) > maxFileName { // the end tells what it is
		_, size := utf8.DecodeRuneInString(name)
		name = name[size:]
	}
	return name
}

// exactly reads what the form promised. Fewer bytes are an error: the file changed meanwhile.
type exactly struct {
	src  io.Reader
	left int64
	err  error
}

var errShort = errors.New("the file is shorter than promised")

func (e *exactly) Read(p []byte) (int, error) {
	if e.err != nil {
		return 0, e.err
	}
	if e.left == 0 {
		return 0, io.EOF
	}
	if int64(len(p)) > e.left {
		p = p[:e.left]
	}
	n, err := e.src.Read(p)
	e.left -= int64(n)
	switch {
	case errors.Is(err, io.EOF) && e.left > 0:
		e.err = errShort
	case err != nil && !errors.Is(err, io.EOF):
		e.err = err
	}
	return n, e.err
}
