-- What turns stale is found by its day: a report writes to the index once a day, not every time.
ALTER TABLE instance ADD COLUMN stale_day INTEGER;
UPDATE instance SET stale_day = stale_at / 86400000;
DROP INDEX instance_by_stale;
CREATE INDEX instance_by_stale ON instance (account_id, stale_day);

-- A use may be ended by hand more than once: all its ends, as CBOR.
ALTER TABLE license_use ADD COLUMN ends BLOB NOT NULL DEFAULT x'80';
UPDATE license_use SET ends = unhex('811B' || printf('%016X', ended_at)) WHERE ended_at IS NOT NULL;
ALTER TABLE license_use DROP COLUMN ended_at;
