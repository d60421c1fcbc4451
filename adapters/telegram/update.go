package telegram

import (
	"encoding/json"
	"errors"

	tgbotapi "github.com/go-telegram-bot-api/telegram-bot-api/v5"
)

// allowedUpdates are the kinds of update we ask for.
const allowedUpdates = `["message","edited_message","callback_query","my_chat_member"]`

// update is one delivery. One pointer is set; none for a kind we did not ask for.
type update struct {
	ID       int64                       `json:"update_id"`
	Message  *message                    `json:"message"`
	Edited   *message                    `json:"edited_message"`
	Callback *callback                   `json:"callback_query"`
	Member   *tgbotapi.ChatMemberUpdated `json:"my_chat_member"`

	raw []byte
}

// message adds to the library's type what the Bot API got since 5.5, as far as it matters here.
type message struct {
	tgbotapi.Message
	ThreadID int64 `json:"message_thread_id"`
	// Topic tells a forum topic from a mere chain of replies, which carries a message_thread_id too.
	Topic       bool      `json:"is_topic_message"`
	ReplyTo     *message  `json:"reply_to_message"`
	TopicOpened *struct{} `json:"forum_topic_created"`
	TopicClosed *struct{} `json:"forum_topic_closed"`
	Origin      *origin   `json:"forward_origin"`
}

// origin tells where a forwarded message came from; which field is set depends on its type (Bot API 7.0 MessageOrigin).
type origin struct {
	User       *tgbotapi.User `json:"sender_user"`
	HiddenUser string         `json:"sender_user_name"`
	SenderChat *tgbotapi.Chat `json:"sender_chat"`
	Channel    *tgbotapi.Chat `json:"chat"`
}

// name is that of the one who wrote it first; a nil origin has none.
func (o *origin) name() string {
	switch {
	case o == nil:
		return ""
	case o.User != nil:
		return person(o.User).Name
	case o.SenderChat != nil:
		return clean(o.SenderChat.Title)
	case o.Channel != nil:
		return clean(o.Channel.Title)
	}
	return clean(o.HiddenUser)
}

type callback struct {
	tgbotapi.CallbackQuery
	Message *message `json:"message"`
}

var errNoUpdate = errors.New("not an update")

// decode reads one update. A field of an unexpected type is left empty instead of losing the message: encoding/json fills in
// everything else before it reports such a field.
func decode(body []byte) (update, error) {
	u := update{raw: body}
	var odd *json.UnmarshalTypeError
	if err := json.Unmarshal(body, &u); err != nil && !errors.As(err, &odd) {
		return update{}, errNoUpdate
	}
	if u.ID <= 0 {
		return update{}, errNoUpdate
	}
	return u, nil
}

// serviceKeys mark messages that report what happened in a chat instead of something a person said.
var serviceKeys = []string{
	"new_chat_members", "left_chat_member", "chat_owner_left", "chat_owner_changed", "new_chat_title", "new_chat_photo", "delete_chat_photo",
	"group_chat_created", "supergroup_chat_created", "channel_chat_created", "message_auto_delete_timer_changed",
	"migrate_to_chat_id", "migrate_from_chat_id", "pinned_message", "successful_payment", "refunded_payment", "users_shared",
	"user_shared", "chat_shared", "connected_website", "write_access_allowed", "passport_data", "proximity_alert_triggered", "boost_added",
	"chat_background_set", "forum_topic_created", "forum_topic_edited", "forum_topic_closed", "forum_topic_reopened",
	"general_forum_topic_hidden", "general_forum_topic_unhidden", "giveaway_created", "giveaway_completed", "giveaway_winners",
	"video_chat_scheduled", "video_chat_started", "video_chat_ended", "video_chat_participants_invited", "voice_chat_scheduled",
	"voice_chat_started", "voice_chat_ended", "voice_chat_participants_invited", "web_app_data", "direct_message_price_changed",
	"paid_message_price_changed", "checklist_tasks_done", "checklist_tasks_added", "suggested_post_approved", "suggested_post_declined",
	"suggested_post_approval_failed", "suggested_post_paid", "suggested_post_refunded", "gift", "unique_gift", "gift_upgrade_sent",
}

// service says whether the update carries a service message. It decodes the payload again, so it is asked only about messages without known content.
func (u update) service() bool {
	var keys struct {
		Message map[string]json.RawMessage `json:"message"`
		Edited  map[string]json.RawMessage `json:"edited_message"`
	}
	if json.Unmarshal(u.raw, &keys) != nil {
		return false
	}
	for _, key := range serviceKeys {
		if keys.Message[key] != nil || keys.Edited[key] != nil {
			return true
		}
	}
	return false
}
