-- The first book: accounts, licenses, pools, instances, reports, alarms, events, and what is queued.

-- The role that every read takes on. Roles belong to the whole cluster, so it may be there
-- already, made for another database or by a hand that may make roles where this program may not.
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'scrip_read') THEN
        CREATE ROLE scrip_read NOLOGIN;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
DO $$ BEGIN
    IF NOT pg_has_role(current_user, 'scrip_read', 'MEMBER') THEN
        EXECUTE format('GRANT scrip_read TO %I', current_user);
    END IF;
END $$;

CREATE TABLE account (
    account_id BYTEA NOT NULL,
    number BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    name_folded TEXT COLLATE "C" NOT NULL,
    domain TEXT COLLATE "C" NOT NULL,
    policy BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (account_id)
);

CREATE TABLE virtual_account (
    account_id BYTEA NOT NULL,
    virtual_account_id BYTEA NOT NULL,
    number BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    name_folded TEXT COLLATE "C" NOT NULL,
    description TEXT COLLATE "C" NOT NULL,
    is_default BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, virtual_account_id)
);

CREATE TABLE license (
    tag TEXT COLLATE "C" NOT NULL,
    license_id BYTEA NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    name_folded TEXT COLLATE "C" NOT NULL,
    description TEXT COLLATE "C" NOT NULL,
    enforcement BIGINT NOT NULL,
    kind BIGINT NOT NULL,
    concern BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (tag)
);

CREATE TABLE entitlement (
    account_id BYTEA NOT NULL,
    pool_id BYTEA NOT NULL,
    entitlement_id BYTEA NOT NULL,
    quantity BIGINT NOT NULL,
    future BIGINT NOT NULL,
    available BIGINT NOT NULL,
    reserved BIGINT NOT NULL,
    delegated BIGINT NOT NULL,
    in_transfer BIGINT NOT NULL,
    retired BIGINT NOT NULL,
    starts_at BIGINT NOT NULL,
    ends_at BIGINT,
    kind BIGINT NOT NULL,
    source TEXT COLLATE "C" NOT NULL,
    granted_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, pool_id, entitlement_id)
);

CREATE TABLE instance (
    account_id BYTEA NOT NULL,
    instance_id BYTEA NOT NULL,
    udi BYTEA NOT NULL,
    identity TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    name_folded TEXT COLLATE "C" NOT NULL,
    named_epoch BIGINT NOT NULL,
    named_number BIGINT NOT NULL,
    software TEXT COLLATE "C",
    software_version TEXT COLLATE "C" NOT NULL,
    members BYTEA NOT NULL,
    active TEXT COLLATE "C" NOT NULL,
    active_since BIGINT NOT NULL,
    virtual_account_id BYTEA NOT NULL,
    placements BYTEA NOT NULL,
    bound_at BIGINT,
    progress BYTEA NOT NULL,
    last_start BIGINT NOT NULL,
    heard_at BIGINT,
    stale_at BIGINT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, instance_id)
) WITH (fillfactor = 80);

CREATE TABLE device_key (
    account_id BYTEA NOT NULL,
    key_id BYTEA NOT NULL,
    public_key BYTEA NOT NULL,
    instance_id BYTEA NOT NULL,
    state BIGINT NOT NULL,
    reason TEXT COLLATE "C" NOT NULL,
    bound_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, key_id)
);

CREATE TABLE identity (
    account_id BYTEA NOT NULL,
    identity TEXT COLLATE "C" NOT NULL,
    instance_id BYTEA NOT NULL,
    PRIMARY KEY (account_id, identity)
);

CREATE TABLE instance_name (
    account_id BYTEA NOT NULL,
    instance_id BYTEA NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    name_folded TEXT COLLATE "C" NOT NULL,
    first_heard_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, instance_id, name)
);

CREATE TABLE license_use (
    account_id BYTEA NOT NULL,
    instance_id BYTEA NOT NULL,
    tag TEXT COLLATE "C" NOT NULL,
    pool_id BYTEA NOT NULL,
    level BIGINT NOT NULL,
    proof BIGINT NOT NULL,
    since BIGINT NOT NULL,
    unconfirmed_since BIGINT,
    ended_at BIGINT,
    PRIMARY KEY (account_id, instance_id, tag)
) WITH (fillfactor = 80);

