-- What people want to be told, when and where. Who has no row has the defaults.
CREATE TABLE preferences (
    user_id    TEXT PRIMARY KEY REFERENCES users (id),
    zone       TEXT NOT NULL,    -- of the IANA database
    hour       INTEGER NOT NULL CHECK (hour BETWEEN 0 AND 23),
    muted      INTEGER NOT NULL, -- a bit for each topic that they do not want
    webhook    TEXT NOT NULL,    -- to which they are told; empty for mail
    changed_at INTEGER NOT NULL
) WITHOUT ROWID;

--bun:split

-- Those whose evening it is.
CREATE INDEX preferences_by_evening ON preferences (zone, hour, user_id);

--bun:split

CREATE INDEX preferences_by_change ON preferences (changed_at);

--bun:split

-- Signs the links by which mails are ended, which hold for ever.
CREATE TABLE unsubscribe_key (
    id  INTEGER PRIMARY KEY CHECK (id = 1),
    key BLOB NOT NULL
);

--bun:split

INSERT INTO unsubscribe_key (id, key) VALUES (1, randomblob(32));
