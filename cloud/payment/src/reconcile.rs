//! The reconciliation report, which compares orders, payments, the books and the adapter. In a
//! sound platform nothing differs, and waiting items wait for the adapter or a person.

use std::collections::BTreeSet;

use custody::{MissedEvent, MovementId};
use process::problem::format_error_chain;
use uuid::Uuid;
use wire::{OrderId, UnixMillis, words};

use crate::{
    actions::{AdapterWorker, Service},
    events::{CompareError, OrderComparison},
    store::{FindingContext, JournalCursor, LedgerDiscrepancies, OverdueRows, StoreError},
};

impl Service {
    pub fn reconciler(&self) -> Reconciler {
        Reconciler {
            worker: self.worker.clone(),
            comparison: self.build_comparison(),
        }
    }
}

/// The window for comparing bookings and movements. Older ones were compared before and cannot have
/// changed.
const WINDOW_MS: i64 = 35 * 24 * 3_600_000;
/// Movements open for longer are late.
const LATE_MS: i64 = 3_600_000;
/// Events may be in transit for at least this long.
const ON_ITS_WAY_MS: i64 = 5_000;
/// Maximum number of differing movements queried per report.
const QUESTIONS_MAX: usize = 200;

words! {
    FindingKind {
        UnevenJournal "uneven_journal",
        AccountAdrift "account_adrift",
        HeldForNothing "held_for_nothing",
        ShownUnheld "shown_unheld",
        AdapterDiffers "adapter_differs",
        AdapterSilent "adapter_silent",
        OrderEventMissed "order_event_missed",
        MoneyWordMissed "money_word_missed",
        /// Paid to a provider without a case of work in vain, or above the worth of such work.
        CompensationUnfounded "compensation_unfounded",
        OrdersSilent "orders_silent",
        LatePayment "late_payment",
        LateRefund "late_refund",
        LatePayout "late_payout",
        NeedsPerson "needs_person",
        CancelUnfinished "cancel_unfinished",
        Suspense "suspense",
        OpenCase "open_case",
    }
}

impl FindingKind {
    /// True if the subject is an order id.
    const fn names_an_order(self) -> bool {
        use FindingKind::{
            CancelUnfinished, HeldForNothing, MoneyWordMissed, NeedsPerson, OrderEventMissed,
            ShownUnheld,
        };
        matches!(
            self,
            HeldForNothing
                | ShownUnheld
                | OrderEventMissed
                | MoneyWordMissed
                | NeedsPerson
                | CancelUnfinished
        )
    }
}

/// A finding for review, identified by its row's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MoneyFinding {
    pub kind: FindingKind,
    pub subject: Uuid,
    pub since: Option<UnixMillis>,
    pub about: FindingContext,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconciliation {
    pub at: UnixMillis,
    pub since: UnixMillis,
    /// Contradictions between orders, payments, books and adapter.
    pub differences: Vec<MoneyFinding>,
    /// Movements open for over an hour, or an adapter without a statement.
    pub waiting: Vec<MoneyFinding>,
}

/// The treatment of fees that are in the adapter's statement but not in our books.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum UnbookedFees {
    AreBooked,
    Differ,
}

#[derive(Clone)]
pub struct Reconciler {
    pub worker: AdapterWorker,
    pub comparison: OrderComparison,
}

