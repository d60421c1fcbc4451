// Package kb is the knowledge base: FAQ entries, their store, and the matcher that finds the entry for a question.
package kb
