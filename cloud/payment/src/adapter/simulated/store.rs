//! The simulated adapter's own tables.

use custody::{
    AdapterAnswer, AdapterReply, Chargeback, ChargebackId, LineKind, MovementId, StatementLine,
};
use platform::{
    row,
    sql::{Columns, Sql, Statement, Tx, Val},
    transact, vals,
};
use process::clock::Clock;
use uuid::Uuid;
use wire::{Amount, UnixMillis, UserId};

use super::{
    CallbackForm, DECLINED, FEE, FEE_BASIS_POINTS, LATE_CALLBACK, NO_PAYOUT, NO_REFUND,
    OTHER_AMOUNT, PAYOUT_BACK, SILENT, SLOW, SLOW_MS, TWO_CALLBACKS, WAITING,
};
use crate::{
    adapter::simulated::{LATE_MS, USUAL_METHOD},
    store::{AdapterCall, AdapterCallKind, StoreError},
};

const ONE: &str = "WHERE id = ?";
const CLOSE: &str = "UPDATE simulated_movements SET state = 'closed' WHERE id = ?";
const PAY: &str = "UPDATE simulated_movements SET state = 'paid' WHERE id = ? AND state IN ('pending', 'declined', 'closed')";
const HUSH: &str = "UPDATE simulated_movements SET silences = silences - 1 WHERE id = ?";
const CHARGEBACKS: &str = "SELECT id, payment_id, amount_minor, is_reversed \
    FROM simulated_chargebacks WHERE payment_id = ? ORDER BY id";
const KNOWN: &str = "SELECT id FROM simulated_movements WHERE id > ? ORDER BY id LIMIT ?";
/// The charge's method, or an empty one if a payout followed it.
const LAST_OF_PROVIDER: &str =
    "SELECT method FROM simulated_movements WHERE provider_id = ? ORDER BY id DESC LIMIT 1";
const DUE_MESSAGES: &str =
    "SELECT id, movement_id FROM simulated_callbacks WHERE send_at <= ? ORDER BY send_at LIMIT ?";
const SENT: &str = "DELETE FROM simulated_callbacks WHERE id = ?";
const REVERSE: &str = "UPDATE simulated_chargebacks SET is_reversed = ? WHERE id = ?";

row! {
    struct SimulatedMovementRow in simulated_movements {
        id: Uuid,
        kind: String,
        payment_id: Option<Uuid>,
        amount_minor: i64,
        method: String,
        state: String,
        /// For a payout, when it comes back.
        pays_at: Option<UnixMillis>,
        silences: i64,
        fee_minor: i64,
        provider_id: Option<UserId>,
    }
}

row! {
    struct MessageRow in simulated_callbacks {
        id: Uuid,
        movement_id: Uuid,
        send_at: UnixMillis,
    }
}

row! {
    struct SimulatedChargebackRow in simulated_chargebacks {
        id: Uuid,
        payment_id: Uuid,
        amount_minor: i64,
        is_reversed: bool,
    }
}

pub(super) async fn begin_movement(
    sql: &Sql,
    call: &AdapterCall,
    clock: &Clock,
) -> Result<AdapterReply, StoreError> {
    let now = clock.now();
    transact!(sql, tx => {
        if load_movement(tx, call.id).await?.is_none() {
            let fresh = SimulatedMovementRow::begin_scripted(tx, call, now).await?;
            let sends = fresh.callback_times();
            if tx.insert_new(fresh).await? {
                let message = |send_at| MessageRow { id: clock.new_id(), movement_id: call.id.0, send_at };
                tx.insert_all(sends.into_iter().map(message).collect::<Vec<_>>()).await?;
            }
        }
        build_reply(tx, call.id, now).await
    })
}

