package richtext

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/util"

	"kefu/adapters"
)

const (
	deepest = 4 // list levels that are indented; deeper ones stay at the last
	rule    = "———"
)

// writer turns a tree into text and spans.
type writer struct {
	source []byte
	out    []byte
	spans  []adapters.Span
	depth  int  // of lists
	inLink bool // links do not nest
}

// span formats what write adds. Its place among the spans is before those of write.
func (w *writer) span(kind adapters.SpanKind, write func()) {
	i, start := len(w.spans), len(w.out)
	w.spans = append(w.spans, adapters.Span{Kind: kind, Start: start})
	write()
	w.spans[i].Length = len(w.out) - start // an empty one does not fit and goes
}

func (w *writer) add(s string) { w.out = append(w.out, s...) }

// newline begins a line at the depth of the list.
func (w *writer) newline() {
	w.add("\n")
	w.add(strings.Repeat("  ", min(w.depth, deepest)))
}

// blocks keeps blank lines between blocks as far as the author wrote them.
func (w *writer) blocks(parent ast.Node) {
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		w.between(n)
		w.block(n)
	}
}

func (w *writer) between(n ast.Node) {
	if n.PreviousSibling() == nil {
		return
	}
	if w.apart(n) {
		w.add("\n")
	}
	w.newline()
}

// apart says whether a blank line stands before n. The parser does not know it of tables and of what follows code.
func (w *writer) apart(n ast.Node) bool {
	_, table := n.(*extast.Table)
	_, code := n.PreviousSibling().(*ast.FencedCodeBlock)
	if !table && !code {
		return n.HasBlankPreviousLines()
	}
	at := n
	for at.Type() == ast.TypeBlock && at.Lines().Len() == 0 && at.FirstChild() != nil {
		at = at.FirstChild()
	}
	if at.Type() != ast.TypeBlock || at.Lines().Len() == 0 {
		return n.HasBlankPreviousLines()
	}
	above := w.source[:at.Lines().At(0).Start]
	above = above[:bytes.LastIndexByte(above, '\n')+1]
	above = bytes.TrimSuffix(above, []byte("\n"))
	return len(bytes.Trim(above[bytes.LastIndexByte(above, '\n')+1:], " \t>")) == 0
}

func (w *writer) block(n ast.Node) {
	switch n := n.(type) {
	case *ast.Heading:
		w.span(adapters.SpanBold, func() { w.inline(n) })
	case *ast.Blockquote:
		w.span(adapters.SpanQuote, func() { w.blocks(n) })
	case *ast.List:
		w.list(n)
	case *ast.FencedCodeBlock:
		w.span(adapters.SpanPre, func() { w.code(n) })
	case *ast.ThematicBreak:
		w.add(rule)
	case *extast.Table:
		w.table(n)
	default:
		w.inline(n)
	}
}

func (w *writer) list(l *ast.List) {
	i := l.Start
	for item := l.FirstChild(); item != nil; item = item.NextSibling() {
		w.between(item)
		switch {
		case l.IsOrdered():
			w.add(strconv.Itoa(i) + string(l.Marker) + " ")
		case w.depth%2 == 0:
			w.add("• ")
		default:
			w.add("◦ ")
		}
		i++
		w.depth++
		w.blocks(item)
		w.depth--
	}
}

func (w *writer) code(n ast.Node) {
	var b bytes.Buffer
	for i := range n.Lines().Len() {
		line := n.Lines().At(i)
		b.Write(line.Value(w.source))
	}
	for i, line := range strings.Split(strings.TrimRight(b.String(), "\n"), "\n") {
		if i > 0 {
			w.newline()
		}
		w.add(line)
	}
}

// table writes a line per row: "a: b" for two columns, else the first cell and the others under their heading.
func (w *writer) table(t *extast.Table) {
	var head []ast.Node
	for row := t.FirstChild(); row != nil; row = row.NextSibling() {
		cells := children(row)
		if _, ok := row.(*extast.TableHeader); ok {
			if head = cells; len(cells) > 2 {
				continue
			}
			w.span(adapters.SpanBold, func() { w.row(cells, nil) })
			continue
		}
		if len(w.out) > 0 && (len(head) <= 2 || row.PreviousSibling() != t.FirstChild()) {
			w.newline()
		}
		w.row(cells, head)
	}
	if len(head) > 2 && t.ChildCount() == 1 {
		w.row(head, nil)
	}
}

