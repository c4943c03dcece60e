//! The order service: the real decisions of `cloud/order/rules` on rows kept here, and its events
//! for the payment service. Mirrors `cloud/order/src/store`: `decide` and `commit_orders` mirror
//! `decide.rs`, `take_money` mirrors `background.rs`.

mod judge;

use std::collections::BTreeSet;

use custody::{BilledOrder, FeePolicy, MoneyEvent, MoneyStep};
use planted::is_planted;
use rules::{
    Assignment, Attempt, CaseKind, OfflineRules, OrderState, Origin, Snapshot, Submission, Writes,
    preview_cancellation,
};
use uuid::Uuid;
use wire::{
    Action, Actor, Amount, Code, Command, CommandBody, CommandId, Currency, Draft, OpDecision,
    Order, OrderId, OrderStatus, Outcome, PaymentStatus, PriceCap, Region, Role, ServiceType,
    Source, UnixMillis, UserId,
};

use super::MoneyWorld;
use crate::{
    MoneyBug,
    plan::{MoneyPlan, UnpaidWork},
};

pub const HOUR_MS: i64 = 3_600_000;
const STARTS_AT_MS: i64 = 30 * HOUR_MS;
pub const REGION: Region = Region::North;
const WORK: ServiceType = ServiceType::CleaningRepair;

/// The policy in force from the start, and its successor from the third day. Orders are created at
/// the start.
pub const POLICIES: [FeePolicy; 2] = [
    FeePolicy {
        from: UnixMillis(0),
        platform_fee_bp: 1_000,
        cancel_fee_bp: 1_000,
        cancel_notice_ms: 24 * HOUR_MS,
    },
    FeePolicy {
        from: UnixMillis(48 * HOUR_MS),
        platform_fee_bp: 1_250,
        cancel_fee_bp: 2_000,
        cancel_notice_ms: 48 * HOUR_MS,
    },
];

/// order_db: the rules' input, and the other columns of an order's row.
pub struct ModelOrders {
    read: Snapshot,
    pub rows: Vec<SimOrderRow>,
    commands: u128,
    /// All commands sent from the portal.
    sent: Vec<Submission>,
    /// Commands that changed an order.
    done: BTreeSet<CommandId>,
}

#[derive(Debug, Clone, Copy, Default)]
pub struct SimOrderRow {
    pub money_version: u64,
    /// The cancel fee on the customer's screen.
    pub shown_fee_minor: Option<i64>,
}

/// The parts of an order event that the consumers here read.
#[derive(Debug, Clone)]
pub struct OrderWord {
    pub n: usize,
    pub order: BilledOrder,
    pub payment_status: PaymentStatus,
    pub money_version: u64,
}

pub fn provider_id(provider: u8) -> UserId {
    UserId(Uuid::from_u128(100 + u128::from(provider % 3)))
}

pub fn provider(provider: u8) -> Actor {
    Actor {
        user_id: provider_id(provider),
        role: Role::Provider,
    }
}

pub fn customer(n: usize) -> Actor {
    Actor {
        user_id: UserId(Uuid::from_u128(1 + n as u128)),
        role: Role::Customer,
    }
}

const ADMIN: Actor = Actor {
    user_id: UserId(Uuid::from_u128(99)),
    role: Role::Admin,
};

const FIRST_ORDER: u128 = 500;

pub fn order_id(n: usize) -> OrderId {
    OrderId(Uuid::from_u128(FIRST_ORDER + n as u128))
}

pub fn number(id: OrderId) -> usize {
    usize::try_from(id.0.as_u128() - FIRST_ORDER).unwrap_or(0)
}

/// Odd prices, so that every fee is rounded.
pub fn price_minor(n: usize) -> i64 {
    20_001 + 998 * i64::try_from(n).unwrap_or(0)
}

/// Every second order has a fixed hour. The others allow any time of the day, so cancelling them
/// requires no notice.
fn names_an_hour(n: usize) -> bool {
    n.is_multiple_of(2)
}

