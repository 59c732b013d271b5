-- The event log as a tree: what tells of a person stands apart, and every event gets a place.

CREATE TABLE event_personal (
    account_id BYTEA NOT NULL,
    at BIGINT NOT NULL,
    event_id BYTEA NOT NULL,
    salt BYTEA NOT NULL,
    actor TEXT COLLATE "C" NOT NULL,
    private TEXT COLLATE "C" NOT NULL,
    address TEXT COLLATE "C" NOT NULL,
    erased_at BIGINT,
    PRIMARY KEY (account_id, at, event_id)
);

INSERT INTO event_personal (account_id, at, event_id, salt, actor, private, address, erased_at)
    SELECT account_id, at, event_id, uuid_send(gen_random_uuid()), actor, '', address, NULL FROM event;

ALTER TABLE event DROP COLUMN actor;
ALTER TABLE event DROP COLUMN address;
ALTER TABLE event ADD COLUMN place BIGINT;
ALTER TABLE event ADD COLUMN personal_hash BYTEA;
ALTER TABLE event ADD COLUMN leaf_hash BYTEA;

CREATE TABLE event_tree (
    account_id BYTEA NOT NULL,
    size BIGINT NOT NULL,
    edge BYTEA NOT NULL,
    appended_at BIGINT NOT NULL,
    PRIMARY KEY (account_id)
);

CREATE TABLE event_subtree (
    account_id BYTEA NOT NULL,
    level BIGINT NOT NULL,
    position BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    PRIMARY KEY (account_id, level, position)
);

CREATE TABLE event_checkpoint (
    account_id BYTEA NOT NULL,
    size BIGINT NOT NULL,
    sealed BYTEA NOT NULL,
    made_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, size)
);

CREATE TABLE event_forward (
    account_id BYTEA NOT NULL,
    place BIGINT NOT NULL,
    PRIMARY KEY (account_id)
);

CREATE TABLE lease (
    name TEXT COLLATE "C" NOT NULL,
    holder BYTEA NOT NULL,
    until_at BIGINT NOT NULL,
    PRIMARY KEY (name)
);

CREATE INDEX event_by_action ON event (account_id, action, at, event_id);
CREATE INDEX event_by_subject ON event (account_id, subject, at, event_id);
CREATE INDEX event_by_place ON event (account_id, place);
CREATE INDEX event_waiting ON event (account_id, at, event_id) WHERE place IS NULL;
CREATE INDEX event_personal_by_actor ON event_personal (account_id, actor, at, event_id);

ALTER TABLE event_personal ENABLE ROW LEVEL SECURITY;
CREATE POLICY event_personal_read ON event_personal FOR SELECT TO scrip_read
    USING (CASE (SELECT current_setting('scrip.account', TRUE)) WHEN 'house' THEN TRUE
        ELSE account_id = (SELECT decode(current_setting('scrip.account', TRUE), 'hex')) END);
GRANT SELECT ON event_personal TO scrip_read;

ALTER TABLE event_tree ENABLE ROW LEVEL SECURITY;
CREATE POLICY event_tree_read ON event_tree FOR SELECT TO scrip_read
    USING (CASE (SELECT current_setting('scrip.account', TRUE)) WHEN 'house' THEN TRUE
        ELSE account_id = (SELECT decode(current_setting('scrip.account', TRUE), 'hex')) END);
GRANT SELECT ON event_tree TO scrip_read;

ALTER TABLE event_subtree ENABLE ROW LEVEL SECURITY;
CREATE POLICY event_subtree_read ON event_subtree FOR SELECT TO scrip_read
    USING (CASE (SELECT current_setting('scrip.account', TRUE)) WHEN 'house' THEN TRUE
        ELSE account_id = (SELECT decode(current_setting('scrip.account', TRUE), 'hex')) END);
GRANT SELECT ON event_subtree TO scrip_read;

ALTER TABLE event_checkpoint ENABLE ROW LEVEL SECURITY;
CREATE POLICY event_checkpoint_read ON event_checkpoint FOR SELECT TO scrip_read
    USING (CASE (SELECT current_setting('scrip.account', TRUE)) WHEN 'house' THEN TRUE
        ELSE account_id = (SELECT decode(current_setting('scrip.account', TRUE), 'hex')) END);
GRANT SELECT ON event_checkpoint TO scrip_read;

ALTER TABLE event_forward ENABLE ROW LEVEL SECURITY;
CREATE POLICY event_forward_read ON event_forward FOR SELECT TO scrip_read
    USING (CASE (SELECT current_setting('scrip.account', TRUE)) WHEN 'house' THEN TRUE
        ELSE account_id = (SELECT decode(current_setting('scrip.account', TRUE), 'hex')) END);
GRANT SELECT ON event_forward TO scrip_read;

GRANT SELECT ON lease TO scrip_read;
