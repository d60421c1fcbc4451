package playground_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"kefu/internal/playground"
)

// chromium finds a browser or skips: the page can be tested in nothing else.
func chromium(t *testing.T) string {
	t.Helper()
	if path := os.Getenv("KEFU_TEST_CHROMIUM"); path != "" {
		return path
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("no chromium binary found; install one or name it in KEFU_TEST_CHROMIUM")
	return ""
}

// browser is one window with the page open.
type browser struct {
	t   *testing.T
	ctx context.Context

	mu     sync.Mutex
	errors []string // what the page complained about in its console
}

// browse opens the page in a window of that size.
func browse(t *testing.T, url string, width, height int) *browser {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium(t)), chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(width, height),
		chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("disable-background-networking", true),
		chromedp.WSURLReadTimeout(time.Minute),
	)
	ctx, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx)
	t.Cleanup(stop)
	b := &browser{t: t, ctx: ctx}
	if err := chromedp.Do(ctx); err != nil { // starts the browser, which lives as long as this context
		t.Fatalf("start chromium: %v", err)
	}
	if err := chromedp.Listen(ctx, b.hear); err != nil {
		t.Fatal(err)
	}
	b.do(chromedp.EmulateViewport(int64(width), int64(height)), chromedp.Navigate(url), chromedp.WaitVisible(chromedp.CSS(`.online.yes`)))
	return b
}

func (b *browser) hear(ev any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch ev := ev.(type) {
	case *runtime.EventExceptionThrown:
		b.errors = append(b.errors, ev.ExceptionDetails.Text)
	case *log.EventEntryAdded:
		if ev.Entry.Level == "error" {
			b.errors = append(b.errors, ev.Entry.Text+" "+ev.Entry.URL)
		}
	}
}

// patience is how long anything in the page may take on a busy machine.
const patience = 30 * time.Second

func (b *browser) do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, stop := context.WithTimeout(b.ctx, patience)
	defer stop()
	if err := chromedp.Do(ctx, actions...); err != nil {
		b.t.Fatalf("%v; console: %q", err, b.complaints())
	}
}

func (b *browser) complaints() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.errors...)
}

// eval runs an expression in the page.
func eval[T any](b *browser, js string) T {
	b.t.Helper()
	ctx, stop := context.WithTimeout(b.ctx, patience)
	defer stop()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](js))
	if err != nil {
		b.t.Fatalf("%s: %v", js, err)
	}
	return v
}

// write types a text into the box inside root and sends it with Enter.
func (b *browser) write(root, text string) {
	b.t.Helper()
	box := root + ` textarea`
	b.do(chromedp.SendKeys(chromedp.CSS(box), text+kb.Enter))
}

// see waits until an element of selector holds text.
func (b *browser) see(selector, text string) {
	b.t.Helper()
	js := fmt.Sprintf(`[...document.querySelectorAll(%q)].some((e) => e.textContent.includes(%q))`, selector, text)
	ctx, stop := context.WithTimeout(b.ctx, patience)
	defer stop()
	if _, err := chromedp.Run(ctx, chromedp.Poll[chromedp.Void](js, chromedp.WithPollingTimeout(0))); err != nil {
		all := eval[[]string](b, fmt.Sprintf(`[...document.querySelectorAll(%q)].map((e) => e.textContent)`, selector))
		b.t.Fatalf("no %s with %q: %v; there are %q; console: %q", selector, text, err, all, b.complaints())
	}
}

// until waits until an expression of the page is true.
func (b *browser) until(js string) {
	b.t.Helper()
	ctx, stop := context.WithTimeout(b.ctx, patience)
	defer stop()
	if _, err := chromedp.Run(ctx, chromedp.Poll[chromedp.Void](js, chromedp.WithPollingTimeout(0))); err != nil {
		b.t.Fatalf("%s: %v; console: %q", js, err, b.complaints())
	}
}

func (b *browser) count(selector, text string) int {
	b.t.Helper()
	return eval[int](b, fmt.Sprintf(`[...document.querySelectorAll(%q)].filter((e) => e.textContent.includes(%q)).length`, selector, text))
}

// click clicks the first element of selector.
func (b *browser) click(selector string) {
	b.t.Helper()
	b.do(chromedp.Click(chromedp.CSS(selector)))
}