CREATE TABLE pool (
    account_id BYTEA NOT NULL,
    pool_id BYTEA NOT NULL,
    virtual_account_id BYTEA NOT NULL,
    tag TEXT COLLATE "C" NOT NULL,
    family_id BYTEA NOT NULL,
    concern BIGINT NOT NULL,
    future BIGINT NOT NULL,
    available BIGINT NOT NULL,
    reserved BIGINT NOT NULL,
    delegated BIGINT NOT NULL,
    in_transfer BIGINT NOT NULL,
    retired BIGINT NOT NULL,
    used BIGINT NOT NULL,
    used_unverified BIGINT NOT NULL,
    balance BIGINT NOT NULL,
    next_boundary BIGINT NOT NULL,
    short_since BIGINT,
    seq BIGINT NOT NULL,
    moved_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, pool_id)
) WITH (fillfactor = 80);

CREATE TABLE alarm (
    account_id BYTEA NOT NULL,
    alarm_id BYTEA NOT NULL,
    kind BIGINT NOT NULL,
    severity BIGINT NOT NULL,
    virtual_account_id BYTEA NOT NULL,
    subject BYTEA NOT NULL,
    about TEXT COLLATE "C" NOT NULL,
    state BIGINT NOT NULL,
    opened_at BIGINT NOT NULL,
    short_since BIGINT NOT NULL,
    settled_at BIGINT NOT NULL,
    needed BIGINT NOT NULL,
    missing BIGINT NOT NULL,
    largest_told BIGINT NOT NULL,
    telling BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    PRIMARY KEY (account_id, alarm_id)
) WITH (fillfactor = 80);

CREATE TABLE token (
    account_id BYTEA NOT NULL,
    token_id BYTEA NOT NULL,
    virtual_account_id BYTEA NOT NULL,
    description TEXT COLLATE "C" NOT NULL,
    secret_hash BYTEA NOT NULL,
    sealed_text BYTEA NOT NULL,
    expires_at BIGINT NOT NULL,
    max_uses BIGINT,
    uses BIGINT NOT NULL,
    export_controlled BIGINT NOT NULL,
    created_by TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT,
    PRIMARY KEY (account_id, token_id)
);

CREATE TABLE claim (
    kind BIGINT NOT NULL,
    value TEXT COLLATE "C" NOT NULL,
    account_id BYTEA NOT NULL,
    owner BYTEA NOT NULL,
    claimed_at BIGINT NOT NULL,
    PRIMARY KEY (kind, value)
);

CREATE TABLE house_fact (
    name TEXT COLLATE "C" NOT NULL,
    value BYTEA NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (name)
);

CREATE TABLE session (
    token_hash BYTEA NOT NULL,
    person TEXT COLLATE "C" NOT NULL,
    csrf TEXT COLLATE "C" NOT NULL,
    began_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    ended_at BIGINT,
    PRIMARY KEY (token_hash)
);

CREATE TABLE report (
    account_id BYTEA NOT NULL,
    instance_id BYTEA NOT NULL,
    key_id BYTEA NOT NULL,
    epoch BIGINT NOT NULL,
    number BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    tag TEXT COLLATE "C" NOT NULL,
    reporter TEXT COLLATE "C" NOT NULL,
    proof BIGINT NOT NULL,
    counting BIGINT NOT NULL,
    route BIGINT NOT NULL,
    flags BIGINT NOT NULL,
    levels BYTEA NOT NULL,
    first_start BIGINT NOT NULL,
    last_start BIGINT NOT NULL,
    heard_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, instance_id, key_id, epoch, number, hash)
);

CREATE TABLE evidence (
    account_id BYTEA NOT NULL,
    evidence_id BYTEA NOT NULL,
    sealed BYTEA NOT NULL,
    PRIMARY KEY (account_id, evidence_id)
);

CREATE TABLE entry (
    account_id BYTEA NOT NULL,
    pool_id BYTEA NOT NULL,
    seq BIGINT NOT NULL,
    effective_at BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL,
    subject BYTEA NOT NULL,
    bucket BIGINT NOT NULL,
    quantity BIGINT NOT NULL,
    PRIMARY KEY (account_id, pool_id, seq)
);

CREATE TABLE alarm_change (
    account_id BYTEA NOT NULL,
    alarm_id BYTEA NOT NULL,
    seq BIGINT NOT NULL,
    happening BIGINT NOT NULL,
    effective_at BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL,
    needed BIGINT NOT NULL,
    missing BIGINT NOT NULL,
    PRIMARY KEY (account_id, alarm_id, seq)
);

CREATE TABLE event (
    account_id BYTEA NOT NULL,
    at BIGINT NOT NULL,
    event_id BYTEA NOT NULL,
    actor TEXT COLLATE "C" NOT NULL,
    role TEXT COLLATE "C" NOT NULL,
    action TEXT COLLATE "C" NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    detail TEXT COLLATE "C" NOT NULL,
    address TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, at, event_id)
);

