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
CREATE TABLE search_terms (
    id   INTEGER PRIMARY KEY,
    term TEXT NOT NULL UNIQUE
);

--bun:split

CREATE VIRTUAL TABLE search_grams USING fts5 (
    term, content = 'search_terms', content_rowid = 'id', tokenize = 'trigram remove_diacritics 1'
);

--bun:split

CREATE TRIGGER search_terms_grams AFTER INSERT ON search_terms
BEGIN
    INSERT INTO search_grams (rowid, term) VALUES (NEW.id, NEW.term);
END;

--bun:split

-- Inserting a text here learns its words.
CREATE VIEW search_learn AS SELECT '' AS text;

--bun:split

CREATE TRIGGER search_learn_words INSTEAD OF INSERT ON search_learn
BEGIN
    INSERT INTO search_terms (term)
    SELECT DISTINCT lower(trim(value, '.,;:!?()[]{}<>"''`’‘“”„…–—&#@*+=|~_%$^'))
    FROM json_each('[' || replace(json_quote(replace(replace(replace(replace(replace(
        NEW.text, char(9), ' '), char(10), ' '), char(13), ' '), '/', ' '), '-', ' ')), ' ', '","') || ']')
    WHERE length(value) BETWEEN 3 AND 32
        AND length(trim(value, '.,;:!?()[]{}<>"''`’‘“”„…–—&#@*+=|~_%$^')) >= 3
    ON CONFLICT DO NOTHING;
END;

--bun:split

-- Numbers the campaigns in the index; the numbers outlive a VACUUM, as those of the
-- rows of campaigns do not.
CREATE TABLE campaign_docs (
    doc         INTEGER PRIMARY KEY,
    campaign_id TEXT NOT NULL UNIQUE REFERENCES campaigns (id) ON DELETE CASCADE
);

--bun:split

-- Keeps no text of its own. The prefixes are those of words that somebody is typing.
CREATE VIRTUAL TABLE campaign_index USING fts5 (
    name, body, category, niches, platforms,
    content = '', contentless_delete = 1, prefix = '2 3 4', tokenize = 'unicode61 remove_diacritics 2'
);

--bun:split

-- Inserting a campaign's id here indexes it anew.
CREATE VIEW campaign_reindex AS SELECT id AS campaign_id FROM campaigns;

--bun:split

CREATE TRIGGER campaign_reindex_one INSTEAD OF INSERT ON campaign_reindex
BEGIN
    INSERT INTO campaign_docs (campaign_id) VALUES (NEW.campaign_id) ON CONFLICT DO NOTHING;
    DELETE FROM campaign_index WHERE rowid = (SELECT doc FROM campaign_docs WHERE campaign_id = NEW.campaign_id);
    INSERT INTO campaign_index (rowid, name, body, category, niches, platforms)
    SELECT d.doc, c.name, c.description || ' ' || c.goals || ' ' || u.name, c.category,
        (SELECT coalesce(group_concat(value, ' '), '') FROM json_each(c.niches)),
        (SELECT coalesce(group_concat(value, ' '), '') FROM json_each(c.platforms))
    FROM campaigns c JOIN campaign_docs d ON d.campaign_id = c.id JOIN users u ON u.id = c.sponsor_id
    WHERE c.id = NEW.campaign_id;
    INSERT INTO search_learn (text)
    SELECT c.name || ' ' || c.description || ' ' || c.goals || ' ' || u.name || ' ' || c.category || ' ' ||
        (SELECT coalesce(group_concat(value, ' '), '') FROM json_each(c.niches))
    FROM campaigns c JOIN users u ON u.id = c.sponsor_id WHERE c.id = NEW.campaign_id;
END;

--bun:split

CREATE TRIGGER campaigns_index_new AFTER INSERT ON campaigns
BEGIN
    INSERT INTO campaign_reindex (campaign_id) VALUES (NEW.id);
END;

--bun:split

-- Not of what deals and offers change: the ledger is written all the time.
CREATE TRIGGER campaigns_index_changed AFTER UPDATE OF name, description, goals, category, niches, platforms ON campaigns
BEGIN
    INSERT INTO campaign_reindex (campaign_id) VALUES (NEW.id);
END;

--bun:split

CREATE TRIGGER campaigns_index_gone BEFORE DELETE ON campaigns
BEGIN
    DELETE FROM campaign_index WHERE rowid = (SELECT doc FROM campaign_docs WHERE campaign_id = OLD.id);
END;

--bun:split

CREATE TRIGGER users_index_campaigns AFTER UPDATE OF name ON users
WHEN NEW.role = 'sponsor' AND NEW.name <> OLD.name
BEGIN
    INSERT INTO campaign_reindex (campaign_id) SELECT id FROM campaigns WHERE sponsor_id = NEW.id;
END;

--bun:split

INSERT INTO campaign_reindex (campaign_id) SELECT id FROM campaigns ORDER BY id;

--bun:split

CREATE TABLE saved_searches (
    id         TEXT PRIMARY KEY,
    user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind       TEXT NOT NULL CHECK (kind IN ('campaigns', 'influencers')),
    name       TEXT NOT NULL,
    query      TEXT NOT NULL, -- as in the address of the search
    created_at INTEGER NOT NULL
) WITHOUT ROWID;

--bun:split

CREATE INDEX saved_searches_by_user ON saved_searches (user_id, kind, id);
