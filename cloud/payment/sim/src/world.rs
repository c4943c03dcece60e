//! One run of a seed's world, act by act, then its rest. Time stands still within an act.

mod edge;
mod oracle;
mod orders;
mod payments;
mod rest;

use std::collections::BTreeSet;

use custody::{AdapterAnswer, MoneyEvent, MoneyStep, MovementId};
use planted::is_planted;
use sim::{RunTrace, Violation};
use wire::{Action, EventType, OrderStatus, PaymentStatus, Role, UserId};

use crate::{
    MoneyBug,
    adapter::{Adapter, Call, Kind},
    counts::MoneyCounts,
    plan::{Act, Fraction, MoneyPlan},
    record::RunRecord,
};
use edge::{EdgeView, LateOp};
use orders::{ModelOrders, OrderWord};
use payments::PaymentDb;

pub use orders::POLICIES;

#[derive(Debug)]
pub struct MoneyRun {
    pub violation: Option<Violation>,
    pub trace: RunTrace,
    pub counts: MoneyCounts,
    /// Empty unless recording was requested.
    pub record: RunRecord,
}

/// A queued copy of an event from a service's outbox.
#[derive(Debug, Clone)]
pub enum Message {
    Order(OrderWord),
    Money(usize, MoneyEvent),
}

/// The consumers: payment reads order events, the order service money events, notification both.
pub const TO_PAYMENT: usize = 0;
pub const TO_ORDER: usize = 1;
pub const TO_NOTIFICATION: usize = 2;

pub struct MoneyWorld {
    pub plan: MoneyPlan,
    pub now: i64,
    pub drawn: u128,
    pub orders: ModelOrders,
    pub order_outbox: Vec<OrderWord>,
    pub edge_views: Vec<EdgeView>,
    pub edge_log: Vec<LateOp>,
    pub edge_seq: u64,
    /// Edge work on an order that was already decided otherwise, and its cases.
    pub in_vain: BTreeSet<(usize, UserId)>,
    pub vain_cases: BTreeSet<(usize, UserId)>,
    /// Edge withdrawals by providers who had already earned a cancel fee, and their cases.
    pub late_withdrawals: BTreeSet<(usize, UserId)>,
    pub withdrawal_cases: BTreeSet<(usize, UserId)>,
    pub money: PaymentDb,
    pub adapter: Adapter,
    pub late_calls: Vec<Call>,
    pub late_replies: Vec<(MovementId, AdapterAnswer)>,
    pub queues: [Vec<Message>; 3],
    /// Notifications that were sent, by kind.
    pub told: BTreeSet<(EventType, MovementId)>,
    pub record: Option<RunRecord>,
    trace: RunTrace,
    counts: MoneyCounts,
    violation: Option<Violation>,
}

impl MoneyWorld {
    pub fn new(plan: MoneyPlan, trace: RunTrace) -> Self {
        let view = EdgeView {
            status: OrderStatus::Pending,
            provider: None,
        };
        Self {
            now: 0,
            drawn: 0,
            edge_views: vec![view; usize::from(plan.orders)],
            orders: ModelOrders::new(&plan),
            order_outbox: Vec::new(),
            edge_log: Vec::new(),
            edge_seq: 1,
            in_vain: BTreeSet::new(),
            vain_cases: BTreeSet::new(),
            late_withdrawals: BTreeSet::new(),
            withdrawal_cases: BTreeSet::new(),
            money: PaymentDb::default(),
            adapter: Adapter::default(),
            late_calls: Vec::new(),
            late_replies: Vec::new(),
            queues: Default::default(),
            told: BTreeSet::new(),
            record: None,
            trace,
            counts: MoneyCounts::default(),
            violation: None,
            plan,
        }
    }

    pub fn recording(self) -> Self {
        Self {
            record: Some(RunRecord::default()),
            ..self
        }
    }

    pub fn run(mut self) -> MoneyRun {
        for act in self.plan.acts.clone() {
            self.play(act);
            self.look();
            if self.violation.is_some() {
                break;
            }
        }
        if self.violation.is_none() {
            self.come_to_rest();
        }
        let mut record = self.record.take().unwrap_or_default();
        if !record.steps.is_empty() {
            record.money = self.money.rows.values().cloned().collect();
        }
        MoneyRun {
            violation: self.violation,
            trace: self.trace,
            counts: self.counts,
            record,
        }
    }

    /// Only the first break counts: later ones may just follow from it.
    pub fn broken(&mut self, invariant: &'static str, says: String) {
        if self.violation.is_none() {
            let at = self.now.unsigned_abs();
            self.violation = Some(Violation {
                invariant,
                at,
                says,
            });
        }
    }

