// Package telegramsim is a strict stand-in for the Telegram Bot API and for the people who write to one bot.
//
// It serves the Bot API over real HTTP on loopback and delivers updates by webhook or getUpdates. What Telegram refuses it
// refuses with the same status, code and description, as far as these are documented (https://core.telegram.org/bots/api,
// /bots/webhooks, /bots/faq) or reported by others. It shares no code with the adapter it tests.
//
// Decisions where the platform is vague:
//   - Pace: one message a second to a private chat with bursts of 5; 20 in any minute to a group, edits there included; 30 in any second over
//     all. Half a second of grace covers two clocks that disagree.
//   - Deliveries of one chat stay in order and up to max_connections chats are served at once; a failed one is repeated after
//     1, 2, 4, ... 60 s, for 24 hours. An answer to a webhook may carry one method call.
//   - Privacy mode is on. The bot is a plain member of a group until Promote makes it an administrator; only then it may manage topics.
//   - A closed topic refuses the bot even as administrator.
//   - A webhook on a loopback address may use http and any port; elsewhere https and ports 443, 80, 88, 8443 are required.
//
// Faults: an API call asks for the fault of its method's name ("sendMessage"); FaultTokenExpired answers that one call with 401,
// since a Telegram token does not expire. A webhook delivery asks for "deliver": FaultDuplicate and FaultHold as documented there,
// FaultReset, FaultRateLimit, FaultServerError and FaultTokenExpired lose the request, the others lose the answer.
//
// Files keep their bytes: no photo is compressed, no animation converted.
//
// Not simulated: formatting (parse_mode is checked and removed), inline mode, payments, polls of the bot,
// business accounts, channels, topics in private chats, message_reaction and chat_member updates, group permissions beyond
// administrator or not, flood limits on anything but messages and edits.
package telegramsim
