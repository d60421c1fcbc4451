package wechat

import (
	"strconv"
	"testing"
	"time"
)

func TestAttemptsAreBounded(t *testing.T) {
	now := time.Now()
	a := attempts{now: func() time.Time { return now }}
	for i := range 5 * attemptsSize {
		a.next(strconv.Itoa(i))
	}
	if n := len(a.young) + len(a.old); n > 2*attemptsSize {
		t.Errorf("%d ids are kept, want at most %d", n, 2*attemptsSize)
	}
	if got := a.next(strconv.Itoa(5*attemptsSize - 1)); got != 2 {
		t.Errorf("the newest id's second request is number %d, want 2", got)
	}
}
