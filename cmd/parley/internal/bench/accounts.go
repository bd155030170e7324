package bench

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// Account is one prepared room with the bearer tokens of those who may read it,
// a JSON object a line in a file of accounts. Any load generator can use it.
type Account struct {
	Room string `json:"room"`
	// Seq is the room's last event when it was prepared.
	Seq             int64  `json:"seq"`
	Sponsor         string `json:"sponsor"`
	Influencer      string `json:"influencer"`
	SponsorToken    string `json:"sponsor_token"`
	InfluencerToken string `json:"influencer_token"`
	// AdminToken is of an admin, the same in every line.
	AdminToken string `json:"admin_token"`
}

// readAccounts reads at most limit accounts (0: all) from a file, "-" for stdin.
func readAccounts(path string, stdin io.Reader, limit int) (list []Account, err error) {
	in := stdin
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return nil, fmt.Errorf("accounts: %w", err)
		}
		defer file.Close()
		in = file
	}
	lines := bufio.NewScanner(in)
	for n := 1; lines.Scan() && (limit == 0 || len(list) < limit); n++ {
		if len(lines.Bytes()) == 0 {
			continue
		}
		var a Account
		if err := json.Unmarshal(lines.Bytes(), &a); err != nil {
			return nil, fmt.Errorf("accounts: line %d: %w", n, err)
		}
		if a.Room == "" || a.SponsorToken == "" || a.InfluencerToken == "" {
			return nil, fmt.Errorf("accounts: line %d: room, sponsor_token and influencer_token are required", n)
		}
		list = append(list, a)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("accounts: %w", err)
	}
	if len(list) == 0 {
		return nil, errors.New("accounts: none; make some with parley bench prepare")
	}
	if len(list) < limit {
		return nil, fmt.Errorf("accounts: %d rooms are asked for, the file has %d", limit, len(list))
	}
	return list, nil
}
