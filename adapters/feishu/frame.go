package feishu

import (
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"
)

// frame is the unit of the long connection, a protocol buffers message (file pbbp2 of the SDK's package ws, whose field numbers these are).
type frame struct {
	seqID, logID    uint64
	service, method int32
	headers         []frameHeader
	encoding, kind  string // of the payload; empty for JSON
	payload         []byte
	logIDNew        string
}

type frameHeader struct{ key, value string }

// The methods of a frame and the headers used.
const (
	methodControl = 0
	methodData    = 1

	headerType      = "type" // event, card, ping, pong
	headerMessageID = "message_id"
	headerSum       = "sum" // parts the payload was cut into
	headerSeq       = "seq" // from 0
	headerDuration  = "biz_rt"

	typePing = "ping"
	typePong = "pong"
)

func (f frame) header(key string) string {
	for _, h := range f.headers {
		if h.key == key {
			return h.value
		}
	}
	return ""
}

// number reads a header that counts something; 0 for what is none.
func (f frame) number(key string) int {
	n, err := strconv.Atoi(f.header(key))
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// marshal writes every field but an absent payload, as the platform's own clients do: four of them are required.
func (f frame) marshal() []byte {
	var b []byte
	for i, v := range []uint64{f.seqID, f.logID, uint64(f.service), uint64(f.method)} { //nolint:gosec // int32 is written in two's complement
		b = protowire.AppendVarint(protowire.AppendTag(b, protowire.Number(i+1), protowire.VarintType), v) //nolint:gosec // 1 to 4
	}
	for _, h := range f.headers {
		var in []byte
		in = protowire.AppendString(protowire.AppendTag(in, 1, protowire.BytesType), h.key)
		in = protowire.AppendString(protowire.AppendTag(in, 2, protowire.BytesType), h.value)
		b = protowire.AppendBytes(protowire.AppendTag(b, 5, protowire.BytesType), in)
	}
	b = protowire.AppendString(protowire.AppendTag(b, 6, protowire.BytesType), f.encoding)
	b = protowire.AppendString(protowire.AppendTag(b, 7, protowire.BytesType), f.kind)
	if f.payload != nil {
		b = protowire.AppendBytes(protowire.AppendTag(b, 8, protowire.BytesType), f.payload)
	}
	return protowire.AppendString(protowire.AppendTag(b, 9, protowire.BytesType), f.logIDNew)
}

// unmarshalFrame reads a frame; fields unknown here are skipped. The payload shares b.
func unmarshalFrame(b []byte) (frame, error) {
	var f frame
	err := eachField(b, func(num protowire.Number, v uint64, data []byte) error {
		switch num {
		case 1:
			f.seqID = v
		case 2:
			f.logID = v
		case 3:
			f.service = int32(v) //nolint:gosec // as the schema says
		case 4:
			f.method = int32(v) //nolint:gosec // as the schema says
		case 5:
			h, err := unmarshalHeader(data)
			f.headers = append(f.headers, h)
			return err
		case 6:
			f.encoding = string(data)
		case 7:
			f.kind = string(data)
		case 8:
			f.payload = data
		case 9:
			f.logIDNew = string(data)
		}
		return nil
	})
	if err != nil {
		return frame{}, err
	}
	return f, nil
}

func unmarshalHeader(b []byte) (frameHeader, error) {
	var h frameHeader
	err := eachField(b, func(num protowire.Number, _ uint64, data []byte) error {
		switch num {
		case 1:
			h.key = string(data)
		case 2:
			h.value = string(data)
		}
		return nil
	})
	return h, err
}

// eachField calls do with the fields of a message: v of varints, data of strings and bytes. Fields of other types are skipped.
func eachField(b []byte, do func(num protowire.Number, v uint64, data []byte) error) error {
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return errMalformed
		}
		b = b[n:]
		var v uint64
		var data []byte
		switch typ {
		case protowire.VarintType:
			v, n = protowire.ConsumeVarint(b)
		case protowire.BytesType:
			data, n = protowire.ConsumeBytes(b)
		default:
			num, n = 0, protowire.ConsumeFieldValue(num, typ, b)
		}
		if n < 0 {
			return errMalformed
		}
		b = b[n:]
		if err := do(num, v, data); err != nil {
			return err
		}
	}
	return nil
}