impl Reconciler {
    /// Builds the report without changing anything.
    pub async fn build_report(&self) -> Result<Reconciliation, StoreError> {
        let AdapterWorker { store, adapter } = &self.worker;
        let at = store.clock().now();
        let since = at.plus_ms(-WINDOW_MS);
        let mut differences = discrepancy_findings(store.find_discrepancies(since).await?);
        let silent = new_finding(FindingKind::AdapterSilent, Uuid::nil());
        match self
            .find_differing_movements(since, UnbookedFees::Differ)
            .await?
        {
            Some(differing) => {
                let found = differing
                    .into_iter()
                    .map(|id| new_finding(FindingKind::AdapterDiffers, id.0));
                differences.extend(found);
            }
            None if adapter.has_statement() => differences.push(silent),
            None => {}
        }
        match self.compare_with_orders(since, at).await {
            Ok(found) => differences.extend(found),
            Err(error) => {
                tracing::warn!(
                    cause = format_error_chain(&error),
                    "Could not compare orders with payments"
                );
                differences.push(new_finding(FindingKind::OrdersSilent, Uuid::nil()));
            }
        }
        let mut waiting = late_findings(store.find_overdue_rows(at.plus_ms(-LATE_MS)).await?);
        if !adapter.has_statement() {
            waiting.push(silent);
        }
        self.describe_findings(&mut differences).await?;
        self.describe_findings(&mut waiting).await?;
        Ok(Reconciliation {
            at,
            since,
            differences,
            waiting,
        })
    }

    /// Differences from the order service.
    async fn compare_with_orders(
        &self,
        since: UnixMillis,
        at: UnixMillis,
    ) -> Result<Vec<MoneyFinding>, CompareError> {
        let missed = self
            .comparison
            .find_missed_events(since, at.plus_ms(-ON_ITS_WAY_MS))
            .await?;
        let mut found: Vec<MoneyFinding> = missed
            .into_iter()
            .map(|(known, what)| {
                let kind = match what {
                    MissedEvent::Order => FindingKind::OrderEventMissed,
                    MissedEvent::Word => FindingKind::MoneyWordMissed,
                };
                new_finding(kind, known.order.id.0)
            })
            .collect();
        let unfounded = self.comparison.unfounded_compensations(since).await?;
        let unfounded = unfounded
            .into_iter()
            .map(|journal| new_finding(FindingKind::CompensationUnfounded, journal));
        found.extend(unfounded);
        Ok(found)
    }

    /// Adds order, person and amount.
    async fn describe_findings(&self, found: &mut [MoneyFinding]) -> Result<(), StoreError> {
        let others = found
            .iter()
            .filter(|finding| !finding.kind.names_an_order());
        let others: Vec<Uuid> = others.map(|finding| finding.subject).collect();
        let known = self.worker.store.find_contexts(&others).await?;
        for finding in found {
            finding.about = if finding.kind.names_an_order() {
                FindingContext::of_order(OrderId(finding.subject))
            } else {
                known.get(&finding.subject).copied().unwrap_or_default()
            };
        }
        Ok(())
    }

    /// Books the adapter's statement, then stores the counts of the remaining findings.
    pub async fn run_reconciliation(&self) -> Result<Reconciliation, StoreError> {
        self.book_statement().await?;
        let report = self.build_report().await?;
        let differences = report.differences.len();
        let waiting = report.waiting.len();
        self.worker
            .store
            .note_report(report.at, differences, waiting)
            .await?;
        if differences > 0 {
            tracing::error!(differences, waiting, "Orders, ledger and adapter differ");
        }
        Ok(report)
    }

    /// Books the adapter's own fees, and queries it about every movement on which its statement
    /// differs [STATEMENT].
    pub async fn book_statement(&self) -> Result<(), StoreError> {
        let store = &self.worker.store;
        let since = store.clock().now().plus_ms(-WINDOW_MS);
        let differing = self
            .find_differing_movements(since, UnbookedFees::AreBooked)
            .await?
            .unwrap_or_default();
        for id in differing.into_iter().take(QUESTIONS_MAX) {
            let Err(error) = self.worker.query_movement(id).await else {
                continue;
            };
            if error.is_unavailable() {
                return Err(error);
            }
            // One failure must not block the others; the report still shows the difference.
            tracing::error!(
                movement.id = %id.0, cause = format_error_chain(&error),
                "Could not query the adapter about a movement"
            );
        }
        Ok(())
    }

