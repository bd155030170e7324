package cluster

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"parley/hub/redisbus/redistest"
)

// runBench runs `parley bench` and returns what it printed.
func runBench(t *testing.T, o Options, args ...string) (out, said []byte, err error) {
	t.Helper()
	cmd := exec.CommandContext(patient(t), o.Binary, append([]string{"bench"}, args...)...)
	cmd.Env = append(os.Environ(), "PARLEY_DATABASE_URL="+o.Database)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	return stdout.Bytes(), stderr.Bytes(), err
}

func prepareBench(t *testing.T, o Options, args ...string) (file string) {
	t.Helper()
	out, said, err := runBench(t, o, append([]string{"prepare"}, args...)...)
	if err != nil {
		t.Fatalf("bench prepare: %v\n%s", err, said)
	}
	file = filepath.Join(t.TempDir(), "accounts.jsonl")
	if err := os.WriteFile(file, out, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestBench runs every workload, small, against two instances: each of them
// checks its own record against the log.
func TestBench(t *testing.T) {
	redis := redistest.Start(t)
	o := Options{Binary: binary, Database: "sqlite://" + filepath.Join(t.TempDir(), "parley.db"), Redis: redis.URL()}
	accounts := prepareBench(t, o, "--rooms", "20")
	list := StartAll(t, 2, o)
	instances := strings.Join(URLs(list, 0), ",")
	for name, test := range map[string]struct {
		args []string
		done string // what must be above 0 in the result
	}{
		"offers":            {[]string{"offers", "--rooms", "20", "--duration", "1s", "--warmup", "100ms"}, "offers"},
		"fan-out of a room": {[]string{"fanout", "--readers", "40", "--stalled", "4", "--duration", "1s", "--warmup", "100ms"}, "deliveries"},
		"fan-out, feed":     {[]string{"fanout", "--topic", "feed", "--readers", "40", "--duration", "1s", "--warmup", "100ms"}, "deliveries"},
		"idle connections":  {[]string{"idle", "--conns", "100", "--duration", "1s"}, "connections"},
		"storm":             {[]string{"storm", "--clients", "80", "--rooms", "20", "--missed", "30"}, "clients"},
	} {
		t.Run(name, func(t *testing.T) {
			args := append(test.args, "--json", "--accounts", accounts, "--instances", instances, "--redis", o.Redis)
			out, said, err := runBench(t, o, args...)
			if err != nil {
				t.Fatalf("%v\n%s\n%s", err, said, out)
			}
			var result map[string]any
			if err := json.Unmarshal(out, &result); err != nil {
				t.Fatalf("the result is no JSON: %v\n%s", err, out)
			}
			if n, ok := result[test.done].(float64); !ok || n <= 0 {
				t.Errorf("%s is %v", test.done, result[test.done])
			}
			if processes, ok := result["processes"].([]any); !ok || len(processes) != 3 {
				t.Errorf("the processes are %v", result["processes"])
			}
			if level, ok := result["stalled_level"].(float64); ok && level != result["stalled"].(float64) {
				t.Errorf("%v of %v stalled readers had everything in the end", level, result["stalled"])
			}
		})
	}
	Verify(t, o)
}

// TestBenchExplainsLimits runs into the limits of rooms and servers: the run
// fails and says which setting it was.
func TestBenchExplainsLimits(t *testing.T) {
	o := Options{Binary: binary, Database: "sqlite://" + filepath.Join(t.TempDir(), "parley.db")}
	few := prepareBench(t, o, "--rooms", "1", "--offer-limit", "3")
	many := prepareBench(t, o, "--rooms", "1")
	o.Env = []string{"PARLEY_COMMAND_RATE=1"}
	in := Start(t, o)
	t.Run("sockets of one account", func(t *testing.T) {
		o := o
		o.Env = []string{"PARLEY_MAX_CONNECTIONS_EACH=1"}
		_, said, err := runBench(t, o, "fanout", "--readers", "8", "--duration", "1s",
			"--accounts", many, "--instances", Start(t, o).URL())
		if err == nil || !strings.Contains(string(said), "1013 too many connections") {
			t.Errorf("the run ended with %v:\n%s", err, said)
		}
	})
	for accounts, want := range map[string]string{few: "--offer-limit", many: "PARLEY_COMMAND_RATE"} {
		_, said, err := runBench(t, o, "offers", "--rooms", "1", "--duration", "4s", "--warmup", "0s",
			"--accounts", accounts, "--instances", in.URL())
		if err == nil || !strings.Contains(string(said[bytes.LastIndex(bytes.TrimSpace(said), []byte("\n"))+1:]), want) {
			t.Errorf("the run ended with %v and did not speak of %s:\n%s", err, want, said)
		}
	}
}
