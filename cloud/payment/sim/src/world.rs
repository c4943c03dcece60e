//! One run of a seed's world, act by act, then its rest. Time stands still within an act.

mod edge;
mod oracle;
mod orders;
mod payments;
mod rest;

use std::collections::{BTreeMap, BTreeSet};

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
use orders::{ModelOrders, OrderMessage};
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
pub(crate) enum Message {
    Order(OrderMessage),
    Money(usize, MoneyEvent),
}

/// The consumers: payment reads order events, the order service money events, notification both.
pub(crate) const TO_PAYMENT: usize = 0;
pub(crate) const TO_ORDER: usize = 1;
pub(crate) const TO_NOTIFICATION: usize = 2;

pub(crate) struct MoneyWorld {
    pub plan: MoneyPlan,
    pub now: i64,
    pub ids_drawn: u128,
    pub orders: ModelOrders,
    pub order_outbox: Vec<OrderMessage>,
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
    pub notified: BTreeSet<(EventType, MovementId)>,
    /// The cancel fees in notifications to providers, by order and version of its money.
    pub fees_told: BTreeMap<(usize, u64), i64>,
    pub record: Option<RunRecord>,
    trace: RunTrace,
    counts: MoneyCounts,
    violation: Option<Violation>,
}

impl MoneyWorld {
    pub(crate) fn new(plan: MoneyPlan, trace: RunTrace) -> Self {
        let view = EdgeView {
            status: OrderStatus::Pending,
            provider: None,
        };
        Self {
            now: 0,
            ids_drawn: 0,
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
            notified: BTreeSet::new(),
            fees_told: BTreeMap::new(),
            record: None,
            trace,
            counts: MoneyCounts::default(),
            violation: None,
            plan,
        }
    }

    pub(crate) fn recording(self) -> Self {
        Self {
            record: Some(RunRecord::default()),
            ..self
        }
    }

