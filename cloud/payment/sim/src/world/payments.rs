//! The payment service around the pure rules: its rows, accounts, idempotency keys, workers and
//! jobs. Every step is one transaction; the adapter is called only between transactions.

mod adapter_calls;
mod payouts;

use std::collections::{BTreeMap, BTreeSet};

use custody::{
    Ask, CompensationRequest, CustodyLimits, DecisionContext, JournalKey, LedgerAccount,
    MoneyEvent, MoneyJournal, MoneyStep, MoneyWrites, MovementId, OrderMoney, PAYMENT_CLOSING,
    PaymentRequest, PaymentState, Payout, PayoutState, PendingCall, RefundState, RequestState,
    StatementLine,
};
use planted::is_planted;
use uuid::Uuid;
use wire::{Code, Currency, UnixMillis, UserId};

use super::{
    MoneyWorld,
    orders::{POLICIES, customer_actor, price_minor, provider_id},
};
use crate::{
    MoneyBug,
    adapter::{Call, Kind},
    plan::Fraction,
    record::{RecordOf, StepRecord},
};

#[derive(Debug, Default)]
pub(crate) struct PaymentDb {
    pub rows: BTreeMap<usize, OrderMoney>,
    /// The rows before the last transaction.
    pub stale: BTreeMap<usize, OrderMoney>,
    pub accounts: BTreeMap<LedgerAccount, i64>,
    pub journal_keys: BTreeSet<JournalKey>,
    /// The adapter's own fees, as booked.
    fees: BTreeSet<StatementLine>,
    pub payouts: Vec<(u8, Payout)>,
    pub outbox: Vec<(usize, MoneyEvent)>,
    pub cases: BTreeSet<(usize, &'static str)>,
    /// Answers by idempotency key, never dropped.
    keys: BTreeMap<RequestKey, MovementId>,
    /// Every movement begun under an idempotency key.
    pub effects: BTreeMap<RequestKey, BTreeSet<MovementId>>,
}

/// Order, request kind, and the client's idempotency key.
pub(super) type RequestKey = (usize, &'static str, u8);

/// A movement under way at the adapter.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OpenCall {
    pub call: Call,
    tries: u32,
}

impl OpenCall {
    fn new(id: MovementId, kind: Kind, amount_minor: i64, pending: &PendingCall) -> Self {
        let call = Call {
            id,
            ask: pending.ask,
            kind,
            amount_minor,
        };
        Self {
            call,
            tries: pending.tries,
        }
    }
}

impl PaymentDb {
    /// The calls for all movements under way: each order's payments and refunds, then payouts.
    pub(crate) fn open_calls(&self) -> Vec<OpenCall> {
        let mut open = Vec::new();
        for rows in self.rows.values() {
            for row in &rows.payments {
                if row.state == PaymentState::Pending {
                    open.push(OpenCall::new(
                        row.id,
                        Kind::Charge,
                        row.amount_minor,
                        &row.call,
                    ));
                }
            }
            for row in &rows.refunds {
                if row.state == RefundState::Pending {
                    let payment = row.payment;
                    let kind = Kind::Refund { payment };
                    open.push(OpenCall::new(row.id, kind, row.amount_minor, &row.call));
                }
            }
        }
        for (_, row) in &self.payouts {
            if row.state == PayoutState::Pending {
                open.push(OpenCall::new(
                    row.id,
                    Kind::Payout,
                    row.amount_minor,
                    &row.call,
                ));
            }
        }
        open
    }

    /// The order of a payment or refund.
    pub(crate) fn find_order(&self, id: MovementId) -> Option<usize> {
        for (n, money) in &self.rows {
            let is_payment = money.payments.iter().any(|row| row.id == id);
            let is_refund = money.refunds.iter().any(|row| row.id == id);
            if is_payment || is_refund {
                return Some(*n);
            }
        }
        None
    }

    pub(crate) fn has_movement(&self, id: MovementId) -> bool {
        self.find_order(id).is_some() || self.payouts.iter().any(|(_, row)| row.id == id)
    }
}

impl MoneyWorld {
    fn draw_movement_id(&mut self) -> MovementId {
        self.ids_drawn += 1;
        MovementId(Uuid::from_u128(self.ids_drawn << 64))
    }

    fn next_decision_context(&mut self) -> DecisionContext<'static> {
        let mut limits = CustodyLimits::default();
        if is_planted(MoneyBug::NoExpiry) {
            limits.pay_within_ms = i64::MAX;
        }
        if is_planted(MoneyBug::ReleaseForgotten) {
            limits.dispute_ms = i64::MAX;
        }
        DecisionContext {
            now: UnixMillis(self.now),
            fresh: self.draw_movement_id(),
            policies: &POLICIES,
            limits,
        }
    }