CREATE TABLE outbox (
    account_id BYTEA NOT NULL,
    message_id BYTEA NOT NULL,
    channel BIGINT NOT NULL,
    happening BIGINT NOT NULL,
    alarm_id BYTEA NOT NULL,
    virtual_account_id BYTEA NOT NULL,
    about TEXT COLLATE "C" NOT NULL,
    needed BIGINT NOT NULL,
    missing BIGINT NOT NULL,
    since BIGINT NOT NULL,
    at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    done_at BIGINT,
    last_error TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, message_id, channel)
);

CREATE TABLE request (
    account_id BYTEA NOT NULL,
    request_id BYTEA NOT NULL,
    digest BYTEA NOT NULL,
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, request_id)
);

CREATE INDEX instance_by_name ON instance (account_id, name_folded, instance_id);
CREATE INDEX instance_by_stale ON instance (account_id, stale_at);
CREATE INDEX license_use_by_pool ON license_use (account_id, pool_id, instance_id);
CREATE INDEX pool_by_place ON pool (account_id, virtual_account_id, tag);
CREATE INDEX pool_by_boundary ON pool (next_boundary);
CREATE INDEX alarm_by_state ON alarm (account_id, state, opened_at);
CREATE INDEX alarm_by_telling ON alarm (telling, settled_at);
CREATE INDEX outbox_by_due ON outbox (channel, done_at, due_at);

-- Reads go through scrip_read and see one account at a time, or the whole house for an operator.
ALTER TABLE account ENABLE ROW LEVEL SECURITY;
CREATE POLICY account_read ON account FOR SELECT TO scrip_read
    USING (CASE (SELECT current_setting('scrip.account', TRUE)) WHEN 'house' THEN TRUE
        ELSE account_id = (SELECT decode(current_setting('scrip.account', TRUE), 'hex')) END);
ALTER TABLE virtual_account ENABLE ROW LEVEL SECURITY;
CREATE POLICY virtual_account_read ON virtual_account FOR SELECT TO scrip_read
    USING (CASE (SELECT current_setting('scrip.account', TRUE)) WHEN 'house' THEN TRUE
        ELSE account_id = (SELECT decode(current_setting('scrip.account', TRUE), 'hex')) END);
ALTER TABLE entitlement ENABLE ROW LEVEL SECURITY;
CREATE POLICY entitlement_read ON entitlement FOR SELECT TO scrip_read
    USING (CASE (SELECT current_setting('scrip.account', TRUE)) WHEN 'house' THEN TRUE
        ELSE account_id = (SELECT decode(current_setting('scrip.account', TRUE), 'hex')) END);
ALTER TABLE instance ENABLE ROW LEVEL SECURITY;
CREATE POLICY instance_read ON instance FOR SELECT TO scrip_read
    USING (CASE (SELECT current_setting('scrip.account', TRUE)) WHEN 'house' THEN TRUE
        ELSE account_id = (SELECT decode(current_setting('scrip.account', TRUE), 'hex')) END);
ALTER TABLE device_key ENABLE ROW LEVEL SECURITY;
CREATE POLICY device_key_read ON device_key FOR SELECT TO scrip_read
    USING (CASE (SELECT current_setting('scrip.account', TRUE)) WHEN 'house' THEN TRUE
        ELSE account_id = (SELECT decode(current_setting('scrip.account', TRUE), 'hex')) END);
ALTER TABLE identity ENABLE ROW LEVEL SECURITY;
CREATE POLICY identity_read ON identity FOR SELECT TO scrip_read
    USING (CASE (SELECT current_setting('scrip.account', TRUE)) WHEN 'house' THEN TRUE
        ELSE account_id = (SELECT decode(current_setting('scrip.account', TRUE), 'hex')) END);
ALTER TABLE instance_name ENABLE ROW LEVEL SECURITY;
CREATE POLICY instance_name_read ON instance_name FOR SELECT TO scrip_read
    USING (CASE (SELECT current_setting('scrip.account', TRUE)) WHEN 'house' THEN TRUE
        ELSE account_id = (SELECT decode(current_setting('scrip.account', TRUE), 'hex')) END);
ALTER TABLE license_use ENABLE ROW LEVEL SECURITY;
CREATE POLICY license_use_read ON license_use FOR SELECT TO scrip_read
    USING (CASE (SELECT current_setting('scrip.account', TRUE)) WHEN 'house' THEN TRUE
        ELSE account_id = (SELECT decode(current_setting('scrip.account', TRUE), 'hex')) END);
ALTER TABLE pool ENABLE ROW LEVEL SECURITY;
CREATE POLICY pool_read ON pool FOR SELECT TO scrip_read
    USING (CASE (SELECT current_setting('scrip.account', TRUE)) WHEN 'house' THEN TRUE
        ELSE account_id = (SELECT decode(current_setting('scrip.account', TRUE), 'hex')) END);
