package wechatsim

import (
	"encoding/base64"
	"strings"
	"testing"
)

// The samples of the platform's own programs (cryptoDemo.zip) and of its page 消息加解密说明.
const (
	sampleKey = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
	replyXML  = "<xml><ToUserName><![CDATA[oia2Tj我是中文jewbmiOUlr6X-1crbLOvLw]]></ToUserName><FromUserName><![CDATA[gh_7f083739789a]]></FromUserName><CreateTime>1407743423</CreateTime><MsgType><![CDATA[video]]></MsgType><Video><MediaId><![CDATA[eYJ1MbwPRJtOvIEabaxHs7TX2D-HV71s79GUxqdUkjm6Gs2Ed1KF3ulAOA9H1xG0]]></MediaId><Title><![CDATA[testCallBackReplyVideo]]></Title><Description><![CDATA[testCallBackReplyVideo]]></Description></Video></xml>"
	textXML   = "<xml><ToUserName><![CDATA[gh_10f6c3c3ac5a]]></ToUserName>\n<FromUserName><![CDATA[oyORnuP8q7ou2gfYjqLzSIWZf0rs]]></FromUserName>\n<CreateTime>1409735668</CreateTime>\n<MsgType><![CDATA[text]]></MsgType>\n<Content><![CDATA[abcdteT]]></Content>\n<MsgId>6054768590064713728</MsgId>\n</xml>"
)

func seal(t *testing.T, appID, token, key string) sealer {
	t.Helper()
	s, err := newSealer(appID, token, key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestPublishedEncryption(t *testing.T) {
	zeros := strings.Repeat("A", 43)
	for _, test := range []struct{ name, appID, key, random, plain, want string }{
		{
			"java sample", "wxb11529c136998cb6", sampleKey, "aaaabbbbccccdddd", "我是中文abcd123",
			"jn1L23DB+6ELqJ+6bruv21Y6MD7KeIfP82D6gU39rmkgczbWwt5+3bnyg5K55bgVtVzd832WzZGMhkP72vVOfg==",
		},
		{
			"java sample, reply", "wxb11529c136998cb6", sampleKey, "aaaabbbbccccdddd", replyXML,
			"jn1L23DB+6ELqJ+6bruv23M2GmYfkv0xBh2h+XTBOKVKcgDFHle6gqcZ1cZrk3e1qjPQ1F4RsLWzQRG9udbKWesxlkupqcEcW7ZQweImX9+wLMa0GaUzpkycA8+IamDBxn5loLgZpnS7fVAbExOkK5DYHBmv5tptA9tklE/fTIILHR8HLXa5nQvFb3tYPKAlHF3rtTeayNf0QuM+UW/wM9enGIDIJHF7CLHiDNAYxr+r+OrJCmPQyTy8cVWlu9iSvOHPT/77bZqJucQHQ04sq7KZI27OcqpQNSto2OdHCoTccjggX5Z9Mma0nMJBU+jLKJ38YB1fBIz+vBzsYjrTmFQ44YfeEuZ+xRTQwr92vhA9OxchWVINGC50qE/6lmkwWTwGX9wtQpsJKhP+oS7rvTY8+VdzETdfakjkwQ5/Xka042OlUb1/slTwo4RscuQ+RdxSGvDahxAJ6+EAjLt9d8igHngxIbf6YyqqROxuxqIeIch3CssH/LqRs+iAcILvApYZckqmA7FNERspKA5f8GoJ9sv8xmGvZ9Yrf57cExWtnX8aCMMaBropU/1k+hKP5LVdzbWCG0hGwx/dQudYR/eXp3P0XxjlFiy+9DMlaFExWUZQDajPkdPrEeOwofJb",
		},
		{
			"document, reply", "wx134c8103faa5a59e", zeros, "999951349e8ee746", "<xml><demo_resp>[CDATA[good luck]]</demo_resp></xml>",
			"hE8R6mGXHkJJjU72KxzKUd1GEkKJaEZq7vRL8XgK3o+00k8JGq6+pZJUIlTSyhsX+bxIBQ72g3GyvDdIZcr6+3HAZbSvPT9t/o11MI7d6WELwqrGd7jMnV0zv3Zc9Nq7",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := seal(t, test.appID, "t", test.key)
			if got := s.encrypt([16]byte([]byte(test.random)), []byte(test.plain)); got != test.want {
				t.Errorf("encrypt = %s, want %s", got, test.want)
			}
			if plain, err := s.decrypt(test.want); err != nil || string(plain) != test.plain {
				t.Errorf("decrypt = %q, %v, want %q", plain, err, test.plain)
			}
		})
	}
}

func TestPublishedSignatures(t *testing.T) {
	for _, test := range []struct {
		name, appID, token, key string
		parts                   []string // timestamp, nonce and, last, what is encrypted
		want, plain             string
	}{
		{
			"java sample, address", "wx5823bf96d3bd56c7", "QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C",
			[]string{"1409659589", "263014780", "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ=="},
			"5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3", "1616140317555161061",
		},
		{
			"python sample, delivery", "wx2c2769f8efd9abc2", "spamtest", sampleKey,
			[]string{"1409735669", "1320562132", "hyzAe4OzmOMbd6TvGdIOO6uBmdJoD0Fk53REIHvxYtJlE2B655HuD0m8KUePWB3+LrPXo87wzQ1QLvbeUgmBM4x6F8PGHQHFVAFmOD2LdJF9FrXpbUAh0B5GIItb52sn896wVsMSHGuPE328HnRGBcrS7C41IzDWyWNlZkyyXwon8T332jisa+h6tEDYsVticbSnyU8dKOIbgU6ux5VTjg3yt+WGzjlpKn6NPhRjpA912xMezR4kw6KWwMrCVKSVCZciVGCgavjIQ6X8tCOp3yZbGpy0VxpAe+77TszTfRd5RJSVO/HTnifJpXgCSUdUue1v6h0EIBYYI1BD1DlD+C0CR8e6OewpusjZ4uBl9FyJvnhvQl+q5rv1ixrcpCumEPo5MJSgM9ehVsNPfUM669WuMyVWQLCzpu9GhglF2PE="},
			"5d197aaffba7e9b25a30732f161a50dee96bd5fa", textXML,
		},
		{"document, plain mode", "wx134c8103faa5a59e", "AAAAA", sampleKey, []string{"1714037059", "486452656"}, "899cf89e464efb63f54ddac96b0a0a235f53aa78", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := seal(t, test.appID, test.token, test.key)
			if got := s.sign(test.parts...); got != test.want {
				t.Errorf("sign = %s, want %s", got, test.want)
			}
			if test.plain == "" {
				return
			}
			if plain, err := s.decrypt(test.parts[2]); err != nil || string(plain) != test.plain {
				t.Errorf("decrypt = %q, %v, want %q", plain, err, test.plain)
			}
		})
	}
}

