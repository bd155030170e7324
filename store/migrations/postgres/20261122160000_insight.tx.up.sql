-- What happened on each day (counted from the epoch, UTC), folded from the log of
-- events up to insight_fold.pos. It can be made anew from the log.
CREATE TABLE insight_days (
    kind TEXT NOT NULL,
    day  BIGINT NOT NULL,
    key  TEXT NOT NULL,
    n    BIGINT NOT NULL,
    PRIMARY KEY (kind, day, key)
);

--bun:split

CREATE TABLE insight_fold (
    id  INTEGER PRIMARY KEY CHECK (id = 1),
    pos BIGINT NOT NULL
);

--bun:split

INSERT INTO insight_fold (id, pos) VALUES (1, 0);

--bun:split

-- When each user was last here, to the hour.
CREATE TABLE activity (
    user_id TEXT PRIMARY KEY REFERENCES users (id),
    role    TEXT NOT NULL,
    seen_at BIGINT NOT NULL
);

--bun:split

CREATE INDEX activity_by_role ON activity (role, seen_at);

--bun:split

-- The running instances; one that has not been heard of for a while has ended.
CREATE TABLE instances (
    id          TEXT PRIMARY KEY,
    started_at  BIGINT NOT NULL,
    seen_at     BIGINT NOT NULL,
    connections BIGINT NOT NULL
);
