-- The first book: accounts, licenses, pools, instances, reports, alarms, events, and what is queued.

CREATE TABLE account (
    account_id BLOB NOT NULL,
    number INTEGER NOT NULL,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    domain TEXT NOT NULL,
    policy BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (account_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE virtual_account (
    account_id BLOB NOT NULL,
    virtual_account_id BLOB NOT NULL,
    number INTEGER NOT NULL,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    description TEXT NOT NULL,
    is_default INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, virtual_account_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE license (
    tag TEXT NOT NULL,
    license_id BLOB NOT NULL,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    description TEXT NOT NULL,
    enforcement INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    concern INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (tag)
) STRICT, WITHOUT ROWID;

CREATE TABLE entitlement (
    account_id BLOB NOT NULL,
    pool_id BLOB NOT NULL,
    entitlement_id BLOB NOT NULL,
    quantity INTEGER NOT NULL,
    future INTEGER NOT NULL,
    available INTEGER NOT NULL,
    reserved INTEGER NOT NULL,
    delegated INTEGER NOT NULL,
    in_transfer INTEGER NOT NULL,
    retired INTEGER NOT NULL,
    starts_at INTEGER NOT NULL,
    ends_at INTEGER,
    kind INTEGER NOT NULL,
    source TEXT NOT NULL,
    granted_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, pool_id, entitlement_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE instance (
    account_id BLOB NOT NULL,
    instance_id BLOB NOT NULL,
    udi BLOB NOT NULL,
    identity TEXT NOT NULL,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    named_epoch INTEGER NOT NULL,
    named_number INTEGER NOT NULL,
    software TEXT,
    software_version TEXT NOT NULL,
    members BLOB NOT NULL,
    active TEXT NOT NULL,
    active_since INTEGER NOT NULL,
    virtual_account_id BLOB NOT NULL,
    placements BLOB NOT NULL,
    bound_at INTEGER,
    progress BLOB NOT NULL,
    last_start INTEGER NOT NULL,
    heard_at INTEGER,
    stale_at INTEGER,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, instance_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE device_key (
    account_id BLOB NOT NULL,
    key_id BLOB NOT NULL,
    public_key BLOB NOT NULL,
    instance_id BLOB NOT NULL,
    state INTEGER NOT NULL,
    reason TEXT NOT NULL,
    bound_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, key_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE identity (
    account_id BLOB NOT NULL,
    identity TEXT NOT NULL,
    instance_id BLOB NOT NULL,
    PRIMARY KEY (account_id, identity)
) STRICT, WITHOUT ROWID;

CREATE TABLE instance_name (
    account_id BLOB NOT NULL,
    instance_id BLOB NOT NULL,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    first_heard_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, instance_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE license_use (
    account_id BLOB NOT NULL,
    instance_id BLOB NOT NULL,
    tag TEXT NOT NULL,
    pool_id BLOB NOT NULL,
    level INTEGER NOT NULL,
    proof INTEGER NOT NULL,
    since INTEGER NOT NULL,
    unconfirmed_since INTEGER,
    ended_at INTEGER,
    PRIMARY KEY (account_id, instance_id, tag)
) STRICT, WITHOUT ROWID;

CREATE TABLE pool (
    account_id BLOB NOT NULL,
    pool_id BLOB NOT NULL,
    virtual_account_id BLOB NOT NULL,
    tag TEXT NOT NULL,
    family_id BLOB NOT NULL,
    concern INTEGER NOT NULL,
    future INTEGER NOT NULL,
    available INTEGER NOT NULL,
    reserved INTEGER NOT NULL,
    delegated INTEGER NOT NULL,
    in_transfer INTEGER NOT NULL,
    retired INTEGER NOT NULL,
    used INTEGER NOT NULL,
    used_unverified INTEGER NOT NULL,
    balance INTEGER NOT NULL,
    next_boundary INTEGER NOT NULL,
    short_since INTEGER,
    seq INTEGER NOT NULL,
    moved_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, pool_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE alarm (
    account_id BLOB NOT NULL,
    alarm_id BLOB NOT NULL,
    kind INTEGER NOT NULL,
    severity INTEGER NOT NULL,
    virtual_account_id BLOB NOT NULL,
    subject BLOB NOT NULL,
    about TEXT NOT NULL,
    state INTEGER NOT NULL,
    opened_at INTEGER NOT NULL,
    short_since INTEGER NOT NULL,
    settled_at INTEGER NOT NULL,
    needed INTEGER NOT NULL,
    missing INTEGER NOT NULL,
    largest_told INTEGER NOT NULL,
    telling INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (account_id, alarm_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE token (
    account_id BLOB NOT NULL,
    token_id BLOB NOT NULL,
    virtual_account_id BLOB NOT NULL,
    description TEXT NOT NULL,
    secret_hash BLOB NOT NULL,
    sealed_text BLOB NOT NULL,
    expires_at INTEGER NOT NULL,
    max_uses INTEGER,
    uses INTEGER NOT NULL,
    export_controlled INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER,
    PRIMARY KEY (account_id, token_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE claim (
    kind INTEGER NOT NULL,
    value TEXT NOT NULL,
    account_id BLOB NOT NULL,
    owner BLOB NOT NULL,
    claimed_at INTEGER NOT NULL,
    PRIMARY KEY (kind, value)
) STRICT, WITHOUT ROWID;

CREATE TABLE house_fact (
    name TEXT NOT NULL,
    value BLOB NOT NULL,
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (name)
) STRICT, WITHOUT ROWID;

CREATE TABLE session (
    token_hash BLOB NOT NULL,
    person TEXT NOT NULL,
    csrf TEXT NOT NULL,
    began_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    ended_at INTEGER,
    PRIMARY KEY (token_hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE report (
    account_id BLOB NOT NULL,
    instance_id BLOB NOT NULL,
    key_id BLOB NOT NULL,
    epoch INTEGER NOT NULL,
    number INTEGER NOT NULL,
    hash BLOB NOT NULL,
    tag TEXT NOT NULL,
    reporter TEXT NOT NULL,
    proof INTEGER NOT NULL,
    counting INTEGER NOT NULL,
    route INTEGER NOT NULL,
    flags INTEGER NOT NULL,
    levels BLOB NOT NULL,
    first_start INTEGER NOT NULL,
    last_start INTEGER NOT NULL,
    heard_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, instance_id, key_id, epoch, number, hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE evidence (
    account_id BLOB NOT NULL,
    evidence_id BLOB NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (account_id, evidence_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE entry (
    account_id BLOB NOT NULL,
    pool_id BLOB NOT NULL,
    seq INTEGER NOT NULL,
    effective_at INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    subject BLOB NOT NULL,
    bucket INTEGER NOT NULL,
    quantity INTEGER NOT NULL,
    PRIMARY KEY (account_id, pool_id, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE alarm_change (
    account_id BLOB NOT NULL,
    alarm_id BLOB NOT NULL,
    seq INTEGER NOT NULL,
    happening INTEGER NOT NULL,
    effective_at INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    needed INTEGER NOT NULL,
    missing INTEGER NOT NULL,
    PRIMARY KEY (account_id, alarm_id, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE event (
    account_id BLOB NOT NULL,
    at INTEGER NOT NULL,
    event_id BLOB NOT NULL,
    actor TEXT NOT NULL,
    role TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL,
    address TEXT NOT NULL,
    PRIMARY KEY (account_id, at, event_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE outbox (
    account_id BLOB NOT NULL,
    message_id BLOB NOT NULL,
    channel INTEGER NOT NULL,
    happening INTEGER NOT NULL,
    alarm_id BLOB NOT NULL,
    virtual_account_id BLOB NOT NULL,
    about TEXT NOT NULL,
    needed INTEGER NOT NULL,
    missing INTEGER NOT NULL,
    since INTEGER NOT NULL,
    at INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    done_at INTEGER,
    last_error TEXT NOT NULL,
    PRIMARY KEY (account_id, message_id, channel)
) STRICT, WITHOUT ROWID;

CREATE TABLE request (
    account_id BLOB NOT NULL,
    request_id BLOB NOT NULL,
    digest BLOB NOT NULL,
    recorded_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, request_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX instance_by_name ON instance (account_id, name_folded, instance_id);
CREATE INDEX instance_by_stale ON instance (account_id, stale_at);
CREATE INDEX license_use_by_pool ON license_use (account_id, pool_id, instance_id);
CREATE INDEX pool_by_place ON pool (account_id, virtual_account_id, tag);
CREATE INDEX pool_by_boundary ON pool (next_boundary);
CREATE INDEX alarm_by_state ON alarm (account_id, state, opened_at);
CREATE INDEX alarm_by_telling ON alarm (telling, settled_at);
CREATE INDEX outbox_by_due ON outbox (channel, done_at, due_at);
