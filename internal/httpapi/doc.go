// Package httpapi is the HTTP face of the gateway: one route table for what platforms and operators call, built on gin for routing only.
//
// Decision: adapters bring plain http.Handlers, so they and their tests do not depend on the router. Bodies are limited here, before any adapter sees them, and
// metrics and the API live on a listener of their own, which is on the loopback address unless configured otherwise, and then asks for a token.
//
// Webhook requests pass three limits before anything but their head is read: per calling address, per inbox, and how many are handled at once. They are far above what platforms
// send, answer 429 or 503 with Retry-After, and every platform delivers again after either, so shedding delays messages and loses none. Buckets are our own: sixty lines that
// forget idle callers, where golang.org/x/time/rate would still need the bounded map around it.
package httpapi