    /// Runs one transaction under the lock of the due [LOCK_DUE].
    pub(crate) fn run_money_step(
        &mut self,
        n: usize,
        step: &MoneyStep,
    ) -> Result<MoneyWrites, Code> {
        let context = self.next_decision_context();
        let mut opened = None;
        if !self.money.rows.contains_key(&n) {
            let order = match step {
                MoneyStep::OrderHeard(order) => order.clone(),
                _ => self.orders.billed_order(n),
            };
            opened = Some(order.clone());
            self.money
                .rows
                .insert(n, custody::open_order_money(order, context.now));
        }
        let Some(current) = self.money.rows.get(&n) else {
            return Err(Code::OrderNotFound);
        };
        let read = match self.money.stale.get(&n) {
            Some(stale) if is_planted(MoneyBug::LockDue) && self.ids_drawn.is_multiple_of(2) => {
                stale
            }
            _ => current,
        };
        let outcome = custody::decide_money_step(read, step, &context);
        if let Some(record) = &mut self.record {
            let order = current.order_id();
            let step = step.clone();
            let outcome = outcome.clone().map(Box::new);
            let of = RecordOf::Order {
                order,
                opened,
                step,
                outcome,
            };
            record.steps.push(StepRecord {
                now: context.now,
                fresh: context.fresh,
                of,
            });
        }
        let writes = outcome?;
        self.commit_money(n, &writes);
        Ok(writes)
    }

    fn commit_money(&mut self, n: usize, writes: &MoneyWrites) {
        let keys = &self.money.journal_keys;
        let is_repeated = writes
            .journals
            .iter()
            .any(|journal| keys.contains(&journal.key));
        if is_repeated && !is_planted(MoneyBug::JournalKey) {
            // The unique key rolls the transaction back.
            return;
        }
        let Some(rows) = self.money.rows.get_mut(&n) else {
            return;
        };
        self.money.stale.insert(n, rows.clone());
        let known = rows.due.order.version;
        rows.apply_writes(writes);
        let heard = rows.due.order.version;
        if heard < known {
            self.report_violation(
                "versions_rise",
                format!("order {n} fell from {known} to {heard}"),
            );
        }
        writes
            .journals
            .iter()
            .for_each(|journal| self.book_journal(journal));
        self.money
            .outbox
            .extend(writes.events.iter().map(|event| (n, *event)));
        for case in &writes.cases {
            self.count_event(case.kind.as_str());
            self.money.cases.insert((n, case.kind.as_str()));
        }
        self.judge_writes(n, writes);
    }

    fn book_journal(&mut self, journal: &MoneyJournal) {
        self.count_event(journal.key.action.as_str());
        self.money.journal_keys.insert(journal.key);
        for posting in &journal.postings {
            *self.money.accounts.entry(posting.account).or_default() += posting.minor;
        }
        self.judge_journal(journal);
    }

    /// `POST payments`: fetches the order first and merges it like an event.
    pub(crate) fn pay_order(&mut self, n: usize, key: u8, crash: bool) {
        let request = (n, "pay", key);
        if self.repeats_stored_answer(request) {
            return;
        }
        self.pull_order(n);
        let by = customer_actor(n).user_id;
        let amount_minor = price_minor(n);
        let wish = PaymentRequest {
            by,
            amount_minor,
            currency: Currency::Cny,
        };
        if crash {
            // [INTENT_FIRST]
            if is_planted(MoneyBug::IntentFirst) {
                let call = Call {
                    id: self.draw_movement_id(),
                    ask: Ask::Call,
                    kind: Kind::Charge,
                    amount_minor,
                };
                self.adapter.receive_call(call);
            }
            return;
        }
        let done = self.run_money_step(n, &MoneyStep::Pay(wish));
        if let Ok(MoneyWrites { movement, .. }) = &done {
            self.judge_begun(n, *movement);
        }
        self.store_answer(request, done);
    }

    pub(crate) fn request_refund(&mut self, n: usize, key: u8, part: Fraction) {
        let request = (n, "ask_back", key);
        if self.repeats_stored_answer(request) {
            return;
        }
        self.pull_order(n);
        let by = customer_actor(n).user_id;
        let Some(rows) = self.money.rows.get(&n) else {
            return;
        };
        let amount_minor = part.of(rows.held_minor());
        let done = self.run_money_step(n, &MoneyStep::RequestRefund { by, amount_minor });
        self.store_answer(request, done);
    }

