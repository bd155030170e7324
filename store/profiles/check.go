package profiles

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/uptrace/bun"
	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"

	"parley/rooms"
	"parley/store"
)

// Limits of what a profile and a card hold. Lengths are characters.
const (
	MinSlug      = 3
	MaxSlug      = 40
	MaxName      = 80
	MaxBio       = 1000
	MaxCategory  = 60
	MaxNiches    = 10
	MaxNiche     = 40
	MaxPlatforms = 12
	MaxHandle    = 100
	MaxIndustry  = 60
	MaxAbout     = 1000
	// MaxReach bounds followers; it is above the number of people.
	MaxReach = 10_000_000_000
	// MaxEngagementBP is 100 %.
	MaxEngagementBP = 10_000
)

// SlugPattern is the form of a short address. Its length is from MinSlug to MaxSlug.
const SlugPattern = `^[a-z0-9]+(-[a-z0-9]+)*$`

var (
	slugForm = regexp.MustCompile(SlugPattern)
	// idForm is the form of a user's id, which is the address of who chose none.
	idForm = regexp.MustCompile(`^[0-7][0-9a-hjkmnp-tv-z]{25}$`)
)

// CheckSlug refuses what cannot be a user's short address, whether or not it is free.
func CheckSlug(slug, user string) error {
	switch {
	case len(slug) < MinSlug || len(slug) > MaxSlug:
		return rooms.Invalid("slug", rooms.CharsBetween(MinSlug, MaxSlug))
	case !slugForm.MatchString(slug):
		return rooms.Invalid("slug", rooms.Because("slug", "may hold a-z, 0-9 and single hyphens between them"))
	case idForm.MatchString(slug) && slug != strings.ToLower(user):
		return rooms.Invalid("slug", rooms.Because("slug_taken", "looks like the id of somebody else"))
	}
	return nil
}

// SlugFree tells whether a user may have an address that CheckSlug let pass.
func SlugFree(ctx context.Context, s *store.Store, slug, user string) (bool, error) {
	taken, err := taken(ctx, s.Reads(), slug, user)
	return !taken, store.ReadError("look for a slug", err)
}

func taken(ctx context.Context, db bun.IDB, slug, user string) (bool, error) {
	return db.NewSelect().Table("profiles").Where("slug = ?", slug).Where("user_id <> ?", user).Exists(ctx)
}

// checkFree is asked before the write: a failed statement would end the whole
// transaction on some databases.
func checkFree(ctx context.Context, db bun.IDB, slug, user string) error {
	used, err := taken(ctx, db, slug, user)
	if err != nil {
		return fmt.Errorf("look for a slug: %w", err)
	}
	if used {
		return &rooms.Refusal{Code: rooms.CodeAlreadyExists, Field: "slug", Message: "This address is taken."}
	}
	return nil
}

// Claim gives an influencer who has chosen no short address one that follows from
// their name, or leaves it where no good one is free. Who has no profile gets none.
func Claim(ctx context.Context, t *store.Tx, user, name string) error {
	base := slugOf(name)
	for _, slug := range []string{base, cut(base, MaxSlug-5) + "-" + strings.ToLower(user[max(0, len(user)-4):])} {
		if CheckSlug(slug, user) != nil {
			continue
		}
		used, err := taken(ctx, t.DB, slug, user)
		if err != nil {
			return fmt.Errorf("look for a slug: %w", err)
		}
		if used {
			continue
		}
		_, err = t.DB.NewUpdate().Table("profiles").Set("slug = ?", slug).
			Where("user_id = ?", user).Where("slug = ?", strings.ToLower(user)).Exec(ctx)
		if err != nil {
			return fmt.Errorf("claim a slug: %w", err)
		}
		return nil
	}
	return nil
}

// slugOf writes a name with the letters of an address: Ana María is ana-maria.
func slugOf(name string) string {
	plain, _, err := transform.String(transform.Chain(norm.NFKD, runes.Remove(runes.In(unicode.Mn))), strings.ToLower(name))
	if err != nil {
		return ""
	}
	words := strings.FieldsFunc(plain, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	return cut(strings.Join(words, "-"), MaxSlug)
}

func cut(slug string, n int) string { return strings.Trim(slug[:min(n, len(slug))], "-") }

func (p *Patch) check(user string) error {
	if p.Slug != nil {
		if err := CheckSlug(*p.Slug, user); err != nil {
			return err
		}
	}
	if p.Niches != nil {
		if len(*p.Niches) > MaxNiches {
			return rooms.Invalid("niches", rooms.ItemsAtMost(MaxNiches))
		}
		for i, niche := range *p.Niches {
			if err := line(fmt.Sprintf("niches[%d]", i), &niche, 1, MaxNiche); err != nil {
				return err
			}
		}
	}
	if p.Platforms != nil {
		if err := checkPlatforms(*p.Platforms); err != nil {
			return err
		}
	}
	return first(
		line("name", p.Name, 1, MaxName),
		line("category", p.Category, 0, MaxCategory),
		text("bio", p.Bio, MaxBio),
		number("reach", p.Reach, MaxReach),
	)
}

// first is the first of the errors that is one.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func checkPlatforms(list []Platform) error {
	if len(list) > MaxPlatforms {
		return rooms.Invalid("platforms", rooms.ItemsAtMost(MaxPlatforms))
	}
	seen := make(map[[2]string]bool, len(list))
	for i := range list {
		p, at := &list[i], fmt.Sprintf("platforms[%d].", i)
		if !slices.Contains(rooms.Platforms, p.Platform) {
			return rooms.Invalid(at+"platform", rooms.OneOf(rooms.Platforms...))
		}
		if err := line(at+"handle", &p.Handle, 1, MaxHandle); err != nil {
			return err
		}
		if err := number(at+"followers", &p.Followers, MaxReach); err != nil {
			return err
		}
		if err := number(at+"engagement_bp", &p.EngagementBP, MaxEngagementBP); err != nil {
			return err
		}
		key := [2]string{p.Platform, p.Handle}
		if seen[key] {
			return rooms.Invalid(at+"handle", rooms.Twice("is in the list twice"))
		}
		seen[key] = true
	}
	return nil
}

// line checks a text of one line; nil is not checked.
func line(field string, s *string, least, most int) error {
	if s == nil {
		return nil
	}
	if rooms.HasControls(*s, "") {
		return rooms.Invalid(field, rooms.ControlCharacters())
	}
	switch n := utf8.RuneCountInString(*s); {
	case n < least:
		return rooms.Invalid(field, rooms.Required())
	case n > most:
		return rooms.Invalid(field, rooms.CharsAtMost(most))
	case strings.TrimSpace(*s) != *s:
		return rooms.Invalid(field, rooms.Because("outer_space", "must not begin or end with a space"))
	}
	return nil
}

// text checks a text of several lines.
func text(field string, s *string, most int) error {
	if s == nil {
		return nil
	}
	if rooms.HasControls(*s, "\n") {
		return rooms.Invalid(field, rooms.ControlCharacters())
	}
	if utf8.RuneCountInString(*s) > most {
		return rooms.Invalid(field, rooms.CharsAtMost(most))
	}
	return nil
}

func number(field string, n *int64, most int64) error {
	if n != nil && (*n < 0 || *n > most) {
		return rooms.Invalid(field, rooms.Between(0, most))
	}
	return nil
}