    pub(crate) fn run(mut self) -> MoneyRun {
        for act in self.plan.acts.clone() {
            self.play_act(act);
            self.check_promises();
            if self.violation.is_some() {
                break;
            }
        }
        if self.violation.is_none() {
            self.run_until_rest();
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
    pub(crate) fn report_violation(&mut self, invariant: &'static str, says: String) {
        if self.violation.is_none() {
            let at = self.now.unsigned_abs();
            self.violation = Some(Violation {
                invariant,
                at,
                says,
            });
        }
    }

    pub(crate) fn has_violation(&self) -> bool {
        self.violation.is_some()
    }

    pub(crate) fn count_event(&mut self, what: &'static str) {
        self.counts.count_event(what);
    }

    /// Adds the state of all money to the trace.
    pub(crate) fn trace_state(&mut self, what: &dyn Fn() -> String) {
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

    fn pick_order(&self, n: u8) -> usize {
        usize::from(n) % self.orders.len().max(1)
    }

    fn play_act(&mut self, act: Act) {
        match act {
            Act::Accept(n, provider) => self.accept_order(self.pick_order(n), provider),
            Act::Withdraw(n) => self.withdraw_acceptance(self.pick_order(n)),
            Act::WithdrawByAdmin(n) => self.withdraw_acceptance_by_admin(self.pick_order(n)),
            Act::Start(n) => self.start_order(self.pick_order(n)),
            Act::Complete(n) => self.complete_order(self.pick_order(n)),
            Act::Preview(n) => self.preview_fee(self.pick_order(n)),
            Act::Cancel(n) => self.cancel_order(self.pick_order(n), Role::Customer),
            Act::CancelByAdmin(n) => self.cancel_order(self.pick_order(n), Role::Admin),
            Act::Again(n) => self.repeat_command(n),
            Act::FinishCancel => self.finish_cancels(),
            Act::Pay(n, key, crash) => self.pay_order(self.pick_order(n), key, crash),
            Act::AskBack(n, key, part) => self.request_refund(self.pick_order(n), key, part),
            Act::Grant(n, part) => self.decide_refund_request(self.pick_order(n), Some(part)),
            Act::Refuse(n) => self.decide_refund_request(self.pick_order(n), None),
            Act::Goodwill(n) => {
                self.run_admin_step(
                    self.pick_order(n),
                    &MoneyStep::Goodwill {
                        amount_minor: 1_500,
                    },
                );
            }
            Act::SendAnew(n) => self.run_admin_step(self.pick_order(n), &MoneyStep::SendAnew),
            Act::PayByHand(n) => self.pay_refund_by_hand(self.pick_order(n)),
            Act::Compensate(n) => self.compensate_provider(n),
            Act::EdgeStart(n) => self.log_edge_action(self.pick_order(n), Action::Start),
            Act::EdgeComplete(n) => self.log_edge_action(self.pick_order(n), Action::Complete),
            Act::EdgeWithdraw(n) => self.log_edge_action(self.pick_order(n), Action::Withdraw),
            Act::EdgeSync(fate) => self.sync_edge(fate),
            Act::Work(n, fate) => self.call_adapter(n, fate),
            Act::Tick(n) => self.run_order_timer(self.pick_order(n)),
            Act::Payout => self.run_payout_hour(),
            Act::Pull => self.compare_versions(),
            Act::Statement => self.compare_statement(),
            Act::Minutes(minutes) => self.now += i64::from(minutes) * 60_000,
            Act::LateCall(n) => self.deliver_late_call(n),
            Act::LateReply(n) => self.deliver_late_reply(n),
            Act::Callback(n) => self.receive_callback(n),
            Act::Relay(n, crash) => self.relay_event(n, crash),
            Act::Deliver(n, place, crash) => self.deliver_message(usize::from(n) % 3, place, crash),
            Act::DeadLetter(n, place) => self.drop_message(usize::from(n) % 2, place),
            _ => self.play_adapter_act(act),
        }
        self.trace_state(&|| format!("{act:?}"));
    }

    /// Movements at the adapter that it reports to no one.
    fn play_adapter_act(&mut self, act: Act) {
        let done = match act {
            Act::AdapterPays(n, off) => self.adapter.change_state(n, |truth| {
                let amount_minor = truth.amount_minor + i64::from(off);
                let open = truth.kind == Kind::Charge && truth.is_open();
                open.then_some(AdapterAnswer::Paid { amount_minor })
            }),
            Act::AdapterDeclines(n) => self.adapter.change_state(n, |truth| {
                let open = truth.kind == Kind::Charge && truth.state == AdapterAnswer::Pending;
                open.then_some(AdapterAnswer::Declined)
            }),
            Act::AdapterDone(n) => self.adapter.change_state(n, |truth| {
                let open = truth.kind != Kind::Charge && truth.is_open();
                open.then_some(AdapterAnswer::Done)
            }),
            Act::AdapterFails(n) => self.adapter.change_state(n, |truth| {
                let open = truth.kind != Kind::Charge && truth.is_open();
                open.then_some(AdapterAnswer::Failed)
            }),
            Act::AdapterReturns(n) => self.adapter.change_state(n, |truth| {
                let sent = truth.kind == Kind::Payout && truth.state == AdapterAnswer::Done;
                sent.then_some(AdapterAnswer::Returned)
            }),
            Act::PaidThoughClosed(n) => {
                let broke = self.adapter.change_state(n, |truth| {
                    let closed = truth.state == AdapterAnswer::Closed;
                    let amount_minor = truth.amount_minor;
                    closed.then_some(AdapterAnswer::Paid { amount_minor })
                });
                self.adapter.broke.extend(broke);
                broke
            }
            Act::Chargeback(n, part) => self.adapter.charge_back_payment(n, part == Fraction::Half),
            Act::Reversal(n) => self.adapter.reverse_chargeback(n),
            Act::AdapterFee(n) => self.adapter.keep_fee(n),
            _ => None,
        };
        if done.is_some() {
            self.count_event(match act {
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

    pub(crate) fn deliver_late_call(&mut self, n: u8) {
        if !self.late_calls.is_empty() {
            let call = self
                .late_calls
                .remove(usize::from(n) % self.late_calls.len());
            self.adapter.receive_call(call);
            self.count_event("late call");
        }
    }

    pub(crate) fn deliver_late_reply(&mut self, n: u8) {
        if !self.late_replies.is_empty() {
            let at = usize::from(n) % self.late_replies.len();
            let (id, answer) = self.late_replies.remove(at);
            self.apply_answer(id, answer);
            self.count_event("late reply");
        }
    }

    /// Publishes the oldest outbox row. A crash before the sent mark publishes it again.
    pub(crate) fn relay_event(&mut self, n: u8, crash: bool) {
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
    pub(crate) fn deliver_message(&mut self, queue: usize, place: u8, crash: bool) {
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
                let _refused = self.run_money_step(row.n, &MoneyStep::OrderHeard(row.order));
            }
            (TO_ORDER, Message::Money(n, event)) => self.apply_money_event(n, &event),
            (_, Message::Order(row)) => self.notify_of_order(&row),
            (_, Message::Money(n, event)) => self.notify_of_money(n, &event),
        }
    }

    /// Drops a message; only the comparison of versions repairs the loss.
    fn drop_message(&mut self, queue: usize, place: u8) {
        let waiting = &mut self.queues[queue];
        if !waiting.is_empty() {
            waiting.remove(usize::from(place) % waiting.len());
            self.count_event("dead letter");
        }
    }

    /// The order's event lets the provider start [PROVIDER_HEARS_ORDER].
    fn notify_of_order(&mut self, row: &OrderMessage) {
        if row.order.status == OrderStatus::Accepted && row.payment_status == PaymentStatus::Held {
            self.provider_may_start(row.n, row.money_version);
        }
    }
}
