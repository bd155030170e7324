-- What influencers are filtered and sorted by. Numbers them in the index too.
CREATE TABLE influencer_docs (
    doc             INTEGER PRIMARY KEY,
    user_id         TEXT NOT NULL UNIQUE REFERENCES users (id) ON DELETE CASCADE,
    shown           BOOLEAN NOT NULL, -- approved, neither flagged nor deleted
    accepts_invites BOOLEAN NOT NULL,
    reach           INTEGER NOT NULL,
    engagement_bp   INTEGER NOT NULL, -- of all platforms, by their followers; 1 is 0.01 %
    active_at       INTEGER NOT NULL
);

--bun:split

-- One index for each order; those who are walked past are judged by it alone.
CREATE INDEX influencers_by_reach ON influencer_docs (reach, user_id, engagement_bp, accepts_invites) WHERE shown;

--bun:split

CREATE INDEX influencers_by_engagement ON influencer_docs (engagement_bp, user_id, reach, accepts_invites) WHERE shown;

--bun:split

CREATE INDEX influencers_by_activity ON influencer_docs (active_at, user_id, reach, engagement_bp, accepts_invites) WHERE shown;

--bun:split

-- Keeps no text of its own. The name holds the handles too.
CREATE VIRTUAL TABLE influencer_index USING fts5 (
    name, body, category, niches, platforms,
    content = '', contentless_delete = 1, prefix = '2 3 4', tokenize = 'unicode61 remove_diacritics 2'
);

--bun:split

-- Inserting an influencer's id here indexes them anew.
CREATE VIEW influencer_reindex AS SELECT user_id FROM profiles;

--bun:split

CREATE TRIGGER influencer_reindex_one INSTEAD OF INSERT ON influencer_reindex
BEGIN
    INSERT INTO influencer_docs (user_id, shown, accepts_invites, reach, engagement_bp, active_at)
    SELECT u.id, u.approved AND u.flagged_at IS NULL AND u.deleted_at IS NULL, p.accepts_invites, u.reach,
        (SELECT coalesce(sum(engagement_bp * followers) / nullif(sum(followers), 0), 0)
            FROM profile_platforms WHERE user_id = u.id),
        max(u.created_at, p.updated_at)
    FROM users u JOIN profiles p ON p.user_id = u.id WHERE u.id = NEW.user_id
    ON CONFLICT (user_id) DO UPDATE SET shown = EXCLUDED.shown, accepts_invites = EXCLUDED.accepts_invites,
        reach = EXCLUDED.reach, engagement_bp = EXCLUDED.engagement_bp, active_at = max(active_at, EXCLUDED.active_at);
    DELETE FROM influencer_index WHERE rowid = (SELECT doc FROM influencer_docs WHERE user_id = NEW.user_id);
    INSERT INTO influencer_index (rowid, name, body, category, niches, platforms)
    SELECT d.doc, u.name || ' ' || (SELECT coalesce(group_concat(handle, ' '), '') FROM profile_platforms WHERE user_id = u.id),
        p.bio, u.category, (SELECT coalesce(group_concat(value, ' '), '') FROM json_each(p.niches)),
        (SELECT coalesce(group_concat(platform, ' '), '') FROM profile_platforms WHERE user_id = u.id)
    FROM influencer_docs d JOIN users u ON u.id = d.user_id JOIN profiles p ON p.user_id = u.id
    WHERE d.user_id = NEW.user_id;
    INSERT INTO search_learn (text)
    SELECT u.name || ' ' || p.bio || ' ' || u.category || ' ' ||
        (SELECT coalesce(group_concat(value, ' '), '') FROM json_each(p.niches))
    FROM users u JOIN profiles p ON p.user_id = u.id WHERE u.id = NEW.user_id;
END;

--bun:split

CREATE TRIGGER profiles_index_new AFTER INSERT ON profiles
BEGIN
    INSERT INTO influencer_reindex (user_id) VALUES (NEW.user_id);
END;

--bun:split

CREATE TRIGGER profiles_index_changed AFTER UPDATE OF bio, niches, accepts_invites, updated_at ON profiles
BEGIN
    INSERT INTO influencer_reindex (user_id) VALUES (NEW.user_id);
END;

--bun:split

CREATE TRIGGER platforms_index_new AFTER INSERT ON profile_platforms
BEGIN
    INSERT INTO influencer_reindex (user_id) VALUES (NEW.user_id);
END;

--bun:split

CREATE TRIGGER platforms_index_changed AFTER UPDATE ON profile_platforms
BEGIN
    INSERT INTO influencer_reindex (user_id) VALUES (NEW.user_id);
END;

--bun:split

