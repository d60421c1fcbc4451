package embedding

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"

	"kefu/adapters"
)

// Client asks a service for vectors. It is safe for concurrent use.
type Client struct {
	URL   string // of the endpoint, as in https://host/v1/embeddings
	Model string
	Key   adapters.Secret // empty = no authorization is sent
	HTTP  *http.Client
}

// Bounds of what a service may return.
const (
	maxDimensions = 8192
	maxReply      = 64 << 20
)

type request struct {
	Model string   `json:"model"`
	Input []string `json:"input"`
}

type reply struct {
	Data []struct {
		Index     int       `json:"index"`
		Embedding []float64 `json:"embedding"`
	} `json:"data"`
}

// Embed returns one vector for each text, all of the same length.
func (c *Client) Embed(ctx context.Context, texts []string) ([]Vector, error) {
	body, err := json.Marshal(request{c.Model, texts})
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("ask for embeddings: %w", unaddressed(err))
	}
	req.Header.Set("Content-Type", "application/json")
	if c.Key != "" {
		req.Header.Set("Authorization", "Bearer "+c.Key.Reveal())
	}
	res, err := c.HTTP.Do(req)
	if err != nil {
		return nil, fmt.Errorf("ask for embeddings: %w", unaddressed(err))
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("ask for embeddings: status %d", res.StatusCode)
	}
	var r reply
	if err := json.NewDecoder(io.LimitReader(res.Body, maxReply)).Decode(&r); err != nil {
		return nil, fmt.Errorf("read embeddings: %w", err)
	}
	return r.vectors(len(texts))
}

// unaddressed leaves the address out of an error: some services take their key in it.
func unaddressed(err error) error {
	var at *url.Error
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}

var (
	errReply  = errors.New("embeddings do not fit the texts")
	errPaused = errors.New("embeddings are skipped for a while")
)

// vectors puts the vectors in the order of the texts.
func (r *reply) vectors(n int) ([]Vector, error) {
	if len(r.Data) != n {
		return nil, fmt.Errorf("%w: %d for %d", errReply, len(r.Data), n)
	}
	out := make([]Vector, n)
	for _, d := range r.Data {
		size := len(d.Embedding)
		if d.Index < 0 || d.Index >= n || out[d.Index] != nil || size == 0 || size > maxDimensions || size != len(r.Data[0].Embedding) {
			return nil, fmt.Errorf("%w: index %d, %d dimensions", errReply, d.Index, size)
		}
		if out[d.Index] = newVector(d.Embedding); out[d.Index] == nil {
			return nil, fmt.Errorf("%w: a vector without direction", errReply)
		}
	}
	return out, nil
}

// Vector is a direction; the largest number of each is 127 or -127.
type Vector []int8

// newVector returns nil for a vector of length zero or with numbers that are none.
func newVector(x []float64) Vector {
	top := 0.0
	for _, v := range x {
		top = max(top, math.Abs(v))
	}
	if top == 0 || math.IsNaN(top) || math.IsInf(top, 0) {
		return nil
	}
	out := make(Vector, len(x))
	for i, v := range x {
		out[i] = int8(math.Round(127 * v / top))
	}
	return out
}

// Cosine returns the likeness of two vectors, -1..1, or false if they are of different models.
func (v Vector) Cosine(o Vector) (float64, bool) {
	if len(v) != len(o) || len(v) == 0 {
		return 0, false
	}
	dot, a, b := 0, 0, 0
	for i := range v {
		x, y := int(v[i]), int(o[i])
		dot += x * y
		a += x * x
		b += y * y
	}
	return float64(dot) / math.Sqrt(float64(a)*float64(b)), true
}
