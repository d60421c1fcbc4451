package wechatsim_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"kefu/adapters/wechat/wechatsim"
	"kefu/internal/sim"
)

const (
	pathSend   = "/cgi-bin/message/custom/send"
	pathTyping = "/cgi-bin/message/custom/typing"
)

func TestTokenStaysTheSameUntilShortlyBeforeItsEnd(t *testing.T) {
	var c clock
	s := start(t, wechatsim.Options{Now: c.now, WebhookURL: "http://127.0.0.1:1"})
	first := fetch(t, s, false)
	if first.AccessToken == "" || first.ExpiresIn != 7200 {
		t.Fatalf("token = %+v, want one for 7200 s", first)
	}
	c.move(time.Hour)
	if again := fetch(t, s, false); again.AccessToken != first.AccessToken || again.ExpiresIn != 3600 {
		t.Errorf("after an hour: %+v, want the same for 3600 s", again)
	}
	c.move(56 * time.Minute)
	second := fetch(t, s, false)
	if second.AccessToken == first.AccessToken {
		t.Fatal("four minutes before the end the token is still the same")
	}
	for name, token := range map[string]string{"old": first.AccessToken, "new": second.AccessToken} {
		if code := send(t, s, pathSend, token, text(person, "x")); code != 40003 { // nobody has written yet
			t.Errorf("the %s token during the overlap: %d, want it accepted", name, code)
		}
	}
	c.move(5 * time.Minute)
	if code := send(t, s, pathSend, first.AccessToken, text(person, "x")); code != 42001 {
		t.Errorf("the old token after its end: %d, want 42001", code)
	}
}

func TestForcedRefresh(t *testing.T) {
	var c clock
	s := start(t, wechatsim.Options{Now: c.now})
	old := fetch(t, s, false).AccessToken
	if forced := fetch(t, s, true); forced.AccessToken == old || forced.ErrCode != 0 {
		t.Fatalf("forced = %+v, want another token", forced)
	}
	if code := send(t, s, pathSend, old, text(person, "x")); code != 40001 {
		t.Errorf("the replaced token: %d, want 40001", code)
	}
	if again := fetch(t, s, true); again.ErrCode != 45011 {
		t.Errorf("forced again at once: %d, want 45011", again.ErrCode)
	}
	for n := range 19 {
		c.move(31 * time.Second)
		if got := fetch(t, s, true); got.ErrCode != 0 {
			t.Fatalf("refresh %d of the day: %d", n+2, got.ErrCode)
		}
	}
	c.move(31 * time.Second)
	if got := fetch(t, s, true); got.ErrCode != 45009 {
		t.Errorf("refresh 21 of the day: %d, want 45009", got.ErrCode)
	}
	c.move(24 * time.Hour)
	if got := fetch(t, s, true); got.ErrCode != 0 {
		t.Errorf("the next day: %d, want a token", got.ErrCode)
	}
}

func TestTokenRefusals(t *testing.T) {
	s := start(t, wechatsim.Options{})
	o := s.Account()
	body := func(grant, appID, secret string) string {
		return fmt.Sprintf(`{"grant_type":%q,"appid":%q,"secret":%q}`, grant, appID, secret)
	}
	for _, test := range []struct {
		name, method, body string
		want               int
	}{
		{"GET", http.MethodGet, "", 43002},
		{"nothing", http.MethodPost, "", 44002},
		{"no json", http.MethodPost, "grant_type=client_credential", 47001},
		{"grant type", http.MethodPost, body("password", o.AppID, o.AppSecret), 40002},
		{"no app id", http.MethodPost, body("client_credential", "", o.AppSecret), 41002},
		{"no secret", http.MethodPost, body("client_credential", o.AppID, ""), 41004},
		{"another app", http.MethodPost, body("client_credential", "wx1", o.AppSecret), 40013},
		{"another secret", http.MethodPost, body("client_credential", o.AppID, "x"), 40125},
	} {
		got := call(t, test.method, s.BaseURL()+"/cgi-bin/stable_token", "application/json", test.body)
		if got.ErrCode != test.want || !strings.Contains(got.ErrMsg, " rid: ") {
			t.Errorf("%s: %d %q, want %d with a rid", test.name, got.ErrCode, got.ErrMsg, test.want)
		}
		if s.Refusals()[fmt.Sprint(test.want)] != 1 {
			t.Errorf("%s: refusals = %v, want %d counted once", test.name, s.Refusals(), test.want)
		}
	}
	if got := call(t, http.MethodPost, s.BaseURL()+"/cgi-bin/message/mass/send", "application/json", "{}"); got.ErrCode != 40066 {
		t.Errorf("unknown path: %d, want 40066", got.ErrCode)
	}
}

