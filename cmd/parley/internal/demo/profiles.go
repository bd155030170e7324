package demo

import (
	"bytes"
	"context"
	"fmt"
	"hash/fnv"
	"image"
	"image/color"
	"image/png"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"parley/api/picture"
	"parley/store"
	"parley/store/profiles"
)

const (
	// profilesMost bounds the profiles that are filled in: a market of a size to be
	// measured needs no more of them than lists show.
	profilesMost = 2000
	// defaultPictures is how many creators have one: drawing them takes most of the time.
	defaultPictures = 40
	// cardsMost bounds the brands that say something of themselves.
	cardsMost           = 40
	profilesPerTelling  = 100
	avatarPixels        = 512
	avatarShapes        = 4
	engagementLeastBP   = 90
	engagementSpreadBP  = 700
	secondPlatformShare = 3 // a third of the first one's followers
)

// showings are what creators of a kind say of themselves, and where they are.
var showings = []struct {
	words     []string // in the category or the niche
	bio       string
	platforms []string
}{
	{[]string{"food", "cook", "bak", "coffee"}, "Simple food, cooked slowly and filmed closely. A new recipe every Thursday, and the failures too.", []string{"instagram", "tiktok", "youtube"}},
	{[]string{"outdoor", "travel", "hik", "climb"}, "Long walks, small tents and honest reviews of what broke on the way.", []string{"youtube", "instagram", "blog"}},
	{[]string{"beauty", "skin", "fashion", "style"}, "What I wear and put on my face, with what it cost and whether I would buy it again.", []string{"instagram", "tiktok", "pinterest"}},
	{[]string{"music", "piano", "guitar"}, "Small songs on small instruments. Live on Sundays, with whatever you ask for.", []string{"youtube", "tiktok", "twitch"}},
	{[]string{"game", "gaming", "tech"}, "Games played to the end and gadgets taken apart. I say what I think, sponsored or not.", []string{"twitch", "youtube", "x"}},
	{[]string{"fitness", "sport", "run", "yoga"}, "Training for people with jobs. No miracles, twenty minutes a day.", []string{"instagram", "youtube", "tiktok"}},
	{nil, "Everyday things, looked at for longer than usual. I work with few brands and show them in use.", []string{"instagram", "tiktok", "blog"}},
}

// showPeople fills in what the market's people show of themselves.
func (s *Seeder) showPeople(ctx context.Context) error {
	creators := s.market.creators[:min(len(s.market.creators), profilesMost)]
	made := make(map[string]picture.Made)
	maker := picture.NewMaker(1)
	encoder := png.Encoder{CompressionLevel: png.NoCompression} // it is read again at once
	for _, a := range append(slices.Clone(creators[:min(len(creators), s.Pictures)]), s.market.brands[:min(len(s.market.brands), s.Pictures/4)]...) {
		var file bytes.Buffer
		if err := encoder.Encode(&file, avatar(a.email)); err != nil {
			return fmt.Errorf("demo: draw a picture: %w", err)
		}
		m, err := maker.Make(ctx, file.Bytes())
		if err != nil {
			return fmt.Errorf("demo: draw a picture: %w", err)
		}
		made[a.id] = m
	}
	for chunk := range slices.Chunk(creators, profilesPerTelling) {
		_, err := store.Write(ctx, s.Store, func(ctx context.Context, t *store.Tx) (struct{}, error) {
			for i := range chunk {
				if err := showCreator(ctx, t, &chunk[i], made[chunk[i].id]); err != nil {
					return struct{}{}, err
				}
			}
			return struct{}{}, nil
		})
		if err != nil {
			return fmt.Errorf("demo: show creators: %w", err)
		}
	}
	return s.showBrands(ctx, made)
}