func pane(inbox string) string { return fmt.Sprintf(`section[data-inbox=%q]`, inbox) }

// A customer of each channel asks, gets the bot's answer, wants a person, and talks with an agent of the desk on duty.
func TestPageTalk(t *testing.T) {
	chromium(t)
	t.Parallel()
	b := browse(t, play(t).URL, 1400, 900)
	tickets := 0
	for i, desk := range []string{playground.FeishuInbox, playground.TelegramInbox} {
		b.click(fmt.Sprintf(`.duty [data-desk=%q]`, desk))
		b.see(`.duty [aria-pressed="true"]`, map[string]string{playground.FeishuInbox: "飞书", playground.TelegramInbox: "Telegram"}[desk])
		b.until(fmt.Sprintf(`[...document.querySelectorAll('#records code')].filter((e) => /^desk: .o(n|ff)$/.test(e.textContent)).length >= %d`, 4*(i+1))) // all four agents were heard
		for _, inbox := range []string{playground.WeChatInbox, playground.TelegramInbox, playground.FeishuInbox} {
			customer := pane(inbox)
			order := fmt.Sprintf("我的订单是%d号%s", i, inbox)
			answer := fmt.Sprintf("已为您加急%d %s", i, inbox)
			if i == 0 {
				b.write(customer, "怎么退货")
				b.see(customer+` .account .bubble`, "七天内")
			}
			b.write(customer, "转人工")
			b.see(customer+` .account .bubble`, "正在为您转接")
			b.see(customer+` .state`, "等待人工")
			b.write(customer, order)
			b.see(`#threads .line`, order)
			b.click(`#threads li:nth-child(2) .thread`) // the latest case
			b.see(`#talk .account .bubble`, order)
			b.see(`#threads [aria-current] .tag`, "待接入")
			b.write(`#talk`, answer)
			b.see(customer+` .account .bubble`, answer)
			b.see(customer+` .state`, "人工接待中")
			b.see(`#threads [aria-current] .tag`, "接待中")
			b.write(`#talk`, "/ticket 查物流")
			b.see(`#threads [aria-current] .ticket`, fmt.Sprintf("#%d", 1001+tickets))
			tickets++
			b.see(`#talk .reactions`, "") // the agent sees that it arrived
			b.write(`#talk`, "/close 已解决")
			b.see(customer+` .account .bubble`, "本次人工服务已结束")
			b.see(`#threads [aria-current] .tag`, "已结束")
			b.see(customer+` .state`, "机器人接待")
			b.see(`#talk .edited`, "已编辑")
			if n := b.count(customer+` .bubble`, answer); n != 1 {
				t.Errorf("%s sees %q %d times", inbox, answer, n)
			}
		}
	}
	b.see(`.wechat .tag.passive`, "被动回复")
	b.see(`#records .in .about`, "怎么退货")
	b.see(`#records .decided code`, "answer ")
	b.see(`#records .out .step`, "已发送")
	if got := b.complaints(); len(got) > 0 {
		t.Errorf("the console has errors: %q", got)
	}
}

// The account that may only reply has its customers in WeChat's pane; what an agent writes to them waits for their next message.
func TestPageSecondAccount(t *testing.T) {
	chromium(t)
	t.Parallel()
	b := browse(t, play(t, func(o *playground.WorldOptions) { o.Passive = true }).URL, 1400, 900)
	wx := pane(playground.WeChatInbox)
	b.write(wx, "怎么退货")
	b.see(wx+` .account .bubble`, "七天内")
	eval[any](b, fmt.Sprintf(`(() => { const e = document.querySelector(%q); e.value = 'shop-wechat-passive|oCustomerMei'; e.dispatchEvent(new Event('change')); })()`, wx+` .who`))
	if n := b.count(wx+` .bubble`, ""); n > 0 {
		t.Errorf("the talk of another customer is shown, %d posts", n)
	}
	b.write(wx, "转人工")
	b.see(wx+` .account .bubble`, "客服回复后，请发送任意文字")
	b.see(wx+` .state`, "等待人工")
	b.write(`#talk`, "您好，请讲")
	b.see(`#records .parked .inbox, #records .bad .inbox`, "微信·被动")
	b.write(wx, "1")
	b.see(wx+` .account .bubble`, "您好，请讲")
}

