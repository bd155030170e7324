package store

import (
	"encoding/json"
	"fmt"

	"parley/rooms"
)

// The deliverables of a room's deal are stored twice: the room's row has a letter
// each, which is all that lists show; the table deliveries has them at length.

var deliveryLetters = map[rooms.DeliveryState]byte{
	rooms.DeliveryOpen: '-', rooms.DeliveryDelivered: 'd', rooms.DeliveryReturned: 'r', rooms.DeliveryConfirmed: 'c',
}

// packDeliveries makes the letters.
func packDeliveries(list []rooms.Delivery) string {
	if len(list) == 0 {
		return ""
	}
	out := make([]byte, len(list))
	for i := range list {
		out[i] = deliveryLetters[list[i].State]
	}
	return string(out)
}

// progressOf counts the letters.
func progressOf(packed string) (p rooms.Progress) {
	for i := range len(packed) {
		p.Add(stateOfLetter(packed[i]))
	}
	return p
}

func stateOfLetter(letter byte) rooms.DeliveryState {
	for state, l := range deliveryLetters {
		if l == letter {
			return state
		}
	}
	return ""
}

// deliveriesOf reads the list that the letters stand for; raw is what the table has
// of it, nil for nothing, which is that all are open.
func deliveriesOf(packed string, raw []byte) ([]rooms.Delivery, error) {
	if packed == "" {
		return nil, nil
	}
	list := make([]rooms.Delivery, len(packed))
	for i := range list {
		list[i].State = rooms.DeliveryOpen
	}
	if raw != nil {
		if err := json.Unmarshal(raw, &list); err != nil {
			return nil, fmt.Errorf("%w: deliveries: %w", errCorrupt, err)
		}
	}
	if got := packDeliveries(list); got != packed {
		return nil, fmt.Errorf("%w: deliveries are %s, the room says %s", errCorrupt, got, packed)
	}
	return list, nil
}

// deliveriesJSON is the list as the table has it.
func (r *room) deliveriesJSON() (string, error) {
	raw, err := json.Marshal(r.state.Deliveries)
	if err != nil {
		return "", fmt.Errorf("%w: encode deliveries: %w", errCorrupt, err)
	}
	return string(raw), nil
}

// firstDelivery names the present list: a list never changes in place, so another list
// begins elsewhere.
func firstDelivery(s *rooms.State) *rooms.Delivery {
	if len(s.Deliveries) == 0 {
		return nil
	}
	return &s.Deliveries[0]
}

// deliveriesMoved reports whether the list is another than the stored one.
func (r *room) deliveriesMoved() bool { return r.storedSlow.deliveries != firstDelivery(&r.state) }

// textBytes reads a text or bytes column that may be NULL.
func textBytes(v any) []byte {
	switch v := v.(type) {
	case string:
		return []byte(v)
	case []byte:
		return v
	default:
		return nil
	}
}
