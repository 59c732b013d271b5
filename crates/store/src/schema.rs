//! The tables: names, keys and columns, from which statements for both engines are made.
//!
//! The order of columns is the order of values in a row; the first `key` ones are the key.

mod people;

use crate::table::{Column, Index, Kind, Table};

pub(crate) use people::{
    ACCESS_REQUEST, API_TOKEN, LETTER, LINK, PERSON, ROLE_GRANT, SESSION, TERMS,
};

pub(crate) const ACCOUNT: Table = Table {
    name: "account",
    key: 1,
    columns: &[
        Column::new("account_id", Kind::Bytes),
        Column::new("number", Kind::Int),
        Column::new("name", Kind::Text),
        Column::new("name_folded", Kind::Text),
        Column::new("domain", Kind::Text),
        Column::new("policy", Kind::Bytes),
        Column::new("created_at", Kind::Int),
        Column::new("kind", Kind::Int),
        Column::new("state", Kind::Int),
        Column::new("country", Kind::Text),
        Column::new("approver", Kind::Text),
        Column::new("reason", Kind::Text),
        Column::new("terms_version", Kind::Int),
        Column::nullable("terms_accepted_at", Kind::Int),
        Column::new("revision", Kind::Int),
    ],
    indexes: &[],
};

pub(crate) const VIRTUAL_ACCOUNT: Table = Table {
    name: "virtual_account",
    key: 2,
    columns: &[
        Column::new("account_id", Kind::Bytes),
        Column::new("virtual_account_id", Kind::Bytes),
        Column::new("number", Kind::Int),
        Column::new("name", Kind::Text),
        Column::new("name_folded", Kind::Text),
        Column::new("description", Kind::Text),
        Column::new("is_default", Kind::Int),
        Column::new("created_at", Kind::Int),
        Column::new("tags", Kind::Bytes),
        Column::nullable("archived_at", Kind::Int),
        Column::new("revision", Kind::Int),
    ],
    indexes: &[],
};

pub(crate) const LICENSE: Table = Table {
    name: "license",
    key: 1,
    columns: &[
        Column::new("tag", Kind::Text),
        Column::new("license_id", Kind::Bytes),
        Column::new("name", Kind::Text),
        Column::new("name_folded", Kind::Text),
        Column::new("description", Kind::Text),
        Column::new("enforcement", Kind::Int),
        Column::new("kind", Kind::Int),
        Column::new("concern", Kind::Int),
        Column::new("changed_at", Kind::Int),
    ],
    indexes: &[],
};

pub(crate) const ENTITLEMENT: Table = Table {
    name: "entitlement",
    key: 3,
    columns: &[
        Column::new("account_id", Kind::Bytes),
        Column::new("pool_id", Kind::Bytes),
        Column::new("entitlement_id", Kind::Bytes),
        Column::new("quantity", Kind::Int),
        Column::new("future", Kind::Int),
        Column::new("available", Kind::Int),
        Column::new("reserved", Kind::Int),
        Column::new("delegated", Kind::Int),
        Column::new("in_transfer", Kind::Int),
        Column::new("retired", Kind::Int),
        Column::new("moved", Kind::Int),
        Column::new("starts_at", Kind::Int),
        Column::nullable("ends_at", Kind::Int),
        Column::new("kind", Kind::Int),
        Column::new("source", Kind::Text),
        Column::new("granted_at", Kind::Int),
        Column::nullable("moved_from_id", Kind::Bytes),
    ],
    indexes: &[Index { name: "entitlement_by_source", columns: &["account_id", "source"] }],
};

