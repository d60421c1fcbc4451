package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"kefu/internal/playground"
)

// The test binary is also the program: with this variable set it runs main.
const asProgram = "KEFUTEST_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// kefu prepares a run of the program.
func kefu(ctx context.Context, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, os.Args[0], args...)
	c.Env = append(os.Environ(), asProgram+"=1")
	return c
}

// output runs the program to its end.
func output(t *testing.T, args ...string) (out string, ok bool) {
	t.Helper()
	b, err := kefu(t.Context(), args...).CombinedOutput()
	return string(b), err == nil
}

// gateway is a running "kefu serve" in a world.
type gateway struct {
	world  *playground.World
	config string
	addr   string
	cmd    *exec.Cmd
	log    *bytes.Buffer
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func newGateway(t *testing.T) *gateway {
	t.Helper()
	world, err := playground.NewWorld(playground.WorldOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := world.Close(); err != nil {
			t.Error(err)
		}
	})
	g := &gateway{world: world, addr: freeAddress(t), log: &bytes.Buffer{}}
	dir := t.TempDir()
	g.config = filepath.Join(dir, "kefu.yaml")
	if err := os.WriteFile(g.config, []byte(world.YAML(filepath.Join(dir, "data"), g.addr)), 0o600); err != nil {
		t.Fatal(err)
	}
	world.Connect(g.addr)
	return g
}

// start runs the program and waits until it is ready; it says how long that took.
func (g *gateway) start(t *testing.T) time.Duration {
	t.Helper()
	began := time.Now()
	g.cmd = kefu(context.Background(), "serve", "-c", g.config)
	g.cmd.Stderr = g.log
	if err := g.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = g.cmd.Process.Kill() })
	deadline := time.After(90 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		if status, _ := get(t, "http://"+g.addr+"/readyz"); status == http.StatusOK {
			return time.Since(began)
		}
		select {
		case <-deadline:
			t.Fatalf("not ready: %s", g.log)
		case <-tick.C:
		}
	}
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := (&http.Client{Timeout: time.Second}).Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer res.Body.Close()
	b, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(b)
}

func (g *gateway) tell(t *testing.T, story string) {
	t.Helper()
	var out bytes.Buffer
	if _, err := g.world.Tell(t.Context(), story, &out); err != nil {
		t.Fatalf("%v\nthe talk so far:\n%s\nlog:\n%s", err, out.String(), g.log)
	}
}

