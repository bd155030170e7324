-- active_day is written by whoever writes updated_at, when it is another day: a trigger on
-- the row that every event changes costs each change a look and a journal of its own.
DROP TRIGGER ad_requests_day;

--bun:split

DROP TRIGGER ad_requests_first_day;
