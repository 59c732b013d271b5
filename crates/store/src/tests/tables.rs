//! Both engines have the same tables, the ones that the schema says; readers see what they may.

use wire::id::AccountId;

use super::{Bare, End};
use crate::pool::{Sight, begin};
use crate::schema;
use crate::table::{Kind, Table};
use crate::value::Value;

/// A table in words: its columns with kind and whether they may be empty, its key, its indexes.
fn described(table: &Table) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for column in table.columns {
        let kind = match column.kind {
            Kind::Int => "int",
            Kind::Text => "text",
            Kind::Bytes => "bytes",
        };
        let null = if column.null { "may be empty" } else { "is never empty" };
        lines.push(format!("{}.{}: {kind}, {null}", table.name, column.name));
    }
    let names = |columns: &[&str]| columns.join(", ");
    let key: Vec<&str> = table.columns[..table.key].iter().map(|column| column.name).collect();
    lines.push(format!("{}: key {}", table.name, names(&key)));
    for index in table.indexes {
        lines.push(format!("{}: {} {}", table.name, index.name, names(index.columns)));
    }
    lines
}

const SQLITE_COLUMNS: &str = "SELECT t.name || '.' || c.name || ': ' || \
    CASE c.type WHEN 'INTEGER' THEN 'int' WHEN 'TEXT' THEN 'text' WHEN 'BLOB' THEN 'bytes' ELSE c.type END \
    || CASE c.\"notnull\" WHEN 1 THEN ', is never empty' ELSE ', may be empty' END \
    FROM pragma_table_list t JOIN pragma_table_info(t.name) c \
    WHERE t.type = 'table' AND t.schema = 'main' AND t.name NOT LIKE 'sqlite%' AND t.name <> 'migration'";
const SQLITE_KEYS: &str = "SELECT t.name || ': key ' || (SELECT group_concat(c.name, ', ' ORDER BY c.pk) \
    FROM pragma_table_info(t.name) c WHERE c.pk > 0) FROM pragma_table_list t \
    WHERE t.type = 'table' AND t.schema = 'main' AND t.name NOT LIKE 'sqlite%' AND t.name <> 'migration'";
const SQLITE_INDEXES: &str = "SELECT i.tbl_name || ': ' || i.name || ' ' || \
    (SELECT group_concat(c.name, ', ' ORDER BY c.seqno) FROM pragma_index_info(i.name) c) \
    FROM sqlite_schema i WHERE i.type = 'index' AND i.sql IS NOT NULL";

const POSTGRES_COLUMNS: &str = "SELECT table_name || '.' || column_name || ': ' || \
    CASE data_type WHEN 'bigint' THEN 'int' WHEN 'text' THEN 'text' WHEN 'bytea' THEN 'bytes' ELSE data_type END \
    || CASE is_nullable WHEN 'NO' THEN ', is never empty' ELSE ', may be empty' END \
    FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'migration'";
const POSTGRES_KEYS: &str = "SELECT CAST(i.indrelid::regclass AS TEXT) || ': ' || \
    CASE WHEN i.indisprimary THEN 'key' ELSE CAST(i.indexrelid::regclass AS TEXT) END || ' ' || \
    (SELECT string_agg(a.attname, ', ' ORDER BY k.n) FROM unnest(i.indkey) WITH ORDINALITY AS k(attnum, n) \
     JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum) \
    FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace s ON s.oid = t.relnamespace \
    WHERE s.nspname = 'public' AND t.relname <> 'migration'";

#[test]
fn both_engines_have_the_tables_that_the_schema_says() {
    let mut expected: Vec<String> = schema::ALL.iter().flat_map(|table| described(table)).collect();
    expected.sort();
    for mut bare in Bare::all() {
        let questions: &[&str] = match bare.end {
            End::Folder(_) => &[SQLITE_COLUMNS, SQLITE_KEYS, SQLITE_INDEXES],
            End::Database { .. } => &[POSTGRES_COLUMNS, POSTGRES_KEYS],
        };
        let mut found: Vec<String> =
            questions.iter().flat_map(|question| bare.lines(question)).collect();
        found.sort();
        assert_eq!(found, expected);
    }
}

#[test]
fn sqlite_tables_are_strict() {
    let sql = "SELECT name FROM pragma_table_list WHERE type = 'table' AND schema = 'main' \
               AND strict = 0 AND name NOT LIKE 'sqlite%'";
    assert_eq!(Bare::sqlite().lines(sql), Vec::<String>::new());
}

#[test]
fn postgres_compares_all_text_by_its_bytes() {
    let Some(mut bare) = Bare::postgres() else { return };
    let sql = "SELECT table_name || '.' || column_name FROM information_schema.columns \
               WHERE table_schema = 'public' AND data_type = 'text' AND table_name <> 'migration' \
               AND collation_name IS DISTINCT FROM 'C'";
    assert_eq!(bare.lines(sql), Vec::<String>::new());
}

/// A row of a table that says nothing but whose it is.
fn row_of(table: &Table, account: AccountId) -> Vec<Value> {
    let mut row = table.blank(&[]);
    row[0] = Value::Bytes(account.as_bytes().to_vec());
    row
}

