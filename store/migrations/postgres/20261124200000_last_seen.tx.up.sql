-- How many users of a role were last here in each hour: a sum over hours where before
-- every user was counted.
INSERT INTO insight_days (kind, day, key, n)
SELECT 'last', seen_at / 86400000000, role || ':' || lpad((seen_at % 86400000000 / 3600000000)::text, 2, '0'), count(*) FROM activity GROUP BY 2, 3;

--bun:split

DROP INDEX activity_by_role;
