-- What an influencer shows to everybody. The name, the category and the reach are
-- those of the user's row; the reach is the sum of the platforms' followers as soon as
-- there is one, and users.niche the first of the niches.
CREATE TABLE profiles (
    user_id         TEXT PRIMARY KEY REFERENCES users (id),
    slug            TEXT NOT NULL UNIQUE, -- lower case; the user's id until one is chosen
    bio             TEXT NOT NULL,
    niches          TEXT NOT NULL,        -- a JSON list of texts
    accepts_invites BOOLEAN NOT NULL,
    picture         TEXT NOT NULL,        -- pictures.picture, or empty
    updated_at      INTEGER NOT NULL
) WITHOUT ROWID;

--bun:split

CREATE TABLE profile_platforms (
    user_id       TEXT NOT NULL REFERENCES profiles (user_id) ON DELETE CASCADE,
    platform      TEXT NOT NULL,
    handle        TEXT NOT NULL,
    followers     INTEGER NOT NULL CHECK (followers >= 0),
    engagement_bp INTEGER NOT NULL CHECK (engagement_bp BETWEEN 0 AND 10000), -- 1 is 0.01 %
    PRIMARY KEY (user_id, platform, handle)
) WITHOUT ROWID;

--bun:split

CREATE INDEX profile_platforms_by_size ON profile_platforms (platform, followers DESC, user_id);

--bun:split

-- What a sponsor shows to those whom it invites.
CREATE TABLE sponsor_cards (
    user_id    TEXT PRIMARY KEY REFERENCES users (id),
    kind       TEXT NOT NULL CHECK (kind IN ('company', 'individual')),
    industry   TEXT NOT NULL,
    about      TEXT NOT NULL,
    picture    TEXT NOT NULL, -- pictures.picture, or empty
    updated_at INTEGER NOT NULL
) WITHOUT ROWID;

--bun:split

-- A user's current picture in each of its sizes.
CREATE TABLE pictures (
    user_id TEXT NOT NULL REFERENCES users (id),
    size    INTEGER NOT NULL, -- pixels a side
    picture TEXT NOT NULL,    -- names the content: the same for all sizes of a picture
    type    TEXT NOT NULL,    -- media type
    body    BLOB NOT NULL,
    PRIMARY KEY (user_id, size)
);

--bun:split

CREATE INDEX pictures_by_content ON pictures (picture, size);

--bun:split

INSERT INTO profiles (user_id, slug, bio, niches, accepts_invites, picture, updated_at)
SELECT id, lower(id), '', CASE WHEN niche = '' THEN '[]' ELSE json_array(niche) END, TRUE, '', created_at
FROM users WHERE role = 'influencer';

--bun:split

INSERT INTO sponsor_cards (user_id, kind, industry, about, picture, updated_at)
SELECT id, 'company', '', '', '', created_at FROM users WHERE role = 'sponsor';

--bun:split

-- However a user comes to be, the row that they show is there with them.
CREATE TRIGGER users_get_profile AFTER INSERT ON users WHEN NEW.role = 'influencer'
BEGIN
    INSERT INTO profiles (user_id, slug, bio, niches, accepts_invites, picture, updated_at)
    VALUES (NEW.id, lower(NEW.id), '', CASE WHEN NEW.niche = '' THEN '[]' ELSE json_array(NEW.niche) END,
            TRUE, '', NEW.created_at);
END;

--bun:split

CREATE TRIGGER users_get_card AFTER INSERT ON users WHEN NEW.role = 'sponsor'
BEGIN
    INSERT INTO sponsor_cards (user_id, kind, industry, about, picture, updated_at)
    VALUES (NEW.id, 'company', '', '', '', NEW.created_at);
END;
