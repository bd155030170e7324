-- How many ad requests are in each state, kept as they change: statistics read nine rows
-- where they counted every room.
CREATE TABLE ad_request_counts (
    status TEXT PRIMARY KEY,
    n      INTEGER NOT NULL
) WITHOUT ROWID;

--bun:split

INSERT INTO ad_request_counts (status, n) SELECT status, count(*) FROM ad_requests GROUP BY status;

--bun:split

CREATE TRIGGER ad_requests_counted AFTER INSERT ON ad_requests
BEGIN
    INSERT INTO ad_request_counts (status, n) VALUES (NEW.status, 1)
    ON CONFLICT (status) DO UPDATE SET n = ad_request_counts.n + 1;
END;

--bun:split

CREATE TRIGGER ad_requests_recounted AFTER UPDATE OF status ON ad_requests WHEN NEW.status <> OLD.status
BEGIN
    UPDATE ad_request_counts SET n = n - 1 WHERE status = OLD.status;
    INSERT INTO ad_request_counts (status, n) VALUES (NEW.status, 1)
    ON CONFLICT (status) DO UPDATE SET n = ad_request_counts.n + 1;
END;
