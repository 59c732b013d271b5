-- When product instances were removed and what came after, as CBOR; and since when one is removed,
-- for lists, which leave it out.
ALTER TABLE instance ADD COLUMN removals BYTEA;
ALTER TABLE instance ADD COLUMN removed_at BIGINT;

-- What is in a virtual account and not removed is found without reading rows.
DROP INDEX instance_by_place;
CREATE INDEX instance_by_place ON instance (account_id, virtual_account_id, instance_id, removed_at);
