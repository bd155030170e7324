package send

import (
	"net/netip"
	"testing"
)

func TestOnlyPublicAddressesAreDialed(t *testing.T) {
	for address, good := range map[string]bool{
		"8.8.8.8": true, "142.250.74.46": true, "2a00:1450:4001:80b::200e": true, "2606:4700::6810:84e5": true,
		"::ffff:8.8.8.8": true, "172.32.0.1": true, "100.128.0.1": true,

		"127.0.0.1": false, "127.8.8.8": false, "::1": false, "0.0.0.0": false, "0.1.2.3": false, "::": false,
		"10.0.0.1": false, "172.16.0.1": false, "172.31.255.255": false, "192.168.1.1": false, "fd00::1": false, "fc00::1": false,
		"169.254.169.254": false, "fe80::1": false, "fe80::1%eth0": false, "fec0::1": false,
		"100.64.0.1": false, "100.127.255.255": false, "192.0.0.8": false, "198.18.0.1": false, "192.0.2.1": false,
		"198.51.100.1": false, "203.0.113.1": false, "240.0.0.1": false, "255.255.255.255": false,
		"224.0.0.1": false, "239.1.1.1": false, "ff02::1": false, "ff0e::1": false,
		"::ffff:127.0.0.1": false, "::ffff:10.0.0.1": false, "::ffff:169.254.169.254": false, "::127.0.0.1": false,
		"64:ff9b::7f00:1": false, "64:ff9b:1::a00:1": false, "2002:7f00:1::": false, "2001:0:7f00:1::": false, "2001:db8::1": false,
	} {
		if got := public(netip.MustParseAddr(address)); got != good {
			t.Errorf("%s: %v", address, got)
		}
	}
	for _, address := range []string{"127.0.0.1:443", "[::1]:443", "[::ffff:10.0.0.1]:443", "nonsense"} {
		if onlyPublic("tcp", address, nil) == nil {
			t.Errorf("%s would be dialed", address)
		}
	}
}
