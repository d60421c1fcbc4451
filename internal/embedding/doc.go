// Package embedding lets a service that turns texts into vectors have a say in which entry answers a question. It is off unless configured.
//
// Decision: the service speaks the OpenAI form of /v1/embeddings, which hosted models and local servers share, and is asked with net/http alone; a
// client library would bring more than the one request. It only changes the order and the shares among the candidates the matcher found: it never
// adds an entry, and never makes a stranger's question look known. Consequence: what the bot says without the service stays right, only a little less often
// first, so a slow or broken service is skipped without a word. A question waits for at most Options.Timeout (800 ms); after a
// failure nobody waits for half a minute.
//
// Vectors of the entries' texts are computed in the background by Run and kept in memory, one byte per dimension, up to maxTexts texts; entries beyond
// keep their place among those without a vector. Rehearse weighs what is not published yet in the same way, for a preview of what publishing would change.
package embedding
