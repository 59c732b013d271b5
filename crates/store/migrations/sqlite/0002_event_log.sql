-- The event log as a tree: what tells of a person stands apart, and every event gets a place.

CREATE TABLE event_personal (
    account_id BLOB NOT NULL,
    at INTEGER NOT NULL,
    event_id BLOB NOT NULL,
    salt BLOB NOT NULL,
    actor TEXT NOT NULL,
    private TEXT NOT NULL,
    address TEXT NOT NULL,
    erased_at INTEGER,
    PRIMARY KEY (account_id, at, event_id)
) STRICT, WITHOUT ROWID;

INSERT INTO event_personal (account_id, at, event_id, salt, actor, private, address, erased_at)
    SELECT account_id, at, event_id, randomblob(16), actor, '', address, NULL FROM event;

ALTER TABLE event DROP COLUMN actor;
ALTER TABLE event DROP COLUMN address;
ALTER TABLE event ADD COLUMN place INTEGER;
ALTER TABLE event ADD COLUMN personal_hash BLOB;
ALTER TABLE event ADD COLUMN leaf_hash BLOB;

CREATE TABLE event_tree (
    account_id BLOB NOT NULL,
    size INTEGER NOT NULL,
    edge BLOB NOT NULL,
    appended_at INTEGER NOT NULL,
    PRIMARY KEY (account_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE event_subtree (
    account_id BLOB NOT NULL,
    level INTEGER NOT NULL,
    position INTEGER NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (account_id, level, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE event_checkpoint (
    account_id BLOB NOT NULL,
    size INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    made_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, size)
) STRICT, WITHOUT ROWID;

CREATE TABLE event_forward (
    account_id BLOB NOT NULL,
    place INTEGER NOT NULL,
    PRIMARY KEY (account_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE lease (
    name TEXT NOT NULL,
    holder BLOB NOT NULL,
    until_at INTEGER NOT NULL,
    PRIMARY KEY (name)
) STRICT, WITHOUT ROWID;

CREATE INDEX event_by_action ON event (account_id, action, at, event_id);
CREATE INDEX event_by_subject ON event (account_id, subject, at, event_id);
CREATE INDEX event_by_place ON event (account_id, place);
CREATE INDEX event_waiting ON event (account_id, at, event_id) WHERE place IS NULL;
CREATE INDEX event_personal_by_actor ON event_personal (account_id, actor, at, event_id);
