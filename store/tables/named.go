package tables

import (
	"parley/rooms"
	"parley/store"
	"parley/store/admin"
	"parley/store/audit"
	"parley/store/flags"
	"parley/store/jobs"
	"parley/store/outbox"
)

// Names are the tables that a role may take away whole.
func Names(role rooms.Side) []string {
	if role == rooms.Admin {
		return []string{
			"users", "campaigns", "rooms", "deals", "flags", "audit", "mail", "jobs", "webhooks", "reports", "events",
		}
	}
	return []string{"deals"}
}

// Named is a whole table by its name, as a user of a role may see it at now.
func Named(s *store.Store, now rooms.Time, name, user string, role rooms.Side) (Table, bool) {
	if role != rooms.Admin {
		return Own(s, user, role), name == "deals"
	}
	switch name {
	case "users":
		return Users(s, admin.UserFilter{}), true
	case "campaigns":
		return Campaigns(s, now, admin.CampaignFilter{}), true
	case "rooms":
		return Rooms(s, admin.RoomFilter{}), true
	case "deals":
		return Deals(s), true
	case "flags":
		return Flags(s, flags.Filter{}), true
	case "audit":
		return Audit(s, audit.Filter{}), true
	case "mail":
		return Mail(s, outbox.Filter{}), true
	case "jobs":
		return Jobs(s, jobs.Filter{}), true
	case "webhooks":
		return Webhooks(s), true
	case "reports":
		return Reports(s), true
	case "events":
		return Events(s), true
	default:
		return Table{}, false
	}
}
