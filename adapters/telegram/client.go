package telegram

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	tgbotapi "github.com/go-telegram-bot-api/telegram-bot-api/v5"

	"kefu/adapters"
)

const (
	callTimeout = 5 * time.Second // of a call whose context has no deadline
	maxAnswer   = 32 << 20        // bytes; 100 updates fit easily
)

// client calls the Bot API through the library.
type client struct {
	bot  *tgbotapi.BotAPI // never used itself, only copied per call
	http *http.Client
}

func newClient(cfg Config, hc *http.Client) *client {
	bot := &tgbotapi.BotAPI{Token: cfg.Token.Reveal()}
	bot.SetAPIEndpoint(strings.ReplaceAll(cfg.APIBase, "%", "%%") + "/bot%s/%s")
	return &client{bot: bot, http: hc}
}

// call makes one attempt and decodes the result into result unless that is nil. Every error is a *adapters.SendError.
func (c *client) call(ctx context.Context, method string, params tgbotapi.Params, result any) error {
	return c.do(ctx, method, result, func(bot *tgbotapi.BotAPI) (*tgbotapi.APIResponse, error) { return bot.MakeRequest(method, params) })
}

// upload is call with a file, which the library streams and closes.
func (c *client) upload(ctx context.Context, method string, params tgbotapi.Params, file tgbotapi.RequestFile, result any) error {
	return c.do(ctx, method, result, func(bot *tgbotapi.BotAPI) (*tgbotapi.APIResponse, error) {
		resp, err := bot.UploadFiles(method, params, []tgbotapi.RequestFile{file})
		return resp, err
	})
}

func (c *client) do(ctx context.Context, method string, result any, request func(*tgbotapi.BotAPI) (*tgbotapi.APIResponse, error)) error {
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, callTimeout)
		defer cancel()
	}
	x := &exchange{ctx: ctx, http: c.http}
	bot := *c.bot
	bot.Client = x
	resp, err := request(&bot)
	var refused *tgbotapi.Error
	switch {
	case errors.As(err, &refused):
		return refusal(method, x.status, refused)
	case err != nil && x.status == 0:
		return adapters.TransportError(method, err)
	case err != nil:
		return unreadable(ctx, method, x.status)
	}
	if result == nil {
		return nil
	}
	if err := json.Unmarshal(resp.Result, result); err != nil {
		return unreadable(ctx, method, x.status)
	}
	return nil
}

// unreadable is the error of an answer that came, but broken, cut off or from something that is not the Bot API.
func unreadable(ctx context.Context, method string, status int) error {
	err := fmt.Errorf("%s: HTTP %d with an unreadable answer", method, status)
	if ctx.Err() != nil {
		err = fmt.Errorf("%s: HTTP %d, answer not read in time: %w", method, status, ctx.Err())
	}
	return &adapters.SendError{Reason: adapters.ReasonUnknown, Code: strconv.Itoa(status), Err: err}
}

// exchange is the library's HTTP client for exactly one call. The library takes no context and drops the status, hence the context in a struct.
type exchange struct {
	ctx    context.Context
	http   *http.Client
	status int // 0 until an answer came
}

func (x *exchange) Do(req *http.Request) (*http.Response, error) {
	resp, err := x.http.Do(req.WithContext(x.ctx))
	if err != nil {
		return nil, err
	}
	x.status = resp.StatusCode
	resp.Body = answer{Reader: io.LimitReader(resp.Body, maxAnswer), body: resp.Body}
	return resp, nil
}

// answer reads what the library's decoder left before closing, so that the connection can be used again.
type answer struct {
	io.Reader
	body io.Closer
}

func (a answer) Close() error {
	_, _ = io.CopyN(io.Discard, a.Reader, 4<<10) // only saves a connection
	return a.body.Close()
}
