package wechat

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"syscall"
	"time"

	"kefu/adapters"
)

const (
	pathMediaGet    = "/cgi-bin/media/get"
	pathMediaUpload = "/cgi-bin/media/upload"

	codeMediaID = 40007

	// maxFetch is above what people can send to an account.
	maxFetch = 32 << 20
	// maxRefusal is the longest answer read in search of an errcode or an address.
	maxRefusal = 64 << 10
)

// mediaLimits are those of temporary media: https://developers.weixin.qq.com/doc/service/api/material/temporary/api_uploadtempmedia .
func mediaLimits() map[adapters.AttachmentKind]adapters.MediaLimit {
	picture := adapters.MediaLimit{MaxBytes: 10 << 20, MIMEs: []string{"image/jpeg", "image/png", "image/gif"}}
	voice := adapters.MediaLimit{MaxBytes: 2 << 20, MaxDuration: 60, MIMEs: []string{"audio/amr", "audio/mpeg"}}
	video := adapters.MediaLimit{MaxBytes: 10 << 20, MIMEs: []string{"video/mp4"}}
	moving := adapters.MediaLimit{MaxBytes: 10 << 20, MIMEs: []string{"image/gif", "video/mp4"}}
	return map[adapters.AttachmentKind]adapters.MediaLimit{
		adapters.AttachmentImage: picture, adapters.AttachmentSticker: picture, adapters.AttachmentAnimation: moving,
		adapters.AttachmentVoice: voice, adapters.AttachmentAudio: voice, adapters.AttachmentVideo: video,
	}
}

