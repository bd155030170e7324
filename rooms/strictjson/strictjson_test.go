package strictjson_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"parley/rooms/strictjson"
)

type node struct {
	Text string
	N    int64
	On   bool
	Many []node
}

func (n *node) read(r *strictjson.Reader) error {
	return r.Object(func(name []byte) (err error) {
		switch string(name) {
		case "text":
			n.Text, err = r.Text()
		case "n":
			n.N, err = r.Int(-5, 300)
		case "on":
			n.On, err = r.Bool()
		case "many":
			if r.Null() {
				return nil
			}
			n.Many = []node{}
			return r.Array(func(int) error {
				var item node
				err := item.read(r)
				n.Many = append(n.Many, item)
				return err
			})
		default:
			return strictjson.Unknown()
		}
		return err
	})
}

func read(raw string) (node, error) {
	var n node
	r := strictjson.NewReader([]byte(raw))
	if err := n.read(r); err != nil {
		return n, strictjson.At("x", err)
	}
	return n, r.End()
}

func TestErrorsNameTheirPlace(t *testing.T) {
	for _, c := range []struct{ raw, path string }{
		{`{"text":1}`, "x.text"},
		{`{"txt":"a"}`, "x.txt"},
		{`{"n":1.5}`, "x.n"},
		{`{"n":1e2}`, "x.n"},
		{`{"n":"1"}`, "x.n"},
		{`{"n":301}`, "x.n"},
		{`{"n":-6}`, "x.n"},
		{`{"n":99999999999999999999}`, "x.n"},
		{`{"on":"yes"}`, "x.on"},
		{`{"on":null}`, "x.on"},
		{`{"many":[{},{"many":[{"z":1}]}]}`, "x.many[1].many[0].z"},
		{`{"many":[{},5]}`, "x.many[1]"},
		{`{"many":{}}`, "x.many"},
		{"{\"text\":\"a\xffb\"}", "x.text"},
		{`[]`, "x"},
		{`null`, "x"},
	} {
		_, err := read(c.raw)
		var field *strictjson.FieldError
		if !errors.As(err, &field) || field.Path != c.path || field.Problem == "" {
			t.Errorf("%s: error %v, want one at %s", c.raw, err, c.path)
		}
	}
}

func TestMalformed(t *testing.T) {
	for _, raw := range []string{
		``, ` `, `{`, `{"text":"a"}{}`, `{"text":"a"} x`, `{"text":"a",}`, `{"text" "a"}`, `{text:"a"}`, `{"n":01}`,
		`{"n":-}`, `{"n":1.}`, `{"n":1e}`, `{"on":tru}`, `{"many":[{},]}`, `{"many":[{} {}]}`, `{"text":"a`, `{"text":"\x"}`,
		"{\"text\":\"a\nb\"}", `{"text":"\u12"}`, `nul`, `{"many":nul}`, strings.Repeat("[", 1000),
	} {
		if _, err := read(raw); !errors.Is(err, strictjson.ErrMalformed) {
			t.Errorf("%q: error %v, want ErrMalformed", raw, err)
		}
	}
}

func TestGood(t *testing.T) {
	n, err := read(" {\"text\" : \"a\\u00e9\\n\\ud83c\\udf89 ü\" , \"n\":-5,\"on\":true,\"many\":[{\"many\":null},{}]}\n")
	if err != nil || n.Text != "aé\n🎉 ü" || n.N != -5 || !n.On || len(n.Many) != 2 {
		t.Fatalf("%+v, %v", n, err)
	}
	r := strictjson.NewReader([]byte(`{"a": [1, {"b":2}] }`))
	var got string
	if err := r.Object(func([]byte) error {
		raw, err := r.Raw()
		got = string(raw)
		return err
	}); err != nil || got != `[1, {"b":2}]` {
		t.Fatalf("raw is %q, %v", got, err)
	}
}

// FuzzAgreesWithEncodingJSON: both accept and refuse the same texts.
func FuzzAgreesWithEncodingJSON(f *testing.F) {
	for _, seed := range []string{
		`{"a":[1,-2.5e+10,"x\u00e9",true,false,null,{}]}`, `[[[]]]`, ` 0 `, `01`, `"\ud800"`, `{"a":1,"a":2}`, `{"":""}`, `-`, "\"\t\"",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		r := strictjson.NewReader(raw)
		err := r.Skip()
		if err == nil {
			err = r.End()
		}
		if !utf8.Valid(raw) || strings.Count(string(raw), "[")+strings.Count(string(raw), "{") > strictjson.MaxDepth {
			return // the two differ here on purpose
		}
		if valid := json.Valid(raw); valid != (err == nil) {
			t.Fatalf("%q: error %v, encoding/json says valid is %v", raw, err, valid)
		}
	})
}
