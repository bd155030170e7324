package inprocess_test

import (
	"testing"

	"parley/digest"
	"parley/digest/inprocess"
	"parley/digest/runnertest"
)

func TestContract(t *testing.T) {
	runnertest.Run(t, func(*testing.T) digest.Runner { return inprocess.New(runnertest.Workers) })
}

func TestState(t *testing.T) {
	r := inprocess.New(2)
	for _, id := range []string{"a", "b", "a"} {
		if err := r.Submit(t.Context(), digest.Task{ID: id}); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := r.State(), (inprocess.State{Workers: 2, Waiting: 2}); got != want {
		t.Errorf("state %+v, want %+v", got, want)
	}
}
