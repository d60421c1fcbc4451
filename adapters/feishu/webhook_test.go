package feishu_test

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kefu/adapters"
	"kefu/adapters/adaptertest"
	"kefu/adapters/feishu"
	"kefu/adapters/feishu/feishusim"
	"kefu/internal/sim"
)

// seal encrypts with a padding of the caller's choice; nil = PKCS#7.
func seal(t testing.TB, plain, key string, padding []byte) string {
	t.Helper()
	if padding == nil {
		n := aes.BlockSize - len(plain)%aes.BlockSize
		padding = []byte(strings.Repeat(string(rune(n)), n))
	}
	sum := sha256.Sum256([]byte(key))
	block, err := aes.NewCipher(sum[:])
	if err != nil {
		t.Fatal(err)
	}
	iv := make([]byte, aes.BlockSize)
	data := append([]byte(plain), padding...)
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(data, data)
	return `{"encrypt":"` + base64.StdEncoding.EncodeToString(append(iv, data...)) + `"}`
}

func signed(key, body string, at int64) http.Header {
	timestamp := fmt.Sprint(at)
	sum := sha256.Sum256([]byte(timestamp + "nonce" + key + body))
	h := http.Header{}
	h.Set("X-Lark-Request-Timestamp", timestamp)
	h.Set("X-Lark-Request-Nonce", "nonce")
	h.Set("X-Lark-Signature", hex.EncodeToString(sum[:]))
	return h
}

// textEvent has no multiple of the block size, so that its padding can be crooked.
const textEvent = `{"schema":"2.0","header":{"event_id":"e","event_type":"im.message.receive_v1","token":"` + testToken + `"},"event":{` +
	`"sender":{"sender_id":{"open_id":"ou_1"},"sender_type":"user"},"message":{"message_id":"om_1","chat_id":"oc_1","chat_type":"p2p",` +
	`"message_type":"text","content":"{\"text\":\"hi\"}","create_time":"1711000000000"}}}`

const challenge = `{"challenge":"ajls\"<384&kdjx98XX","token":"` + testToken + `","type":"url_verification"}`