    pub fn is_broken(&self) -> bool {
        self.violation.is_some()
    }

    pub fn meet(&mut self, what: &'static str) {
        self.counts.count_event(what);
    }

    /// Adds the state of all money to the trace.
    pub fn note(&mut self, what: &dyn Fn() -> String) {
        let versions = |n| self.orders.order(n).version ^ (self.orders.rows[n].money_version << 20);
        let orders = (0..self.orders.len()).map(versions);
        let books = self
            .money
            .accounts
            .values()
            .map(|minor| minor.unsigned_abs());
        let standing = orders
            .chain(books)
            .fold(0, |sum: u64, one| sum.rotate_left(7) ^ one);
        let now = self.now.unsigned_abs();
        if self
            .trace
            .note(now, self.money.journal_keys.len() as u64, standing)
        {
            self.trace.say(now, &what());
        }
    }

    fn nth(&self, n: u8) -> usize {
        usize::from(n) % self.orders.len().max(1)
    }

    fn play(&mut self, act: Act) {
        match act {
            Act::Accept(n, provider) => self.accept(self.nth(n), provider),
            Act::Withdraw(n) => self.withdraw(self.nth(n)),
            Act::WithdrawByAdmin(n) => self.withdraw_by_admin(self.nth(n)),
            Act::Start(n) => self.start(self.nth(n)),
            Act::Complete(n) => self.complete(self.nth(n)),
            Act::Preview(n) => self.preview(self.nth(n)),
            Act::Cancel(n) => self.cancel(self.nth(n), Role::Customer),
            Act::CancelByAdmin(n) => self.cancel(self.nth(n), Role::Admin),
            Act::Again(n) => self.send_again(n),
            Act::FinishCancel => self.finish_cancels(),
            Act::Pay(n, key, crash) => self.pay(self.nth(n), key, crash),
            Act::AskBack(n, key, part) => self.ask_back(self.nth(n), key, part),
            Act::Grant(n, part) => self.decide_request(self.nth(n), Some(part)),
            Act::Refuse(n) => self.decide_request(self.nth(n), None),
            Act::Goodwill(n) => {
                self.admin(
                    self.nth(n),
                    &MoneyStep::Goodwill {
                        amount_minor: 1_500,
                    },
                );
            }
            Act::SendAnew(n) => self.admin(self.nth(n), &MoneyStep::SendAnew),
            Act::PayByHand(n) => self.pay_by_hand(self.nth(n)),
            Act::Compensate(n) => self.compensate(n),
            Act::EdgeStart(n) => self.edge_logs(self.nth(n), Action::Start),
            Act::EdgeComplete(n) => self.edge_logs(self.nth(n), Action::Complete),
            Act::EdgeWithdraw(n) => self.edge_logs(self.nth(n), Action::Withdraw),
            Act::EdgeSync(fate) => self.edge_syncs(fate),
            Act::Work(n, fate) => self.work(n, fate),
            Act::Tick(n) => self.tick(self.nth(n)),
            Act::Payout => self.payout_hour(),
            Act::Pull => self.pull(),
            Act::Statement => self.statement(),
            Act::Minutes(minutes) => self.now += i64::from(minutes) * 60_000,
            Act::LateCall(n) => self.late_call(n),
            Act::LateReply(n) => self.late_reply(n),
            Act::Callback(n) => self.callback(n),
            Act::Relay(n, crash) => self.relay(n, crash),
            Act::Deliver(n, place, crash) => self.deliver(usize::from(n) % 3, place, crash),
            Act::DeadLetter(n, place) => self.dead_letter(usize::from(n) % 2, place),
            _ => self.adapter_acts(act),
        }
        self.note(&|| format!("{act:?}"));
    }

