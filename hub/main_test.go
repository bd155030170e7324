package hub_test

import (
	"testing"

	"parley/hub/hubtest"
)

func TestMain(m *testing.M) { hubtest.Main(m) }
