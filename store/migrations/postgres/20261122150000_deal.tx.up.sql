-- What became of the deliverables of a room's deal, a letter each: - open, d
-- delivered, r returned, c confirmed.
ALTER TABLE ad_requests ADD COLUMN progress TEXT NOT NULL DEFAULT '';

--bun:split

-- The same at length. It is apart because the room's row is written with every event
-- and this only when a deliverable changes; a room without a row has all of them open.
CREATE TABLE deliveries (
    room_id TEXT PRIMARY KEY REFERENCES ad_requests (id),
    list    TEXT NOT NULL -- JSON
);

--bun:split

-- The deals that are there: nothing was delivered yet, and the allowance of offers
-- begins anew with a deal.
UPDATE ad_requests r SET
    offers_sponsor = 0,
    offers_influencer = 0,
    progress = repeat('-', json_array_length(convert_from(e.body, 'UTF8')::json #> '{data,terms,deliverables}'))
FROM events e WHERE r.deal_seq > 0 AND e.pos = r.deal_pos;
