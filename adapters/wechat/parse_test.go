package wechat_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kefu/adapters"
	"kefu/adapters/adaptertest"
)

func file(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "deliveries", name+".xml"))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// The messages the files of testdata become, without what all have in common.
func written(m adapters.Message) adapters.Message {
	if m.Native == "" {
		m.Native = "6054768590064713728"
	}
	m.ID, m.Kind = "shop-wechat|"+person+"|message|"+string(m.Native), adapters.KindMessage
	return m
}

func happened(key string, m adapters.Message) adapters.Message {
	m.ID, m.Kind = "shop-wechat|"+person+"|event|1409735668+"+key, adapters.KindEvent
	return m
}

func attached(a adapters.Attachment) adapters.Message {
	return written(adapters.Message{Attachments: []adapters.Attachment{a}})
}

func TestDeliveriesNormalize(t *testing.T) {
	tests := []struct {
		file     string
		want     adapters.Message
		answered bool // the core was asked for a reply
	}{
		{"text", written(adapters.Message{Text: "退货 & <b>怎么</b> 办 😀"}), true},
		{"text_menu", written(adapters.Message{Text: "满意", Choice: "101"}), true},
		{"text_menu_word", written(adapters.Message{Text: "满意", Choice: "rate:good"}), true},
		{"control", written(adapters.Message{Native: "7", Text: "abcd\ufffde\u2028f\x7f"}), true},
		{"odd_id", written(adapters.Message{Native: "msg-not-a-number", Text: "hi"}), true},
		{"image", attached(adapters.Attachment{Kind: "image", Ref: "media-1", URL: "http://mmbiz.qpic.cn/a/0"}), true},
		{"voice", attached(adapters.Attachment{Kind: "voice", Ref: "media-2", MIME: "audio/amr", Text: "转人工"}), true},
		{"voice_plain", attached(adapters.Attachment{Kind: "voice", Ref: "media-2", MIME: "audio/speex"}), true},
		{"voice_16k", attached(adapters.Attachment{Kind: "voice", Ref: "media-2hq,media-2", MIME: "audio/amr"}), true},
		{"file", attached(adapters.Attachment{Kind: "file", Name: "发票.pdf", Text: "七月", Size: 2048}), true},
		{"mini_program", attached(adapters.Attachment{Kind: "link", Name: "pages/order?id=1", Text: "订单详情"}), true},
		{"video", attached(adapters.Attachment{Kind: "video", Ref: "media-3"}), true},
		{"shortvideo", attached(adapters.Attachment{Kind: "video", Ref: "media-4"}), true},
		{"location", attached(adapters.Attachment{Kind: "location", Text: "广州市天河区", Lat: 23.134521, Lon: 113.358803}), true},
		{"link", attached(adapters.Attachment{Kind: "link", Text: "标题\n说明", URL: "https://example.com/a?b=1&c=2"}), true},

		{"subscribe", happened("subscribe+", adapters.Message{Event: "start"}), true},
		{"subscribe_scene", happened("subscribe+qrscene_123123", adapters.Message{Event: "start", Choice: "123123"}), true},
		{"unsubscribe", happened("unsubscribe+", adapters.Message{Event: "stop"}), false},
		{"scan", happened("SCAN+scene-7", adapters.Message{Event: "scan", Choice: "scene-7"}), true},
		{"click", happened("CLICK+MENU_HELP", adapters.Message{Event: "menu", Choice: "MENU_HELP"}), true},
		{"scancode", happened("scancode_waitmsg+6", adapters.Message{Event: "menu", Choice: "6", Text: "SN-42"}), true},
		{"scancode_push", happened("scancode_push+5", adapters.Message{Event: "menu", Choice: "5", Text: "1"}), true},
		{"view_miniprogram", happened("view_miniprogram+pages/index/index", adapters.Message{Event: "view", Choice: "pages/index/index"}), false},
		{"location_select", happened("location_select+6", adapters.Message{Event: "notice", Choice: "6", Attachments: []adapters.Attachment{
			{Kind: "location", Text: "广州市海珠区", Name: "塔", Lat: 23.2, Lon: 113.1},
		}}), false},
		{"pic_weixin", happened("pic_weixin+6", adapters.Message{Event: "notice", Choice: "6"}), false},
		{"pic_sysphoto", happened("pic_sysphoto+6", adapters.Message{Event: "notice", Choice: "6"}), false},
		{"pic_photo_or_album", happened("pic_photo_or_album+7", adapters.Message{Event: "notice", Choice: "7"}), false},
		{"view", happened("VIEW+https://www.example.com/", adapters.Message{Event: "view", Choice: "https://www.example.com/"}), false},
		{"location_event", happened("LOCATION+", adapters.Message{
			Event: "location", Attachments: []adapters.Attachment{{Kind: "location", Lat: 23.137466, Lon: 113.352425}},
		}), false},
		{"template_done", happened("TEMPLATESENDJOBFINISH+200163836", adapters.Message{Event: "notice", Choice: "success"}), false},
		{"template_failed", happened("TEMPLATESENDJOBFINISH+200163840", adapters.Message{Event: "notice", Choice: "failed:user block"}), false},
		{"subscribe_msg", happened("subscribe_msg_popup_event+", adapters.Message{Event: "notice"}), false},
		{"subscribe_msg_change", happened("subscribe_msg_change_event+", adapters.Message{Event: "notice"}), false},
		{"subscribe_msg_sent", happened("subscribe_msg_sent_event+", adapters.Message{Event: "notice"}), false},
		{"card_taken", happened("user_get_card+", adapters.Message{Event: "notice"}), false},
		{"session_opened", happened("kf_create_session+", adapters.Message{Event: "notice"}), false},
		{"profile_changed", happened("user_info_modified+", adapters.Message{Event: "notice"}), false},
		{"unknown_event", happened("debug_demo+", adapters.Message{Event: "notice"}), false},
	}
	for _, test := range tests {
		t.Run(test.file, func(t *testing.T) {
			a, g := receiver(t, plainConfig())
			status, body := serve(a, post(query(token, sentAt), file(t, test.file)))
			if status != http.StatusOK || body != "success" {
				t.Errorf("answered %d %q, want 200 success", status, body)
			}
			want := test.want
			if want.Event == adapters.EventDeliverNote {
				want.Raw = []byte(file(t, test.file))
			}
			want.Inbox, want.Chat, want.From, want.SentAt = inbox, person, adapters.Person{ID: person}, sentAt
			if diff := cmp.Diff([]adapters.Message{want}, g.Received()); diff != "" {
				t.Errorf("received (-want +got):\n%s", diff)
			}
			if answered := len(g.Attempts()) > 0; answered != test.answered {
				t.Errorf("asked for an answer: %v, want %v", answered, test.answered)
			}
		})
	}
}

