// Package editor runs the knowledge base by chat: "/faq ..." of admins and editors, in a private chat with the bot and in a desk's group.
//
// A command is one line, or begins a guided dialog: the bot asks field by field, shows a preview and stores what is confirmed. What a person is in the middle of is
// one document per person and chat, changed by compare-and-swap together with the plan of what is said: a message handled twice gets the same words, and the
// knowledge base is changed under the message's id (kb.Once), so it changes once. Whatever is half done ends after half an hour.
//
// In a group only a quote of the bot's question, or its buttons, count as an answer, and only from the person asked: other talk there stays
// talk, bots often cannot see it, and inside a case it would go to the customer. A quote of this package's words therefore never reaches one.
//
// What customers asked and what came of it is read from the transcript (transcript.Finding) when somebody wants to know, not counted beside it: a
// count of its own could be lost, doubled or disagree. A month of findings, newest first and bounded, is streamed in a second or so.
//
// Files go both ways. One that is imported is fetched by the pipeline like all that people send, and the message waits for it; what was counted is what is stored,
// for both read the kept bytes. An export is kept under its message's id, so that a message handled twice sends the same file.
//
// A picture sent for an answer is kept for ever, under a name made of its bytes, and stands in the answer as "![](media:name)"; every channel sends the bytes themselves.
// Pictures of answers nobody gives any more stay, because history may bring those back: storage.media_mb bounds them with all others. A picture with an
// address on the web is a link: the gateway fetches nothing from addresses that people write.
package editor
