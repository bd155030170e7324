package picture

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"

	"golang.org/x/image/draw"
	"golang.org/x/image/webp"
)

// Limits of an upload.
const (
	// MaxBytes is the size of a file.
	MaxBytes = 5 << 20
	// MaxPixels is 16 megapixels, what a phone's camera makes by default; see doc.go
	// for what a pixel costs.
	MaxPixels = 16 << 20
	// MaxSide keeps a picture of few rows from having endless ones.
	MaxSide = 12_000
	// MinSide is what can be shown small without looking broken.
	MinSide = 96
)

// Large and Small are the sizes that are made, in pixels a side.
const (
	Large = 512
	Small = 96
)

// jpegQuality is where faces stop getting better to the eye.
const jpegQuality = 86

// What is wrong with an upload.
var (
	ErrFormat = errors.New("picture: not a JPEG, PNG or WebP file")
	ErrBroken = errors.New("picture: cannot be read to its end")
	ErrLarge  = errors.New("picture: too many pixels")
	ErrSmall  = errors.New("picture: too few pixels")
	// ErrBusy says that the wait for a turn ended first.
	ErrBusy = errors.New("picture: too many at once")
)

// Made is what is served of an upload.
type Made struct {
	// ID names the content; the same upload has the same one.
	ID    string
	Type  string // image/jpeg, or image/png where something is transparent
	Sizes map[int][]byte
}

// Maker decodes a bounded number of uploads at once. It is safe for concurrent use.
type Maker struct{ turns chan struct{} }

// NewMaker makes a Maker of so many turns.
func NewMaker(turns int) *Maker { return &Maker{turns: make(chan struct{}, turns)} }

// Make turns a file into what is served of it. It waits for a turn until ctx ends.
func (m *Maker) Make(ctx context.Context, file []byte) (Made, error) {
	format, err := sniff(file)
	if err != nil {
		return Made{}, err
	}
	if err := format.checkSize(file); err != nil {
		return Made{}, err
	}
	select {
	case m.turns <- struct{}{}:
		defer func() { <-m.turns }()
	case <-ctx.Done():
		return Made{}, fmt.Errorf("%w: %w", ErrBusy, ctx.Err())
	}
	img, err := format.decode(bytes.NewReader(file))
	if err != nil {
		return Made{}, fmt.Errorf("%w: %w", ErrBroken, err)
	}
	turn := upright
	if format.oriented {
		turn = orientationOf(file)
	}
	return encode(img, turn)
}

// format is one of those that are taken. The registry of package image is not
// asked: other packages may add to it.
type format struct {
	magic    func([]byte) bool
	config   func(*bytes.Reader) (image.Config, error)
	decode   func(*bytes.Reader) (image.Image, error)
	oriented bool
}

var formats = []format{
	{
		magic:    func(b []byte) bool { return bytes.HasPrefix(b, []byte("\xff\xd8\xff")) },
		config:   func(r *bytes.Reader) (image.Config, error) { return jpeg.DecodeConfig(r) },
		decode:   func(r *bytes.Reader) (image.Image, error) { return jpeg.Decode(r) },
		oriented: true,
	},
	{
		magic:  func(b []byte) bool { return bytes.HasPrefix(b, []byte("\x89PNG\r\n\x1a\n")) },
		config: func(r *bytes.Reader) (image.Config, error) { return png.DecodeConfig(r) },
		decode: func(r *bytes.Reader) (image.Image, error) { return png.Decode(r) },
	},
	{
		magic: func(b []byte) bool {
			return len(b) >= 12 && string(b[:4]) == "RIFF" && string(b[8:12]) == "WEBP"
		},
		config: func(r *bytes.Reader) (image.Config, error) { return webp.DecodeConfig(r) },
		decode: func(r *bytes.Reader) (image.Image, error) { return webp.Decode(r) },
	},
}

func sniff(file []byte) (*format, error) {
	for i := range formats {
		if formats[i].magic(file) {
			return &formats[i], nil
		}
	}
	return nil, ErrFormat
}

// checkSize asks the header alone.
func (f *format) checkSize(file []byte) error {
	c, err := f.config(bytes.NewReader(file))
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", ErrBroken, err)
	case c.Width > MaxSide || c.Height > MaxSide || c.Width*c.Height > MaxPixels:
		return ErrLarge
	case c.Width < MinSide || c.Height < MinSide:
		return ErrSmall
	}
	return nil
}

func encode(img image.Image, turn orientation) (Made, error) {
	square := centre(img.Bounds())
	large := image.NewNRGBA(image.Rect(0, 0, Large, Large))
	draw.CatmullRom.Scale(large, large.Bounds(), img, square, draw.Src, nil)
	large = turn.apply(large)
	small := image.NewNRGBA(image.Rect(0, 0, Small, Small))
	draw.CatmullRom.Scale(small, small.Bounds(), large, large.Bounds(), draw.Src, nil)

	made := Made{Type: "image/jpeg", Sizes: make(map[int][]byte, 2)}
	if !large.Opaque() {
		made.Type = "image/png"
	}
	for size, img := range map[int]*image.NRGBA{Large: large, Small: small} {
		var out bytes.Buffer
		var err error
		if made.Type == "image/png" {
			err = png.Encode(&out, img)
		} else {
			err = jpeg.Encode(&out, img, &jpeg.Options{Quality: jpegQuality})
		}
		if err != nil {
			return Made{}, fmt.Errorf("picture: encode: %w", err)
		}
		made.Sizes[size] = out.Bytes()
	}
	sum := sha256.Sum256(made.Sizes[Large])
	made.ID = hex.EncodeToString(sum[:16])
	return made, nil
}

// centre is the largest square around the middle.
func centre(r image.Rectangle) image.Rectangle {
	side := min(r.Dx(), r.Dy())
	at := image.Pt(r.Min.X+(r.Dx()-side)/2, r.Min.Y+(r.Dy()-side)/2)
	return image.Rectangle{Min: at, Max: at.Add(image.Pt(side, side))}
}
