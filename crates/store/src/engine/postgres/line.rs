//! A line to a PostgreSQL server: a connection and the runtime that drives it.
//!
//! Each line has a runtime of its own, driven by the thread that waits on it, so that no
//! statement wakes another thread.

use std::error::Error as StdError;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio_postgres::types::{IsNull, ToSql, Type, private::BytesMut};
use tokio_postgres::{Client, Config, NoTls};

use super::fault;
use crate::fault::Fault;
use crate::value::Value;

/// A server that does not answer within this time is not there.
const CONNECT: Duration = Duration::from_secs(10);
/// After so long without a word a line is asked whether it is still there.
const QUIET: Duration = Duration::from_secs(30);
/// How a session is set: nobody waits for a row for ever, a node that hangs lets go of its rows,
/// and a commit that is answered is durable.
const SETTINGS: &str = "SET lock_timeout = 30000; SET idle_in_transaction_session_timeout = 60000; \
    SELECT set_config('synchronous_commit', 'on', FALSE) \
    WHERE current_setting('synchronous_commit') = 'off'";

/// A connection and the runtime that drives it.
pub(super) struct Line {
    client: Client,
    /// There until it is dropped.
    runtime: Option<Runtime>,
}

impl ToSql for Value {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(int) if *ty == Type::INT4 => i32::try_from(*int)?.to_sql(ty, out),
            Self::Int(int) => int.to_sql(ty, out),
            Self::Text(text) => text.to_sql(ty, out),
            Self::Bytes(bytes) => bytes.to_sql(ty, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    tokio_postgres::types::to_sql_checked!();
}

impl Line {
    /// Connects to a server, if it makes commits durable.
    pub(super) fn connect(url: &str) -> Result<Self, Fault> {
        let mut config: Config = url.parse().map_err(|error| fault(&error))?;
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(QUIET);
        }
        config.keepalives_idle(QUIET).keepalives_interval(QUIET / 3).keepalives_retries(3);
        let runtime = Builder::new_current_thread().enable_all().build().map_err(Fault::down)?;
        let connected = runtime.block_on(async {
            let (client, connection) = config.connect(NoTls).await?;
            tokio::spawn(connection);
            client.batch_execute(SETTINGS).await?;
            let fsync: String = client.query_one("SHOW fsync", &[]).await?.get(0);
            Ok((client, fsync))
        });
        let (client, fsync) = connected.map_err(|error| fault(&error))?;
        let line = Self { client, runtime: Some(runtime) };
        if fsync == "off" {
            let why = "PostgreSQL runs with fsync off, so nothing would be durable: turn it on";
            return Err(Fault::down(why));
        }
        Ok(line)
    }

    fn runtime(&self) -> &Runtime {
        self.runtime.as_ref().expect("it is there until it is dropped")
    }

    /// Waits for what is asked of the server.
    pub(super) fn wait<'a, T, F: Future<Output = T> + 'a>(
        &'a self,
        ask: impl FnOnce(&'a Client) -> F,
    ) -> T {
        self.runtime().block_on(ask(&self.client))
    }

    /// Whether the server has hung up, as far as can be told without asking it.
    pub(super) fn is_closed(&self) -> bool {
        // The line is driven only while somebody waits on it: let it hear what came meanwhile.
        self.runtime().block_on(async {
            for _ in 0..3 {
                tokio::task::yield_now().await;
            }
        });
        self.client.is_closed()
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        // A runtime may not be dropped inside another one, unless nobody waits for it.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
