package audit

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"parley/rooms"
)

// Action is what was done: an area and a deed, joined by a point. Packages name
// their own beside those here.
type Action string

// Area is the part of an action before its point, by which the log is filtered.
type Area string

// Areas are all areas in which anything is noted.
func Areas() []Area {
	return []Area{"admin", "auth", "flag", "jobs", "mail", "room", "table", "user", "webhook"}
}

// Area is the action's.
func (a Action) Area() Area {
	area, _, _ := strings.Cut(string(a), ".")
	return Area(area)
}

// Actions of admins and of accounts.
const (
	ActionFlag       Action = "flag.set"
	ActionUnflag     Action = "flag.lifted"
	ActionAppeal     Action = "flag.appealed"
	ActionUphold     Action = "flag.upheld"
	ActionRoomClosed Action = "room.closed"
	ActionExport     Action = "table.exported"
	ActionMailRead   Action = "mail.read"

	ActionAdminCreated  Action = "admin.created"
	ActionAdminDisabled Action = "admin.disabled"
	ActionAdminEnabled  Action = "admin.enabled"

	ActionJobsPaused   Action = "jobs.paused"
	ActionJobsResumed  Action = "jobs.resumed"
	ActionJobRetried   Action = "jobs.retried"
	ActionJobCancelled Action = "jobs.cancelled"

	ActionUserApproved Action = "user.approved"
	ActionUserRefused  Action = "user.refused"
	ActionUserDeleted  Action = "user.deleted"

	ActionWebhookMade    Action = "webhook.made"
	ActionWebhookDeleted Action = "webhook.deleted"

	ActionRegistered      Action = "auth.registered"
	ActionLogin           Action = "auth.login"
	ActionLoginFailed     Action = "auth.login_failed"
	ActionLogout          Action = "auth.logout"
	ActionSessionEnded    Action = "auth.session_ended"
	ActionTokenCreated    Action = "auth.token_created"
	ActionPasswordChanged Action = "auth.password_changed"
	ActionPasswordReset   Action = "auth.password_reset"
	ActionEmailVerified   Action = "auth.email_verified"
	ActionConfirmFailed   Action = "auth.confirm_failed" // a password that was asked for again
	ActionEmailChange     Action = "auth.email_change_asked"
	ActionTOTPEnabled     Action = "auth.totp_enabled"
	ActionTOTPDisabled    Action = "auth.totp_disabled"
	ActionTOTPFailed      Action = "auth.totp_failed"
	ActionCodesMade       Action = "auth.recovery_codes_made"
)

// Subject is what was acted on.
type Subject struct {
	Kind string // user, campaign, room, session, table …
	ID   string
}

// Entry is one fact. Append numbers and dates it.
type Entry struct {
	Pos int64
	At  rooms.Time
	// Actor is the user who acted; empty for somebody who is not known and for the
	// system itself.
	Actor   string
	Action  Action
	Subject Subject
	// Details are ids, codes, numbers and truths. Secrets, addresses and what people
	// wrote do not belong here and are refused where they show.
	Details map[string]any
	// Addr is the caller's address; what is kept of it is its network.
	Addr      string
	RequestID string
	Hash      rooms.Hash
}

const (
	maxField  = 100 // bytes of an id or a name
	maxDetail = 200 // bytes of one text in the details
)

var actionForm = regexp.MustCompile(`^[a-z]+(_[a-z]+)*(\.[a-z]+(_[a-z]+)*)+$`)

// notForLogs are names of details that would hold a secret or a person.
var notForLogs = []string{"password", "secret", "token", "email", "phone", "address"}

func (e *Entry) check() error {
	if !actionForm.MatchString(string(e.Action)) || len(e.Action) > maxField {
		return fmt.Errorf("audit: %q is not an action such as area.deed", e.Action)
	}
	for _, s := range []string{e.Actor, e.Subject.Kind, e.Subject.ID, e.RequestID} {
		if len(s) > maxField || !utf8.ValidString(s) {
			return fmt.Errorf("audit: %s: an id or a kind of more than %d bytes, or that is not UTF-8", e.Action, maxField)
		}
	}
	for name, value := range e.Details {
		for _, word := range notForLogs {
			if name == word || strings.HasSuffix(name, "_"+word) {
				return fmt.Errorf("audit: %s: %q does not belong in the details", e.Action, name)
			}
		}
		switch v := value.(type) {
		case nil, bool, int, int64:
		case string:
			// What people write has spaces; addresses of mail have the other.
			if len(v) > maxDetail || !utf8.ValidString(v) || strings.ContainsAny(v, "@ \t\n") {
				return fmt.Errorf("audit: %s: %q holds more than a code or an id", e.Action, name)
			}
		default:
			return fmt.Errorf("audit: %s: %q is neither text, number nor truth", e.Action, name)
		}
	}
	return nil
}

// text is the details as they are stored: names in order, nothing between.
func (e *Entry) text() (string, error) {
	if len(e.Details) == 0 {
		return "{}", nil
	}
	raw, err := json.Marshal(e.Details)
	if err != nil {
		return "", fmt.Errorf("audit: %s: encode details: %w", e.Action, err)
	}
	return string(raw), nil
}

// Network is what is kept of an address.
func Network(addr string) string {
	ip, err := netip.ParseAddr(addr)
	if err != nil {
		return ""
	}
	ip = ip.Unmap().WithZone("")
	bits := 48
	if ip.Is4() {
		bits = 24
	}
	network, err := ip.Prefix(bits)
	if err != nil {
		return ""
	}
	return network.String()
}

// canonical are the bytes that are hashed: every column but the hash in its order,
// numbers in decimal, each as its length in bytes, a colon, itself and a comma. No
// two rows have the same.
func (m *entryModel) canonical() []byte {
	var b []byte
	for _, s := range []string{
		strconv.FormatInt(m.Pos, 10), strconv.FormatInt(m.At, 10), m.ActorID, m.Action,
		m.SubjectKind, m.SubjectID, m.Details, m.Addr, m.RequestID,
	} {
		b = strconv.AppendInt(b, int64(len(s)), 10)
		b = append(b, ':')
		b = append(b, s...)
		b = append(b, ',')
	}
	return b
}
