-- What admins did and what touches security, one entry after the other: at the end only,
-- each chained to the one before by its hash. Nothing here names a person other than by id.
CREATE TABLE audit_log (
    pos          BIGINT PRIMARY KEY, -- from 1, without gaps
    at           BIGINT NOT NULL,    -- never earlier than that of the entry before
    actor_id     TEXT NOT NULL,      -- '': nobody known, or the system itself
    action       TEXT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_id   TEXT NOT NULL,
    details      TEXT NOT NULL,      -- a JSON object
    addr         TEXT NOT NULL,      -- the network, not the address
    request_id   TEXT NOT NULL,
    hash         BYTEA NOT NULL
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

-- The end of the log: an entry that is cut off the end is missed by it. Its row is locked
-- by who appends.
CREATE TABLE audit_head (
    id   BIGINT PRIMARY KEY CHECK (id = 1),
    pos  BIGINT NOT NULL,
    at   BIGINT NOT NULL,
    hash BYTEA NOT NULL
);

--bun:split

INSERT INTO audit_head (id, pos, at, hash) VALUES (1, 0, 0, decode(repeat('00', 32), 'hex'));

--bun:split

CREATE FUNCTION audit_log_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'integrity_constraint_violation';
END
$$;

--bun:split

CREATE FUNCTION audit_log_grows_at_its_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.pos IS DISTINCT FROM (SELECT coalesce(max(pos), 0) + 1 FROM audit_log) THEN
        RAISE EXCEPTION 'the audit log grows at its end' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;

--bun:split

CREATE TRIGGER audit_log_no_change BEFORE UPDATE OR DELETE ON audit_log
FOR EACH ROW EXECUTE FUNCTION audit_log_append_only();

--bun:split

CREATE TRIGGER audit_log_no_truncate BEFORE TRUNCATE ON audit_log
FOR EACH STATEMENT EXECUTE FUNCTION audit_log_append_only();

--bun:split

CREATE TRIGGER audit_log_at_end BEFORE INSERT ON audit_log
FOR EACH ROW EXECUTE FUNCTION audit_log_grows_at_its_end();

--bun:split

CREATE TRIGGER audit_head_no_delete BEFORE DELETE ON audit_head
FOR EACH ROW EXECUTE FUNCTION audit_log_append_only();

--bun:split

CREATE TRIGGER audit_head_no_truncate BEFORE TRUNCATE ON audit_head
FOR EACH STATEMENT EXECUTE FUNCTION audit_log_append_only();

--bun:split

CREATE TRIGGER audit_head_forward BEFORE UPDATE ON audit_head
FOR EACH ROW WHEN (NEW.pos <> OLD.pos + 1) EXECUTE FUNCTION audit_log_append_only();