pub(super) async fn close(
    sql: &Sql,
    call: &AdapterCall,
    now: UnixMillis,
) -> Result<AdapterReply, StoreError> {
    transact!(sql, tx => {
        if load_movement(tx, call.id).await?.is_none() {
            tx.insert_new(SimulatedMovementRow::from_call(call, "closed")).await?;
        }
        let open = load_movement(tx, call.id).await?.is_some_and(|truth| truth.is_open(now));
        if open {
            tx.exec(CLOSE, vals![call.id.0]).await?;
        }
        build_reply(tx, call.id, now).await
    })
}

pub(super) async fn query_movement(
    sql: &Sql,
    id: MovementId,
    now: UnixMillis,
) -> Result<AdapterReply, StoreError> {
    transact!(sql, tx => { build_reply(tx, id, now).await })
}

pub(super) async fn charge_back(
    sql: &Sql,
    payment: MovementId,
    amount_minor: i64,
    is_reversed: bool,
) -> Result<(), StoreError> {
    let id = Uuid::from_u128(payment.0.as_u128() ^ 0xffff);
    let row = SimulatedChargebackRow {
        id,
        payment_id: payment.0,
        amount_minor,
        is_reversed,
    };
    if !sql.insert_new(row).await? {
        sql.exec(REVERSE, vals![is_reversed, id]).await?;
    }
    Ok(())
}

pub(super) async fn pay_charge(sql: &Sql, payment: MovementId) -> Result<bool, StoreError> {
    Ok(sql.exec(PAY, vals![payment.0]).await? == 1)
}

/// Batch size.
const KNOWN_MAX: usize = 500;

pub(super) async fn list_ids_after(sql: &Sql, after: Uuid) -> Result<Vec<Uuid>, StoreError> {
    Ok(sql.fetch_all(KNOWN, vals![after, KNOWN_MAX]).await?)
}

/// Messages per run.
const MESSAGES_MAX: usize = 100;

/// Removes the due messages and returns them; each is delivered at most once.
pub(super) async fn take_due_messages(
    sql: &Sql,
    now: UnixMillis,
) -> Result<Vec<CallbackForm>, StoreError> {
    let due: Vec<(Uuid, Uuid)> = sql
        .fetch_all(DUE_MESSAGES, vals![now, MESSAGES_MAX])
        .await?;
    let mut messages = Vec::new();
    for (id, movement) in due {
        let taken = sql.exec(SENT, vals![id]).await? == 1;
        let truth: Option<SimulatedMovementRow> = sql
            .fetch_optional(SimulatedMovementRow::select(ONE), vals![movement])
            .await?;
        messages.extend(
            truth
                .filter(|_| taken)
                .map(|truth| truth.into_callback(now)),
        );
    }
    Ok(messages)
}

pub(super) async fn fetch_statement(
    sql: &Sql,
    ids: &[Uuid],
    now: UnixMillis,
) -> Result<Vec<StatementLine>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let values: Vec<Val> = ids.iter().map(Val::from).collect();
    let text = SimulatedMovementRow::select("WHERE id IN (")
        .append_marks(ids.len())
        .append_text(")");
    let rows: Vec<SimulatedMovementRow> = sql.fetch_all(text, values.clone()).await?;
    let mut lines: Vec<StatementLine> = rows
        .iter()
        .flat_map(|row| row.statement_lines(now))
        .collect();
    let text = SimulatedChargebackRow::select("WHERE payment_id IN (")
        .append_marks(ids.len())
        .append_text(")");
    let rows: Vec<SimulatedChargebackRow> = sql.fetch_all(text, values).await?;
    lines.extend(
        rows.into_iter()
            .flat_map(SimulatedChargebackRow::into_statement_lines),
    );
    Ok(lines)
}

async fn load_movement(
    tx: &mut Tx,
    id: MovementId,
) -> Result<Option<SimulatedMovementRow>, StoreError> {
    let statement: Statement = SimulatedMovementRow::select(ONE);
    let text = if tx.is_mysql() {
        statement.append_text(" FOR UPDATE")
    } else {
        statement
    };
    Ok(tx.fetch_optional(text, vals![id.0]).await?)
}

