package app_test

import (
	"bytes"
	"context"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"kefu/internal/app"
	"kefu/internal/config"
	"kefu/kb"
)

// Times that people type and read, in chat and in files, are those of the configured zone, wherever the server stands.
func TestTimesOfTheConfiguredZone(t *testing.T) {
	t.Parallel()
	const name = "Pacific/Kiritimati" // fourteen hours ahead: no machine is there
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	r := startIn(t, unpaced, func(cfg *config.Config) {
		withEditors(cfg)
		cfg.Timezone = name
	})
	var out strings.Builder
	if _, err := r.Tell(t.Context(), `
tom@telegram> 人工
tom@telegram< 您好...
tom@telegram< 正在为您转接...
feishu< 会话 #1 ...
tom@telegram> 支持货到付款吗
feishu#tom< tom：支持货到付款吗
wang@feishu#tom> /info
feishu#tom< 客户：tom...
`, &out); err != nil {
		t.Fatalf("%v\nthe talk so far:\n%s", err, out.String())
	}
	tellsTime(t, out.String(), zone)
	half := time.Date(2099, 1, 2, 9, 30, 0, 0, zone)
	ends := func(id kb.EntryID) time.Time {
		t.Helper()
		e, err := r.gateway.FAQ().Entry(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return e.ValidTo
	}
	for inbox, id := range editors {
		c := &talk{t: t, p: r.Platforms()[inbox], inbox: inbox, from: string(id)}
		c.say("/faq edit 1 失效", "现在是 ")
		tellsTime(t, c.last.Text, zone)
		c.say("2099-01-02 09:30", "2099-01-02 09:30")
		c.say("1", "到 2099-01-02 09:30 失效")
		if got := ends("1"); !got.Equal(half) {
			t.Errorf("%s: ends %v, want %v", inbox, got, half)
		}
		c.say("/faq history 1", "2099-01-02 09:30")
		tellsTime(t, c.last.Text, zone)
		c.exports("/faq export csv", "2099-01-02T09:30:00+14:00")
		c.say("/faq edit 1 失效 -", "已生效：#1")
		c.say("/faq import question,answer,valid_to\n"+inbox+",a,2099/1/2 9:30", "将新增 1 个")
		c.say("确认", "已导入 1 行")
	}
	for id := range len(editors) {
		if got := ends(kb.EntryID(strconv.Itoa(2 + id))); !got.Equal(half) {
			t.Errorf("imported %d: ends %v, want %v", id, got, half)
		}
	}
}

var minutes = regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d`)

// tellsTime wants the time of a zone in a text.
func tellsTime(t *testing.T, text string, zone *time.Location) {
	t.Helper()
	for _, found := range minutes.FindAllString(text, -1) {
		if at, err := time.ParseInLocation("2006-01-02 15:04", found, zone); err == nil && time.Since(at).Abs() < 10*time.Minute {
			return
		}
	}
	t.Errorf("it is not %s in %q", time.Now().In(zone).Format("15:04"), text)
}

// The command line reads files in the same zone, with a gateway on the data and without.
func TestOfficeReadsTheConfiguredZone(t *testing.T) {
	cfg := config.Default()
	cfg.HTTP = config.HTTP{Listen: "127.0.0.1:0"}
	cfg.Storage.Data, cfg.Timezone = t.TempDir(), "Pacific/Kiritimati"
	half := time.Date(2099, 1, 1, 19, 30, 0, 0, time.UTC)
	imported := func(file string) {
		t.Helper()
		o, err := app.OpenOffice(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer o.Close()
		if _, err := o.Import(t.Context(), []byte(file), kb.FormatCSV, "test", func(int, int) {}); err != nil {
			t.Fatal(err)
		}
		entries, err := o.Entries(t.Context())
		if err != nil || !entries[len(entries)-1].ValidTo.Equal(half) {
			t.Fatalf("%+v, %v", entries, err)
		}
		var b bytes.Buffer
		if err := kb.WriteCSV(&b, entries, cfg.Zone()); err != nil || !strings.Contains(b.String(), "2099-01-02T09:30:00+14:00") {
			t.Errorf("%s, %v", &b, err)
		}
	}
	imported("question,answer,valid_to\nq,a,2099/1/2 9:30\n")
	a, err := app.New(t.Context(), cfg, app.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	imported("question,answer,valid_to\nr,a,2099/1/2 9:30\n")
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
