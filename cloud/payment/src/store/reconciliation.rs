//! Reads for the reconciliation report: contradictions and late rows. Also books the adapter's own
//! fees, which appear only in its statement.

use std::collections::{BTreeMap, BTreeSet};

use custody::{Action, FeePolicy, LineKind, MovementId, StatementLine};
use platform::{
    row,
    sql::{Statement, Val, in_list},
    transact, vals,
};
use uuid::Uuid;
use wire::{Currency, OrderId, UnixMillis, UserId};

use super::{
    Store, StoreError, dues::VERSIONS_BATCH, for_update, journals::book_journals, parse_column,
};

const UNEVEN: &str = "SELECT journal_id FROM transactions WHERE at >= ? \
    GROUP BY journal_id HAVING SUM(amount_minor) <> 0 LIMIT ?";
const ADRIFT: &str = "SELECT a.owner_id FROM accounts a WHERE a.balance_minor <> \
    (SELECT COALESCE(SUM(t.amount_minor), 0) FROM transactions t \
     WHERE t.account = a.account AND t.owner_id = a.owner_id AND t.currency = a.currency) LIMIT ?";
const HELD_FOR_NOTHING: &str = "SELECT d.order_id FROM accounts a JOIN dues d ON d.order_id = a.owner_id \
    WHERE a.account = 'held' AND a.balance_minor < 0 AND d.saga = 'done' LIMIT ?";
const SHOWN_UNHELD: &str = "SELECT d.order_id FROM dues d LEFT JOIN accounts a \
    ON a.account = 'held' AND a.owner_id = d.order_id AND a.currency = d.currency \
    WHERE d.payment_status = 'held' AND COALESCE(a.balance_minor, 0) = 0 LIMIT ?";
const BOOKED: &str = "SELECT j.action, j.subject, t.amount_minor FROM journals j \
    JOIN transactions t ON t.journal_id = j.id AND t.account = 'adapter' \
    WHERE j.action IN ('charge', 'refund_done', 'payout_done', 'payout_returned', 'chargeback', 'reversal', \
    'adapter_fee') \
    AND j.subject IN (";
const BOOKED_SINCE: &str = "SELECT subject, at, seq FROM journals WHERE at >= ? AND (at > ? OR seq > ?) \
    AND action IN ('charge', 'refund_done', 'payout_done', 'payout_returned') ORDER BY at, seq LIMIT ?";
const CHARGEBACKS: &str = "SELECT id, payment_id FROM chargebacks WHERE payment_id IN (";
const ADAPTER_FEES: &str = "SELECT id, movement_id FROM adapter_fees WHERE movement_id IN (";
const OPEN_PAYMENTS: &str = "SELECT id FROM payments WHERE status = 'pending' AND id IN (";
const OPEN_REFUNDS: &str = "SELECT id FROM refunds WHERE status = 'pending' AND id IN (";
const OPEN_PAYOUTS: &str = "SELECT id FROM payouts WHERE status = 'pending' AND id IN (";
const LATE_PAYMENTS: &str =
    "SELECT id, created_at FROM payments WHERE status = 'pending' AND created_at < ? LIMIT ?";
const LATE_REFUNDS: &str =
    "SELECT id, created_at FROM refunds WHERE status = 'pending' AND created_at < ? LIMIT ?";
const LATE_PAYOUTS: &str =
    "SELECT id, created_at FROM payouts WHERE status = 'pending' AND created_at < ? LIMIT ?";
const NEEDS_PERSON: &str =
    "SELECT order_id, told_at FROM dues WHERE saga = 'needs_person' AND told_at < ? LIMIT ?";
const CANCELLING: &str = "SELECT order_id, told_at FROM dues \
    WHERE saga = 'settling' AND order_status = 'cancelled' AND looked_at < ? LIMIT ?";
const SUSPENSE: &str = "SELECT a.owner_id, p.updated_at FROM accounts a JOIN payments p ON p.id = a.owner_id \
    WHERE a.account = 'suspense' AND a.balance_minor < 0 AND p.updated_at < ? LIMIT ?";
const CASES: &str = "SELECT movement_id, opened_at FROM money_cases \
    WHERE closed_at IS NULL AND opened_at < ? ORDER BY id LIMIT ?";
const ABOUT_PAYMENTS: &str =
    "SELECT id, order_id, amount_minor, currency FROM payments WHERE id IN (";
const ABOUT_REFUNDS: &str =
    "SELECT id, order_id, amount_minor, currency FROM refunds WHERE id IN (";
