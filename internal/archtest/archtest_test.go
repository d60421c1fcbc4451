package archtest_test

import (
	"slices"
	"testing"

	"kefu/internal/archtest"
)

// TestHouse checks the real module.
func TestHouse(t *testing.T) {
	g, err := archtest.Load(".")
	if err != nil {
		t.Fatal(err)
	}
	if len(g.Packages) < 5 || g.Module != "kefu" {
		t.Fatalf("Load read module %q with %d packages: that is not this house", g.Module, len(g.Packages))
	}
	for _, v := range archtest.Check(g) {
		t.Error(v)
	}
}

// house is a small house without a fault, as a table of packages and what their one file imports.
func house() archtest.Graph {
	g := archtest.Graph{Module: "kefu", TopLevel: []string{"cmd", "adapters", "bot", "handoff", "kb", "tickets", "internal", "deploy", "go.mod", "go.sum", "README.md", "LICENSE"}}
	for _, p := range []struct {
		path    string
		imports []string
	}{
		{"cmd/kefu", []string{"kefu/internal/app", "fmt"}},
		{"cmd/playground", []string{"kefu/internal/app", "kefu/adapters/telegram/telegramsim", "kefu/internal/sim"}},
		{"cmd/bench", []string{"kefu/internal/app", "kefu/internal/docstore/mongo", "go.mongodb.org/mongo-driver/mongo"}},
		{"internal/app", []string{"kefu/bot", "kefu/internal/docstore/mongo", "kefu/internal/coord/redis", "kefu/adapters/telegram", "kefu/internal/config"}},
		{"internal/playground", []string{"kefu/internal/sim", "kefu/adapters/telegram", "kefu/adapters/telegram/telegramsim"}},
		{"internal/config", []string{"kefu/adapters/telegram", "kefu/bot"}},
		{"internal/httpapi", []string{"github.com/gin-gonic/gin", "kefu/tickets"}},
		{"bot", []string{"kefu/handoff", "kefu/kb", "kefu/adapters", "kefu/internal/transcript", "kefu/internal/texts"}},
		{"handoff", []string{"kefu/tickets", "kefu/internal/coord", "kefu/internal/docstore"}},
		{"kb", []string{"kefu/internal/docstore"}},
		{"kb/faqeval", []string{"kefu/kb", "kefu/internal/docstore"}},
		{"tickets", []string{"kefu/internal/docstore"}},
		{"internal/transcript", []string{"kefu/adapters", "kefu/internal/coord"}},
		{"internal/texts", []string{"github.com/nicksnyder/go-i18n/v2/i18n"}},
		{"adapters", []string{"context"}},
		{"adapters/adaptertest", []string{"kefu/adapters", "kefu/internal/sim", "testing"}},
		{"adapters/telegram", []string{"kefu/adapters", "github.com/go-telegram-bot-api/telegram-bot-api/v5"}},
		{"adapters/telegram/telegramsim", []string{"kefu/internal/sim"}},
		{"adapters/wechat", []string{"kefu/adapters", "github.com/silenceper/wechat/v2/util"}},
		{"internal/docstore", nil},
		{"internal/docstore/sqlite", []string{"kefu/internal/docstore", "modernc.org/sqlite"}},
		{"internal/docstore/mongo", []string{"kefu/internal/docstore", "go.mongodb.org/mongo-driver/mongo"}},
		{"internal/docstore/mongo/ferrettest", []string{"github.com/FerretDB/FerretDB/ferretdb"}},
		{"internal/coord", nil},
		{"internal/coord/redis", []string{"kefu/internal/coord", "github.com/redis/go-redis/v9"}},
		{"internal/sim", nil},
	} {
		files := []archtest.File{
			{Name: "code.go", Imports: p.imports, Words: []string{"code"}},
			{Name: "code_test.go", Test: true, Imports: []string{"testing"}},
		}
		g.Packages = append(g.Packages, archtest.Package{Path: p.path, Name: "fitting", Files: files})
	}
	return g
}

// plant changes the first file of a package of the house; one of that path is added if there is none.
func plant(g *archtest.Graph, path string, change func(*archtest.Package, *archtest.File)) {
	i := slices.IndexFunc(g.Packages, func(p archtest.Package) bool { return p.Path == path })
	if i < 0 {
		i = len(g.Packages)
		g.Packages = append(g.Packages, archtest.Package{Path: path, Name: "fitting", Files: []archtest.File{{Name: "code.go"}}})
	}
	change(&g.Packages[i], &g.Packages[i].Files[0])
}

