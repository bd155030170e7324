package api

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"
	"github.com/trustelem/zxcvbn"

	"parley/rooms"
)

// Bounds of a password, in characters.
const (
	minPasswordChars = 10
	maxPasswordChars = 200
	// minGuesses is how many guesses a password must take by the estimate of zxcvbn, which
	// knows leaked passwords, words, names, keyboards, dates and what people do to them:
	// below a million it calls one "very guessable". At the hundred guesses that an
	// account's login allows strangers in an hour they take a year.
	minGuesses = 1e6
	// judgedChars is how much of a password is judged: the estimate's time grows with the
	// square of the length, and reaches that of a hash here.
	judgedChars = 32
)

// PasswordParams is the cost of a password's hash: 19 MiB and two passes, the
// first choice of OWASP's cheat sheet for argon2id.
func PasswordParams() *argon2id.Params {
	return &argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}
}

// HashPassword checks a password and makes the hash that store.User.PasswordHash keeps,
// for programs that create users without the API. About is what the password must not
// be made of, such as the user's name and address.
func HashPassword(password string, about ...string) (string, error) {
	if err := checkPassword(password); err != nil {
		return "", err
	}
	return hashNew(password, PasswordParams(), about)
}

// hashNew makes the hash of a new password, unless that is too easy to guess for somebody
// who knows what it is about.
func hashNew(password string, params *argon2id.Params, about []string) (string, error) {
	if err := checkGuesses(password, about); err != nil {
		return "", err
	}
	hash, err := argon2id.CreateHash(password, params)
	if err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	return hash, nil
}

// passwords hashes and checks passwords, a few at a time, so that a flood of
// logins takes neither all memory nor all processors.
type passwords struct {
	params *argon2id.Params
	slots  chan struct{}
	wait   time.Duration
	// decoy is checked when there is no such user: the answer takes as long.
	decoy string
}

// errPasswordsBusy says that too many passwords are being checked.
var errPasswordsBusy = errors.New("api: too many passwords at a time")

func newPasswords(params *argon2id.Params) (*passwords, error) {
	if params == nil {
		params = PasswordParams()
	}
	decoy, err := argon2id.CreateHash("no account has this password", params)
	if err != nil {
		return nil, fmt.Errorf("hash the decoy password: %w", err)
	}
	return &passwords{
		params: params, decoy: decoy, wait: 5 * time.Second,
		slots: make(chan struct{}, max(2, runtime.GOMAXPROCS(0))),
	}, nil
}

func (p *passwords) enter(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, p.wait)
	defer cancel()
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return errPasswordsBusy
	}
}

func (p *passwords) hash(ctx context.Context, password string, about ...string) (string, error) {
	if err := p.enter(ctx); err != nil {
		return "", err
	}
	defer func() { <-p.slots }()
	return hashNew(password, p.params, about)
}

// matches checks a password; with an empty hash it does the same work and says
// no.
func (p *passwords) matches(ctx context.Context, password, hash string) (bool, error) {
	if err := p.enter(ctx); err != nil {
		return false, err
	}
	defer func() { <-p.slots }()
	known := hash != ""
	if !known {
		hash = p.decoy
	}
	ok, err := argon2id.ComparePasswordAndHash(password, hash)
	if err != nil {
		return false, fmt.Errorf("check password: %w", err)
	}
	return ok && known, nil
}

func checkPassword(password string) error {
	switch n := utf8.RuneCountInString(password); {
	case n < minPasswordChars:
		return invalid("password", rooms.CharsAtLeast(minPasswordChars))
	case n > maxPasswordChars:
		return invalid("password", rooms.CharsAtMost(maxPasswordChars))
	}
	return nil
}

// checkGuesses refuses a password that is easy to guess, also with the words of about.
func checkGuesses(password string, about []string) error {
	words := []string{"parley"}
	for _, text := range about {
		text = strings.ToLower(text)
		words = append(words, text)
		words = append(words, strings.FieldsFunc(text, func(r rune) bool {
			return !unicode.IsLetter(r) && !unicode.IsDigit(r)
		})...)
	}
	judged := []rune(password)
	judged = judged[:min(len(judged), judgedChars)]
	if zxcvbn.PasswordStrength(string(judged), words).Guesses < minGuesses {
		return invalid("password", rooms.Because("too_guessable", "is too easy to guess"))
	}
	return nil
}