// Words of people stay words, whatever they look like.
func TestPageShowsTextAsText(t *testing.T) {
	chromium(t)
	t.Parallel()
	b := browse(t, play(t).URL, 1400, 900)
	evil := `<img src=x onerror="document.title='owned'"> & <b>bold</b> مرحبا 🎉`
	for _, inbox := range []string{playground.WeChatInbox, playground.TelegramInbox, playground.FeishuInbox} {
		b.write(pane(inbox), evil)
		b.see(pane(inbox)+` .mine .bubble`, evil)
		b.write(pane(inbox), "转人工")
		b.see(`#talk .account .bubble`, "<b>bold</b>")
	}
	if foreign := eval[int](b, `document.querySelectorAll('main img, .bubble b').length`); foreign > 0 {
		t.Errorf("%d elements came out of people's words", foreign)
	}
}

// Every control has a name for those who cannot see it, in both languages.
func TestPageNames(t *testing.T) {
	chromium(t)
	t.Parallel()
	b := browse(t, play(t).URL, 1400, 900)
	b.write(pane(playground.TelegramInbox), "转人工")
	b.see(`#talk .buttons`, "接入")
	const nameless = `[...document.querySelectorAll('button, input, select, textarea, [role=log], nav, section')]
		.filter((e) => !(e.ariaLabel || e.textContent.trim() || [...(e.labels ?? [])].some((l) => l.textContent.trim()))).map((e) => e.outerHTML)`
	for _, language := range []string{"zh-CN", "en"} {
		if found := eval[[]string](b, nameless); len(found) > 0 {
			t.Errorf("%s: without a name: %q", language, found)
		}
		if lang := eval[string](b, `document.documentElement.lang`); lang != language {
			t.Errorf("language %q, want %q", lang, language)
		}
		untranslated := eval[[]string](b, `[...document.querySelectorAll('[data-t]')].filter((e) => e.textContent === e.dataset.t).map((e) => e.dataset.t)`)
		if len(untranslated) > 0 {
			t.Errorf("%s: no text for %s", language, untranslated)
		}
		b.click(`#language`)
	}
	b.click(`#language`)
	b.do(chromedp.Reload(), chromedp.WaitVisible(chromedp.CSS(`.online.yes`)))
	if lang := eval[string](b, `document.documentElement.lang`); lang != "en" {
		t.Errorf("after a reload the language is %q, want the one chosen", lang)
	}
}

// On a phone one place is shown at a time, nothing is wider than the screen, and all works.
func TestPageOnPhone(t *testing.T) {
	chromium(t)
	t.Parallel()
	b := browse(t, play(t).URL, 390, 844)
	b.click(`.views [data-view="shop-telegram"]`)
	b.write(pane(playground.TelegramInbox), "转人工")
	b.see(pane(playground.TelegramInbox)+` .account .bubble`, "正在为您转接")
	b.see(`.views .fresh`, "客服群")
	b.click(`.views [data-view="desk"]`)
	b.write(`#talk`, "您好，请讲")
	b.click(`.views [data-view="shop-telegram"]`)
	b.see(pane(playground.TelegramInbox)+` .account .bubble`, "您好，请讲")
	for _, view := range []string{"shop-wechat", "shop-telegram", "shop-feishu", "desk", "log"} {
		b.click(fmt.Sprintf(`.views [data-view=%q]`, view))
		shown := eval[[]string](b, `[...document.querySelectorAll('section')].filter((e) => e.offsetWidth > 0).map((e) => e.dataset.view)`)
		width := eval[int](b, `document.documentElement.scrollWidth`)
		if len(shown) != 1 || shown[0] != view || width > 390 {
			t.Errorf("view %s shows %v, %d pixels wide", view, shown, width)
		}
	}
}

