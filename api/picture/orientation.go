package picture

import (
	"encoding/binary"
	"image"
)

// orientation is how a camera was held, as EXIF numbers it from 1 to 8. It is the
// one thing of an upload's metadata that is looked at: without it pictures would
// lie on their side.
type orientation uint16

const upright orientation = 1

// orientationOf finds tag 0x0112 in the EXIF segment of a JPEG file (TIFF 6.0 and
// EXIF 2.3, section 4.6.4). A file that says nothing, or nothing sensible, is
// upright.
func orientationOf(file []byte) orientation {
	for at := 2; at+4 <= len(file) && file[at] == 0xff; {
		marker, size := file[at+1], int(binary.BigEndian.Uint16(file[at+2:]))
		if marker == 0xda || size < 2 || at+2+size > len(file) { // the picture itself, or nonsense
			return upright
		}
		segment := file[at+4 : at+2+size]
		if marker == 0xe1 && len(segment) > 6 && string(segment[:6]) == "Exif\x00\x00" {
			return orientationIn(segment[6:])
		}
		at += 2 + size
	}
	return upright
}

// orientationIn reads a TIFF header and the entries of its first directory.
func orientationIn(tiff []byte) orientation {
	if len(tiff) < 8 {
		return upright
	}
	var order binary.ByteOrder
	switch string(tiff[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return upright
	}
	at := uint64(order.Uint32(tiff[4:]))
	if at+2 > uint64(len(tiff)) {
		return upright
	}
	const entry = 12
	count := uint64(order.Uint16(tiff[at:]))
	for i := range count {
		from := at + 2 + i*entry
		if from+entry > uint64(len(tiff)) {
			return upright
		}
		if order.Uint16(tiff[from:]) != 0x0112 {
			continue
		}
		if o := orientation(order.Uint16(tiff[from+8:])); o >= 1 && o <= 8 {
			return o
		}
		return upright
	}
	return upright
}

// apply turns a square upright.
func (o orientation) apply(img *image.NRGBA) *image.NRGBA {
	if o == upright {
		return img
	}
	n := img.Rect.Dx()
	out := image.NewNRGBA(img.Rect)
	for y := range n {
		for x := range n {
			fx, fy := x, y
			switch o {
			case 2: // mirrored
				fx = n - 1 - x
			case 3: // upside down
				fx, fy = n-1-x, n-1-y
			case 4:
				fy = n - 1 - y
			case 5:
				fx, fy = y, x
			case 6: // turn a quarter clockwise
				fx, fy = y, n-1-x
			case 7:
				fx, fy = n-1-y, n-1-x
			case 8: // a quarter anticlockwise
				fx, fy = n-1-y, x
			}
			out.SetNRGBA(x, y, img.NRGBAAt(fx, fy))
		}
	}
	return out
}
