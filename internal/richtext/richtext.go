package richtext

import (
	"bytes"
	"strings"
	"unicode"

	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

	"kefu/adapters"
)

// Parser reads Markdown. It is safe for concurrent use.
type Parser struct {
	markdown parser.Parser
}

// New returns a Parser.
func New() *Parser {
	return &Parser{markdown: parser.NewParser(
		parser.WithBlockParsers(
			util.Prioritized(parser.NewThematicBreakParser(), 200),
			util.Prioritized(parser.NewListParser(), 300),
			util.Prioritized(parser.NewListItemParser(), 400),
			util.Prioritized(parser.NewATXHeadingParser(), 600),
			util.Prioritized(parser.NewFencedCodeBlockParser(), 700),
			util.Prioritized(parser.NewBlockquoteParser(), 800),
			util.Prioritized(lines{parser.NewParagraphParser()}, 1000),
		),
		parser.WithInlineParsers(
			util.Prioritized(parser.NewCodeSpanParser(), 100),
			util.Prioritized(parser.NewLinkParser(), 200),
			util.Prioritized(parser.NewAutoLinkParser(), 300),
			util.Prioritized(emphasis{}, 500),
			util.Prioritized(bareURL{}, 600),
		),
		parser.WithParagraphTransformers(util.Prioritized(extension.NewTableParagraphTransformer(), 200)),
		parser.WithASTTransformers(util.Prioritized(extension.NewTableASTTransformer(), 0)),
	)}
}

// Parse returns the text people read and how it looks. Whatever the input, the spans fit the text (see adapters.FitSpans) and only
// an input of nothing but spaces has no text.
func (p *Parser) Parse(markdown string) (plain string, spans []adapters.Span) {
	defer func() {
		if recover() != nil { // a mistake of the parser costs the formatting, not the answer
			plain, spans = strings.TrimSpace(markdown), nil
		}
	}()
	plain, spans = p.parse(markdown)
	if plain == "" {
		return strings.TrimSpace(markdown), nil // markup around nothing
	}
	return plain, spans
}

// nesting is how many quotes and list items one line may begin. Nobody writes more, and parsing them takes quadratic time.
const nesting = 50

func tooDeep(source []byte) bool {
	for line := range bytes.Lines(source) {
		depth := 0
		for i, c := range line {
			if bytes.IndexByte([]byte(" \t>-*+.)0123456789"), c) < 0 {
				break
			}
			marker := bytes.IndexByte([]byte("-*+.)"), c) >= 0 && i+1 < len(line) && (line[i+1] == ' ' || line[i+1] == '\t')
			if c == '>' || marker {
				depth++
			}
		}
		if depth > nesting {
			return true
		}
	}
	return false
}

func (p *Parser) parse(markdown string) (string, []adapters.Span) {
	source := []byte(strings.ReplaceAll(strings.ToValidUTF8(markdown, "\uFFFD"), "\r\n", "\n"))
	if tooDeep(source) {
		return strings.TrimSpace(string(source)), nil
	}
	w := &writer{source: source}
	w.blocks(p.markdown.Parse(text.NewReader(source)))
	all := string(w.out)
	from := len(all) - len(strings.TrimLeftFunc(all, unicode.IsSpace))
	to := len(strings.TrimRightFunc(all, unicode.IsSpace))
	if from >= to {
		return "", nil
	}
	return all[from:to], adapters.FitSpans(all[from:to], adapters.ClipSpans(w.spans, from, to))
}
