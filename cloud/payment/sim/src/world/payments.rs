//! The payment service around the pure rules: its rows, accounts, idempotency keys, workers and
//! jobs. Every step is one transaction; the adapter is called only between transactions.

mod adapter_calls;

use std::collections::{BTreeMap, BTreeSet};

use custody::{
    Ask, CompensationRequest, CustodyLimits, DecisionContext, JournalKey, LedgerAccount,
    MoneyEvent, MoneyJournal, MoneyStep, MoneyWrites, MovementId, OrderMoney, PAYMENT_CLOSING,
    PaymentRequest, PaymentState, Payout, PayoutState, PayoutStep, ProviderMoney, RefundState,
    RequestState, StatementLine,
};
use planted::is_planted;
use uuid::Uuid;
use wire::{Code, Currency, UnixMillis, UserId};

use super::{
    MoneyWorld,
    orders::{POLICIES, customer, price_minor, provider_id},
};
use crate::{
    MoneyBug,
    adapter::{Call, Kind},
    plan::Fraction,
    record::{RecordOf, StepRecord},
};

#[derive(Debug, Default)]
pub struct PaymentDb {
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
pub type RequestKey = (usize, &'static str, u8);

/// A movement under way at the adapter.
#[derive(Debug, Clone, Copy)]
pub struct OpenCall {
    pub call: Call,
    tries: u32,
}

impl PaymentDb {
    pub fn open(&self) -> Vec<OpenCall> {
        let mut all = Vec::new();
        for rows in self.rows.values() {
            let payments = rows
                .payments
                .iter()
                .filter(|row| row.state == PaymentState::Pending);
            all.extend(payments.map(|row| {
                let ask = row.call.ask;
                let kind = Kind::Charge;
                let call = Call {
                    id: row.id,
                    ask,
                    kind,
                    amount_minor: row.amount_minor,
                };
                OpenCall {
                    call,
                    tries: row.call.tries,
                }
            }));
            let refunds = rows
                .refunds
                .iter()
                .filter(|row| row.state == RefundState::Pending);
            all.extend(refunds.map(|row| {
                let ask = row.call.ask;
                let kind = Kind::Refund {
                    payment: row.payment,
                };
                let call = Call {
                    id: row.id,
                    ask,
                    kind,
                    amount_minor: row.amount_minor,
                };
                OpenCall {
                    call,
                    tries: row.call.tries,
                }
            }));
        }
        let payouts = self
            .payouts
            .iter()
            .filter(|(_, row)| row.state == PayoutState::Pending);
        all.extend(payouts.map(|(_, row)| {
            let ask = row.call.ask;
            let kind = Kind::Payout;
            let call = Call {
                id: row.id,
                ask,
                kind,
                amount_minor: row.amount_minor,
            };
            OpenCall {
                call,
                tries: row.call.tries,
            }
        }));
        all
    }

    /// The order of a payment or refund.
    pub fn owner(&self, id: MovementId) -> Option<usize> {
        let owns = |money: &OrderMoney| {
            money.payments.iter().any(|row| row.id == id)
                || money.refunds.iter().any(|row| row.id == id)
        };
        self.rows
            .iter()
            .find(|(_, rows)| owns(rows))
            .map(|(n, _)| *n)
    }

    pub fn knows(&self, id: MovementId) -> bool {
        self.owner(id).is_some() || self.payouts.iter().any(|(_, row)| row.id == id)
    }
}

impl MoneyWorld {
    fn fresh(&mut self) -> MovementId {
        self.drawn += 1;
        MovementId(Uuid::from_u128(self.drawn << 64))
    }

    fn basis(&mut self) -> DecisionContext<'static> {
        let forever = i64::MAX;
        let mut limits = CustodyLimits::default();
        if is_planted(MoneyBug::NoExpiry) {
            limits.pay_within_ms = forever;
        }
        if is_planted(MoneyBug::ReleaseForgotten) {
            limits.dispute_ms = forever;
        }
        let now = UnixMillis(self.now);
        let fresh = self.fresh();
        DecisionContext {
            now,
            fresh,
            policies: &POLICIES,
            limits,
        }
    }

    /// Runs one transaction under the lock of the due [LOCK_DUE].
    pub fn money_step(&mut self, n: usize, step: &MoneyStep) -> Result<MoneyWrites, Code> {
        let basis = self.basis();
        let mut opened = None;
        if !self.money.rows.contains_key(&n) {
            let order = match step {
                MoneyStep::OrderHeard(order) => order.clone(),
                _ => self.orders.heard(n),
            };
            opened = Some(order.clone());
            self.money
                .rows
                .insert(n, custody::open_order_money(order, basis.now));
        }
        let Some(current) = self.money.rows.get(&n) else {
            return Err(Code::OrderNotFound);
        };
        let read = match self.money.stale.get(&n) {
            Some(stale) if is_planted(MoneyBug::LockDue) && self.drawn.is_multiple_of(2) => stale,
            _ => current,
        };
        let outcome = custody::decide_money_step(read, step, &basis);
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
                now: basis.now,
                fresh: basis.fresh,
                of,
            });
        }
        let writes = outcome?;
        self.commit(n, &writes);
        Ok(writes)
    }

    fn commit(&mut self, n: usize, writes: &MoneyWrites) {
        let twice = |journal: &MoneyJournal| self.money.journal_keys.contains(&journal.key);
        if writes.journals.iter().any(twice) && !is_planted(MoneyBug::JournalKey) {
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
            self.broken(
                "versions_rise",
                format!("order {n} fell from {known} to {heard}"),
            );
        }
        writes
            .journals
            .iter()
            .for_each(|journal| self.book(journal));
        self.money
            .outbox
            .extend(writes.events.iter().map(|event| (n, *event)));
        for case in &writes.cases {
            self.meet(case.kind.as_str());
            self.money.cases.insert((n, case.kind.as_str()));
        }
        self.judge_writes(n, writes);
    }

    fn book(&mut self, journal: &MoneyJournal) {
        self.meet(journal.key.action.as_str());
        self.money.journal_keys.insert(journal.key);
        for posting in &journal.postings {
            *self.money.accounts.entry(posting.account).or_default() += posting.minor;
        }
        self.judge_journal(journal);
    }

    /// `POST payments`: fetches the order first and merges it like an event.
    pub fn pay(&mut self, n: usize, key: u8, crash: bool) {
        let request = (n, "pay", key);
        if self.answers_again(request) {
            return;
        }
        self.pull_order(n);
        let by = customer(n).user_id;
        let amount_minor = price_minor(n);
        let wish = PaymentRequest {
            by,
            amount_minor,
            currency: Currency::Cny,
        };
        if crash {
            // [INTENT_FIRST]
            if is_planted(MoneyBug::IntentFirst) {
                let id = self.fresh();
                let ask = Ask::Call;
                let kind = Kind::Charge;
                self.adapter.take(Call {
                    id,
                    ask,
                    kind,
                    amount_minor,
                });
            }
            return;
        }
        let done = self.money_step(n, &MoneyStep::Pay(wish));
        if let Ok(MoneyWrites { movement, .. }) = &done {
            self.judge_begun(n, *movement);
        }
        self.keep_answer(request, done);
    }

    pub fn ask_back(&mut self, n: usize, key: u8, part: Fraction) {
        let request = (n, "ask_back", key);
        if self.answers_again(request) {
            return;
        }
        self.pull_order(n);
        let by = customer(n).user_id;
        let Some(rows) = self.money.rows.get(&n) else {
            return;
        };
        let amount_minor = part.of(rows.held_minor());
        let done = self.money_step(n, &MoneyStep::RequestRefund { by, amount_minor });
        self.keep_answer(request, done);
    }

    /// Answers a repeated key from the stored answer, which is never dropped [KEY_ONCE].
    fn answers_again(&mut self, request: RequestKey) -> bool {
        let known = self.money.keys.contains_key(&request) && !is_planted(MoneyBug::KeyOnce);
        if known {
            self.meet("request repeated");
        }
        known
    }

    fn keep_answer(&mut self, request: RequestKey, done: Result<MoneyWrites, Code>) {
        match done {
            Ok(MoneyWrites {
                movement: Some(id), ..
            }) => {
                self.money.keys.insert(request, id);
                self.money.effects.entry(request).or_default().insert(id);
            }
            Ok(_) => {}
            Err(refusal) => self.meet(match refusal {
                Code::AlreadyPaid => "already_paid",
                Code::OrderNotPayable => "order_not_payable",
                Code::AmountMismatch => "amount_mismatch",
                PAYMENT_CLOSING => "payment closing",
                _ => "other refusal",
            }),
        }
    }

    pub fn decide_request(&mut self, n: usize, part: Option<Fraction>) {
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
        if self.money_step(n, &step).is_ok() && granted_minor.is_some() {
            self.meet(RequestState::Granted.as_str());
        }
    }

    pub fn admin(&mut self, n: usize, step: &MoneyStep) {
        if self.money.rows.contains_key(&n) && self.money_step(n, step).is_err() {
            self.meet("admin refused");
        }
    }

    pub fn pay_by_hand(&mut self, n: usize) {
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
        self.admin(n, &MoneyStep::PaidOtherwise { refund });
    }

    /// An admin compensates. Every fourth request names another provider than the list, and every
    /// fifth gives the full price.
    pub fn compensate(&mut self, n: u8) {
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
        self.admin(order, &MoneyStep::Compensate(wish));
    }

    pub fn tick(&mut self, n: usize) {
        if self.money.rows.contains_key(&n) {
            let _none = self.money_step(n, &MoneyStep::TimePassed);
        }
    }

    /// Pays each provider with a large enough balance.
    pub fn payout_hour(&mut self) {
        (0..3).for_each(|provider| self.payout_step(provider, PayoutStep::HourStruck));
    }

    fn payout_step(&mut self, provider: u8, step: PayoutStep) {
        let account = LedgerAccount::Provider(provider_id(provider));
        let mut balance_minor = -self.money.accounts.get(&account).copied().unwrap_or(0);
        let his = self
            .money
            .payouts
            .iter()
            .filter(|(whose, _)| *whose == provider);
        let mut payouts: Vec<Payout> = his.map(|(_, payout)| payout.clone()).collect();
        if is_planted(MoneyBug::PayoutTwice) && step == PayoutStep::HourStruck {
            let open = payouts
                .iter()
                .filter(|payout| payout.state == PayoutState::Pending);
            balance_minor += open.map(|payout| payout.amount_minor).sum::<i64>();
            payouts.clear();
        }
        let provider_id = provider_id(provider);
        let currency = Currency::Cny;
        let rows = ProviderMoney {
            provider_id,
            currency,
            balance_minor,
            payouts,
        };
        let basis = self.basis();
        let outcome = custody::decide_payout(&rows, step, &basis);
        if let Some(record) = &mut self.record {
            let provider = provider_id;
            let outcome = outcome.clone();
            let of = RecordOf::Payout {
                provider,
                currency,
                step,
                outcome,
            };
            record.steps.push(StepRecord {
                now: basis.now,
                fresh: basis.fresh,
                of,
            });
        }
        let Some(writes) = outcome else { return };
        if let Some(case) = writes.case {
            self.meet(case.kind.as_str());
        }
        if let Some(journal) = writes.journal {
            if self.money.journal_keys.contains(&journal.key) {
                return;
            }
            self.book(&journal);
        }
        let all = &mut self.money.payouts;
        match all.iter_mut().find(|(_, row)| row.id == writes.payout.id) {
            Some((_, row)) => *row = writes.payout,
            None => all.push((provider, writes.payout)),
        }
    }

    /// Both services compare versions [PULL].
    pub fn pull(&mut self) {
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
            let heard = self.orders.heard(n);
            let _none = self.money_step(n, &MoneyStep::OrderHeard(heard));
        }
    }

    pub fn pull_money(&mut self, n: usize) {
        let Some(rows) = self.money.rows.get(&n) else {
            return;
        };
        let status = rows.due.payment_status;
        let version = rows.due.money_version;
        let held = rows.held_minor();
        if version > self.orders.rows[n].money_version {
            self.meet("version pulled");
            self.take_money(n, status, version, held);
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