// adds plants one import.
func adds(path, imported string) func(*archtest.Graph) {
	return func(g *archtest.Graph) {
		plant(g, path, func(_ *archtest.Package, f *archtest.File) { f.Imports = append(f.Imports, imported) })
	}
}

// addsInTest plants one import in a test file.
func addsInTest(path, imported string) func(*archtest.Graph) {
	return func(g *archtest.Graph) {
		plant(g, path, func(p *archtest.Package, _ *archtest.File) {
			p.Files = append(p.Files, archtest.File{Name: "more_test.go", Test: true, Imports: []string{imported}})
		})
	}
}

func says(path string, words ...string) func(*archtest.Graph) {
	return func(g *archtest.Graph) {
		plant(g, path, func(_ *archtest.Package, f *archtest.File) { f.Words = words })
	}
}

func exists(path string) func(*archtest.Graph) {
	return func(g *archtest.Graph) { plant(g, path, func(*archtest.Package, *archtest.File) {}) }
}

func TestRulesBite(t *testing.T) {
	rows := []struct {
		name  string
		rule  archtest.Rule
		plant func(*archtest.Graph)
	}{
		{"handoff looks up to bot", archtest.RuleLayer, adds("handoff", "kefu/bot")},
		{"transcript looks aside to tickets", archtest.RuleLayer, adds("internal/transcript", "kefu/tickets")},
		{"one program imports another", archtest.RuleLayer, adds("cmd/kefu", "kefu/cmd/bench")},
		{"the configuration looks up to the HTTP server", archtest.RuleLayer, adds("internal/config", "kefu/internal/httpapi")},
		{"a package nobody placed", archtest.RuleUnplaced, exists("internal/novelty")},
		{"one adapter imports another", archtest.RuleSibling, adds("adapters/wechat", "kefu/adapters/telegram")},
		{"one driver imports another", archtest.RuleSibling, adds("internal/docstore/sqlite", "kefu/internal/docstore/mongo")},
		{"adapters imports storage", archtest.RuleImports, adds("adapters", "kefu/internal/docstore")},
		{"an adapter imports coordination", archtest.RuleImports, adds("adapters/telegram", "kefu/internal/coord")},
		{"kb imports tickets", archtest.RuleImports, adds("kb", "kefu/tickets")},
		{"a part of kb imports texts", archtest.RuleImports, adds("kb/faqeval", "kefu/internal/texts")},
		{"tickets imports adapters", archtest.RuleImports, adds("tickets", "kefu/adapters")},
		{"transcript imports texts", archtest.RuleImports, adds("internal/transcript", "kefu/internal/texts")},
		{"a simulator imports its adapter", archtest.RuleImports, adds("adapters/telegram/telegramsim", "kefu/adapters")},
		{"a simulator imports the adapter in its own folder", archtest.RuleImportedBy, adds("adapters/telegram/telegramsim", "kefu/adapters/telegram")},
		{"bot imports the builder", archtest.RuleImportedBy, adds("bot", "kefu/internal/app")},
		{"the playground imports the builder", archtest.RuleImportedBy, adds("internal/playground", "kefu/internal/app")},
		{"the server links the playground", archtest.RuleImportedBy, adds("cmd/kefu", "kefu/internal/playground")},
		{"bot imports an adapter", archtest.RuleImportedBy, adds("bot", "kefu/adapters/telegram")},
		{"handoff imports a driver of ours", archtest.RuleImportedBy, adds("handoff", "kefu/internal/docstore/sqlite")},
		{"the port imports its driver", archtest.RuleImportedBy, adds("internal/docstore", "kefu/internal/docstore/sqlite")},
		{"an adapter imports its simulator", archtest.RuleImportedBy, adds("adapters/telegram", "kefu/adapters/telegram/telegramsim")},
		{"the builder imports simulators", archtest.RuleImportedBy, adds("internal/app", "kefu/internal/sim")},
		{"gin in bot", archtest.RuleDriver, adds("bot", "github.com/gin-gonic/gin")},
		{"go-redis in the builder", archtest.RuleDriver, adds("internal/app", "github.com/redis/go-redis/v9")},
		{"mongo-driver in tickets", archtest.RuleDriver, adds("tickets", "go.mongodb.org/mongo-driver/bson")},
		{"an SDK in another adapter", archtest.RuleDriver, adds("adapters/wechat", "github.com/larksuite/oapi-sdk-go/v3/core")},
		{"an SDK in its simulator", archtest.RuleDriver, adds("adapters/telegram/telegramsim", "github.com/go-telegram-bot-api/telegram-bot-api/v5")},
		{"a test database in the product", archtest.RuleDriver, adds("internal/docstore/mongo", "github.com/FerretDB/FerretDB/ferretdb")},
		{"testing in the product", archtest.RuleDriver, adds("bot", "testing")},
		{"the product imports test support", archtest.RuleTestOnly, adds("cmd/playground", "kefu/adapters/adaptertest")},
		{"a package called utils", archtest.RuleVague, exists("bot/utils")},
		{"a package clause that says models", archtest.RuleVague, func(g *archtest.Graph) {
			plant(g, "tickets", func(p *archtest.Package, _ *archtest.File) { p.Name = "models" })
		}},
		{"a registry by init", archtest.RuleInit, func(g *archtest.Graph) {
			plant(g, "adapters/telegram", func(_ *archtest.Package, f *archtest.File) { f.Inits = 1 })
		}},
		{"a part is set after construction", archtest.RuleSetter, func(g *archtest.Graph) {
			plant(g, "handoff", func(_ *archtest.Package, f *archtest.File) { f.Setters = []string{"SetBot"} })
		}},
		{"a test looks up to the builder", archtest.RuleLayer, addsInTest("bot", "kefu/internal/app")},
		{"test support looks up to bot", archtest.RuleLayer, adds("internal/docstore/mongo/ferrettest", "kefu/bot")},
		{"a folder pkg", archtest.RuleTopLevel, func(g *archtest.Graph) { g.TopLevel = append(g.TopLevel, "pkg") }},
		{"bot asks for a platform", archtest.RulePlatform, says("bot", "isTelegram")},
		{"a part of kb holds a platform's name", archtest.RulePlatform, says("kb/faqeval", `"shop-WeChat"`)},
		{"handoff names lark", archtest.RulePlatform, says("handoff", "larkCard")},
		{"bot names a platform in Chinese", archtest.RulePlatform, says("bot", `"请在微信里回复"`)},
		{"a file of tickets is called after a platform", archtest.RulePlatform, func(g *archtest.Graph) {
			plant(g, "tickets", func(_ *archtest.Package, f *archtest.File) { f.Name = "feishu.go" })
		}},
	}
	bitten := map[archtest.Rule]bool{}
	for _, row := range rows {
		bitten[row.rule] = true
		t.Run(row.name, func(t *testing.T) {
			g := house()
			row.plant(&g)
			found := archtest.Check(g)
			if !slices.ContainsFunc(found, func(v archtest.Violation) bool { return v.Rule == row.rule }) {
				t.Errorf("violations = %v, want one of %q", found, row.rule)
			}
		})
	}
	for _, rule := range archtest.Rules {
		if !bitten[rule] {
			t.Errorf("no planted violation shows that %q bites", rule)
		}
	}
}

