package telegramsim_test

import (
	"testing"

	"kefu/internal/sim"
)

func TestALifeOfATopic(t *testing.T) {
	w := stocked(t)
	var topic struct {
		ID   int `json:"message_thread_id"`
		Name string
	}
	w.ok(&topic, "createForumTopic", "chat_id", forum, "name", " Case 7 ")
	if topic.Name != "Case 7" || topic.ID < 2 {
		t.Errorf("topic = %+v", topic)
	}
	at := []any{"chat_id", forum, "message_thread_id", topic.ID}
	var sent struct {
		ID     int  `json:"message_id"`
		Thread int  `json:"message_thread_id"`
		Topic  bool `json:"is_topic_message"`
	}
	w.ok(&sent, "sendMessage", append(at, "text", "inside")...)
	if sent.Thread != topic.ID || !sent.Topic {
		t.Errorf("sent = %+v, want it in topic %d", sent, topic.ID)
	}
	var reply struct {
		Thread int `json:"message_thread_id"`
	}
	w.ok(&reply, "sendMessage", "chat_id", forum, "text", "reply", "reply_to_message_id", sent.ID)
	if reply.Thread != topic.ID {
		t.Errorf("a reply landed in topic %d, want that of its message", reply.Thread)
	}
	w.ok(nil, "editForumTopic", append(at, "name", "Case 8")...)
	if a := w.call("editForumTopic", append(at, "name", "Case 8")...); a.Description != "Bad Request: TOPIC_NOT_MODIFIED" {
		t.Errorf("the same name again: %q", a.Description)
	}
	w.ok(nil, "closeForumTopic", at...)
	w.ok(nil, "reopenForumTopic", at...)
	w.ok(nil, "deleteForumTopic", at...)
	if a := w.call("sendMessage", append(at, "text", "late")...); a.Description != "Bad Request: message thread not found" {
		t.Errorf("after deletion: %q", a.Description)
	}
	if a := w.call("editMessageText", "chat_id", forum, "message_id", sent.ID, "text", "x"); a.Description != "Bad Request: message to edit not found" {
		t.Errorf("a message of a deleted topic: %q", a.Description)
	}
}

func TestTopicsNeedAnAdministrator(t *testing.T) {
	w := stocked(t)
	w.must(w.Promote(forum, false))
	if a := w.call("createForumTopic", "chat_id", forum, "name", "x"); a.Description != "Bad Request: not enough rights to create a topic" {
		t.Errorf("answer = %q", a.Description)
	}
}

func TestChatsAndMembers(t *testing.T) {
	w := stocked(t)
	var chat struct {
		Type  string
		Title string
		Forum bool `json:"is_forum"`
	}
	w.ok(&chat, "getChat", "chat_id", forum)
	if chat.Type != "supergroup" || chat.Title != "Forum" || !chat.Forum {
		t.Errorf("chat = %+v", chat)
	}
	var member struct {
		Status string
		Topics bool `json:"can_manage_topics"`
	}
	w.ok(&member, "getChatMember", "chat_id", forum, "user_id", 7000000001)
	if member.Status != "administrator" || !member.Topics {
		t.Errorf("member = %+v", member)
	}
	if a := w.call("getChatMember", "chat_id", forum, "user_id", 987654); a.Description != "Bad Request: user not found" {
		t.Errorf("a stranger: %q", a.Description)
	}
}

// TestSupergroupsNumberTheirOwnMessages since equal message ids in different chats are a trap for whoever recognizes repeats by them.
func TestSupergroupsNumberTheirOwnMessages(t *testing.T) {
	w := stocked(t)
	inForum := w.say(sim.Say{From: "10", Chat: forum, Text: "first"})
	w.must(w.AddGroup("-1009", "Other", false))
	inOther := w.say(sim.Say{From: "10", Chat: "-1009", Text: "first"})
	if inForum != inOther {
		t.Errorf("first messages of two supergroups are %s and %s", inForum, inOther)
	}
	private, plain := w.say(sim.Say{From: "10", Text: "a"}), w.say(sim.Say{From: "10", Chat: "-20", Text: "b"})
	if private == plain {
		t.Errorf("a private chat and a basic group share message id %s", plain)
	}
}
