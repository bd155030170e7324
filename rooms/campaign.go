package rooms

// Campaign is what a decision needs of a campaign: its ledger and its dates.
// Amounts are minor units of Currency.
type Campaign struct {
	ID       string
	Sponsor  string // user id
	Currency Currency
	Public   bool
	Archived bool
	// EndsAt is the first instant after the campaign.
	EndsAt Time

	Budget    int64
	Committed int64
	Held      int64
}

// Available is what new holds and deals can still take. It is never negative:
// no decision overdraws and no budget is cut below what is taken.
func (c *Campaign) Available() int64 { return c.Budget - c.Committed - c.Held }

// Move is a change of a campaign's ledger.
type Move struct{ Held, Committed int64 }

// MoveBetween is what a room's change from one state to another moves.
func MoveBetween(before, after *State) Move {
	return Move{Held: after.Held() - before.Held(), Committed: after.Committed() - before.Committed()}
}

// Apply books the move. Callers check Covers before.
func (c *Campaign) Apply(m Move) {
	c.Held += m.Held
	c.Committed += m.Committed
}

// Covers reports whether the budget has room for the move.
func (c *Campaign) Covers(m Move) bool { return m.Held+m.Committed <= c.Available() }

// CheckBudget refuses a budget that is out of range or below what is committed
// and held.
func (c *Campaign) CheckBudget(amount int64) *Refusal {
	if amount < 1 || amount > MaxAmountMinor {
		return Invalid("budget.amount", Between(1, MaxAmountMinor))
	}
	if taken := c.Committed + c.Held; amount < taken {
		return &Refusal{
			Code: CodeBudgetExceeded, Field: "budget.amount",
			Message: "The budget cannot be cut below what deals and open offers take of it.",
			Details: TakenDetails{Needed: taken, Committed: c.Committed, Held: c.Held, Currency: c.Currency},
		}
	}
	return nil
}
