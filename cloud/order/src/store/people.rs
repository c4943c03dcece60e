//! Provider-related writes: opens cases for the jobs of a revoked provider and for commands of an
//! untrusted edge, lists jobs for an admin to withdraw, republishes completed jobs for profiles,
//! and stores verification status.

use platform::{
    bus::topology::USER_PROFILES, inbox, marks, outbox::replay, sql::Columns, transact, vals,
};
use rules::{CaseKind, StoredAnswer};
use wire::{CommandId, Event, OrderId, OrderStatus, ProviderVerification, UserId};

use super::{
    Store, StoreError,
    rows::{AnswerRow, CaseRow},
};

const JOBS: &str =
    "SELECT id FROM orders WHERE provider_id = ? AND status IN (?, ?) ORDER BY id LIMIT ?";
const CONSUMER: &str = "order_people";
/// Beyond any limit on open jobs.
const LISTED_MAX: usize = 1_000;

impl Store {
    /// Opens a case for each of these commands that took effect. Returns the number of new cases.
    pub async fn list_distrusted(&self, commands: &[CommandId]) -> Result<u64, StoreError> {
        let at = self.clock.now();
        transact!(self.sql, tx => {
            let text = AnswerRow::select("WHERE command_id IN (");
            let rows = tx.all_named::<AnswerRow>(text, &[], commands, ")").await?;
            let mut listed = 0;
            for answer in rows.into_iter().map(StoredAnswer::from).filter(|row| row.applied) {
                let StoredAnswer { order_id, user_id, command_id, code, .. } = answer;
                let Some(user_id) = user_id else { continue };
                let kind = CaseKind::EdgeDistrusted.as_str();
                let case = CaseRow { order_id, user_id, kind, command_id, code, at };
                listed += u64::from(tx.insert_new(case).await?);
            }
            Ok(listed)
        })
    }

    /// Up to `limit` jobs that the provider has accepted or started.
    pub async fn jobs_of(
        &self,
        provider: UserId,
        limit: usize,
    ) -> Result<Vec<OrderId>, StoreError> {
        let values = vals![
            provider,
            OrderStatus::Accepted,
            OrderStatus::InProgress,
            limit
        ];
        Ok(self.sql.fetch_all(JOBS, values).await?)
    }

    /// Asks for a replay of recently completed jobs to the profiles, which count lost ones and skip
    /// duplicates. Returns true if the replay starts.
    pub async fn tell_completed(&self) -> Result<bool, StoreError> {
        Ok(replay::ask_again(&(&self.sql).into(), &USER_PROFILES, &self.clock).await?)
    }

    pub async fn take_mark(&self, verification: ProviderVerification) -> Result<(), StoreError> {
        transact!(self.sql, tx => {
            marks::store::apply_mark(tx, verification).await?;
            Ok(())
        })
    }

    /// Opens a case for each job, once per event. Returns their number.
    pub async fn list_jobs_of_revoked(
        &self,
        event: &Event,
        provider: UserId,
    ) -> Result<usize, StoreError> {
        let at = self.clock.now();
        transact!(self.sql, tx => {
            if !inbox::store::first_time(tx, CONSUMER, event.id, at).await? {
                return Ok(0);
            }
            let values = vals![provider, OrderStatus::Accepted, OrderStatus::InProgress, LISTED_MAX];
            let jobs = tx.fetch_all::<OrderId>(JOBS, values).await?;
            let case = |order_id| CaseRow {
                order_id,
                user_id: provider,
                kind: CaseKind::RevokedHolder.as_str(),
                command_id: CommandId(event.id.0),
                code: None,
                at,
            };
            let cases: Vec<CaseRow> = jobs.into_iter().map(case).collect();
            let listed = cases.len();
            tx.insert_all(cases).await?;
            Ok(listed)
        })
    }
}
