package bot_test

import (
	"strings"
	"testing"
	"time"
)

// What counts is when the contact answered: a gateway that was down and handles the answer hours later still takes it.
func TestAnswerHandledLate(t *testing.T) {
	o := newOffice(t)
	var out strings.Builder
	o.handle(o.message("amy", "", "", "退款"), &out)
	m := o.message("amy", "", "", "2")
	o.clock = o.clock.Add(5 * time.Hour)
	out.Reset()
	o.handle(m, &out)
	if !strings.Contains(out.String(), "1 至 3 个工作日") {
		t.Errorf("the answer to the question is lost: %s", out.String())
	}
	m = o.message("amy", "", "", "怎么退货")
	m.SentAt = m.SentAt.Add(100 * time.Hour) // a platform whose clock is ahead
	o.handle(m, &out)
	o.handle(o.message("amy", "", "", "退款"), &out)
	out.Reset()
	o.handle(o.message("amy", "", "", "2"), &out)
	if !strings.Contains(out.String(), "1 至 3 个工作日") {
		t.Errorf("after a time in the future: %s", out.String())
	}
}
