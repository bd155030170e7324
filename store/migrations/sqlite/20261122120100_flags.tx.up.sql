-- Each time that something was put under review: the history of users, campaigns and rooms.
CREATE TABLE flags (
    id         TEXT PRIMARY KEY,
    kind       TEXT NOT NULL, -- user, campaign, room
    subject_id TEXT NOT NULL,
    reason     TEXT NOT NULL,
    begun_at   INTEGER NOT NULL,
    begun_by   TEXT NOT NULL,
    ended_at   INTEGER,
    ended_by   TEXT NOT NULL,
    end_note   TEXT NOT NULL,
    waiting    INTEGER NOT NULL CHECK (waiting >= 0) -- appeals that nobody has answered
);

--bun:split

-- A thing is under one review at a time.
CREATE UNIQUE INDEX flags_open ON flags (kind, subject_id) WHERE ended_at IS NULL;

--bun:split

CREATE INDEX flags_by_subject ON flags (kind, subject_id, id);

--bun:split

CREATE INDEX flags_in_force ON flags (id) WHERE ended_at IS NULL;

--bun:split

CREATE INDEX flags_waiting ON flags (id) WHERE waiting > 0;

--bun:split

-- Whom a review concerns. Each may answer it once.
CREATE TABLE flag_parties (
    flag_id     TEXT NOT NULL REFERENCES flags (id),
    user_id     TEXT NOT NULL,
    appeal      TEXT NOT NULL,
    appealed_at INTEGER,
    answer      TEXT NOT NULL,
    answered_at INTEGER,
    answered_by TEXT NOT NULL,
    outcome     TEXT NOT NULL CHECK (outcome IN ('', 'upheld', 'lifted')),
    PRIMARY KEY (flag_id, user_id)
) WITHOUT ROWID;

--bun:split

CREATE INDEX flag_parties_by_user ON flag_parties (user_id, flag_id);
