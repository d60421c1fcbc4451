// Package httpapi is the HTTP face of the gateway: one route table for what platforms and operators call, built on gin for routing only.
//
// Decision: adapters bring plain http.Handlers, so they and their tests do not depend on the router. Bodies are limited here, before any adapter sees them, and
// metrics and the API live on a listener of their own, which is on the loopback address unless configured otherwise.
package httpapi
