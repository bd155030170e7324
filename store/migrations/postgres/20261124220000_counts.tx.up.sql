-- How many ad requests are in each state, kept as they change: statistics read nine rows
-- where they counted every room.
CREATE TABLE ad_request_counts (
    status TEXT PRIMARY KEY,
    n      BIGINT NOT NULL
);

--bun:split

INSERT INTO ad_request_counts (status, n) SELECT status, count(*) FROM ad_requests GROUP BY status;

--bun:split

CREATE FUNCTION count_ad_request() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        UPDATE ad_request_counts SET n = n - 1 WHERE status = OLD.status;
    END IF;
    INSERT INTO ad_request_counts (status, n) VALUES (NEW.status, 1)
    ON CONFLICT (status) DO UPDATE SET n = ad_request_counts.n + 1;
    RETURN NULL;
END $$;

--bun:split

CREATE TRIGGER ad_requests_counted AFTER INSERT ON ad_requests
FOR EACH ROW EXECUTE FUNCTION count_ad_request();

--bun:split

CREATE TRIGGER ad_requests_recounted AFTER UPDATE OF status ON ad_requests
FOR EACH ROW WHEN (NEW.status <> OLD.status) EXECUTE FUNCTION count_ad_request();
