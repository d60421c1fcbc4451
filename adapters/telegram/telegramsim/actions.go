package telegramsim

import (
	"encoding/json"
	"slices"
	"strconv"
	"time"
)

// query is one press of a button.
type query struct {
	at       time.Time
	answered bool
}

// queryLife is how long a press can be answered; Telegram tells no number.
const (
	queryLife   = 15 * time.Minute
	keptQueries = 10_000
)

func (s *Sim) answerCallbackQuery(p params) (any, *refusal) {
	q := s.queries.values[p["callback_query_id"]]
	if q == nil || s.now().Sub(q.at) > queryLife {
		return nil, badRequest("query is too old and response timeout expired or query ID is invalid")
	}
	q.answered = true
	return true, nil
}

var actions = []string{
	"typing", "upload_photo", "record_video", "upload_video", "record_voice", "upload_voice", "upload_document",
	"choose_sticker", "find_location", "record_video_note", "upload_video_note",
}

func (s *Sim) sendChatAction(p params) (any, *refusal) {
	c, bad := s.target(p)
	if bad != nil {
		return nil, bad
	}
	if !slices.Contains(actions, p["action"]) {
		return nil, badRequest("wrong parameter action in request")
	}
	c.typings++
	return true, nil
}

func (s *Sim) setMessageReaction(p params) (any, *refusal) {
	c, bad := s.target(p)
	if bad != nil {
		return nil, bad
	}
	m := c.find(p["message_id"])
	if m == nil {
		return nil, badRequest("message to react not found")
	}
	var list []struct{ Type, Emoji string }
	if raw := p["reaction"]; raw != "" {
		if err := json.Unmarshal([]byte(raw), &list); err != nil {
			return nil, badRequest("can't parse reaction types JSON object")
		}
	}
	if len(list) == 0 {
		m.reaction = ""
		return true, nil
	}
	if len(list) > 1 {
		return nil, badRequest("REACTIONS_TOO_MANY")
	}
	if list[0].Type != "emoji" || !slices.Contains(reactions, list[0].Emoji) {
		return nil, badRequest("REACTION_INVALID")
	}
	m.reaction = list[0].Emoji
	return true, nil
}

// reactions is the list of https://core.telegram.org/bots/api#reactiontypeemoji.
var reactions = []string{
	"❤", "👍", "👎", "🔥", "🥰", "👏", "😁", "🤔", "🤯", "😱", "🤬", "😢", "🎉", "🤩", "🤮", "💩", "🙏", "👌", "🕊", "🤡", "🥱", "🥴", "😍",
	"🐳", "❤‍🔥", "🌚", "🌭", "💯", "🤣", "⚡", "🍌", "🏆", "💔", "🤨", "😐", "🍓", "🍾", "💋", "🖕", "😈", "😴", "😭", "🤓", "👻", "👨‍💻", "👀",
	"🎃", "🙈", "😇", "😨", "🤝", "✍", "🤗", "🫡", "🎅", "🎄", "☃", "💅", "🤪", "🗿", "🆒", "💘", "🙉", "🦄", "😘", "💊", "🙊", "😎", "👾",
	"🤷‍♂", "🤷", "🤷‍♀", "😡",
}

func (s *Sim) getChat(p params) (any, *refusal) {
	c, bad := s.target(p)
	if bad != nil {
		return nil, bad
	}
	return s.describe(c), nil
}

func (s *Sim) getChatMember(p params) (any, *refusal) {
	c, bad := s.target(p)
	if bad != nil {
		return nil, bad
	}
	id, err := strconv.ParseInt(p["user_id"], 10, 64)
	switch {
	case err != nil:
		return nil, badRequest("invalid user_id specified")
	case id == s.botID:
		return s.botMember(c, c.status), nil
	case s.people[id] == nil:
		return nil, badRequest("user not found")
	}
	return object{"user": s.describePerson(s.people[id]), "status": statusMember}, nil
}

func (s *Sim) botMember(c *chat, status string) object {
	o := object{"user": s.describeBot(), "status": status}
	if status == statusAdmin {
		o["can_manage_topics"] = !c.weak
	}
	return o
}

const keptFiles = 1000

func (s *Sim) getFile(p params) (any, *refusal) {
	id := p["file_id"]
	content, ok := s.files.values[id]
	if !ok {
		return nil, badRequest("wrong file_id or the file is temporarily unavailable")
	}
	if len(content) > maxFetch {
		return nil, badRequest("file is too big")
	}
	return object{"file_id": id, "file_unique_id": id, "file_size": len(content), "file_path": id}, nil
}
