package adaptertest

import (
	"context"

	"kefu/adapters"
	"kefu/internal/sim"
)

func groupChecks() []check {
	deletes := func(f facts) bool { return hasThreads(f) && f.DeleteThread != nil }
	return []check{
		{name: "a text is posted to a group", when: func(f facts) bool { return hasGroup(f) && f.PushAllowed }, run: checkGroupSend},
		{name: "a thread is opened, written into and heard from", when: hasThreads, run: checkThread},
		{name: "a deleted thread is thread_gone", when: deletes, run: checkThreadGone},
		{name: "a thread is closed and open again", when: func(f facts) bool { return hasThreads(f) && can[adapters.ThreadCloser](f.Adapter) }, run: checkThreadClose},
	}
}

func (h *harness) toGroup(about string, thread adapters.ThreadID) adapters.Outgoing {
	return adapters.Outgoing{Key: h.key(), Chat: adapters.ChatID(h.Group), Group: true, Thread: thread, Text: h.text(about)}
}

func checkGroupSend(h *harness) {
	out := h.toGroup("to all", "")
	receipt, p := h.mustSend(out)
	if !p.Group || p.Chat != h.Group || p.Thread != "" || p.Text != out.Text {
		h.Errorf("post = %+v, want %q in group %q outside threads", p, out.Text, h.Group)
	}
	h.wantReceipt(receipt, p)
}

// openThread opens a thread and makes sure that its first message stands in the group.
func (h *harness) openThread() adapters.ThreadID {
	h.Helper()
	opener, _ := adapters.As[adapters.ThreadOpener](h.Adapter)
	head := h.toGroup("head", "")
	before := h.last()
	thread, receipt, err := opener.OpenThread(h.within(), adapters.ThreadRequest{Chat: head.Chat, Title: "Case 7 · Ada", Key: head.Key, Head: head})
	h.judge("OpenThread", err)
	if err != nil {
		h.Fatalf("OpenThread: %v", err)
	}
	if thread == "" {
		h.Fatal("OpenThread found no threads in a group that has them")
	}
	if receipt.ID == "" {
		head.Thread = thread
		h.mustSend(head)
		return thread
	}
	if p := h.onePost(before); p.Text != head.Text || p.ID != string(receipt.ID) || p.Chat != h.Group {
		h.Errorf("the thread's head is %+v, want %q with id %q in %q", p, head.Text, receipt.ID, h.Group)
	}
	return thread
}

func checkThread(h *harness) {
	thread := h.openThread()
	out := h.toGroup("inside", thread)
	receipt, p := h.mustSend(out)
	h.wantReceipt(receipt, p)
	if p.Thread == "" || p.Chat != h.Group || !p.Group || p.Text != out.Text {
		h.Fatalf("post = %+v, want %q in a thread of group %q", p, out.Text, h.Group)
	}
	text := h.text("from inside")
	_, m := h.say(sim.Say{From: h.Member, Chat: h.Group, Thread: p.Thread, Text: text, Mention: true}, adapters.KindMessage)
	h.wellFormed(m)
	if m.Thread != thread || string(m.Chat) != h.Group || !m.Group || m.Text != text {
		h.Errorf("heard %+v, want %q in thread %q of group %q", m, text, thread, h.Group)
	}
	if other := h.openThread(); other == thread {
		h.Errorf("two threads have one id %q", thread)
	}
}

func checkThreadGone(h *harness) {
	thread := h.openThread()
	if err := h.DeleteThread(thread); err != nil {
		h.Fatalf("the simulator could not delete thread %q: %v", thread, err)
	}
	before := h.last()
	_, err := h.send(h.within(), h.toGroup("too late", thread))
	h.wantReason(err, adapters.ReasonThreadGone)
	h.noPost(before)
}

// checkThreadClose does each step twice: the second changes nothing, which is no error.
func checkThreadClose(h *harness) {
	closer, _ := adapters.As[adapters.ThreadCloser](h.Adapter)
	thread := h.openThread()
	for _, step := range []struct {
		name string
		call func(context.Context, adapters.ChatID, adapters.ThreadID) error
	}{{"CloseThread", closer.CloseThread}, {"ReopenThread", closer.ReopenThread}} {
		for range 2 {
			err := step.call(h.within(), adapters.ChatID(h.Group), thread)
			h.judge(step.name, err)
			if err != nil {
				h.Errorf("%s: %v", step.name, err)
			}
		}
	}
	h.mustSend(h.toGroup("open again", thread))
}
