-- On SQLite what every event changes of an ad request has a table of its own, and this is
-- the table of the rest. Here an update writes a new version of the row, and only that: one
-- table holds all, and the name serves the queries that both databases share.
CREATE VIEW ad_request_rows AS
SELECT id, campaign_id, sponsor_id, influencer_id, currency, opened_by, offer_limit,
    status, ended_by, close_reason, frozen, frozen_at, authors,
    deal_seq, deal_pos, deal_author, deal_fee, deal_expires_at, progress, active_day, check_at
FROM ad_requests;
