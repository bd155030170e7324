package api

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"
	"strings"
	"time"

	"github.com/boombuler/barcode/qr"
	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"parley/rooms"
	"parley/store"
	"parley/store/audit"
	"parley/store/credentials"
	"parley/store/notices"
)

// Codes are those of RFC 6238 in the form that every authenticator app knows: SHA-1,
// six digits, 30 seconds. A code counts one step before and after its own.
const (
	codeIssuer    = "Parley"
	codePeriod    = 30 // seconds
	codeSkew      = 1  // steps
	secretBytes   = 20
	recoveryCodes = 10
	recoveryBytes = 10 // of one code
)

var codeOptions = totp.ValidateOpts{Period: codePeriod, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}

// base32Text is how secrets and recovery codes are written.
var base32Text = base32.StdEncoding.WithPadding(base32.NoPadding)

// newFactorKey makes a secret and the address that authenticator apps take it from.
func newFactorKey(random io.Reader, account string) (*otp.Key, error) {
	key, err := totp.Generate(totp.GenerateOpts{
		Issuer: codeIssuer, AccountName: account, Period: codePeriod, SecretSize: secretBytes,
		Digits: codeOptions.Digits, Algorithm: codeOptions.Algorithm, Rand: random,
	})
	if err != nil {
		return nil, fmt.Errorf("make a second factor: %w", err)
	}
	return key, nil
}

// stepOf finds the time step around now that a code belongs to.
func stepOf(secret, code string, now time.Time) (step int64, ok bool, err error) {
	for skew := -codeSkew; skew <= codeSkew; skew++ {
		at := now.Add(time.Duration(skew) * codePeriod * time.Second)
		want, err := totp.GenerateCodeCustom(secret, at, codeOptions)
		if err != nil {
			return 0, false, fmt.Errorf("make a code: %w", err)
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			step, ok = at.Unix()/codePeriod, true
		}
	}
	return step, ok, nil
}

// newRecoveryCodes makes codes, each of 80 random bits, and their hashes.
func newRecoveryCodes(random io.Reader) (codes []string, hashes [][32]byte, err error) {
	for range recoveryCodes {
		var raw [recoveryBytes]byte
		if _, err := io.ReadFull(random, raw[:]); err != nil {
			return nil, nil, fmt.Errorf("random recovery code: %w", err)
		}
		plain := strings.ToLower(base32Text.EncodeToString(raw[:]))
		codes = append(codes, strings.Join([]string{plain[:4], plain[4:8], plain[8:12], plain[12:]}, "-"))
		hashes = append(hashes, sha256.Sum256([]byte(plain)))
	}
	return codes, hashes, nil
}

// recoveryHash reads a recovery code however a person writes it.
func recoveryHash(code string) [32]byte {
	return sha256.Sum256([]byte(strings.ToLower(strings.NewReplacer("-", "", " ", "").Replace(code))))
}

func refusedCode() *rooms.Refusal {
	return rooms.Invalid("code", rooms.Because("wrong_code", "is not right"))
}

func wrongCode() *Error { return refused(refusedCode()) }

// factorShown is what a request shows of its user's second factor.
type factorShown struct {
	on bool // they have one
	// proof uses up the code in the transaction of what it is shown for. Where they have
	// none it refuses if they do by then: one that is switched on while the request is
	// under way binds it.
	proof store.Also
}

// secondFactor looks at the code that a user shows. without is the refusal for who has a
// factor and shows none.
func (s *Server) secondFactor(
	ctx context.Context, from origin, user, code string, without *rooms.Refusal,
) (shown factorShown, err error) {
	factor, err := s.confirmedFactor(ctx, user)
	switch {
	case err != nil:
		return shown, err
	case factor == nil:
		shown.proof = func(ctx context.Context, t *store.Tx) error {
			on, err := credentials.HasFactor(ctx, t, user)
			if err == nil && on {
				err = without
			}
			return err
		}
		return shown, nil
	case code == "":
		return shown, refused(without)
	default:
		shown.on = true
		shown.proof, err = s.proof(ctx, from, factor, code)
		return shown, err
	}
}

// proof checks a code of a user's second factor, or a recovery code, and gives what
// uses it up in the transaction of what it is shown for.
func (s *Server) proof(ctx context.Context, from origin, f *credentials.Factor, code string) (store.Also, error) {
	if err := s.limits.codes.check(f.User); err != nil {
		return nil, err
	}
	user := f.User
	digits := strings.ReplaceAll(strings.TrimSpace(code), " ", "")
	if len(digits) == codeOptions.Digits.Length() {
		secret, err := s.sealer.Open(f.Secret, user)
		if err != nil {
			return nil, err
		}
		step, ok, err := stepOf(string(secret), digits, s.cfg.Clock())
		if err != nil {
			return nil, err
		}
		if !ok {
			s.noteFailure(user, from, audit.ActionTOTPFailed)
			return nil, wrongCode()
		}
		shown := *f
		return func(ctx context.Context, t *store.Tx) error {
			err := credentials.TakeStep(ctx, t, &shown, step)
			if errors.Is(err, store.ErrNotFound) { // it was switched off meanwhile, or another one on
				return refusedCode()
			}
			return err
		}, nil
	}
	hash := recoveryHash(code)
	return func(ctx context.Context, t *store.Tx) error {
		left, err := credentials.UseRecoveryCode(ctx, t, user, hash)
		if errors.Is(err, store.ErrNotFound) {
			s.noteFailure(user, from, audit.ActionTOTPFailed)
			return refusedCode()
		}
		if err != nil {
			return err
		}
		return notices.Add(ctx, t, notices.Notice{
			User: user, Kind: "recovery_code_used", Data: fmt.Appendf(nil, `{"left":%d}`, left),
		})
	}, nil
}

// confirmedFactor finds a user's second factor, nil when there is none to be asked for.
func (s *Server) confirmedFactor(ctx context.Context, user string) (*credentials.Factor, error) {
	f, err := credentials.FactorOf(ctx, s.store, user)
	if errors.Is(err, store.ErrNotFound) || err == nil && f.Confirmed == nil {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &f, nil
}

// noteFailure puts a failed attempt into the audit log, without being waited for.
func (s *Server) noteFailure(user string, from origin, action audit.Action) {
	entry := audit.Entry{
		Action: action, Subject: audit.Subject{Kind: "user", ID: user}, Addr: from.addr, RequestID: from.requestID,
	}
	s.chores.do(func(ctx context.Context) {
		if err := audit.Record(ctx, s.store, entry); err != nil {
			s.log.Warn("note a failed attempt", "err", err)
		}
	})
}

// qrView is a QR code as an SVG path over a square of Size modules, the quiet zone
// around it included.
type qrView struct {
	Size int    `json:"size"`
	Path string `json:"path"`
}

const quietZone = 4 // modules, by the standard

func drawQR(text string) (qrView, error) {
	img, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return qrView{}, fmt.Errorf("make a QR code: %w", err)
	}
	bounds := img.Bounds()
	var path strings.Builder
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			if dark(img, x, y) {
				fmt.Fprintf(&path, "M%d %dh1v1h-1z", x+quietZone, y+quietZone)
			}
		}
	}
	return qrView{Size: bounds.Dx() + 2*quietZone, Path: path.String()}, nil
}

func dark(img image.Image, x, y int) bool {
	return color.GrayModel.Convert(img.At(x, y)).(color.Gray).Y < 128
}
