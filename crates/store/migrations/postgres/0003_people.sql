-- People, their roles and sessions, one-time links, API tokens, terms, mails to persons.
ALTER TABLE account ADD COLUMN kind BIGINT NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN state BIGINT NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN country TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE account ADD COLUMN approver TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE account ADD COLUMN reason TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE account ADD COLUMN terms_version BIGINT NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN terms_accepted_at BIGINT;
ALTER TABLE account ADD COLUMN revision BIGINT NOT NULL DEFAULT 0;
-- Accounts that are there already are in use.
UPDATE account SET state = 1;
ALTER TABLE virtual_account ADD COLUMN tags BYTEA NOT NULL DEFAULT '\x80';
ALTER TABLE virtual_account ADD COLUMN archived_at BIGINT;
ALTER TABLE virtual_account ADD COLUMN revision BIGINT NOT NULL DEFAULT 0;

-- Sessions of before are ended: whoever had one signs in again.
DROP TABLE session;

CREATE TABLE session (
    token_hash BYTEA NOT NULL,
    person_id BYTEA,
    factors BIGINT NOT NULL,
    csrf TEXT COLLATE "C" NOT NULL,
    began_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    ended_at BIGINT,
    proven_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    address TEXT COLLATE "C" NOT NULL,
    browser TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (token_hash)
);
CREATE INDEX session_by_person ON session (person_id, began_at);

CREATE TABLE person (
    person_id BYTEA NOT NULL,
    email TEXT COLLATE "C" NOT NULL,
    email_folded TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    state BIGINT NOT NULL,
    zone TEXT COLLATE "C" NOT NULL,
    credentials BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (person_id)
);

CREATE TABLE role_grant (
    account_id BYTEA NOT NULL,
    grant_id BYTEA NOT NULL,
    person_id BYTEA NOT NULL,
    email TEXT COLLATE "C" NOT NULL,
    email_folded TEXT COLLATE "C" NOT NULL,
    role BIGINT NOT NULL,
    virtual_account_id BYTEA,
    granted_by TEXT COLLATE "C" NOT NULL,
    granted_at BIGINT NOT NULL,
    ends_at BIGINT,
    ended_at BIGINT,
    PRIMARY KEY (account_id, grant_id)
);
CREATE INDEX role_grant_by_person ON role_grant (person_id, ended_at);
CREATE INDEX role_grant_by_email ON role_grant (account_id, email_folded, grant_id);

CREATE TABLE one_time_link (
    hash BYTEA NOT NULL,
    purpose BIGINT NOT NULL,
    person_id BYTEA NOT NULL,
    about_account_id BYTEA NOT NULL,
    credentials_version BIGINT NOT NULL,
    made_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT,
    PRIMARY KEY (hash)
);

CREATE TABLE access_request (
    account_id BYTEA NOT NULL,
    access_request_id BYTEA NOT NULL,
    person_id BYTEA NOT NULL,
    email TEXT COLLATE "C" NOT NULL,
    role BIGINT NOT NULL,
    virtual_account_id BYTEA,
    message TEXT COLLATE "C" NOT NULL,
    state BIGINT NOT NULL,
    asked_at BIGINT NOT NULL,
    decided_at BIGINT,
    decided_by TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, access_request_id)
);
CREATE INDEX access_request_by_state ON access_request (account_id, state, asked_at);

CREATE TABLE api_token (
    hash BYTEA NOT NULL,
    api_token_id BYTEA NOT NULL,
    kind BIGINT NOT NULL,
    person_id BYTEA NOT NULL,
    within_account_id BYTEA NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    bounds TEXT COLLATE "C" NOT NULL,
    made_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT,
    PRIMARY KEY (hash)
);
CREATE INDEX api_token_by_person ON api_token (person_id, kind, made_at);
CREATE INDEX api_token_by_account ON api_token (within_account_id, kind, made_at);
CREATE INDEX api_token_by_id ON api_token (api_token_id, made_at);

CREATE TABLE terms (
    version BIGINT NOT NULL,
    title TEXT COLLATE "C" NOT NULL,
    body TEXT COLLATE "C" NOT NULL,
    published_at BIGINT NOT NULL,
    PRIMARY KEY (version)
);

CREATE TABLE letter (
    account_id BYTEA NOT NULL,
    message_id BYTEA NOT NULL,
    recipient TEXT COLLATE "C" NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    sealed_text BYTEA NOT NULL,
    queued_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    done_at BIGINT,
    last_error TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, message_id)
);
CREATE INDEX letter_by_due ON letter (done_at, due_at);

ALTER TABLE role_grant ENABLE ROW LEVEL SECURITY;
CREATE POLICY role_grant_read ON role_grant FOR SELECT TO scrip_read
    USING (CASE (SELECT current_setting('scrip.account', TRUE)) WHEN 'house' THEN TRUE
        ELSE account_id = (SELECT decode(current_setting('scrip.account', TRUE), 'hex')) END);
ALTER TABLE access_request ENABLE ROW LEVEL SECURITY;
CREATE POLICY access_request_read ON access_request FOR SELECT TO scrip_read
    USING (CASE (SELECT current_setting('scrip.account', TRUE)) WHEN 'house' THEN TRUE
        ELSE account_id = (SELECT decode(current_setting('scrip.account', TRUE), 'hex')) END);
ALTER TABLE letter ENABLE ROW LEVEL SECURITY;
CREATE POLICY letter_read ON letter FOR SELECT TO scrip_read
    USING (CASE (SELECT current_setting('scrip.account', TRUE)) WHEN 'house' THEN TRUE
        ELSE account_id = (SELECT decode(current_setting('scrip.account', TRUE), 'hex')) END);
GRANT SELECT ON session TO scrip_read;
GRANT SELECT ON person TO scrip_read;
GRANT SELECT ON role_grant TO scrip_read;
GRANT SELECT ON one_time_link TO scrip_read;
GRANT SELECT ON access_request TO scrip_read;
GRANT SELECT ON api_token TO scrip_read;
GRANT SELECT ON terms TO scrip_read;
GRANT SELECT ON letter TO scrip_read;
