package strictjson_test

import (
	"errors"
	"testing"

	"parley/rooms/strictjson"
)

type inner struct {
	N    int8    `json:"n"`
	On   bool    `json:"on"`
	Many []inner `json:"many"`
}

type outer struct {
	Text string `json:"text"`
	In   *inner `json:"in"`
}

func TestErrorsNameTheirPlace(t *testing.T) {
	for _, c := range []struct{ raw, path string }{
		{`{"text":1}`, "x.text"},
		{`{"txt":"a"}`, "x.txt"},
		{`{"in":{"n":1.5}}`, "x.in.n"},
		{`{"in":{"n":300}}`, "x.in.n"},
		{`{"in":{"on":"yes"}}`, "x.in.on"},
		{`{"in":{"many":[{},{"many":[{"z":1}]}]}}`, "x.in.many[1].many[0].z"},
		{`{"in":{"many":{}}}`, "x.in.many"},
		{`{"in":[]}`, "x.in"},
		{`{"b":1,"a":1}`, "x.a"},
		{`[]`, "x"},
	} {
		var v outer
		err := strictjson.Unmarshal([]byte(c.raw), &v, "x")
		var field *strictjson.FieldError
		if !errors.As(err, &field) || field.Path != c.path || field.Problem == "" {
			t.Errorf("%s: error %v, want one at %s", c.raw, err, c.path)
		}
	}
}

func TestMalformed(t *testing.T) {
	for _, raw := range []string{``, `{`, `{"text":"a"}{}`, `{"text":"a"} x`, `nul`} {
		var v outer
		if err := strictjson.Unmarshal([]byte(raw), &v, ""); !errors.Is(err, strictjson.ErrMalformed) {
			t.Errorf("%q: error %v, want ErrMalformed", raw, err)
		}
		if raw != `{"text":"a"}{}` {
			if _, err := strictjson.Object([]byte(raw), ""); !errors.Is(err, strictjson.ErrMalformed) {
				t.Errorf("object %q: error %v, want ErrMalformed", raw, err)
			}
		}
	}
}

func TestGood(t *testing.T) {
	var v outer
	if err := strictjson.Unmarshal([]byte(` {"text":"a","in":null} `), &v, ""); err != nil || v.Text != "a" {
		t.Fatalf("%+v, %v", v, err)
	}
	if m, err := strictjson.Object([]byte(`{"a":1}`), ""); err != nil || string(m["a"]) != "1" {
		t.Fatalf("%v, %v", m, err)
	}
}
