-- What an admin's list of campaigns finds its rows by, newest first.
CREATE INDEX campaigns_newest_by_currency ON campaigns (currency, id);

--bun:split

CREATE INDEX campaigns_newest_by_visibility ON campaigns (public, id);
