package config_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"kefu/internal/config"
)

// serverIn puts this process into a zone for the time of a test.
func serverIn(t *testing.T, zone *time.Location) {
	was := time.Local
	time.Local = zone
	t.Cleanup(func() { time.Local = was })
}

func TestZone(t *testing.T) {
	serverIn(t, time.UTC)
	noon := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	for name, want := range map[string]string{"Asia/Shanghai": "20:00", "America/New_York": "08:00", "UTC": "12:00", "": "12:00"} {
		if got := noon.In(load(t, "timezone: "+name+"\n"+small).Zone()).Format("15:04"); got != want {
			t.Errorf("%q: noon is %s, want %s", name, got, want)
		}
	}
	for _, name := range []string{"Beijing", "GMT+8", "\"+08:00\"", "Local", "../../etc/passwd", "Asia/Shanghai\u0000", "8", "北京"} {
		_, err := config.Load(write(t, "timezone: "+name+"\n"+small), nil)
		var ps config.Problems
		if !errors.As(err, &ps) || len(ps) != 1 || ps[0].Path != "timezone" && !strings.Contains(ps[0].Message, "YAML") {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// A server in UTC whose people are elsewhere reads their times wrong, and nobody would notice.
func TestWarnsOfAnUnnamedZone(t *testing.T) {
	shanghai, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		server *time.Location
		line   string
		want   bool
	}{{time.UTC, "", true}, {time.UTC, "timezone: UTC", false}, {time.UTC, "timezone: Asia/Shanghai", false}, {shanghai, "", false}, {london, "", false}} {
		serverIn(t, c.server)
		got := slices.ContainsFunc(load(t, c.line+small).Warnings(), func(w string) bool { return strings.HasPrefix(w, "timezone:") })
		if got != c.want {
			t.Errorf("server in %s, %q: warned %v", c.server, c.line, got)
		}
	}
}
