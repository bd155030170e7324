package hubtest

import (
	"fmt"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// leakPatience is how long goroutines may take to end that have been told to, as those of
// clients whose servers are gone.
const leakPatience = 20 * time.Second

// Main runs a package's tests and fails if they leave goroutines behind.
func Main(m *testing.M, ignored ...goleak.Option) {
	code := m.Run()
	if code == 0 {
		end := time.Now().Add(leakPatience)
		err := goleak.Find(ignored...)
		for err != nil && time.Now().Before(end) {
			err = goleak.Find(ignored...)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "goroutines are left behind:", err)
			code = 1
		}
	}
	os.Exit(code)
}
