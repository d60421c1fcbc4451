package faulttest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"kefu/internal/playground"
	"kefu/internal/sim"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// scene builds a record by hand: customers 0 and 1 on Telegram, times in seconds after noon.
type scene struct {
	record
	seq int64
}

func newScene() *scene {
	s := &scene{}
	s.board, s.arrivals = newBoard(), map[string]arrival{}
	s.homes = []chatKey{{playground.TelegramInbox, "100"}, {playground.TelegramInbox, "101"}}
	return s
}

func after(seconds float64) time.Time { return noon.Add(time.Duration(seconds * float64(time.Second))) }

// says is one message, delivered within a tenth of a second.
func (s *scene) says(customer int, sort sort, id, text, token string, at float64) {
	home := s.homes[customer]
	if sort == sortReply || sort == sortNote {
		home.chat = playground.TelegramGroup
	}
	s.said = append(s.said, said{customer, sort, home.platform, home.chat, id, text, token})
	s.arrivals[arrivalKey(home.platform, home.chat, id)] = arrival{begun: after(at), acked: after(at + 0.1)}
}

// shows is one post of the account; thread "" = a private chat.
func (s *scene) shows(platform, chat, thread, text string, at float64) {
	s.seq++
	p := sim.Post{Seq: s.seq, Chat: chat, Group: thread != "", Thread: thread, Text: text, Via: "api", At: after(at)}
	s.board.add(platform, p)
}

func (s *scene) answers(customer int, text string, at float64) {
	s.shows(s.homes[customer].platform, s.homes[customer].chat, "", text, at)
}

func (s *scene) relays(thread, text string, at float64) {
	s.shows(playground.TelegramInbox, playground.TelegramGroup, thread, text, at)
}

func (s *scene) hit(kind, op string, at float64) {
	s.events = append(s.events, event{kind: kind, platform: playground.TelegramInbox, op: op, at: after(at), next: after(at + 0.5)})
}

func (s *scene) lasts(kind string, from, to float64) {
	s.hit(kind, "", from)
	s.events[len(s.events)-1].end = after(to)
}

// doubts tells an agent that a reply may not have arrived.
func (s *scene) doubts(thread string, at float64) {
	s.seq++
	s.board.add(playground.TelegramInbox, sim.Post{
		Seq: s.seq, ID: fmt.Sprint("n", s.seq), Chat: playground.TelegramGroup, Group: true, Thread: thread, Text: "不确定这条消息是否送达", At: after(at),
		Buttons: []sim.Button{{Label: "重新发送", Data: "resend"}},
	})
}

// again is an answer inside one of the requests for a message that the store kept waiting, and once more.
func (s *scene) again(request int) {
	s.homes[1] = chatKey{playground.WeChatInbox, "o1"}
	s.says(1, sortQuestion, "4", "运费谁出", "KF000002", 6)
	s.arrivals[arrivalKey(playground.WeChatInbox, "o1", "4")] = arrival{begun: after(6), acked: after(6.1), tries: request}
	s.events = append(s.events, event{kind: faultHeld, at: after(6), end: after(6.05)})
	s.seq++
	s.board.add(playground.WeChatInbox, sim.Post{Seq: s.seq, Chat: "o1", Text: "KF000002 卖家承担。", Via: "passive", At: after(6.1)})
	s.answers(1, "KF000002 卖家承担。", 7.5)
}

// talk is a conversation without a fault.
func (s *scene) talk() {
	s.says(0, sortQuestion, "1", "怎么退货", "KF000001", 1)
	s.answers(0, "您好，欢迎光临！", 1.1)
	s.answers(0, "KF000001 七天内可以退货。", 1.2)
	s.says(0, sortHuman, "2", "人工", tokenWaiting, 2)
	s.answers(0, "正在为您转接人工客服", 2.1)
	s.says(0, sortText, "3", "订单 [t0.1]", "[t0.1]", 3)
	s.relays("9", "c0：订单 [t0.1]", 3.2)
	s.says(0, sortReply, "50", "查到 [a0.2]", "[a0.2]", 4)
	s.answers(0, "查到 [a0.2]", 4.2)
	s.says(0, sortNote, "51", "//内部 [n0.3]", "[n0.3]", 5)
	s.relays("9", "已记为内部备注，不会发给客户。", 5.2)
}

