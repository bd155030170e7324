package api

import (
	"bytes"
	"fmt"
	"html/template"
	"strings"

	"parley/store/outbox"
)

// letter is a mail about an account, before it is text and HTML.
type letter struct {
	kind, subject string
	lines         []string
	// action is what the link is called; both may be empty.
	action, link string
}

// Letters are short and say nothing that the mailbox's reader must not know.
var letterHTML = template.Must(template.New("letter").Parse(`<!doctype html>
<html lang="en"><body style="font-family:system-ui,sans-serif;line-height:1.5;max-width:34rem;margin:2rem auto;padding:0 1rem">
<h1 style="font-size:1.25rem">{{.Subject}}</h1>
{{range .Lines}}<p>{{.}}</p>
{{end}}{{if .Link}}<p><a href="{{.Link}}" style="display:inline-block;padding:.6rem 1rem;background:#3d348b;color:#fff;border-radius:.375rem;text-decoration:none">{{.Action}}</a></p>
<p style="color:#666">Or open this address: {{.Link}}</p>
{{end}}<p style="color:#666">Parley</p></body></html>
`))

// mail makes the letter a mail to an address; key names its cause.
func (l letter) mail(key, user, to string) (outbox.Mail, error) {
	var html bytes.Buffer
	err := letterHTML.Execute(&html, struct {
		Subject, Action, Link string
		Lines                 []string
	}{l.subject, l.action, l.link, l.lines})
	if err != nil {
		return outbox.Mail{}, fmt.Errorf("write a letter: %w", err)
	}
	text := strings.Join(l.lines, "\n\n")
	if l.link != "" {
		text += "\n\n" + l.action + ":\n" + l.link
	}
	return outbox.Mail{
		Key: key, Kind: l.kind, User: user, To: to, Subject: l.subject, Text: text + "\n\nParley\n", HTML: html.String(),
	}, nil
}

// link is an address of the app. A secret in it stands behind the #, which browsers
// send to nobody.
func (s *Server) link(path string) string { return s.cfg.LinkURL + path }

func (s *Server) verifyLetter(token string) letter {
	return letter{
		kind: "verify", subject: "Confirm your e-mail address",
		lines: []string{
			"Somebody, we hope you, made an account at Parley with this address.",
			"The link works once, for 3 days. If it was not you, there is nothing to do.",
		},
		action: "Confirm the address", link: s.link("/verify#" + token),
	}
}

func (s *Server) resetLetter(token string) letter {
	return letter{
		kind: "reset", subject: "Choose a new password",
		lines: []string{
			"A new password was asked for, for your account at Parley.",
			"The link works once, for one hour. If it was not you, there is nothing to do: your password stays as it is.",
		},
		action: "Choose a new password", link: s.link("/reset#" + token),
	}
}

func (s *Server) newAddressLetter(token string) letter {
	return letter{
		kind: "email_change", subject: "Confirm your new e-mail address",
		lines: []string{
			"This address is to become that of your account at Parley.",
			"The link works once, for 3 days. Until then your account keeps the address that it has.",
		},
		action: "Use this address", link: s.link("/verify#" + token),
	}
}

func (s *Server) oldAddressLetter() letter {
	return letter{
		kind: "email_change_note", subject: "Your e-mail address is about to change",
		lines: []string{
			"Somebody who knows your password asked for another e-mail address for your account at Parley.",
			"If it was not you, choose a new password now: that also stops the change.",
		},
		action: "Choose a new password", link: s.link("/forgot"),
	}
}

func (s *Server) passwordLetter() letter {
	return letter{
		kind: "password_changed", subject: "Your password was changed",
		lines: []string{
			"The password of your account at Parley was changed, and all other sessions have ended.",
			"If it was not you, choose a new one now.",
		},
		action: "Choose a new password", link: s.link("/forgot"),
	}
}

func (s *Server) factorLetter(on bool) letter {
	l := letter{
		kind: "second_factor_on", subject: "Two-factor authentication is on",
		lines:  []string{"From now on a code of your authenticator app is asked for when you log in to Parley."},
		action: "See your account", link: s.link("/account/security"),
	}
	if !on {
		l.kind, l.subject = "second_factor_off", "Two-factor authentication is off"
		l.lines = []string{
			"Your password alone is enough now to log in to Parley.",
			"If it was not you, choose a new password now.",
		}
	}
	return l
}

func (s *Server) approvedLetter() letter {
	return letter{
		kind: "approved", subject: "Your account is approved",
		lines:  []string{"You can send offers, invite influencers and publish campaigns on Parley now."},
		action: "Go to your campaigns", link: s.link("/campaigns"),
	}
}

func (s *Server) refusedLetter(reason string) letter {
	return letter{
		kind: "refused", subject: "Your account was not approved",
		lines: []string{"An admin of Parley did not approve your account. The reason:", reason},
	}
}
