-- When a mail is to be sent, and how often that was tried, is told by its job.
INSERT INTO jobs (kind, user_id, period, data, state, run_at, claim, attempts, outcome, created_at)
SELECT 'mail', COALESCE(user_id, ''), id, '{}', 'due', COALESCE(next_attempt_at, created_at), '', 0, '', created_at
FROM outbox WHERE state = 'queued';

--bun:split

DROP INDEX outbox_due;

--bun:split

-- Lists look for a part of the address, which this index is no help for.
DROP INDEX outbox_by_address;

--bun:split

ALTER TABLE outbox DROP COLUMN next_attempt_at;

--bun:split

ALTER TABLE outbox DROP COLUMN attempts;

--bun:split

ALTER TABLE outbox DROP COLUMN last_error;

--bun:split

-- Where its reader ends mails of its kind with one click; empty for mails that nobody
-- can do without.
ALTER TABLE outbox ADD COLUMN unsubscribe TEXT NOT NULL DEFAULT '';

--bun:split

CREATE TABLE outbox_attachments (
    mail_id    TEXT NOT NULL REFERENCES outbox (id),
    pos        BIGINT NOT NULL,
    name       TEXT NOT NULL,
    media_type TEXT NOT NULL,
    content_id TEXT NOT NULL, -- by which the HTML shows it; empty for one to be opened
    data       BYTEA NOT NULL,
    PRIMARY KEY (mail_id, pos)
);
