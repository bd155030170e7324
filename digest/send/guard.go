package send

import (
	"errors"
	"fmt"
	"net/netip"
	"syscall"
)

// errNotPublic says that an address is not one of the public internet.
var errNotPublic = errors.New("the address is not public")

// notPublic are the networks of no public server, as the registries of special addresses
// of IANA list them, beyond what netip tells itself. Those of IPv6 are within 2000::/3,
// outside of which nothing is public.
var notPublic = prefixes(
	"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24",
	"203.0.113.0/24", "240.0.0.0/4",
	"2001::/23",     // Teredo and others, which hold IPv4 addresses
	"2001:db8::/32", // documentation
	"2002::/16",     // 6to4, which holds IPv4 addresses
	"3fff::/20",     // documentation
)

var publicIPv6 = netip.MustParsePrefix("2000::/3")

func prefixes(list ...string) []netip.Prefix {
	parsed := make([]netip.Prefix, len(list))
	for i, s := range list {
		parsed[i] = netip.MustParsePrefix(s)
	}
	return parsed
}

// public tells whether an address is one of the public internet.
func public(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.Is6() && !publicIPv6.Contains(a) {
		return false
	}
	for _, p := range notPublic {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// onlyPublic is a net.Dialer's Control. It sees the address that is about to be dialed,
// after any name was resolved, so that no name server can change it afterwards.
func onlyPublic(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: %w", errNotPublic, err)
	}
	if !public(at.Addr()) {
		return errNotPublic
	}
	return nil
}
