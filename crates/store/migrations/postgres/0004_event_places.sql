-- Events name the virtual account that they are of, and whether they are acts on licenses, so that
-- each reader of a log sees their part of it.
ALTER TABLE event ADD COLUMN virtual_account_id BYTEA;
ALTER TABLE event ADD COLUMN sphere BIGINT NOT NULL DEFAULT 0;
UPDATE event SET sphere = 1 WHERE action IN
    ('license.defined', 'entitlement.granted', 'token.created', 'token.revoked', 'token.shown', 'device_key.revoked', 'instance.bound', 'usage.imported', 'use.ended');
CREATE INDEX event_by_virtual_account ON event (account_id, virtual_account_id, at, event_id);
CREATE INDEX event_by_sphere ON event (account_id, sphere, at, event_id);

-- Operators look people up by their e-mail address.
CREATE INDEX person_by_email ON person (email_folded, person_id);
