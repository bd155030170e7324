-- Times are microseconds since the Unix epoch, amounts minor units of a currency.

CREATE TABLE meta (
    id      BIGINT PRIMARY KEY CHECK (id = 1),
    -- Names the history of this database; a restore changes it.
    epoch   TEXT NOT NULL,
    -- Counts the writers' transactions; its row is their lock.
    version BIGINT NOT NULL DEFAULT 0,
    -- Counts those that changed rooms other than by events.
    touches BIGINT NOT NULL DEFAULT 0
);

--bun:split

CREATE TABLE users (
    id            TEXT PRIMARY KEY,
    email         TEXT NOT NULL UNIQUE,
    name          TEXT NOT NULL,
    role          TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    approved      BOOLEAN NOT NULL,
    flagged_at    BIGINT,
    flag_reason   TEXT NOT NULL,
    category      TEXT NOT NULL,
    niche         TEXT NOT NULL,
    reach         BIGINT NOT NULL,
    created_at    BIGINT NOT NULL
);

--bun:split

CREATE INDEX users_by_role ON users (role, reach DESC, id);

--bun:split

CREATE TABLE sessions (
    token_hash BYTEA PRIMARY KEY,
    user_id    TEXT NOT NULL REFERENCES users (id),
    kind       TEXT NOT NULL,
    name       TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

--bun:split

CREATE INDEX sessions_by_user ON sessions (user_id);

--bun:split

CREATE TABLE sponsor_budgets (
    user_id  TEXT NOT NULL REFERENCES users (id),
    currency TEXT NOT NULL,
    amount   BIGINT NOT NULL CHECK (amount > 0),
    PRIMARY KEY (user_id, currency)
);

--bun:split

CREATE TABLE campaigns (
    id          TEXT PRIMARY KEY,
    sponsor_id  TEXT NOT NULL REFERENCES users (id),
    name        TEXT NOT NULL,
    description TEXT NOT NULL,
    goals       TEXT NOT NULL,
    category    TEXT NOT NULL,
    niches      TEXT NOT NULL, -- a JSON list of texts
    starts_at   BIGINT NOT NULL,
    ends_at     BIGINT NOT NULL,
    public      BOOLEAN NOT NULL,
    currency    TEXT NOT NULL,
    budget      BIGINT NOT NULL,
    committed   BIGINT NOT NULL,
    held        BIGINT NOT NULL,
    archived_at BIGINT,
    -- When its rooms were closed after its end.
    settled_at  BIGINT,
    flagged_at  BIGINT,
    flag_reason TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    CHECK (committed >= 0 AND held >= 0 AND committed + held <= budget)
);

--bun:split

CREATE INDEX campaigns_by_sponsor ON campaigns (sponsor_id, id);

--bun:split

CREATE INDEX campaigns_unsettled ON campaigns (ends_at) WHERE settled_at IS NULL;

--bun:split

-- One row a room. What its events say is folded here; the terms of its last
-- offer are in the event at last_offer_pos.
CREATE TABLE ad_requests (
    id                TEXT PRIMARY KEY,
    campaign_id       TEXT NOT NULL REFERENCES campaigns (id),
    sponsor_id        TEXT NOT NULL REFERENCES users (id),
    influencer_id     TEXT NOT NULL REFERENCES users (id),
    currency          TEXT NOT NULL,
    opened_by         TEXT NOT NULL,
    offer_limit       BIGINT NOT NULL,
    status            TEXT NOT NULL,
    ended_by          TEXT NOT NULL,
    close_reason      TEXT NOT NULL,
    frozen            BIGINT NOT NULL, -- a bit each source
    frozen_at         BIGINT NOT NULL, -- 0: not frozen
    seq               BIGINT NOT NULL,
    head              BYTEA NOT NULL,    -- hash of the event seq
    stands            BIGINT NOT NULL CHECK (stands IN (0, 1)),
    last_offer_seq    BIGINT NOT NULL, -- 0: none
    last_offer_pos    BIGINT NOT NULL, -- where its event is
    last_author       TEXT NOT NULL,
    last_fee          BIGINT NOT NULL,
    last_expires_at   BIGINT NOT NULL, -- a thaw moves it: the row is the truth
    deal_seq          BIGINT NOT NULL, -- 0: none
    deal_pos          BIGINT NOT NULL,
    deal_author       TEXT NOT NULL,
    deal_fee          BIGINT NOT NULL,
    deal_expires_at   BIGINT NOT NULL,
    offers_sponsor    BIGINT NOT NULL,
    offers_influencer BIGINT NOT NULL,
    authors           TEXT NOT NULL,    -- s, i or - for each section of the terms
    read_sponsor      BIGINT NOT NULL,
    read_influencer   BIGINT NOT NULL,
    last_pos          BIGINT NOT NULL,
    updated_at        BIGINT NOT NULL,
    -- A standing offer is looked at for expiry no later than this. It lags behind
    -- last_expires_at, so that a counter need not move an entry of the index.
    check_at          BIGINT,
    UNIQUE (campaign_id, influencer_id)
)
-- Room for the new version of a row beside the old one: no index moves.
WITH (fillfactor = 70);

--bun:split

CREATE INDEX ad_requests_by_sponsor ON ad_requests (sponsor_id);

--bun:split

CREATE INDEX ad_requests_by_influencer ON ad_requests (influencer_id);

--bun:split

CREATE INDEX ad_requests_due ON ad_requests (check_at) WHERE check_at IS NOT NULL;

--bun:split

-- The log of all rooms. An index over (room, seq) would write a page of its own for
-- nearly every event; instead each event names the one before it in its room, and
-- every 32nd is marked, so that any part of a room's log is found in a few steps
-- from the next mark or from the room's last event. The update of the room's row,
-- which names the seq that it follows, keeps the numbers unique.
CREATE TABLE events (
    pos     BIGINT PRIMARY KEY, -- over all rooms, in commit order, without gaps
    prev    BIGINT NOT NULL,    -- pos of the room's event before, 0 for the first
    room_id TEXT NOT NULL,
    seq     BIGINT NOT NULL,
    type    TEXT NOT NULL,
    at      BIGINT NOT NULL,
    hash    BYTEA NOT NULL,
    body    BYTEA NOT NULL        -- the canonical bytes
);

--bun:split

CREATE TABLE event_marks (
    room_id TEXT NOT NULL,
    seq     BIGINT NOT NULL,
    pos     BIGINT NOT NULL,
    PRIMARY KEY (room_id, seq)
);

--bun:split

-- The answer to each command, for the life of its room. A client's ids grow with
-- time, so the key's order keeps new rows together.
CREATE TABLE commands (
    cmid        TEXT NOT NULL,
    room_id     TEXT NOT NULL,
    fingerprint BYTEA NOT NULL,
    seq         BIGINT NOT NULL,
    at          BIGINT NOT NULL,
    refusal     TEXT, -- JSON; NULL where the command was taken
    PRIMARY KEY (cmid, room_id)
);