    /// The settled movements on which the adapter's statement and our books differ. `None` if the
    /// adapter is unavailable.
    async fn find_differing_movements(
        &self,
        since: UnixMillis,
        fees: UnbookedFees,
    ) -> Result<Option<BTreeSet<MovementId>>, StoreError> {
        let AdapterWorker { store, adapter } = &self.worker;
        let mut differing = BTreeSet::new();
        let mut after = first_id(since);
        loop {
            let Some(ids) = adapter.list_ids_after(after).await else {
                return Ok(None);
            };
            let Some(last) = ids.last().copied() else {
                break;
            };
            after = last;
            let Some(found) = self.differing_among(&ids, fees).await? else {
                return Ok(None);
            };
            differing.extend(found);
        }
        let mut place = JournalCursor::before(since);
        loop {
            let (ids, last) = store.booked_since(place).await?;
            let Some(last) = last else { break };
            place = last;
            let Some(found) = self.differing_among(&ids, fees).await? else {
                return Ok(None);
            };
            differing.extend(found);
        }
        Ok(Some(differing))
    }

    async fn differing_among(
        &self,
        ids: &[Uuid],
        fees: UnbookedFees,
    ) -> Result<Option<Vec<MovementId>>, StoreError> {
        let AdapterWorker { store, adapter } = &self.worker;
        // Read open movements first: they may be settled and booked before the statement arrives.
        let open = store.open_among(ids).await?;
        let Some(theirs) = adapter.fetch_statement(ids).await else {
            return Ok(None);
        };
        let mut ours = store.booked_statement_lines(ids).await?;
        for line in theirs.iter().filter(|_| fees == UnbookedFees::AreBooked) {
            let waits = ours.contains(line) || open.contains(&line.movement.0);
            if !waits && store.book_adapter_fee(line).await? {
                ours.insert(*line);
            }
        }
        let differing = custody::find_differing_movements(&ours, &theirs.into_iter().collect());
        Ok(Some(
            differing
                .into_iter()
                .filter(|id| !open.contains(&id.0))
                .collect(),
        ))
    }
}

/// The smallest id generated at this moment.
fn first_id(at: UnixMillis) -> Uuid {
    let ms = u128::try_from(at.0).unwrap_or_default();
    Uuid::from_u128(ms << 80)
}

fn new_finding(kind: FindingKind, subject: Uuid) -> MoneyFinding {
    MoneyFinding {
        kind,
        subject,
        since: None,
        about: FindingContext::default(),
    }
}

fn discrepancy_findings(rows: LedgerDiscrepancies) -> Vec<MoneyFinding> {
    let LedgerDiscrepancies {
        uneven_journals,
        accounts_adrift,
        held_for_nothing,
        shown_unheld,
    } = rows;
    let kinds = [
        (FindingKind::UnevenJournal, uneven_journals),
        (FindingKind::AccountAdrift, accounts_adrift),
        (FindingKind::HeldForNothing, held_for_nothing),
        (FindingKind::ShownUnheld, shown_unheld),
    ];
    let mut findings = Vec::new();
    for (kind, rows) in kinds {
        findings.extend(rows.into_iter().map(|id| new_finding(kind, id)));
    }
    findings
}

fn late_findings(rows: OverdueRows) -> Vec<MoneyFinding> {
    let kinds = [
        (FindingKind::LatePayment, rows.payments),
        (FindingKind::LateRefund, rows.refunds),
        (FindingKind::LatePayout, rows.payouts),
        (FindingKind::NeedsPerson, rows.need_person),
        (FindingKind::CancelUnfinished, rows.cancelling),
        (FindingKind::Suspense, rows.suspense),
        (FindingKind::OpenCase, rows.cases),
    ];
    let mut findings = Vec::new();
    for (kind, rows) in kinds {
        findings.extend(rows.into_iter().map(|(subject, at)| MoneyFinding {
            since: Some(at),
            ..new_finding(kind, subject)
        }));
    }
    findings
}
