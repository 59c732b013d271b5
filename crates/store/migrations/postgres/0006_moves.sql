-- What went to another pool is not what expired; and a lot that came says where from.
ALTER TABLE pool ADD COLUMN moved BIGINT NOT NULL DEFAULT 0;
ALTER TABLE entitlement ADD COLUMN moved BIGINT NOT NULL DEFAULT 0;
ALTER TABLE entitlement ADD COLUMN moved_from_id BYTEA;

-- What a virtual account holds is found by it.
CREATE INDEX instance_by_place ON instance (account_id, virtual_account_id, instance_id);
