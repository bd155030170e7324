package api

import (
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"

	"parley/rooms"
	"parley/store/audit"
)

// Version is that of the API. Within one, fields are only added.
const Version = "1.0.0"

// apiRoutes registers the REST API; its description is made from the routes.
func (s *Server) apiRoutes() {
	cfg := huma.DefaultConfig("Parley", Version)
	cfg.Info.Description = "Negotiations between sponsors and influencers. Live events and the same commands " +
		"travel over the WebSocket at /ws. Times are RFC 3339 in UTC, dates YYYY-MM-DD, money whole minor units " +
		"of an ISO 4217 currency. A command's id is a ULID made by the client: the same id with the same content " +
		"always has the same result."
	cfg.OpenAPIPath = "/api/openapi"
	cfg.DocsPath, cfg.SchemasPath = "", ""
	cfg.CreateHooks = nil // no $schema links in answers
	cfg.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"cookie": {
			Type: "apiKey", In: "cookie", Name: cookieName,
			Description: "With https its name is " + cookieNameSecure,
		},
		"bearer": {Type: "http", Scheme: "bearer"},
	}
	cfg.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	describe(cfg.Components.Schemas)
	s.api = humafiber.New(s.app, cfg)
	s.api.UseMiddleware(s.admit)
	s.authRoutes()
	s.campaignRoutes()
	s.insightRoutes()
	s.statisticsRoutes()
	s.openRoutes()
	s.inviteManyRoutes()
	s.searchRoutes()
	s.savedRoutes()
	s.exportRoutes()
	s.reportRoutes()
	s.roomRoutes()
	s.partyRoutes()
	s.adminRoutes()
	s.profileRoutes()
	s.pictureRoutes()
	s.noticeRoutes()
	s.recoveryRoutes()
	s.accountRoutes()
	s.accountSessionRoutes()
	s.accountFactorRoutes()
	s.approvalRoutes()
	s.ownFlagRoutes()
	s.preferenceRoutes()
	s.webhookRoutes()
}

// schemaName names a type's schema as clients should see it.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	if t.Implements(reflect.TypeFor[rooms.Payload]()) {
		return name + "Data" // of an event
	}
	for _, suffix := range []string{"View", "Shape"} {
		if short, ok := strings.CutSuffix(name, suffix); ok {
			return short
		}
	}
	return strings.TrimSuffix(strings.Replace(name, "InputBody", "Request", 1), "OutputBody")
}

// bodyOf is a request body that is decoded by hand but described as a schema.
func bodyOf(schema string) *huma.RequestBody {
	return &huma.RequestBody{
		Required: true,
		Content:  map[string]*huma.MediaType{mediaJSON: {Schema: schemaRef(schema)}},
	}
}

// The types of the rules that encode themselves are described by these.
type (
	areaText     string
	currencyText string
	statusText   string
	sectionText  string
	hashText     string
	sourceText   string
	authorTexts  map[string]string
	offerShape   struct {
		Seq       int64       `json:"seq"`
		Author    rooms.Side  `json:"author" enum:"sponsor,influencer"`
		Number    int         `json:"number" doc:"Counts the author's offers in this room since its last deal"`
		Limit     int         `json:"limit"`
		Final     bool        `json:"final" doc:"Whether it is the last one its author may put"`
		Terms     rooms.Terms `json:"terms"`
		TermsHash rooms.Hash  `json:"terms_hash"`
		ExpiresAt rooms.Time  `json:"expires_at"`
		Amends    int64       `json:"amends,omitempty" minimum:"1" doc:"The deal in force that it would replace"`
	}
)

func enumOf[T ~string](values ...T) []any {
	out := make([]any, len(values))
	for i, v := range values {
		out[i] = string(v)
	}
	return out
}

func sectionNames() []any {
	var names []any
	for s := rooms.SectionFee; s <= rooms.SectionNote; s++ {
		names = append(names, s.String())
	}
	return names
}

// Schema implements huma.SchemaProvider.
func (currencyText) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Pattern: "^[A-Z]{3}$", Description: "ISO 4217 code"}
}

// Schema implements huma.SchemaProvider.
func (areaText) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Enum: enumOf(audit.Areas()...), Description: "The action's part before its point"}
}

// Schema implements huma.SchemaProvider.
func (statusText) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Enum: enumOf(
		rooms.Invited, rooms.Applied, rooms.Negotiating, rooms.Agreed, rooms.Completed,
		rooms.StatusDeclined, rooms.StatusWithdrawn, rooms.StatusExpired, rooms.StatusClosed)}
}

// Schema implements huma.SchemaProvider.
func (sectionText) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Enum: sectionNames()}
}

// Schema implements huma.SchemaProvider.
func (hashText) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Pattern: "^[0-9a-f]{64}$", Description: "SHA-256 in hexadecimal digits"}
}

