package bot

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"time"

	"kefu/adapters"
	"kefu/kb"
)

// Config are the bot's settings.
type Config struct {
	// Floor is the least confidence, 0..1, at which the bot answers.
	Floor float64 `yaml:"floor"`
	// Refuse is the probability that no entry fits, 0..1, above which the bot admits not knowing.
	Refuse  float64       `yaml:"refuse"`
	Clarify ClarifyConfig `yaml:"clarify"`
	// HandoffAfter is how many questions in a row without an answer make the bot offer a person first of all.
	HandoffAfter int            `yaml:"handoff_after"`
	Feedback     FeedbackConfig `yaml:"feedback"`
	Flood        FloodConfig    `yaml:"flood"`
	// Keywords adds sentences that mean an intent: human, complaint, ticket, cancel, help, thanks, greeting.
	Keywords map[string][]string `yaml:"keywords"`
	// Embeddings is a service that helps to choose among entries; off without a URL.
	Embeddings EmbeddingsConfig `yaml:"embeddings"`
	// Texts is a folder with zh-CN.yaml and en.yaml whose texts replace the built-in ones; empty = none.
	Texts string `yaml:"texts"`
}

// ClarifyConfig bounds asking back.
type ClarifyConfig struct {
	Choices int `yaml:"choices"` // 2..4
	Rounds  int `yaml:"rounds"`  // 1..2 questions back in a row
}

// EmbeddingsConfig names a service of the OpenAI form of /v1/embeddings.
type EmbeddingsConfig struct {
	URL    string          `yaml:"url"` // of the endpoint, as in https://host/v1/embeddings; empty = off
	Model  string          `yaml:"model"`
	APIKey adapters.Secret `yaml:"api_key"` // empty = no authorization is sent
	// Timeout is the most a question waits for the service, up to 800 ms.
	Timeout time.Duration `yaml:"timeout"`
}

// maxEmbeddingsTimeout is also the default: people wait for an answer meanwhile.
const maxEmbeddingsTimeout = 800 * time.Millisecond

func (c *EmbeddingsConfig) validate(report adapters.Report) {
	if c.URL == "" {
		return
	}
	if u, err := url.Parse(c.URL); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil {
		report("embeddings.url", "must be an address such as https://host/v1/embeddings")
	}
	if c.Model == "" {
		report("embeddings.model", "is missing")
	}
	if c.Timeout < 10*time.Millisecond || c.Timeout > maxEmbeddingsTimeout {
		report("embeddings.timeout", fmt.Sprintf("must be between 10ms and %v", maxEmbeddingsTimeout))
	}
}

// FeedbackConfig bounds asking whether an answer helped.
type FeedbackConfig struct {
	Every int `yaml:"every"` // one in so many answers of a contact is asked about; negative = none
}

// Defaults fills in what is not set.
func (c *Config) Defaults() {
	set(&c.Floor, 0.65)
	set(&c.Refuse, 0.6)
	set(&c.Clarify.Choices, 4)
	set(&c.Clarify.Rounds, 2)
	set(&c.HandoffAfter, 2)
	set(&c.Embeddings.Timeout, maxEmbeddingsTimeout)
	set(&c.Feedback.Every, 3)
	c.Flood.defaults()
}

func set[T comparable](v *T, value T) {
	var zero T
	if *v == zero {
		*v = value
	}
}

// Validate reports every mistake.
func (c *Config) Validate(report adapters.Report) {
	share := func(path string, v float64) {
		if v < 0 || v > 1 {
			report(path, fmt.Sprintf("%g is not between 0 and 1", v))
		}
	}
	share("floor", c.Floor)
	share("refuse", c.Refuse)
	if c.Clarify.Choices < 2 || c.Clarify.Choices > 4 {
		report("clarify.choices", "must be 2, 3 or 4")
	}
	if c.Clarify.Rounds < 1 || c.Clarify.Rounds > 2 {
		report("clarify.rounds", "must be 1 or 2")
	}
	if c.HandoffAfter < 1 {
		report("handoff_after", "must be at least 1")
	}
	if c.Flood.Messages < 0 {
		report("flood.messages", "must not be negative; 0 = no limit")
	}
	if c.Flood.Messages > 0 && c.Flood.Per < time.Second {
		report("flood.per", "must be at least 1s")
	}
	c.Embeddings.validate(report)
	for _, k := range slices.Sorted(maps.Keys(c.Keywords)) {
		if _, ok := defaultKeywords[intent(k)]; !ok {
			report("keywords."+k, "unknown intent; known are human, complaint, ticket, cancel, help, thanks, greeting")
		}
	}
}

// Thresholds are the limits at which questions are answered.
func (c *Config) Thresholds() kb.Thresholds {
	return kb.Thresholds{Answer: c.Floor, Refuse: c.Refuse, Choices: c.Clarify.Choices}
}
