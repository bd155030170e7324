package demo

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"sync"
	"time"

	"parley/cmd/parley/internal/wire"
	"parley/rooms"
	"parley/store"
)

// Thinking is how long a counterparty takes before it answers.
const (
	minThinking = 1500 * time.Millisecond
	maxThinking = 4 * time.Second
	// listenAgain is how often a counterparty looks for turns that it missed.
	listenAgain = 20 * time.Second
	sessionTTL  = 24 * time.Hour
)

// Cast plays every member of the demo that no person plays.
type Cast struct {
	Store *store.Store
	// URL is where the server listens.
	URL string
	Log *slog.Logger

	stop     context.CancelFunc
	players  sync.WaitGroup
	sessions [][sha256.Size]byte
}

// maxPlayed bounds the counterparties of each side that are played; in a large market
// the others stay silent.
const maxPlayed = 100

// Start logs the counterparties in. The members must have been seeded; in a
// store with other users nobody is played.
func (c *Cast) Start(ctx context.Context) error {
	ctx, c.stop = context.WithCancel(ctx)
	now := rooms.At(time.Now())
	for _, side := range []struct {
		thoughtUp []member
		email     func(int) string
	}{{brands, brandEmail}, {creators, creatorEmail}} {
		for i := range maxPlayed {
			since := now
			if i < len(side.thoughtUp) {
				if side.thoughtUp[i].played {
					continue
				}
				since = rooms.Time{}
			}
			played, err := c.enter(ctx, side.email(i), i, since)
			if err != nil {
				return err
			}
			if !played {
				break
			}
		}
	}
	return nil
}

// enter lets a member play; false where there is no such member.
func (c *Cast) enter(ctx context.Context, email string, temper int, since rooms.Time) (bool, error) {
	user, err := c.Store.UserByEmail(ctx, email)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("demo: find a counterparty: %w", err)
	}
	token, err := c.session(ctx, user.ID)
	if err != nil {
		return false, err
	}
	client, err := wire.Open(ctx, wire.Config{URLs: []string{c.URL}, Token: token, Logger: c.Log})
	if err != nil {
		return false, fmt.Errorf("demo: connect a counterparty: %w", err)
	}
	p := &player{
		user: user, persona: personaOf(user.Role, temper), since: since, store: c.Store, client: client,
		clock: wire.SystemClock{}, log: c.Log,
	}
	c.players.Go(func() {
		defer func() { _ = client.Close() }() // it has nothing to say at its end
		p.play(ctx)
	})
	return true, nil
}

// Stop ends the play and the counterparties' sessions.
func (c *Cast) Stop(ctx context.Context) error {
	c.stop()
	c.players.Wait()
	var errs []error
	for _, hash := range c.sessions {
		errs = append(errs, c.Store.RevokeSession(ctx, hash))
	}
	return errors.Join(errs...)
}

func (c *Cast) session(ctx context.Context, user string) (token string, err error) {
	var secret [32]byte
	if _, err := rand.Read(secret[:]); err != nil {
		return "", fmt.Errorf("demo: make a token: %w", err)
	}
	token = base64.RawURLEncoding.EncodeToString(secret[:])
	hash := sha256.Sum256([]byte(token))
	now := rooms.At(time.Now())
	err = c.Store.CreateSession(ctx, store.Session{
		TokenHash: hash, UserID: user, Kind: store.SessionBearer, Name: "demo counterparty",
		CreatedAt: now, ExpiresAt: now.Add(sessionTTL),
	})
	if err != nil {
		return "", fmt.Errorf("demo: log a counterparty in: %w", err)
	}
	c.sessions = append(c.sessions, hash)
	return token, nil
}

// player is one counterparty.
type player struct {
	user    store.User
	persona Persona
	// since is when the player came: what lay there before waits for somebody, so that
	// the market does not settle by itself in its first minute.
	since  rooms.Time
	store  *store.Store
	client *wire.Client
	clock  wire.Clock
	log    *slog.Logger
}

// play answers whenever it is the player's turn, until ctx ends.
func (p *player) play(ctx context.Context) {
	inbox := p.client.Join("inbox")
	for {
		if err := p.catchUp(ctx); err != nil && ctx.Err() == nil {
			p.log.Warn("demo counterparty", "err", err)
		}
		waiting, cancel := context.WithTimeout(ctx, listenAgain)
		err := p.listen(waiting, inbox)
		cancel()
		if ctx.Err() != nil {
			return
		}
		if !errors.Is(err, context.DeadlineExceeded) {
			p.log.Warn("demo counterparty leaves", "err", err)
			return
		}
	}
}

// listen takes the inbox's notices until it fails or ctx ends, which it returns.
func (p *player) listen(ctx context.Context, inbox *wire.Topic) error {
	for {
		update, err := inbox.Next(ctx)
		if err != nil {
			return err
		}
		if update.Event == nil || update.Event.Type != "room" {
			continue
		}
		var notice struct {
			Room string     `json:"room"`
			Turn rooms.Side `json:"turn"`
		}
		if err := json.Unmarshal(update.Event.Data, &notice); err != nil {
			return fmt.Errorf("demo: inbox notice: %w", err)
		}
		if notice.Turn != p.user.Role {
			continue
		}
		if err := p.answer(ctx, notice.Room); err != nil {
			return err
		}
	}
}

