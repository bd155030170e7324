package api

import (
	"fmt"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	"parley/rooms"
)

// problemCodes are all that an input can be told, by any layer. Clients have a sentence
// for each: the description lists them, and the app does not build without one.
func problemCodes() []rooms.ProblemCode {
	return []rooms.ProblemCode{
		"after_end",
		"at_least",
		"at_most",
		"before_account",
		"before_start",
		"between",
		"chars_at_least",
		"chars_at_most",
		"chars_between",
		"code_required",
		"code_used",
		"control_characters",
		"currency",
		"currency_required",
		"cursor",
		"date",
		"days_at_most",
		"deliverable_missing",
		"email",
		"form",
		"https",
		"items_at_least",
		"items_at_most",
		"items_between",
		"link",
		"link_fragment",
		"link_password",
		"no_change",
		"not_begun",
		"not_invitable",
		"not_your_section",
		"not_yours",
		"one_of",
		"outer_space",
		"own",
		"own_address",
		"past",
		"past_campaign_end",
		"percent_sum",
		"picture_broken",
		"picture_format",
		"picture_large",
		"picture_small",
		"required",
		"search_query",
		"seconds_between",
		"slug",
		"slug_taken",
		"takes_no_invitations",
		"too_guessable",
		"too_long",
		"too_many_exports",
		"twice",
		"used_link",
		"whole",
		"wrong_code",
		"wrong_password",
		"zone",
	}
}

// errorCodes are all codes of errors, as docs/protocol.md explains them.
func errorCodes() []rooms.Code {
	return []rooms.Code{
		rooms.CodeAlreadyExists,
		rooms.CodeBudgetExceeded,
		rooms.CodeCMIDConflict,
		rooms.CodeDeliverableConfirmed,
		rooms.CodeForbidden,
		rooms.CodeFrozen,
		rooms.CodeInvalid,
		rooms.CodeNotAllowed,
		rooms.CodeNotFound,
		rooms.CodeOfferExpired,
		rooms.CodeOfferLimit,
		rooms.CodeOfferStands,
		rooms.CodeOwnOffer,
		rooms.CodeRoomClosed,
		rooms.CodeSectionLocked,
		rooms.CodeStaleDeal,
		rooms.CodeStaleDelivery,
		rooms.CodeStaleOffer,
		codeInternal,
		codeMalformed,
		codeRateLimited,
		codeRestored,
		codeUnauthenticated,
		codeUnavailable,
	}
}

type (
	codeText    string
	problemText string
)

// Schema implements huma.SchemaProvider.
func (codeText) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Enum: enumOf(errorCodes()...)}
}

// Schema implements huma.SchemaProvider.
func (problemText) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Enum: enumOf(problemCodes()...)}
}

// schemaProblem is the problem in the words of the library that checks requests by their
// schemas, which gives nothing but the words. Those of a faulty client are "form".
func schemaProblem(message string) *rooms.Problem {
	for _, m := range []struct {
		words string
		found func(float64) rooms.Problem
	}{
		{validation.MsgExpectedMinLength, func(n float64) rooms.Problem {
			if n == 1 {
				return rooms.Required()
			}
			return rooms.CharsAtLeast(int64(n))
		}},
		{validation.MsgExpectedMaxLength, func(n float64) rooms.Problem { return rooms.CharsAtMost(int64(n)) }},
		{validation.MsgExpectedMinimumNumber, func(n float64) rooms.Problem { return rooms.AtLeast(int64(n)) }},
		{validation.MsgExpectedMaximumNumber, func(n float64) rooms.Problem { return rooms.AtMost(int64(n)) }},
		{validation.MsgExpectedMinItems, func(n float64) rooms.Problem {
			return rooms.Because("items_at_least", "has too few items").WithMin(int64(n))
		}},
		{validation.MsgExpectedMaxItems, func(n float64) rooms.Problem { return rooms.ItemsAtMost(int64(n)) }},
	} {
		var n float64
		if _, err := fmt.Sscanf(message, strings.ReplaceAll(m.words, "%d", "%v"), &n); err == nil {
			p := m.found(n)
			return &p
		}
	}
	p := rooms.Form(message)
	before := func(words string) string { head, _, _ := strings.Cut(words, "%"); return head }
	switch {
	case strings.HasPrefix(message, before(validation.MsgExpectedRFC5322Email)):
		p = rooms.Because("email", message)
	case strings.HasPrefix(message, before(validation.MsgExpectedRFC3986URI)):
		p = rooms.Because("link", message)
	case message == validation.MsgExpectedRFC3339Date:
		p = rooms.NoDate()
	case message == validation.MsgExpectedInteger, message == validation.MsgExpectedNumber:
		p = rooms.Because("whole", message)
	case message == validation.MsgExpectedArrayItemsUnique:
		p = rooms.Twice(message)
	default:
		if list, ok := strings.CutPrefix(message, before(validation.MsgExpectedOneOf)); ok {
			p = rooms.OneOf(strings.Split(strings.TrimSuffix(list, `"`), ", ")...)
		}
	}
	return &p
}
