-- Under which names anybody acted in an account: a page of the log asks for a part of a name.
CREATE TABLE event_actor (
    account_id BYTEA NOT NULL,
    actor TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, actor)
);
INSERT INTO event_actor (account_id, actor)
    SELECT DISTINCT account_id, actor FROM event_personal WHERE actor <> '';

ALTER TABLE event_actor ENABLE ROW LEVEL SECURITY;
CREATE POLICY event_actor_read ON event_actor FOR SELECT TO scrip_read
    USING (CASE (SELECT current_setting('scrip.account', TRUE)) WHEN 'house' THEN TRUE
        ELSE account_id = (SELECT decode(current_setting('scrip.account', TRUE), 'hex')) END);
GRANT SELECT ON event_actor TO scrip_read;
