package api

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"
)

// An unknown user's password is checked like a known one's: through the same gate,
// against a hash of the same cost.
func TestUnknownUsersCostAsMuch(t *testing.T) {
	params := &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}
	p, err := newPasswords(params)
	if err != nil {
		t.Fatal(err)
	}
	decoy, salt, key, err := argon2id.DecodeHash(p.decoy)
	if err != nil || *decoy != *params || len(salt) != 16 || len(key) != 32 {
		t.Errorf("the decoy costs %+v: %v", decoy, err)
	}
	known, err := p.hash(t.Context(), "the right password")
	if err != nil {
		t.Fatal(err)
	}
	for hash, name := range map[string]string{known: "known", "": "unknown"} {
		if ok, err := p.matches(t.Context(), "a wrong password", hash); ok || err != nil {
			t.Errorf("%s: %v, %v", name, ok, err)
		}
	}
	// Nobody can log in as nobody, not even with the decoy's own password.
	if ok, err := p.matches(t.Context(), "no account has this password", ""); ok || err != nil {
		t.Errorf("the decoy's password: %v, %v", ok, err)
	}
	// With the gate full, both wait for it: neither skips the work behind it.
	p.wait = time.Millisecond
	for range cap(p.slots) {
		p.slots <- struct{}{}
	}
	for hash, name := range map[string]string{known: "known", "": "unknown"} {
		if _, err := p.matches(t.Context(), "a wrong password", hash); !errors.Is(err, errPasswordsBusy) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPasswordsThatAreEasilyGuessed(t *testing.T) {
	about := []string{"Harbor & Pine Coffee", "orders@harborpine.example"}
	for password, refused := range map[string]bool{
		"1234567890":                     true,
		"qwertyuiop":                     true,
		"Passw0rd123":                    true,
		"iloveyou12":                     true,
		"aaaaaaaaaaaa":                   true,
		"parleyparley":                   true, // what this is
		"harborpine1":                    true, // whose it is
		"orders@harborpine.example":      true,
		"HarborPine!":                    true,
		"correct horse battery":          false,
		"k3Xv9pQ2mZ":                     false,
		"kaffee trinkt der rote Drache":  false,
		strings.Repeat("password", 20):   true, // also one that is long
		"zzzzzzzzzzzzzzz" + "four words": false,
	} {
		_, err := HashPassword(password, about...)
		var answer *Error
		switch {
		case refused && (!errors.As(err, &answer) || answer.Info.Field != "password" || answer.Info.Problem.Code != "too_guessable"):
			t.Errorf("%q: %v", password, err)
		case !refused && err != nil:
			t.Errorf("%q: %v", password, err)
		}
	}
	// What is easily guessed of one person is not of another.
	if _, err := HashPassword("harborpine1x7"); err != nil {
		t.Error(err)
	}
}