ALTER TABLE alarm ENABLE ROW LEVEL SECURITY;
CREATE POLICY alarm_read ON alarm FOR SELECT TO scrip_read
    USING (CASE (SELECT current_setting('scrip.account', TRUE)) WHEN 'house' THEN TRUE
        ELSE account_id = (SELECT decode(current_setting('scrip.account', TRUE), 'hex')) END);
ALTER TABLE token ENABLE ROW LEVEL SECURITY;
CREATE POLICY token_read ON token FOR SELECT TO scrip_read
    USING (CASE (SELECT current_setting('scrip.account', TRUE)) WHEN 'house' THEN TRUE
        ELSE account_id = (SELECT decode(current_setting('scrip.account', TRUE), 'hex')) END);
ALTER TABLE report ENABLE ROW LEVEL SECURITY;
CREATE POLICY report_read ON report FOR SELECT TO scrip_read
    USING (CASE (SELECT current_setting('scrip.account', TRUE)) WHEN 'house' THEN TRUE
        ELSE account_id = (SELECT decode(current_setting('scrip.account', TRUE), 'hex')) END);
ALTER TABLE evidence ENABLE ROW LEVEL SECURITY;
CREATE POLICY evidence_read ON evidence FOR SELECT TO scrip_read
    USING (CASE (SELECT current_setting('scrip.account', TRUE)) WHEN 'house' THEN TRUE
        ELSE account_id = (SELECT decode(current_setting('scrip.account', TRUE), 'hex')) END);
ALTER TABLE entry ENABLE ROW LEVEL SECURITY;
CREATE POLICY entry_read ON entry FOR SELECT TO scrip_read
    USING (CASE (SELECT current_setting('scrip.account', TRUE)) WHEN 'house' THEN TRUE
        ELSE account_id = (SELECT decode(current_setting('scrip.account', TRUE), 'hex')) END);
ALTER TABLE alarm_change ENABLE ROW LEVEL SECURITY;
CREATE POLICY alarm_change_read ON alarm_change FOR SELECT TO scrip_read
    USING (CASE (SELECT current_setting('scrip.account', TRUE)) WHEN 'house' THEN TRUE
        ELSE account_id = (SELECT decode(current_setting('scrip.account', TRUE), 'hex')) END);
ALTER TABLE event ENABLE ROW LEVEL SECURITY;
CREATE POLICY event_read ON event FOR SELECT TO scrip_read
    USING (CASE (SELECT current_setting('scrip.account', TRUE)) WHEN 'house' THEN TRUE
        ELSE account_id = (SELECT decode(current_setting('scrip.account', TRUE), 'hex')) END);
ALTER TABLE outbox ENABLE ROW LEVEL SECURITY;
CREATE POLICY outbox_read ON outbox FOR SELECT TO scrip_read
    USING (CASE (SELECT current_setting('scrip.account', TRUE)) WHEN 'house' THEN TRUE
        ELSE account_id = (SELECT decode(current_setting('scrip.account', TRUE), 'hex')) END);
ALTER TABLE request ENABLE ROW LEVEL SECURITY;
CREATE POLICY request_read ON request FOR SELECT TO scrip_read
    USING (CASE (SELECT current_setting('scrip.account', TRUE)) WHEN 'house' THEN TRUE
        ELSE account_id = (SELECT decode(current_setting('scrip.account', TRUE), 'hex')) END);

GRANT USAGE ON SCHEMA public TO scrip_read;
GRANT SELECT ON account TO scrip_read;
GRANT SELECT ON virtual_account TO scrip_read;
GRANT SELECT ON license TO scrip_read;
GRANT SELECT ON entitlement TO scrip_read;
GRANT SELECT ON instance TO scrip_read;
GRANT SELECT ON device_key TO scrip_read;
GRANT SELECT ON identity TO scrip_read;
GRANT SELECT ON instance_name TO scrip_read;
GRANT SELECT ON license_use TO scrip_read;
GRANT SELECT ON pool TO scrip_read;
GRANT SELECT ON alarm TO scrip_read;
GRANT SELECT ON token TO scrip_read;
GRANT SELECT ON claim TO scrip_read;
GRANT SELECT ON house_fact TO scrip_read;
GRANT SELECT ON session TO scrip_read;
GRANT SELECT ON report TO scrip_read;
GRANT SELECT ON evidence TO scrip_read;
GRANT SELECT ON entry TO scrip_read;
GRANT SELECT ON alarm_change TO scrip_read;
GRANT SELECT ON event TO scrip_read;
GRANT SELECT ON outbox TO scrip_read;
GRANT SELECT ON request TO scrip_read;
