package app

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"kefu/adapters"
	"kefu/adapters/feishu"
	"kefu/adapters/telegram"
	"kefu/adapters/wechat"
	"kefu/bot"
	"kefu/bot/editor"
	"kefu/handoff"
	"kefu/internal/archive"
	"kefu/internal/config"
	"kefu/internal/coord"
	"kefu/internal/coord/local"
	"kefu/internal/coord/redis"
	"kefu/internal/docstore"
	"kefu/internal/docstore/mongo"
	"kefu/internal/docstore/sqlite"
	"kefu/internal/embedding"
	"kefu/internal/httpapi"
	"kefu/internal/media"
	"kefu/internal/media/disk"
	"kefu/internal/texts"
	"kefu/internal/transcript"
	"kefu/kb"
	"kefu/tickets"
)

// Options are what a gateway is built with beside its configuration.
type Options struct {
	Log *slog.Logger
	Now func() time.Time // default time.Now
	// Observe hears what happens to every message; must not block. nil = nobody.
	Observe func(transcript.Record)
	// NoBudgets sends as fast as the platforms answer; see transcript.WorkerOptions.
	NoBudgets bool
	// Trap stops workers between steps, for tests of crashes.
	Trap func(step string) error
	// Opened hears of the open database, for tests that fill its disk. nil = nobody.
	Opened func(docstore.Driver)
}

// App is one gateway process.
type App struct {
	cfg      *config.Config
	o        Options
	store    *docstore.Store
	blobs    media.Blobs
	media    *media.Store
	coord    coord.Coord
	registry *prometheus.Registry
	timing   timing
	adapters []adapters.Adapter
	faq      *kb.Store
	index    *kb.Index
	reranker *embedding.Reranker // nil unless configured
	tickets  *tickets.Service
	workers  *transcript.Workers
	public   net.Listener
	admin    net.Listener
	socket   net.Listener
}

// New connects to storage, builds every part and opens the listeners, but serves nothing yet. The caller must call Run or Close.
func New(ctx context.Context, cfg *config.Config, o Options) (*App, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Log = slog.New(newQuiet(o.Log.Handler()))
	if o.Now == nil {
		o.Now = time.Now
	}
	a := &App{cfg: cfg, o: o, registry: prometheus.NewRegistry()}
	if err := a.open(ctx); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

func (a *App) open(ctx context.Context) error {
	a.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	a.timing = newTiming(a.registry)
	driver, blobs, err := openDriver(ctx, a.cfg)
	if err != nil {
		return err
	}
	a.store, a.blobs = docstore.New(driver), blobs
	if a.o.Opened != nil {
		a.o.Opened(driver)
	}
	if err := archive.Check(ctx, a.store); err != nil {
		return fmt.Errorf("%w: run \"kefu restore\" again with the same file", err)
	}
	process := cmp.Or(os.Getenv("HOSTNAME"), "kefu") + "-" + rand.Text()[:8]
	if a.coord, err = openCoord(a.cfg, process, a.o); err != nil { //nolint:contextcheck // it lives until Close
		return err
	}
	if err := a.build(ctx, process); err != nil {
		return err
	}
	return a.listen(ctx)
}

func openStore(ctx context.Context, cfg *config.Config) (*docstore.Store, media.Blobs, error) {
	d, blobs, err := openDriver(ctx, cfg)
	if err != nil {
		return nil, nil, err
	}
	return docstore.New(d), blobs, nil
}

// openDriver opens MongoDB when one is configured, else the embedded database.
func openDriver(ctx context.Context, cfg *config.Config) (docstore.Driver, media.Blobs, error) {
	if uri := cfg.Storage.Mongo.URI.Reveal(); uri != "" {
		d, err := mongo.Open(ctx, mongo.Options{URI: uri, Database: cfg.Storage.Mongo.Database})
		if err != nil {
			return nil, nil, fmt.Errorf("storage.mongo: %w", err)
		}
		files, err := d.Files(ctx)
		if err != nil {
			return nil, nil, errors.Join(fmt.Errorf("storage.mongo: %w", err), d.Close()) //nolint:contextcheck // ctx may have ended
		}
		return d, files, nil
	}
	d, err := sqlite.Open(ctx, sqlite.Options{Dir: cfg.Storage.Data})
	if err != nil {
		return nil, nil, fmt.Errorf("storage.data: %w", err)
	}
	files, err := disk.Open(filepath.Join(cfg.Storage.Data, "media"))
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("storage.data: %w", err), d.Close())
	}
	return d, files, nil
}

