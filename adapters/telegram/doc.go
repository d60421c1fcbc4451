// Package telegram is the adapter for Telegram bots: webhook or long polling in, Bot API calls out.
//
// Context: github.com/go-telegram-bot-api/telegram-bot-api/v5 is the best-known Go library for the Bot API, but it stops at
// version 5.5 of that API (2021) and was made for one program that talks to one bot. It knows no forum topics, no secret of a
// webhook and no context; its HTTP client has no time-out and its errors hold the token.
//
// Decision: the library is used for what it is good at, and contained.
//   - Its types decode messages, media, members and callbacks; the few newer fields are added by embedding them (update.go).
//   - Its MakeRequest, UploadFiles, Params, APIResponse and Error make every call, through a shallow copy per call whose HTTP client brings
//     the call's context, limits the answer and keeps the HTTP status (client.go). No call is made by New.
//   - Not used: HandleUpdate and ListenForWebhook (no secret, no size limit), GetUpdatesChan (logs and sleeps, cannot be
//     stopped), CommandArguments (slices bytes by UTF-16 lengths), the global logger.
//
// Consequence: new fields of the Bot API cost one line here, an update with one unexpected field still arrives, and every
// error is a *adapters.SendError without the token. Numbers come from https://core.telegram.org/bots/api,
// https://core.telegram.org/bots/webhooks and https://core.telegram.org/bots/faq.
//
// What people should know about the mapping:
//   - A message is identified by chat and message_id; update_id is never used for that, since its numbering may restart.
//   - A private "/start payload" is EventStart with Choice = payload.
//   - "/name@thisbot" loses the "@thisbot"; in groups "/name@otherbot" is ignored.
//   - An anonymous administrator or a channel writes as a chat: From is then that chat (its id is negative), the person is not
//     known. Messages of other bots are ignored, and so are all service messages but topic closed and chat moved.
//   - The General topic of a forum is the chat itself: its Thread is empty.
//   - Telegram does not report that a topic or a message was deleted; a send into it fails with thread_gone.
package telegram
