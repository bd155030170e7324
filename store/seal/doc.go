// Package seal encrypts small secrets that the program must read again, such as those of
// second factors and of webhooks.
package seal
