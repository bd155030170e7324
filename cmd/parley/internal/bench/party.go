package bench

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/oklog/ulid/v2"

	"parley/cmd/parley/internal/wire"
)

// party is one side of a room of the offers workload. Its fields without a note
// belong to its reader, which starts after the first offer's frame was made.
type party struct {
	run  *offersRun
	room *offersRoom
	conn *wire.Conn
	ids  *rand.ChaCha8

	got  received
	acks []acked
	// sent are the offers whose answers have not come. There is more than one
	// when the other side's answer is faster than the acknowledgement.
	sent  []sentOffer
	out   []byte
	frame wire.Frame

	waiting atomic.Int64 // len(sent), for others
	head    atomic.Int64 // got.head(), for others
}

type sentOffer struct {
	id [ulid.EncodedSize]byte
	k  int64
	at time.Time
}

func newParty(b *offersRun, room *offersRoom, conn *wire.Conn) *party {
	var seed [32]byte
	for i := range seed {
		seed[i] = byte(rand.Uint32())
	}
	return &party{run: b, room: room, conn: conn, ids: rand.NewChaCha8(seed), out: make([]byte, 0, b.size+64)}
}

const padding = "The quick brown fox jumps over the lazy dog and asks for one more story, one more reel and a fair price. "

// put sends the next offer of the room.
func (p *party) put(kind string, offerSeq int64) error {
	now := time.Now()
	id, err := ulid.New(ulid.Timestamp(now), p.ids)
	if err != nil {
		return fmt.Errorf("command id: %w", err)
	}
	s := sentOffer{k: p.room.k.Add(1), at: now}
	if err := id.MarshalTextTo(s.id[:]); err != nil {
		return fmt.Errorf("command id: %w", err)
	}
	p.out = p.appendOffer(p.out[:0], s.id[:], kind, offerSeq, s.k)
	p.sent = append(p.sent, s)
	p.waiting.Store(int64(len(p.sent)))
	p.room.sentAt.Store(now.UnixNano())
	return p.conn.Write(p.out)
}

// appendOffer writes an offer's frame, padded to the wanted size. The first one
// of a room names what is required.
func (p *party) appendOffer(dst, id []byte, kind string, offerSeq, k int64) []byte {
	dst = append(dst, `{"id":"`...)
	dst = append(dst, id...)
	dst = append(dst, `","type":"`...)
	dst = append(dst, kind...)
	dst = append(dst, `","room":"`...)
	dst = append(dst, p.room.account.Room...)
	dst = append(dst, '"')
	if kind == "counter" {
		dst = append(dst, `,"offer_seq":`...)
		dst = strconv.AppendInt(dst, offerSeq, 10)
	}
	dst = append(dst, `,"terms":{"fee":{"amount":`...)
	dst = strconv.AppendInt(dst, 10_000+k%1000, 10)
	dst = append(dst, `,"currency":"`...)
	dst = append(dst, p.room.currency...)
	dst = append(dst, `"},`...)
	if kind == "offer" {
		dst = append(dst, `"deliverables":[{"platform":"instagram","format":"reel","quantity":1}],`...)
	}
	dst = append(dst, `"note":"`+noteWord...)
	dst = strconv.AppendInt(dst, k, 10)
	dst = append(dst, ' ')
	const end = `"}}`
	for missing := p.run.size - len(dst) - len(end); missing > 0; {
		n := min(missing, len(padding))
		dst = append(dst, padding[:n]...)
		missing -= n
	}
	return append(dst, end...)
}

// read takes frames until the connection ends.
func (p *party) read() {
	for {
		raw, err := p.conn.Read()
		if err == nil {
			err = p.take(raw)
		}
		if err != nil {
			if !p.run.closing.Load() {
				p.run.failures.add(endOf(err))
			}
			return
		}
	}
}

// endOf names the way a connection ended.
func endOf(err error) string {
	var closed *wire.CloseError
	if errors.As(err, &closed) {
		return "close " + strconv.Itoa(closed.Code)
	}
	var network *net.OpError
	if errors.As(err, &network) { // without its addresses, which differ each time
		return "connection broke: " + network.Op + ": " + network.Err.Error()
	}
	return "connection broke: " + err.Error()
}

func (p *party) take(raw []byte) error {
	switch {
	case bytes.HasPrefix(raw, topicMark):
		seq := eventSeq(raw)
		if seq == 0 {
			return nil
		}
		k := offerNumber(raw)
		fresh := p.got.take(seq, k)
		p.head.Store(p.got.head())
		if !fresh || k == other || k != p.room.k.Load() || p.isMine(k) {
			return nil
		}
		if p.run.measuring.Load() {
			p.run.peer.record(time.Duration(time.Now().UnixNano() - p.room.sentAt.Load()))
		}
		if p.run.stopping.Load() {
			return nil
		}
		return p.put("counter", seq)
	case bytes.HasPrefix(raw, answerMark):
		return p.answered(raw)
	default:
		return nil
	}
}

// isMine tells whether this side put the offer: it has sent it, and knows its
// answer or waits for it.
func (p *party) isMine(k int64) bool {
	for i := range p.sent {
		if p.sent[i].k == k {
			return true
		}
	}
	return len(p.acks) > 0 && p.acks[len(p.acks)-1].k >= k
}

func (p *party) answered(raw []byte) error {
	if err := p.frame.Parse(raw); err != nil {
		return err
	}
	f := &p.frame
	for i := range p.sent {
		s := p.sent[i]
		if !bytes.Equal(s.id[:], f.ID) {
			continue
		}
		p.sent = append(p.sent[:i], p.sent[i+1:]...)
		if f.Error != nil {
			refused, err := wire.ParseError(f.Error)
			if err != nil {
				return err
			}
			p.run.failures.add(refused.Code)
		} else {
			p.acks = append(p.acks, acked{s.k, f.Seq})
			p.run.total.Add(1)
			if p.run.measuring.Load() {
				p.run.offers.Add(1)
				p.run.ack.record(time.Since(s.at))
			}
			for old := p.room.ackedTo.Load(); old < f.Seq; old = p.room.ackedTo.Load() {
				p.room.ackedTo.CompareAndSwap(old, f.Seq)
			}
		}
		// Last, as it says that everything of the answer has been noted.
		p.waiting.Store(int64(len(p.sent)))
		return nil
	}
	return nil
}
