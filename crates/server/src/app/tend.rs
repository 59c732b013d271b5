//! Tends to what nobody came for: terms that begin or end, settled alarms to be told, old rows.

use ledger::alarm::QUIET;
use ledger::command::{Command, Lapse, Tell};
use ledger::pool::Pool;
use store::{Chore, Sight, Waiting};
use wire::time::{Span, Timestamp};

use super::{App, Error};

/// How many pools or alarms one round takes.
const ROUND: u32 = 500;
/// Sessions that ended, and news that was told, are kept so long.
const KEPT: Span = Span::from_days(30);

impl App {
    /// Brings pools to now whose terms began or ended, and tells that alarms settled.
    /// Returns how many commands that took.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn tend(&self) -> Result<usize, Error> {
        let now = self.world.now();
        let until = now.minus(QUIET);
        let read = move |reading: &mut store::Reading<'_>| {
            Ok((reading.pools_due(now, ROUND)?, reading.alarms_to_tell(until, ROUND)?))
        };
        let (pools, alarms) = self.book.read(Sight::House, read).await?;
        let done = pools.len() + alarms.len();
        for Pool { account, virtual_account, tag, .. } in pools {
            self.write(Command::Lapse(Lapse { account, virtual_account, tag })).await?;
        }
        for (account, alarm) in alarms {
            self.write(Command::Tell(Tell { account, alarm })).await?;
        }
        Ok(done)
    }

    /// Removes what is no longer needed.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn forget(&self) -> Result<(), Error> {
        let before = self.world.now().minus(KEPT);
        self.book.chore(Chore::Forget { before }).await?;
        Ok(())
    }

    /// Whether the book can be read and the writer writes. It leaves no trace.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn ready(&self) -> Result<(), Error> {
        self.book.read(Sight::House, |reading| reading.waiting()).await?;
        // Nothing is as old as that: a transaction that removes no row.
        self.book.chore(Chore::Forget { before: Timestamp::MIN }).await?;
        Ok(())
    }

    /// What needs attention in the whole house.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn waiting(&self) -> Result<Waiting, Error> {
        Ok(self.book.read(Sight::House, |reading| reading.waiting()).await?)
    }
}