pub(crate) const INSTANCE: Table = Table {
    name: "instance",
    key: 2,
    columns: &[
        Column::new("account_id", Kind::Bytes),
        Column::new("instance_id", Kind::Bytes),
        Column::new("udi", Kind::Bytes),
        Column::new("identity", Kind::Text),
        Column::new("name", Kind::Text),
        Column::new("name_folded", Kind::Text),
        Column::new("named_epoch", Kind::Int),
        Column::new("named_number", Kind::Int),
        Column::nullable("software", Kind::Text),
        Column::new("software_version", Kind::Text),
        Column::new("members", Kind::Bytes),
        Column::new("active", Kind::Text),
        Column::new("active_since", Kind::Int),
        Column::new("virtual_account_id", Kind::Bytes),
        Column::new("placements", Kind::Bytes),
        Column::nullable("bound_at", Kind::Int),
        Column::new("progress", Kind::Bytes),
        Column::new("last_start", Kind::Int),
        Column::nullable("heard_at", Kind::Int),
        Column::nullable("stale_at", Kind::Int),
        Column::new("created_at", Kind::Int),
        Column::nullable("stale_day", Kind::Int),
        Column::nullable("country_of_use", Kind::Text),
        Column::nullable("country_told", Kind::Bytes),
        Column::new("heard_hour", Kind::Int),
        Column::nullable("removals", Kind::Bytes),
        Column::nullable("removed_at", Kind::Int),
    ],
    indexes: &[
        Index { name: "instance_by_heard", columns: &["account_id", "heard_hour"] },
        Index { name: "instance_by_name", columns: &["account_id", "name_folded", "instance_id"] },
        Index { name: "instance_by_stale", columns: &["account_id", "stale_day"] },
        Index {
            name: "instance_by_place",
            columns: &["account_id", "virtual_account_id", "instance_id", "removed_at"],
        },
    ],
};

pub(crate) const DEVICE_KEY: Table = Table {
    name: "device_key",
    key: 2,
    columns: &[
        Column::new("account_id", Kind::Bytes),
        Column::new("key_id", Kind::Bytes),
        Column::new("public_key", Kind::Bytes),
        Column::new("instance_id", Kind::Bytes),
        Column::new("state", Kind::Int),
        Column::new("reason", Kind::Text),
        Column::new("bound_at", Kind::Int),
    ],
    indexes: &[],
};

pub(crate) const IDENTITY: Table = Table {
    name: "identity",
    key: 2,
    columns: &[
        Column::new("account_id", Kind::Bytes),
        Column::new("identity", Kind::Text),
        Column::new("instance_id", Kind::Bytes),
    ],
    indexes: &[],
};

pub(crate) const INSTANCE_NAME: Table = Table {
    name: "instance_name",
    key: 3,
    columns: &[
        Column::new("account_id", Kind::Bytes),
        Column::new("instance_id", Kind::Bytes),
        Column::new("name", Kind::Text),
        Column::new("name_folded", Kind::Text),
        Column::new("first_heard_at", Kind::Int),
    ],
    indexes: &[],
};

pub(crate) const LICENSE_USE: Table = Table {
    name: "license_use",
    key: 3,
    columns: &[
        Column::new("account_id", Kind::Bytes),
        Column::new("instance_id", Kind::Bytes),
        Column::new("tag", Kind::Text),
        Column::new("pool_id", Kind::Bytes),
        Column::new("level", Kind::Int),
        Column::new("proof", Kind::Int),
        Column::new("since", Kind::Int),
        Column::nullable("unconfirmed_since", Kind::Int),
        Column::new("ends", Kind::Bytes),
    ],
    indexes: &[Index {
        name: "license_use_by_pool",
        columns: &["account_id", "pool_id", "instance_id"],
    }],
};