// Schema implements huma.SchemaProvider.
func (sourceText) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Enum: enumOf(
		rooms.SourceRoom, rooms.SourceCampaign, rooms.SourceSponsor, rooms.SourceInfluencer)}
}

// Schema implements huma.SchemaProvider.
func (authorTexts) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		Type: huma.TypeObject, Description: "Which side wrote a section first",
		AdditionalProperties: &huma.Schema{Type: huma.TypeString, Enum: enumOf(rooms.Sponsor, rooms.Influencer)},
	}
}

// describe adds the schemas of the rules: terms, offers, events and commands.
func describe(r huma.Registry) {
	alias := func(of, as reflect.Type) { r.RegisterTypeAlias(of, as) }
	alias(reflect.TypeFor[rooms.Time](), reflect.TypeFor[time.Time]())
	alias(reflect.TypeFor[rooms.Currency](), reflect.TypeFor[currencyText]())
	alias(reflect.TypeFor[rooms.Status](), reflect.TypeFor[statusText]())
	alias(reflect.TypeFor[audit.Area](), reflect.TypeFor[areaText]())
	alias(reflect.TypeFor[rooms.Code](), reflect.TypeFor[codeText]())
	alias(reflect.TypeFor[rooms.ProblemCode](), reflect.TypeFor[problemText]())
	alias(reflect.TypeFor[rooms.Sections](), reflect.TypeFor[[]sectionText]())
	alias(reflect.TypeFor[rooms.SectionAuthors](), reflect.TypeFor[authorTexts]())
	alias(reflect.TypeFor[rooms.FreezeSource](), reflect.TypeFor[sourceText]())
	alias(reflect.TypeFor[rooms.Hash](), reflect.TypeFor[hashText]())
	alias(reflect.TypeFor[rooms.Offer](), reflect.TypeFor[offerShape]())

	add(r, reflect.TypeFor[Error]())
	describeTerms(r)
	add(r, reflect.TypeFor[rooms.Delivery]())
	describeCommands(r)
	describeEvents(r)

	add(r, reflect.TypeFor[snapshotView]())
	orNull(r, "Snapshot", "standing", "deal")
	add(r, reflect.TypeFor[summaryView]())
	orNull(r, "Summary", "standing", "deal")
	add(r, reflect.TypeFor[whoView]())
	orNull(r, "Who", "user")
}

// add describes a type and returns its schema.
func add(r huma.Registry, t reflect.Type) *huma.Schema {
	return r.SchemaFromRef(r.Schema(t, true, "").Ref)
}

// orNull lets properties be null as well.
func orNull(r huma.Registry, schema string, names ...string) {
	properties := r.Map()[schema].Properties
	for _, name := range names {
		properties[name] = &huma.Schema{OneOf: []*huma.Schema{properties[name], {Type: "null"}}}
	}
}

func describeTerms(r huma.Registry) {
	terms := add(r, reflect.TypeFor[rooms.Terms]())
	all := r.Map()
	all["Deliverable"].Properties["platform"].Enum = enumOf(rooms.Platforms...)
	all["Deliverable"].Properties["links"].MaxItems = intPtr(5)
	all["Deliverable"].Properties["links"].Items.MaxLength = intPtr(300)
	all["UsageRights"].Properties["channels"].Items.Enum = enumOf(rooms.Platforms...)
	terms.Properties["deliverables"].MinItems = intPtr(1)
	terms.Properties["deliverables"].MaxItems = intPtr(20)
	terms.Properties["payment"].MaxItems = intPtr(6)
	for _, s := range []*huma.Schema{
		terms.Properties["deliverables"], terms.Properties["payment"], terms.Properties["locked"],
		all["Deliverable"].Properties["links"], all["UsageRights"].Properties["channels"],
	} {
		s.Nullable = false // lists are left out or given, never null
	}

	patch := &huma.Schema{
		Type: huma.TypeObject, Properties: make(map[string]*huma.Schema), AdditionalProperties: false,
		Description: "What is absent is inherited from the room's last offer; null removes an optional section. " +
			"A room's first offer needs fee and deliverables.",
	}
	for name, schema := range terms.Properties {
		switch name {
		case "fee", "deliverables", "locked":
			patch.Properties[name] = schema
		default:
			patch.Properties[name] = &huma.Schema{OneOf: []*huma.Schema{schema, {Type: "null"}}}
		}
	}
	all["TermsPatch"] = patch
}

func intPtr(n int) *int { return &n }

func floatPtr(n float64) *float64 { return &n }

