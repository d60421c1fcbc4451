package feishu

import (
	"context"
	"strings"

	larkcore "github.com/larksuite/oapi-sdk-go/v3/core"
	larkim "github.com/larksuite/oapi-sdk-go/v3/service/im/v1"

	"kefu/adapters"
)

// create posts into a chat (open.feishu.cn/document/server-docs/im-v1/message/create).
func (c *client) create(ctx context.Context, chat adapters.ChatID, r rendered, uuid string) (adapters.Receipt, error) {
	to := "chat_id"
	if strings.HasPrefix(string(chat), openIDPrefix) {
		to = "open_id"
	}
	req := larkim.NewCreateMessageReqBuilder().ReceiveIdType(to).Body(&larkim.CreateMessageReqBody{
		ReceiveId: larkcore.StringPtr(string(chat)),
		MsgType:   &r.kind,
		Content:   &r.content,
		Uuid:      larkcore.StringPtrIfNotEmpty(uuid),
	}).Build()
	var receipt adapters.Receipt
	err := c.do(ctx, "send", func(ctx context.Context, token larkcore.RequestOptionFunc) error {
		resp, err := c.im.Message.Create(ctx, req, token)
		if err != nil {
			return err
		}
		if d := resp.Data; d != nil {
			receipt = receiptOf(d.MessageId, d.RootId, d.ThreadId)
		}
		return accepted(receipt)
	})
	return receipt, err
}

// reply answers a message, in its thread or by quoting it (open.feishu.cn/document/server-docs/im-v1/message/reply).
func (c *client) reply(ctx context.Context, id string, r rendered, uuid string, inThread bool) (adapters.Receipt, error) {
	req := larkim.NewReplyMessageReqBuilder().MessageId(id).Body(&larkim.ReplyMessageReqBody{
		MsgType:       &r.kind,
		Content:       &r.content,
		ReplyInThread: &inThread,
		Uuid:          larkcore.StringPtrIfNotEmpty(uuid),
	}).Build()
	var receipt adapters.Receipt
	err := c.do(ctx, "reply", func(ctx context.Context, token larkcore.RequestOptionFunc) error {
		resp, err := c.im.Message.Reply(ctx, req, token)
		if err != nil {
			return err
		}
		if d := resp.Data; d != nil {
			receipt = receiptOf(d.MessageId, d.RootId, d.ThreadId)
		}
		return accepted(receipt)
	})
	return receipt, err
}

// patch replaces a card (open.feishu.cn/document/server-docs/im-v1/message-card/patch).
func (c *client) patch(ctx context.Context, id string, r rendered) error {
	req := larkim.NewPatchMessageReqBuilder().MessageId(id).Body(&larkim.PatchMessageReqBody{Content: &r.content}).Build()
	return c.do(ctx, "edit card", func(ctx context.Context, token larkcore.RequestOptionFunc) error {
		_, err := c.im.Message.Patch(ctx, req, token)
		return err
	})
}

// update replaces a text (open.feishu.cn/document/server-docs/im-v1/message/update).
func (c *client) update(ctx context.Context, id string, r rendered) error {
	req := larkim.NewUpdateMessageReqBuilder().MessageId(id).Body(&larkim.UpdateMessageReqBody{MsgType: &r.kind, Content: &r.content}).Build()
	return c.do(ctx, "edit text", func(ctx context.Context, token larkcore.RequestOptionFunc) error {
		_, err := c.im.Message.Update(ctx, req, token)
		return err
	})
}

// react adds a reaction (open.feishu.cn/document/server-docs/im-v1/message-reaction/create).
func (c *client) react(ctx context.Context, id, emoji string) error {
	req := larkim.NewCreateMessageReactionReqBuilder().MessageId(id).Body(&larkim.CreateMessageReactionReqBody{
		ReactionType: &larkim.Emoji{EmojiType: &emoji},
	}).Build()
	return c.do(ctx, "react", func(ctx context.Context, token larkcore.RequestOptionFunc) error {
		_, err := c.im.MessageReaction.Create(ctx, req, token)
		return err
	})
}

// withdraw takes a message back (open.feishu.cn/document/server-docs/im-v1/message/delete).
func (c *client) withdraw(ctx context.Context, id string) error {
	req := larkim.NewDeleteMessageReqBuilder().MessageId(id).Build()
	return c.do(ctx, "recall", func(ctx context.Context, token larkcore.RequestOptionFunc) error {
		_, err := c.im.Message.Delete(ctx, req, token)
		return err
	})
}

// receiptOf names the thread only where the platform put the message into one.
func receiptOf(message, root, thread *string) adapters.Receipt {
	r := adapters.Receipt{ID: adapters.MessageID(value(message))}
	if value(thread) != "" {
		r.Thread = threadOf(value(root), value(thread), value(message))
	}
	return r
}

// accepted refuses to believe a success that names no message.
func accepted(r adapters.Receipt) error {
	if r.ID == "" {
		return errNoMessageID
	}
	return nil
}