// One gateway process is talked to, killed in the middle, started again, and stopped politely. The command line works beside it.
func TestServe(t *testing.T) {
	g := newGateway(t)
	if out, ok := output(t, "check", "-c", g.config); !ok || !strings.Contains(out, "is correct: 3 inboxes, 2 desks, 4 people") {
		t.Fatalf("check: %s", out)
	}
	t.Logf("ready after %v", g.start(t))
	faq := filepath.Join(t.TempDir(), "faq.csv")
	if err := os.WriteFile(faq, []byte("question,similar,answer\n怎么退货,如何退货|我要退货,七天内可以退货。\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, ok := output(t, "faq", "import", "-c", g.config, faq); !ok || !strings.Contains(out, "imported: 1 new") {
		t.Fatalf("import beside a running gateway: %s", out)
	}
	if out, ok := output(t, "faq", "test", "-c", g.config, "怎么退货"); !ok || !strings.Contains(out, "七天内可以退货") {
		t.Fatalf("test beside a running gateway: %s", out)
	}
	g.awaitAnswer(t)
	g.tell(t, `
amy@wechat: start
amy@wechat< 您好...
amy@wechat> 我要退货
amy@wechat< 七天内可以退货。
amy@wechat> 人工
amy@wechat< 正在为您转接...
feishu< 会话 #1 ...
wang@feishu> /cases
feishu< 进行中的会话：1...
`)
	file := filepath.Join(t.TempDir(), "kefu.zip")
	if out, ok := output(t, "backup", "-c", g.config, file); !ok || !strings.Contains(out, "documents, verified") {
		t.Fatalf("backup beside a running gateway: %s", out)
	}
	if out, ok := output(t, "restore", "-c", g.config, file); ok || !strings.Contains(out, "stop it first") {
		t.Errorf("restore under a running gateway: %s", out)
	}
	// Killed, then written to while it is down: the platform keeps the message and delivers it later.
	if err := g.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = g.cmd.Wait()
	if _, ok := output(t, "ticket", "list", "-c", g.config); !ok {
		t.Error("the command line does not work without a gateway")
	}
	g.start(t)
	if out, ok := output(t, "serve", "-c", g.config); ok || !strings.Contains(out, "kefu:") {
		t.Errorf("a second process on the same data: %s", out)
	}
	g.tellMore(t)
	if err := g.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := g.cmd.Wait(); err != nil {
		t.Errorf("stopped with %v: %s", err, g.log)
	}
	if !strings.Contains(g.log.String(), "Telegram is not told where to deliver") {
		t.Errorf("serve does not log what check warns about: %s", g.log)
	}
	g.restored(t, file)
}

// restored brings a backup into this store and into an empty one.
func (g *gateway) restored(t *testing.T, file string) {
	t.Helper()
	if out, ok := output(t, "backup", "-c", g.config, file); ok || !strings.Contains(out, "there already") {
		t.Errorf("backup over a file: %s", out)
	}
	if out, ok := output(t, "restore", "-c", g.config, file); ok || !strings.Contains(out, "--replace") {
		t.Errorf("restore over data: %s", out)
	}
	if out, ok := output(t, "restore", "-c", g.config, "--replace", file); !ok || !strings.Contains(out, "restored: ") {
		t.Errorf("restore in place of data: %s", out)
	}
	other := filepath.Join(t.TempDir(), "kefu.yaml")
	if err := os.WriteFile(other, []byte(g.world.YAML(filepath.Join(t.TempDir(), "data"), g.addr)), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, ok := output(t, "restore", "-c", other, file); !ok {
		t.Errorf("restore into an empty store: %s", out)
	}
	if out, ok := output(t, "faq", "list", "-c", other); !ok || !strings.Contains(out, "怎么退货") {
		t.Errorf("knowledge base of the restored store: %s", out)
	}
}

// awaitAnswer waits until the running gateway's index has the imported entry: it is visible within a second.
func (g *gateway) awaitAnswer(t *testing.T) {
	t.Helper()
	deadline := time.After(60 * time.Second)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		out, ok := output(t, "faq", "list", "-c", g.config)
		if ok && strings.Contains(out, "怎么退货") {
			break
		}
		select {
		case <-deadline:
			t.Fatal("imported entry is not listed")
		case <-tick.C:
		}
	}
}

// tellMore goes on with the case that was open when the process was killed.
func (g *gateway) tellMore(t *testing.T) {
	t.Helper()
	posts := len(g.world.Feishu.Posts(0))
	if posts == 0 {
		t.Fatal("the desk has no posts")
	}
	card := g.world.Feishu.Posts(0)[0]
	if _, err := g.world.Platforms()[playground.WeChatInbox].Say(t.Context(), say("oStory_amy", "还在吗")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	for after := int64(0); ; {
		more := g.world.Platforms()[playground.FeishuInbox].Wait(ctx, after)
		if len(more) == 0 {
			t.Fatalf("the message after the restart did not reach the case %s: %s", card.ID, g.log)
		}
		for _, p := range more {
			after = p.Seq
			if strings.Contains(p.Text, "还在吗") && p.Thread == card.ID {
				return
			}
		}
	}
}

// A correct file shows the addresses to enter on the platforms' pages.
func TestCheckTellsAddresses(t *testing.T) {
	g := newGateway(t)
	text, err := os.ReadFile(g.config)
	if err != nil {
		t.Fatal(err)
	}
	named := strings.Replace(string(text), "http: {", `http: { public_url: "https://bot.example.com",`, 1)
	if err := os.WriteFile(g.config, []byte(named), 0o600); err != nil {
		t.Fatal(err)
	}
	out, ok := output(t, "check", "-c", g.config)
	for _, inbox := range []string{"shop-wechat", "shop-feishu", "shop-telegram"} {
		if want := inbox + " is delivered to https://bot.example.com/webhook/" + inbox; !ok || !strings.Contains(out, want) {
			t.Errorf("%q is not in:\n%s", want, out)
		}
	}
}

// Every mistake is told at once, with its place, and nothing is started.
func TestCheckTellsAllMistakes(t *testing.T) {
	file := filepath.Join(t.TempDir(), "kefu.yaml")
	if err := os.WriteFile(file, []byte(`
http: { listen: "nowhere", shade: red }
storage: { mongo: { uri: "http://x" } }
inboxes:
  - { name: a, channel: telegram, telegram: { secret_token: "x y" } }
  - { name: a, channel: wechat, wechat: { app_id: wx1, mode: loud } }
desks:
  - { name: d, inbox: nobody }
bot: { floor: 7 }
`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"check", "serve"} {
		out, ok := output(t, command, "-c", file)
		if ok {
			t.Errorf("%s accepted a wrong file", command)
		}
		for _, want := range []string{"http.listen", "shade", "storage.mongo.uri", "inboxes[0].telegram.token", "inboxes[1].name", "inboxes[1].wechat.mode", "desks[0].inbox", "bot.floor"} {
			if !strings.Contains(out, want) {
				t.Errorf("%s does not tell of %s:\n%s", command, want, out)
			}
		}
	}
}

// check --live asks the platforms: everything that works is ok, and what does not is an error with a fix.
func TestCheckLive(t *testing.T) {
	g := newGateway(t)
	out, ok := output(t, "check", "-c", g.config, "--live")
	if ok {
		t.Errorf("passed without a public address:\n%s", out)
	}
	for _, want := range []string{"access token: the platform accepts", "token: belongs to @", "no public address", "-> write http.public_url", "-> 在配置里写 http.public_url"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in:\n%s", want, out)
		}
	}
	file, err := os.ReadFile(g.config)
	if err != nil {
		t.Fatal(err)
	}
	public := strings.Replace(string(file), "http: { listen:", `http: { public_url: "https://bot.example.com", listen:`, 1)
	if err := os.WriteFile(g.config, []byte(public), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, ok := output(t, "check", "-c", g.config, "--live"); !ok || strings.Contains(out, "\nerror") {
		t.Errorf("failed although everything is set up:\n%s", out)
	}
}

// A store that cannot be reached ends the start with a clear sentence, and no password in it.
func TestUnreachableMongo(t *testing.T) {
	file := filepath.Join(t.TempDir(), "kefu.yaml")
	yaml := fmt.Sprintf(`
http: { listen: %q, admin_listen: "" }
storage: { mongo: { uri: "mongodb://kefu:topsecret@%s/?serverSelectionTimeoutMS=300" } }
inboxes:
  - { name: a, channel: telegram, telegram: { token: "123456:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", secret_token: abcdefgh } }
`, freeAddress(t), freeAddress(t))
	if err := os.WriteFile(file, []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	out, ok := output(t, "serve", "-c", file)
	if ok || !strings.Contains(out, "storage.mongo") || strings.Contains(out, "topsecret") {
		t.Errorf("serve said: %s", out)
	}
}