// A lost connection comes back by itself, and what was there is not shown twice.
func TestPageReconnects(t *testing.T) {
	chromium(t)
	t.Parallel()
	srv := play(t)
	b := browse(t, srv.URL, 1400, 900)
	customer := pane(playground.WeChatInbox)
	b.write(customer, "怎么退货")
	b.see(customer+` .account .bubble`, "七天内")
	b.see(`#records .out`, "已发送")
	eval[any](b, `window.lost = 0, new MutationObserver(() => { if (document.querySelector('.online.no')) window.lost++; }).observe(document.querySelector('#online'), {attributes: true})`)
	srv.CloseClientConnections()
	b.do(chromedp.WaitVisible(chromedp.CSS(`.online.yes`)))
	b.write(customer, "怎么开发票")
	b.see(customer+` .account .bubble`, "申请发票")
	if eval[int](b, `window.lost`) == 0 {
		t.Error("the page did not notice that the connection was lost")
	}
	for _, text := range []string{"怎么退货", "七天内", "怎么开发票", "申请发票"} {
		if n := b.count(customer+` .bubble`, text); n != 1 {
			t.Errorf("%q is shown %d times", text, n)
		}
	}
	if n := eval[int](b, `new Set([...document.querySelectorAll('#records .record')].map((e) => e.textContent)).size - document.querySelectorAll('#records .record').length`); n != 0 {
		t.Errorf("%d records are shown twice", -n)
	}
}

// Buttons, other kinds of message, events and edits work and are shown, also to who opens the page later.
func TestPageActs(t *testing.T) {
	chromium(t)
	t.Parallel()
	srv := play(t)
	b := browse(t, srv.URL, 1400, 900)
	wx, tg := pane(playground.WeChatInbox), pane(playground.TelegramInbox)
	menu := func(root, label string) {
		t.Helper()
		b.click(root + ` .plus`)
		if !eval[bool](b, fmt.Sprintf(`(() => { const e = [...document.querySelectorAll(%q)].find((e) => e.textContent === %q); e?.click(); return Boolean(e); })()`, root+` .menu button`, label)) {
			t.Fatalf("the menu has no %s", label)
		}
	}
	menu(wx, "关注公众号")
	b.see(wx+` .account .bubble`, "欢迎")
	menu(wx, "图片")
	b.see(wx+` .mine .kind`, "图片")
	b.write(tg, "怎么退伙")
	b.see(tg+` .mine .bubble`, "怎么退伙")
	eval[any](b, fmt.Sprintf(`[...document.querySelectorAll(%q)].find((e) => e.textContent === '修改').click()`, tg+` .mine .tool`))
	eval[any](b, fmt.Sprintf(`document.querySelector(%q).select()`, tg+` textarea`))
	b.write(tg, "怎么退货")
	b.see(tg+` .mine .edited`, "已编辑")
	if n := b.count(tg+` .mine .bubble`, "怎么退伙"); n > 0 {
		t.Error("the text before the edit is still shown")
	}
	b.click(tg + ` [data-press="human"]`)
	b.see(tg+` .note`, "Tom 点击了「人工客服」")
	b.click(`#talk [data-press="claim"]`)
	b.see(`#talk .note`, "小王 点击了「接入」")
	b.see(tg+` .account .bubble`, "小王 为您服务")

	// A file chosen by a person is shown to them and to the agents, and an agent's to them.
	const pixel = `new File([Uint8Array.from(atob('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='), (c) => c.charCodeAt(0))], 'dot.png', { type: 'image/png' })`
	choose := func(root string) {
		t.Helper()
		eval[any](b, `(() => { window.sent = HTMLInputElement.prototype.click; HTMLInputElement.prototype.click = function () {
			const all = new DataTransfer(); all.items.add(`+pixel+`); this.files = all.files; this.dispatchEvent(new Event('change')); }; })()`)
		menu(root, "选择文件…")
		eval[any](b, `(() => { HTMLInputElement.prototype.click = window.sent; })()`)
	}
	shown := func(selector string) string {
		return fmt.Sprintf(`[...document.querySelectorAll(%q)].some((e) => e.complete && e.naturalWidth === 1)`, selector)
	}
	choose(tg)
	b.until(shown(tg + ` .mine img.file`))
	b.until(shown(`#talk .account img.file`))
	choose(`#talk`)
	b.until(shown(tg + ` .account img.file`))

	later := browse(t, srv.URL, 1400, 900)
	later.until(shown(tg + ` .account img.file`))
	later.see(wx+` .note`, "Amy：关注公众号")
	later.see(wx+` .mine .kind`, "图片")
	later.see(tg+` .note`, "Tom 点击了「人工客服」")
	later.see(tg+` .mine .edited`, "已编辑")
	later.see(`#talk .note`, "小王 点击了「接入」")
}

