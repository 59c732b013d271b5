-- People, their roles and sessions, one-time links, API tokens, terms, mails to persons.
ALTER TABLE account ADD COLUMN kind INTEGER NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN state INTEGER NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN country TEXT NOT NULL DEFAULT '';
ALTER TABLE account ADD COLUMN approver TEXT NOT NULL DEFAULT '';
ALTER TABLE account ADD COLUMN reason TEXT NOT NULL DEFAULT '';
ALTER TABLE account ADD COLUMN terms_version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN terms_accepted_at INTEGER;
ALTER TABLE account ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
-- Accounts that are there already are in use.
UPDATE account SET state = 1;
ALTER TABLE virtual_account ADD COLUMN tags BLOB NOT NULL DEFAULT x'80';
ALTER TABLE virtual_account ADD COLUMN archived_at INTEGER;
ALTER TABLE virtual_account ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;

-- Sessions of before are ended: whoever had one signs in again.
DROP TABLE session;

CREATE TABLE session (
    token_hash BLOB NOT NULL,
    person_id BLOB,
    factors INTEGER NOT NULL,
    csrf TEXT NOT NULL,
    began_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    ended_at INTEGER,
    proven_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    address TEXT NOT NULL,
    browser TEXT NOT NULL,
    PRIMARY KEY (token_hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX session_by_person ON session (person_id, began_at);

CREATE TABLE person (
    person_id BLOB NOT NULL,
    email TEXT NOT NULL,
    email_folded TEXT NOT NULL,
    name TEXT NOT NULL,
    state INTEGER NOT NULL,
    zone TEXT NOT NULL,
    credentials BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (person_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE role_grant (
    account_id BLOB NOT NULL,
    grant_id BLOB NOT NULL,
    person_id BLOB NOT NULL,
    email TEXT NOT NULL,
    email_folded TEXT NOT NULL,
    role INTEGER NOT NULL,
    virtual_account_id BLOB,
    granted_by TEXT NOT NULL,
    granted_at INTEGER NOT NULL,
    ends_at INTEGER,
    ended_at INTEGER,
    PRIMARY KEY (account_id, grant_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX role_grant_by_person ON role_grant (person_id, ended_at);
CREATE INDEX role_grant_by_email ON role_grant (account_id, email_folded, grant_id);

CREATE TABLE one_time_link (
    hash BLOB NOT NULL,
    purpose INTEGER NOT NULL,
    person_id BLOB NOT NULL,
    about_account_id BLOB NOT NULL,
    credentials_version INTEGER NOT NULL,
    made_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER,
    PRIMARY KEY (hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE access_request (
    account_id BLOB NOT NULL,
    access_request_id BLOB NOT NULL,
    person_id BLOB NOT NULL,
    email TEXT NOT NULL,
    role INTEGER NOT NULL,
    virtual_account_id BLOB,
    message TEXT NOT NULL,
    state INTEGER NOT NULL,
    asked_at INTEGER NOT NULL,
    decided_at INTEGER,
    decided_by TEXT NOT NULL,
    PRIMARY KEY (account_id, access_request_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX access_request_by_state ON access_request (account_id, state, asked_at);

CREATE TABLE api_token (
    hash BLOB NOT NULL,
    api_token_id BLOB NOT NULL,
    kind INTEGER NOT NULL,
    person_id BLOB NOT NULL,
    within_account_id BLOB NOT NULL,
    name TEXT NOT NULL,
    bounds TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER,
    PRIMARY KEY (hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX api_token_by_person ON api_token (person_id, kind, made_at);
CREATE INDEX api_token_by_account ON api_token (within_account_id, kind, made_at);
CREATE INDEX api_token_by_id ON api_token (api_token_id, made_at);

CREATE TABLE terms (
    version INTEGER NOT NULL,
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    published_at INTEGER NOT NULL,
    PRIMARY KEY (version)
) STRICT, WITHOUT ROWID;

CREATE TABLE letter (
    account_id BLOB NOT NULL,
    message_id BLOB NOT NULL,
    recipient TEXT NOT NULL,
    subject TEXT NOT NULL,
    sealed_text BLOB NOT NULL,
    queued_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    done_at INTEGER,
    last_error TEXT NOT NULL,
    PRIMARY KEY (account_id, message_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX letter_by_due ON letter (done_at, due_at);
