-- What offers and deals take of a campaign's budget stands in a narrow table of its own, as
-- the heads of ad requests do: nearly every offer changes it. campaigns is the view of both,
-- to be read; campaign_rows is what is written.
CREATE TABLE campaign_ledgers (
    n         INTEGER PRIMARY KEY,
    budget    INTEGER NOT NULL, -- that of the row, for the check
    committed INTEGER NOT NULL,
    held      INTEGER NOT NULL,
    CHECK (committed >= 0 AND held >= 0 AND committed + held <= budget)
);

--bun:split

INSERT INTO campaign_ledgers (n, budget, committed, held) SELECT rowid, budget, committed, held FROM campaigns;

--bun:split

-- The check goes with the columns that it names: SQLite drops no column that a check of the
-- table names, and changes a check in its text alone. The new name has the text read again.
PRAGMA writable_schema = ON;

--bun:split

UPDATE sqlite_schema SET sql = replace(sql, 'CHECK (committed >= 0 AND held >= 0 AND committed + held <= budget)', 'CHECK (budget >= 0)')
WHERE type = 'table' AND name = 'campaigns';

--bun:split

PRAGMA writable_schema = OFF;

--bun:split

ALTER TABLE campaigns RENAME TO campaign_rows;

--bun:split

ALTER TABLE campaign_rows DROP COLUMN committed;

--bun:split

ALTER TABLE campaign_rows DROP COLUMN held;

--bun:split

-- The row's ledger: its n. A rowid would not do, as VACUUM may give rows others.
ALTER TABLE campaign_rows ADD COLUMN n INTEGER NOT NULL DEFAULT 0;

--bun:split

UPDATE campaign_rows SET n = rowid;

--bun:split

CREATE TRIGGER campaign_ledgers_new AFTER INSERT ON campaign_rows
BEGIN
    INSERT INTO campaign_ledgers (budget, committed, held) VALUES (NEW.budget, 0, 0);
    UPDATE campaign_rows SET n = last_insert_rowid() WHERE id = NEW.id;
END;

--bun:split

CREATE TRIGGER campaign_ledgers_budget AFTER UPDATE OF budget ON campaign_rows
BEGIN
    UPDATE campaign_ledgers SET budget = NEW.budget WHERE n = NEW.n;
END;

--bun:split

CREATE TRIGGER campaign_ledgers_gone AFTER DELETE ON campaign_rows
BEGIN
    DELETE FROM campaign_ledgers WHERE n = OLD.n;
END;

--bun:split

-- A left join, though each row has a ledger: SQLite leaves it out where nothing of the ledger
-- is asked for. Aggregates need campaign_rows itself for that.
CREATE VIEW campaigns AS
SELECT c.n, c.id, c.sponsor_id, c.name, c.description, c.goals, c.category, c.niches, c.platforms, c.starts_at, c.ends_at,
    c.public, c.currency, c.budget, l.committed, l.held, c.archived_at, c.settled_at, c.flagged_at, c.flag_reason,
    c.created_at, c.updated_at
FROM campaign_rows AS c LEFT JOIN campaign_ledgers AS l ON l.n = c.n;
