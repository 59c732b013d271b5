-- The product instances of a virtual account are found without reading all of the account.
CREATE INDEX instance_by_place ON instance (account_id, virtual_account_id, instance_id);