// known is a simulator where person has written, and a token.
func known(t *testing.T, o wechatsim.Options) (*wechatsim.Sim, string) {
	t.Helper()
	s := start(t, o)
	serve(t, s, &webhook{})
	say(t, s, sim.Say{Text: "hello"})
	settle(t, s)
	return s, fetch(t, s, false).AccessToken
}

func TestSendRefusals(t *testing.T) {
	s, token := known(t, quick())
	long := strings.Repeat("好", 682) + "xx" // 2,048 bytes
	for _, test := range []struct {
		name, token, body string
		want              int
	}{
		{"good", token, text(person, "您好 <a href=\"https://example.com\">&</a>"), 0},
		{"longest", token, text(person, long), 0},
		{"too long", token, text(person, long+"x"), 45002},
		{"no token", "", text(person, "x"), 41001},
		{"a token nobody issued", strings.Repeat("x", 100), text(person, "x"), 40001},
		{"no token at all", "abc", text(person, "x"), 40014},
		{"nothing", token, "", 44002},
		{"no json", token, "touser=x", 47001},
		{"not utf-8", token, "{\"touser\":\"\xff\"}", 47001},
		{"escaped", token, `{"touser":"` + person + `","msgtype":"text","text":{"content":"a\u003cb"}}`, 40033},
		{"a backslash before u", token, `{"touser":"` + person + `","msgtype":"text","text":{"content":"a\\u003cb"}}`, 0},
		{"stranger", token, text("oStranger", "x"), 40003},
		{"no type", token, `{"touser":"` + person + `"}`, 40008},
		{"unknown type", token, `{"touser":"` + person + `","msgtype":"sticker"}`, 40008},
		{"blank", token, text(person, " \n"), 44004},
		{"no such medium", token, `{"touser":"` + person + `","msgtype":"image","image":{"media_id":"x"}}`, 40007},
	} {
		if got := send(t, s, pathSend, test.token, test.body); got != test.want {
			t.Errorf("%s: %d, want %d", test.name, got, test.want)
		}
	}
	var posted []string
	for _, p := range s.Posts(0) {
		if p.From == "" {
			posted = append(posted, p.Text)
		}
	}
	want := []string{"您好 &", long, `a\u003cb`}
	if !slices.Equal(posted, want) {
		t.Errorf("posted %q, want %q", posted, want)
	}
}

func TestWindowAndQuotas(t *testing.T) {
	var c clock
	o := quick()
	o.Now, o.TokenLife = c.now, 1000*time.Hour
	s, token := known(t, o)
	push := func() int { return send(t, s, pathSend, token, text(person, "x")) }
	steps := []struct {
		does string
		do   func()
		want []int
	}{
		{"a message grants five", nil, []int{0, 0, 0, 0, 0, 45047}},
		{"the menu grants three", func() { say(t, s, sim.Say{Event: "menu", Press: "HELP"}) }, []int{0, 0, 0, 45047}},
		{"a message grants five again", func() { say(t, s, sim.Say{Text: "again"}) }, []int{0}},
		{"for 48 hours", func() { c.move(48*time.Hour - time.Second) }, []int{0}},
		{"and no longer", func() { c.move(time.Second) }, []int{45015}},
		{"a scan grants three for a minute", func() { say(t, s, sim.Say{Event: "scan", Press: "7"}); c.move(59 * time.Second) }, []int{0}},
		{"and no longer", func() { c.move(time.Second) }, []int{45015}},
		{"a link grants nothing", func() { say(t, s, sim.Say{Event: "view", Press: "https://example.com"}) }, []int{45015}},
		{"who left cannot be reached", func() { say(t, s, sim.Say{Text: "x"}); say(t, s, sim.Say{Event: "stop"}) }, []int{45015}},
		{"who comes back grants three", func() { say(t, s, sim.Say{Event: "start"}) }, []int{0, 0, 0, 45047}},
	}
	for _, step := range steps {
		if step.do != nil {
			step.do()
		}
		for i, want := range step.want {
			if got := push(); got != want {
				t.Errorf("%s: send %d: %d, want %d", step.does, i+1, got, want)
			}
		}
	}
}

