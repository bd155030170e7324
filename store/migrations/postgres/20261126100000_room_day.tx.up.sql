-- active_day is written by whoever writes updated_at, when it is another day: a trigger on
-- the row that every event changes costs each change a look.
DROP TRIGGER ad_requests_day ON ad_requests;

--bun:split

DROP FUNCTION ad_requests_day();
