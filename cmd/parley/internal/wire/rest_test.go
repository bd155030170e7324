package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"
)

func TestRESTReadsTheLogInPages(t *testing.T) {
	const head = 1203
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/rooms/R/events" || r.Header.Get("Authorization") != "Bearer secret" {
			t.Errorf("the request is %s %s", r.Method, r.URL)
		}
		after, _ := strconv.ParseInt(r.URL.Query().Get("after"), 10, 64)
		limit, _ := strconv.ParseInt(r.URL.Query().Get("limit"), 10, 64)
		items := []json.RawMessage{}
		for seq := after + 1; seq <= min(head, after+limit); seq++ {
			items = append(items, json.RawMessage(canonical(seq, "x")))
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"items": items})
	}))
	defer server.Close()
	rest := REST{Base: server.URL + "/", Token: "secret", HTTP: server.Client()}
	last := int64(3)
	err := rest.Log(t.Context(), "R", last, func(e LogEvent) error {
		if e.Seq != last+1 || string(e.Canonical) != canonical(e.Seq, "x") {
			t.Fatalf("%d follows %d: %s", e.Seq, last, e.Canonical)
		}
		last = e.Seq
		return nil
	})
	if err != nil || last != head {
		t.Fatalf("the log ends with %d, %v", last, err)
	}
	stop := errors.New("enough")
	if err := rest.Log(t.Context(), "R", 0, func(LogEvent) error { return stop }); !errors.Is(err, stop) {
		t.Fatalf("the visitor's error became %v", err)
	}
}

func TestRESTRetriesOnlyWhatMayBeRepeated(t *testing.T) {
	calls := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls++
		if calls == 1 {
			w.WriteHeader(http.StatusTooManyRequests)
			fmt.Fprint(w, `{"error":{"code":"rate_limited","message":"Wait.","details":{"retry_after_ms":70}}}`)
			return
		}
		var body map[string]any
		_ = json.NewDecoder(r.Body).Decode(&body)
		if _, named := body["room"]; named {
			t.Errorf("the body names the room: %v", body)
		}
		fmt.Fprint(w, `{"ok":true,"seq":4,"at":"2026-11-22T08:00:01Z"}`)
	}))
	defer server.Close()
	clock := &hurriedClock{}
	rest := REST{Base: server.URL, HTTP: server.Client(), Clock: clock}
	cmd := Say("R", "hello")
	cmd.ID = "01J00000000000000000000001"
	a, err := rest.Do(t.Context(), cmd)
	if err != nil || a.Seq != 4 || calls != 2 {
		t.Fatalf("the answer is %+v, %v after %d calls", a, err, calls)
	}
	if w := clock.waits(); len(w) != 1 || w[0] != 70*time.Millisecond {
		t.Fatalf("it waited %v", w)
	}
	calls = 0
	err = rest.Call(t.Context(), http.MethodPost, "/api/campaigns", map[string]string{}, nil)
	var refused *Error
	if !errors.As(err, &refused) || refused.Code != "rate_limited" || calls != 1 {
		t.Fatalf("creating something ended with %v after %d calls", err, calls)
	}
}

func TestRESTSaysWhatIsNotOurs(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	err := REST{Base: server.URL, HTTP: server.Client()}.Call(t.Context(), http.MethodGet, "/api/x", nil, nil)
	var refused *Error
	if err == nil || errors.As(err, &refused) {
		t.Fatalf("a page of another server became %v", err)
	}
}