func TestJudge(t *testing.T) {
	tests := []struct {
		name                                   string
		change                                 func(*scene)
		lost, doubled, disorder, wrong, leaked int
		explained, told, delivered             int
	}{
		{name: "nothing wrong", change: func(*scene) {}, delivered: 5},
		{name: "an unanswered question", delivered: 6, lost: 1, change: func(s *scene) {
			s.says(0, sortQuestion, "4", "运费谁出", "KF000002", 6)
		}},
		{name: "the wrong answer", delivered: 6, lost: 1, wrong: 1, change: func(s *scene) {
			s.says(0, sortQuestion, "4", "运费谁出", "KF000002", 6)
			s.answers(0, "KF000003 不开发票。", 6.1)
		}},
		{name: "a question the platform gave up", delivered: 5, change: func(s *scene) {
			s.says(0, sortQuestion, "4", "运费谁出", "KF000002", 6)
			s.arrivals[arrivalKey(playground.TelegramInbox, "100", "4")] = arrival{begun: after(6)}
		}},
		{name: "a question relayed into the open case", delivered: 6, change: func(s *scene) {
			s.says(0, sortQuestion, "4", "运费谁出", "KF000002", 6)
			s.relays("9", "c0：运费谁出", 6.1)
		}},
		{name: "a question relayed into somebody else's case", delivered: 7, lost: 1, change: func(s *scene) {
			s.says(1, sortText, "4", "订单 [t1.1]", "[t1.1]", 6)
			s.relays("10", "c1：订单 [t1.1]", 6.1)
			s.says(0, sortQuestion, "5", "运费谁出", "KF000002", 6)
			s.relays("10", "c1：运费谁出", 6.2)
		}},
		{name: "words that never reach the desk", delivered: 6, lost: 1, change: func(s *scene) {
			s.says(0, sortText, "4", "还有 [t0.4]", "[t0.4]", 6)
		}},
		{name: "words that never reach the desk, and the customer knows", delivered: 6, told: 1, change: func(s *scene) {
			s.says(0, sortText, "4", "还有 [t0.4]", "[t0.4]", 6)
			s.answers(0, "抱歉，您刚才的消息暂时没有转到客服那里", 7)
		}},
		{name: "one notice does not cover two losses", delivered: 7, told: 1, lost: 1, change: func(s *scene) {
			s.says(0, sortText, "4", "还有 [t0.4]", "[t0.4]", 6)
			s.says(0, sortText, "5", "还有 [t0.5]", "[t0.5]", 7)
			s.answers(0, "抱歉，您刚才的消息暂时没有转到客服那里", 8)
		}},
		{name: "a reply that never arrives", delivered: 6, lost: 1, change: func(s *scene) {
			s.says(0, sortReply, "4", "已经查到 [a0.4]", "[a0.4]", 6)
		}},
		{name: "a reply that may not have arrived, and the agent knows", delivered: 6, told: 1, change: func(s *scene) {
			s.says(0, sortReply, "4", "已经查到 [a0.4]", "[a0.4]", 6)
			s.doubts("9", 7)
		}},
		{name: "an agent who was told of one lost reply, not of the other", delivered: 7, told: 1, lost: 1, change: func(s *scene) {
			s.says(0, sortReply, "4", "已经查到 [a0.4]", "[a0.4]", 6)
			s.says(0, sortReply, "5", "已经查到 [a0.5]", "[a0.5]", 6)
			s.doubts("9", 7)
		}},
		{name: "an agent who was told before", delivered: 6, lost: 1, change: func(s *scene) {
			s.says(0, sortReply, "4", "已经查到 [a0.4]", "[a0.4]", 6)
			s.doubts("9", 5.5)
		}},
		{name: "a double for no reason", delivered: 5, doubled: 1, change: func(s *scene) {
			s.answers(0, "KF000001 七天内可以退货。", 2.4)
		}},
		{name: "a second welcome", delivered: 5, doubled: 1, change: func(s *scene) { s.answers(0, "您好，欢迎光临！", 2.4) }},
		{name: "a double after a cut answer", delivered: 5, explained: 1, change: func(s *scene) {
			s.hit("accept_cut", "sendMessage", 1.19)
			s.answers(0, "KF000001 七天内可以退货。", 2.4)
		}},
		{name: "a fault that came after the post", delivered: 5, doubled: 1, change: func(s *scene) {
			s.hit("accept_cut", "sendMessage", 1.21)
			s.answers(0, "KF000001 七天内可以退货。", 2.4)
		}},
		{name: "a fault of another operation", delivered: 5, doubled: 1, change: func(s *scene) {
			s.hit("accept_cut", "setMessageReaction", 1.19)
			s.answers(0, "KF000001 七天内可以退货。", 2.4)
		}},
		{name: "a fault that accepts nothing", delivered: 5, doubled: 1, change: func(s *scene) {
			s.hit("server_error", "sendMessage", 1.19)
			s.answers(0, "KF000001 七天内可以退货。", 2.4)
		}},
		{name: "two doubles, one fault", delivered: 5, explained: 1, doubled: 1, change: func(s *scene) {
			s.hit("slow", "sendMessage", 1.09)
			s.answers(0, "您好，欢迎光临！", 6)
			s.answers(0, "KF000001 七天内可以退货。", 7)
		}},
		{name: "three times", delivered: 5, doubled: 1, change: func(s *scene) {
			s.hit("accept_cut", "sendMessage", 1.19)
			s.answers(0, "KF000001 七天内可以退货。", 2.4)
			s.answers(0, "KF000001 七天内可以退货。", 3.4)
		}},
		{name: "killed right after the post", delivered: 5, explained: 1, change: func(s *scene) {
			s.hit(faultKill, "", 1.21)
			s.answers(0, "KF000001 七天内可以退货。", 2.4)
		}},
		{name: "killed, and the platform was slow to see the last post", delivered: 5, explained: 1, change: func(s *scene) {
			s.hit(faultKill, "", 0.8)
			s.answers(0, "KF000001 七天内可以退货。", 2.4)
		}},
		{name: "killed, and posted by the next process", delivered: 5, doubled: 1, change: func(s *scene) {
			s.hit(faultKill, "", 0.6)
			s.answers(0, "KF000001 七天内可以退货。", 2.4)
		}},
		{name: "one kill, two doubles of one chat", delivered: 5, explained: 1, doubled: 1, change: func(s *scene) {
			s.hit(faultKill, "", 1.21)
			s.answers(0, "您好，欢迎光临！", 2.3)
			s.answers(0, "KF000001 七天内可以退货。", 2.4)
		}},
		{name: "answered again after the last request", delivered: 6, explained: 1, change: func(s *scene) { s.again(requests) }},
		{name: "answered again though the platform would have asked again", delivered: 6, doubled: 1, change: func(s *scene) { s.again(requests - 1) }},
		{name: "stopped politely", delivered: 5, doubled: 1, change: func(s *scene) {
			s.hit(faultTerm, "", 1.21)
			s.answers(0, "KF000001 七天内可以退货。", 2.4)
		}},
		{name: "a customer's words twice at the desk", delivered: 5, doubled: 1, change: func(s *scene) {
			s.relays("9", "c0：订单 [t0.1]", 5)
		}},
		{name: "a customer's words twice at the desk after a cut answer", delivered: 5, explained: 1, change: func(s *scene) {
			s.hit("accept_cut", "sendMessage", 3.19)
			s.relays("9", "c0：订单 [t0.1]", 5)
		}},
		{name: "a double where the platform knows keys", delivered: 6, doubled: 1, change: func(s *scene) {
			s.homes[1] = chatKey{playground.FeishuInbox, "ou_1"}
			s.says(1, sortQuestion, "4", "运费谁出", "KF000002", 6)
			s.events = append(s.events, event{kind: "accept_cut", platform: playground.FeishuInbox, op: "/open-apis/im/v1/messages", at: after(6.1)})
			s.answers(1, "KF000002 卖家承担。", 6.2)
			s.answers(1, "KF000002 卖家承担。", 7.2)
		}},
		{name: "answers in the wrong order", delivered: 7, disorder: 1, change: func(s *scene) {
			s.says(1, sortQuestion, "4", "运费谁出", "KF000002", 6)
			s.says(1, sortQuestion, "5", "保修多久", "KF000003", 6.2)
			s.answers(1, "KF000003 一年。", 6.5)
			s.answers(1, "KF000002 卖家承担。", 6.6)
		}},
		{name: "answers in the order in which the platform delivered", delivered: 7, change: func(s *scene) {
			s.says(1, sortQuestion, "4", "运费谁出", "KF000002", 6.3)
			s.says(1, sortQuestion, "5", "保修多久", "KF000003", 6.2)
			s.answers(1, "KF000003 一年。", 6.5)
			s.answers(1, "KF000002 卖家承担。", 6.6)
		}},
		{name: "words in the wrong order at the desk", delivered: 7, disorder: 1, change: func(s *scene) {
			s.says(0, sortText, "4", "一 [t0.4]", "[t0.4]", 6)
			s.says(0, sortText, "5", "二 [t0.5]", "[t0.5]", 7)
			s.relays("9", "c0：二 [t0.5]", 7.5)
			s.relays("9", "c0：一 [t0.4]", 7.6)
		}},
		{name: "an agent's words in the wrong order", delivered: 7, disorder: 1, change: func(s *scene) {
			s.says(0, sortReply, "52", "一 [a0.4]", "[a0.4]", 6)
			s.says(0, sortReply, "53", "二 [a0.5]", "[a0.5]", 7)
			s.answers(0, "二 [a0.5]", 7.5)
			s.answers(0, "一 [a0.4]", 7.6)
		}},
		{name: "an agent's words in the wrong order, since the agent had the first sent again", delivered: 7, change: func(s *scene) {
			s.says(0, sortReply, "52", "一 [a0.4]", "[a0.4]", 6)
			s.says(0, sortReply, "53", "二 [a0.5]", "[a0.5]", 7)
			s.answers(0, "二 [a0.5]", 7.5)
			s.answers(0, "一 [a0.4]", 9)
			s.resent = map[int][]time.Time{0: {after(8)}}
		}},
		{name: "an answer at a stranger", delivered: 5, wrong: 1, change: func(s *scene) { s.answers(1, "KF000001 七天内可以退货。", 2) }},
		{name: "an agent's words at a stranger too", delivered: 5, wrong: 1, change: func(s *scene) { s.answers(1, "查到 [a0.2]", 5) }},
		{name: "a customer's words at a stranger", delivered: 5, wrong: 1, change: func(s *scene) { s.answers(1, "c0：订单 [t0.1]", 5) }},
		{name: "two customers in one thread", delivered: 6, wrong: 1, change: func(s *scene) {
			s.says(1, sortText, "4", "订单 [t1.1]", "[t1.1]", 6)
			s.relays("9", "c1：订单 [t1.1]", 6.1)
		}},
		{name: "another asked the same before, in a thread of nobody's", delivered: 7, change: func(s *scene) {
			s.relays("12", "c9：运费谁出", 5.5)
			s.says(0, sortText, "4", "一 [t0.4]", "[t0.4]", 6)
			s.relays("9", "c0：一 [t0.4]", 6.2)
			s.says(0, sortQuestion, "5", "运费谁出", "KF000002", 7)
			s.relays("9", "c0：运费谁出", 7.2)
		}},
		{name: "only another asked the same before", delivered: 6, lost: 1, change: func(s *scene) {
			s.relays("12", "c9：运费谁出", 5.5)
			s.says(0, sortQuestion, "4", "运费谁出", "KF000002", 6)
		}},
		{name: "one cut, two doubles of different chats", delivered: 6, explained: 2, change: func(s *scene) {
			s.says(1, sortQuestion, "4", "运费谁出", "KF000002", 1)
			s.answers(1, "KF000002 卖家承担。", 1.25)
			s.lasts(faultAPIStall, 1.19, 1.9)
			s.answers(0, "KF000001 七天内可以退货。", 3)
			s.answers(1, "KF000002 卖家承担。", 3.1)
		}},
		{name: "a cut that was over", delivered: 5, doubled: 1, change: func(s *scene) {
			s.lasts(faultAPICut, -1, 0.1)
			s.answers(0, "KF000001 七天内可以退货。", 2.4)
		}},
		{name: "a cut of another platform", delivered: 5, doubled: 1, change: func(s *scene) {
			s.lasts(faultAPICut, 1.1, 1.5)
			s.events[0].platform = playground.WeChatInbox
			s.answers(0, "KF000001 七天内可以退货。", 2.4)
		}},
		{name: "killed at a step", delivered: 5, explained: 1, change: func(s *scene) {
			s.hit(faultTrap+"accepted", "", 1.21)
			s.answers(0, "KF000001 七天内可以退货。", 2.4)
		}},
		{name: "what happens to the store explains nothing", delivered: 5, doubled: 1, change: func(s *scene) {
			s.lasts(faultDisk, 1, 1.5)
			s.lasts(faultHeld, 1, 1.5)
			s.answers(0, "KF000001 七天内可以退货。", 2.4)
		}},
		{name: "a note at the customer", delivered: 5, leaked: 1, change: func(s *scene) { s.answers(0, "内部 [n0.3]", 5.5) }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newScene()
			s.talk()
			test.change(s)
			v := judge(&s.record)
			explained := 0
			for _, n := range v.explained {
				explained += n
			}
			for _, c := range []struct {
				what      string
				got, want int
				list      []string
			}{
				{"lost", len(v.lost), test.lost, v.lost}, {"doubled", len(v.doubled), test.doubled, v.doubled},
				{"out of order", len(v.disorder), test.disorder, v.disorder}, {"wrong", len(v.wrong), test.wrong, v.wrong},
				{"leaked", len(v.leaked), test.leaked, v.leaked},
				{"explained", explained, test.explained, nil}, {"told", v.told, test.told, nil}, {"delivered", v.delivered, test.delivered, nil},
			} {
				if c.got != c.want {
					t.Errorf("%s: %d, want %d: %s", c.what, c.got, c.want, strings.Join(c.list, "; "))
				}
			}
		})
	}
}

// A kind of fault that was planned and never hit is a failure of the run.
func TestMissing(t *testing.T) {
	s := newScene()
	s.homes = []chatKey{{playground.WeChatInbox, "o0"}, {playground.WeChatInbox, "o1"}, {playground.TelegramInbox, "102"}}
	for c := range s.homes {
		s.says(c, sortQuestion, fmt.Sprint(c, 1), "一", fmt.Sprintf("KF00000%d", c), 0)
		s.says(c, sortQuestion, fmt.Sprint(c, 2), "二", fmt.Sprintf("KF00001%d", c), 1)
	}
	s.answers(0, "KF000000", 2)
	s.answers(0, "KF000010", 2)
	s.answers(1, "KF000001", 2)
	if got := s.missing(); len(got) != 1 || got[0] != s.homes[1] {
		t.Errorf("%v miss an answer, want %v", got, s.homes[1])
	}
}

func TestUnmade(t *testing.T) {
	t.Parallel()
	kinds := []string{faultKill, faultTrap + "decided", faultFlush}
	if got := unmade(kinds, []event{{kind: faultKill}, {kind: faultFlush}}); len(got) != 1 || got[0] != faultTrap+"decided" {
		t.Errorf("never made: %q", got)
	}
}
