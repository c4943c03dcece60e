//! The simulated adapter's own tables.

use custody::{
    AdapterAnswer, AdapterReply, Chargeback, ChargebackId, LineKind, MovementId, StatementLine,
};
use platform::{
    row,
    sql::{Columns, Sql, Statement, Tx, Val},
    transact, vals,
};
use uuid::Uuid;
use wire::UnixMillis;

use super::{
    DECLINED, FEE, FEE_BASIS_POINTS, NO_REFUND, OTHER_AMOUNT, SILENT, SLOW, SLOW_MS, USUAL_METHOD,
    WAITING,
};
use crate::store::{AdapterCall, CallKind, StoreError};

const ONE: &str = "WHERE id = ?";
const CLOSE: &str = "UPDATE simulated_movements SET state = 'closed' WHERE id = ?";
const PAY: &str = "UPDATE simulated_movements SET state = 'paid' WHERE id = ? AND state IN ('pending', 'declined', 'closed')";
const HUSH: &str = "UPDATE simulated_movements SET silences = silences - 1 WHERE id = ?";
const CHARGEBACKS: &str = "SELECT id, payment_id, amount_minor, is_reversed \
    FROM simulated_chargebacks WHERE payment_id = ? ORDER BY id";
const KNOWN: &str = "SELECT id FROM simulated_movements WHERE id > ? ORDER BY id LIMIT ?";
const REVERSE: &str = "UPDATE simulated_chargebacks SET is_reversed = ? WHERE id = ?";

row! {
    struct Truth in simulated_movements {
        id: Uuid,
        kind: String,
        payment_id: Option<Uuid>,
        amount_minor: i64,
        method: String,
        state: String,
        pays_at: Option<UnixMillis>,
        silences: i64,
        fee_minor: i64,
    }
}

row! {
    struct ChargebackTruth in simulated_chargebacks {
        id: Uuid,
        payment_id: Uuid,
        amount_minor: i64,
        is_reversed: bool,
    }
}

pub async fn begin(
    sql: &Sql,
    call: &AdapterCall,
    now: UnixMillis,
) -> Result<AdapterReply, StoreError> {
    transact!(sql, tx => {
        if truth(tx, call.id).await?.is_none() {
            let fresh = Truth::begun(tx, call, now).await?;
            tx.insert_new(fresh).await?;
        }
        answer(tx, call.id, now).await
    })
}

pub async fn close(
    sql: &Sql,
    call: &AdapterCall,
    now: UnixMillis,
) -> Result<AdapterReply, StoreError> {
    transact!(sql, tx => {
        if truth(tx, call.id).await?.is_none() {
            tx.insert_new(Truth::of(call, "closed")).await?;
        }
        let open = truth(tx, call.id).await?.is_some_and(|truth| truth.is_open(now));
        if open {
            tx.exec(CLOSE, vals![call.id.0]).await?;
        }
        answer(tx, call.id, now).await
    })
}

pub async fn query(sql: &Sql, id: MovementId, now: UnixMillis) -> Result<AdapterReply, StoreError> {
    transact!(sql, tx => { answer(tx, id, now).await })
}

pub async fn charge_back(
    sql: &Sql,
    payment: MovementId,
    amount_minor: i64,
    is_reversed: bool,
) -> Result<(), StoreError> {
    let id = Uuid::from_u128(payment.0.as_u128() ^ 0xffff);
    let row = ChargebackTruth { id, payment_id: payment.0, amount_minor, is_reversed };
    if !sql.insert_new(row).await? {
        sql.exec(REVERSE, vals![is_reversed, id]).await?;
    }
    Ok(())
}

pub async fn pays(sql: &Sql, payment: MovementId) -> Result<bool, StoreError> {
    Ok(sql.exec(PAY, vals![payment.0]).await? == 1)
}

/// Ids of one batch.
const KNOWN_MAX: usize = 500;

pub async fn known(sql: &Sql, after: Uuid) -> Result<Vec<Uuid>, StoreError> {
    Ok(sql.all(KNOWN, vals![after, KNOWN_MAX]).await?)
}

pub async fn statement(
    sql: &Sql,
    ids: &[Uuid],
    now: UnixMillis,
) -> Result<Vec<StatementLine>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let values = || ids.iter().map(Val::from).collect();
    let text = Truth::select("WHERE id IN (").marks(ids.len()).then(")");
    let rows: Vec<Truth> = sql.all(text, values()).await?;
    let mut lines: Vec<StatementLine> = rows.iter().flat_map(|row| row.lines(now)).collect();
    let text = ChargebackTruth::select("WHERE payment_id IN (").marks(ids.len()).then(")");
    let rows: Vec<ChargebackTruth> = sql.all(text, values()).await?;
    lines.extend(rows.into_iter().flat_map(ChargebackTruth::lines));
    Ok(lines)
}

