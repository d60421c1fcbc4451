// Package tickets keeps the work that a talk could not finish, until somebody has closed it.
//
// A ticket has a number people can say aloud, one state, and a history of who changed what. It is one document; the number
// is its id, so the hot lookup needs no index. Strings name the contact, the desk and the people: the package knows neither platforms nor talks.
//
// Creating writes three documents, in this order: the counter (takes a number for a key), the key (remembers the number), the ticket.
// The counter names the key its last number was taken for, and whoever takes the next number first writes that key's document.
// So a key never has two numbers, on any number of replicas, and a crash is harmless at each step: before the counter nothing happened; after it
// the same key finds its number in the counter or, later, in its key document, and stores the ticket under it. A number stays unused only if its creator
// crashed and never came back with the same key.
//
// Changing is a compare-and-swap of the ticket. Each change has a key, which stands in the history: the same change again alters nothing and gives the answer
// of the first time, so that work repeated after a crash says the same as before. A history that grows long is moved to documents of its own before it is cut from the
// ticket, in one write in that order; nothing of it is lost.
//
// Why no library: five states and a table.
package tickets