async fn build_reply(
    tx: &mut Tx,
    id: MovementId,
    now: UnixMillis,
) -> Result<AdapterReply, StoreError> {
    let Some(truth) = load_movement(tx, id).await? else {
        return Ok(AdapterReply {
            answer: AdapterAnswer::NotFound,
            chargebacks: Vec::new(),
        });
    };
    if truth.silences > 0 {
        tx.exec(HUSH, vals![id.0]).await?;
        return Ok(AdapterReply {
            answer: AdapterAnswer::Unknown,
            chargebacks: Vec::new(),
        });
    }
    let rows: Vec<SimulatedChargebackRow> = tx.fetch_all(CHARGEBACKS, vals![id.0]).await?;
    let chargebacks = rows
        .into_iter()
        .map(SimulatedChargebackRow::into_chargeback)
        .collect();
    Ok(AdapterReply {
        answer: truth.current_answer(now)?,
        chargebacks,
    })
}

impl SimulatedMovementRow {
    fn from_call(call: &AdapterCall, state: &str) -> Self {
        let (kind, payment_id, provider_id, method) = match &call.kind {
            AdapterCallKind::Charge {
                method, provider, ..
            } => ("charge", None, *provider, method.as_str()),
            AdapterCallKind::Refund { payment, .. } => ("refund", Some(payment.0), None, ""),
            AdapterCallKind::Payout { provider } => ("payout", None, Some(*provider), ""),
        };
        Self {
            id: call.id.0,
            kind: kind.to_owned(),
            payment_id,
            amount_minor: call.amount_minor,
            method: method.to_owned(),
            state: state.to_owned(),
            pays_at: None,
            silences: 0,
            fee_minor: 0,
            provider_id,
        }
    }

    /// Follows the script of the charge's method.
    async fn begin_scripted(
        tx: &mut Tx,
        call: &AdapterCall,
        now: UnixMillis,
    ) -> Result<Self, StoreError> {
        let method = match &call.kind {
            AdapterCallKind::Payout { provider } => {
                return Self::paid_out(tx, call, *provider, now).await;
            }
            AdapterCallKind::Refund { payment, .. } => {
                let paid = load_movement(tx, *payment).await?;
                let fails = paid.is_some_and(|paid| paid.method == NO_REFUND);
                return Ok(Self::from_call(call, if fails { "failed" } else { "done" }));
            }
            AdapterCallKind::Charge { method, .. } => method.as_str(),
        };
        let paid = Self::from_call(call, "paid");
        Ok(match method {
            USUAL_METHOD | NO_REFUND | NO_PAYOUT | PAYOUT_BACK => paid,
            FEE => Self {
                fee_minor: call.amount_minor * FEE_BASIS_POINTS / 10_000,
                ..paid
            },
            SILENT => Self {
                silences: 1,
                ..paid
            },
            OTHER_AMOUNT => Self {
                amount_minor: call.amount_minor - 1,
                ..paid
            },
            DECLINED => Self::from_call(call, "declined"),
            SLOW | LATE_CALLBACK | TWO_CALLBACKS => Self {
                pays_at: Some(now.plus_ms(SLOW_MS)),
                ..Self::from_call(call, "pending")
            },
            WAITING => Self::from_call(call, "pending"),
            _ => Self::from_call(call, "declined"),
        })
    }

    /// Follows the script of the provider's last charge.
    async fn paid_out(
        tx: &mut Tx,
        call: &AdapterCall,
        provider: UserId,
        now: UnixMillis,
    ) -> Result<Self, StoreError> {
        let script: Option<String> = tx.fetch_optional(LAST_OF_PROVIDER, vals![provider]).await?;
        let done = Self::from_call(call, "done");
        Ok(match script.as_deref() {
            Some(NO_PAYOUT) => Self::from_call(call, "failed"),
            Some(PAYOUT_BACK) => Self {
                pays_at: Some(now.plus_ms(SLOW_MS)),
                ..done
            },
            _ => done,
        })
    }

