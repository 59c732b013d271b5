-- What went to another pool is not what expired; and a lot that came says where from.
ALTER TABLE pool ADD COLUMN moved INTEGER NOT NULL DEFAULT 0;
ALTER TABLE entitlement ADD COLUMN moved INTEGER NOT NULL DEFAULT 0;
ALTER TABLE entitlement ADD COLUMN moved_from_id BLOB;

-- What a virtual account holds is found by it.
CREATE INDEX instance_by_place ON instance (account_id, virtual_account_id, instance_id);