pub(crate) const POOL: Table = Table {
    name: "pool",
    key: 2,
    columns: &[
        Column::new("account_id", Kind::Bytes),
        Column::new("pool_id", Kind::Bytes),
        Column::new("virtual_account_id", Kind::Bytes),
        Column::new("tag", Kind::Text),
        Column::new("family_id", Kind::Bytes),
        Column::new("concern", Kind::Int),
        Column::new("future", Kind::Int),
        Column::new("available", Kind::Int),
        Column::new("reserved", Kind::Int),
        Column::new("delegated", Kind::Int),
        Column::new("in_transfer", Kind::Int),
        Column::new("retired", Kind::Int),
        Column::new("moved", Kind::Int),
        Column::new("used", Kind::Int),
        Column::new("used_unverified", Kind::Int),
        Column::new("balance", Kind::Int),
        Column::new("next_boundary", Kind::Int),
        Column::nullable("short_since", Kind::Int),
        Column::new("seq", Kind::Int),
        Column::new("moved_at", Kind::Int),
    ],
    indexes: &[
        Index { name: "pool_by_place", columns: &["account_id", "virtual_account_id", "tag"] },
        Index { name: "pool_by_boundary", columns: &["next_boundary"] },
    ],
};

pub(crate) const ALARM: Table = Table {
    name: "alarm",
    key: 2,
    columns: &[
        Column::new("account_id", Kind::Bytes),
        Column::new("alarm_id", Kind::Bytes),
        Column::new("kind", Kind::Int),
        Column::new("severity", Kind::Int),
        Column::new("virtual_account_id", Kind::Bytes),
        Column::new("subject", Kind::Bytes),
        Column::new("about", Kind::Text),
        Column::new("state", Kind::Int),
        Column::new("opened_at", Kind::Int),
        Column::new("short_since", Kind::Int),
        Column::new("settled_at", Kind::Int),
        Column::new("needed", Kind::Int),
        Column::new("missing", Kind::Int),
        Column::new("largest_told", Kind::Int),
        Column::new("telling", Kind::Int),
        Column::new("seq", Kind::Int),
    ],
    indexes: &[
        Index { name: "alarm_by_state", columns: &["account_id", "state", "opened_at"] },
        Index { name: "alarm_by_telling", columns: &["telling", "settled_at"] },
    ],
};

pub(crate) const TOKEN: Table = Table {
    name: "token",
    key: 2,
    columns: &[
        Column::new("account_id", Kind::Bytes),
        Column::new("token_id", Kind::Bytes),
        Column::new("virtual_account_id", Kind::Bytes),
        Column::new("description", Kind::Text),
        Column::new("secret_hash", Kind::Bytes),
        Column::new("sealed_text", Kind::Bytes),
        Column::new("expires_at", Kind::Int),
        Column::nullable("max_uses", Kind::Int),
        Column::new("uses", Kind::Int),
        Column::new("export_controlled", Kind::Int),
        Column::new("created_by", Kind::Text),
        Column::new("created_at", Kind::Int),
        Column::nullable("revoked_at", Kind::Int),
        Column::new("description_folded", Kind::Text),
    ],
    indexes: &[],
};

pub(crate) const CLAIM: Table = Table {
    name: "claim",
    key: 2,
    columns: &[
        Column::new("kind", Kind::Int),
        Column::new("value", Kind::Text),
        Column::new("account_id", Kind::Bytes),
        Column::new("owner", Kind::Bytes),
        Column::new("claimed_at", Kind::Int),
    ],
    indexes: &[],
};

pub(crate) const HOUSE_FACT: Table = Table {
    name: "house_fact",
    key: 1,
    columns: &[
        Column::new("name", Kind::Text),
        Column::new("value", Kind::Bytes),
        Column::new("changed_at", Kind::Int),
    ],
    indexes: &[],
};

pub(crate) const REPORT: Table = Table {
    name: "report",
    key: 6,
    columns: &[
        Column::new("account_id", Kind::Bytes),
        Column::new("instance_id", Kind::Bytes),
        Column::new("key_id", Kind::Bytes),
        Column::new("epoch", Kind::Int),
        Column::new("number", Kind::Int),
        Column::new("hash", Kind::Bytes),
        Column::new("tag", Kind::Text),
        Column::new("reporter", Kind::Text),
        Column::new("proof", Kind::Int),
        Column::new("counting", Kind::Int),
        Column::new("route", Kind::Int),
        Column::new("flags", Kind::Int),
        Column::new("levels", Kind::Bytes),
        Column::new("first_start", Kind::Int),
        Column::new("last_start", Kind::Int),
        Column::new("heard_at", Kind::Int),
    ],
    indexes: &[],
};

