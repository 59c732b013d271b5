-- Under which names anybody acted in an account: a page of the log asks for a part of a name.
CREATE TABLE event_actor (
    account_id BLOB NOT NULL,
    actor TEXT NOT NULL,
    PRIMARY KEY (account_id, actor)
) STRICT, WITHOUT ROWID;
INSERT INTO event_actor (account_id, actor)
    SELECT DISTINCT account_id, actor FROM event_personal WHERE actor <> '';
