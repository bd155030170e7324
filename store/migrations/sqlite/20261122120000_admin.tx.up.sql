-- What admins did and what touches security, one entry after the other: at the end only,
-- each chained to the one before by its hash. Nothing here names a person other than by id.
CREATE TABLE audit_log (
    pos          INTEGER PRIMARY KEY, -- from 1, without gaps
    at           INTEGER NOT NULL,    -- never earlier than that of the entry before
    actor_id     TEXT NOT NULL,       -- '': nobody known, or the system itself
    action       TEXT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_id   TEXT NOT NULL,
    details      TEXT NOT NULL,       -- a JSON object
    addr         TEXT NOT NULL,       -- the network, not the address
    request_id   TEXT NOT NULL,
    hash         BLOB NOT NULL
);

--bun:split

CREATE INDEX audit_log_by_actor ON audit_log (actor_id, pos);

--bun:split

CREATE INDEX audit_log_by_action ON audit_log (action, pos);

--bun:split

CREATE INDEX audit_log_by_subject ON audit_log (subject_kind, subject_id, pos);

--bun:split

CREATE INDEX audit_log_by_time ON audit_log (at, pos);

--bun:split

-- The end of the log: an entry that is cut off the end is missed by it.
CREATE TABLE audit_head (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    pos  INTEGER NOT NULL,
    at   INTEGER NOT NULL,
    hash BLOB NOT NULL
);

--bun:split

INSERT INTO audit_head (id, pos, at, hash) VALUES (1, 0, 0, zeroblob(32));

--bun:split

CREATE TRIGGER audit_log_no_update BEFORE UPDATE ON audit_log
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;

--bun:split

CREATE TRIGGER audit_log_no_delete BEFORE DELETE ON audit_log
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;

--bun:split

-- Also keeps REPLACE, which deletes without the trigger above, from taking an entry's place.
CREATE TRIGGER audit_log_at_end BEFORE INSERT ON audit_log
WHEN NEW.pos IS NOT (SELECT coalesce(max(pos), 0) + 1 FROM audit_log)
BEGIN
    SELECT RAISE(ABORT, 'the audit log grows at its end');
END;

--bun:split

CREATE TRIGGER audit_head_no_delete BEFORE DELETE ON audit_head
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;

--bun:split

CREATE TRIGGER audit_head_forward BEFORE UPDATE ON audit_head
WHEN NEW.pos <> OLD.pos + 1
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