const ABOUT_CHARGEBACKS: &str = "SELECT c.id, c.order_id, c.amount_minor, p.currency FROM chargebacks c \
    JOIN payments p ON p.id = c.payment_id WHERE c.id IN (";
const ABOUT_PAYOUTS: &str =
    "SELECT id, provider_id, amount_minor, currency FROM payouts WHERE id IN (";
const ABOUT_CASES: &str =
    "SELECT movement_id, order_id FROM money_cases WHERE closed_at IS NULL AND movement_id IN (";
const ABOUT_JOURNALS: &str =
    "SELECT id, order_id FROM journals WHERE order_id IS NOT NULL AND id IN (";
const ABOUT_COMPENSATIONS: &str = "SELECT j.id, j.order_id, j.party, t.amount_minor, j.currency \
    FROM journals j JOIN transactions t ON t.journal_id = j.id AND t.account = 'loss' \
    WHERE j.action = 'compensation' AND j.id IN (";
const COMPENSATIONS_SINCE: &str = "SELECT j.id AS journal_id, j.order_id, \
    j.party AS provider_id, j.at, j.seq, t.amount_minor, d.price_minor, d.order_created_at FROM journals j \
    JOIN transactions t ON t.journal_id = j.id AND t.account = 'loss' \
    JOIN dues d ON d.order_id = j.order_id \
    WHERE j.at >= ? AND (j.at > ? OR j.seq > ?) AND j.action = 'compensation' \
    ORDER BY j.at, j.seq LIMIT ?";
const NOTE: &str = "INSERT INTO reconciliations (at, differences, waiting) VALUES (?, ?, ?)";
/// Maximum findings of one kind; a longer list adds no insight.
const FINDINGS_MAX: usize = 200;
/// Batch size, in journals.
const BATCH: usize = 500;

/// The cursor of a walk over journals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JournalCursor {
    pub at: UnixMillis,
    pub seq: u64,
}

impl JournalCursor {
    /// Before every journal booked since this moment.
    pub fn before(since: UnixMillis) -> Self {
        Self { at: since, seq: 0 }
    }
}

/// Contradictions within the books, by the row that shows each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LedgerDiscrepancies {
    pub uneven_journals: Vec<Uuid>,
    pub accounts_adrift: Vec<Uuid>,
    pub held_for_nothing: Vec<Uuid>,
    pub shown_unheld: Vec<Uuid>,
}

row! {
    /// A booked compensation, with the inputs to its worth.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct BookedCompensation {
        pub journal_id: Uuid,
        pub order_id: OrderId,
        pub provider_id: UserId,
        pub at: UnixMillis,
        pub seq: u64,
        amount_minor: i64,
        price_minor: i64,
        order_created_at: UnixMillis,
    }
}

impl BookedCompensation {
    /// True if it exceeds the provider's share of the price.
    pub fn exceeds_share(&self, policies: &[FeePolicy]) -> bool {
        let Self {
            amount_minor,
            price_minor,
            order_created_at,
            ..
        } = *self;
        amount_minor > custody::provider_share_minor(price_minor, order_created_at, policies)
    }
}

#[derive(Debug, Clone, Default)]
pub struct OverdueRows {
    pub payments: Vec<(Uuid, UnixMillis)>,
    pub refunds: Vec<(Uuid, UnixMillis)>,
    pub payouts: Vec<(Uuid, UnixMillis)>,
    pub need_person: Vec<(Uuid, UnixMillis)>,
    pub cancelling: Vec<(Uuid, UnixMillis)>,
    pub suspense: Vec<(Uuid, UnixMillis)>,
    pub cases: Vec<(Uuid, UnixMillis)>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FindingContext {
    pub order_id: Option<OrderId>,
    /// Set on payouts, which belong to no order, and on compensations.
    pub provider_id: Option<UserId>,
    pub amount: Option<(i64, Currency)>,
}

impl Store {
    pub async fn find_discrepancies(
        &self,
        since: UnixMillis,
    ) -> Result<LedgerDiscrepancies, StoreError> {
        let sql = &self.sql;
        Ok(LedgerDiscrepancies {
            uneven_journals: sql.fetch_all(UNEVEN, vals![since, FINDINGS_MAX]).await?,
            accounts_adrift: sql.fetch_all(ADRIFT, vals![FINDINGS_MAX]).await?,
            held_for_nothing: sql.fetch_all(HELD_FOR_NOTHING, vals![FINDINGS_MAX]).await?,
            shown_unheld: sql.fetch_all(SHOWN_UNHELD, vals![FINDINGS_MAX]).await?,
        })
    }