func openCoord(cfg *config.Config, process string, o Options) (coord.Coord, error) {
	url := cfg.Storage.Redis.URL.Reveal()
	if url == "" {
		return local.New(local.Options{Now: o.Now}), nil
	}
	c, err := redis.New(redis.Options{URL: url, Consumer: process, Replicas: cfg.Storage.Redis.Replicas, Now: o.Now, Log: o.Log})
	if err != nil {
		return nil, fmt.Errorf("storage.redis: %w", err)
	}
	return c, nil
}

// clock is the clock of all that shows times to people or reads theirs: it is in the configured zone. What measures time keeps Options.Now, because a time put
// into another zone no longer knows how much has really passed.
func (a *App) clock() func() time.Time {
	if a.cfg.Timezone == "" {
		return a.o.Now
	}
	zone := a.cfg.Zone()
	return func() time.Time { return a.o.Now().In(zone) }
}

// build makes every part from the bottom up.
func (a *App) build(ctx context.Context, process string) error {
	embedded := a.cfg.Storage.Mongo.URI == ""
	var err error
	a.media, err = media.New(ctx, media.Options{
		Docs: a.store, Blobs: a.blobs, Now: a.o.Now, Days: a.cfg.Storage.MediaDays, MaxTotal: a.cfg.Storage.MediaMB << 20,
	})
	if err != nil {
		return err
	}
	record, err := transcript.New(ctx, transcript.Options{
		Store: a.store, Media: a.media, Coord: a.coord, Now: a.o.Now, Log: a.o.Log, Process: process, Alone: embedded,
		Metrics: transcript.NewMetrics(a.registry), Observe: a.o.Observe,
	})
	if err != nil {
		return err
	}
	if a.adapters, err = a.connect(record); err != nil { //nolint:contextcheck // it lives until Close
		return err
	}
	if a.faq, err = kb.NewStore(ctx, a.store, a.o.Now); err != nil {
		return err
	}
	if a.index, err = kb.NewIndex(ctx, a.faq, kb.IndexOptions{Now: a.o.Now, Log: a.o.Log}); err != nil {
		return err
	}
	engine, err := a.engine(ctx, record)
	if err != nil {
		return err
	}
	a.workers = record.NewWorkers(transcript.WorkerOptions{Adapters: a.adapters, Handler: engine, NoBudgets: a.o.NoBudgets, Trap: a.o.Trap})
	return nil
}

// connect builds the adapter of every inbox. This switch is the list of channels.
func (a *App) connect(gateway adapters.Gateway) ([]adapters.Adapter, error) {
	words, err := texts.New(a.cfg.Bot.Texts)
	if err != nil {
		return nil, fmt.Errorf("bot.texts: %w", err)
	}
	env := adapters.Env{
		Gateway: gateway, Tokens: coord.NewTokens(a.coord, a.o.Now), HTTP: httpClient(), Now: a.o.Now, Zone: a.cfg.Zone(), Log: a.o.Log,
		Words: platformWords(words),
	}
	var all []adapters.Adapter
	for _, in := range a.cfg.Inboxes {
		var ad adapters.Adapter
		var err error
		switch in.Channel {
		case config.ChannelWeChat:
			ad, err = wechat.New(in.Name, *in.WeChat, env)
		case config.ChannelFeishu:
			ad, err = feishu.New(in.Name, *in.Feishu, env)
		case config.ChannelTelegram:
			ad, err = telegram.New(in.Name, *in.Telegram, env)
		default:
			err = fmt.Errorf("unknown channel %q", in.Channel)
		}
		if err != nil {
			return nil, fmt.Errorf("inbox %s: %w", in.Name, err)
		}
		all = append(all, ad)
	}
	return all, nil
}

