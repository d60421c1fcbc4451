package kb_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"kefu/internal/docstore"
	"kefu/internal/docstore/sqlite"
	"kefu/kb"
)

// manyEntries makes entries of three texts of 6 to 12 words each, with words as unevenly used as in real text, half of them Chinese.
func manyEntries(n int) []kb.Entry {
	r := rand.New(rand.NewPCG(1, 1))
	zipf := rand.NewZipf(r, 1.1, 4, 20_000)
	text := func(chinese bool) string {
		s := ""
		for range 6 + r.IntN(7) {
			if w := zipf.Uint64(); chinese {
				s += string(rune(0x4E00 + w*7%20_000))
			} else {
				s += fmt.Sprintf(" w%so", []string{"ar", "en", "il", "ot", "us"}[w%5]+fmt.Sprintf("%c%c%c", 'a'+w%26, 'a'+w/26%26, 'a'+w/676%26))
			}
		}
		return s
	}
	entries := make([]kb.Entry, n)
	for i := range entries {
		zh := i%2 == 0
		entries[i] = kb.Entry{Question: text(zh), Similar: []string{text(zh), text(zh)}, Answer: "a"}
	}
	return entries
}

// A change of a large store is seen without building it anew, and ranks as in a fresh index.
func TestLargeStoreTakesChanges(t *testing.T) {
	s := openStore(t, newMemory())
	var rows []kb.Row
	for i, e := range manyEntries(3000) {
		rows = append(rows, kb.Row{Line: i + 1, Entry: e})
	}
	if _, err := kb.Import(t.Context(), s, rows, "x"); err != nil {
		t.Fatal(err)
	}
	x := openIndex(t, s)
	fresh := add(t, s, "怎么退款", "how do I get a refund")
	old, err := s.Edit(t.Context(), "7", "x", func(e *kb.Entry) error { e.Question = "怎么换货"; return nil })
	if err != nil {
		t.Fatal(err)
	}
	gone, _ := s.Entry(t.Context(), "8")
	if err := s.Delete(t.Context(), "8", "x"); err != nil {
		t.Fatal(err)
	}
	if err := x.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]kb.EntryID{"怎么退款": fresh.ID, "how do i get a refnd": fresh.ID, "怎么换货": old.ID, old.Similar[0]: old.ID} {
		if r := x.Match(kb.Question{Text: text}); top(r) != want || r.Candidates[0].Confidence < 0.9 {
			t.Errorf("%q found %s, want %s", text, bestOf(r), want)
		}
	}
	if got := top(x.Match(kb.Question{Text: gone.Question})); got == "8" {
		t.Error("a deleted entry is found")
	}
	again := openIndex(t, s)
	for _, q := range manyEntries(50) {
		if a, b := top(x.Match(kb.Question{Text: q.Question + " x"})), top(again.Match(kb.Question{Text: q.Question + " x"})); a != b {
			t.Errorf("%q: %s, in a fresh index %s", q.Question, a, b)
		}
	}
}

// BenchmarkMatch asks questions that are near no text and near one, with a homophone, a typo and two sentences among them; p99-ms is the time that
// all but one of a hundred take.
func BenchmarkMatch(b *testing.B) {
	for _, n := range []int{100, 10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			entries := manyEntries(n)
			x := kb.IndexOf(entries, kb.IndexOptions{})
			ask := func(i int) string {
				e := &entries[i*7919%n]
				switch i % 4 {
				case 0:
					return e.Similar[0] + " more"
				case 1:
					return e.Question + "? " + e.Similar[1] + " x?"
				case 2:
					return string([]rune(e.Similar[0])[1:]) + "退款"
				}
				return entries[i*31%n].Question[:6] + e.Question
			}
			var took []time.Duration
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				start := time.Now()
				x.Match(kb.Question{Text: ask(i)})
				took = append(took, time.Since(start))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
		})
	}
}

// BenchmarkIndex builds the index of a store anew, as at a start; heap-MB is what it keeps beside the entries.
func BenchmarkIndex(b *testing.B) {
	for _, n := range []int{1000, 10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			entries := manyEntries(n)
			var x *kb.Index
			before := heap()
			for b.Loop() {
				x = kb.IndexOf(entries, kb.IndexOptions{})
			}
			b.ReportMetric(float64(heap()-before)/(1<<20), "heap-MB")
			b.ReportMetric(float64(3*n)*float64(b.N)/b.Elapsed().Seconds(), "texts/s")
			runtime.KeepAlive(x)
			runtime.KeepAlive(entries)
		})
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// BenchmarkImport reads and stores a file of 50,000 entries on the embedded database, as an import by command or chat does: 10 s are allowed.
func BenchmarkImport(b *testing.B) {
	entries := manyEntries(50_000)
	for i := range entries {
		entries[i].Question, entries[i].Similar, entries[i].State = fmt.Sprintf("%s 第 %d 号", entries[i].Question, i), nil, kb.Live
	}
	for _, format := range kb.Formats {
		b.Run(string(format), func(b *testing.B) {
			var file bytes.Buffer
			if err := format.Write(&file, entries, time.UTC); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				b.StopTimer()
				d, err := sqlite.Open(b.Context(), sqlite.Options{Dir: b.TempDir()})
				if err != nil {
					b.Fatal(err)
				}
				store := docstore.New(d)
				s, err := kb.NewStore(b.Context(), store, time.Now)
				if err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
				rows, err := format.Read(bytes.NewReader(file.Bytes()), time.UTC)
				if err != nil {
					b.Fatal(err)
				}
				if sum, err := kb.Import(b.Context(), s, rows, "bench"); err != nil || sum.New != len(entries) {
					b.Fatalf("%d new, %v", sum.New, err)
				}
				b.StopTimer()
				if err := store.Close(); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
			}
		})
	}
}