func TestTypingRules(t *testing.T) {
	var c clock
	o := quick()
	o.Now = c.now
	s, token := known(t, o)
	typing := func(command string) int {
		return send(t, s, pathTyping, token, fmt.Sprintf(`{"touser":%q,"command":%q}`, person, command))
	}
	steps := []struct {
		name string
		got  func() int
		want int
	}{
		{"unknown command", func() int { return typing("typing") }, 45072},
		{"first", func() int { return typing("Typing") }, 0},
		{"again", func() int { return typing("Typing") }, 45081},
		{"ended and again", func() int { typing("CancelTyping"); return typing("Typing") }, 0},
		{"after a send", func() int { send(t, s, pathSend, token, text(person, "x")); return typing("Typing") }, 0},
		{"after 15 s", func() int { c.move(15 * time.Second); return typing("Typing") }, 0},
		{"after 31 s", func() int { c.move(16 * time.Second); return typing("Typing") }, 45080},
		{"stranger", func() int { return send(t, s, pathTyping, token, `{"touser":"o2","command":"Typing"}`) }, 40003},
	}
	for _, step := range steps {
		if got := step.got(); got != step.want {
			t.Errorf("%s: %d, want %d", step.name, got, step.want)
		}
	}
}

func TestPassiveOnlyAccount(t *testing.T) {
	o := quick()
	o.PassiveOnly = true
	s, token := known(t, o)
	if got := send(t, s, pathSend, token, text(person, "x")); got != 48001 {
		t.Errorf("send: %d, want 48001", got)
	}
	if got := send(t, s, pathTyping, token, `{"touser":"`+person+`","command":"Typing"}`); got != 48001 {
		t.Errorf("typing: %d, want 48001", got)
	}
}

