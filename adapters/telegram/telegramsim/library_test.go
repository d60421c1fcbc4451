package telegramsim_test

import (
	"encoding/json"
	"strings"
	"testing"

	tgbotapi "github.com/go-telegram-bot-api/telegram-bot-api/v5"

	"kefu/adapters/telegram/telegramsim"
	"kefu/internal/sim"
)

// TestAnIndependentClient talks to the simulator with a public library, as its users would, so that the simulator and the adapter
// cannot agree on something that is not the Bot API.
func TestAnIndependentClient(t *testing.T) {
	w := start(t, telegramsim.Options{NoLimits: true})
	bot, err := tgbotapi.NewBotAPIWithAPIEndpoint(telegramsim.DefaultToken, w.BaseURL()+"/bot%s/%s")
	w.must(err)
	if bot.Self.UserName != telegramsim.DefaultUsername || !bot.Self.IsBot || bot.Self.CanReadAllGroupMessages {
		t.Errorf("self = %+v", bot.Self)
	}
	w.say(sim.Say{From: "10", Name: "Ada", Text: "/start 好 @" + telegramsim.DefaultUsername})
	updates, err := bot.GetUpdates(tgbotapi.UpdateConfig{Limit: 10})
	w.must(err)
	if len(updates) != 1 {
		t.Fatalf("%d updates", len(updates))
	}
	m := updates[0].Message
	if m.From.FirstName != "Ada" || m.Chat.ID != 10 || !m.Chat.IsPrivate() || !m.IsCommand() || m.Time().IsZero() {
		t.Errorf("message = %+v", m)
	}
	if e := m.Entities[1]; e.Type != "mention" || e.Offset != 9 || e.Length != len(telegramsim.DefaultUsername)+1 {
		t.Errorf("mention = %+v, want UTF-16 offsets", e)
	}

	out := tgbotapi.NewMessage(10, "*pick*")
	out.ParseMode = tgbotapi.ModeMarkdownV2
	out.ReplyToMessageID = m.MessageID
	out.ReplyMarkup = tgbotapi.NewInlineKeyboardMarkup(tgbotapi.NewInlineKeyboardRow(tgbotapi.NewInlineKeyboardButtonData("A", "a")))
	sent, err := bot.Send(out)
	w.must(err)
	if sent.Text != "pick" || sent.ReplyToMessage.MessageID != m.MessageID || *sent.ReplyMarkup.InlineKeyboard[0][0].CallbackData != "a" {
		t.Errorf("sent = %+v", sent)
	}
	w.say(sim.Say{From: "10", ReplyTo: "2", Press: "a"})
	updates, err = bot.GetUpdates(tgbotapi.UpdateConfig{Offset: updates[0].UpdateID + 1})
	w.must(err)
	q := updates[0].CallbackQuery
	if q.Data != "a" || q.Message.MessageID != sent.MessageID {
		t.Errorf("callback = %+v", q)
	}
	_, err = bot.Request(tgbotapi.NewCallback(q.ID, ""))
	w.must(err)
	if n := w.Unanswered(); n != 0 {
		t.Errorf("%d callbacks unanswered", n)
	}
	edited, err := bot.Send(tgbotapi.NewEditMessageText(10, sent.MessageID, "picked"))
	w.must(err)
	if edited.Text != "picked" || edited.EditDate == 0 || edited.ReplyMarkup != nil {
		t.Errorf("edited = %+v", edited)
	}
	_, err = bot.Request(tgbotapi.NewDeleteMessage(10, sent.MessageID))
	w.must(err)
	member, err := bot.GetChatMember(tgbotapi.GetChatMemberConfig{ChatConfigWithUser: tgbotapi.ChatConfigWithUser{ChatID: 10, UserID: 10}})
	if err != nil || member.User.FirstName != "Ada" {
		t.Errorf("member = %+v, %v", member, err)
	}
}

