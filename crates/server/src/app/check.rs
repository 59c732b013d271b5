//! Proves that what is stored equals the lines of the book that it came from.

use ledger::house::HOUSE;
use ledger::role::Permit;
use store::Sight;
pub use store::fsck::Findings;

use wire::id::AccountId;

use super::{App, Error};

/// How many accounts are checked in one read.
const ACCOUNTS: u32 = 100;

impl App {
    /// Checks every pool and the event log of every account.
    ///
    /// # Errors
    /// `permit.denied`, faults of the store. What does not fit is no error but a finding.
    pub async fn check(&self, permit: &Permit) -> Result<Findings, Error> {
        let mut findings = Findings::default();
        let mut after = None;
        findings = self.check_logs(vec![HOUSE], findings).await?;
        loop {
            let page = self.list_accounts(permit, after, ACCOUNTS).await?;
            let accounts: Vec<_> = page.rows.iter().map(|account| account.id).collect();
            let mut so_far = std::mem::take(&mut findings);
            let read = move |reading: &mut store::Reading<'_>| {
                for account in accounts {
                    reading.check_account(account, &mut so_far)?;
                }
                Ok(so_far)
            };
            findings = self.book.read(Sight::House, read).await?;
            let accounts = page.rows.iter().map(|account| account.id).collect();
            findings = self.check_logs(accounts, findings).await?;
            after = page.next;
            if after.is_none() {
                return Ok(findings);
            }
        }
    }

    /// Checks event logs against their trees and the checkpoints that were kept.
    async fn check_logs(
        &self,
        accounts: Vec<AccountId>,
        mut findings: Findings,
    ) -> Result<Findings, Error> {
        let bundle = self.keys.bundle.open_in(self.keys.realm)?;
        let app = self.clone();
        let read = move |reading: &mut store::Reading<'_>| {
            for account in accounts {
                let kept = reading.checkpoints(account)?;
                let (heads, broken) = app.signed_heads(&bundle, &kept);
                findings.wrong.extend(broken);
                reading.check_log(account, &heads, &mut findings)?;
            }
            Ok(findings)
        };
        Ok(self.book.read(Sight::House, read).await?)
    }
}
