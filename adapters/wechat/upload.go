package wechat

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"path"
	"strings"

	"kefu/adapters"
)

// upload stores media on the platform for the one message that will show it, and returns their id. Nothing is posted yet, whatever happens here.
func (c *client) upload(ctx context.Context, word string, m *adapters.Media) (id string, err error) {
	err = c.withToken(ctx, func(token string) error {
		id, err = c.uploadWith(ctx, url.Values{"access_token": {token}, "type": {word}}, m)
		return err
	})
	return id, err
}

func (c *client) uploadWith(ctx context.Context, query url.Values, m *adapters.Media) (string, error) {
	bytes, err := m.Open(ctx)
	if err != nil {
		return "", refuse(adapters.ReasonUnavailable, "the bytes of the media cannot be read")
	}
	defer bytes.Close()
	body, length, contentType, err := form(m, bytes)
	if err != nil {
		return "", refuse(adapters.ReasonRejected, pathMediaUpload+": "+err.Error())
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+pathMediaUpload+"?"+query.Encode(), body)
	if err != nil {
		return "", refuse(adapters.ReasonRejected, pathMediaUpload+": bad address")
	}
	req.ContentLength = length
	req.Header.Set("Content-Type", contentType)
	resp, err := c.http.Do(req)
	if err != nil {
		return "", beforeSend(adapters.TransportError(pathMediaUpload, err))
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxRefusal))
	if err != nil {
		return "", refuse(adapters.ReasonUnavailable, pathMediaUpload+": answer cut off")
	}
	if err := refusal(pathMediaUpload, resp.StatusCode, answer); err != nil {
		return "", beforeSend(err)
	}
	var v struct {
		MediaID string `json:"media_id"`
	}
	if json.Unmarshal(answer, &v) != nil || v.MediaID == "" {
		return "", refuse(adapters.ReasonUnavailable, pathMediaUpload+": unreadable answer")
	}
	return v.MediaID, nil
}

// form wraps bytes in the platform's form without holding them: its length is known before.
func form(m *adapters.Media, content io.Reader) (body io.Reader, length int64, contentType string, err error) {
	var head bytes.Buffer
	w := multipart.NewWriter(&head)
	if _, err := w.CreateFormFile("media", fileName(m)); err != nil {
		return nil, 0, "", fmt.Errorf("form: %w", err)
	}
	start := bytes.Clone(head.Bytes())
	if err := w.Close(); err != nil {
		return nil, 0, "", fmt.Errorf("form: %w", err)
	}
	end := head.Bytes()[len(start):]
	body = io.MultiReader(bytes.NewReader(start), &exactly{from: content, left: m.Size}, bytes.NewReader(end))
	return body, int64(len(start)) + m.Size + int64(len(end)), w.FormDataContentType(), nil
}

// fileName keeps the media's name where it ends as its type does.
func fileName(m *adapters.Media) string {
	standard := fileNames[m.MIME]
	ending := path.Ext(standard)
	if name := path.Base(strings.ReplaceAll(m.Name, `\`, "/")); m.Name != "" && strings.EqualFold(path.Ext(name), ending) {
		return name
	}
	return cmp.Or(standard, "file")
}

// exactly reads as many bytes as were promised; fewer are an error, so that the platform never takes half a file for a whole one.
type exactly struct {
	from io.Reader
	left int64
}

var errShort = errors.New("the media are shorter than they should be")

func (e *exactly) Read(p []byte) (int, error) {
	if e.left == 0 {
		return 0, io.EOF
	}
	n, err := e.from.Read(p[:min(int64(len(p)), e.left)])
	e.left -= int64(n)
	if errors.Is(err, io.EOF) {
		err = nil
		if e.left > 0 {
			err = errShort
		}
	}
	return n, err
}
