-- What was heard last is found by its hour: a report writes to the index once an hour, not every
-- time. Without a report it is -1.
ALTER TABLE instance ADD COLUMN heard_hour BIGINT NOT NULL DEFAULT -1;
UPDATE instance SET heard_hour = heard_at / 3600000 WHERE heard_at IS NOT NULL;
CREATE INDEX instance_by_heard ON instance (account_id, heard_hour);

-- An order is found by the beginning of its number.
CREATE INDEX entitlement_by_source ON entitlement (account_id, source);