func TestUnknownDeliveriesAreKept(t *testing.T) {
	tests := []struct {
		file, key string
		answered  bool
	}{
		{"unknown_type", "6054768590064713728", true},
		{"sticker", "6054768590064713728", true},
		{"odd_number", "1409735668+", true},
		{"no_id", "1409735668+", true},
	}
	for _, test := range tests {
		t.Run(test.file, func(t *testing.T) {
			a, g := receiver(t, plainConfig())
			raw := file(t, test.file)
			for range 2 {
				if status, _ := serve(a, post(query(token, sentAt), raw)); status != http.StatusOK {
					t.Errorf("status = %d, want 200", status)
				}
			}
			got := g.Received()
			if len(got) != 2 || got[0].ID != got[1].ID {
				t.Fatalf("received %+v, want the same message twice", got)
			}
			m := got[0]
			if m.Kind != adapters.KindUnknown || string(m.Raw) != raw || m.From.ID != person || !m.SentAt.Equal(sentAt) {
				t.Errorf("received %+v, want the delivery kept as unknown", m)
			}
			if want := "shop-wechat|" + person + "|unknown|" + test.key; !strings.HasPrefix(m.ID, want) {
				t.Errorf("ID = %q, want it to begin with %q", m.ID, want)
			}
			if answered := len(g.Attempts()) > 0; answered != test.answered {
				t.Errorf("asked for an answer: %v, want %v", answered, test.answered)
			}
		})
	}
}

func TestDeliveriesAboutTheAccountAreIgnored(t *testing.T) {
	for _, name := range []string{"mass_done", "published", "verify_expired", "renewed"} {
		a, g := receiver(t, plainConfig())
		status, body := serve(a, post(query(token, sentAt), file(t, name)))
		if status != http.StatusOK || body != "success" || len(g.Received()) != 0 {
			t.Errorf("%s: answered %d %q and received %d, want 200 success and nothing", name, status, body, len(g.Received()))
		}
	}
}

func TestLargeUnknownDeliveryIsKeptInPart(t *testing.T) {
	a, g := receiver(t, plainConfig())
	long := strings.Replace(file(t, "unknown_type"), "a.pdf", strings.Repeat("x", 100<<10), 1)
	if status, _ := serve(a, post(query(token, sentAt), long)); status != http.StatusOK {
		t.Fatalf("status = %d, want 200", status)
	}
	if got := g.Received(); len(got) != 1 || len(got[0].Raw) != 64<<10 {
		t.Errorf("received %d messages, want one with 64 KiB of raw bytes", len(got))
	}
}

func TestLongEventKeysStayTellable(t *testing.T) {
	a, g := receiver(t, plainConfig())
	for _, end := range []string{"1", "2", "1"} {
		body := strings.Replace(file(t, "view"), "https://www.example.com/", "https://www.example.com/"+strings.Repeat("p", 900)+end, 1)
		serve(a, post(query(token, sentAt), body))
	}
	got := g.Received()
	if len(got) != 3 || got[0].ID == got[1].ID || got[0].ID != got[2].ID || len(got[0].ID) > 200 {
		t.Errorf("IDs of two long menu links: %q, %q, %q", got[0].ID, got[1].ID, got[2].ID)
	}
}

func FuzzPlainDelivery(f *testing.F) {
	names, err := filepath.Glob(filepath.Join("testdata", "deliveries", "*.xml"))
	if err != nil || len(names) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, name := range names {
		body, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	for _, body := range malformed {
		f.Add([]byte(body))
	}
	g := adaptertest.NewGateway()
	env, _ := adaptertest.NewEnv(f, g)
	env.Now = func() time.Time { return sentAt }
	probe := &lastMessage{}
	env.Gateway = probe
	a := newAdapter(f, plainConfig(), quiet(env))
	q := query(token, sentAt)
	f.Fuzz(func(t *testing.T, body []byte) {
		var ids []string
		for range 2 {
			probe.got = nil
			status, _ := serve(a, post(q, string(body)))
			if status != http.StatusOK && status != http.StatusBadRequest && status != http.StatusRequestEntityTooLarge {
				t.Fatalf("status = %d", status)
			}
			if (status != http.StatusOK) && probe.got != nil {
				t.Fatalf("status %d although something was received", status)
			}
			if probe.got != nil {
				checkSound(t, *probe.got)
				ids = append(ids, probe.got.ID)
			}
		}
		if len(ids) == 2 && ids[0] != ids[1] {
			t.Fatalf("one delivery has two IDs: %q and %q", ids[0], ids[1])
		}
	})
}
