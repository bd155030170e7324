-- Where people have themselves told instead of by mail. The address and the secret are
-- sealed together: whoever knows a chat's address can write there.
CREATE TABLE webhooks (
    id         TEXT PRIMARY KEY,
    user_id    TEXT NOT NULL REFERENCES users (id),
    form       TEXT NOT NULL CHECK (form IN ('chat', 'signed')),
    name       TEXT NOT NULL,
    host       TEXT NOT NULL,    -- of the address, for lists
    target     BYTEA NOT NULL,
    failures   INTEGER NOT NULL, -- attempts in a row
    off_at     BIGINT,
    off_reason TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

--bun:split

CREATE INDEX webhooks_by_user ON webhooks (user_id, id);

--bun:split

-- What is to be said there; gone once it was delivered.
CREATE TABLE webhook_messages (
    id         TEXT PRIMARY KEY,
    webhook    TEXT NOT NULL REFERENCES webhooks (id),
    kind       TEXT NOT NULL,
    title      TEXT NOT NULL,
    body       TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

--bun:split

CREATE INDEX webhook_messages_by_webhook ON webhook_messages (webhook, id);
