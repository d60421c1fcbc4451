package feishu

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	larkcore "github.com/larksuite/oapi-sdk-go/v3/core"

	"kefu/adapters"
)

const (
	usersPath       = "/open-apis/contact/v3/users/"
	chatsPath       = "/open-apis/im/v1/chats/"
	privateChatPath = "/open-apis/im/v1/chat_p2p/batch_query"
	chatIDPrefix    = "oc_"
	modePrivate     = "p2p"
)

// get makes a call the SDK has no small package for and decodes the answer's data.
func (c *client) get(ctx context.Context, op, path string, query map[string]string, into any) error {
	return c.ask(ctx, op, &larkcore.ApiReq{HttpMethod: http.MethodGet, ApiPath: path, QueryParams: queryOf(query)}, into)
}

func (c *client) ask(ctx context.Context, op string, req *larkcore.ApiReq, into any) error {
	req.SupportedAccessTokenTypes = []larkcore.AccessTokenType{larkcore.AccessTokenTypeTenant}
	return c.do(ctx, op, func(ctx context.Context, token larkcore.RequestOptionFunc) error {
		resp, err := larkcore.Request(ctx, req, c.sdk, token)
		if err != nil {
			return err
		}
		answer := struct {
			Data any `json:"data"`
		}{into}
		return json.Unmarshal(resp.RawBody, &answer)
	})
}

func queryOf(kv map[string]string) larkcore.QueryParams {
	q := larkcore.QueryParams{}
	for k, v := range kv {
		q.Set(k, v)
	}
	return q
}

// userName needs a scope such as contact:user.base:readonly, and the person inside the app's contact range
// (open.feishu.cn/document/server-docs/contact-v3/user/get).
func (c *client) userName(ctx context.Context, id adapters.PersonID) (string, error) {
	var data struct {
		User struct {
			Name string `json:"name"`
		} `json:"user"`
	}
	err := c.get(ctx, "user name", usersPath+string(id), map[string]string{"user_id_type": "open_id"}, &data)
	return data.User.Name, err
}

// isGroup tells a group from a private chat (open.feishu.cn/document/server-docs/group/chat/get-2).
func (c *client) isGroup(ctx context.Context, chat adapters.ChatID) (bool, error) {
	info, err := c.chatInfo(ctx, chat)
	return info.Mode != modePrivate, err
}

// chatInfo is what the platform says about a chat.
type chatInfo struct {
	Name        string `json:"name"`
	Mode        string `json:"chat_mode"`          // group, topic, p2p
	MessageType string `json:"group_message_type"` // chat, thread
	Moderation  string `json:"moderation_permission"`
	External    bool   `json:"external"`
	Status      string `json:"chat_status"` // normal, dissolved, dissolved_save
}

func (c *client) chatInfo(ctx context.Context, chat adapters.ChatID) (chatInfo, error) {
	var info chatInfo
	err := c.get(ctx, "chat", chatsPath+string(chat), nil, &info)
	info.MessageType = strings.TrimSpace(info.MessageType)
	return info, err
}

// privateChat finds somebody's private chat with the bot. The call is not in the public reference; the platform's own command line
// (github.com/larksuite/cli) uses it. Where it is refused we go on without.
func (c *client) privateChat(ctx context.Context, id adapters.PersonID) (adapters.ChatID, error) {
	var data struct {
		Chats []struct {
			Chatter string `json:"chatter_id"`
			Chat    string `json:"chat_id"`
		} `json:"p2p_chats"`
	}
	err := c.ask(ctx, "private chat", &larkcore.ApiReq{
		HttpMethod: http.MethodPost, ApiPath: privateChatPath, QueryParams: queryOf(map[string]string{"chatter_id_type": "open_id"}),
		Body: map[string]any{"chatter_ids": []string{string(id)}},
	}, &data)
	for _, found := range data.Chats {
		if found.Chatter == "" && len(data.Chats) == 1 || found.Chatter == string(id) {
			return adapters.ChatID(found.Chat), err
		}
	}
	return "", err
}
