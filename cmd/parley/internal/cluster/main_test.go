package cluster

import (
	"context"
	"flag"
	"fmt"
	"os"
	"testing"
)

// kills is how often an instance is killed in each test that kills.
var kills = flag.Int("kills", 20, "how often instances are killed in each test that kills")

// raced builds the instances with the race detector.
var raced = flag.Bool("raced", false, "build the instances with the race detector")

// binary is the program under test; TestMain builds it before anything runs.
var binary string

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "parley-cluster-")
	if err == nil {
		defer os.RemoveAll(dir)
		binary, err = Build(context.Background(), dir, *raced)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}
