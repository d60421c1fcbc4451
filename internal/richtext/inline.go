package richtext

import (
	"bytes"
	"unicode"
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// emphasis parses *, _ and ~~.
type emphasis struct{}

func (emphasis) Trigger() []byte { return []byte{'*', '_', '~'} }

func (emphasis) Parse(_ ast.Node, block text.Reader, pc parser.Context) ast.Node {
	before := block.PrecendingCharacter()
	line, segment := block.PeekLine()
	var kind parser.DelimiterProcessor = emphasis{}
	if line[0] == '~' {
		kind = strike{}
	}
	d := parser.ScanDelimiter(line, before, 1, kind)
	if d == nil || (d.Char == '~' && (d.OriginalLength != 2 || before == '~')) {
		return nil
	}
	after := ' '
	if rest := line[d.OriginalLength:]; len(rest) > 0 {
		after, _ = utf8.DecodeRune(rest)
	}
	if d.Char != '_' {
		d.CanOpen = d.CanOpen || (wide(before) && !util.IsSpaceRune(after))
		d.CanClose = d.CanClose || (wide(after) && !util.IsSpaceRune(before))
	}
	if d.Char == '*' && d.OriginalLength == 1 && digit(before) && digit(after) {
		d.CanOpen, d.CanClose = false, false
	}
	d.Segment = segment.WithStop(segment.Start + d.OriginalLength)
	block.Advance(d.OriginalLength)
	pc.PushDelimiter(d)
	return d
}

func (emphasis) IsDelimiter(b byte) bool { return b == '*' || b == '_' || b == '~' }

func (emphasis) CanOpenCloser(opener, closer *parser.Delimiter) bool {
	return opener.Char == closer.Char
}

func (emphasis) OnMatch(consumes int) ast.Node { return ast.NewEmphasis(consumes) }

// strike handles "~~".
type strike struct{ emphasis }

func (strike) OnMatch(int) ast.Node { return extast.NewStrikethrough() }

// wide says that r belongs to a script written without spaces, or is its punctuation.
func wide(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul) ||
		(r >= 0x3000 && r <= 0x303F) || (r >= 0xFF00 && r <= 0xFFEF) || bytes.ContainsRune([]byte("“”‘’…—·"), r)
}

func digit(r rune) bool { return r >= '0' && r <= '9' }

// bareURL parses addresses without markup. The parser stops at punctuation only, so it begins at the colon and takes the scheme back.
type bareURL struct{}

func (bareURL) Trigger() []byte { return []byte{':'} }

func (bareURL) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	line, segment := block.PeekLine()
	before, ok := parent.LastChild().(*ast.Text)
	if pc.IsInLinkLabel() || !ok || before.Segment.Stop != segment.Start || !bytes.HasPrefix(line, []byte("://")) {
		return nil
	}
	word := before.Segment.Value(block.Source())
	scheme := len(word) - len(bytes.TrimRightFunc(word, func(r rune) bool { return r < utf8.RuneSelf && (unicode.IsLetter(r) || digit(r)) }))
	if s := string(word[len(word)-scheme:]); s != "http" && s != "https" {
		return nil
	}
	n := addressEnd(line[len("://"):])
	if n == 0 {
		return nil
	}
	n += len("://")
	start := segment.Start - scheme
	before.Segment = before.Segment.WithStop(start)
	block.Advance(n)
	return ast.NewAutoLink(ast.AutoLinkURL, ast.NewTextSegment(text.NewSegment(start, segment.Start+n)))
}

// addressEnd is where an address at the start of line ends: before the first character that is not visible ASCII or seldom part of one, and before the
// punctuation of the sentence around it.
func addressEnd(line []byte) int {
	n := bytes.IndexFunc(line, func(r rune) bool {
		return r <= ' ' || r >= 0x7F || bytes.ContainsRune([]byte("<>\"'`*|[]{}\\^"), r)
	})
	if n < 0 {
		n = len(line)
	}
	depth := bytes.Count(line[:n], []byte{')'}) - bytes.Count(line[:n], []byte{'('})
	for ; n > 0; n-- {
		switch c := line[n-1]; {
		case c == ')' && depth > 0:
			depth--
		case bytes.IndexByte([]byte(".,;:!?~_"), c) >= 0:
		default:
			return n
		}
	}
	return n
}

// lines parses paragraphs, also of lines that are indented as code would be.
type lines struct{ parser.BlockParser }

func (lines) CanAcceptIndentedLine() bool { return true }