func upload(t *testing.T, s *wechatsim.Sim, token, kind string, size int) result {
	t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	part, err := form.CreateFormFile("media", "file.bin")
	if err != nil {
		t.Fatal(err)
	}
	head := map[string]string{"image": "\x89PNG\r\n\x1a\n", "thumb": "\xff\xd8\xff\xe0", "voice": "#!AMR\n", "video": "\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"}[kind]
	if size < len(head) {
		head = head[:size]
	}
	if _, err := part.Write(append([]byte(head), bytes.Repeat([]byte("x"), size-len(head))...)); err != nil {
		t.Fatal(err)
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	return call(t, http.MethodPost, s.BaseURL()+"/cgi-bin/media/upload?type="+kind+"&access_token="+token, form.FormDataContentType(), b.String())
}

func download(t *testing.T, url string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestMedia(t *testing.T) {
	var c clock
	o := quick()
	o.Now, o.TokenLife = c.now, 1000*time.Hour
	s, token := known(t, o)
	get := s.BaseURL() + "/cgi-bin/media/get?access_token=" + token + "&media_id="
	image, video := upload(t, s, token, "image", 100), upload(t, s, token, "video", 200)
	if got := download(t, get+image.MediaID); len(got) != 100 {
		t.Errorf("image: got %d bytes, want 100", len(got))
	}
	if got := call(t, http.MethodGet, get+video.MediaID, "", ""); got.VideoURL == "" || len(download(t, got.VideoURL)) != 200 {
		t.Errorf("video: %+v, want the address of 200 bytes", got)
	}
	if got := send(t, s, pathSend, token, `{"touser":"`+person+`","msgtype":"image","image":{"media_id":"`+image.MediaID+`"}}`); got != 0 {
		t.Errorf("sending the image: %d", got)
	}
	for name, test := range map[string]struct{ got, want int }{
		"type":       {upload(t, s, token, "file", 1).ErrCode, 40004},
		"size":       {upload(t, s, token, "thumb", 65<<10).ErrCode, 45001},
		"other type": {upload(t, s, token, "image", 3).ErrCode, 40005},
		"empty":      {upload(t, s, token, "image", 0).ErrCode, 41005},
		"no form":    {call(t, http.MethodPost, s.BaseURL()+"/cgi-bin/media/upload?type=image&access_token="+token, "image/png", "x").ErrCode, 41005},
		"unknown id": {call(t, http.MethodGet, get+"x", "", "").ErrCode, 40007},
		"no token":   {call(t, http.MethodGet, s.BaseURL()+"/cgi-bin/media/get", "", "").ErrCode, 41001},
		"POST":       {call(t, http.MethodPost, get+image.MediaID, "", "x").ErrCode, 43001},
	} {
		if test.got != test.want {
			t.Errorf("%s: %d, want %d", name, test.got, test.want)
		}
	}
	c.move(72 * time.Hour)
	if got := call(t, http.MethodGet, get+image.MediaID, "", ""); got.ErrCode != 40007 {
		t.Errorf("after three days: %d, want 40007", got.ErrCode)
	}
}

func TestMediaStoreIsBounded(t *testing.T) {
	s, token := known(t, quick())
	first := upload(t, s, token, "image", 1).MediaID
	for range 256 {
		upload(t, s, token, "image", 1)
	}
	if got := call(t, http.MethodGet, s.BaseURL()+"/cgi-bin/media/get?access_token="+token+"&media_id="+first, "", ""); got.ErrCode != 40007 {
		t.Errorf("the oldest of 257: %d, want it gone", got.ErrCode)
	}
}

func TestMenuMessages(t *testing.T) {
	s, token := known(t, quick())
	menu := `{"touser":"` + person + `","msgtype":"msgmenu","msgmenu":{"head_content":"满意吗?","list":[{"id":"101","content":"满意"},{"id":"102","content":"不满意"}],"tail_content":"谢谢"}}`
	if got := send(t, s, pathSend, token, menu); got != 0 {
		t.Fatalf("send: %d", got)
	}
	h := &webhook{}
	serve(t, s, h)
	say(t, s, sim.Say{Press: "102"})
	settle(t, s)
	if got := h.all(); len(got) != 1 || got[0].content != "不满意" || !strings.Contains(got[0].raw, "<bizmsgmenuid>102</bizmsgmenuid>") {
		t.Errorf("delivered %+v, want the item's words and id", got)
	}
}

func TestAPIFaults(t *testing.T) {
	for _, test := range []struct {
		fault    sim.Fault
		accepted bool
		status   int // 0 = no answer
		body     string
	}{
		{sim.FaultNone, true, 200, `"errcode":0`},
		{sim.FaultRateLimit, false, 200, `"errcode":45011`},
		{sim.FaultServerError, false, 502, "<html>"},
		{sim.FaultReset, false, 0, ""},
		{sim.FaultAcceptThenCut, true, 0, ""},
		{sim.FaultAcceptThen5xx, true, 502, "<html>"},
		{sim.FaultBadJSON, true, 200, `{"errcode":0,"errm`},
		{sim.FaultSlow, true, 0, ""},
		{sim.FaultTokenExpired, false, 200, `"errcode":40001`},
	} {
		t.Run(string(test.fault), func(t *testing.T) {
			s, token := known(t, quick())
			before := len(s.Posts(0))
			s.Faults().Plan(func(op string) sim.Fault {
				if op != pathSend {
					return sim.FaultNone
				}
				return test.fault
			})
			patience := 5 * time.Second
			if test.fault == sim.FaultSlow {
				patience = 300 * time.Millisecond
			}
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.BaseURL()+pathSend+"?access_token="+token, strings.NewReader(text(person, "x")))
			if err != nil {
				t.Fatal(err)
			}
			status, body := 0, []byte(nil)
			if resp, err := client().Do(r); err == nil {
				status = resp.StatusCode
				body, _ = io.ReadAll(resp.Body)
				_ = resp.Body.Close()
			}
			if status != test.status || !strings.Contains(string(body), test.body) {
				t.Errorf("answered %d %q, want %d %q", status, body, test.status, test.body)
			}
			if accepted := len(s.Posts(0)) > before; accepted != test.accepted {
				t.Errorf("accepted = %v, want %v", accepted, test.accepted)
			}
		})
	}
}
