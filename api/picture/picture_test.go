package picture

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"testing"
)

// corners is a picture whose four quarters have colours of their own.
func corners(w, h int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetNRGBA(x, y, quarters[btoi(y >= h/2)][btoi(x >= w/2)])
		}
	}
	return img
}

var (
	red, green  = color.NRGBA{220, 20, 20, 255}, color.NRGBA{20, 200, 20, 255}
	blue, white = color.NRGBA{20, 20, 220, 255}, color.NRGBA{250, 250, 250, 255}
	quarters    = [2][2]color.NRGBA{{red, green}, {blue, white}}
)

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func jpegOf(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pngOf(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// withEXIF puts a segment with an orientation and a place after the file's start.
func withEXIF(file []byte, o uint16, order binary.ByteOrder) []byte {
	tiff := append([]byte{}, "II*\x00"...)
	if order == binary.ByteOrder(binary.BigEndian) {
		tiff = append([]byte{}, "MM\x00*"...)
	}
	u16 := func(v uint16) { tiff = binary.BigEndian.AppendUint16(tiff, v) }
	u32 := func(v uint32) { tiff = binary.BigEndian.AppendUint32(tiff, v) }
	if order == binary.ByteOrder(binary.LittleEndian) {
		u16 = func(v uint16) { tiff = binary.LittleEndian.AppendUint16(tiff, v) }
		u32 = func(v uint32) { tiff = binary.LittleEndian.AppendUint32(tiff, v) }
	}
	u32(8)
	u16(2) // entries
	u16(0x0112)
	u16(3)
	u32(1)
	u16(o)
	u16(0)
	u16(0x8825) // GPS
	u16(4)
	u32(1)
	u32(38)
	u32(0)
	tiff = append(tiff, place...)
	body := append([]byte("Exif\x00\x00"), tiff...)
	out := append([]byte{}, file[:2]...)
	out = append(out, 0xff, 0xe1)
	out = binary.BigEndian.AppendUint16(out, uint16(len(body)+2))
	out = append(out, body...)
	return append(out, file[2:]...)
}

const place = "GPS 52.5200 N 13.4050 E"

// claim changes the size that a PNG file's header names.
func claim(file []byte, w, h uint32) []byte {
	out := bytes.Clone(file)
	binary.BigEndian.PutUint32(out[16:], w)
	binary.BigEndian.PutUint32(out[20:], h)
	binary.BigEndian.PutUint32(out[29:], crc32.ChecksumIEEE(out[12:29]))
	return out
}

func make1(t *testing.T, file []byte) Made {
	t.Helper()
	made, err := NewMaker(1).Make(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func decoded(t *testing.T, made Made, size int) image.Image {
	t.Helper()
	img, kind, err := image.Decode(bytes.NewReader(made.Sizes[size]))
	if err != nil {
		t.Fatal(err)
	}
	if "image/"+kind != made.Type || img.Bounds() != image.Rect(0, 0, size, size) {
		t.Fatalf("size %d is a %s of %v, said to be %s", size, kind, img.Bounds(), made.Type)
	}
	return img
}

func near(a, b color.Color) bool {
	ar, ag, ab, aa := a.RGBA()
	br, bg, bb, ba := b.RGBA()
	for _, pair := range [][2]uint32{{ar, br}, {ag, bg}, {ab, bb}, {aa, ba}} {
		if d := int(pair[0]>>8) - int(pair[1]>>8); d > 24 || d < -24 {
			return false
		}
	}
	return true
}

//go:embed testdata/gradient.webp
var webpFile []byte

func TestMakesSquaresAroundTheCentre(t *testing.T) {
	// Left and right of the square lies another colour.
	wide := image.NewNRGBA(image.Rect(0, 0, 900, 300))
	for y := range 300 {
		for x := range 900 {
			c := blue
			if x >= 300 && x < 600 {
				c = red
			}
			wide.SetNRGBA(x, y, c)
		}
	}
	for name, file := range map[string][]byte{"jpeg": jpegOf(t, wide), "png": pngOf(t, wide)} {
		made := make1(t, file)
		for _, size := range []int{Large, Small} {
			img := decoded(t, made, size)
			for _, at := range []image.Point{{4, 4}, {size - 5, size / 2}, {size / 2, size - 5}} {
				if got := img.At(at.X, at.Y); !near(got, red) {
					t.Errorf("%s, size %d: %v is %v", name, size, at, got)
				}
			}
		}
		if again := make1(t, file); again.ID != made.ID || len(made.ID) != 32 {
			t.Errorf("%s: ids %q and %q of the same upload", name, made.ID, again.ID)
		}
	}
}

func TestTransparencyStays(t *testing.T) {
	img := corners(200, 200)
	img.SetNRGBA(10, 10, color.NRGBA{})
	made := make1(t, pngOf(t, img))
	if made.Type != "image/png" {
		t.Errorf("type is %s", made.Type)
	}
	decoded(t, made, Small)
}

func TestWebP(t *testing.T) {
	made := make1(t, webpFile)
	decoded(t, made, Large)
}

// TestNothingElseIsKept: no metadata, no file behind the file.
func TestNothingElseIsKept(t *testing.T) {
	file := append(withEXIF(jpegOf(t, corners(200, 200)), 1, binary.BigEndian), "PK\x03\x04 <script>alert(1)</script>"...)
	if !bytes.Contains(file, []byte(place)) {
		t.Fatal("the upload has no place in it: the test proves nothing")
	}
	for size, out := range make1(t, file).Sizes {
		for _, what := range []string{place, "Exif", "script", "PK\x03\x04"} {
			if bytes.Contains(out, []byte(what)) {
				t.Errorf("size %d still holds %q", size, what)
			}
		}
	}
}

func TestOrientation(t *testing.T) {
	// Where the corner that was red in the file, top left, is to be seen, and which
	// colour is to its right or left.
	want := map[uint16][2][2]color.NRGBA{
		1: {{red, green}, {blue, white}},
		2: {{green, red}, {white, blue}},
		3: {{white, blue}, {green, red}},
		4: {{blue, white}, {red, green}},
		5: {{red, blue}, {green, white}},
		6: {{blue, red}, {white, green}},
		7: {{white, green}, {blue, red}},
		8: {{green, white}, {red, blue}},
		0: {{red, green}, {blue, white}},
		9: {{red, green}, {blue, white}},
	}
	plain := jpegOf(t, corners(256, 256))
	for o, expect := range want {
		told := orientation(o)
		if o < 1 || o > 8 {
			told = upright
		}
		for _, order := range []binary.ByteOrder{binary.BigEndian, binary.LittleEndian} {
			if got := orientationOf(withEXIF(plain, o, order)); got != told {
				t.Errorf("orientation %d (%v) is read as %d", o, order, got)
			}
		}
		quartersAre(t, fmt.Sprintf("orientation %d", o), told.apply(corners(16, 16)), expect)
	}
	// What is read is what is applied.
	made := make1(t, withEXIF(plain, 6, binary.BigEndian))
	quartersAre(t, "a whole upload", decoded(t, made, Large), want[6])
	quartersAre(t, "a whole upload", decoded(t, made, Small), want[6])
}

// quartersAre looks into the middle of each quarter of a square.
func quartersAre(t *testing.T, what string, img image.Image, want [2][2]color.NRGBA) {
	t.Helper()
	half := img.Bounds().Dx() / 2
	for y, row := range want {
		for x, c := range row {
			if got := img.At(half/2+x*half, half/2+y*half); !near(got, c) {
				t.Errorf("%s: quarter %d,%d is %v, want %v", what, x, y, got, c)
			}
		}
	}
}

func TestRefuses(t *testing.T) {
	small := pngOf(t, corners(200, 200))
	photo := jpegOf(t, corners(400, 400))
	var moving bytes.Buffer
	if err := gif.Encode(&moving, corners(200, 200), nil); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		file []byte
		want error
	}{
		"nothing":                 {nil, ErrFormat},
		"text":                    {[]byte("<svg onload=alert(1)>"), ErrFormat},
		"gif":                     {moving.Bytes(), ErrFormat},
		"page before picture":     {append([]byte("<html>"), photo...), ErrFormat},
		"magic alone":             {[]byte("\xff\xd8\xff"), ErrBroken},
		"png, cut":                {small[:len(small)/2], ErrBroken},
		"jpeg, cut":               {photo[:len(photo)/2], ErrBroken},
		"webp, cut":               {webpFile[:len(webpFile)/2], ErrBroken},
		"bomb of pixels":          {claim(small, 100_000, 100_000), ErrLarge},
		"bomb of one row":         {claim(small, MaxSide+1, MinSide), ErrLarge},
		"just too many":           {claim(small, 4097, 4096), ErrLarge},
		"claims more than it has": {claim(small, 4096, 4096), ErrBroken},
		"tiny":                    {pngOf(t, corners(MinSide-1, 500)), ErrSmall},
	} {
		if _, err := NewMaker(1).Make(t.Context(), c.file); !errors.Is(err, c.want) {
			t.Errorf("%s: want %v, got %v", name, c.want, err)
		}
	}
}

func TestWaitsForItsTurn(t *testing.T) {
	m := NewMaker(1)
	m.turns <- struct{}{}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	file := pngOf(t, corners(200, 200))
	if _, err := m.Make(ctx, file); !errors.Is(err, ErrBusy) {
		t.Errorf("want ErrBusy, got %v", err)
	}
	<-m.turns
	if _, err := m.Make(t.Context(), file); err != nil {
		t.Errorf("the turn is free again, but: %v", err)
	}
}

// FuzzMake: whatever comes, the answer is squares or an error.
func FuzzMake(f *testing.F) {
	photo := jpegOf(f, corners(120, 100))
	f.Add(photo)
	f.Add(withEXIF(photo, 6, binary.LittleEndian))
	f.Add(pngOf(f, corners(100, 120)))
	f.Add(webpFile)
	m := NewMaker(4)
	f.Fuzz(func(t *testing.T, file []byte) {
		made, err := m.Make(t.Context(), file)
		if err == nil && (len(made.Sizes) != 2 || made.ID == "") {
			t.Errorf("made %+v", made)
		}
	})
}
