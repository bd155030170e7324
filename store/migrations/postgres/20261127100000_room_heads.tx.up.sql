-- On SQLite what every event changes of an ad request has a table of its own. Here an
-- update writes a new version of the row, and only that.
SELECT 1;
