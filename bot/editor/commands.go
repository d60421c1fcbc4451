package editor

import (
	"errors"
	"slices"
	"strings"

	"kefu/handoff"
	"kefu/internal/texts"
	"kefu/kb"
)

// verb is one row of the table of commands.
type verb struct {
	run func(t *turn, args string, page int) error
	// agents may use it too.
	agents bool
}

// The verbs in the order of the help; each has a text "faq_help_" + name.
var verbNames = []string{
	"add", "edit", "del", "list", "show", "search", "test", "history", "revert", "publish", "replay", "stats", "suggest", "learn", "import", "export", "help",
}

func verbs() map[string]verb {
	return map[string]verb{
		"add":     {run: (*turn).add},
		"edit":    {run: (*turn).edit},
		"del":     {run: (*turn).del},
		"list":    {run: (*turn).list},
		"show":    {run: (*turn).show},
		"search":  {run: (*turn).search},
		"test":    {run: (*turn).test},
		"history": {run: (*turn).history},
		"revert":  {run: (*turn).revert},
		"publish": {run: (*turn).publish},
		"replay":  {run: (*turn).replay},
		"stats":   {run: (*turn).stats},
		"suggest": {run: (*turn).suggest},
		"learn":   {run: (*turn).learn, agents: true},
		"import":  {run: (*turn).importRows},
		"export":  {run: (*turn).export},
		"help":    {run: (*turn).help, agents: true},
	}
}

// aliases are other names of verbs.
var aliases = map[string]string{
	"添加": "add", "新增": "add", "new": "add", "修改": "edit", "编辑": "edit", "删除": "del", "delete": "del", "rm": "del", "列表": "list", "ls": "list", "查看": "show",
	"搜索": "search", "查找": "search", "find": "search", "测试": "test", "历史": "history", "恢复": "revert", "回退": "revert", "发布": "publish", "预演": "replay",
	"统计": "stats", "建议": "suggest", "学习": "learn", "导入": "import", "导出": "export", "帮助": "help", "取消": "cancel",
	"中文": "zh", "chinese": "zh", "english": "en", "英文": "en", "英语": "en",
	"a": "answer", "答": "answer", "回答": "answer",
}

// obey runs "/faq verb args".
func (t *turn) obey() error {
	name, args := t.args, ""
	if i := strings.IndexAny(t.args, " \t\n\u3000"); i > 0 {
		name, args = t.args[:i], strings.TrimSpace(t.args[i:])
	}
	name = strings.ToLower(name)
	if full, ok := aliases[name]; ok {
		name = full
	}
	switch name {
	case "cancel":
		return t.cancel()
	case "answer":
		return t.reply(args)
	case "zh", "en":
		return t.speak(name)
	}
	if name == "" {
		name = "help"
	}
	t.decision = "faq: " + name
	v, ok := verbs()[name]
	switch {
	case !mayEdit(t.by.Role) && !(ok && v.agents && t.by.Role.Serves()):
		t.decision = "faq: refused"
		t.refuse()
		return nil
	case !ok:
		t.decision = "faq: no such command"
		t.say(texts.FaqUnknown, "Name", cut(name, 20))
		return nil
	}
	t.s.end()
	return t.outcome(v.run(t, args, 0))
}

// reply answers what was asked by "/faq a words", where nothing can be quoted.
func (t *turn) reply(args string) error {
	t.decision, t.text = "faq: answer", args
	taken, err := t.heard()
	if !taken && err == nil {
		t.say(texts.FaqStale)
	}
	return err
}

func (t *turn) refuse() {
	t.say(texts.FaqRefused, "ID", string(t.m.From.ID), "Agent", t.by.Role.Serves())
}

// run continues with a verb, as an option says.
func (t *turn) run(o option) error {
	v, ok := verbs()[o.Do]
	if !ok || !mayEdit(t.by.Role) && !v.agents {
		t.refuse()
		return nil
	}
	t.s.end()
	return t.outcome(v.run(t, o.Arg, o.Page))
}

// outcome turns what a person can do something about into words; other errors are returned, so that the message is handled again.
func (t *turn) outcome(err error) error {
	var taken *kb.DuplicateError
	var wrong *kb.EntryError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &taken):
		t.say(texts.FaqDuplicate, "ID", string(taken.ID), "Question", cut(taken.Question, 60))
	case errors.Is(err, kb.ErrNotFound):
		t.say(texts.FaqNotFound)
	case errors.Is(err, kb.ErrChanged):
		t.say(texts.FaqConflict)
	case errors.As(err, &wrong):
		problems := make([]string, len(wrong.Problems))
		for i, p := range wrong.Problems {
			problems[i] = t.problem(p)
		}
		t.say(texts.FaqInvalid, "Problems", strings.Join(problems, "; "))
	default:
		return err
	}
	return nil
}

// usage explains a verb.
func (t *turn) usage(name string) error {
	t.say(texts.FaqUsage, "Form", t.words("faq_help_"+name))
	return nil
}

func (t *turn) help(string, int) error {
	lines := []string{t.words(texts.FaqHelpHead)}
	for _, name := range verbNames {
		if mayEdit(t.by.Role) || verbs()[name].agents {
			lines = append(lines, t.words("faq_help_"+name))
		}
	}
	if !t.m.Group {
		lines = append(lines, t.words(texts.FaqHelpLanguage))
	}
	t.post(strings.Join(lines, "\n"))
	return nil
}

// speak answers this person in a language from now on, whatever they and their platform write in; a desk has one for all.
func (t *turn) speak(name string) error {
	t.decision = "faq: language"
	if !t.m.Group {
		t.s.Language = map[string]string{"zh": texts.Chinese, "en": texts.English}[name]
		t.s.Chosen, t.lang = true, t.s.Language
	}
	return t.help("", 0)
}

func (t *turn) cancel() error {
	t.decision = "faq: cancel"
	if t.s.Asked == "" {
		t.say(texts.CancelNothing)
		return nil
	}
	t.s.end()
	t.say(texts.FaqCanceled)
	return nil
}

// flags takes leading options such as --draft off the arguments; value flags take the next word.
func flags(args string, known ...string) (set map[string]string, rest string) {
	set = map[string]string{}
	for {
		word, after, _ := strings.Cut(strings.TrimSpace(args), " ")
		name := strings.ReplaceAll(strings.ToLower(word), "—", "--") // what phones make of two hyphens
		if !strings.HasPrefix(name, "--") {
			return set, strings.TrimSpace(args)
		}
		name, value, valued := strings.Cut(strings.TrimPrefix(name, "--"), "=")
		if full, ok := map[string]string{"草稿": "draft", "分类": "category"}[name]; ok {
			name = full
		}
		if !slices.Contains(known, name) {
			return set, strings.TrimSpace(args)
		}
		if name == "category" && !valued {
			value, after, _ = strings.Cut(strings.TrimSpace(after), " ")
		}
		set[name], args = value, after
	}
}

// entryID reads the first word of args as an entry's number.
func entryID(args string) (id kb.EntryID, rest string) {
	word, rest := args, ""
	if i := strings.IndexAny(args, " \t\n\u3000"); i > 0 {
		word, rest = args[:i], strings.TrimSpace(args[i:])
	}
	return kb.EntryID(strings.TrimLeft(word, "#＃")), rest
}

// author is who the history names.
func author(m handoff.Member) string { return m.Name }
