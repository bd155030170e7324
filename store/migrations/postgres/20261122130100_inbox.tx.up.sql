-- A user's rooms in the order of their last change, without an index over what every
-- event changes: an entry of it would move with each, and on some databases all other
-- indexes with it. The day of the last change moves once a day; within a day the few
-- rooms are sorted.
ALTER TABLE ad_requests ADD COLUMN active_day BIGINT NOT NULL DEFAULT 0; -- updated_at in whole days

--bun:split

UPDATE ad_requests SET active_day = updated_at / 86400000000;

--bun:split

CREATE INDEX ad_requests_recent_by_sponsor ON ad_requests (sponsor_id, active_day DESC);

--bun:split

CREATE INDEX ad_requests_recent_by_influencer ON ad_requests (influencer_id, active_day DESC);

--bun:split

CREATE INDEX ad_requests_recent ON ad_requests (active_day DESC);

--bun:split

DROP INDEX ad_requests_by_sponsor;

--bun:split

DROP INDEX ad_requests_by_influencer;

--bun:split

CREATE FUNCTION ad_requests_day() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.active_day := NEW.updated_at / 86400000000;
    RETURN NEW;
END $$;

--bun:split

CREATE TRIGGER ad_requests_day BEFORE INSERT OR UPDATE ON ad_requests
FOR EACH ROW WHEN (NEW.active_day <> NEW.updated_at / 86400000000) EXECUTE FUNCTION ad_requests_day();