    pub async fn find_overdue_rows(&self, before: UnixMillis) -> Result<OverdueRows, StoreError> {
        let sql = &self.sql;
        let values = vals![before, FINDINGS_MAX];
        Ok(OverdueRows {
            payments: sql.fetch_all(LATE_PAYMENTS, values.clone()).await?,
            refunds: sql.fetch_all(LATE_REFUNDS, values.clone()).await?,
            payouts: sql.fetch_all(LATE_PAYOUTS, values.clone()).await?,
            need_person: sql.fetch_all(NEEDS_PERSON, values.clone()).await?,
            cancelling: sql.fetch_all(CANCELLING, values.clone()).await?,
            suspense: sql.fetch_all(SUSPENSE, values.clone()).await?,
            cases: sql.fetch_all(CASES, values).await?,
        })
    }

    /// The context of these movements, cases and journals; ids without a row are absent.
    pub async fn find_contexts(
        &self,
        ids: &[Uuid],
    ) -> Result<BTreeMap<Uuid, FindingContext>, StoreError> {
        let mut about = BTreeMap::new();
        for ids in ids.chunks(BATCH) {
            // Cases first, because the later rows of movements carry more; some cases have no
            // movement.
            for text in [ABOUT_CASES, ABOUT_JOURNALS] {
                let rows = self.select_by_ids::<(Uuid, OrderId)>(text, ids).await?;
                about.extend(
                    rows.into_iter()
                        .map(|(id, of)| (id, FindingContext::of_order(of))),
                );
            }
            for text in [ABOUT_PAYMENTS, ABOUT_REFUNDS, ABOUT_CHARGEBACKS] {
                let rows = self
                    .select_by_ids::<(Uuid, OrderId, i64, Currency)>(text, ids)
                    .await?;
                about.extend(rows.into_iter().map(|(id, order_id, minor, currency)| {
                    let amount = Some((minor, currency));
                    (
                        id,
                        FindingContext {
                            amount,
                            ..FindingContext::of_order(order_id)
                        },
                    )
                }));
            }
            type Compensated = (Uuid, OrderId, UserId, i64, Currency);
            let rows = self
                .select_by_ids::<Compensated>(ABOUT_COMPENSATIONS, ids)
                .await?;
            about.extend(
                rows.into_iter()
                    .map(|(id, order_id, provider_id, minor, currency)| {
                        let order_id = Some(order_id);
                        let provider_id = Some(provider_id);
                        (
                            id,
                            FindingContext {
                                order_id,
                                provider_id,
                                amount: Some((minor, currency)),
                            },
                        )
                    }),
            );
            let rows = self
                .select_by_ids::<(Uuid, UserId, i64, Currency)>(ABOUT_PAYOUTS, ids)
                .await?;
            about.extend(rows.into_iter().map(|(id, provider_id, minor, currency)| {
                let provider_id = Some(provider_id);
                let amount = Some((minor, currency));
                (
                    id,
                    FindingContext {
                        provider_id,
                        amount,
                        ..FindingContext::default()
                    },
                )
            }));
        }
        Ok(about)
    }

    /// The movements completed at the adapter since the cursor, by our books, at most one batch,
    /// with the next cursor.
    pub async fn booked_since(
        &self,
        after: JournalCursor,
    ) -> Result<(Vec<Uuid>, Option<JournalCursor>), StoreError> {
        let rows: Vec<(Uuid, UnixMillis, u64)> = self
            .sql
            .fetch_all(BOOKED_SINCE, vals![after.at, after.at, after.seq, BATCH])
            .await?;
        let last = rows
            .last()
            .map(|(_, at, seq)| JournalCursor { at: *at, seq: *seq });
        Ok((
            rows.into_iter().map(|(subject, ..)| subject).collect(),
            last,
        ))
    }

    /// The compensations booked since the cursor, at most as many as the order service accepts in
    /// one request.
    pub async fn compensations_since(
        &self,
        after: JournalCursor,
    ) -> Result<Vec<BookedCompensation>, StoreError> {
        let values = vals![after.at, after.at, after.seq, VERSIONS_BATCH];
        Ok(self.sql.fetch_all(COMPENSATIONS_SINCE, values).await?)
    }