    /// When to send its callbacks, one per entry.
    fn callback_times(&self) -> Vec<UnixMillis> {
        match (self.method.as_str(), self.pays_at) {
            (LATE_CALLBACK, Some(paid)) => vec![paid.plus_ms(LATE_MS)],
            (TWO_CALLBACKS, Some(paid)) => vec![paid; 2],
            _ => Vec::new(),
        }
    }

    fn into_callback(self, now: UnixMillis) -> CallbackForm {
        let state = if self.has_paid(now) {
            "paid".to_owned()
        } else {
            self.state
        };
        CallbackForm {
            id: self.id,
            state,
            amount: Amount::from_minor(self.amount_minor).ok(),
        }
    }

    /// True if the payout was sent and has come back.
    fn came_back(&self, now: UnixMillis) -> bool {
        self.state == "done" && self.pays_at.is_some_and(|at| at <= now)
    }

    /// True if the customer has paid by now.
    fn has_paid(&self, now: UnixMillis) -> bool {
        self.state == "pending" && self.pays_at.is_some_and(|at| at <= now)
    }

    fn is_open(&self, now: UnixMillis) -> bool {
        matches!(self.state.as_str(), "pending" | "declined") && !self.has_paid(now)
    }

    fn current_answer(&self, now: UnixMillis) -> Result<AdapterAnswer, StoreError> {
        let paid = AdapterAnswer::Paid {
            amount_minor: self.amount_minor,
        };
        Ok(match self.state.as_str() {
            _ if self.has_paid(now) => paid,
            _ if self.came_back(now) => AdapterAnswer::Returned,
            "pending" => AdapterAnswer::Pending,
            "declined" => AdapterAnswer::Declined,
            "closed" => AdapterAnswer::Closed,
            "paid" => paid,
            "done" => AdapterAnswer::Done,
            "failed" => AdapterAnswer::Failed,
            "returned" => AdapterAnswer::Returned,
            _ => return Err(StoreError::Unreadable("simulated_movements.state")),
        })
    }

    fn statement_lines(&self, now: UnixMillis) -> Vec<StatementLine> {
        let kinds: &[LineKind] = match (self.kind.as_str(), self.state.as_str()) {
            ("charge", _) if self.has_paid(now) => &[LineKind::Charge],
            ("charge", "paid") => &[LineKind::Charge],
            ("refund", "done") => &[LineKind::Refund],
            ("payout", "done") if !self.came_back(now) => &[LineKind::Payout],
            ("payout", "done" | "returned") => &[LineKind::Payout, LineKind::PayoutReturned],
            _ => &[],
        };
        let movement = MovementId(self.id);
        let mut lines: Vec<StatementLine> = kinds
            .iter()
            .map(|kind| StatementLine {
                movement,
                kind: *kind,
                amount_minor: self.amount_minor,
            })
            .collect();
        if self.fee_minor != 0 && !kinds.is_empty() {
            lines.push(StatementLine {
                movement,
                kind: LineKind::Fee(Uuid::from_u128(self.id.as_u128() ^ 0xfee)),
                amount_minor: self.fee_minor,
            });
        }
        lines
    }
}

impl SimulatedChargebackRow {
    fn into_statement_lines(self) -> Vec<StatementLine> {
        let mut kinds = vec![LineKind::Chargeback(self.id)];
        if self.is_reversed {
            kinds.push(LineKind::Reversal(self.id));
        }
        kinds
            .into_iter()
            .map(|kind| StatementLine {
                movement: MovementId(self.payment_id),
                kind,
                amount_minor: self.amount_minor,
            })
            .collect()
    }

    fn into_chargeback(self) -> Chargeback {
        Chargeback {
            id: ChargebackId(self.id),
            payment: MovementId(self.payment_id),
            amount_minor: self.amount_minor,
            is_reversed: self.is_reversed,
        }
    }
}