// invitationsSchema has what an invitation has, for several influencers.
func invitationsSchema(one *huma.Schema) *huma.Schema {
	each := &huma.Schema{
		Type: huma.TypeObject, AdditionalProperties: false, Required: []string{"id", "influencer"},
		Properties: map[string]*huma.Schema{"id": one.Properties["id"], "influencer": one.Properties["influencer"]},
	}
	many := &huma.Schema{
		Type: huma.TypeObject, AdditionalProperties: false, Required: []string{"invitations"},
		Properties: map[string]*huma.Schema{"invitations": {
			Type: huma.TypeArray, Items: each, MinItems: intPtr(1), MaxItems: intPtr(maxInvitations),
		}},
	}
	for _, name := range []string{"terms", "expires_in", "message"} {
		many.Properties[name] = one.Properties[name]
	}
	return many
}

// describeCommands describes the bodies that decode reads.
func describeCommands(r huma.Registry) {
	all := r.Map()
	cmid := &huma.Schema{
		Type: huma.TypeString, Pattern: "^[0-7][0-9A-HJKMNP-TV-Z]{25}$",
		Description: "A ULID made by the client. The same id with the same content has the same result.",
	}
	lifetime := &huma.Schema{
		Type: huma.TypeInteger, Format: "int64", Description: "Seconds; by default 48 hours",
		Minimum: floatPtr(rooms.MinLifetime.Seconds()), Maximum: floatPtr(rooms.MaxLifetime.Seconds()),
	}
	textOf := func(most int) *huma.Schema { return &huma.Schema{Type: huma.TypeString, MaxLength: intPtr(most)} }
	property := func(kind, name string) *huma.Schema {
		switch name {
		case "id":
			return cmid
		case "terms":
			return schemaRef("TermsPatch")
		case "offer_seq", "deal_seq", "delivery_seq":
			return &huma.Schema{Type: huma.TypeInteger, Format: "int64", Minimum: floatPtr(1)}
		case "terms_hash":
			return r.Schema(reflect.TypeFor[rooms.Hash](), true, "")
		case "expires_in":
			return lifetime
		case "text", "message":
			return textOf(4000)
		case "influencer":
			return &huma.Schema{Type: huma.TypeString, Description: "A user id"}
		case "deliverable":
			return &huma.Schema{
				Type: huma.TypeInteger, Minimum: floatPtr(0), Maximum: floatPtr(19),
				Description: "Its place in the deal's terms, from 0",
			}
		case "links":
			return &huma.Schema{
				Type: huma.TypeArray, MinItems: intPtr(1), MaxItems: intPtr(20),
				Items: &huma.Schema{Type: huma.TypeString, Format: "uri", MaxLength: intPtr(300)},
			}
		case "reason":
			switch kind {
			case "return":
				return textOf(1000)
			case "decline":
				return &huma.Schema{Type: huma.TypeString, Enum: enumOf(rooms.DeclineReasons...)}
			}
			return textOf(500)
		default: // note
			return textOf(500)
		}
	}
	object := func(kind string, must, may []string) *huma.Schema {
		o := &huma.Schema{
			Type: huma.TypeObject, Properties: make(map[string]*huma.Schema), AdditionalProperties: false,
			Required: append([]string{"id"}, must...),
		}
		for _, names := range [][]string{{"id"}, must, may} {
			for _, name := range names {
				o.Properties[name] = property(kind, name)
			}
		}
		return o
	}
	all["Invitation"] = object("open", []string{"influencer"}, []string{"terms", "expires_in", "message"})
	all["Invitations"] = invitationsSchema(all["Invitation"])
	all["Application"] = object("open", nil, []string{"terms", "expires_in", "message"})

	union := &huma.Schema{Discriminator: &huma.Discriminator{PropertyName: "type", Mapping: make(map[string]string)}}
	for _, known := range shapes {
		kind, shape := known.kind, known.shape
		if shape.must&commandFields != commandFields { // not stored
			continue
		}
		// The decoder's own table, so that the two cannot differ.
		var must, may []string
		for _, name := range []string{"terms", "offer_seq", "terms_hash", "reason", "note", "text", "expires_in",
			"deal_seq", "deliverable", "delivery_seq", "links"} {
			switch field := fieldByName(name); {
			case shape.must&field != 0:
				must = append(must, name)
			case shape.may&field != 0:
				may = append(may, name)
			}
		}
		o := object(kind, must, may)
		o.Properties["type"] = &huma.Schema{Type: huma.TypeString, Enum: []any{kind}}
		o.Required = append(o.Required, "type")
		name := capitalized(kind) + "Command"
		all[name] = o
		union.OneOf = append(union.OneOf, schemaRef(name))
		union.Discriminator.Mapping[kind] = schemaRef(name).Ref
	}
	all["Command"] = union

	all["CommandResult"] = &huma.Schema{
		Type: huma.TypeObject, AdditionalProperties: false, Required: []string{"id", "ok", "seq", "at"},
		Properties: map[string]*huma.Schema{
			"id":        {Type: huma.TypeString},
			"ok":        {Type: huma.TypeBoolean, Enum: []any{true}},
			"seq":       {Type: huma.TypeInteger, Format: "int64", Description: "The event's number in the room"},
			"at":        {Type: huma.TypeString, Format: "date-time"},
			"duplicate": {Type: huma.TypeBoolean, Description: "The command had been answered before"},
		},
	}
}

