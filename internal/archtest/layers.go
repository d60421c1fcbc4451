package archtest

// layers is the house from the roof down: a package imports only what stands below it, or a package it lies in.
// A package belongs to the longest entry that is its path or a folder above it. Entries whose package does not exist yet do no harm.
var layers = [][]string{
	{"cmd"},
	{"internal/app", "internal/playground", "internal/bench", "internal/faulttest"},
	{"internal/httpapi", "internal/config", "internal/archive"},
	{"bot"},
	{"handoff", "internal/embedding"},
	{"tickets", "kb", "internal/transcript", "internal/texts", "internal/richtext"},
	{"adapters/wechat", "adapters/feishu", "adapters/telegram"},
	{"adapters"},
	{"internal/media"},
	{"internal/docstore", "internal/coord", "internal/sim", "internal/archtest", "deploy"},
}

// imports restricts a package (and what lies in it, up to a nearer entry) to these packages of ours and what lies in the same entry.
var imports = map[string][]string{
	"adapters":                      {},
	"adapters/wechat":               {"adapters"},
	"adapters/feishu":               {"adapters"},
	"adapters/telegram":             {"adapters"},
	"adapters/wechat/wechatsim":     {"internal/sim"},
	"adapters/feishu/feishusim":     {"internal/sim"},
	"adapters/telegram/telegramsim": {"internal/sim"},
	"kb":                            {"internal/docstore"},
	"tickets":                       {"internal/docstore"},
	"internal/transcript":           {"adapters", "internal/media", "internal/docstore", "internal/coord"},
	"internal/media":                {"internal/docstore"},
	"internal/texts":                {},
	"internal/richtext":             {"adapters"},
	"internal/embedding":            {"adapters", "kb"},
	"internal/sim":                  {},
	"deploy":                        {},
	"internal/archive":              {"internal/docstore"},
	"internal/docstore":             {},
	"internal/coord":                {},
}

// importedBy names the only importers of a package: entries are paths or folders above them.
var importedBy = map[string][]string{
	"internal/app":                  {"cmd"},
	"internal/embedding":            {"internal/app"},
	"internal/playground":           {"cmd/playground"},
	"internal/bench":                {"cmd/bench"},
	"internal/docstore/sqlite":      {"internal/app", "cmd/bench"},
	"internal/docstore/mongo":       {"internal/app", "cmd/bench"},
	"internal/media/disk":           {"internal/app", "cmd/bench"},
	"internal/coord/local":          {"internal/app", "cmd/bench"},
	"internal/coord/redis":          {"internal/app", "cmd/bench"},
	"adapters/wechat":               {"internal/app", "internal/config", "internal/playground", "internal/bench", "cmd/bench"},
	"adapters/feishu":               {"internal/app", "internal/config", "internal/playground", "internal/bench", "cmd/bench"},
	"adapters/telegram":             {"internal/app", "internal/config", "internal/playground", "internal/bench", "cmd/bench"},
	"adapters/wechat/wechatsim":     {"internal/playground", "cmd/playground", "internal/bench", "cmd/bench"},
	"adapters/feishu/feishusim":     {"internal/playground", "cmd/playground", "internal/bench", "cmd/bench"},
	"adapters/telegram/telegramsim": {"internal/playground", "cmd/playground", "internal/bench", "cmd/bench"},
	"internal/sim":                  {"internal/playground", "cmd/playground", "internal/bench", "cmd/bench", "adapters/wechat/wechatsim", "adapters/feishu/feishusim", "adapters/telegram/telegramsim"},
}

// drivers says in which one package a module may be used; "" = in tests only. Keys are module paths without a version.
var drivers = map[string]string{
	"github.com/gin-gonic/gin":                        "internal/httpapi",
	"github.com/yuin/goldmark":                        "internal/richtext",
	"github.com/xuri/excelize":                        "kb",
	"github.com/redis/go-redis":                       "internal/coord/redis",
	"github.com/go-redis/redis_rate":                  "internal/coord/redis",
	"go.mongodb.org/mongo-driver":                     "internal/docstore/mongo",
	"modernc.org/sqlite":                              "internal/docstore/sqlite",
	"database/sql":                                    "internal/docstore/sqlite",
	"github.com/gofrs/flock":                          "internal/docstore/sqlite",
	"github.com/gabriel-vasile/mimetype":              "internal/media",
	"github.com/silenceper/wechat":                    "adapters/wechat",
	"github.com/larksuite/oapi-sdk-go":                "adapters/feishu",
	"github.com/go-telegram-bot-api/telegram-bot-api": "adapters/telegram",
	"github.com/nicksnyder/go-i18n":                   "internal/texts",
	"github.com/FerretDB/FerretDB":                    "",
	"github.com/alicebob/miniredis":                   "",
	"github.com/chromedp/chromedp":                    "",
	"github.com/google/go-cmp":                        "",
	"pgregory.net/rapid":                              "",
	"testing":                                         "",
}

// baseline may use drivers directly: it measures them without the house around them.
const baseline = "cmd/bench"

// vague are package names that say nothing about what is inside.
var vague = []string{"models", "model", "types", "common", "utils", "util", "helpers", "helper", "misc", "base", "shared"}

// core are the packages that know no platform, and platforms are the words they must not hold.
var (
	core      = []string{"bot", "handoff", "kb", "tickets", "internal/transcript"}
	platforms = []string{"telegram", "wechat", "weixin", "微信", "feishu", "lark", "飞书"}
)

// topLevel is all that may stand beside go.mod, dotfiles and what .gitignore names aside.
var topLevel = []string{"cmd", "adapters", "bot", "handoff", "kb", "tickets", "deploy", "internal", "go.mod", "go.sum", "README.md", "LICENSE"}
