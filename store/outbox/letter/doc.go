// Package letter lays out every mail that Parley sends: from one description, the HTML
// and the plain text beside it.
//
// The HTML is made for mail programs. Tables hold the layout, styles stand in the
// elements, and only what makes it better where it is understood (a dark scheme, less
// margin on phones) is in a style element. Nothing is loaded from anywhere: a mail that
// fetched a picture would tell when it was read.
package letter
