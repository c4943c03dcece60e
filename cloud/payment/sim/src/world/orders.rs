//! The order service: the real decisions of `cloud/order/rules` on rows kept here, and its events
//! for the payment service. Mirrors `cloud/order/src/store`: `decide_submissions` and
//! `commit_orders` mirror `decide.rs`, `update_payment_status` mirrors `background.rs`.

mod judge;
mod portal;

use std::collections::BTreeSet;

use custody::{BilledOrder, FeePolicy, MoneyEvent};
use planted::is_planted;
use rules::{Assignment, CaseKind, OfflineRules, OrderState, Snapshot, Submission, Writes};
use uuid::Uuid;
use wire::{
    Actor, Amount, Command, CommandBody, CommandId, Currency, Draft, Order, OrderId, OrderStatus,
    PaymentStatus, PriceCap, Region, Role, ServiceType, Source, UnixMillis, UserId,
};

use super::MoneyWorld;
use crate::{
    MoneyBug,
    plan::{MoneyPlan, UnpaidWork},
};

pub(super) const HOUR_MS: i64 = 3_600_000;
const STARTS_AT_MS: i64 = 30 * HOUR_MS;
pub(super) const REGION: Region = Region::North;
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
pub(crate) struct ModelOrders {
    read: Snapshot,
    pub rows: Vec<SimOrderRow>,
    commands: u128,
    /// All commands sent from the portal.
    sent: Vec<Submission>,
    /// Commands that changed an order.
    done: BTreeSet<CommandId>,
}

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SimOrderRow {
    pub money_version: u64,
    /// The cancel fee on the customer's screen.
    pub shown_fee_minor: Option<i64>,
}

/// The parts of an order event that the consumers here read.
#[derive(Debug, Clone)]
pub(crate) struct OrderMessage {
    pub n: usize,
    pub order: BilledOrder,
    pub payment_status: PaymentStatus,
    pub money_version: u64,
}

pub(super) fn provider_id(provider: u8) -> UserId {
    UserId(Uuid::from_u128(100 + u128::from(provider % 3)))
}

pub(super) fn provider_actor(provider: u8) -> Actor {
    Actor {
        user_id: provider_id(provider),
        role: Role::Provider,
    }
}

pub(super) fn customer_actor(n: usize) -> Actor {
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

pub(super) fn order_id(n: usize) -> OrderId {
    OrderId(Uuid::from_u128(FIRST_ORDER + n as u128))
}

pub(super) fn order_number(id: OrderId) -> usize {
    usize::try_from(id.0.as_u128() - FIRST_ORDER).unwrap_or(0)
}

/// Odd prices, so that every fee is rounded.
pub(super) fn price_minor(n: usize) -> i64 {
    20_001 + 998 * i64::try_from(n).unwrap_or(0)
}

/// Every second order has a fixed hour. The others allow any time of the day, so cancelling them
/// requires no notice.
fn has_fixed_hour(n: usize) -> bool {
    n.is_multiple_of(2)
}

impl ModelOrders {
    pub(crate) fn new(plan: &MoneyPlan) -> Self {
        let count = usize::from(plan.orders);
        let rules = offline_rules_for(plan.unpaid);
        let assignment = Assignment {
            rules,
            ..Assignment::default()
        };
        let read = Snapshot {
            regions: [(REGION, assignment)].into(),
            orders: (0..count)
                .map(|n| (order_id(n), approved_order(n)))
                .collect(),
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

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn order_state(&self, n: usize) -> &OrderState {
        &self.read.orders[&order_id(n)]
    }

    pub(crate) fn order(&self, n: usize) -> &Order {
        &self.order_state(n).order
    }

    pub(crate) fn fee_minor(&self, n: usize) -> Option<i64> {
        self.order_state(n)
            .terms
            .map(|terms| terms.fee.minor_units())
    }

    pub(crate) fn billed_order(&self, n: usize) -> BilledOrder {
        let state = self.order_state(n);
        BilledOrder::from_order(
            &state.order,
            state.terms.filter(|_| !is_planted(MoneyBug::TermsLost)),
        )
    }

    pub(crate) fn new_command(&mut self, body: CommandBody) -> Command {
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

fn offline_rules_for(unpaid: UnpaidWork) -> OfflineRules {
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
fn approved_order(n: usize) -> OrderState {
    let price = Amount::from_minor(price_minor(n)).unwrap_or(Amount::ZERO);
    let whole_day_ends = UnixMillis(STARTS_AT_MS + 24 * HOUR_MS);
    let draft = Draft {
        service_start_time: Some(UnixMillis(STARTS_AT_MS)),
        service_end_time: (!has_fixed_hour(n)).then_some(whole_day_ends),
        ..Draft::new("Fix a tap", WORK, price, REGION, "1 Lake Road")
    };
    let by = customer_actor(n).user_id;
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
    /// Decides without writing.
    pub(crate) fn decide_submissions(&mut self, submissions: &[Submission]) -> Writes {
        self.orders.read.now = UnixMillis(self.now);
        rules::decide_submissions(&self.orders.read, submissions)
    }

    /// Writes a whole decision in one transaction.
    pub(crate) fn commit_orders(&mut self, writes: &Writes) {
        for line in &writes.timeline {
            self.judge_timeline_entry(order_number(line.order_id), &line.entry);
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
            self.publish_order_event(
                &event.body.order,
                BilledOrder::from_order(&event.body.order, terms),
            );
        }
        for case in &writes.cases {
            let whose = (order_number(case.order_id), case.user_id);
            match case.kind {
                CaseKind::WorkedInVain => self.vain_cases.insert(whose),
                CaseKind::WithdrewBeforeFee => self.withdrawal_cases.insert(whose),
                _ => false,
            };
        }
    }

    fn publish_order_event(&mut self, order: &Order, heard: BilledOrder) {
        let n = order_number(order.id);
        let payment_status = order.payment_status;
        let money_version = self.orders.rows[n].money_version;
        self.order_outbox.push(OrderMessage {
            n,
            order: heard,
            payment_status,
            money_version,
        });
    }

    fn change_order(&mut self, n: usize, turn: impl FnOnce(&mut OrderState)) {
        if let Some(state) = self.orders.read.orders.get_mut(&order_id(n)) {
            turn(state);
        }
    }

    /// Applies a payment event if it is newer than the last [MONEY_VERSION].
    pub(crate) fn apply_money_event(&mut self, n: usize, event: &MoneyEvent) {
        let known = self.orders.rows[n].money_version;
        if event.money_version <= known && !is_planted(MoneyBug::MoneyVersion) {
            self.count_event("old word about money");
            return;
        }
        let MoneyEvent {
            status,
            money_version,
            held_minor,
            ..
        } = *event;
        if money_version < known {
            self.report_violation(
                "versions_rise",
                format!("money of order {n} fell to {money_version}"),
            );
        }
        self.update_payment_status(n, status, money_version, held_minor);
    }

    pub(crate) fn update_payment_status(
        &mut self,
        n: usize,
        status: PaymentStatus,
        version: u64,
        held_minor: i64,
    ) {
        self.orders.rows[n].money_version = version;
        let is_shown = self.orders.order(n).payment_status == status;
        self.change_order(n, |state| {
            state.held = Amount::from_minor(held_minor).unwrap_or(Amount::ZERO);
            state.order.payment_status = status;
            state.order.version += u64::from(!is_shown);
        });
        if is_shown {
            return;
        }
        let order = self.orders.order(n).clone();
        self.publish_order_event(&order, self.orders.billed_order(n));
    }
}