func showCreator(ctx context.Context, t *store.Tx, a *actor, pic picture.Made) error {
	if err := profiles.Claim(ctx, t, a.id, a.name); err != nil {
		return err
	}
	// What is drawn follows from the person alone, whoever else is in the market.
	draw := rand.New(rand.NewPCG(sumOf(a.email), 1)) //nolint:gosec // a story, no secret
	show := showings[len(showings)-1]
	about := strings.ToLower(a.category + " " + a.niche)
	for _, candidate := range showings {
		if slices.ContainsFunc(candidate.words, func(w string) bool { return strings.Contains(about, w) }) {
			show = candidate
			break
		}
	}
	handle := strings.Trim(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '.' {
			return r
		}
		return -1
	}, strings.ToLower(a.name)), ".")
	if handle == "" {
		handle = "creator"
	}
	rest := a.reach
	var platforms []profiles.Platform
	for i, name := range show.platforms[:1+draw.IntN(len(show.platforms))] {
		followers := rest
		if i < len(show.platforms)-1 {
			followers = rest - rest/secondPlatformShare
		}
		rest -= followers
		platforms = append(platforms, profiles.Platform{
			Platform: name, Handle: handle, Followers: followers,
			EngagementBP: int64(engagementLeastBP + draw.IntN(engagementSpreadBP)),
		})
	}
	// The sum stays what the market says.
	platforms[0].Followers += rest
	accepts := draw.IntN(12) > 0 || a.played
	patch := profiles.Patch{Bio: &show.bio, Platforms: &platforms, AcceptsInvites: &accepts}
	if _, err := profiles.Change(ctx, t, a.id, patch); err != nil {
		return err
	}
	return putPicture(ctx, t, a.id, pic)
}

func (s *Seeder) showBrands(ctx context.Context, made map[string]picture.Made) error {
	for i := range s.market.brands[:min(len(s.market.brands), cardsMost)] {
		a := &s.market.brands[i]
		about := fmt.Sprintf("%s makes things for people who like %s. We brief once, pay on time and let creators speak in their own voice.",
			a.name, strings.ToLower(a.category))
		industry := strings.ToUpper(a.category[:min(1, len(a.category))]) + a.category[min(1, len(a.category)):]
		if _, err := profiles.SaveCard(ctx, s.Store, a.id, profiles.CardPatch{Industry: &industry, About: &about}); err != nil {
			return fmt.Errorf("demo: show a brand: %w", err)
		}
		_, err := store.Write(ctx, s.Store, func(ctx context.Context, t *store.Tx) (struct{}, error) {
			return struct{}{}, putPicture(ctx, t, a.id, made[a.id])
		})
		if err != nil {
			return fmt.Errorf("demo: show a brand: %w", err)
		}
	}
	return nil
}

func putPicture(ctx context.Context, t *store.Tx, user string, m picture.Made) error {
	if m.ID == "" {
		return nil
	}
	return profiles.PutPicture(ctx, t, user, profiles.Picture{ID: m.ID, Type: m.Type, Sizes: m.Sizes})
}

func sumOf(s string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(s)) // it never fails
	return h.Sum64()
}

// avatar is an abstract picture that follows from a name: a gradient with a few soft
// discs on it.
func avatar(name string) *image.RGBA {
	draw := rand.New(rand.NewPCG(sumOf(name), 2)) //nolint:gosec // a story, no secret
	hue := draw.Float64()
	from, to := shade(hue, 0.55, 0.86), shade(hue+0.12, 0.65, 0.55)
	type disc struct {
		x, y, r float64
		c       color.NRGBA
	}
	var discs []disc
	for range avatarShapes {
		discs = append(discs, disc{
			x: draw.Float64(), y: draw.Float64(), r: 0.12 + 0.25*draw.Float64(),
			c: shade(hue+0.3+0.4*draw.Float64(), 0.6, 0.75),
		})
	}
	img := image.NewRGBA(image.Rect(0, 0, avatarPixels, avatarPixels))
	for py := range avatarPixels {
		for px := range avatarPixels {
			x, y := float64(px)/avatarPixels, float64(py)/avatarPixels
			c := mix(from, to, (x+y)/2)
			for _, d := range discs {
				if math.Abs(x-d.x) > d.r || math.Abs(y-d.y) > d.r {
					continue
				}
				// The edge is soft over some pixels.
				edge := (d.r - math.Hypot(x-d.x, y-d.y)) * avatarPixels / 3
				c = mix(c, d.c, 0.8*min(max(edge, 0), 1))
			}
			img.SetRGBA(px, py, color.RGBA(c)) // opaque, so that both are the same
		}
	}
	return img
}

func mix(a, b color.NRGBA, t float64) color.NRGBA {
	part := func(x, y uint8) uint8 { return uint8(float64(x) + (float64(y)-float64(x))*t) }
	return color.NRGBA{part(a.R, b.R), part(a.G, b.G), part(a.B, b.B), 255}
}

// shade is a colour by its hue from 0 to 1, its saturation and its brightness.
func shade(hue, saturation, value float64) color.NRGBA {
	channel := func(n float64) uint8 {
		k := math.Mod(n+math.Mod(hue, 1)*6, 6)
		return uint8(255 * (value - value*saturation*max(0, min(k, 4-k, 1))))
	}
	return color.NRGBA{channel(5), channel(3), channel(1), 255}
}
