-- What every event changes of an ad request stands in a narrow table of its own: SQLite
-- writes a changed row, and its page, whole. ad_requests is the view of both, to be read.
DROP TRIGGER deals_count_changed;

--bun:split

ALTER TABLE ad_requests RENAME TO ad_request_rows;

--bun:split

CREATE TABLE ad_request_heads (
    n                 INTEGER PRIMARY KEY,
    -- seq of the row that this one has replaced: who writes names what it follows.
    follows           INTEGER NOT NULL,
    seq               INTEGER NOT NULL,
    head              BLOB NOT NULL,    -- hash of the event seq
    stands            INTEGER NOT NULL CHECK (stands IN (0, 1)),
    last_offer_seq    INTEGER NOT NULL, -- 0: none
    last_offer_pos    INTEGER NOT NULL, -- where its event is
    last_author       TEXT NOT NULL,
    last_fee          INTEGER NOT NULL,
    last_expires_at   INTEGER NOT NULL, -- a thaw moves it: the row is the truth
    offers_sponsor    INTEGER NOT NULL,
    offers_influencer INTEGER NOT NULL,
    read_sponsor      INTEGER NOT NULL,
    read_influencer   INTEGER NOT NULL,
    last_pos          INTEGER NOT NULL,
    updated_at        INTEGER NOT NULL
);

--bun:split

INSERT INTO ad_request_heads (n, follows, seq, head, stands, last_offer_seq, last_offer_pos, last_author, last_fee,
    last_expires_at, offers_sponsor, offers_influencer, read_sponsor, read_influencer, last_pos, updated_at)
SELECT rowid, seq, seq, head, stands, last_offer_seq, last_offer_pos, last_author, last_fee,
    last_expires_at, offers_sponsor, offers_influencer, read_sponsor, read_influencer, last_pos, updated_at
FROM ad_request_rows;

--bun:split

-- The row's head: its n. A rowid would not do, as VACUUM may give rows others.
ALTER TABLE ad_request_rows ADD COLUMN n INTEGER NOT NULL DEFAULT 0;

--bun:split

UPDATE ad_request_rows SET n = rowid;

--bun:split

ALTER TABLE ad_request_rows DROP COLUMN seq;

--bun:split

ALTER TABLE ad_request_rows DROP COLUMN head;

--bun:split

ALTER TABLE ad_request_rows DROP COLUMN stands;

--bun:split

ALTER TABLE ad_request_rows DROP COLUMN last_offer_seq;

--bun:split

ALTER TABLE ad_request_rows DROP COLUMN last_offer_pos;

--bun:split

ALTER TABLE ad_request_rows DROP COLUMN last_author;

--bun:split

ALTER TABLE ad_request_rows DROP COLUMN last_fee;

--bun:split

ALTER TABLE ad_request_rows DROP COLUMN last_expires_at;

--bun:split

ALTER TABLE ad_request_rows DROP COLUMN offers_sponsor;

--bun:split

ALTER TABLE ad_request_rows DROP COLUMN offers_influencer;

--bun:split

ALTER TABLE ad_request_rows DROP COLUMN read_sponsor;

--bun:split

ALTER TABLE ad_request_rows DROP COLUMN read_influencer;

--bun:split

ALTER TABLE ad_request_rows DROP COLUMN last_pos;

--bun:split

ALTER TABLE ad_request_rows DROP COLUMN updated_at;

--bun:split

-- A left join, though each row has a head: SQLite leaves it out where nothing of the head is
-- asked for. Aggregates need ad_request_rows itself for that.
CREATE VIEW ad_requests AS
SELECT r.n, r.id, r.campaign_id, r.sponsor_id, r.influencer_id, r.currency, r.opened_by, r.offer_limit,
    r.status, r.ended_by, r.close_reason, r.frozen, r.frozen_at, r.authors,
    r.deal_seq, r.deal_pos, r.deal_author, r.deal_fee, r.deal_expires_at, r.progress, r.active_day,
    h.seq, h.head, h.stands, h.last_offer_seq, h.last_offer_pos, h.last_author, h.last_fee, h.last_expires_at,
    h.offers_sponsor, h.offers_influencer, h.read_sponsor, h.read_influencer, h.last_pos, h.updated_at, r.check_at
FROM ad_request_rows AS r LEFT JOIN ad_request_heads AS h ON h.n = r.n;

--bun:split

-- The head is written before the row.
CREATE TRIGGER deals_count_changed AFTER UPDATE OF deal_seq ON ad_request_rows WHEN NEW.deal_seq <> OLD.deal_seq
BEGIN
    INSERT INTO influencer_recount (user_id, currency) VALUES (NEW.influencer_id, NEW.currency);
    UPDATE influencer_docs SET active_at = max(active_at, (SELECT updated_at FROM ad_request_heads WHERE n = NEW.n))
    WHERE user_id = NEW.influencer_id;
END;
