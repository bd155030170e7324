package api_test

import (
	"testing"

	"parley/api"
	"parley/store/outbox/letter/golden"
)

func TestLettersAboutAccounts(t *testing.T) {
	s := start(t, options{config: func(c *api.Config) { c.LinkURL = "https://parley.example" }}).server
	for _, l := range s.Letters() {
		m, err := l.Mail("key", "user", "zoe@example.com")
		if err != nil {
			t.Fatal(err)
		}
		golden.Check(t, "letters/"+l.Kind, m)
	}
}