CREATE TRIGGER platforms_index_gone AFTER DELETE ON profile_platforms
BEGIN
    INSERT INTO influencer_reindex (user_id) VALUES (OLD.user_id);
END;

--bun:split

CREATE TRIGGER users_index_influencer AFTER UPDATE OF name, approved, flagged_at, deleted_at, category, reach ON users
WHEN NEW.role = 'influencer' AND (NEW.name, NEW.approved, NEW.flagged_at, NEW.deleted_at, NEW.category, NEW.reach)
    IS NOT (OLD.name, OLD.approved, OLD.flagged_at, OLD.deleted_at, OLD.category, OLD.reach)
BEGIN
    INSERT INTO influencer_reindex (user_id) VALUES (NEW.id);
END;

--bun:split

CREATE TRIGGER influencer_docs_gone BEFORE DELETE ON influencer_docs
BEGIN
    DELETE FROM influencer_index WHERE rowid = OLD.doc;
END;

--bun:split

INSERT INTO influencer_reindex (user_id) SELECT user_id FROM profiles ORDER BY user_id;

--bun:split

-- 1, 2, 5, 10 … : the steps to which fees are rounded before anybody sees them.
CREATE TABLE fee_steps (fee INTEGER PRIMARY KEY);

--bun:split

INSERT INTO fee_steps (fee)
WITH RECURSIVE tens (n) AS (SELECT 1 UNION ALL SELECT n * 10 FROM tens WHERE n < 1000000000000000)
SELECT 0 UNION SELECT n FROM tens UNION SELECT 2 * n FROM tens UNION SELECT 5 * n FROM tens;

--bun:split

-- What an influencer's deals in a currency cost, in minor units, in steps: the lowest
-- rounded down, the median down, the highest up. Kept for all, shown and searched from
-- three deals on, so that no single one is told.
CREATE TABLE influencer_fees (
    user_id  TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    currency TEXT NOT NULL,
    deals    INTEGER NOT NULL,
    low      INTEGER NOT NULL,
    typical  INTEGER NOT NULL,
    high     INTEGER NOT NULL,
    PRIMARY KEY (user_id, currency)
) WITHOUT ROWID;

--bun:split

CREATE INDEX influencer_fees_typical ON influencer_fees (currency, typical, user_id) WHERE deals >= 3;

--bun:split

-- Inserting an influencer and a currency here counts their deals anew.
CREATE VIEW influencer_recount AS SELECT user_id, currency FROM influencer_fees;

--bun:split

CREATE TRIGGER influencer_recount_one INSTEAD OF INSERT ON influencer_recount
BEGIN
    INSERT INTO influencer_fees (user_id, currency, deals, low, typical, high)
    SELECT NEW.user_id, NEW.currency, f.deals,
        (SELECT max(fee) FROM fee_steps WHERE fee <= f.lowest),
        (SELECT max(fee) FROM fee_steps WHERE fee <= (
            SELECT deal_fee FROM (
                SELECT deal_fee, row_number() OVER (ORDER BY deal_fee) AS place FROM ad_requests
                WHERE influencer_id = NEW.user_id AND currency = NEW.currency AND deal_seq > 0)
            WHERE place = (f.deals + 1) / 2)),
        (SELECT min(fee) FROM fee_steps WHERE fee >= f.highest)
    FROM (
        SELECT count(*) AS deals, min(deal_fee) AS lowest, max(deal_fee) AS highest FROM ad_requests
        WHERE influencer_id = NEW.user_id AND currency = NEW.currency AND deal_seq > 0
    ) AS f WHERE f.deals > 0
    ON CONFLICT (user_id, currency) DO UPDATE SET
        deals = EXCLUDED.deals, low = EXCLUDED.low, typical = EXCLUDED.typical, high = EXCLUDED.high;
END;

--bun:split

CREATE TRIGGER deals_count_new AFTER INSERT ON ad_requests WHEN NEW.deal_seq > 0
BEGIN
    INSERT INTO influencer_recount (user_id, currency) VALUES (NEW.influencer_id, NEW.currency);
END;

--bun:split

-- A deal is struck or amended; not every change of a room.
CREATE TRIGGER deals_count_changed AFTER UPDATE OF deal_seq ON ad_requests WHEN NEW.deal_seq <> OLD.deal_seq
BEGIN
    INSERT INTO influencer_recount (user_id, currency) VALUES (NEW.influencer_id, NEW.currency);
    UPDATE influencer_docs SET active_at = max(active_at, NEW.updated_at) WHERE user_id = NEW.influencer_id;
END;

--bun:split

INSERT INTO influencer_recount (user_id, currency)
SELECT DISTINCT influencer_id, currency FROM ad_requests WHERE deal_seq > 0;
