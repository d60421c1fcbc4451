// Package feishusim is a strict stand-in for the Feishu open platform: one app with a bot, its people, private chats and groups,
// over real HTTP. It shares no code with the adapter, crypto included.
//
// Simulated: the tenant token (2 h, the same one until 30 min before its end); sending, replying, threads, editing cards and texts,
// reactions, recalling, bot info; uploading images and files, fetching the files of messages; uuid idempotency for an hour; the budgets of 5 per second to a chat, 50 per second and 1,000 per minute of each API, and 5
// edits per second of a message; field and content checks and size limits; refusals with the platform's HTTP status, code and envelope; withdrawn
// and unknown messages, groups without threads, topic groups, dissolved groups, a bot removed from a group or stopped by a person;
// encrypted and signed events with re-pushes after 15 s, 5 min, 1 h and 6 h (alternately with the first and with a new timestamp,
// because the documents do not say which); the URL check; the long connection, with tickets used once, 50 connections, events given to one of them at random,
// in parts if asked for, answered within 3 s, and dropped connections; card callbacks, answered within 3 s and never re-pushed; and the scope
// im:message.group_msg, which is off: from groups only what mentions the bot is delivered.
//
// Not simulated: rich text sent by the bot, card JSON 2.0 and templates, user tokens, contact
// data, batch sending, urgent messages, pins, the audit and DLP checks, the 14 days after which a message cannot be edited, the limit of
// 20 edits of a text, and v1 events. Everybody is within the app's availability once they were added or have acted.
//
// Posts name a private chat by the person's open_id and a thread by the id of its root message; the API itself uses chat ids
// (see Sim.PrivateChat) and shows omt_ ids.
package feishusim