impl ModelOrders {
    pub fn new(plan: &MoneyPlan) -> Self {
        let count = usize::from(plan.orders);
        let rules = rules_of(plan.unpaid);
        let assignment = Assignment {
            rules,
            ..Assignment::default()
        };
        let read = Snapshot {
            regions: [(REGION, assignment)].into(),
            orders: (0..count).map(|n| (order_id(n), approved(n))).collect(),
            cancel_policies: POLICIES.to_vec(),
            ..Snapshot::default()
        };
        Self {
            read,
            rows: vec![SimOrderRow::default(); count],
            commands: 0,
            sent: Vec::new(),
            done: BTreeSet::new(),
        }
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn state(&self, n: usize) -> &OrderState {
        &self.read.orders[&order_id(n)]
    }

    pub fn order(&self, n: usize) -> &Order {
        &self.state(n).order
    }

    pub fn fee_minor(&self, n: usize) -> Option<i64> {
        self.state(n).terms.map(|terms| terms.fee.minor_units())
    }

    pub fn heard(&self, n: usize) -> BilledOrder {
        let state = self.state(n);
        BilledOrder::from_order(
            &state.order,
            state.terms.filter(|_| !is_planted(MoneyBug::TermsLost)),
        )
    }

    pub fn command(&mut self, body: CommandBody) -> Command {
        self.commands += 1;
        let id = CommandId(Uuid::from_u128(self.commands));
        Command {
            id,
            body,
            device: None,
            device_seq: None,
            tapped_at: None,
            trace: None,
        }
    }
}

fn rules_of(unpaid: UnpaidWork) -> OfflineRules {
    let mut rules = OfflineRules::default();
    match unpaid {
        UnpaidWork::No => {}
        UnpaidWork::AnyAtEdge => rules.unpaid_start = true,
        UnpaidWork::SmallAtEdge => {
            let price_max = Amount::from_minor(price_minor(0)).unwrap_or(Amount::ZERO);
            rules.unpaid_start_max = Some(PriceCap {
                price_max,
                currency: Currency::Cny,
            });
        }
        UnpaidWork::Anywhere => rules.paid_afterwards = vec![WORK],
    }
    rules
}

/// An order published at the start, and approved.
fn approved(n: usize) -> OrderState {
    let price = Amount::from_minor(price_minor(n)).unwrap_or(Amount::ZERO);
    let whole_day_ends = UnixMillis(STARTS_AT_MS + 24 * HOUR_MS);
    let draft = Draft {
        service_start_time: Some(UnixMillis(STARTS_AT_MS)),
        service_end_time: (!names_an_hour(n)).then_some(whole_day_ends),
        ..Draft::new("Fix a tap", WORK, price, REGION, "1 Lake Road")
    };
    let by = customer(n).user_id;
    let order = Order::new_published(order_id(n), draft, by, UnixMillis(0), Source::Portal);
    OrderState::new_unpaid(
        Order {
            status: OrderStatus::Pending,
            ..order
        },
        None,
    )
}

impl MoneyWorld {
    /// Runs one portal command as one transaction.
    fn at_portal(&mut self, by: Actor, body: CommandBody) -> Option<Outcome> {
        let request = self.request(by, body);
        self.orders.sent.push(request.clone());
        self.send(request)
    }

    fn send(&mut self, request: Submission) -> Option<Outcome> {
        let request = [request];
        let writes = self.decide(&request);
        if let [Submission::Command(attempt)] = &request {
            self.judge_cancel(attempt, &writes);
        }
        self.commit_orders(&writes);
        answer(&writes)
    }

    /// Repeats a command whose sender got no answer.
    pub fn send_again(&mut self, n: u8) {
        let sent = &self.orders.sent;
        if let Some(request) = sent.get(usize::from(n) % sent.len().max(1)).cloned()
            && self
                .send(request)
                .is_some_and(|outcome| outcome.first.is_some())
        {
            self.meet("command repeated");
        }
    }

    fn request(&mut self, by: Actor, body: CommandBody) -> Submission {
        let command = self.orders.command(body);
        let actor = Some(by);
        let mark = None;
        let origin = Origin::Portal;
        Submission::Command(Box::new(Attempt {
            command,
            actor,
            verification: mark,
            origin,
        }))
    }

    /// Decides without writing.
    pub fn decide(&mut self, submissions: &[Submission]) -> Writes {
        self.orders.read.now = UnixMillis(self.now);
        rules::decide_submissions(&self.orders.read, submissions)
    }

    /// Writes a whole decision in one transaction.
    pub fn commit_orders(&mut self, writes: &Writes) {
        for line in &writes.timeline {
            self.judge_line(number(line.order_id), &line.entry);
        }
        let answers = writes
            .commands
            .iter()
            .map(|answer| (answer.command_key(), answer.clone()));
        self.orders.read.answers.extend(answers);
        for write in &writes.orders {
            self.orders
                .read
                .orders
                .insert(write.after.order.id, write.after.clone());
        }
        for event in &writes.events {
            let terms = event
                .body
                .terms
                .filter(|_| !is_planted(MoneyBug::TermsLost));
            self.tell(
                &event.body.order,
                BilledOrder::from_order(&event.body.order, terms),
            );
        }
        for case in &writes.cases {
            let whose = (number(case.order_id), case.user_id);
            match case.kind {
                CaseKind::WorkedInVain => self.vain_cases.insert(whose),
                CaseKind::WithdrewBeforeFee => self.withdrawal_cases.insert(whose),
                _ => false,
            };
        }
    }

    fn tell(&mut self, order: &Order, heard: BilledOrder) {
        let n = number(order.id);
        let payment_status = order.payment_status;
        let money_version = self.orders.rows[n].money_version;
        self.order_outbox.push(OrderWord {
            n,
            order: heard,
            payment_status,
            money_version,
        });
    }

    pub fn accept(&mut self, n: usize, by: u8) {
        self.at_portal(
            provider(by),
            CommandBody::AcceptOrder {
                order_id: order_id(n),
            },
        );
    }

    /// The provider withdraws; held money stays with the order.
    pub fn withdraw(&mut self, n: usize) {
        let order_id = order_id(n);
        self.at_portal(
            self.holder(n),
            CommandBody::WithdrawAcceptance {
                order_id,
                reason: None,
            },
        );
    }

