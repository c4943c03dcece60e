//! The jobs in one person's hand: listed as cases when the person is revoked, and read for an admin who
//! withdraws all of them.

use platform::{inbox, transact, vals};
use rules::CaseKind;
use wire::{CommandId, Event, OrderId, OrderStatus, UserId};

use super::{Store, StoreError, rows::CaseRow};

const JOBS: &str =
    "SELECT id FROM orders WHERE provider_id = ? AND status IN (?, ?) ORDER BY id LIMIT ?";
const CONSUMER: &str = "order_people";
/// Beyond any limit on open jobs.
const LISTED_MAX: usize = 1_000;

impl Store {
    /// Jobs that the person has accepted or started, at most `limit`.
    pub async fn jobs_of(
        &self,
        provider: UserId,
        limit: usize,
    ) -> Result<Vec<OrderId>, StoreError> {
        let values = vals![provider, OrderStatus::Accepted, OrderStatus::InProgress, limit];
        Ok(self.sql.all(JOBS, values).await?)
    }

    /// Makes a case of each, once for the event. Returns their number.
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
            let jobs = tx.all::<OrderId>(JOBS, values).await?;
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
