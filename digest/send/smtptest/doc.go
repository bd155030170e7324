// Package smtptest is a real SMTP server in the process of a test, which keeps what it
// is handed.
package smtptest
