-- What happened in somebody's rooms that they are to be told of by mail, unless they read
-- it first: a row for each room and sort of thing, however often it happened.
CREATE TABLE news (
    user_id TEXT NOT NULL REFERENCES users (id),
    room_id TEXT NOT NULL REFERENCES ad_requests (id),
    what    TEXT NOT NULL,
    seq     INTEGER NOT NULL, -- of the last time
    n       INTEGER NOT NULL, -- how often
    PRIMARY KEY (user_id, room_id, what)
) WITHOUT ROWID;

--bun:split

-- When somebody was told last, and when they are to be told next; NULL where nothing
-- waits. There is one job for them at a time.
CREATE TABLE news_told (
    user_id TEXT PRIMARY KEY REFERENCES users (id),
    told_at INTEGER NOT NULL, -- 0: never
    due_at  INTEGER
) WITHOUT ROWID;

--bun:split

-- What happened before there was such mail is told to nobody.
INSERT INTO job_marks (name, value) SELECT 'tell', MAX(pos) FROM events HAVING MAX(pos) > 0;
