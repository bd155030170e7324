-- What is removed when it is old enough is found by these.
CREATE INDEX jobs_over ON jobs (state, finished_at) WHERE finished_at IS NOT NULL;

--bun:split

CREATE INDEX sessions_by_end ON sessions (expires_at);
