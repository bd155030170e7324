-- A trusted extension: whoever may create objects in the database may create it.
CREATE EXTENSION IF NOT EXISTS pg_trgm;

--bun:split

-- The platforms that a campaign wants content on, a JSON list of texts.
ALTER TABLE campaigns ADD COLUMN platforms TEXT NOT NULL DEFAULT '[]';

--bun:split

-- What anybody may find, in each order in which it is listed.
CREATE INDEX campaigns_open ON campaigns (id)
WHERE public AND archived_at IS NULL AND flagged_at IS NULL;

--bun:split

CREATE INDEX campaigns_open_by_end ON campaigns (ends_at, id)
WHERE public AND archived_at IS NULL AND flagged_at IS NULL;

--bun:split

CREATE INDEX campaigns_open_by_budget ON campaigns (currency, budget, id)
WHERE public AND archived_at IS NULL AND flagged_at IS NULL;

--bun:split

-- The words that typing errors are corrected to. A word stays when the text that it
-- came from has gone: it then finds nothing and is not offered.
CREATE TABLE search_terms (term TEXT PRIMARY KEY);

--bun:split

CREATE INDEX search_terms_grams ON search_terms USING gin (term gin_trgm_ops);

--bun:split

-- The functions are PL/pgSQL where SQL would do: it keeps their plans.
-- Lower case needs to know of letters beyond ASCII, which the C locale does not.
DO $do$
DECLARE
    lowered text := 'lower($1)';
BEGIN
    IF EXISTS (SELECT 1 FROM pg_collation WHERE collname = 'und-x-icu' AND collnamespace = 'pg_catalog'::regnamespace) THEN
        lowered := 'lower($1 COLLATE pg_catalog."und-x-icu")';
    END IF;
    EXECUTE 'CREATE FUNCTION search_fold(text) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$ BEGIN RETURN'
        ' normalize(regexp_replace(normalize(' || lowered || ', NFD), ''[\u0300-\u036f]'', '''', ''g''), NFC); END $$';
END
$do$;

--bun:split

-- The words of a text, without accents and in lower case. What parts words is named,
-- for classes of characters depend on the locale.
CREATE FUNCTION search_words(content text) RETURNS text[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RETURN ARRAY(SELECT DISTINCT left(w, 64) FROM regexp_split_to_table(search_fold(content),
        '[\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00a9\u00ab-\u00b1\u00b4\u00b6-\u00b8\u00bb\u00bf\u00d7\u00f7\u2000-\u206f\u20a0-\u20cf\u2100-\u214f\u2190-\u2bff\u3000-\u3004\u3008-\u3020\u3030\ufe00-\ufe0f\uff01-\uff0f\U0001f000-\U0001faff]+'
    ) AS w WHERE w <> '');
END
$$;

--bun:split

-- Words as lexemes of a kind: what is found by name, category, niche or platform alone
-- carries a mark.
CREATE FUNCTION search_lexemes(mark text, words text[]) RETURNS text[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RETURN ARRAY(SELECT mark || w FROM unnest(words) AS w);
END
$$;

--bun:split

CREATE FUNCTION search_list(list text) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RETURN (SELECT coalesce(string_agg(value, ' '), '') FROM jsonb_array_elements_text(list::jsonb) AS value);
END
$$;

--bun:split

CREATE FUNCTION search_learn(words text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO search_terms (term)
    SELECT w FROM unnest(words) AS w
    WHERE length(w) BETWEEN 3 AND 32 AND NOT EXISTS (SELECT 1 FROM search_terms known WHERE known.term = w)
    ORDER BY w ON CONFLICT DO NOTHING;
END
$$;

--bun:split

-- Beside the campaign's row, which is written with every offer.
CREATE TABLE campaign_index (
    campaign_id TEXT PRIMARY KEY REFERENCES campaigns (id) ON DELETE CASCADE,
    lexemes     TSVECTOR NOT NULL
);

--bun:split

CREATE INDEX campaign_index_lexemes ON campaign_index USING gin (lexemes);

--bun:split

CREATE FUNCTION campaign_reindex(campaign campaigns) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    sponsor text := (SELECT name FROM users WHERE id = campaign.sponsor_id);
    niches text := search_list(campaign.niches);
    platforms text[] := search_words(search_list(campaign.platforms));
    words text[] := search_words(concat_ws(' ',
        campaign.name, campaign.description, campaign.goals, sponsor, campaign.category, niches));
BEGIN
    INSERT INTO campaign_index (campaign_id, lexemes)
    VALUES (campaign.id, array_to_tsvector(words || platforms || search_lexemes('=', search_words(campaign.name)) ||
        search_lexemes('c:', search_words(campaign.category)) || search_lexemes('n:', search_words(niches)) ||
        search_lexemes('p:', platforms)))
    ON CONFLICT (campaign_id) DO UPDATE SET lexemes = EXCLUDED.lexemes;
    PERFORM search_learn(words);
END
$$;

--bun:split

CREATE FUNCTION campaigns_index() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM campaign_reindex(NEW);
    RETURN NULL;
END
$$;

--bun:split

CREATE TRIGGER campaigns_index_new AFTER INSERT ON campaigns
FOR EACH ROW EXECUTE FUNCTION campaigns_index();

--bun:split

-- Not of what deals and offers change: the ledger is written all the time.
CREATE TRIGGER campaigns_index_changed AFTER UPDATE OF name, description, goals, category, niches, platforms ON campaigns
FOR EACH ROW EXECUTE FUNCTION campaigns_index();

--bun:split

CREATE FUNCTION users_index_campaigns() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM campaign_reindex(c) FROM campaigns c WHERE c.sponsor_id = NEW.id;
    RETURN NULL;
END
$$;

--bun:split

CREATE TRIGGER users_index_campaigns AFTER UPDATE OF name ON users
FOR EACH ROW WHEN (NEW.role = 'sponsor' AND NEW.name <> OLD.name) EXECUTE FUNCTION users_index_campaigns();

--bun:split

SELECT campaign_reindex(c) FROM campaigns c ORDER BY c.id;

--bun:split

CREATE TABLE saved_searches (
    id         TEXT PRIMARY KEY,
    user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind       TEXT NOT NULL CHECK (kind IN ('campaigns', 'influencers')),
    name       TEXT NOT NULL,
    query      TEXT NOT NULL, -- as in the address of the search
    created_at BIGINT NOT NULL
);

--bun:split

CREATE INDEX saved_searches_by_user ON saved_searches (user_id, kind, id);
