//! What is kept: the only SQL, on SQLite and PostgreSQL.