pub(crate) const EVIDENCE: Table = Table {
    name: "evidence",
    key: 2,
    columns: &[
        Column::new("account_id", Kind::Bytes),
        Column::new("evidence_id", Kind::Bytes),
        Column::new("sealed", Kind::Bytes),
    ],
    indexes: &[],
};

pub(crate) const ENTRY: Table = Table {
    name: "entry",
    key: 3,
    columns: &[
        Column::new("account_id", Kind::Bytes),
        Column::new("pool_id", Kind::Bytes),
        Column::new("seq", Kind::Int),
        Column::new("effective_at", Kind::Int),
        Column::new("recorded_at", Kind::Int),
        Column::new("subject", Kind::Bytes),
        Column::new("bucket", Kind::Int),
        Column::new("quantity", Kind::Int),
    ],
    indexes: &[],
};

pub(crate) const ALARM_CHANGE: Table = Table {
    name: "alarm_change",
    key: 3,
    columns: &[
        Column::new("account_id", Kind::Bytes),
        Column::new("alarm_id", Kind::Bytes),
        Column::new("seq", Kind::Int),
        Column::new("happening", Kind::Int),
        Column::new("effective_at", Kind::Int),
        Column::new("recorded_at", Kind::Int),
        Column::new("needed", Kind::Int),
        Column::new("missing", Kind::Int),
    ],
    indexes: &[],
};

pub(crate) const EVENT: Table = Table {
    name: "event",
    key: 3,
    columns: &[
        Column::new("account_id", Kind::Bytes),
        Column::new("at", Kind::Int),
        Column::new("event_id", Kind::Bytes),
        Column::new("role", Kind::Text),
        Column::new("action", Kind::Text),
        Column::new("subject", Kind::Text),
        Column::new("detail", Kind::Text),
        Column::nullable("place", Kind::Int),
        Column::nullable("personal_hash", Kind::Bytes),
        Column::nullable("leaf_hash", Kind::Bytes),
        Column::nullable("virtual_account_id", Kind::Bytes),
        Column::new("sphere", Kind::Int),
    ],
    indexes: &[
        Index { name: "event_by_action", columns: &["account_id", "action", "at", "event_id"] },
        Index { name: "event_by_subject", columns: &["account_id", "subject", "at", "event_id"] },
        Index { name: "event_by_place", columns: &["account_id", "place"] },
        Index {
            name: "event_by_virtual_account",
            columns: &["account_id", "virtual_account_id", "at", "event_id"],
        },
        Index { name: "event_by_sphere", columns: &["account_id", "sphere", "at", "event_id"] },
        // Only of events that have no place.
        Index { name: "event_waiting", columns: &["account_id", "at", "event_id"] },
    ],
};

pub(crate) const EVENT_PERSONAL: Table = Table {
    name: "event_personal",
    key: 3,
    columns: &[
        Column::new("account_id", Kind::Bytes),
        Column::new("at", Kind::Int),
        Column::new("event_id", Kind::Bytes),
        Column::new("salt", Kind::Bytes),
        Column::new("actor", Kind::Text),
        Column::new("private", Kind::Text),
        Column::new("address", Kind::Text),
        Column::nullable("erased_at", Kind::Int),
    ],
    indexes: &[Index {
        name: "event_personal_by_actor",
        columns: &["account_id", "actor", "at", "event_id"],
    }],
};

/// Under which names anybody acted: those of the personal parts, each once.
pub(crate) const EVENT_ACTOR: Table = Table {
    name: "event_actor",
    key: 2,
    columns: &[Column::new("account_id", Kind::Bytes), Column::new("actor", Kind::Text)],
    indexes: &[],
};

