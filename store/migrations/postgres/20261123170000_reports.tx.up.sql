-- Reports on a month, as they were made last.
CREATE TABLE reports (
    user_id  TEXT NOT NULL REFERENCES users (id),
    month    TEXT NOT NULL,    -- 2026-10
    made_at  BIGINT NOT NULL,
    complete BOOLEAN NOT NULL, -- the month was over
    summary  TEXT NOT NULL,    -- a JSON object, for lists
    pdf      BYTEA NOT NULL,
    PRIMARY KEY (user_id, month)
);
