-- Since when all attempts fail, NULL while none do: an endpoint is switched off for failing
-- long, not for failing often at once.
ALTER TABLE webhooks ADD COLUMN failing_since INTEGER;

--bun:split

-- When the failures so far began is not known: they are counted anew.
UPDATE webhooks SET failures = 0 WHERE off_at IS NULL;