func TestVerification(t *testing.T) {
	const now = 1711000100
	swap := func(s, token string) string { return strings.ReplaceAll(s, testToken, token) }
	withKey := func(c *feishu.Config) { c.EncryptKey = testKey }
	rotated := func(c *feishu.Config) {
		c.EncryptKey, c.EncryptKeyPrevious = "the-new-key", testKey
		c.VerificationToken, c.VerificationTokenPrevious = "the-new-token", testToken
	}
	sealed := seal(t, textEvent, testKey, nil)
	short := aes.BlockSize - len(textEvent)%aes.BlockSize
	zeros := seal(t, textEvent, testKey, make([]byte, short))
	crooked := seal(t, textEvent, testKey, []byte(strings.Repeat(" ", short-1)+string(rune(short))))
	for _, row := range []struct {
		name   string
		config func(*feishu.Config)
		header http.Header
		body   string
		want   int
	}{
		{"signed and encrypted", withKey, signed(testKey, sealed, now), sealed, 200},
		{"with the previous key and token", rotated, signed(testKey, sealed, now), sealed, 200},
		{"plain with the token", nil, nil, textEvent, 200},
		{"plain with the previous token", func(c *feishu.Config) { c.VerificationToken, c.VerificationTokenPrevious = "new", testToken }, nil, textEvent, 200},
		{"seven hours old", withKey, signed(testKey, sealed, now-7*3600), sealed, 200},
		{"a second older", withKey, signed(testKey, sealed, now-7*3600-1), sealed, 401},
		{"five minutes ahead", withKey, signed(testKey, sealed, now+300), sealed, 200},
		{"a second further ahead", withKey, signed(testKey, sealed, now+301), sealed, 401},
		{"timestamp 1", withKey, signed(testKey, sealed, 1), sealed, 401},
		{"signed with another key", withKey, signed("guess", sealed, now), sealed, 401},
		{"body changed after signing", withKey, signed(testKey, sealed, now), sealed + " ", 401},
		{"not signed", withKey, nil, sealed, 401},
		{"plain although there is a key", withKey, nil, textEvent, 401},
		{"plain and signed", withKey, signed(testKey, textEvent, now), textEvent, 400},
		{"encrypted although there is no key", nil, signed(testKey, sealed, now), sealed, 401},
		{"a wrong token inside a good signature", withKey, signed(testKey, seal(t, swap(textEvent, "guess"), testKey, nil), now), seal(t, swap(textEvent, "guess"), testKey, nil), 401},
		{"plain with a wrong token", nil, nil, swap(textEvent, "guess"), 401},
		{"plain with an empty token", nil, nil, swap(textEvent, ""), 401},
		{"plain without a token", nil, nil, `{"schema":"2.0","header":{"event_type":"im.message.receive_v1"}}`, 401},
		{"signed, padding of zeros", withKey, signed(testKey, zeros, now), zeros, 400},
		{"signed, padding of other bytes", withKey, signed(testKey, crooked, now), crooked, 400},
		{"signed, half a block", withKey, signed(testKey, `{"encrypt":"QUJD"}`, now), `{"encrypt":"QUJD"}`, 400},
		{"signed, no base64", withKey, signed(testKey, `{"encrypt":"?"}`, now), `{"encrypt":"?"}`, 400},
		{"not JSON", nil, nil, "<xml/>", 400},
		{"nothing", nil, nil, "", 400},
	} {
		t.Run(row.name, func(t *testing.T) {
			a, gateway := offline(t, row.config)
			if got := post(t, a, row.header, []byte(row.body)).Code; got != row.want {
				t.Errorf("status = %d, want %d", got, row.want)
			}
			if n := len(gateway.Received()); (n == 1) != (row.want == 200) {
				t.Errorf("received %d messages", n)
			}
		})
	}
}

func TestURLCheck(t *testing.T) {
	withKey := func(c *feishu.Config) { c.EncryptKey = testKey }
	sealed := seal(t, challenge, testKey, nil)
	for _, row := range []struct {
		name   string
		config func(*feishu.Config)
		header http.Header
		body   string
		want   int
	}{
		{"plain", nil, nil, challenge, 200},
		{"plain, wrong token", nil, nil, strings.ReplaceAll(challenge, testToken, "guess"), 401},
		{"encrypted and not signed", withKey, nil, sealed, 200},
		{"encrypted and signed", withKey, signed(testKey, sealed, 1711000100), sealed, 200},
		{"encrypted, wrong token", withKey, nil, seal(t, strings.ReplaceAll(challenge, testToken, "guess"), testKey, nil), 401},
		{"plain although there is a key", withKey, nil, challenge, 401},
	} {
		t.Run(row.name, func(t *testing.T) {
			a, gateway := offline(t, row.config)
			w := post(t, a, row.header, []byte(row.body))
			if w.Code != row.want {
				t.Fatalf("status = %d, want %d", w.Code, row.want)
			}
			if len(gateway.Received()) != 0 {
				t.Error("the check was received as a message")
			}
			if row.want != 200 {
				return
			}
			var answer map[string]string
			if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || answer["challenge"] != `ajls"<384&kdjx98XX` {
				t.Errorf("answer = %s: %v", w.Body, err)
			}
			if got := w.Header().Get("Content-Type"); !strings.HasPrefix(got, "application/json") {
				t.Errorf("Content-Type = %q", got)
			}
		})
	}
}

// joined is an adapter and its simulator talking to each other.
type joined struct {
	*feishusim.Sim
	adapter *feishu.Adapter
	gateway *adaptertest.Gateway
	tokens  *adaptertest.Tokens
}