    /// An admin withdraws the order from its current provider, even during work.
    pub fn withdraw_by_admin(&mut self, n: usize) {
        let order_id = order_id(n);
        let reason = Some("He is ill.".to_owned());
        self.at_portal(ADMIN, CommandBody::WithdrawAcceptance { order_id, reason });
    }

    /// Work starts only with the price in custody [HELD_FIRST].
    pub fn start(&mut self, n: usize) {
        self.at_portal(
            self.holder(n),
            CommandBody::StartOrder {
                order_id: order_id(n),
            },
        );
    }

    pub fn complete(&mut self, n: usize) {
        let order_id = order_id(n);
        self.at_portal(
            self.holder(n),
            CommandBody::CompleteOrder {
                order_id,
                note: None,
            },
        );
    }

    /// The order's provider; another provider tries if there is none.
    fn holder(&self, n: usize) -> Actor {
        let holder = self.orders.order(n).provider_id;
        Actor {
            user_id: holder.unwrap_or(provider_id(0)),
            role: Role::Provider,
        }
    }

    pub fn preview(&mut self, n: usize) {
        let state = self.orders.state(n);
        let now = UnixMillis(self.now);
        let rules = rules_of(self.plan.unpaid);
        let preview = preview_cancellation(state, customer(n), &POLICIES, &rules, now).ok();
        self.orders.rows[n].shown_fee_minor = preview.map(|preview| preview.fee.minor_units());
    }

    /// Decides the cancel and its terms first, so that no later step can overturn them
    /// [DECIDE_FIRST]. The money follows by event.
    pub fn cancel(&mut self, n: usize, role: Role) {
        let by = if role == Role::Customer {
            customer(n)
        } else {
            ADMIN
        };
        let shown = self.orders.rows[n]
            .shown_fee_minor
            .filter(|_| role == Role::Customer);
        let fee = shown.and_then(|minor| Amount::from_minor(minor).ok());
        let body = CommandBody::CancelOrder {
            order_id: order_id(n),
            reason: None,
            fee,
        };
        if is_planted(MoneyBug::DecideFirst) {
            return self.refund_first(n, by, body);
        }
        let Some(outcome) = self.at_portal(by, body) else {
            return;
        };
        if outcome.code == Some(Code::TermsChanged) {
            self.meet("terms_changed");
            self.preview(n);
        }
    }

    /// The planted bug: the refund goes out first, and the status follows in a separate step.
    fn refund_first(&mut self, n: usize, by: Actor, body: CommandBody) {
        let request = [self.request(by, body)];
        let writes = self.decide(&request);
        let Some(write) = writes.orders.first() else {
            return;
        };
        let OrderState { order, terms, .. } = &write.after;
        self.change(n, |state| state.terms = *terms);
        let _refused = self.money_step(
            n,
            &MoneyStep::OrderHeard(BilledOrder::from_order(order, *terms)),
        );
    }

    /// Finishes each cancel that began with the refund.
    pub fn finish_cancels(&mut self) {
        if !is_planted(MoneyBug::DecideFirst) {
            return;
        }
        for n in 0..self.orders.len() {
            let state = self.orders.state(n);
            let after = state
                .order
                .status
                .next_status(Action::Cancel)
                .filter(|_| state.terms.is_some());
            let Some(status) = after else { continue };
            self.change(n, |state| {
                state.order.status = status;
                state.order.version += 1;
            });
            let order = self.orders.order(n).clone();
            self.tell(&order, self.orders.heard(n));
        }
    }

    fn change(&mut self, n: usize, turn: impl FnOnce(&mut OrderState)) {
        if let Some(state) = self.orders.read.orders.get_mut(&order_id(n)) {
            turn(state);
        }
    }

    /// Applies a payment event if it is newer than the last [MONEY_VERSION].
    pub fn hear_money(&mut self, n: usize, event: &MoneyEvent) {
        let known = self.orders.rows[n].money_version;
        if event.money_version <= known && !is_planted(MoneyBug::MoneyVersion) {
            self.meet("old word about money");
            return;
        }
        let MoneyEvent {
            status,
            money_version,
            held_minor,
            ..
        } = *event;
        if money_version < known {
            self.broken(
                "versions_rise",
                format!("money of order {n} fell to {money_version}"),
            );
        }
        self.take_money(n, status, money_version, held_minor);
    }

    pub fn take_money(&mut self, n: usize, status: PaymentStatus, version: u64, held_minor: i64) {
        self.orders.rows[n].money_version = version;
        let is_shown = self.orders.order(n).payment_status == status;
        self.change(n, |state| {
            state.held = Amount::from_minor(held_minor).unwrap_or(Amount::ZERO);
            state.order.payment_status = status;
            state.order.version += u64::from(!is_shown);
        });
        if is_shown {
            return;
        }
        let order = self.orders.order(n).clone();
        self.tell(&order, self.orders.heard(n));
    }
}

fn answer(writes: &Writes) -> Option<Outcome> {
    match writes.answers.first() {
        Some(OpDecision::Decided(outcome)) => Some(outcome.clone()),
        _ => None,
    }
}
