package wire

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"
)

// Close codes of docs/protocol.md that say what a client does next.
const (
	CloseSlowReader   = 4000
	CloseNoHeartbeat  = 4001
	CloseGoingDown    = 4100
	CloseFlood        = 4101
	CloseSessionEnded = 4200
	CloseFlagged      = 4201

	closeBinary  = 1003
	closeNotUTF8 = 1007
	closeTooLong = 1009
)

const (
	backoffUnit = 500 * time.Millisecond
	backoffMax  = 30 * time.Second
	// defaultAfter is the wait for a server that goes down without saying when
	// it is back, and maxAfter bounds what it says.
	defaultAfter = time.Second
	maxAfter     = time.Minute
)

// Next is what a client does after a connection has ended.
type Next struct {
	// Stop says that it does not connect again.
	Stop bool
	// After is the wait before the next try; with Backoff it is the client's own.
	After   time.Duration
	Backoff bool
}

// AfterError tells what to do after a connection or a try to connect ended with
// err.
func AfterError(err error) Next {
	var closed *CloseError
	var refused *RefusedError
	switch {
	case errors.As(err, &closed):
		return afterClose(closed.Code, closed.Reason)
	case errors.As(err, &refused):
		// What the server says of the request holds for the next one too, unless
		// it speaks of load.
		client := refused.Status >= 400 && refused.Status < 500
		busy := refused.Status == http.StatusRequestTimeout || refused.Status == http.StatusTooManyRequests
		return Next{Stop: client && !busy, Backoff: !client || busy}
	default:
		return Next{Backoff: true}
	}
}

func afterClose(code int, reason string) Next {
	switch code {
	case CloseSlowReader, CloseNoHeartbeat:
		return Next{}
	case CloseGoingDown:
		return Next{After: afterOf(reason)}
	case CloseSessionEnded, CloseFlagged, closeBinary, closeNotUTF8, closeTooLong:
		return Next{Stop: true}
	default:
		return Next{Backoff: true}
	}
}

func afterOf(reason string) time.Duration {
	var said struct {
		AfterMS *int64 `json:"after_ms"`
	}
	if json.Unmarshal([]byte(reason), &said) != nil || said.AfterMS == nil {
		return defaultAfter
	}
	return time.Duration(min(max(*said.AfterMS, 0), maxAfter.Milliseconds())) * time.Millisecond
}

// Backoff is the wait after so many tries that failed: random between 0 and
// min(30 s, 0.5 s · 2^tries). random returns a number in [0, n).
func Backoff(tries int, random func(n int64) int64) time.Duration {
	limit := backoffMax
	if tries < 6 { // 0.5 s · 2^6 is over the limit
		limit = backoffUnit << max(tries, 0)
	}
	return time.Duration(random(int64(limit) + 1))
}
