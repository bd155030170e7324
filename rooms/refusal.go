package rooms

import (
	"fmt"
	"strings"
)

// Code is the stable name of a refusal; clients act on it, so it never changes.
type Code string

// The refusals of the rules, as docs/protocol.md lists them.
const (
	CodeInvalid        Code = "invalid"
	CodeForbidden      Code = "forbidden"
	CodeNotFound       Code = "not_found"
	CodeStaleOffer     Code = "stale_offer"
	CodeOfferExpired   Code = "offer_expired"
	CodeOfferStands    Code = "offer_stands"
	CodeOwnOffer       Code = "own_offer"
	CodeBudgetExceeded Code = "budget_exceeded"
	CodeOfferLimit     Code = "offer_limit"
	CodeSectionLocked  Code = "section_locked"
	CodeFrozen         Code = "frozen"
	CodeRoomClosed     Code = "room_closed"
	CodeNotAllowed     Code = "not_allowed"
	CodeAlreadyExists  Code = "already_exists"
	CodeCMIDConflict   Code = "cmid_conflict"

	CodeStaleDeal            Code = "stale_deal"
	CodeStaleDelivery        Code = "stale_delivery"
	CodeDeliverableConfirmed Code = "deliverable_confirmed"
)

// Refusal is the answer "no" to a command: nothing has changed. It is the one
// error type of the domain; each edge maps it once.
type Refusal struct {
	Code Code `json:"code"`
	// Message is a sentence for a person.
	Message string `json:"message"`
	// Field names the input that is wrong, for example terms.fee.amount.
	Field string `json:"field,omitempty"`
	// Problem says what is wrong with it, where the code is CodeInvalid.
	Problem *Problem `json:"problem,omitempty"`
	// Details is what the client needs to go on, by code.
	Details any `json:"details,omitempty"`
}

func (r *Refusal) Error() string {
	if r.Field != "" {
		return fmt.Sprintf("%s (%s): %s", r.Code, r.Field, r.Message)
	}
	return fmt.Sprintf("%s: %s", r.Code, r.Message)
}

// Refuse makes a refusal with a code and a sentence.
func Refuse(code Code, message string) *Refusal { return &Refusal{Code: code, Message: message} }

// NotAllowed refuses what does not fit the state that something is in; reason is a stable
// word for which, in the details of the answer.
func NotAllowed(reason, message string) *Refusal {
	return &Refusal{Code: CodeNotAllowed, Message: message, Details: map[string]any{"reason": reason}}
}

// Invalid refuses the input named by field.
func Invalid(field string, problem Problem) *Refusal {
	return &Refusal{Code: CodeInvalid, Field: field, Problem: &problem, Message: field + " " + problem.clause + "."}
}

// within puts the field of an invalid input into item i of a list. Paths are
// made only where something is wrong: terms are checked with every offer.
func (r *Refusal) within(list string, i int) *Refusal {
	field := fmt.Sprintf("%s[%d].%s", list, i, r.Field)
	within := *r
	within.Field, within.Message = field, field+strings.TrimPrefix(r.Message, r.Field)
	return &within
}

// The details of refusals. StaleDetails answers an accept or a counter that
// named an offer which no longer stands.
type (
	StaleDetails struct {
		Standing *Offer   `json:"standing"`
		Diff     []Change `json:"diff"`
	}
	StandsDetails struct {
		Standing *Offer `json:"standing"`
	}
	BudgetDetails struct {
		Available int64    `json:"available"`
		Needed    int64    `json:"needed"`
		Currency  Currency `json:"currency"`
	}
	// TakenDetails tell what of a campaign's budget is taken: it cannot be cut below
	// their sum.
	TakenDetails struct {
		Needed    int64    `json:"needed"`
		Committed int64    `json:"committed"`
		Held      int64    `json:"held"`
		Currency  Currency `json:"currency"`
	}
	LimitDetails struct {
		Limit int `json:"limit"`
	}
	StatusDetails struct {
		Status Status `json:"status"`
	}
	ExpiredDetails struct {
		ExpiredAt Time `json:"expired_at"`
	}
	// DealDetails answer what was meant for a deal or a delivery that is not the
	// present one.
	DealDetails struct {
		Deal       *Offer     `json:"deal"`
		Deliveries []Delivery `json:"deliveries"`
	}
)

// CompleteStale adds to a stale_offer refusal what has changed since the offer
// that the command named, which its caller finds in the log.
func CompleteStale(r *Refusal, named *Offer) {
	details, ok := r.Details.(StaleDetails)
	if !ok || named == nil {
		return
	}
	var standing *Terms
	if details.Standing != nil {
		standing = &details.Standing.Terms
	}
	details.Diff = Diff(&named.Terms, standing)
	r.Details = details
}
