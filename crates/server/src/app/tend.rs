//! Tends to what nobody came for: terms that begin or end, settled alarms to be told, old rows.

use ledger::alarm::QUIET;
use ledger::command::{Command, Lapse, Tell};
use ledger::pool::Pool;
use store::{Chore, Fault, Sight, Waiting};
use wire::time::Span;

use super::{App, Error};

/// How many pools or alarms one round takes.
const ROUND: u32 = 500;
/// Sessions that ended, and news that was told, are kept so long.
const KEPT: Span = Span::from_days(30);
/// What is claimed is made at once; after this time it was not.
const CLAIM_IN_USE: Span = Span::from_hours(1);
/// Whoever asks whether the server is ready is told what was found so long ago at most.
const READY_KNOWN: Span = Span::from_seconds(1);

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

    /// Gives back claims that were made an hour ago or earlier for something that never came to be,
    /// because the process ended in between.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn release_claims(&self) -> Result<(), Error> {
        let before = self.world.now().minus(CLAIM_IN_USE);
        self.book.chore(Chore::ReleaseClaims { before, owner: None }).await?;
        Ok(())
    }

    /// Whether the book can be read and the writer writes. It leaves no trace, and it is found out
    /// once a second, however many ask.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn ready(&self) -> Result<(), Error> {
        let mut known = self.readiness.lock().await;
        let now = self.world.now();
        if let Some((at, ready)) = known.as_ref()
            && (*at..at.plus(READY_KNOWN)).contains(&now)
        {
            return Ok(ready.clone()?);
        }
        let ready = self.find_ready().await;
        *known = Some((now, ready.clone()));
        Ok(ready?)
    }

    async fn find_ready(&self) -> Result<(), Fault> {
        self.book.read(Sight::House, |reading| reading.waiting()).await?;
        self.book.chore(Chore::Ready).await.map(|_| ())
    }

    /// What needs attention in the whole house.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn waiting(&self) -> Result<Waiting, Error> {
        Ok(self.book.read(Sight::House, |reading| reading.waiting()).await?)
    }
}
