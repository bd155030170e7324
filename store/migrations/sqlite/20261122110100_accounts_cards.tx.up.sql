-- What a sponsor is stands on its card.

ALTER TABLE users DROP COLUMN kind;

--bun:split

ALTER TABLE users DROP COLUMN industry;