    /// Our books' statement lines for these ids.
    pub async fn booked_statement_lines(
        &self,
        ids: &[Uuid],
    ) -> Result<BTreeSet<StatementLine>, StoreError> {
        if ids.is_empty() {
            return Ok(BTreeSet::new());
        }
        // The adapter's own ids, each with its movement.
        let mut about: BTreeMap<Uuid, Uuid> = self
            .select_by_ids::<(Uuid, Uuid)>(CHARGEBACKS, ids)
            .await?
            .into_iter()
            .collect();
        about.extend(
            self.select_by_ids::<(Uuid, Uuid)>(ADAPTER_FEES, ids)
                .await?,
        );
        let subjects: Vec<Uuid> = ids.iter().copied().chain(about.keys().copied()).collect();
        let rows: Vec<(String, Uuid, i64)> = self.select_by_ids(BOOKED, &subjects).await?;
        let mut lines = BTreeSet::new();
        for (action, subject, minor) in rows {
            let kind = match parse_column::<Action>(&action, "journals.action", subject)? {
                Action::RefundDone => LineKind::Refund,
                Action::PayoutDone => LineKind::Payout,
                Action::PayoutReturned => LineKind::PayoutReturned,
                Action::Chargeback => LineKind::Chargeback(subject),
                Action::Reversal => LineKind::Reversal(subject),
                Action::AdapterFee => LineKind::Fee(subject),
                _ => LineKind::Charge,
            };
            let movement = MovementId(about.get(&subject).copied().unwrap_or(subject));
            lines.insert(StatementLine {
                movement,
                kind,
                amount_minor: minor.abs(),
            });
        }
        Ok(lines)
    }

    /// The open movements among these ids, which still await an answer.
    pub async fn open_among(&self, ids: &[Uuid]) -> Result<BTreeSet<Uuid>, StoreError> {
        let mut open = BTreeSet::new();
        if !ids.is_empty() {
            for text in [OPEN_PAYMENTS, OPEN_REFUNDS, OPEN_PAYOUTS] {
                open.extend(self.select_by_ids::<Uuid>(text, ids).await?);
            }
        }
        Ok(open)
    }

    pub async fn note_report(
        &self,
        at: UnixMillis,
        differences: usize,
        waiting: usize,
    ) -> Result<(), StoreError> {
        self.sql.exec(NOTE, vals![at, differences, waiting]).await?;
        Ok(())
    }

    async fn select_by_ids<R: platform::sql::Row>(
        &self,
        text: &'static str,
        ids: &[Uuid],
    ) -> Result<Vec<R>, StoreError> {
        let values: Vec<Val> = ids.iter().map(Val::from).collect();
        Ok(self
            .sql
            .fetch_all(in_list(text, ids.len(), ")"), values)
            .await?)
    }
}

impl FindingContext {
    pub fn of_order(order: OrderId) -> Self {
        Self {
            order_id: Some(order),
            ..Self::default()
        }
    }
}

const LOCK_DUE: &str = "SELECT order_id FROM dues WHERE order_id = ?";

row! {
    /// Links a fee to its movement; its journal has the amount.
    struct AdapterFeeRow in adapter_fees {
        id: Uuid,
        movement_id: Uuid,
        heard_at: UnixMillis,
    }
}

impl Store {
    /// Books a fee from the adapter's statement, once, under the line's own id [JOURNAL_KEY].
    /// Returns false without booking if that id is already booked, the line is impossible, or the
    /// movement is unknown.
    pub async fn book_adapter_fee(&self, line: &StatementLine) -> Result<bool, StoreError> {
        self.book_adapter_fee_at(line, self.clock.now()).await
    }

    /// The same, at a given time.
    pub async fn book_adapter_fee_at(
        &self,
        line: &StatementLine,
        now: UnixMillis,
    ) -> Result<bool, StoreError> {
        let LineKind::Fee(id) = line.kind else {
            return Ok(false);
        };
        let Some(call) = self.build_query_call(line.movement).await? else {
            return Ok(false);
        };
        let journal = custody::adapter_fee(line, call.amount_minor, call.currency, now);
        let Some(journal) = journal else {
            return Ok(false);
        };
        let order = call.kind.order_id();
        let movement_id = line.movement.0;
        transact!(self.sql, tx => {
            if let Some(order) = order {
                let text = for_update(tx, Statement::new(LOCK_DUE));
                tx.fetch_optional::<OrderId>(text, vals![order]).await?;
            }
            if !tx.insert_new(AdapterFeeRow { id, movement_id, heard_at: now }).await? {
                return Ok(false);
            }
            let journals = std::slice::from_ref(&journal);
            book_journals(tx, &self.clock, journals, order, movement_id).await?;
            Ok::<_, StoreError>(true)
        })
    }
}