// TestEveryKindIsReadByTheLibrary decodes what each kind of message delivers with the library's types.
func TestEveryKindIsReadByTheLibrary(t *testing.T) {
	for kind, has := range map[string]func(*tgbotapi.Message) bool{
		"photo": func(m *tgbotapi.Message) bool {
			return len(m.Photo) == 2 && m.Photo[1].FileID != "" && m.Caption == "caption"
		},
		"document":   func(m *tgbotapi.Message) bool { return m.Document.FileName != "" },
		"voice":      func(m *tgbotapi.Message) bool { return m.Voice.Duration > 0 },
		"audio":      func(m *tgbotapi.Message) bool { return m.Audio.Title != "" },
		"video":      func(m *tgbotapi.Message) bool { return m.Video.FileSize > 0 },
		"video_note": func(m *tgbotapi.Message) bool { return m.VideoNote.Length > 0 },
		"animation":  func(m *tgbotapi.Message) bool { return m.Animation.FileID == m.Document.FileID },
		"sticker":    func(m *tgbotapi.Message) bool { return m.Sticker.Emoji != "" },
		"location":   func(m *tgbotapi.Message) bool { return m.Location.Latitude > 0 },
		"venue":      func(m *tgbotapi.Message) bool { return m.Venue.Title != "" && m.Location != nil },
		"contact":    func(m *tgbotapi.Message) bool { return m.Contact.PhoneNumber != "" },
		"dice":       func(m *tgbotapi.Message) bool { return m.Dice.Value > 0 },
		"poll":       func(m *tgbotapi.Message) bool { return len(m.Poll.Options) == 2 },
		"album":      func(m *tgbotapi.Message) bool { return m.MediaGroupID != "" && len(m.Photo) > 0 },
	} {
		t.Run(kind, func(t *testing.T) {
			w := start(t, telegramsim.Options{})
			w.say(sim.Say{From: "10", Kind: kind, Text: "caption"})
			var list []json.RawMessage
			w.ok(&list, "getUpdates")
			if want := map[bool]int{false: 1, true: 2}[kind == "album"]; len(list) != want {
				t.Fatalf("%d updates, want %d", len(list), want)
			}
			for _, raw := range list {
				var u tgbotapi.Update
				if err := json.Unmarshal(raw, &u); err != nil {
					t.Fatalf("%v in %s", err, raw)
				}
				if !has(u.Message) {
					t.Errorf("not what a %s has: %s", kind, raw)
				}
			}
		})
	}
}

// TestTopicsAndMembers checks the shapes newer than the library.
func TestTopicsAndMembers(t *testing.T) {
	w := start(t, telegramsim.Options{NoLimits: true})
	w.must(w.AddGroup(forum, "Forum", true))
	w.must(w.Promote(forum, true))
	thread, err := w.AddTopic("10", forum, "by hand")
	w.must(err)
	w.say(sim.Say{From: "10", Chat: forum, Thread: thread, Text: "inside"})
	w.say(sim.Say{From: "10", Chat: forum, Text: "outside"})
	w.must(w.CloseTopic("10", forum, thread))
	w.must(w.RemoveBot(forum))
	var got []map[string]json.RawMessage
	w.ok(&got, "getUpdates")
	for i, want := range [][]string{
		{`"my_chat_member"`, `"status":"member"`, `"status":"administrator"`},
		{`"forum_topic_created":{`, `"message_thread_id":` + thread},
		{`"text":"inside"`, `"is_topic_message":true`, `"message_thread_id":` + thread, `"reply_to_message":{`, `"is_forum":true`},
		{`"text":"outside"`},
		{`"forum_topic_closed":{}`, `"message_thread_id":` + thread},
		{`"my_chat_member"`, `"status":"kicked"`},
	} {
		b, err := json.Marshal(got[i])
		w.must(err)
		for _, part := range want {
			if !strings.Contains(string(b), part) {
				t.Errorf("update %d lacks %s: %s", i, part, b)
			}
		}
	}
	if strings.Contains(string(got[3]["message"]), "thread_id") {
		t.Errorf("a message in General names a thread: %s", got[3]["message"])
	}
}