// mediaID is what the platform's ids look like; nothing else is asked for.
var mediaID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}$`)

// voiceRef names both recordings of a voice message, the better first.
func voiceRef(ids ...string) string {
	var kept []string
	for _, id := range ids {
		if id != "" {
			kept = append(kept, id)
		}
	}
	return strings.Join(kept, ",")
}

// OpenMedia implements adapters.MediaOpener. The platform keeps what people send for three days. It names videos by an address, which is followed only to
// the API's own host or, over https, to public addresses.
func (a *Adapter) OpenMedia(ctx context.Context, _ adapters.Message, at adapters.Attachment) (adapters.MediaStream, error) {
	if a.client.secret == "" {
		return adapters.MediaStream{}, refuse(adapters.ReasonRejected, "without app_secret nothing can be fetched")
	}
	err := error(refuse(adapters.ReasonRejected, "no media id"))
	for _, id := range strings.Split(at.Ref, ",") {
		if !mediaID.MatchString(id) {
			return adapters.MediaStream{}, refuse(adapters.ReasonRejected, "not a media id")
		}
		var s adapters.MediaStream
		if s, err = a.client.openMedia(ctx, id); !hasCode(err, codeMediaID) {
			return s, err
		}
	}
	return adapters.MediaStream{}, err
}

func (c *client) openMedia(ctx context.Context, id string) (s adapters.MediaStream, err error) {
	err = c.withToken(ctx, func(token string) error {
		s, err = c.getMedia(ctx, url.Values{"access_token": {token}, "media_id": {id}})
		return err
	})
	return s, err
}

func (c *client) getMedia(ctx context.Context, query url.Values) (adapters.MediaStream, error) {
	resp, err := c.get(ctx, c.http, c.base+pathMediaGet+"?"+query.Encode())
	if err != nil {
		return adapters.MediaStream{}, err
	}
	if !isWords(resp.Header.Get("Content-Type")) && resp.StatusCode == http.StatusOK {
		return stream(resp), nil
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxRefusal))
	if err != nil {
		return adapters.MediaStream{}, &adapters.SendError{Reason: adapters.ReasonUnknown, Err: fmt.Errorf("%s: answer cut off", pathMediaGet)}
	}
	if err := refusal(pathMediaGet, resp.StatusCode, body); err != nil {
		return adapters.MediaStream{}, err
	}
	var v struct {
		VideoURL string `json:"video_url"`
	}
	if json.Unmarshal(body, &v) != nil || v.VideoURL == "" {
		return adapters.MediaStream{}, &adapters.SendError{Reason: adapters.ReasonUnknown, Err: fmt.Errorf("%s: unreadable answer", pathMediaGet)}
	}
	return c.openVideo(ctx, v.VideoURL)
}

// isWords says that an answer is JSON, which the platform also labels as plain text.
func isWords(contentType string) bool {
	kind, _, _ := mime.ParseMediaType(contentType)
	return kind == "application/json" || strings.HasPrefix(kind, "text/")
}

// openVideo follows the address of a video.
func (c *client) openVideo(ctx context.Context, address string) (adapters.MediaStream, error) {
	u, err := url.Parse(address)
	if err != nil || u.User != nil {
		return adapters.MediaStream{}, refuse(adapters.ReasonRejected, "video: not an address")
	}
	caller := c.outside
	if own, err := url.Parse(c.base); err == nil && u.Scheme == own.Scheme && u.Host == own.Host {
		caller = c.http
	} else if u.Scheme != "https" {
		return adapters.MediaStream{}, refuse(adapters.ReasonRejected, "video: its address is not https")
	}
	resp, err := c.get(ctx, caller, u.String())
	switch {
	case errors.Is(err, errNotPublic):
		return adapters.MediaStream{}, refuse(adapters.ReasonRejected, "video: its address is not public")
	case err != nil:
		return adapters.MediaStream{}, err
	case resp.StatusCode == http.StatusOK:
		return stream(resp), nil
	}
	resp.Body.Close()
	if resp.StatusCode >= 400 && resp.StatusCode < 500 && resp.StatusCode != http.StatusTooManyRequests {
		return adapters.MediaStream{}, refuse(adapters.ReasonRejected, fmt.Sprintf("video: HTTP status %d", resp.StatusCode))
	}
	return adapters.MediaStream{}, refuse(adapters.ReasonUnavailable, fmt.Sprintf("video: HTTP status %d", resp.StatusCode))
}

func (c *client) get(ctx context.Context, caller *http.Client, address string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, refuse(adapters.ReasonRejected, "media: bad address")
	}
	resp, err := caller.Do(req)
	if err != nil {
		return nil, adapters.TransportError(pathMediaGet, err)
	}
	return resp, nil
}

func stream(resp *http.Response) adapters.MediaStream {
	s := adapters.MediaStream{ReadCloser: resp.Body, MIME: resp.Header.Get("Content-Type"), Size: resp.ContentLength}
	if _, params, err := mime.ParseMediaType(resp.Header.Get("Content-Disposition")); err == nil {
		s.Name = params["filename"]
	}
	return s
}

// errNotPublic stops a connection to a place that only this machine or its network can reach.
var errNotPublic = errors.New("address is not public")

// newOutside makes the client for addresses named by the platform: it connects to public addresses only, looked at after the name was resolved, and follows nothing on.
func newOutside() *http.Client {
	dialer := &net.Dialer{Timeout: 5 * time.Second, Control: func(_, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil || !public(at.Addr()) {
			return errNotPublic
		}
		return nil
	}}
	return &http.Client{
		Timeout: 60 * time.Second,
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSHandshakeTimeout: 5 * time.Second, ResponseHeaderTimeout: 10 * time.Second,
			MaxIdleConns: 4, IdleConnTimeout: 30 * time.Second,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// staying is c without following redirects: neither a token nor a fetch is led elsewhere.
func staying(c *http.Client) *http.Client {
	own := *c
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &own
}

// closed are ranges that netip has no word for: shared address space, protocol assignments, benchmarks, addresses that hold an IPv4 one.
var closed = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"), netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("240.0.0.0/4"), netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("2002::/16"), netip.MustParsePrefix("2001::/32"),
}

func public(ip netip.Addr) bool {
	ip = ip.Unmap()
	for _, p := range closed {
		if p.Contains(ip) {
			return false
		}
	}
	return ip.IsGlobalUnicast() && !ip.IsPrivate()
}

// mediaWord is the platform's word for what m would be sent as; "" when it has none.
func mediaWord(m *adapters.Media) string {
	switch m.Kind {
	case adapters.AttachmentImage, adapters.AttachmentSticker:
		return "image"
	case adapters.AttachmentVoice, adapters.AttachmentAudio:
		return "voice"
	case adapters.AttachmentVideo:
		return "video"
	case adapters.AttachmentAnimation:
		if m.MIME == "video/mp4" {
			return "video"
		}
		return "image"
	}
	return ""
}

// fileNames end as the platform expects of each type: it refuses others.
var fileNames = map[string]string{
	"image/jpeg": "image.jpg", "image/png": "image.png", "image/gif": "image.gif", "audio/amr": "voice.amr", "audio/mpeg": "voice.mp3", "video/mp4": "video.mp4",
}

// checkMedia refuses what the platform would refuse after taking it all in.
func checkMedia(m *adapters.Media) error {
	limit, ok := mediaLimits()[m.Kind]
	switch {
	case !ok || !limit.Takes(m.MIME):
		return refuse(adapters.ReasonRejected, fmt.Sprintf("%s of type %s cannot be sent", m.Kind, cmp.Or(m.MIME, "unknown")))
	case !limit.Fits(m):
		return refuse(adapters.ReasonRejected, fmt.Sprintf("%s of %d bytes, %d s: the limit is %d bytes, %d s", m.Kind, m.Size, m.Duration, limit.MaxBytes, limit.MaxDuration))
	case m.Open == nil:
		return refuse(adapters.ReasonRejected, "media without bytes")
	}
	return nil
}