#[test]
fn readers_see_one_account_even_without_a_condition_and_write_nothing() {
    let Some(mut bare) = Bare::postgres() else { return };
    let (own, other) = (AccountId::from_bytes([1; 16]), AccountId::from_bytes([2; 16]));
    let of_accounts = || schema::ALL.iter().filter(|t| t.columns[0].name == "account_id");
    for table in of_accounts() {
        for account in [own, other] {
            let engine = bare.engine();
            engine.begin().expect("it begins");
            let change = crate::rows::Change {
                table,
                write: crate::table::Write::Append,
                rows: vec![row_of(table, account)],
            };
            engine.finish(&[change]).expect("it is written");
        }
    }
    let mut reader = bare.reader();
    for table in of_accounts() {
        let count = format!("SELECT COUNT(*) FROM {}", table.name);
        for (sight, expected) in [
            (Sight::Account(own), 1),
            (Sight::Account(AccountId::from_bytes([3; 16])), 0),
            (Sight::House, 2),
            (Sight::Account(other), 1),
        ] {
            begin(&mut reader, sight).expect("it begins");
            let rows = reader.query(&count, &[]).expect("it is read");
            assert_eq!(rows, [[Value::Int(expected)]], "{} {sight:?}", table.name);
            reader.rollback();
        }
        for change in [
            format!("DELETE FROM {}", table.name),
            format!("UPDATE {} SET account_id = account_id", table.name),
            format!("INSERT INTO {0} SELECT * FROM {0}", table.name),
        ] {
            begin(&mut reader, Sight::House).expect("it begins");
            reader.query(&change, &[]).expect_err("readers do not write");
            reader.rollback();
            reader = bare.reader();
        }
    }
    let sql = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace \
               AND NOT relrowsecurity AND relname NOT IN ('migration', 'license', 'claim', 'house_fact', 'session', \
               'person', 'one_time_link', 'api_token', 'terms', 'lease')";
    assert_eq!(bare.lines(sql), Vec::<String>::new(), "tables that every reader sees whole");
}

#[test]
fn the_role_of_readers_has_no_right_to_write() {
    let Some(mut bare) = Bare::postgres() else { return };
    let sql = "SELECT table_name || ' ' || privilege_type FROM information_schema.role_table_grants \
               WHERE grantee = 'scrip_read' AND table_schema = 'public' AND privilege_type <> 'SELECT'";
    assert_eq!(bare.lines(sql), Vec::<String>::new());
}

#[test]
fn sqlite_readers_cannot_write() {
    let bare = Bare::sqlite();
    let mut reader = bare.reader();
    begin(&mut reader, Sight::House).expect("it begins");
    reader.query("DELETE FROM account", &[]).expect_err("readers do not write");
}

/// What the log of events was before it had a tree.
const BEFORE_THE_TREE: [(&str, &str); 2] = [
    ("sqlite", include_str!("../../migrations/sqlite/0001_first_book.sql")),
    ("postgres", include_str!("../../migrations/postgres/0001_first_book.sql")),
];

#[test]
fn events_from_before_the_tree_are_kept_and_wait_for_their_places() {
    for mut bare in Bare::all() {
        let engine = bare.engine();
        let postgres = engine.holds();
        let text = BEFORE_THE_TREE[usize::from(postgres)].1;
        let fresh = if postgres {
            "DROP SCHEMA public CASCADE; CREATE SCHEMA public".to_owned()
        } else {
            let drop = |table: &&&Table| format!("DROP TABLE {};", table.name);
            let tables: String = schema::ALL.iter().map(|table| drop(&table)).collect();
            format!("{tables} DROP TABLE migration")
        };
        engine.script(&fresh).expect("it is empty");
        let log = "CREATE TABLE migration (number BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, applied_at BIGINT NOT NULL)";
        engine.script(log).expect("a log");
        engine.script(text).expect("the first book");
        let bytes = if postgres { "'\\x01'::BYTEA" } else { "x'01'" };
        let old = format!(
            "INSERT INTO migration VALUES (1, '0001_first_book', 0); \
             INSERT INTO event VALUES ({bytes}, 5, {bytes}, 'ann', 'operator', 'a.b', 'c', '{{}}', '192.0.2.1'); \
             INSERT INTO event VALUES ({bytes}, 6, {bytes}, 'ben', 'operator', 'a.b', 'c', '{{}}', '')"
        );
        engine.script(&old).expect("two events");
        crate::migrate::migrate(engine, wire::time::Timestamp::MIN).expect("it is migrated");
        let sql = "SELECT e.at, e.role, p.actor, p.address, p.private, length(p.salt), COALESCE(e.place, -1) \
                   FROM event e JOIN event_personal p ON p.at = e.at ORDER BY e.at";
        assert_eq!(bare.lines(sql), ["5|operator|ann|192.0.2.1||16|-1", "6|operator|ben|||16|-1"]);
        assert_eq!(bare.lines("SELECT COUNT(DISTINCT salt) FROM event_personal"), ["2"]);
        assert_eq!(bare.lines("SELECT actor FROM event_actor ORDER BY actor"), ["ann", "ben"]);
    }
}