// platformWords gives adapters the texts of the catalogue by language.
func platformWords(words *texts.Catalogue) func(adapters.Word) map[string]string {
	ids := map[adapters.Word]string{
		adapters.WordPressed: texts.ButtonPressed, adapters.WordAgain: texts.ButtonAgain,
		adapters.WordHelp: texts.CommandHelp, adapters.WordHuman: texts.CommandHuman, adapters.WordCancel: texts.CommandCancel,
	}
	return func(w adapters.Word) map[string]string {
		all := make(map[string]string)
		for _, lang := range words.Languages() {
			all[lang] = words.Text(lang, ids[w], nil)
		}
		return all
	}
}

// httpClient is what adapters call platforms with: bounded in time and connections, following no redirects with credentials.
func httpClient() *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConns, t.MaxIdleConnsPerHost, t.MaxConnsPerHost = 256, 64, 128
	t.ResponseHeaderTimeout = 10 * time.Second
	return &http.Client{
		Transport: t, Timeout: 60 * time.Second, // long polls and files; each call has a shorter deadline of its own
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func (a *App) engine(ctx context.Context, record *transcript.Transcript) (*bot.Engine, error) {
	words, err := texts.New(a.cfg.Bot.Texts)
	if err != nil {
		return nil, fmt.Errorf("bot.texts: %w", err)
	}
	if a.tickets, err = tickets.New(ctx, a.store, a.o.Now); err != nil {
		return nil, err
	}
	conversations, err := handoff.NewConversations(ctx, a.store, record, a.o.Now)
	if err != nil {
		return nil, err
	}
	directory := handoff.NewDirectory(a.cfg.Desks, a.cfg.People)
	roster, err := handoff.NewRoster(ctx, a.store, directory, a.o.Now)
	if err != nil {
		return nil, err
	}
	desks := handoff.New(handoff.Options{
		Directory: directory, Conversations: conversations, Roster: roster, Tickets: a.tickets, Record: record,
		Words: words, Language: a.cfg.Language, Now: a.clock(),
	})
	knowledge := timedIndex{a.knowledge(), a.timing.match}
	channels, inboxes := a.channels()
	o := editor.Options{
		Store: a.store, Knowledge: a.faq, Index: a.index, Answers: knowledge, Files: a.media, Record: record, Conversations: conversations, Directory: directory, Words: words,
		Thresholds: a.cfg.Bot.Thresholds(), Inboxes: inboxes, Language: a.cfg.Language, Speaks: bot.LanguageOf, Now: a.clock(), Log: a.o.Log,
	}
	if a.reranker != nil {
		o.Rehearse = a.reranker.Rehearse
	}
	faq, err := editor.New(ctx, o)
	if err != nil {
		return nil, err
	}
	return bot.New(bot.Options{
		Config: a.cfg.Bot, Language: a.cfg.Language, Conversations: conversations, Directory: directory, Desks: desks,
		Knowledge: knowledge, Editor: faq, Channels: channels, Tickets: a.tickets, Words: words, Now: a.o.Now,
	}), nil
}

// channels names the channel of every inbox.
func (a *App) channels() (map[adapters.InboxName]string, []editor.Inbox) {
	byName := map[adapters.InboxName]string{}
	for _, in := range a.cfg.Inboxes {
		byName[in.Name] = string(in.Channel)
	}
	inboxes := make([]editor.Inbox, 0, len(a.adapters))
	for _, ad := range a.adapters {
		inboxes = append(inboxes, editor.Inbox{Name: ad.Inbox(), Channel: byName[ad.Inbox()], Features: ad.Features})
	}
	return byName, inboxes
}

// knowledge is the index, with a service of meaning before it where one is configured.
func (a *App) knowledge() bot.Knowledge {
	c := a.cfg.Bot.Embeddings
	if c.URL == "" {
		return a.index
	}
	a.reranker = embedding.New(embedding.Options{
		Index: a.index, Client: &embedding.Client{URL: c.URL, Model: c.Model, Key: c.APIKey, HTTP: httpClient()},
		Timeout: c.Timeout, Now: a.o.Now, Log: a.o.Log,
	})
	return a.reranker
}

// listen opens the listeners, so that a taken port is an error of New.
func (a *App) listen(ctx context.Context) error {
	var err error
	var lc net.ListenConfig
	if a.public, err = lc.Listen(ctx, "tcp", a.cfg.HTTP.Listen); err != nil {
		return fmt.Errorf("http.listen: %w", err)
	}
	if a.cfg.HTTP.AdminListen != "" {
		if a.admin, err = lc.Listen(ctx, "tcp", a.cfg.HTTP.AdminListen); err != nil {
			return fmt.Errorf("http.admin_listen: %w", err)
		}
	}
	if a.cfg.Storage.Mongo.URI != "" {
		return nil
	}
	// The lock on the data directory is ours, so a socket left there belongs to nobody.
	path := SocketPath(a.cfg.Storage.Data)
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("old socket: %w", err)
	}
	if a.socket, err = lc.Listen(ctx, "unix", path); err != nil {
		return fmt.Errorf("command socket: %w", err)
	}
	return os.Chmod(path, 0o600)
}

