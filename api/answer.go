package api

import (
	"encoding/json"
	"strconv"
	"time"
	"unicode/utf8"

	"parley/hub"
	"parley/rooms"
	"parley/store"
)

// appendText appends a JSON text. Ids, which are almost all there is to quote,
// need no escapes.
func appendText(dst []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			raw, _ := json.Marshal(s) // a string always can be
			return append(dst, raw...)
		}
	}
	dst = append(dst, '"')
	dst = append(dst, s...)
	return append(dst, '"')
}

// appendDone answers a command that was committed.
func appendDone(dst []byte, id string, r *store.Result) []byte {
	dst = append(dst, `{"id":`...)
	dst = appendText(dst, id)
	dst = append(dst, `,"ok":true,"seq":`...)
	dst = strconv.AppendInt(dst, r.Seq, 10)
	dst = append(dst, `,"at":"`...)
	dst = r.At.AppendFormat(dst, time.RFC3339Nano)
	dst = append(dst, '"')
	if r.Duplicate {
		dst = append(dst, `,"duplicate":true`...)
	}
	return append(dst, '}')
}

// appendLeft answers a leave.
func appendLeft(dst []byte, id, topic string) []byte {
	dst = append(dst, `{"id":`...)
	dst = appendText(dst, id)
	dst = append(dst, `,"ok":true,"topic":`...)
	dst = appendText(dst, topic)
	return append(dst, '}')
}

// appendJoined answers a join of a topic by the name that the client gave it.
func appendJoined(dst []byte, id, topic string, r *hub.JoinResult) []byte {
	dst = append(dst, `{"id":`...)
	dst = appendText(dst, id)
	dst = append(dst, `,"ok":true,"topic":`...)
	dst = appendText(dst, topic)
	dst = append(dst, `,"seq":`...)
	dst = strconv.AppendInt(dst, r.Seq, 10)
	dst = append(dst, `,"from":`...)
	dst = strconv.AppendInt(dst, r.From, 10)
	dst = append(dst, `,"to":`...)
	dst = strconv.AppendInt(dst, r.To, 10)
	dst = append(dst, `,"epoch":`...)
	dst = appendText(dst, r.Epoch)
	dst = append(dst, `,"more":`...)
	dst = strconv.AppendBool(dst, r.More)
	if r.Reset {
		dst = append(dst, `,"reset":true`...)
	}
	if r.Snapshot != nil {
		dst = append(dst, `,"snapshot":`...)
		dst = append(dst, r.Snapshot...)
	}
	return append(dst, '}')
}

// appendError answers with a refusal; requestID names the connection in the log
// where that helps.
func appendError(dst []byte, id string, e *Error, requestID string) []byte {
	dst = append(dst, `{"id":`...)
	dst = appendText(dst, id)
	dst = append(dst, `,"error":`...)
	info := e.Info
	if e.status >= 500 {
		info.RequestID = requestID
	}
	raw, err := json.Marshal(info)
	if err != nil { // details that cannot be encoded: a defect, but not the client's
		raw = []byte(`{"code":"internal","message":"Something went wrong on our side."}`)
	}
	dst = append(dst, raw...)
	return append(dst, '}')
}

// appendWelcome is the first frame of a connection.
func appendWelcome(dst []byte, epoch string, now rooms.Time, who *caller, heartbeat time.Duration) []byte {
	dst = append(dst, `{"type":"welcome","epoch":`...)
	dst = appendText(dst, epoch)
	dst = append(dst, `,"now":"`...)
	dst = now.AppendFormat(dst, time.RFC3339Nano)
	dst = append(dst, `","user":`...)
	dst = appendText(dst, who.id)
	dst = append(dst, `,"role":`...)
	dst = appendText(dst, string(who.role))
	dst = append(dst, `,"heartbeat_ms":`...)
	dst = strconv.AppendInt(dst, heartbeat.Milliseconds(), 10)
	return append(dst, '}')
}

// appendMember is how others see somebody in a room.
func appendMember(dst []byte, id string, side rooms.Side) []byte {
	dst = append(dst, `{"id":`...)
	dst = appendText(dst, id)
	dst = append(dst, `,"side":`...)
	dst = appendText(dst, string(side))
	return append(dst, '}')
}

func appendTyping(dst []byte, topic, id string, side rooms.Side) []byte {
	dst = append(dst, `{"topic":`...)
	dst = appendText(dst, topic)
	dst = append(dst, `,"type":"typing","data":`...)
	dst = appendMember(dst, id, side)
	return append(dst, '}')
}

// appendRead tells a user's connections how far they have read a room.
func appendRead(dst []byte, room string, seq int64) []byte {
	dst = append(dst, `{"topic":"inbox","type":"read","data":{"room":`...)
	dst = appendText(dst, room)
	dst = append(dst, `,"seq":`...)
	dst = strconv.AppendInt(dst, seq, 10)
	return append(dst, `}}`...)
}

func appendSeen(dst []byte, topic string, side rooms.Side, seq int64) []byte {
	dst = append(dst, `{"topic":`...)
	dst = appendText(dst, topic)
	dst = append(dst, `,"type":"seen","data":{"side":`...)
	dst = appendText(dst, string(side))
	dst = append(dst, `,"seq":`...)
	dst = strconv.AppendInt(dst, seq, 10)
	return append(dst, `}}`...)
}
