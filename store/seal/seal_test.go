package seal_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"testing"

	"parley/store/seal"
)

const secret = "a secret of the server, long enough for it"

func sealer(t *testing.T, secret string, purpose seal.Purpose) *seal.Sealer {
	t.Helper()
	s, err := seal.New(secret, purpose, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestOnlyTheSameSecretPurposeAndOwnerOpen(t *testing.T) {
	plain := []byte("whsec")
	sealed, err := sealer(t, secret, seal.Webhooks).Seal(plain, "me")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, plain) {
		t.Fatal("the text can be read")
	}
	other := "another secret of the server, also long"
	for name, c := range map[string]struct {
		sealer *seal.Sealer
		owner  string
		opens  bool
	}{
		"the same":        {sealer(t, secret, seal.Webhooks), "me", true},
		"another's":       {sealer(t, secret, seal.Webhooks), "you", false},
		"another purpose": {sealer(t, secret, seal.Factors), "me", false},
		"another secret":  {sealer(t, other, seal.Webhooks), "me", false},
		"no secret":       {sealer(t, "", seal.Webhooks), "me", false},
	} {
		got, err := c.sealer.Open(sealed, c.owner)
		if c.opens && (err != nil || !bytes.Equal(got, plain)) || !c.opens && !errors.Is(err, seal.ErrSealed) {
			t.Errorf("%s: %q %v", name, got, err)
		}
	}
}

func TestWithoutASecretAndLater(t *testing.T) {
	sealed, err := sealer(t, "", seal.Webhooks).Seal([]byte("whsec"), "me")
	if err != nil {
		t.Fatal(err)
	}
	for _, later := range []string{"", secret} {
		if got, err := sealer(t, later, seal.Webhooks).Open(sealed, "me"); err != nil || string(got) != "whsec" {
			t.Errorf("%q: %q %v", later, got, err)
		}
	}
	if _, err := seal.New("too short", seal.Webhooks, rand.Reader); err == nil {
		t.Error("took a short secret")
	}
}
