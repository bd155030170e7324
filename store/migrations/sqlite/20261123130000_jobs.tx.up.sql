-- What is due: one row for each thing that is to happen once.
CREATE TABLE jobs (
    id          INTEGER PRIMARY KEY,
    kind        TEXT NOT NULL,
    user_id     TEXT NOT NULL,  -- empty where it is nobody's
    period      TEXT NOT NULL,  -- which one of its kind: a day, a month, an id
    data        TEXT NOT NULL,  -- a JSON object
    state       TEXT NOT NULL,  -- due, running, done, failed, cancelled
    run_at      INTEGER,        -- when it is due, or until when it is claimed; NULL once it is over
    claim       TEXT NOT NULL,  -- who runs it; empty for nobody
    attempts    INTEGER NOT NULL,
    outcome     TEXT NOT NULL,  -- what came of it, or the last error
    created_at  INTEGER NOT NULL,
    finished_at INTEGER,
    UNIQUE (kind, user_id, period)
);

--bun:split

CREATE INDEX jobs_open ON jobs (kind, run_at) WHERE run_at IS NOT NULL;

--bun:split

CREATE INDEX jobs_claimed ON jobs (claim) WHERE claim <> '';

--bun:split

CREATE INDEX jobs_by_state ON jobs (state, id);

--bun:split

CREATE INDEX jobs_by_user ON jobs (user_id, kind, id) WHERE user_id <> '';

--bun:split

-- Kinds whose jobs wait until an admin lets them go on.
CREATE TABLE job_pauses (
    kind      TEXT PRIMARY KEY,
    paused_at INTEGER NOT NULL
) WITHOUT ROWID;

--bun:split

-- How far something that goes through a list has come.
CREATE TABLE job_marks (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) WITHOUT ROWID;