async fn truth(tx: &mut Tx, id: MovementId) -> Result<Option<Truth>, StoreError> {
    let text: Statement = Truth::select(ONE);
    let text = if tx.is_mysql() { text.then(" FOR UPDATE") } else { text };
    Ok(tx.one(text, vals![id.0]).await?)
}

async fn answer(tx: &mut Tx, id: MovementId, now: UnixMillis) -> Result<AdapterReply, StoreError> {
    let Some(truth) = truth(tx, id).await? else {
        return Ok(AdapterReply { answer: AdapterAnswer::NotFound, chargebacks: Vec::new() });
    };
    if truth.silences > 0 {
        tx.exec(HUSH, vals![id.0]).await?;
        return Ok(AdapterReply { answer: AdapterAnswer::Unknown, chargebacks: Vec::new() });
    }
    let rows: Vec<ChargebackTruth> = tx.all(CHARGEBACKS, vals![id.0]).await?;
    let chargebacks = rows.into_iter().map(ChargebackTruth::chargeback).collect();
    Ok(AdapterReply { answer: truth.answer(now)?, chargebacks })
}

impl Truth {
    fn of(call: &AdapterCall, state: &str) -> Self {
        let (kind, payment_id, method) = match &call.kind {
            CallKind::Charge { method, .. } => ("charge", None, method.as_str()),
            CallKind::Refund { payment, .. } => ("refund", Some(payment.0), ""),
            CallKind::Payout { .. } => ("payout", None, ""),
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
        }
    }

    /// As the script of its method has it.
    async fn begun(tx: &mut Tx, call: &AdapterCall, now: UnixMillis) -> Result<Self, StoreError> {
        let method = match &call.kind {
            CallKind::Payout { .. } => return Ok(Self::of(call, "done")),
            CallKind::Refund { payment, .. } => {
                let paid = truth(tx, *payment).await?;
                let fails = paid.is_some_and(|paid| paid.method == NO_REFUND);
                return Ok(Self::of(call, if fails { "failed" } else { "done" }));
            }
            CallKind::Charge { method, .. } => method.as_str(),
        };
        let paid = Self::of(call, "paid");
        Ok(match method {
            USUAL_METHOD | NO_REFUND => paid,
            FEE => Self { fee_minor: call.amount_minor * FEE_BASIS_POINTS / 10_000, ..paid },
            SILENT => Self { silences: 1, ..paid },
            OTHER_AMOUNT => Self { amount_minor: call.amount_minor - 1, ..paid },
            DECLINED => Self::of(call, "declined"),
            SLOW => Self { pays_at: Some(now.plus_ms(SLOW_MS)), ..Self::of(call, "pending") },
            WAITING => Self::of(call, "pending"),
            _ => Self::of(call, "declined"),
        })
    }

    /// Its customer has paid by now.
    fn has_paid(&self, now: UnixMillis) -> bool {
        self.state == "pending" && self.pays_at.is_some_and(|at| at <= now)
    }

    fn is_open(&self, now: UnixMillis) -> bool {
        matches!(self.state.as_str(), "pending" | "declined") && !self.has_paid(now)
    }

    fn answer(&self, now: UnixMillis) -> Result<AdapterAnswer, StoreError> {
        let paid = AdapterAnswer::Paid { amount_minor: self.amount_minor };
        Ok(match self.state.as_str() {
            _ if self.has_paid(now) => paid,
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
}

impl Truth {
    fn lines(&self, now: UnixMillis) -> Vec<StatementLine> {
        let kinds: &[LineKind] = match (self.kind.as_str(), self.state.as_str()) {
            ("charge", _) if self.has_paid(now) => &[LineKind::Charge],
            ("charge", "paid") => &[LineKind::Charge],
            ("refund", "done") => &[LineKind::Refund],
            ("payout", "done") => &[LineKind::Payout],
            ("payout", "returned") => &[LineKind::Payout, LineKind::PayoutReturned],
            _ => &[],
        };
        let line = |kind, amount_minor| StatementLine {
            movement: MovementId(self.id),
            kind,
            amount_minor,
        };
        let moved = kinds.iter().map(|kind| line(*kind, self.amount_minor));
        let fee = LineKind::Fee(Uuid::from_u128(self.id.as_u128() ^ 0xfee));
        let has_fee = self.fee_minor != 0 && !kinds.is_empty();
        moved.chain(has_fee.then(|| line(fee, self.fee_minor))).collect()
    }
}

impl ChargebackTruth {
    fn lines(self) -> Vec<StatementLine> {
        let line = |kind| StatementLine {
            movement: MovementId(self.payment_id),
            kind,
            amount_minor: self.amount_minor,
        };
        let back = self.is_reversed.then(|| line(LineKind::Reversal(self.id)));
        [line(LineKind::Chargeback(self.id))].into_iter().chain(back).collect()
    }

    fn chargeback(self) -> Chargeback {
        Chargeback {
            id: ChargebackId(self.id),
            payment: MovementId(self.payment_id),
            amount_minor: self.amount_minor,
            is_reversed: self.is_reversed,
        }
    }
}
