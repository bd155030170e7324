// Package golden holds mails against files in a test's testdata, so that every change of
// what a mail looks like is seen. With -update the files are written anew.
package golden
