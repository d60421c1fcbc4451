package app_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"kefu/internal/config"
	"kefu/internal/playground"
)

// meanings is an embedding service that remembers what it was asked.
type meanings struct {
	mu    sync.Mutex
	texts []string
}

func (s *meanings) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in struct{ Input []string }
	if json.NewDecoder(r.Body).Decode(&in) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	s.texts = append(s.texts, in.Input...)
	s.mu.Unlock()
	var data []map[string]any
	for i := range in.Input {
		data = append(data, map[string]any{"index": i, "embedding": []float64{1, float64(i % 2)}})
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"data": data})
}

func (s *meanings) heard(text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Contains(s.texts, text)
}

// A preview of what publishing would change asks the embedding service as live answers do, and says so when it was not there.
func TestReplayAsksTheEmbeddingService(t *testing.T) {
	t.Parallel()
	s := &meanings{}
	server := httptest.NewServer(s)
	r := startIn(t, unpaced, func(cfg *config.Config) {
		withEditors(cfg)
		cfg.Bot.Embeddings.URL, cfg.Bot.Embeddings.Model, cfg.Bot.Embeddings.Timeout = server.URL, "m", time.Minute
	})
	deadline := time.After(60 * time.Second)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !s.heard("怎么退货") {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("the service is not asked for the entries")
		}
	}
	inbox := playground.TelegramInbox
	ed := &talk{t: t, p: r.Platforms()[inbox], from: string(editors[inbox])}
	c := &talk{t: t, p: ed.p, from: askers[inbox]}
	ed.say("/faq add 怎么退款 | 在订单页申请。", "已生效：#2")
	c.say("怎么退", "")
	ed.say("/faq add --draft 怎么退换 | 七天内可以换。", "草稿：#3")
	ed.say("/faq replay", "客户问了 1 次")
	if !s.heard("怎么退换") {
		t.Error("the draft was compared without the service")
	}
	server.Close()
	ed.say("/faq replay", "1 种问法没有等到向量服务")
}
