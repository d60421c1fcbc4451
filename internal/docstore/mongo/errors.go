package mongo

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"go.mongodb.org/mongo-driver/mongo"
	"go.mongodb.org/mongo-driver/x/mongo/driver/topology"

	"kefu/internal/docstore"
)

// passing are server errors that end by themselves: elections, shutdown, a majority that cannot be reached, no memory or time.
// https://www.mongodb.com/docs/manual/reference/error-codes/
var passing = []int{
	6, 7, 43, 50, 64, 79, 89, 91, 100, 112, 133, 134, 189, 202, 262, 317, 358, 384, 9001, 10107, 11600, 11602, 13435, 13436, 14031, 50915,
}

// translate sorts an error of a round trip; ctx is the caller's.
func translate(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("outcome unknown: %w", ctx.Err())
	case errors.Is(err, mongo.ErrNoDocuments):
		return docstore.ErrNotFound
	case errors.Is(err, mongo.ErrClientDisconnected), errors.Is(err, topology.ErrTopologyClosed), errors.Is(err, topology.ErrPoolClosed):
		return docstore.ErrClosed
	case isPassing(err):
		return fmt.Errorf("%w: %w", docstore.ErrUnavailable, err)
	}
	return err
}

func isPassing(err error) bool {
	var selection topology.ServerSelectionError
	var connection topology.ConnectionError
	var cleared interface{ Retryable() bool } // a pool closed its connections after an error
	if mongo.IsNetworkError(err) || mongo.IsTimeout(err) || errors.As(err, &selection) || errors.As(err, &connection) {
		return true
	}
	if errors.As(err, &cleared) && cleared.Retryable() {
		return true
	}
	var concern *mongo.WriteConcernError
	if errors.As(err, &concern) {
		return true
	}
	var failure mongo.ServerError
	if !errors.As(err, &failure) {
		return false
	}
	for _, code := range passing {
		if failure.HasErrorCode(code) {
			return true
		}
	}
	return failure.HasErrorLabel("RetryableWriteError") || failure.HasErrorLabel("TransientTransactionError")
}

// hide returns err without the address and its password. The text is all that is kept, except for the kinds a caller acts on.
func hide(err error, uri string) error {
	secrets := []string{uri}
	if _, rest, ok := strings.Cut(uri, "://"); ok {
		rest, _, _ = strings.Cut(rest, "/")
		secrets = append(secrets, passwords(rest)...)
	}
	text := err.Error()
	for _, s := range secrets {
		if s != "" {
			text = strings.ReplaceAll(text, s, "***")
		}
	}
	for _, kind := range []error{docstore.ErrUnavailable, context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, kind) {
			return fmt.Errorf("%w: %s", kind, strings.TrimPrefix(text, kind.Error()+": "))
		}
	}
	return errors.New(text)
}

// passwords returns what may be secret in the part of an address between :// and the next slash.
func passwords(authority string) []string {
	at := strings.LastIndexByte(authority, '@')
	if at < 0 { // an address cut short: the port is no number
		_, port, _ := strings.Cut(authority, ":")
		if _, err := strconv.Atoi(port); err == nil || strings.Contains(port, ",") {
			return nil
		}
		return []string{port}
	}
	_, password, _ := strings.Cut(authority[:at], ":")
	plain, _ := url.PathUnescape(password)
	return []string{authority[:at], password, plain}
}
