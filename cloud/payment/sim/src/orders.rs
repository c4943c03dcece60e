//! The order service's part: who has an order, its cancel with terms, its word about money, the decisions on an
//! edge's late log. The states are those of `wire`; collisions and rights are `sync/sim`'s business.

use custody::{CancelQuestion, CancelTerms, FeePolicy, HeardOrder, MoneyEvent, MoneyStep};
use uuid::Uuid;
use wire::{Action, Currency, OrderId, OrderStatus, PaymentStatus, Role, UnixMillis, UserId};

use crate::{MoneyBug, world::MoneyWorld};

pub const HOUR_MS: i64 = 3_600_000;

/// In force from the start, and from the third day on. Orders are created at the start.
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

#[derive(Debug, Clone)]
pub struct ModelOrder {
    pub n: usize,
    pub version: u64,
    pub status: OrderStatus,
    pub provider: Option<u8>,
    pub payment_status: PaymentStatus,
    pub money_version: u64,
    pub held_minor: i64,
    pub terms: Option<CancelTerms>,
    /// The customer's screen shows this fee.
    pub shown_fee_minor: Option<i64>,
}

/// What a provider did while his edge was cut off.
#[derive(Debug, Clone, Copy)]
pub struct LateOp {
    pub order: usize,
    pub provider: u8,
    pub action: Action,
}

/// The edge's view of an order: as last synchronised, with its own ops on top.
#[derive(Debug, Clone, Copy)]
pub struct EdgeView {
    pub status: OrderStatus,
    pub provider: Option<u8>,
}

pub fn provider_id(provider: u8) -> UserId {
    UserId(Uuid::from_u128(100 + u128::from(provider % 3)))
}

impl ModelOrder {
    pub fn new(n: usize) -> Self {
        Self {
            n,
            version: 1,
            status: OrderStatus::Pending,
            provider: None,
            payment_status: PaymentStatus::Unpaid,
            money_version: 0,
            held_minor: 0,
            terms: None,
            shown_fee_minor: None,
        }
    }

    pub fn id(&self) -> OrderId {
        OrderId(Uuid::from_u128(500 + self.n as u128))
    }

    pub fn customer(&self) -> UserId {
        UserId(Uuid::from_u128(1 + self.n as u128))
    }

    /// Odd, so that every fee is rounded.
    pub fn price_minor(&self) -> i64 {
        20_001 + 998 * i64::try_from(self.n).unwrap_or(0)
    }

    pub fn heard(&self, bug: Option<MoneyBug>) -> HeardOrder {
        HeardOrder {
            id: self.id(),
            version: self.version,
            status: self.status,
            customer_id: self.customer(),
            provider_id: self.provider.map(provider_id),
            price_minor: self.price_minor(),
            currency: Currency::Cny,
            created_at: UnixMillis(0),
            terms: self.terms.filter(|_| bug != Some(MoneyBug::TermsLost)),
        }
    }

    fn question(&self, by: Role, now: i64) -> CancelQuestion {
        let bare = FeePolicy::of(&POLICIES, UnixMillis(0), UnixMillis(now), None);
        CancelQuestion {
            by,
            status: self.status,
            payment_status: self.payment_status,
            provider_id: self.provider.map(provider_id),
            price_minor: self.price_minor(),
            held_minor: self.held_minor,
            starts_at: Some(UnixMillis(30 * HOUR_MS)),
            at: UnixMillis(now),
            policy: bare,
        }
    }
}

impl MoneyWorld {
    /// One transaction of the order service: the change, the next version, the outbox row.
    fn change(&mut self, n: usize, turn: impl FnOnce(&mut ModelOrder)) {
        let row = &mut self.orders[n];
        turn(row);
        row.version += 1;
        self.order_outbox.push(row.clone());
    }

    fn act(&mut self, n: usize, action: Action, turn: impl FnOnce(&mut ModelOrder)) -> bool {
        let Some(after) = self.orders[n].status.after(action) else { return false };
        self.change(n, |row| {
            row.status = after;
            turn(row);
        });
        self.meet(action.as_str());
        true
    }

    pub fn accept(&mut self, n: usize, provider: u8) {
        self.act(n, Action::Accept, |row| row.provider = Some(provider % 3));
    }

    /// Held money stays with the order.
    pub fn withdraw(&mut self, n: usize) {
        self.act(n, Action::Withdraw, |row| row.provider = None);
    }

    /// Work starts only with the price in custody [HELD_FIRST].
    pub fn start(&mut self, n: usize, unpaid_too: bool) -> bool {
        let held = self.orders[n].payment_status == PaymentStatus::Held;
        if !held && !unpaid_too && self.bug != Some(MoneyBug::HeldFirst) {
            return false;
        }
        let started = self.act(n, Action::Start, |_| ());
        if started && !held && !unpaid_too {
            self.broken("work_starts_with_money_held", format!("order {n} started unpaid"));
        }
        started
    }

    pub fn complete(&mut self, n: usize) {
        self.act(n, Action::Complete, |_| ());
    }

    pub fn preview(&mut self, n: usize) {
        let preview = self.orders[n].question(Role::Customer, self.now).preview();
        self.orders[n].shown_fee_minor = Some(preview.fee_minor);
    }

