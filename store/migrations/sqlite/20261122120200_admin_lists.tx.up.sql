-- What an admin's lists find their rows by. Lists are in the order of ids, newest first.
CREATE INDEX users_newest_by_role ON users (role, id);

--bun:split

CREATE INDEX users_flagged ON users (id) WHERE flagged_at IS NOT NULL;

--bun:split

CREATE INDEX users_by_name ON users (lower(name));

--bun:split

CREATE INDEX campaigns_flagged ON campaigns (id) WHERE flagged_at IS NOT NULL;

--bun:split

CREATE INDEX campaigns_archived ON campaigns (id) WHERE archived_at IS NOT NULL;

--bun:split

CREATE INDEX campaigns_by_name ON campaigns (lower(name));

--bun:split

CREATE INDEX ad_requests_by_status ON ad_requests (status, id);

--bun:split

CREATE INDEX ad_requests_frozen ON ad_requests (id) WHERE frozen <> 0;

--bun:split

CREATE INDEX outbox_by_state ON outbox (state, id);

--bun:split

CREATE INDEX outbox_by_address ON outbox (address);
