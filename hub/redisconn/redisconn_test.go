package redisconn_test

import (
	"strings"
	"testing"
	"time"

	"parley/hub/redisconn"
)

func TestOptions(t *testing.T) {
	opt, err := redisconn.Options("redis://me:secret@redis.example.test:6380/3", time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if opt.Addr != "redis.example.test:6380" || opt.DB != 3 || opt.Password != "secret" || opt.ReadTimeout != time.Second || opt.MaxRetries != -1 {
		t.Errorf("read %+v", opt)
	}
	for _, url := range []string{"", "http://me:secret@host", "redis://me:secret@host:port/0"} {
		if _, err := redisconn.Options(url, time.Second); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", url, err)
		}
	}
}
