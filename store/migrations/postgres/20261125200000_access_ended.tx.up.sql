-- How often somebody's access has ended: a session was taken away, a user flagged. Each
-- instance looks at this one number and asks after its sockets' sessions when it moves.
ALTER TABLE meta ADD COLUMN access_ended BIGINT NOT NULL DEFAULT 0;
