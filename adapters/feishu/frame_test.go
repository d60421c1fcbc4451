package feishu

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// vectors are frames as the SDK (ws.Frame, v3.12.0) writes them.
var vectors = []struct {
	hex   string
	frame frame
}{
	{"0800100018f681801020002a0c0a0474797065120470696e6732003a004a00", frame{service: 33554678, headers: []frameHeader{{"type", "ping"}}}},
	{
		"08ac0210808080808020180720012a0d0a047479706512056576656e742a110a0a6d6573736167655f696412036d2d312a080a0373756d1201312a080a037365711201303204677a69703a046a736f6e420e7b2261223a22e4bda0e5a5bd227d4a036c6f67",
		frame{
			seqID: 300, logID: 1 << 40, service: 7, method: 1, encoding: "gzip", kind: "json", payload: []byte(`{"a":"你好"}`), logIDNew: "log",
			headers: []frameHeader{{"type", "event"}, {"message_id", "m-1"}, {"sum", "1"}, {"seq", "0"}},
		},
	},
	{"0800100018ffffffffffffffffff01200132003a0042004a00", frame{service: -1, method: 1, payload: []byte{}}},
}

func TestFramesAreThePlatforms(t *testing.T) {
	for _, v := range vectors {
		want, err := hex.DecodeString(v.hex)
		if err != nil {
			t.Fatal(err)
		}
		if got := v.frame.marshal(); !bytes.Equal(got, want) {
			t.Errorf("wrote %x, want %x", got, want)
		}
		got, err := unmarshalFrame(want)
		if err != nil {
			t.Errorf("%s: %v", v.hex, err)
		}
		if diff := cmp.Diff(v.frame, got, cmp.AllowUnexported(frame{}, frameHeader{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", v.hex, diff)
		}
	}
}

func TestStrangeFrames(t *testing.T) {
	for name, in := range map[string]string{
		"cut tag": "08", "cut bytes": "2a0c0a04", "no field number": "00", "huge length": "42ffffffff0f", "varint without end": "08ffffffffffffffffffff", "broken header": "2a020aff",
	} {
		b, err := hex.DecodeString(in)
		if err != nil {
			t.Fatal(err)
		}
		if f, err := unmarshalFrame(b); err == nil {
			t.Errorf("%s: read %+v", name, f)
		}
	}
	// Fields of the future: 15 as varint, 16 as bytes, 17 as fixed64, 18 as fixed32.
	future, err := hex.DecodeString("0801" + "7805" + "82010161" + "8901" + "0102030405060708" + "9501" + "01020304" + "2001")
	if err != nil {
		t.Fatal(err)
	}
	if f, err := unmarshalFrame(future); err != nil || f.seqID != 1 || f.method != 1 {
		t.Errorf("fields of the future: %+v %v", f, err)
	}
}

func FuzzFrame(f *testing.F) {
	for _, v := range vectors {
		b, _ := hex.DecodeString(v.hex)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		in, err := unmarshalFrame(b)
		if err != nil {
			return
		}
		out, err := unmarshalFrame(in.marshal())
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		if diff := cmp.Diff(in, out, cmp.AllowUnexported(frame{}, frameHeader{})); diff != "" {
			t.Error(diff)
		}
	})
}

func part(id string, sum, seq int, payload string) frame {
	return frame{method: 1, payload: []byte(payload), headers: []frameHeader{
		{headerMessageID, id}, {headerSum, fmt.Sprint(sum)}, {headerSeq, fmt.Sprint(seq)},
	}}
}

func TestPartsAreJoined(t *testing.T) {
	at := time.Unix(1711000000, 0)
	p := parts{now: func() time.Time { return at }}
	join := func(f frame) string {
		b, ok := p.join(f)
		if !ok {
			return "-"
		}
		return string(b)
	}
	for i, row := range []struct {
		f    frame
		want string
	}{
		{part("whole", 1, 0, "abc"), "abc"},
		{part("none told", 0, 0, "abc"), "abc"},
		{part("a", 3, 2, "c"), "-"},
		{part("b", 2, 0, "x"), "-"},
		{part("a", 3, 0, "a"), "-"},
		{part("a", 3, 0, "twice"), "-"},
		{part("b", 2, 1, "y"), "xy"},
		{part("a", 3, 1, "b"), "abc"},
		{part("c", 2, 2, "beyond"), "-"},
		{part("c", 2, -1, "before"), "-"}, // taken as 0
		{part("", 2, 0, "nameless"), "-"},
		{part("many", maxParts+1, 0, "x"), "-"},
		{part("d", 2, 0, "x"), "-"},
		{part("d", 3, 1, "of another length"), "-"},
		{part("large", 2, 0, strings.Repeat("x", maxPayload)), "-"},
		{part("large", 2, 1, "one too many"), "-"},
	} {
		if got := join(row.f); got != row.want {
			t.Errorf("frame %d: %.20q, want %q", i, got, row.want)
		}
	}
	join(part("late", 2, 0, "x"))
	at = at.Add(partsLife + time.Second)
	if got := join(part("late", 2, 1, "y")); got != "-" {
		t.Errorf("joined after its life: %q", got)
	}
	for i := range 10 * maxOpen {
		join(part(fmt.Sprint(i), 2, 0, "x"))
	}
	if len(p.open) > maxOpen {
		t.Errorf("%d payloads are open, want at most %d", len(p.open), maxOpen)
	}
	if got := join(part(fmt.Sprint(10*maxOpen-1), 2, 1, "y")); got != "xy" {
		t.Errorf("the newest made room: %q", got)
	}
}

func TestTuningIsSane(t *testing.T) {
	for _, row := range []struct {
		in                 tuning
		ping, pause, nonce time.Duration
	}{
		{tuning{}, defaultPing, defaultPause, time.Second},
		{tuning{PingInterval: -1, ReconnectInterval: -1, ReconnectNonce: -1}, defaultPing, defaultPause, time.Second},
		{tuning{PingInterval: 90, ReconnectInterval: 60, ReconnectNonce: 20}, 90 * time.Second, time.Minute, 20 * time.Second},
		{tuning{PingInterval: 1e9, ReconnectInterval: 1e9, ReconnectNonce: 1e9}, defaultPing, defaultPause, longestNonce},
		{tuning{PingInterval: 1, ReconnectInterval: 1}, time.Second, shortPause, time.Second},
	} {
		if row.in.ping() != row.ping || row.in.pause() != row.pause || row.in.nonce() != row.nonce {
			t.Errorf("%+v: %v %v %v", row.in, row.in.ping(), row.in.pause(), row.in.nonce())
		}
	}
}
