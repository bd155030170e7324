// Package picture makes what is served of an uploaded picture. Nothing of the upload
// itself is kept: it is decoded, turned upright, cut to a square around its centre,
// scaled and encoded anew, so that what else the file held (places, names of
// cameras, comments, a second file behind the first) is gone.
//
// # What an upload may cost
//
// A small file can claim to be a huge picture. The claim is read from the header
// before anything is decoded, and refused over MaxPixels or MaxSide. The decoders
// get no further than that: a JPEG costs at most some 15 bytes a pixel while it is
// decoded. A Maker bounds how many are decoded at once.
package picture