    /// Movements at the adapter that it reports to no one.
    fn adapter_acts(&mut self, act: Act) {
        let done = match act {
            Act::AdapterPays(n, off) => self.adapter.turn(n, |truth| {
                let amount_minor = truth.amount_minor + i64::from(off);
                let open = truth.kind == Kind::Charge && truth.is_open();
                open.then_some(AdapterAnswer::Paid { amount_minor })
            }),
            Act::AdapterDeclines(n) => self.adapter.turn(n, |truth| {
                let open = truth.kind == Kind::Charge && truth.state == AdapterAnswer::Pending;
                open.then_some(AdapterAnswer::Declined)
            }),
            Act::AdapterDone(n) => self.adapter.turn(n, |truth| {
                let open = truth.kind != Kind::Charge && truth.is_open();
                open.then_some(AdapterAnswer::Done)
            }),
            Act::AdapterFails(n) => self.adapter.turn(n, |truth| {
                let open = truth.kind != Kind::Charge && truth.is_open();
                open.then_some(AdapterAnswer::Failed)
            }),
            Act::AdapterReturns(n) => self.adapter.turn(n, |truth| {
                let sent = truth.kind == Kind::Payout && truth.state == AdapterAnswer::Done;
                sent.then_some(AdapterAnswer::Returned)
            }),
            Act::PaidThoughClosed(n) => {
                let broke = self.adapter.turn(n, |truth| {
                    let closed = truth.state == AdapterAnswer::Closed;
                    let amount_minor = truth.amount_minor;
                    closed.then_some(AdapterAnswer::Paid { amount_minor })
                });
                self.adapter.broke.extend(broke);
                broke
            }
            Act::Chargeback(n, part) => self.adapter.charge_back(n, part == Fraction::Half),
            Act::Reversal(n) => self.adapter.reverse(n),
            Act::AdapterFee(n) => self.adapter.keep_fee(n),
            _ => None,
        };
        if done.is_some() {
            self.meet(match act {
                Act::AdapterPays(_, 0) => "adapter paid",
                Act::AdapterPays(..) => "adapter paid another amount",
                Act::AdapterDeclines(_) => "adapter declined",
                Act::AdapterFails(_) => "adapter failed",
                Act::AdapterReturns(_) => "payout came back",
                Act::PaidThoughClosed(_) => "paid though closed",
                Act::Chargeback(..) => "charged back",
                Act::Reversal(_) => "chargeback reversed",
                Act::AdapterFee(_) => "adapter kept a fee",
                _ => "adapter done",
            });
        }
    }

    pub fn late_call(&mut self, n: u8) {
        if !self.late_calls.is_empty() {
            let call = self
                .late_calls
                .remove(usize::from(n) % self.late_calls.len());
            self.adapter.take(call);
            self.meet("late call");
        }
    }

    pub fn late_reply(&mut self, n: u8) {
        if !self.late_replies.is_empty() {
            let at = usize::from(n) % self.late_replies.len();
            let (id, answer) = self.late_replies.remove(at);
            self.hear(id, answer);
            self.meet("late reply");
        }
    }

    /// Publishes the oldest outbox row. A crash before the sent mark publishes it again.
    pub fn relay(&mut self, n: u8, crash: bool) {
        let lost = crash && is_planted(MoneyBug::OutboxLost);
        if n.is_multiple_of(2) {
            let Some(row) = self.order_outbox.first().cloned() else {
                return;
            };
            if !lost {
                self.queues[TO_PAYMENT].push(Message::Order(row.clone()));
                self.queues[TO_NOTIFICATION].push(Message::Order(row));
            }
            if !crash || lost {
                self.order_outbox.remove(0);
            }
        } else {
            let Some((order, event)) = self.money.outbox.first().copied() else {
                return;
            };
            if !lost {
                self.queues[TO_ORDER].push(Message::Money(order, event));
                self.queues[TO_NOTIFICATION].push(Message::Money(order, event));
            }
            if !crash || lost {
                self.money.outbox.remove(0);
            }
        }
    }

    /// Delivers from any place in the queue. A crash before the acknowledgement redelivers it.
    pub fn deliver(&mut self, queue: usize, place: u8, crash: bool) {
        let waiting = &mut self.queues[queue];
        if waiting.is_empty() {
            return;
        }
        let at = usize::from(place) % waiting.len();
        let message = if crash {
            waiting[at].clone()
        } else {
            waiting.remove(at)
        };
        match (queue, message) {
            (TO_PAYMENT, Message::Order(row)) => {
                let _none = self.money_step(row.n, &MoneyStep::OrderHeard(row.order));
            }
            (TO_ORDER, Message::Money(n, event)) => self.hear_money(n, &event),
            (_, Message::Order(row)) => self.tell_of_order(&row),
            (_, Message::Money(n, event)) => self.tell_of_money(n, &event),
        }
    }

    /// Drops a message; only the comparison of versions repairs the loss.
    fn dead_letter(&mut self, queue: usize, place: u8) {
        let waiting = &mut self.queues[queue];
        if !waiting.is_empty() {
            waiting.remove(usize::from(place) % waiting.len());
            self.meet("dead letter");
        }
    }

    /// The order's event lets the provider start [PROVIDER_HEARS_ORDER].
    fn tell_of_order(&mut self, row: &OrderWord) {
        if row.order.status == OrderStatus::Accepted && row.payment_status == PaymentStatus::Held {
            self.provider_may_start(row.n, row.money_version);
        }
    }
}
