-- What turns stale is found by its day: a report writes to the index once a day, not every time.
ALTER TABLE instance ADD COLUMN stale_day INTEGER;
UPDATE instance SET stale_day = stale_at / 86400000;
DROP INDEX instance_by_stale;
CREATE INDEX instance_by_stale ON instance (account_id, stale_day);