pub(crate) const EVENT_TREE: Table = Table {
    name: "event_tree",
    key: 1,
    columns: &[
        Column::new("account_id", Kind::Bytes),
        Column::new("size", Kind::Int),
        Column::new("edge", Kind::Bytes),
        Column::new("appended_at", Kind::Int),
    ],
    indexes: &[],
};

pub(crate) const EVENT_SUBTREE: Table = Table {
    name: "event_subtree",
    key: 3,
    columns: &[
        Column::new("account_id", Kind::Bytes),
        Column::new("level", Kind::Int),
        Column::new("position", Kind::Int),
        Column::new("hash", Kind::Bytes),
    ],
    indexes: &[],
};

pub(crate) const EVENT_CHECKPOINT: Table = Table {
    name: "event_checkpoint",
    key: 2,
    columns: &[
        Column::new("account_id", Kind::Bytes),
        Column::new("size", Kind::Int),
        Column::new("sealed", Kind::Bytes),
        Column::new("made_at", Kind::Int),
    ],
    indexes: &[],
};

pub(crate) const EVENT_FORWARD: Table = Table {
    name: "event_forward",
    key: 1,
    columns: &[Column::new("account_id", Kind::Bytes), Column::new("place", Kind::Int)],
    indexes: &[],
};

pub(crate) const LEASE: Table = Table {
    name: "lease",
    key: 1,
    columns: &[
        Column::new("name", Kind::Text),
        Column::new("holder", Kind::Bytes),
        Column::new("until_at", Kind::Int),
    ],
    indexes: &[],
};

pub(crate) const OUTBOX: Table = Table {
    name: "outbox",
    key: 3,
    columns: &[
        Column::new("account_id", Kind::Bytes),
        Column::new("message_id", Kind::Bytes),
        Column::new("channel", Kind::Int),
        Column::new("happening", Kind::Int),
        Column::new("alarm_id", Kind::Bytes),
        Column::new("virtual_account_id", Kind::Bytes),
        Column::new("about", Kind::Text),
        Column::new("needed", Kind::Int),
        Column::new("missing", Kind::Int),
        Column::new("since", Kind::Int),
        Column::new("at", Kind::Int),
        Column::new("attempts", Kind::Int),
        Column::new("due_at", Kind::Int),
        Column::nullable("done_at", Kind::Int),
        Column::new("last_error", Kind::Text),
    ],
    indexes: &[Index { name: "outbox_by_due", columns: &["channel", "done_at", "due_at"] }],
};

pub(crate) const REQUEST: Table = Table {
    name: "request",
    key: 2,
    columns: &[
        Column::new("account_id", Kind::Bytes),
        Column::new("request_id", Kind::Bytes),
        Column::new("digest", Kind::Bytes),
        Column::new("recorded_at", Kind::Int),
    ],
    indexes: &[],
};

/// Every table.
pub(crate) const ALL: &[&Table] = &[
    &ACCOUNT,
    &VIRTUAL_ACCOUNT,
    &LICENSE,
    &ENTITLEMENT,
    &INSTANCE,
    &DEVICE_KEY,
    &IDENTITY,
    &INSTANCE_NAME,
    &LICENSE_USE,
    &POOL,
    &ALARM,
    &TOKEN,
    &CLAIM,
    &HOUSE_FACT,
    &SESSION,
    &PERSON,
    &ROLE_GRANT,
    &LINK,
    &ACCESS_REQUEST,
    &API_TOKEN,
    &TERMS,
    &LETTER,
    &REPORT,
    &EVIDENCE,
    &ENTRY,
    &ALARM_CHANGE,
    &EVENT,
    &EVENT_PERSONAL,
    &EVENT_ACTOR,
    &EVENT_TREE,
    &EVENT_SUBTREE,
    &EVENT_CHECKPOINT,
    &EVENT_FORWARD,
    &LEASE,
    &OUTBOX,
    &REQUEST,
];