func TestDecryptRefuses(t *testing.T) {
	s := seal(t, "wx1", "t", sampleKey)
	good := s.encrypt([16]byte{}, []byte("hello"))
	b, err := base64.StdEncoding.DecodeString(good)
	if err != nil {
		t.Fatal(err)
	}
	flip := func(i int) string {
		c := append([]byte(nil), b...)
		c[i] ^= 1
		return base64.StdEncoding.EncodeToString(c)
	}
	for name, sealed := range map[string]string{
		"nothing":         "",
		"no base64":       "!!",
		"half a block":    base64.StdEncoding.EncodeToString(b[:16]),
		"another account": seal(t, "wx2", "t", sampleKey).encrypt([16]byte{}, []byte("hello")),
		"padding":         flip(len(b) - 20), // changes the last block's last bytes
	} {
		if plain, err := s.decrypt(sealed); err == nil {
			t.Errorf("%s: opened as %q", name, plain)
		}
	}
}

func FuzzDecrypt(f *testing.F) {
	s, err := newSealer("wx1", "t", sampleKey)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(s.encrypt([16]byte{}, []byte("hello")))
	f.Add("")
	f.Fuzz(func(t *testing.T, sealed string) {
		if plain, err := s.decrypt(sealed); err == nil {
			again, err := s.decrypt(s.encrypt([16]byte{}, plain))
			if err != nil || string(again) != string(plain) {
				t.Fatalf("%q does not survive: %q, %v", plain, again, err)
			}
		}
	})
}

func FuzzReply(f *testing.F) {
	s := &Sim{}
	s.opts.Mode, s.opts.OriginalID = ModeCompatible, "gh_1"
	s.opts.defaults()
	var err error
	if s.seal, err = newSealer(s.opts.AppID, s.opts.Token, s.opts.AESKey); err != nil {
		f.Fatal(err)
	}
	f.Add([]byte("success"))
	f.Add([]byte("<xml><ToUserName>o1</ToUserName><FromUserName>gh_1</FromUserName><CreateTime>1</CreateTime><MsgType>text</MsgType><Content>hi</Content></xml>"))
	f.Add([]byte("<xml><Encrypt>AAAA</Encrypt></xml>"))
	f.Fuzz(func(t *testing.T, body []byte) {
		text, ok, why := s.readReply(body, "o1")
		if ok && why == "" && (text == "" || len(text) > maxText) {
			t.Fatalf("accepted %q", text)
		}
	})
}
