package kb_test

import (
	"fmt"
	"testing"
	"time"

	"kefu/internal/docstore"
	"kefu/internal/docstore/sqlite"
	"kefu/kb"
)

// BenchmarkStart reads a store of 20,000 entries, half of them edited since the import, from the embedded database and builds its index, as a restart does: 50,000 texts/s are wanted.
func BenchmarkStart(b *testing.B) {
	d, err := sqlite.Open(b.Context(), sqlite.Options{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	docs := docstore.New(d)
	defer docs.Close()
	s, err := kb.NewStore(b.Context(), docs, time.Now)
	if err != nil {
		b.Fatal(err)
	}
	var rows []kb.Row
	for i, e := range manyEntries(20_000) {
		e.Question, e.State = fmt.Sprintf("%s 第 %d 号", e.Question, i), kb.Live
		rows = append(rows, kb.Row{Line: i + 1, Entry: e})
	}
	for _, part := range [][]kb.Row{rows, rows[:10_000]} {
		if _, err := kb.Import(b.Context(), s, part, "bench"); err != nil {
			b.Fatal(err)
		}
		for i := range rows {
			rows[i].Entry.Answer += " v2"
		}
	}
	texts := 0
	for b.Loop() {
		again, err := kb.NewStore(b.Context(), docs, time.Now)
		if err != nil {
			b.Fatal(err)
		}
		x, err := kb.NewIndex(b.Context(), again, kb.IndexOptions{})
		if err != nil {
			b.Fatal(err)
		}
		_, n := x.Size()
		texts += n
	}
	b.ReportMetric(float64(texts)/b.Elapsed().Seconds(), "texts/s")
}
