-- Tables that somebody asked for. How far the work is, is told by its job.
CREATE TABLE exports (
    id         TEXT PRIMARY KEY,
    user_id    TEXT NOT NULL REFERENCES users (id),
    name       TEXT NOT NULL,    -- of the table
    bom        BOOLEAN NOT NULL,
    next       TEXT NOT NULL,    -- the cursor of the next page; the file's parts end before it
    rows       INTEGER NOT NULL, -- written
    total      INTEGER NOT NULL, -- to be written, as counted at the beginning
    parts      INTEGER NOT NULL,
    bytes      INTEGER NOT NULL, -- of the file, not packed
    created_at INTEGER NOT NULL,
    ready_at   INTEGER,
    expires_at INTEGER
);

--bun:split

CREATE INDEX exports_by_user ON exports (user_id, id);

--bun:split

-- Each part is a gzip member: one after the other they are a gzip file.
CREATE TABLE export_parts (
    export_id TEXT NOT NULL REFERENCES exports (id),
    n         INTEGER NOT NULL,
    data      BLOB NOT NULL,
    PRIMARY KEY (export_id, n)
) WITHOUT ROWID;
