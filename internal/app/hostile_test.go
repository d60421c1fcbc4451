package app_test

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"io"
	"testing"
)

// bomb is a workbook that unpacks to 300 MB, and one that lies and says it is small.
func bomb(t *testing.T) (open, lying []byte) {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestSpeed) })
	f, err := z.Create("xl/worksheets/sheet1.xml")
	if err == nil {
		_, err = io.Copy(f, io.LimitReader(zeros{}, 300<<20))
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	lying = bytes.Clone(b.Bytes())
	at := bytes.LastIndex(lying, []byte("PK\x01\x02")) // the file's place in the directory; its size stands at 24
	binary.LittleEndian.PutUint32(lying[at+24:], 1000)
	return b.Bytes(), lying
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// Files that are no good, by accident or on purpose, are told what they are, and the next one goes in: cells that look like formulas are words.
func TestHostileFiles(t *testing.T) {
	t.Parallel()
	large, lying := bomb(t)
	for inbox, kind := range fileKinds {
		t.Run(inbox, func(t *testing.T) {
			t.Parallel()
			r := startIn(t, unpaced, withEditors)
			c := &talk{t: t, p: r.Platforms()[inbox], inbox: inbox, from: string(editors[inbox])}
			for name, file := range map[string]struct {
				data []byte
				want string
			}{
				"bomb.xlsx":  {large, "工作簿解压后超过 256 MB"},
				"liar.xlsx":  {lying, "工作簿读不了"},
				"old.xlsx":   {[]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), "文件不是 XLSX 工作簿"},
				"gbk.csv":    {[]byte("\xce\xca\xcc\xe2,\xb4\xf0\xb0\xb8\n"), "可能是 GBK"},
				"wide.csv":   {[]byte("\xff\xfeq\x00"), "UTF-16"},
				"zip.csv":    {[]byte("PK\x03\x04...."), "不是文本"},
				"binary.csv": {[]byte("question,answer\na\x00b,c\n"), "二进制"},
				"deep.json":  {bytes.Repeat([]byte("["), 100_000), "什么都没有导入"},
				"worm.exe":   {[]byte("MZ"), "只能导入文件名以 .csv、.xlsx 或 .json 结尾的文件"},
			} {
				c.say("/faq import", "请发送文件")
				c.upload(kind, name, file.data, false, file.want)
			}
			c.say("/faq list", "词条共 1 个")
			c.say("/faq import", "请发送文件")
			c.upload(kind, "cells.csv", []byte("问题,答案,失效时间\n=1+1,\"=HYPERLINK(\"\"http://evil.example\"\")\",2099/1/2 9:30\n@SUM(A1),+A1|x,\n"), false, "将新增 2 个，修改 0 个，0 个没有变化，0 行有问题")
			c.say("1", "已导入 2 行")
			c.exports("/faq export csv", "'=1+1", "'=HYPERLINK", "2099-01-02T", "'@SUM(A1)", "'+A1|x")
			c.say("=1+1", "=HYPERLINK")
		})
	}
}
