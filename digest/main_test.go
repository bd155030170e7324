package digest_test

import (
	"testing"

	"parley/store/storetest/forms"
)

func TestMain(m *testing.M) { forms.Main(m) }
