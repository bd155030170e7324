-- The amounts of deals are folded from the log, too: it is folded anew. Who was here is
-- not of the log and stays.
DELETE FROM insight_days WHERE kind <> 'active';

--bun:split

UPDATE insight_fold SET pos = 0;
