package texts_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"kefu/internal/texts"
)

func catalogue(t testing.TB, overrides string) *texts.Catalogue {
	t.Helper()
	c, err := texts.New(overrides)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// stored reads a language's file as an operator would.
func stored(t testing.TB, lang string) map[string]string {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("lang", lang+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	m := make(map[string]string)
	if err := yaml.Unmarshal(body, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

var placeholder = regexp.MustCompile(`\.([A-Z][A-Za-z]*)`)

func placeholders(text string) []string {
	var names []string
	for _, m := range placeholder.FindAllStringSubmatch(text, -1) {
		names = append(names, m[1])
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func TestLanguagesHaveTheSameTexts(t *testing.T) {
	zh, en := stored(t, texts.Chinese), stored(t, texts.English)
	if diff := cmp.Diff(slices.Sorted(maps.Keys(zh)), slices.Sorted(maps.Keys(en))); diff != "" {
		t.Fatalf("ids differ (-zh-CN +en):\n%s", diff)
	}
	for id := range zh {
		if diff := cmp.Diff(placeholders(zh[id]), placeholders(en[id])); diff != "" {
			t.Errorf("%s: placeholders differ (-zh-CN +en):\n%s", id, diff)
		}
	}
}

// constants reads ids.go: name to value.
func constants(t *testing.T) map[string]string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), "ids.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[string]string)
	ast.Inspect(f, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		out[spec.Names[0].Name] = value
		return true
	})
	return out
}

func TestEveryIDHasAConstant(t *testing.T) {
	byID := make(map[string]string)
	for name, id := range constants(t) {
		byID[id] = name
		if got := strings.ToLower(strings.ReplaceAll(id, "_", "")); got != strings.ToLower(name) {
			t.Errorf("constant %s is named unlike its id %q", name, id)
		}
	}
	for _, lang := range catalogue(t, "").Languages() {
		if diff := cmp.Diff(slices.Sorted(maps.Keys(byID)), slices.Sorted(maps.Keys(stored(t, lang)))); diff != "" {
			t.Errorf("constants and lang/%s.yaml differ (-constants +file):\n%s", lang, diff)
		}
	}
}

// Ids that callers put together from enums of other packages must all be there.
func TestFamilies(t *testing.T) {
	families := map[string][]string{
		"state_":    {"open", "in_progress", "pending", "resolved", "closed"},
		"priority_": {"low", "normal", "high", "urgent"},
		"duty_":     {"on", "off", "busy"},
		"reason_":   {"asked", "unknown", "complaint", "reopened"},
		"send_failed_": {
			"unavailable", "rate_limited", "unauthorized", "unreachable", "window_closed", "quota_spent", "thread_gone", "rejected", "unknown",
		},
		"attachment_": {
			"image", "voice", "audio", "video", "file", "sticker", "animation", "location", "contact", "link", "unknown",
		},
	}
	ids := stored(t, texts.Chinese)
	for prefix, members := range families {
		for _, m := range members {
			if _, ok := ids[prefix+m]; !ok {
				t.Errorf("no text %s%s", prefix, m)
			}
		}
	}
}

func TestText(t *testing.T) {
	c := catalogue(t, "")
	tests := []struct {
		name, lang, id string
		data           map[string]any
		want           string
	}{
		{"Chinese", "zh-CN", texts.TicketListItem, map[string]any{"Number": 1001, "State": "待处理", "Title": "退款"}, "#1001 [待处理] 退款"},
		{"English", "en", texts.HandoffConnected, map[string]any{"Agent": "Wang"}, "Wang is with you now. Please go ahead."},
		{"regional English", "en-GB", texts.StateOpen, nil, "open"},
		{"regional Chinese", "zh-TW", texts.StateOpen, nil, "待处理"},
		{"unknown language", "fr", texts.StateOpen, nil, "待处理"},
		{"no language", "", texts.StateOpen, nil, "待处理"},
		{"unknown id", "en", "no_such_text", map[string]any{"A": 1}, "no_such_text"},
		{"missing value", "en", texts.GuestName, nil, "Guest "},
		{"optional values left out", "en", texts.AttachmentImage, nil, "[image]"},
		{"optional values given", "en", texts.AttachmentImage, map[string]any{"Name": "a.png"}, "[image] a.png"},
		{"else branch", "en", texts.FloodLimit, nil, "You are sending messages too fast. Please try again in a moment."},
		{"value looks like a template", "en", texts.GuestName, map[string]any{"Code": "{{.Name}}"}, "Guest {{.Name}}"},
		{"value is not escaped", "en", texts.GuestName, map[string]any{"Code": `<b>&"`}, `Guest <b>&"`},
		{"value panics", "en", texts.GuestName, map[string]any{"Code": panicky{}}, "Guest %!v(PANIC=String method: boom)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := c.Text(tt.lang, tt.id, tt.data); got != tt.want {
				t.Errorf("Text = %q, want %q", got, tt.want)
			}
		})
	}
}

type panicky struct{}

func (panicky) String() string { panic("boom") }

func TestTextLeavesDataAlone(t *testing.T) {
	data := map[string]any{"Number": 7}
	catalogue(t, "").Text("en", texts.TicketListItem, data)
	if diff := cmp.Diff(map[string]any{"Number": 7}, data); diff != "" {
		t.Error(diff)
	}
}

func TestNoTextShowsAHole(t *testing.T) {
	c := catalogue(t, "")
	for _, lang := range c.Languages() {
		for id := range stored(t, lang) {
			got := c.Text(lang, id, nil)
			if got == id && lang == texts.Chinese || got == "" && placeholders(stored(t, lang)[id]) == nil || strings.Contains(got, "no value") || strings.Contains(got, "{{") {
				t.Errorf("%s: %s = %q", lang, id, got)
			}
		}
	}
}

func TestConcurrentUse(t *testing.T) {
	c := catalogue(t, "")
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			for range 50 {
				code := strconv.Itoa(i)
				if got := c.Text("en", texts.GuestName, map[string]any{"Code": code}); got != "Guest "+code {
					t.Errorf("Text = %q", got)
				}
			}
		})
	}
	wg.Wait()
}