// row leaves empty cells out.
func (w *writer) row(cells, head []ast.Node) {
	wrote := false
	for i, cell := range cells {
		if cell.FirstChild() == nil {
			continue
		}
		switch {
		case wrote && len(cells) == 2:
			w.add(": ")
		case wrote:
			w.add("; ")
		}
		switch {
		case len(cells) <= 2 || len(head) == 0:
			w.inline(cell)
		case i == 0:
			w.span(adapters.SpanBold, func() { w.inline(cell) })
		default:
			if i < len(head) && head[i].FirstChild() != nil {
				w.inline(head[i])
				w.add(": ")
			}
			w.inline(cell)
		}
		wrote = true
	}
}

func children(n ast.Node) []ast.Node {
	var out []ast.Node
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		out = append(out, c)
	}
	return out
}

func (w *writer) inline(parent ast.Node) {
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		switch n := n.(type) {
		case *ast.Text:
			w.text(n)
		case *ast.String:
			w.add(string(n.Value))
		case *ast.Emphasis:
			kind := adapters.SpanItalic
			if n.Level == 2 {
				kind = adapters.SpanBold
			}
			w.span(kind, func() { w.inline(n) })
		case *extast.Strikethrough:
			w.span(adapters.SpanStrike, func() { w.inline(n) })
		case *ast.CodeSpan:
			w.span(adapters.SpanCode, func() { w.codeSpan(n) })
		case *ast.Link:
			w.link(unescape(n.Destination), func() { w.inline(n) })
		case *ast.Image:
			w.link(unescape(n.Destination), func() { w.inline(n) })
		case *ast.AutoLink:
			w.link(string(n.URL(w.source)), func() { w.add(string(n.Label(w.source))) })
		default:
			w.inline(n)
		}
	}
}

func (w *writer) text(n *ast.Text) {
	w.add(unescape(n.Segment.Value(w.source)))
	if n.SoftLineBreak() || n.HardLineBreak() {
		w.newline()
	}
}

func (w *writer) codeSpan(n ast.Node) {
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		if t, ok := c.(*ast.Text); ok {
			w.add(strings.ReplaceAll(string(t.Segment.Value(w.source)), "\n", " "))
		}
	}
}

// link writes a label and where it leads. What no platform would open is written behind the label.
func (w *writer) link(to string, label func()) {
	if w.inLink {
		label()
		return
	}
	i, start := len(w.spans), len(w.out)
	url, ok := address(to)
	w.inLink = true
	w.span(adapters.SpanLink, func() {
		label()
		if len(bytes.TrimSpace(w.out[start:])) == 0 {
			w.add(to)
		}
	})
	w.inLink = false
	if w.spans[i].URL = url; ok {
		return
	}
	w.spans[i].Length = 0
	for _, scheme := range []string{"tel:", "mailto:"} {
		to = strings.TrimPrefix(to, scheme)
	}
	if to != "" && !strings.HasPrefix(to, "#") && !bytes.Contains(w.out[start:], []byte(to)) {
		w.add(" (" + to + ")")
	}
}

// unescape resolves backslashes and entities.
func unescape(b []byte) string {
	var out []byte
	for {
		i := bytes.IndexByte(b, '\\')
		if i < 0 || i+1 == len(b) {
			return string(append(out, entities(b)...))
		}
		out = append(out, entities(b[:i])...)
		if !util.IsPunct(b[i+1]) {
			out = append(out, b[i])
		}
		out = append(out, b[i+1])
		b = b[i+2:]
	}
}

// entities resolves those that end in a semicolon: "&copy=1" is part of an address.
func entities(b []byte) []byte {
	if bytes.IndexByte(b, '&') < 0 {
		return b
	}
	return util.ResolveEntityNames(util.ResolveNumericReferences(b))
}
