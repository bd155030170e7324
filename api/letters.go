package api

import (
	"encoding/base64"
	"regexp"
	"strconv"

	"parley/store/outbox/letter"
)

// Letters about accounts are short and say nothing that the mailbox's reader must not
// know.
func account(kind, subject string, lines ...string) letter.Letter {
	return letter.Letter{Kind: kind, Subject: subject, Sections: []letter.Section{{Paragraphs: lines}}}
}

// asking is a letter with a link.
func asking(l letter.Letter, what, link string) letter.Letter {
	l.Button = &letter.Link{Text: what, URL: link}
	return l
}

// link is an address of the app. A secret in it stands behind the #, which browsers
// send to nobody.
func (s *Server) link(path string) string { return s.cfg.LinkURL + path }

// secretInLink is what such a link has behind the #: a token as newToken makes it.
var secretInLink = regexp.MustCompile(`#[A-Za-z0-9_-]{` + strconv.Itoa(base64.RawURLEncoding.EncodedLen(tokenBytes)) + `}`)

// withoutSecrets is a letter's text with links that lead to their page and no further.
func withoutSecrets(text string) string { return secretInLink.ReplaceAllLiteralString(text, "#…") }

func (s *Server) verifyLetter(token string) letter.Letter {
	return asking(account("verify", "Confirm your e-mail address",
		"Somebody, we hope you, made an account at Parley with this address.",
		"The link works once, for 3 days. If it was not you, there is nothing to do.",
	), "Confirm the address", s.link("/verify#"+token))
}

func (s *Server) resetLetter(token string) letter.Letter {
	return asking(account("reset", "Choose a new password",
		"A new password was asked for, for your account at Parley.",
		"The link works once, for one hour. If it was not you, there is nothing to do: your password stays as it is.",
	), "Choose a new password", s.link("/reset#"+token))
}

func (s *Server) newAddressLetter(token string) letter.Letter {
	return asking(account("email_change", "Confirm your new e-mail address",
		"This address is to become that of your account at Parley.",
		"The link works once, for 3 days. Until then your account keeps the address that it has.",
	), "Use this address", s.link("/verify#"+token))
}

func (s *Server) oldAddressLetter() letter.Letter {
	return asking(account("email_change_note", "Your e-mail address is about to change",
		"Somebody who knows your password asked for another e-mail address for your account at Parley.",
		"If it was not you, choose a new password now: that also stops the change.",
	), "Choose a new password", s.link("/forgot"))
}

func (s *Server) passwordLetter() letter.Letter {
	return asking(account("password_changed", "Your password was changed",
		"The password of your account at Parley was changed, and all other sessions have ended.",
		"If it was not you, choose a new one now.",
	), "Choose a new password", s.link("/forgot"))
}

func (s *Server) factorLetter(on bool) letter.Letter {
	l := account("second_factor_on", "Two-factor authentication is on",
		"From now on a code of your authenticator app is asked for when you log in to Parley.",
	)
	if !on {
		l = account("second_factor_off", "Two-factor authentication is off",
			"Your password alone is enough now to log in to Parley.",
			"If it was not you, choose a new password now.",
		)
	}
	return asking(l, "See your account", s.link("/account/security"))
}

func (s *Server) approvedLetter() letter.Letter {
	return asking(account("approved", "Your account is approved",
		"You can send offers, invite influencers and publish campaigns on Parley now.",
	), "Go to your campaigns", s.link("/campaigns"))
}

func (s *Server) refusedLetter(reason string) letter.Letter {
	l := account("refused", "Your account was not approved", "An admin of Parley did not approve your account. The reason:")
	l.Sections[0].Quote = reason
	return l
}
