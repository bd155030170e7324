package wire

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

const (
	// maxBody bounds an answer: a page of 500 events with terms at their longest.
	maxBody = 32 << 20
	// logPage is how many events one request asks for.
	logPage = 500
)

// REST is the HTTP side of an instance for one session. The zero HTTP client is
// http.DefaultClient, the zero Clock the machine's.
type REST struct {
	// Base is the instance, for example http://127.0.0.1:8080.
	Base  string
	Token string
	HTTP  *http.Client
	Clock Clock
}

// Call sends in as JSON (nothing if nil) and decodes the answer into out (not if
// nil). A refusal is an *Error. Passing ones (unavailable, rate_limited) are
// retried until ctx ends, but only for requests that may be repeated: those that
// read, and commands, whose id keeps them single.
func (r REST) Call(ctx context.Context, method, path string, in, out any) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return fmt.Errorf("wire: encode %s %s: %w", method, path, err)
		}
	}
	_, command := in.(Command)
	for tries := 0; ; tries++ {
		err := r.once(ctx, method, path, body, out)
		var refused *Error
		if !errors.As(err, &refused) || method != http.MethodGet && !command {
			return err
		}
		wait, again := refused.RetryAfter()
		if !again {
			return err
		}
		if wait == 0 {
			wait = backoffUnit
		}
		clock := r.Clock
		if clock == nil {
			clock = SystemClock{}
		}
		if clock.Sleep(ctx, wait) != nil {
			return err
		}
	}
}

func (r REST) once(ctx context.Context, method, path string, body []byte, out any) error {
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(r.Base, "/")+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("wire: %s %s: %w", method, path, err)
	}
	if r.Token != "" {
		req.Header.Set("Authorization", "Bearer "+r.Token)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	client := r.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("wire: %w", err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	if err != nil {
		return fmt.Errorf("wire: %s %s: %w", method, path, err)
	}
	if resp.StatusCode >= http.StatusBadRequest {
		var wrapped struct {
			Error *Error `json:"error"`
		}
		if json.Unmarshal(raw, &wrapped) != nil || wrapped.Error == nil {
			return fmt.Errorf("wire: %s %s: the server answers %s", method, path, resp.Status)
		}
		return wrapped.Error
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(raw, out); err != nil {
		return fmt.Errorf("wire: answer to %s %s: %w", method, path, err)
	}
	return nil
}

// Do carries out a command, which must have its ID.
func (r REST) Do(ctx context.Context, cmd Command) (Answer, error) {
	path := "/api/rooms/" + url.PathEscape(cmd.Room) + "/commands"
	cmd.Room = "" // the path names it
	var a Answer
	err := r.Call(ctx, http.MethodPost, path, cmd, &a)
	return a, err
}

// LogEvent is an event as the log has it.
type LogEvent struct {
	Seq       int64
	Canonical []byte
}

// Log reads a room's whole log after seq and gives each event to visit, in the
// order in which the server sent them.
func (r REST) Log(ctx context.Context, room string, after int64, visit func(LogEvent) error) error {
	for {
		var page struct {
			Items []json.RawMessage `json:"items"`
		}
		path := "/api/rooms/" + url.PathEscape(room) + "/events?limit=" + strconv.Itoa(logPage) +
			"&after=" + strconv.FormatInt(after, 10)
		if err := r.Call(ctx, http.MethodGet, path, nil, &page); err != nil {
			return err
		}
		for _, raw := range page.Items {
			var f Frame
			if err := f.Parse(raw); err != nil || !f.HasSeq {
				return fmt.Errorf("%w: in the log of room %s after %d", ErrFrame, room, after)
			}
			after = max(after, f.Seq)
			if err := visit(LogEvent{Seq: f.Seq, Canonical: raw}); err != nil {
				return err
			}
		}
		if len(page.Items) < logPage {
			return nil
		}
	}
}
