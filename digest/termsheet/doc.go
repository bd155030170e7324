// Package termsheet words the terms of a deal, for mails and as a PDF that both parties
// can keep. The PDF names the hash of the terms that were accepted and the head of the
// room's chain at the acceptance, by which it can be held against the log.
package termsheet
