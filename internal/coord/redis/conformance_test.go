package redis_test

import (
	"testing"

	"kefu/internal/coord/coordtest"
)

func TestSimulatedServer(t *testing.T) {
	coordtest.Run(t, coordtest.Options{Open: func(t *testing.T) coordtest.Space {
		return space(t, "redis://"+simulated(t).Addr())
	}})
}

func TestRealServer(t *testing.T) {
	at := realURL(t)
	coordtest.Run(t, coordtest.Options{Open: func(t *testing.T) coordtest.Space { return space(t, at) }})
}
