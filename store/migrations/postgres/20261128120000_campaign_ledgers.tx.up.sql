-- On SQLite what offers and deals take of a campaign's budget has a table of its own, and this
-- is the table of the rest. Here one table holds all, and the name serves the statements that
-- both databases share.
ALTER TABLE campaigns ALTER COLUMN committed SET DEFAULT 0, ALTER COLUMN held SET DEFAULT 0;

--bun:split

CREATE VIEW campaign_rows AS
SELECT id, sponsor_id, name, description, goals, category, niches, platforms, starts_at, ends_at,
    public, currency, budget, archived_at, settled_at, flagged_at, flag_reason, created_at, updated_at
FROM campaigns;
