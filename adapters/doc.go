// Package adapters is the contract between the core and the messaging platforms: what a platform delivered (Message), what
// the core asks of it (Adapter and the optional one-verb interfaces), the facts it adapts to (Features), and how a send can
// fail (SendError).
//
// An adapter verifies before it parses, stores (Gateway.Receive) before it acknowledges, and makes one attempt per Send. It
// knows nothing of bots, desks or tickets; the core knows nothing of platforms. Adapters live in the folders below, each with
// a strict simulator of its platform beside it, and each calls the suite of adaptertest.
package adapters