    /// Answers a repeated key from the stored answer, which is never dropped [KEY_ONCE].
    fn repeats_stored_answer(&mut self, request: RequestKey) -> bool {
        let known = self.money.keys.contains_key(&request) && !is_planted(MoneyBug::KeyOnce);
        if known {
            self.count_event("request repeated");
        }
        known
    }

    fn store_answer(&mut self, request: RequestKey, done: Result<MoneyWrites, Code>) {
        match done {
            Ok(MoneyWrites {
                movement: Some(id), ..
            }) => {
                self.money.keys.insert(request, id);
                self.money.effects.entry(request).or_default().insert(id);
            }
            Ok(_) => {}
            Err(refusal) => self.count_event(match refusal {
                Code::AlreadyPaid => "already_paid",
                Code::OrderNotPayable => "order_not_payable",
                Code::AmountMismatch => "amount_mismatch",
                PAYMENT_CLOSING => "payment closing",
                _ => "other refusal",
            }),
        }
    }

    pub(crate) fn decide_refund_request(&mut self, n: usize, part: Option<Fraction>) {
        let Some(rows) = self.money.rows.get(&n) else {
            return;
        };
        let Some(request) = rows.open_request().copied() else {
            return;
        };
        let granted_minor = part.map(|part| part.of(request.amount_minor));
        let step = MoneyStep::DecideRefund {
            request: request.id,
            granted_minor,
        };
        if self.run_money_step(n, &step).is_ok() && granted_minor.is_some() {
            self.count_event(RequestState::Granted.as_str());
        }
    }

    pub(crate) fn run_admin_step(&mut self, n: usize, step: &MoneyStep) {
        if self.money.rows.contains_key(&n) && self.run_money_step(n, step).is_err() {
            self.count_event("admin refused");
        }
    }

    pub(crate) fn pay_refund_by_hand(&mut self, n: usize) {
        let Some(rows) = self.money.rows.get(&n) else {
            return;
        };
        let failed = rows
            .refunds
            .iter()
            .find(|refund| refund.state == RefundState::Rejected);
        let Some(refund) = failed.map(|refund| refund.id) else {
            return;
        };
        self.run_admin_step(n, &MoneyStep::PaidOtherwise { refund });
    }

    /// An admin compensates. Every fourth request names another provider than the list, and every
    /// fifth gives the full price.
    pub(crate) fn compensate_provider(&mut self, n: u8) {
        let listed: Vec<(usize, UserId)> = self.vain_cases.iter().copied().collect();
        let mistaken = (usize::from(n) % self.orders.len(), provider_id(n));
        let chosen = match listed.get(usize::from(n) % listed.len().max(1)).copied() {
            Some(listed) if !n.is_multiple_of(4) => listed,
            _ => mistaken,
        };
        let (order, provider) = chosen;
        let amount_minor = if n.is_multiple_of(5) {
            price_minor(order)
        } else {
            5_000
        };
        let has_case = self.vain_cases.contains(&chosen);
        let wish = CompensationRequest {
            provider,
            amount_minor,
            has_case,
        };
        self.run_admin_step(order, &MoneyStep::Compensate(wish));
    }

    pub(crate) fn run_order_timer(&mut self, n: usize) {
        if self.money.rows.contains_key(&n) {
            let _refused = self.run_money_step(n, &MoneyStep::TimePassed);
        }
    }

    /// Both services compare versions [PULL].
    pub(crate) fn compare_versions(&mut self) {
        if is_planted(MoneyBug::Pull) {
            return;
        }
        for n in 0..self.orders.len() {
            self.pull_order(n);
            self.pull_money(n);
        }
    }

    fn pull_order(&mut self, n: usize) {
        let known = self
            .money
            .rows
            .get(&n)
            .map_or(0, |rows| rows.due.order.version);
        let version = self.orders.order(n).version;
        if known < version && version > 1 {
            let heard = self.orders.billed_order(n);
            let _refused = self.run_money_step(n, &MoneyStep::OrderHeard(heard));
        }
    }

    pub(crate) fn pull_money(&mut self, n: usize) {
        let Some(rows) = self.money.rows.get(&n) else {
            return;
        };
        let status = rows.due.payment_status;
        let version = rows.due.money_version;
        let held = rows.held_minor();
        if version > self.orders.rows[n].money_version {
            self.count_event("version pulled");
            self.update_payment_status(n, status, version, held);
        }
    }
}

impl Fraction {
    fn of(self, minor: i64) -> i64 {
        match self {
            Self::All => minor,
            Self::Half => minor / 2,
        }
    }
}