    /// What nobody can overturn comes first: the decision, with its terms [DECIDE_FIRST]. The money follows by
    /// event.
    pub fn cancel(&mut self, n: usize, by: Role) {
        let row = &self.orders[n];
        if row.status.after(Action::Cancel).is_none() {
            return;
        }
        let shown = row.shown_fee_minor.filter(|_| by == Role::Customer);
        let lapse = self.bug.and_then(MoneyBug::lapse);
        let terms = match row.question(by, self.now).terms(shown, lapse) {
            Ok(terms) => terms,
            Err(changed) => {
                self.meet("terms_changed");
                self.orders[n].shown_fee_minor = Some(changed.0.fee_minor);
                return;
            }
        };
        if terms.fee_minor != shown.unwrap_or(0) {
            self.broken("fee_is_as_shown", format!("{} and not {shown:?}", terms.fee_minor));
        }
        if terms.fee_minor > 0 {
            self.meet("cancel at a fee");
        }
        if self.bug == Some(MoneyBug::DecideFirst) {
            // The refund goes out first; the status follows in a step of its own.
            let mut early = self.orders[n].heard(None);
            early.version += 1;
            early.status = OrderStatus::Cancelled;
            early.terms = Some(terms);
            self.orders[n].terms = Some(terms);
            let _refused = self.money_step(n, &MoneyStep::OrderHeard(early));
            return;
        }
        self.act(n, Action::Cancel, |row| row.terms = Some(terms));
    }

    /// The second step of a cancel whose refund came first.
    pub fn finish_cancels(&mut self) {
        for n in 0..self.orders.len() {
            if self.orders[n].terms.is_some() {
                self.act(n, Action::Cancel, |_| ());
            }
        }
    }

    /// The payment service's word, newer than the last [MONEY_VERSION].
    pub fn hear_money(&mut self, n: usize, event: &MoneyEvent) {
        let known = self.orders[n].money_version;
        if event.money_version <= known && self.bug != Some(MoneyBug::MoneyVersion) {
            self.meet("old word about money");
            return;
        }
        let MoneyEvent { status, money_version, held_minor, .. } = *event;
        if money_version < known {
            self.broken("versions_rise", format!("money of order {n} fell to {money_version}"));
        }
        self.take_money(n, status, money_version, held_minor);
    }

    pub fn take_money(&mut self, n: usize, status: PaymentStatus, version: u64, held_minor: i64) {
        self.change(n, |row| {
            (row.payment_status, row.money_version, row.held_minor) = (status, version, held_minor);
        });
    }

    pub fn edge_logs(&mut self, n: usize, action: Action) {
        let view = &mut self.edge_views[n];
        let (Some(provider), Some(after)) = (view.provider, view.status.after(action)) else {
            return;
        };
        view.status = after;
        self.edge_log.push(LateOp { order: n, provider, action });
    }

    /// The edge's log is decided in its order, as far as it can be.
    pub fn edge_syncs(&mut self, payments_away: bool) {
        while let Some(&op) = self.edge_log.first() {
            if !self.decide_op(op, payments_away) {
                self.meet("parked start");
                return;
            }
            self.edge_log.remove(0);
        }
        for (view, row) in self.edge_views.iter_mut().zip(&self.orders) {
            *view = EdgeView { status: row.status, provider: row.provider };
        }
    }

    /// Returns false where the op has to wait.
    fn decide_op(&mut self, op: LateOp, payments_away: bool) -> bool {
        let LateOp { order: n, provider, action } = op;
        let row = &self.orders[n];
        let is_his = row.provider == Some(provider);
        if is_his && action == Action::Start && row.status == OrderStatus::Accepted {
            return self.edge_start(n, payments_away);
        }
        if is_his && row.status.after(action).is_some() {
            self.complete(n);
        } else if action == Action::Complete
            && !(is_his && row.status.has_provider() && row.status != OrderStatus::Accepted)
        {
            // Somebody did the work, and it counts for nothing.
            self.in_vain.insert((n, provider));
            self.meet("worked in vain");
            // [VAIN_CASE]
            if self.bug != Some(MoneyBug::VainCase) {
                self.vain_cases.insert((n, provider));
            }
        }
        true
    }

    /// Before it is refused for funds, the payment service is asked [ASK_BEFORE_REFUSING].
    fn edge_start(&mut self, n: usize, payments_away: bool) -> bool {
        let held = self.orders[n].payment_status == PaymentStatus::Held;
        if !held && !self.plan.unpaid_start && self.bug != Some(MoneyBug::AskBeforeRefusing) {
            if payments_away {
                return false;
            }
            self.ask_for_funds(n);
        }
        let started = self.start(n, self.plan.unpaid_start);
        let shown = self.money.rows.get(&n).map(|rows| rows.due.payment_status);
        if !started && shown == Some(PaymentStatus::Held) {
            let says = format!("the start of order {n} was refused though its price is held");
            self.broken("no_start_is_refused_though_held", says);
        }
        true
    }

    fn ask_for_funds(&mut self, n: usize) {
        let Some((_, open)) = self.money.rows.get(&n).map(custody::OrderMoney::start_backing)
        else {
            return;
        };
        if let Some(payment) = open {
            self.query(payment);
        }
        self.meet("asked before a refusal");
        self.pull_money(n);
    }
}