// Admins run the knowledge base in the agents' group and in a private chat of each channel; their dialog is no case.
func TestPageKnowledge(t *testing.T) {
	chromium(t)
	t.Parallel()
	b := browse(t, play(t).URL, 1400, 900)
	choose := func(root, who string) {
		t.Helper()
		eval[any](b, fmt.Sprintf(`(() => { const e = document.querySelector(%q); e.value = %q; e.dispatchEvent(new Event('change')); })()`, root+` .who`, who))
	}
	press := func(root, label string) {
		t.Helper()
		js := fmt.Sprintf(`(() => { const e = [...document.querySelectorAll(%q)].filter((e) => e.textContent === %q).at(-1); e?.click(); return Boolean(e); })()`, root+` .buttons button, `+root+` .link`, label)
		if !eval[bool](b, js) {
			t.Fatalf("%s has no button %s", root, label)
		}
	}
	answer := func(root, text string) { // quotes the latest post, as a group needs it
		t.Helper()
		eval[any](b, fmt.Sprintf(`[...document.querySelectorAll(%q)].filter((e) => e.textContent === '引用').at(-1).click()`, root+` .account .tool`))
		b.write(root, text)
	}
	add := func(root, question string, answer func(root, text string)) {
		t.Helper()
		b.write(root, "/faq add")
		b.see(root+` .account .bubble`, "问题是什么")
		answer(root, question)
		b.see(root+` .account .bubble`, "还有哪些问法")
		answer(root, "跳过")
		b.see(root+` .account .bubble`, "答案是什么")
		answer(root, "是的，"+question)
		b.see(root+` .account .bubble`, "属于哪个分类")
		answer(root, "返回")
		b.until(fmt.Sprintf(`[...document.querySelectorAll(%q)].filter((e) => e.textContent.includes('答案是什么')).length === 2`, root+` .account .bubble`))
		answer(root, "跳过")
		b.until(fmt.Sprintf(`[...document.querySelectorAll(%q)].filter((e) => e.textContent.includes('属于哪个分类')).length === 2`, root+` .account .bubble`))
		answer(root, "跳过")
		b.see(root+` .account .bubble`, "请确认")
		answer(root, "1")
		b.see(root+` .account .bubble`, "已生效")
		b.write(root, "/faq test "+question)
		b.see(root+` .account .bubble`, "机器人会：直接回答")
		b.see(root+` .account .bubble`, "上的样子")
	}
	for inbox, admin := range map[string]string{playground.FeishuInbox: playground.FeishuSecond, playground.TelegramInbox: playground.TelegramOther} {
		b.click(fmt.Sprintf(`.desk [data-group=%q]`, inbox))
		choose(`#talk`, admin)
		b.see(`#talk .who option`, "管理员")
		add(`#talk`, "周末发货吗"+inbox, answer)
		b.write(`#talk`, "/faq list")
		b.see(`#talk .account .bubble`, "词条共")
		if n := eval[int](b, `document.querySelectorAll('#threads .tag').length`); n > 0 {
			t.Errorf("%s: a dialog is shown as a case", inbox)
		}
	}
	for inbox, editor := range map[string]string{
		playground.WeChatInbox: playground.WeChatEditor, playground.FeishuInbox: playground.FeishuSecond, playground.TelegramInbox: playground.TelegramOther,
	} {
		choose(pane(inbox), inbox+"|"+editor)
		b.click(pane(inbox) + ` .plus`)
		b.see(pane(inbox)+` .menu button`, "/faq add")
		b.click(pane(inbox) + ` .plus`)
		add(pane(inbox), "节假日发货吗"+inbox, b.write)
	}
	press(pane(playground.TelegramInbox), "跳过") // of a step that is over
	b.see(pane(playground.TelegramInbox)+` .account .bubble`, "这一步已经结束")
	if got := b.complaints(); len(got) > 0 {
		t.Errorf("the console has errors: %q", got)
	}
}