func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, body := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestOverride(t *testing.T) {
	c := catalogue(t, folder(t, map[string]string{
		"zh-CN.yaml": "state_open: 新建\nguest_name: 客官\n",
		"en.yaml":    "",
		"README.txt": "not a text",
	}))
	for id, want := range map[string]string{texts.StateOpen: "新建", texts.GuestName: "客官", texts.StateClosed: "已关闭"} {
		if got := c.Text("zh-CN", id, map[string]any{"Code": "A"}); got != want {
			t.Errorf("%s = %q, want %q", id, got, want)
		}
	}
	if got := c.Text("en", texts.StateOpen, nil); got != "open" {
		t.Errorf("English changed too: %q", got)
	}
}

func TestFailingTextFallsBack(t *testing.T) {
	c := catalogue(t, folder(t, map[string]string{"en.yaml": "guest_name: '{{index .Code 0}}'\n"}))
	if got := c.Text("en", texts.GuestName, map[string]any{"Code": 5}); got != "访客 5" {
		t.Errorf("Text = %q, want the Chinese one", got)
	}
}

func TestOverrideMistakes(t *testing.T) {
	dir := folder(t, map[string]string{
		"en.yaml": "state_open: new\nno_such_text: x\nguest_name: 'Guest {{.Nmae}}'\nwelcome: 'Hi {{.Name'\nhelp: ''\n" +
			"busy: [a]\nstate_open: twice\nclarify_none: '{{.N.X}}'\n",
		"zh-CN.yaml": "- a list\n",
		"fr.yaml":    "welcome: Bonjour\n",
	})
	_, err := texts.New(dir)
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		"en.yaml:2: no_such_text: there is no such text",
		"en.yaml:3: guest_name: no value {{.Nmae}} here, known are {{.Code}}",
		"en.yaml:4: welcome: ",
		"en.yaml:5: help: want a text",
		"en.yaml:6: busy: want a text",
		"en.yaml:7: state_open: stands here twice",
		"en.yaml:8: clarify_none: ",
		"zh-CN.yaml:1: want lines of the form id: text",
		"fr.yaml: no such language, want zh-CN or en",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error lacks %q:\n%v", want, err)
		}
	}
	if _, err := texts.New(filepath.Join(dir, "missing")); err == nil {
		t.Error("a folder that is not there is no error")
	}
}

func FuzzOverride(f *testing.F) {
	f.Add("welcome: Hi {{.Name}}\n")
	f.Add("help: |-\n  {{if .A}}x{{else}}y{{end}}\n")
	f.Add("a: &x {b: *x}\n")
	f.Fuzz(func(t *testing.T, body string) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "en.yaml"), []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := texts.New(dir)
		if err != nil {
			return
		}
		if got := c.Text("en", texts.Welcome, nil); got == texts.Welcome {
			t.Errorf("an accepted file lost the welcome: %q", body)
		}
	})
}

func BenchmarkText(b *testing.B) {
	c := catalogue(b, "")
	for _, bm := range []struct {
		id   string
		data map[string]any
	}{
		{texts.ThanksReply, nil},
		{texts.TicketListItem, map[string]any{"Number": 1001, "State": "open", "Title": "Refund"}},
	} {
		b.Run(fmt.Sprintf("values=%d", len(bm.data)), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c.Text("zh-CN", bm.id, bm.data)
			}
		})
	}
}

// A text nobody asks for misleads who changes it: every id is used by name, or belongs to a family whose beginning is in the code.
func TestEveryTextIsUsed(t *testing.T) {
	names, prefixes := map[string]bool{}, map[string]bool{}
	name, prefix := regexp.MustCompile(`\btexts\.([A-Z]\w+)`), regexp.MustCompile(`"([a-z_]+_)"`)
	err := filepath.WalkDir(filepath.Join("..", ".."), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		src, err := os.ReadFile(path)
		for _, m := range name.FindAllSubmatch(src, -1) {
			names[string(m[1])] = true
		}
		for _, m := range prefix.FindAllSubmatch(src, -1) {
			prefixes[string(m[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for c, id := range constants(t) {
		family := func(p string) bool { return strings.HasPrefix(id, p) }
		if !names[c] && !slices.ContainsFunc(slices.Collect(maps.Keys(prefixes)), family) {
			t.Errorf("nothing says %s (%s)", id, c)
		}
	}
}
