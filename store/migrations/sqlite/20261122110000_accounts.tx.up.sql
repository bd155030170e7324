-- What an account is beyond its name and its password.

ALTER TABLE users ADD COLUMN verified_at INTEGER; -- when the address was confirmed

--bun:split

-- Of a sponsor: company or individual, and the industry.
ALTER TABLE users ADD COLUMN kind TEXT NOT NULL DEFAULT '';

--bun:split

ALTER TABLE users ADD COLUMN industry TEXT NOT NULL DEFAULT '';

--bun:split

-- An admin has refused to approve, and why.
ALTER TABLE users ADD COLUMN refused_at INTEGER;

--bun:split

ALTER TABLE users ADD COLUMN refuse_reason TEXT NOT NULL DEFAULT '';

--bun:split

ALTER TABLE users ADD COLUMN deleted_at INTEGER;

--bun:split

CREATE INDEX users_waiting ON users (id) WHERE NOT approved AND refused_at IS NULL AND deleted_at IS NULL;

--bun:split

ALTER TABLE sessions ADD COLUMN seen_at INTEGER NOT NULL DEFAULT 0; -- a coarse time

--bun:split

ALTER TABLE sessions ADD COLUMN agent TEXT NOT NULL DEFAULT ''; -- a coarse name of the program

--bun:split

-- Secrets that were sent by mail, as hashes. Each works once.
CREATE TABLE tickets (
    token_hash BLOB PRIMARY KEY,
    user_id    TEXT NOT NULL REFERENCES users (id),
    purpose    TEXT NOT NULL, -- verify, reset, email
    email      TEXT NOT NULL, -- the address that the secret was sent to
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) WITHOUT ROWID;

--bun:split

CREATE INDEX tickets_by_user ON tickets (user_id, purpose);

--bun:split

-- Browsers that a person has logged in from before.
CREATE TABLE devices (
    token_hash BLOB NOT NULL,
    user_id    TEXT NOT NULL REFERENCES users (id),
    seen_at    INTEGER NOT NULL,
    PRIMARY KEY (token_hash, user_id)
) WITHOUT ROWID;

--bun:split

CREATE INDEX devices_by_user ON devices (user_id);

--bun:split

-- The second factor of an account.
CREATE TABLE second_factors (
    user_id      TEXT PRIMARY KEY REFERENCES users (id),
    secret       BLOB NOT NULL, -- sealed where the server has a key
    created_at   INTEGER NOT NULL,
    confirmed_at INTEGER,           -- NULL until a first code was right
    last_step    INTEGER NOT NULL   -- of the last code that was taken; no code counts twice
) WITHOUT ROWID;

--bun:split

CREATE TABLE recovery_codes (
    user_id   TEXT NOT NULL REFERENCES users (id),
    code_hash BLOB NOT NULL,
    PRIMARY KEY (user_id, code_hash)
) WITHOUT ROWID;

--bun:split

-- Mail that is to be sent or was.
CREATE TABLE outbox (
    id              TEXT PRIMARY KEY,
    dedup_key       TEXT NOT NULL UNIQUE, -- the cause: it is queued once
    kind            TEXT NOT NULL,
    user_id         TEXT REFERENCES users (id), -- NULL for an address without an account
    address         TEXT NOT NULL,
    subject         TEXT NOT NULL,
    body_text       TEXT NOT NULL,
    body_html       TEXT NOT NULL,
    message_id      TEXT NOT NULL, -- of all attempts to send it
    state           TEXT NOT NULL, -- queued, sent, failed
    attempts        INTEGER NOT NULL,
    next_attempt_at INTEGER,        -- NULL when there is none
    last_error      TEXT NOT NULL,
    created_at      INTEGER NOT NULL,
    sent_at         INTEGER
);

--bun:split

CREATE INDEX outbox_due ON outbox (next_attempt_at) WHERE next_attempt_at IS NOT NULL;

--bun:split

CREATE INDEX outbox_by_user ON outbox (user_id, id);

--bun:split

CREATE TABLE notices (
    id         TEXT PRIMARY KEY,
    user_id    TEXT NOT NULL REFERENCES users (id),
    kind       TEXT NOT NULL,
    data       TEXT NOT NULL, -- a JSON object
    created_at INTEGER NOT NULL,
    read_at    INTEGER
);

--bun:split

CREATE INDEX notices_by_user ON notices (user_id, id);

--bun:split

CREATE INDEX notices_unread ON notices (user_id) WHERE read_at IS NULL;