// SocketPath is where a running gateway listens to the command line, inside its data directory.
func SocketPath(data string) string { return filepath.Join(data, "kefu.sock") }

// Addr is the address the gateway listens on.
func (a *App) Addr() string { return a.public.Addr().String() }

// AdminAddr is the address of metrics; "" when there is none.
func (a *App) AdminAddr() string {
	if a.admin == nil {
		return ""
	}
	return a.admin.Addr().String()
}

// FAQ is the knowledge base of this gateway.
func (a *App) FAQ() *kb.Store { return a.faq }

// Store is the open store of this gateway.
func (a *App) Store() *docstore.Store { return a.store }

// Index is the live index of the knowledge base.
func (a *App) Index() *kb.Index { return a.index }

// handlers collects what HTTP serves.
func (a *App) handlers() httpapi.Options {
	hooks := map[adapters.InboxName]http.Handler{}
	for _, ad := range a.adapters {
		if h, ok := adapters.As[adapters.WebhookServer](ad); ok {
			hooks[ad.Inbox()] = a.timing.webhook(h)
		}
	}
	shed := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "kefu_webhooks_shed_total", Help: "Webhook requests refused by http.limits, by reason: address, inbox, full.",
	}, []string{"reason"})
	a.registry.MustRegister(shed)
	return httpapi.Options{
		Webhooks: hooks, Log: a.o.Log, Now: a.o.Now,
		Limits: httpapi.Limits(a.cfg.HTTP.Limits), TrustedProxies: a.cfg.HTTP.TrustedProxies, AdminToken: a.cfg.HTTP.AdminToken,
		Shed:    func(reason string) { shed.WithLabelValues(reason).Inc() },
		Metrics: promhttp.HandlerFor(a.registry, promhttp.HandlerOpts{}),
		Checks:  []httpapi.Check{{Name: "storage", Ping: a.store.Ping}, {Name: "coordination", Ping: a.coord.Ping}},
	}
}

// Close releases what New opened; Run does it by itself.
func (a *App) Close() error {
	var errs []error
	for _, l := range []net.Listener{a.public, a.admin, a.socket} {
		if l != nil {
			if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
				errs = append(errs, err)
			}
		}
	}
	if a.coord != nil {
		errs = append(errs, a.coord.Close())
	}
	if a.store != nil {
		errs = append(errs, a.store.Close())
	}
	return errors.Join(errs...)
}