// catchUp answers in every room in which it is the player's turn already.
func (p *player) catchUp(ctx context.Context) error {
	list, _, _, err := p.store.ListRooms(ctx, p.user.ID, store.RoomFilter{Mine: true, Limit: 100})
	if err != nil {
		return fmt.Errorf("demo: list rooms: %w", err)
	}
	for i := range list {
		if list[i].UpdatedAt.Before(p.since) {
			continue
		}
		if err := p.answer(ctx, list[i].Room); err != nil {
			return err
		}
	}
	return nil
}

// answer goes into the room, thinks, and moves. A refusal means that the room
// has moved on; the next notice tells.
func (p *player) answer(ctx context.Context, room string) error {
	// The notice may be of an event of one's own, or old by now.
	if state, err := p.look(ctx, room); err != nil || state == nil {
		return err
	}
	topic := p.client.Join("room:" + room)
	defer topic.Leave()

	thinking := minThinking + mathrand.N(maxThinking-minThinking)
	if err := p.clock.Sleep(ctx, thinking/2); err != nil {
		return err
	}
	p.client.Typing(room)
	if err := p.clock.Sleep(ctx, thinking/2); err != nil {
		return err
	}
	state, err := p.look(ctx, room)
	if err != nil || state == nil {
		return err
	}
	p.client.Seen(room, state.Seq)
	standing := state.Standing()
	if standing == nil {
		return p.fulfil(ctx, room, state)
	}
	course, err := p.course(ctx, room, state)
	if err != nil {
		return err
	}
	move := p.persona.Answer(standing, course)
	if state.Deal != nil {
		move = p.persona.Amend(standing, state.Deal.Terms.Fee.Amount)
	}
	commands := make([]wire.Command, 0, 2)
	if move.Say != "" {
		commands = append(commands, wire.Say(room, move.Say))
	}
	switch {
	case move.Accept:
		commands = append(commands, wire.Accept(room, standing.Seq, standing.Hash.String()))
	case move.Decline:
		commands = append(commands, wire.Decline(room, standing.Seq, "budget", ""))
	default:
		fee := rooms.Money{Amount: move.Fee, Currency: state.Currency}
		commands = append(commands, wire.Counter(room, standing.Seq, map[string]any{"fee": fee}))
	}
	return p.give(ctx, commands)
}

// fulfil does the player's part for a deal in force.
func (p *player) fulfil(ctx context.Context, room string, state *rooms.State) error {
	d := p.persona.Fulfil(state, true)
	var commands []wire.Command
	if d.say != "" {
		commands = append(commands, wire.Say(room, d.say))
	}
	switch {
	case d.deliver != nil:
		commands = append(commands, wire.Deliver(room, d.deliver.DealSeq, d.deliver.Deliverable, d.deliver.Links, d.deliver.Note))
	case d.confirm != nil:
		commands = append(commands, wire.Confirm(room, d.confirm.DeliverySeq))
	case d.sendBack != nil:
		commands = append(commands, wire.Return(room, d.sendBack.DeliverySeq, d.sendBack.Reason))
	}
	return p.give(ctx, commands)
}

// give gives commands one after the other until one is refused.
func (p *player) give(ctx context.Context, commands []wire.Command) error {
	for _, cmd := range commands {
		var refused *wire.Error
		if _, err := p.client.Do(ctx, cmd); errors.As(err, &refused) {
			p.log.Debug("demo counterparty refused", "type", cmd.Type, "code", refused.Code)
			return nil
		} else if err != nil {
			return err
		}
	}
	return nil
}

// look reads the room; nil when it is not the player's turn there.
func (p *player) look(ctx context.Context, room string) (*rooms.State, error) {
	snapshot, err := p.store.Snapshot(ctx, room)
	if err != nil {
		return nil, fmt.Errorf("demo: read room: %w", err)
	}
	if snapshot.State.Turn() != p.user.Role {
		return nil, nil
	}
	return &snapshot.State, nil
}

// courseEvents is how far into a room its players read: beyond it there is talk at most.
const courseEvents = 500

// course reads how the negotiation went in the room's log.
func (p *player) course(ctx context.Context, room string, state *rooms.State) (c Course, err error) {
	c.Mine = state.Offers.Of(p.user.Role)
	events, err := p.store.Events(ctx, room, 0, 0, courseEvents)
	if err != nil {
		return c, fmt.Errorf("demo: read events: %w", err)
	}
	for i := range events {
		if events[i].Type != rooms.TypeOffer {
			continue
		}
		e, err := rooms.ParseEvent(events[i].Body)
		if err != nil {
			return c, fmt.Errorf("demo: read events: %w", err)
		}
		put, ok := e.Data.(rooms.OfferPut)
		switch {
		case !ok:
		case put.Offer.Author == p.user.Role:
			c.MyLast = put.Offer.Terms.Fee.Amount
		case c.TheirFirst == 0:
			c.TheirFirst = put.Offer.Terms.Fee.Amount
		}
	}
	if c.TheirFirst == 0 {
		return c, fmt.Errorf("demo: room %s has an offer of the other side that its log has not", room)
	}
	return c, nil
}
