package feishusim

import (
	"encoding/binary"
	"errors"
	"slices"
)

// wireFrame is the frame of the long connection, a protocol buffers message written and read by hand:
//
//	1 SeqID, 2 LogID uint64; 3 service, 4 method int32 (0 control, 1 data); 5 headers, repeated {1 key, 2 value};
//	6 payload_encoding, 7 payload_type string; 8 payload bytes; 9 LogIDNew string
//
// Fields 1 to 4 and those of a header are required.
type wireFrame struct {
	seqID, logID    uint64
	service, method int32
	headers         map[string]string
	payload         []byte
}

func (f wireFrame) bytes() []byte {
	var b []byte
	for i, v := range []uint64{f.seqID, f.logID, uint64(f.service), uint64(f.method)} { //nolint:gosec // never negative
		b = binary.AppendUvarint(append(b, byte(i+1)<<3), v)
	}
	keys := make([]string, 0, len(f.headers))
	for k := range f.headers {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		b = appendField(b, 5, appendField(appendField(nil, 1, []byte(k)), 2, []byte(f.headers[k])))
	}
	if f.payload != nil {
		b = appendField(b, 8, f.payload)
	}
	return b
}

func appendField(b []byte, num byte, data []byte) []byte {
	b = binary.AppendUvarint(append(b, num<<3|2), uint64(len(data)))
	return append(b, data...)
}

var errFrame = errors.New("feishusim: not a frame")

func readFrame(b []byte) (wireFrame, error) {
	f := wireFrame{headers: map[string]string{}}
	seen := 0
	for len(b) > 0 {
		num, v, data, rest, ok := nextField(b)
		if !ok {
			return wireFrame{}, errFrame
		}
		b = rest
		switch num {
		case 1:
			f.seqID, seen = v, seen|1
		case 2:
			f.logID, seen = v, seen|2
		case 3:
			f.service, seen = int32(v), seen|4 //nolint:gosec // as the schema says
		case 4:
			f.method, seen = int32(v), seen|8 //nolint:gosec // as the schema says
		case 5:
			k, val, ok := readHeader(data)
			if !ok {
				return wireFrame{}, errFrame
			}
			f.headers[k] = val
		case 8:
			f.payload = data
		}
	}
	if seen != 15 {
		return wireFrame{}, errFrame
	}
	return f, nil
}

func readHeader(b []byte) (key, value string, ok bool) {
	seen := 0
	for len(b) > 0 {
		num, _, data, rest, ok := nextField(b)
		if !ok {
			return "", "", false
		}
		b = rest
		switch num {
		case 1:
			key, seen = string(data), seen|1
		case 2:
			value, seen = string(data), seen|2
		}
	}
	return key, value, seen == 3
}

// nextField reads one field; types other than varint and bytes are not used by the platform.
func nextField(b []byte) (num, v uint64, data, rest []byte, ok bool) {
	tag, n := binary.Uvarint(b)
	if n <= 0 {
		return 0, 0, nil, nil, false
	}
	b = b[n:]
	v, n = binary.Uvarint(b)
	if n <= 0 {
		return 0, 0, nil, nil, false
	}
	b = b[n:]
	switch tag & 7 {
	case 0:
		return tag >> 3, v, nil, b, true
	case 2:
		if v > uint64(len(b)) {
			return 0, 0, nil, nil, false
		}
		return tag >> 3, 0, b[:v], b[v:], true
	default:
		return 0, 0, nil, nil, false
	}
}