// describeEvents describes a room's log and the admin's feed.
func describeEvents(r huma.Registry) {
	all := r.Map()
	offer := add(r, reflect.TypeFor[rooms.Offer]())
	put := *offer
	put.Properties = map[string]*huma.Schema{"supersedes": {
		Type: huma.TypeInteger, Format: "int64", Description: "The offer that this one counters",
	}}
	for name, schema := range offer.Properties {
		put.Properties[name] = schema
	}
	all["OfferData"] = &put

	union := &huma.Schema{Discriminator: &huma.Discriminator{PropertyName: "type", Mapping: make(map[string]string)}}
	for _, payload := range []rooms.Payload{
		rooms.Opened{}, rooms.OfferPut{}, rooms.Accepted{}, rooms.Declined{}, rooms.Withdrawn{}, rooms.Cancelled{},
		rooms.Reopened{}, rooms.Expired{}, rooms.Message{}, rooms.Frozen{}, rooms.Unfrozen{}, rooms.Closed{},
		rooms.Delivered{}, rooms.Confirmed{}, rooms.Returned{}, rooms.Completion{},
	} {
		kind := string(payload.Type())
		data := schemaRef("OfferData")
		if payload.Type() != rooms.TypeOffer {
			data = r.Schema(reflect.TypeOf(payload), true, "")
		}
		name := capitalized(kind) + "Event"
		all[name] = &huma.Schema{
			Type: huma.TypeObject, AdditionalProperties: false,
			Required: []string{"room", "seq", "type", "at", "by", "data"},
			Properties: map[string]*huma.Schema{
				"room": {Type: huma.TypeString},
				"seq":  {Type: huma.TypeInteger, Format: "int64", Minimum: floatPtr(1)},
				"type": {Type: huma.TypeString, Enum: []any{kind}},
				"at":   {Type: huma.TypeString, Format: "date-time"},
				"by": {
					Type: huma.TypeObject, AdditionalProperties: false, Required: []string{"side"},
					Properties: map[string]*huma.Schema{
						"id": {Type: huma.TypeString},
						"side": {Type: huma.TypeString, Enum: enumOf(
							rooms.Sponsor, rooms.Influencer, rooms.Admin, rooms.System)},
					},
				},
				"data": data,
			},
		}
		union.OneOf = append(union.OneOf, schemaRef(name))
		union.Discriminator.Mapping[kind] = schemaRef(name).Ref
	}
	all["Event"] = union
	for _, s := range []*huma.Schema{
		all["AcceptedData"].Properties["kept"], all["DeliveredData"].Properties["links"], all["Delivery"].Properties["links"],
	} {
		s.Nullable = false // lists are left out or given, never null
	}

	page := func(item *huma.Schema) *huma.Schema {
		return &huma.Schema{
			Type: huma.TypeObject, AdditionalProperties: false, Required: []string{"items"},
			Properties: map[string]*huma.Schema{"items": {Type: huma.TypeArray, Items: item}},
		}
	}
	all["EventPage"] = page(schemaRef("Event"))
	all["FeedItem"] = &huma.Schema{
		Type: huma.TypeObject, AdditionalProperties: false, Required: []string{"seq", "type", "data", "context"},
		Properties: map[string]*huma.Schema{
			"seq":  {Type: huma.TypeInteger, Format: "int64", Description: "Counts the events of all rooms, without gaps"},
			"type": {Type: huma.TypeString, Enum: []any{"event"}},
			"data": schemaRef("Event"),
			"context": {
				Type: huma.TypeObject, AdditionalProperties: false, Required: []string{"campaign", "sponsor", "influencer"},
				Properties: map[string]*huma.Schema{
					"campaign": {Type: huma.TypeString}, "sponsor": {Type: huma.TypeString}, "influencer": {Type: huma.TypeString},
				},
			},
		},
	}
	feed := page(schemaRef("FeedItem"))
	feed.Required = append(feed.Required, "head", "searched", "rooms")
	feed.Properties["searched"] = &huma.Schema{
		Type: huma.TypeInteger, Format: "int64", Description: "Down to this number was looked for; from here on with before",
	}
	feed.Properties["rooms"] = &huma.Schema{
		Type: huma.TypeArray, Items: schemaRef("AdminRoom"), Description: "The rooms of these events, with names",
	}
	feed.Properties["head"] = &huma.Schema{Type: huma.TypeInteger, Format: "int64", Description: "The newest number"}
	all["FeedPage"] = feed
}

func capitalized(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
