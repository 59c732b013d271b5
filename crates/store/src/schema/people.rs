//! The tables of people: sessions, roles, links, tokens, terms, letters.

use crate::table::{Column, Index, Kind, Table};

pub(crate) const SESSION: Table = Table {
    name: "session",
    key: 1,
    columns: &[
        Column::new("token_hash", Kind::Bytes),
        Column::nullable("person_id", Kind::Bytes),
        Column::new("factors", Kind::Int),
        Column::new("csrf", Kind::Text),
        Column::new("began_at", Kind::Int),
        Column::new("ends_at", Kind::Int),
        Column::nullable("ended_at", Kind::Int),
        Column::new("proven_at", Kind::Int),
        Column::new("seen_at", Kind::Int),
        Column::new("address", Kind::Text),
        Column::new("browser", Kind::Text),
    ],
    indexes: &[Index { name: "session_by_person", columns: &["person_id", "began_at"] }],
};

pub(crate) const PERSON: Table = Table {
    name: "person",
    key: 1,
    columns: &[
        Column::new("person_id", Kind::Bytes),
        Column::new("email", Kind::Text),
        Column::new("email_folded", Kind::Text),
        Column::new("name", Kind::Text),
        Column::new("state", Kind::Int),
        Column::new("zone", Kind::Text),
        Column::new("credentials", Kind::Bytes),
        Column::new("created_at", Kind::Int),
        Column::new("theme", Kind::Int),
        Column::new("dates", Kind::Int),
    ],
    indexes: &[Index { name: "person_by_email", columns: &["email_folded", "person_id"] }],
};

pub(crate) const ROLE_GRANT: Table = Table {
    name: "role_grant",
    key: 2,
    columns: &[
        Column::new("account_id", Kind::Bytes),
        Column::new("grant_id", Kind::Bytes),
        Column::new("person_id", Kind::Bytes),
        Column::new("email", Kind::Text),
        Column::new("email_folded", Kind::Text),
        Column::new("role", Kind::Int),
        Column::nullable("virtual_account_id", Kind::Bytes),
        Column::new("granted_by", Kind::Text),
        Column::new("granted_at", Kind::Int),
        Column::nullable("ends_at", Kind::Int),
        Column::nullable("ended_at", Kind::Int),
    ],
    indexes: &[
        Index { name: "role_grant_by_person", columns: &["person_id", "ended_at"] },
        Index { name: "role_grant_by_email", columns: &["account_id", "email_folded", "grant_id"] },
    ],
};

pub(crate) const LINK: Table = Table {
    name: "one_time_link",
    key: 1,
    columns: &[
        Column::new("hash", Kind::Bytes),
        Column::new("purpose", Kind::Int),
        Column::new("person_id", Kind::Bytes),
        Column::new("about_account_id", Kind::Bytes),
        Column::new("credentials_version", Kind::Int),
        Column::new("made_at", Kind::Int),
        Column::new("expires_at", Kind::Int),
        Column::nullable("used_at", Kind::Int),
    ],
    indexes: &[],
};

pub(crate) const ACCESS_REQUEST: Table = Table {
    name: "access_request",
    key: 2,
    columns: &[
        Column::new("account_id", Kind::Bytes),
        Column::new("access_request_id", Kind::Bytes),
        Column::new("person_id", Kind::Bytes),
        Column::new("email", Kind::Text),
        Column::new("role", Kind::Int),
        Column::nullable("virtual_account_id", Kind::Bytes),
        Column::new("message", Kind::Text),
        Column::new("state", Kind::Int),
        Column::new("asked_at", Kind::Int),
        Column::nullable("decided_at", Kind::Int),
        Column::new("decided_by", Kind::Text),
    ],
    indexes: &[Index {
        name: "access_request_by_state",
        columns: &["account_id", "state", "asked_at"],
    }],
};

pub(crate) const API_TOKEN: Table = Table {
    name: "api_token",
    key: 1,
    columns: &[
        Column::new("hash", Kind::Bytes),
        Column::new("api_token_id", Kind::Bytes),
        Column::new("kind", Kind::Int),
        Column::new("person_id", Kind::Bytes),
        Column::new("within_account_id", Kind::Bytes),
        Column::new("name", Kind::Text),
        Column::new("bounds", Kind::Text),
        Column::new("made_at", Kind::Int),
        Column::new("expires_at", Kind::Int),
        Column::nullable("revoked_at", Kind::Int),
    ],
    indexes: &[
        Index { name: "api_token_by_person", columns: &["person_id", "kind", "made_at"] },
        Index { name: "api_token_by_account", columns: &["within_account_id", "kind", "made_at"] },
        Index { name: "api_token_by_id", columns: &["api_token_id", "made_at"] },
    ],
};

pub(crate) const TERMS: Table = Table {
    name: "terms",
    key: 1,
    columns: &[
        Column::new("version", Kind::Int),
        Column::new("title", Kind::Text),
        Column::new("body", Kind::Text),
        Column::new("published_at", Kind::Int),
    ],
    indexes: &[],
};

pub(crate) const LETTER: Table = Table {
    name: "letter",
    key: 2,
    columns: &[
        Column::new("account_id", Kind::Bytes),
        Column::new("message_id", Kind::Bytes),
        Column::new("recipient", Kind::Text),
        Column::new("subject", Kind::Text),
        Column::new("sealed_text", Kind::Bytes),
        Column::new("queued_at", Kind::Int),
        Column::new("attempts", Kind::Int),
        Column::new("due_at", Kind::Int),
        Column::nullable("done_at", Kind::Int),
        Column::new("last_error", Kind::Text),
    ],
    indexes: &[Index { name: "letter_by_due", columns: &["done_at", "due_at"] }],
};
