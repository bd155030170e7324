-- What influencers are filtered and sorted by.
CREATE TABLE influencer_docs (
    user_id         TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    shown           BOOLEAN NOT NULL, -- approved, neither flagged nor deleted
    accepts_invites BOOLEAN NOT NULL,
    reach           BIGINT NOT NULL,
    engagement_bp   BIGINT NOT NULL, -- of all platforms, by their followers; 1 is 0.01 %
    active_at       BIGINT NOT NULL
);

--bun:split

-- One index for each order; those who are walked past are judged by it alone.
CREATE INDEX influencers_by_reach ON influencer_docs (reach, user_id, engagement_bp, accepts_invites) WHERE shown;

--bun:split

CREATE INDEX influencers_by_engagement ON influencer_docs (engagement_bp, user_id, reach, accepts_invites) WHERE shown;

--bun:split

CREATE INDEX influencers_by_activity ON influencer_docs (active_at, user_id, reach, engagement_bp, accepts_invites) WHERE shown;

--bun:split

-- The name holds the handles too.
CREATE TABLE influencer_index (
    user_id TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    lexemes TSVECTOR NOT NULL
);

--bun:split

CREATE INDEX influencer_index_lexemes ON influencer_index USING gin (lexemes);

--bun:split

CREATE FUNCTION influencer_reindex(influencer text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    u users;
    p profiles;
    platform_names text;
    handles text;
    engagement bigint;
    niches text;
    platforms text[];
    words text[];
BEGIN
    SELECT * INTO u FROM users WHERE id = influencer;
    SELECT * INTO p FROM profiles WHERE user_id = influencer;
    IF u.id IS NULL OR p.user_id IS NULL THEN
        RETURN;
    END IF;
    SELECT coalesce(string_agg(platform, ' '), ''), coalesce(string_agg(handle, ' '), ''),
        coalesce((sum(engagement_bp * followers) / nullif(sum(followers), 0))::bigint, 0)
    INTO platform_names, handles, engagement FROM profile_platforms WHERE user_id = influencer;
    niches := search_list(p.niches);
    platforms := search_words(platform_names);
    words := search_words(concat_ws(' ', u.name, p.bio, u.category, niches));
    INSERT INTO influencer_docs AS d (user_id, shown, accepts_invites, reach, engagement_bp, active_at)
    VALUES (u.id, u.approved AND u.flagged_at IS NULL AND u.deleted_at IS NULL, p.accepts_invites, u.reach, engagement,
        greatest(u.created_at, p.updated_at))
    ON CONFLICT (user_id) DO UPDATE SET shown = EXCLUDED.shown, accepts_invites = EXCLUDED.accepts_invites,
        reach = EXCLUDED.reach, engagement_bp = EXCLUDED.engagement_bp, active_at = greatest(d.active_at, EXCLUDED.active_at);
    INSERT INTO influencer_index (user_id, lexemes)
    VALUES (u.id, array_to_tsvector(words || search_words(handles) || platforms ||
        search_lexemes('=', search_words(u.name || ' ' || handles)) || search_lexemes('c:', search_words(u.category)) ||
        search_lexemes('n:', search_words(niches)) || search_lexemes('p:', platforms)))
    ON CONFLICT (user_id) DO UPDATE SET lexemes = EXCLUDED.lexemes;
    PERFORM search_learn(words);
END
$$;

--bun:split

CREATE FUNCTION profiles_index() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM influencer_reindex(CASE TG_OP WHEN 'DELETE' THEN OLD.user_id ELSE NEW.user_id END);
    RETURN NULL;
END
$$;

--bun:split

CREATE FUNCTION users_index_influencer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM influencer_reindex(NEW.id);
    RETURN NULL;
END
$$;

--bun:split

CREATE TRIGGER profiles_index_new AFTER INSERT ON profiles
FOR EACH ROW EXECUTE FUNCTION profiles_index();

--bun:split

CREATE TRIGGER profiles_index_changed AFTER UPDATE OF bio, niches, accepts_invites, updated_at ON profiles
FOR EACH ROW EXECUTE FUNCTION profiles_index();

--bun:split

CREATE TRIGGER platforms_index AFTER INSERT OR UPDATE OR DELETE ON profile_platforms
FOR EACH ROW EXECUTE FUNCTION profiles_index();

--bun:split

CREATE TRIGGER users_index_influencer AFTER UPDATE OF name, approved, flagged_at, deleted_at, category, reach ON users
FOR EACH ROW WHEN (NEW.role = 'influencer' AND (NEW.name, NEW.approved, NEW.flagged_at, NEW.deleted_at, NEW.category, NEW.reach)
    IS DISTINCT FROM (OLD.name, OLD.approved, OLD.flagged_at, OLD.deleted_at, OLD.category, OLD.reach))
EXECUTE FUNCTION users_index_influencer();

--bun:split

SELECT influencer_reindex(user_id) FROM profiles ORDER BY user_id;

--bun:split

-- 1, 2, 5, 10 … : the steps to which fees are rounded before anybody sees them.
CREATE TABLE fee_steps (fee BIGINT PRIMARY KEY);

--bun:split

INSERT INTO fee_steps (fee)
SELECT 0 UNION SELECT k * (10::numeric ^ n)::bigint FROM generate_series(0, 15) AS n, unnest(ARRAY[1, 2, 5]) AS k;

--bun:split

-- What an influencer's deals in a currency cost, in minor units, in steps: the lowest
-- rounded down, the median down, the highest up. Kept for all, shown and searched from
-- three deals on, so that no single one is told.
CREATE TABLE influencer_fees (
    user_id  TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    currency TEXT NOT NULL,
    deals    BIGINT NOT NULL,
    low      BIGINT NOT NULL,
    typical  BIGINT NOT NULL,
    high     BIGINT NOT NULL,
    PRIMARY KEY (user_id, currency)
);

--bun:split

CREATE INDEX influencer_fees_typical ON influencer_fees (currency, typical, user_id) WHERE deals >= 3;

--bun:split

CREATE FUNCTION influencer_recount(influencer text, money text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO influencer_fees (user_id, currency, deals, low, typical, high)
    SELECT influencer, money, f.deals,
        (SELECT max(fee) FROM fee_steps WHERE fee <= f.lowest),
        (SELECT max(fee) FROM fee_steps WHERE fee <= f.median),
        (SELECT min(fee) FROM fee_steps WHERE fee >= f.highest)
    FROM (
        SELECT count(*) AS deals, min(deal_fee) AS lowest, max(deal_fee) AS highest,
            percentile_disc(0.5) WITHIN GROUP (ORDER BY deal_fee) AS median
        FROM ad_requests WHERE influencer_id = influencer AND currency = money AND deal_seq > 0
    ) AS f WHERE f.deals > 0
    ON CONFLICT (user_id, currency) DO UPDATE SET
        deals = EXCLUDED.deals, low = EXCLUDED.low, typical = EXCLUDED.typical, high = EXCLUDED.high;
END
$$;

--bun:split

CREATE FUNCTION deals_count() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM influencer_recount(NEW.influencer_id, NEW.currency);
    UPDATE influencer_docs SET active_at = NEW.updated_at WHERE user_id = NEW.influencer_id AND active_at < NEW.updated_at;
    RETURN NULL;
END
$$;

--bun:split

CREATE TRIGGER deals_count_new AFTER INSERT ON ad_requests
FOR EACH ROW WHEN (NEW.deal_seq > 0) EXECUTE FUNCTION deals_count();

--bun:split

-- A deal is struck or amended; not every change of a room.
CREATE TRIGGER deals_count_changed AFTER UPDATE OF deal_seq ON ad_requests
FOR EACH ROW WHEN (NEW.deal_seq <> OLD.deal_seq) EXECUTE FUNCTION deals_count();

--bun:split

SELECT influencer_recount(influencer_id, currency)
FROM (SELECT DISTINCT influencer_id, currency FROM ad_requests WHERE deal_seq > 0) AS d;
