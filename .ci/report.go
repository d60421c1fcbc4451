// Command report reads what go test -json prints. It shows the closing line of every package and the output of what failed, and
// exits with 1 when a test failed or was skipped, or when no test ran at all. With -fuzz it prints "package target" for every fuzz target listed instead.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// event is one line of go test -json (go doc test2json).
type event struct {
	Action  string
	Package string
	Test    string
	Output  string
}

func main() {
	fuzz := flag.Bool("fuzz", false, "list fuzz targets")
	flag.Parse()
	if *fuzz {
		if err := each(os.Stdin, printTarget); err != nil {
			fail(err)
		}
		return
	}
	r := report{output: map[string][]string{}, seeds: map[string]string{}}
	if err := each(os.Stdin, r.take); err != nil {
		fail(err)
	}
	if !r.close() {
		os.Exit(1)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "report:", err)
	os.Exit(1)
}

// each decodes the events; a line that is none is shown as it is.
func each(in io.Reader, take func(event)) error {
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			var e event
			if json.Unmarshal(line, &e) == nil {
				take(e)
			} else {
				fmt.Fprintf(os.Stderr, "%s", line)
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func printTarget(e event) {
	if e.Action == "build-output" {
		fmt.Fprint(os.Stderr, e.Output)
	}
	if e.Action == "output" && strings.HasPrefix(e.Output, "Fuzz") {
		fmt.Println(e.Package, strings.TrimSpace(e.Output))
	}
}

type report struct {
	output                  map[string][]string // by package and test, until it ended
	seeds                   map[string]string   // by package
	passed                  int
	failed, skipped, broken []string
}

func (r *report) take(e event) {
	key := e.Package + " " + e.Test
	switch {
	case e.Action == "build-output":
		fmt.Print(e.Output)
	case e.Action == "output" && e.Test == "":
		r.line(e.Package, e.Output)
	case e.Action == "output":
		r.output[key] = append(r.output[key], e.Output)
	case e.Test == "" && e.Action == "fail":
		r.broken = append(r.broken, e.Package+" -shuffle="+r.seeds[e.Package])
	case e.Test == "":
	case e.Action == "pass":
		r.passed++
		delete(r.output, key)
	case e.Action == "fail":
		r.failed = append(r.failed, key)
		fmt.Print(strings.Join(r.output[key], ""))
		delete(r.output, key)
	case e.Action == "skip":
		r.skipped = append(r.skipped, key+": "+why(r.output[key]))
		delete(r.output, key)
	}
}

// line shows what a package says outside its tests: the closing line, a panic or a data race. Its shuffle seed matters only when it fails.
func (r *report) line(pkg, s string) {
	switch seed, ok := strings.CutPrefix(s, "-test.shuffle "); {
	case ok:
		r.seeds[pkg] = strings.TrimSpace(seed)
	case s != "PASS\n":
		fmt.Print(s)
	}
}

// why finds the words of t.Skip in a test's output.
func why(output []string) string {
	for _, line := range output {
		if s := strings.TrimSpace(line); !strings.HasPrefix(s, "===") && !strings.HasPrefix(s, "---") {
			return s
		}
	}
	return "no reason given"
}

// close prints the account and says whether the run may count.
func (r *report) close() bool {
	for key, lines := range r.output { // tests that never ended: the package died
		fmt.Printf("did not end: %s\n%s", key, strings.Join(lines, ""))
	}
	for _, list := range []struct {
		name  string
		names []string
	}{{"failed", r.failed}, {"skipped", r.skipped}, {"package failed", r.broken}} {
		slices.Sort(list.names)
		for _, name := range list.names {
			fmt.Printf("%s: %s\n", list.name, name)
		}
	}
	fmt.Printf("%d passed, %d failed, %d skipped (a skipped test is a failure here)\n", r.passed, len(r.failed), len(r.skipped))
	return r.passed > 0 && len(r.failed)+len(r.skipped)+len(r.broken)+len(r.output) == 0
}
