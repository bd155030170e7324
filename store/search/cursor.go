package search

import (
	"strconv"
	"strings"

	"parley/rooms"
)

// stageNumber orders the stages of a search. The numbers are in cursors.
type stageNumber uint8

const (
	stageName      stageNumber = iota // all words in the name
	stageText                         // all words anywhere
	stageCorrected                    // words that may have been meant
)

// cursor is the place after a hit. The zero cursor is the beginning. Rows that come or
// go before it change nothing for the pages that follow.
type cursor struct {
	stage stageNumber
	hit   hit
}

func (c cursor) String() string {
	if c.hit.ID == "" {
		return ""
	}
	return strconv.Itoa(int(c.stage)) + "_" + strconv.FormatInt(c.hit.Key, 10) + "_" + c.hit.ID
}

func parseCursor(text string) (cursor, error) {
	if text == "" {
		return cursor{}, nil
	}
	parts := strings.SplitN(text, "_", 3)
	if len(parts) == 3 && parts[2] != "" {
		number, err := strconv.ParseUint(parts[0], 10, 8)
		key, kerr := strconv.ParseInt(parts[1], 10, 64)
		if err == nil && kerr == nil && stageNumber(number) <= stageCorrected {
			return cursor{stage: stageNumber(number), hit: hit{ID: parts[2], Key: key}}, nil
		}
	}
	return cursor{}, rooms.Invalid("cursor", rooms.Because("cursor", "is not one that a search gave"))
}