func TestAllowed(t *testing.T) {
	for _, row := range []struct {
		name  string
		plant func(*archtest.Graph)
	}{
		{"the house as it is", func(*archtest.Graph) {}},
		{"a test uses a driver", addsInTest("tickets", "kefu/internal/docstore/sqlite")},
		{"a test looks aside", addsInTest("internal/playground", "kefu/internal/app")},
		{"a simulator has a verb of its platform", func(g *archtest.Graph) {
			plant(g, "adapters/telegram/telegramsim", func(_ *archtest.Package, f *archtest.File) { f.Setters = []string{"SetWebhook"} })
		}},
		{"an adapter's test uses its simulator", addsInTest("adapters/telegram", "kefu/adapters/telegram/telegramsim")},
		{"a test names a platform", func(g *archtest.Graph) {
			plant(g, "bot", func(p *archtest.Package, _ *archtest.File) { p.Files[1].Words = []string{"telegram"} })
		}},
		{"an adapter names its platform", says("adapters/telegram", "telegram")},
		{"test support uses a driver", adds("internal/docstore/mongo/ferrettest", "go.mongodb.org/mongo-driver/mongo")},
		{"a package imports a part of itself", adds("kb", "kefu/kb/faqeval")},
	} {
		t.Run(row.name, func(t *testing.T) {
			g := house()
			row.plant(&g)
			if found := archtest.Check(g); len(found) != 0 {
				t.Errorf("violations = %v, want none", found)
			}
		})
	}
}