func join(t testing.TB, o feishusim.Options, change ...func(*adapters.Env)) joined {
	t.Helper()
	gateway := adaptertest.NewGateway()
	env, _ := adaptertest.NewEnv(t, gateway)
	for _, f := range change {
		f(&env)
	}
	s := startSim(t, o)
	a := newAdapter(t, config(s), env)
	s.SetWebhook(adaptertest.Serve(t, a))
	tokens, _ := env.Tokens.(*adaptertest.Tokens)
	return joined{Sim: s, adapter: a, gateway: gateway, tokens: tokens}
}

func (j joined) say(t testing.TB, say sim.Say) string {
	t.Helper()
	id, err := j.Say(t.Context(), say)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := j.Settled(ctx); err != nil {
		t.Fatal(err)
	}
	return id
}

func TestURLCheckEndToEnd(t *testing.T) {
	for _, o := range []feishusim.Options{{}, {NoEncryption: true}} {
		if err := join(t, o).VerifyWebhook(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

func TestEveryKindEndToEnd(t *testing.T) {
	j := join(t, feishusim.Options{})
	for kind, want := range map[string]adapters.AttachmentKind{
		"image": adapters.AttachmentImage, "file": adapters.AttachmentFile, "audio": adapters.AttachmentVoice, "media": adapters.AttachmentVideo,
		"sticker": adapters.AttachmentSticker, "location": adapters.AttachmentLocation, "share_user": adapters.AttachmentContact, "post": adapters.AttachmentImage,
	} {
		j.say(t, sim.Say{From: customer, Kind: kind, Text: "words"})
		got := j.gateway.Received()
		m := got[len(got)-1]
		if m.Kind != adapters.KindMessage || len(m.Attachments) != 1 || m.Attachments[0].Kind != want {
			t.Errorf("%s came as %+v", kind, m)
		}
	}
	j.say(t, sim.Say{From: customer, Kind: "hologram"})
	if got := j.gateway.Received(); got[len(got)-1].Kind != adapters.KindUnknown {
		t.Errorf("an unknown type came as %+v", got[len(got)-1])
	}
}

func TestGroupsEndToEnd(t *testing.T) {
	j := join(t, feishusim.Options{})
	j.say(t, sim.Say{From: member, Chat: group, Text: "among us"})
	if n := len(j.gateway.Received()); n != 0 {
		t.Errorf("received %d messages that do not mention the bot", n)
	}
	if err := j.RemoveBot(group, member); err != nil {
		t.Fatal(err)
	}
	if err := j.AddBot(group, member); err != nil {
		t.Fatal(err)
	}
	id := j.say(t, sim.Say{From: member, Chat: group, Text: "root", Mention: true})
	if err := j.Withdraw(id, true); err != nil {
		t.Fatal(err)
	}
	if err := j.Dissolve(group, member); err != nil {
		t.Fatal(err)
	}
	if err := j.Settled(t.Context()); err != nil {
		t.Fatal(err)
	}
	var events []adapters.Event
	for _, m := range j.gateway.Received() {
		if m.Kind == adapters.KindEvent {
			events = append(events, m.Event)
		}
	}
	want := []adapters.Event{adapters.EventBotRemoved, adapters.EventBotAdded, adapters.EventThreadGone, adapters.EventBotRemoved}
	if fmt.Sprint(events) != fmt.Sprint(want) {
		t.Errorf("events = %v, want %v", events, want)
	}
}

func TestButtonsKnowTheirPlace(t *testing.T) {
	j := join(t, feishusim.Options{})
	choices := []adapters.Choice{{ID: "claim", Label: "接入"}}
	thread, head, err := j.adapter.OpenThread(t.Context(), adapters.ThreadRequest{
		Chat: group, Title: "Case", Key: "k1", Head: adapters.Outgoing{Group: true, Text: "case 1", Choices: choices},
	})
	if err != nil {
		t.Fatal(err)
	}
	inside, err := j.adapter.Send(t.Context(), adapters.Outgoing{Key: "k2", Chat: group, Group: true, Thread: thread, Text: "again", Choices: choices})
	if err != nil {
		t.Fatal(err)
	}
	if inside.Thread != thread {
		t.Errorf("the message landed in thread %q, want %q", inside.Thread, thread)
	}
	for _, id := range []adapters.MessageID{head.ID, inside.ID} {
		j.say(t, sim.Say{From: member, Chat: group, ReplyTo: string(id), Press: "claim"})
		got := j.gateway.Received()
		m := got[len(got)-1]
		if m.Kind != adapters.KindCallback || !m.Group || m.Thread != thread || m.ReplyTo != id || m.Choice != "claim" {
			t.Errorf("the button of %s came as %+v", id, m)
		}
	}
	if got := j.Callbacks(); got["ok"] != 2 || len(got) != 1 {
		t.Errorf("the member saw %v, want two that went well", got)
	}
}

func TestCallbackIsNotRepeated(t *testing.T) {
	j := join(t, feishusim.Options{})
	j.say(t, sim.Say{From: customer, Text: "hi"})
	sent, err := j.adapter.Send(t.Context(), adapters.Outgoing{Key: "k", Chat: adapters.ChatID(j.PrivateChat(customer)), Text: "pick", Choices: []adapters.Choice{{ID: "a", Label: "A"}}})
	if err != nil {
		t.Fatal(err)
	}
	j.gateway.FailNext(1)
	j.say(t, sim.Say{From: customer, ReplyTo: string(sent.ID), Press: "a"})
	if got := j.Callbacks(); got["200671"] != 1 || len(got) != 1 {
		t.Errorf("the customer saw %v, want one error and no repeat", got)
	}
}

// TestToasts: who pressed learns at once whether it arrived, over either transport.
func TestToasts(t *testing.T) {
	words := func(w adapters.Word) map[string]string {
		return map[string]string{"zh-CN": "已收到 " + string(w), "en": string(w)}
	}
	for name, make := range map[string]func(t *testing.T) joined{
		"webhook":         func(t *testing.T) joined { return join(t, feishusim.Options{}, withWords(words)) },
		"long connection": func(t *testing.T) joined { return connect(t, feishusim.Options{}, nil, withWords(words)) },
	} {
		t.Run(name, func(t *testing.T) {
			j := make(t)
			sent, err := j.adapter.Send(t.Context(), adapters.Outgoing{Key: "k", Chat: adapters.ChatID(j.PrivateChat(customer)), Text: "pick", Choices: []adapters.Choice{{ID: "a", Label: "A"}}})
			if err != nil {
				t.Fatal(err)
			}
			j.say(t, sim.Say{From: customer, ReplyTo: string(sent.ID), Press: "a"})
			j.gateway.FailNext(1)
			j.say(t, sim.Say{From: customer, ReplyTo: string(sent.ID), Press: "a"})
			want := []string{"info: 已收到 pressed", "error: 已收到 again"}
			if diff := cmp.Diff(want, j.Toasts()); diff != "" || j.Callbacks()["ok"] != 2 {
				t.Errorf("callbacks %v, toasts (-want +got):\n%s", j.Callbacks(), diff)
			}
		})
	}
}

func withWords(words func(adapters.Word) map[string]string) func(*adapters.Env) {
	return func(e *adapters.Env) { e.Words = words }
}

// TestRepushWithBothTimestamps fails every push but the last: the platform may sign a repeat with the first time or a new one.
func TestRepushWithBothTimestamps(t *testing.T) {
	j := join(t, feishusim.Options{})
	j.gateway.FailNext(4)
	id := j.say(t, sim.Say{From: customer, Text: "patience"})
	if got := j.gateway.Received(); len(got) != 1 || string(got[0].Native) != id {
		t.Errorf("received %+v, want message %s once", got, id)
	}
}
