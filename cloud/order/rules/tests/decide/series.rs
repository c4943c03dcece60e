//! Series among other bookings: each occurrence is decided like any order, and none books its
//! provider twice.

use std::collections::BTreeMap;

use rules::{Booking, OrderRule, Recurrence, Submission};
use wire::{
    Actor, Code, CommandBody, Draft, OpDecision, Order, OrderStatus, OutcomeKind, PlannedTime,
    UnixMillis, is_open,
};

use crate::stage::*;

const HOUR_MS: i64 = 60 * 60 * 1_000;

const DAY_MS: i64 = 24 * HOUR_MS;

const CUSTOMERS: u128 = 3;

const OPEN_ORDERS_MAX: u32 = 30;

const BOOKINGS_A_SEASON: u64 = 100;

/// What a season leaves out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    /// A provider may have two jobs at a time.
    BookedOnce,
    /// Only the first occurrence of a series is decided.
    FirstOnly,
}

/// Some weeks in which customers publish single jobs and series, admins approve them, and providers
/// accept them at edges and at the portal, in batches and again.
struct Season {
    stage: Stage,
    draws: Draws,
    fault: Fault,
    /// The number that the newest order or command got.
    last: u128,
    orders: Vec<u128>,
    sent: Vec<Submission>,
    bookings: u64,
    /// Acceptances that the provider's other jobs refused.
    double: u64,
    series: u64,
}

impl Season {
    fn new(seed: u64, fault: Fault) -> Self {
        let mut stage = Stage::with([]);
        stage.disabled = (fault == Fault::BookedOnce).then_some(OrderRule::BookedOnce);
        stage.snapshot.open_orders_max = OPEN_ORDERS_MAX;
        Self {
            stage,
            draws: Draws(seed),
            fault,
            last: 0,
            orders: Vec::new(),
            sent: Vec::new(),
            bookings: 0,
            double: 0,
            series: 0,
        }
    }

    /// Reads what the store reads for a decision.
    fn read_snapshot(&mut self) {
        let snapshot = &mut self.stage.snapshot;
        snapshot.bookings.clear();
        snapshot.open_orders = (1..=CUSTOMERS).map(|n| (customer(n).user_id, 0)).collect();
        for state in snapshot.orders.values() {
            let order = &state.order;
            if is_open(order.status) {
                *snapshot.open_orders.entry(order.customer_id).or_default() += 1;
            }
            let provider = order.provider_at_work();
            if let (Some(provider), Some(booking)) = (provider, Booking::from_order(order)) {
                snapshot.bookings.entry(provider).or_default().push(booking);
            }
        }
    }

    fn draw_first(&mut self) -> PlannedTime {
        let day = i64::try_from(self.draws.below(3)).unwrap();
        let hour = i64::try_from(self.draws.below(4)).unwrap();
        let hours = 1 + i64::try_from(self.draws.below(3)).unwrap();
        let start = NOW.plus_ms(day * DAY_MS + hour * HOUR_MS);
        PlannedTime {
            service_start_time: start,
            service_end_time: Some(start.plus_ms(hours * HOUR_MS)),
        }
    }

    /// The times of a single job, or of one that repeats over a change of the clocks.
    fn draw_times(&mut self) -> Vec<PlannedTime> {
        let first = self.draw_first();
        let rule = match self.draws.below(5) {
            0 => format!("FREQ=DAILY;COUNT={}", 2 + self.draws.below(25)),
            1 => format!("FREQ=WEEKLY;COUNT={}", 2 + self.draws.below(25)),
            2 => format!("FREQ=WEEKLY;INTERVAL=2;COUNT={}", 2 + self.draws.below(12)),
            3 => format!("FREQ=MONTHLY;COUNT={}", 2 + self.draws.below(5)),
            _ => return vec![first],
        };
        let zone = self
            .draws
            .pick(&["Asia/Shanghai", "Europe/Berlin", "America/Santiago"]);
        let recurrence = Recurrence::parse(&rule, zone).unwrap();
        recurrence
            .list_occurrences(first)
            .unwrap_or_else(|refusal| panic!("{rule} {zone}: {refusal:?}"))
    }

    fn publish(&mut self) {
        let who = customer(1 + u128::from(self.draws.below(3)));
        let times = self.draw_times();
        let first = self.last + 1;
        let numbers: Vec<u128> = (first..).take(times.len()).collect();
        self.last += numbers.len() as u128;
        let submissions: Vec<Submission> = numbers
            .iter()
            .zip(&times)
            .map(|(n, planned)| portal(*n, who, publish_at(*n, *planned)))
            .collect();
        self.read_snapshot();
        let decided = match self.fault {
            Fault::FirstOnly => &submissions[..1],
            Fault::None | Fault::BookedOnce => &submissions,
        };
        // As the store: all count, or none.
        let writes = rules::decide_submissions(&self.stage.snapshot, decided);
        if !writes.answers.iter().all(is_applied) {
            let mut refusals = writes.answers.iter().filter(|answer| !is_applied(answer));
            assert!(refusals.all(|answer| is_refused_as(answer, Code::TooManyOpenOrders)));
            return;
        }
        self.stage.decide(decided);
        for (n, planned) in numbers.iter().zip(&times).skip(decided.len()) {
            let mut state = order(*n, OrderStatus::PendingReview);
            state.order.customer_id = who.user_id;
            state.order.service_start_time = Some(planned.service_start_time);
            state.order.service_end_time = planned.service_end_time;
            self.stage.snapshot.orders.insert(order_id(*n), state);
        }
        self.series += u64::from(times.len() > 1);
        self.orders.extend(&numbers);
        if self.draws.below(4) > 0 {
            self.approve_all(&numbers);
        }
    }

    fn approve_all(&mut self, numbers: &[u128]) {
        let mut batch = Vec::new();
        for n in numbers {
            self.last += 1;
            batch.push(portal(self.last, admin(), approve(*n)));
        }
        self.read_snapshot();
        self.stage.decide(&batch);
    }

    fn draw_act(&mut self) -> Submission {
        let n = self.draws.pick(&self.orders);
        let who = provider(1 + u128::from(self.draws.below(3)));
        self.last += 1;
        let id = self.last;
        let seq = u64::try_from(id).unwrap();
        match self.draws.below(16) {
            0 if !self.sent.is_empty() => {
                let at = self.draws.below(self.sent.len() as u64);
                self.sent[usize::try_from(at).unwrap()].clone()
            }
            0..=2 => portal(id, admin(), approve(n)),
            3 => portal(id, self.customer_of(n), cancel(n)),
            4 => logged(seq, id, Some(who), withdraw(n)),
            5 => logged(seq, id, Some(who), complete(n)),
            6..=9 => {
                self.bookings += 1;
                portal(id, who, accept(self.draw_open()))
            }
            _ => {
                self.bookings += 1;
                logged(seq, id, Some(who), accept(self.draw_open()))
            }
        }
    }

    /// Mostly an order that no provider has.
    fn draw_open(&mut self) -> u128 {
        let is_open = |n: &&u128| self.stage.order(**n).status == OrderStatus::Pending;
        let open: Vec<u128> = self.orders.iter().filter(is_open).copied().collect();
        match open.is_empty() || self.draws.below(4) == 0 {
            true => self.draws.pick(&self.orders),
            false => self.draws.pick(&open),
        }
    }

    fn customer_of(&self, n: u128) -> Actor {
        let customer_id = self.stage.order(n).customer_id;
        let mut people = (1..=CUSTOMERS).map(customer);
        people.find(|one| one.user_id == customer_id).unwrap()
    }

    /// A series is accepted occurrence by occurrence, which reaches the cloud as one batch.
    fn draw_batch(&mut self) -> Vec<Submission> {
        let mut batch: Vec<Submission> =
            (0..=self.draws.below(6)).map(|_| self.draw_act()).collect();
        if self.draws.below(4) == 0 {
            let who = provider(1 + u128::from(self.draws.below(3)));
            let from = usize::try_from(self.draws.below(self.orders.len() as u64)).unwrap();
            let numbers: Vec<u128> = self.orders[from..].iter().take(8).copied().collect();
            for n in numbers {
                self.last += 1;
                self.bookings += 1;
                let seq = u64::try_from(self.last).unwrap();
                batch.push(portal(self.last, admin(), approve(n)));
                self.last += 1;
                batch.push(logged(seq, self.last, Some(who), accept(n)));
            }
        }
        batch
    }

    /// Returns what is wrong after it, if anything is.
    fn live(&mut self) -> Option<String> {
        while self.bookings < BOOKINGS_A_SEASON {
            if self.orders.is_empty() || self.draws.below(6) == 0 {
                self.publish();
            } else {
                let batch = self.draw_batch();
                self.read_snapshot();
                let writes = self.stage.decide(&batch);
                let double = writes
                    .answers
                    .iter()
                    .filter(|answer| is_refused_as(answer, Code::DoubleBooked));
                self.double += double.count() as u64;
                self.sent.extend(batch);
            }
            let wrong = self.find_double_booking().or_else(|| self.find_unchecked());
            if wrong.is_some() {
                return wrong;
            }
        }
        None
    }

    /// Compares each two jobs of each provider, by the orders' own times.
    fn find_double_booking(&self) -> Option<String> {
        let mut jobs: BTreeMap<_, Vec<&Order>> = BTreeMap::new();
        for state in self.stage.snapshot.orders.values() {
            if let Some(provider) = state.order.provider_at_work() {
                jobs.entry(provider).or_default().push(&state.order);
            }
        }
        for own in jobs.values_mut() {
            own.sort_by_key(|order| order.service_start_time);
            let mut pairs = own.iter().zip(own.iter().skip(1));
            let found = pairs.find(|(one, next)| next.service_start_time < one.service_end_time);
            if let Some((one, next)) = found {
                return Some(format!("{} and {} at once", one.id, next.id));
            }
        }
        None
    }

    /// Each published order has its own decision, and no customer has too many open ones.
    fn find_unchecked(&self) -> Option<String> {
        let answers = self.stage.snapshot.answers.values();
        let published = answers.filter(|answer| answer.applied && answer.order_version == Some(1));
        let publishers: BTreeMap<_, _> = published
            .map(|answer| (answer.order_id, answer.user_id))
            .collect();
        let mut open: BTreeMap<_, u32> = BTreeMap::new();
        for state in self.stage.snapshot.orders.values() {
            let order = &state.order;
            if publishers.get(&order.id) != Some(&Some(order.customer_id)) {
                return Some(format!("{} was not decided", order.id));
            }
            *open.entry(order.customer_id).or_default() += u32::from(is_open(order.status));
        }
        let too_many = open.into_iter().find(|(_, count)| *count > OPEN_ORDERS_MAX);
        too_many.map(|(customer, count)| format!("{customer} has {count} open orders"))
    }
}

fn publish_at(n: u128, planned: PlannedTime) -> CommandBody {
    CommandBody::PublishOrder {
        order_id: order_id(n),
        order: Draft {
            service_start_time: Some(planned.service_start_time),
            service_end_time: planned.service_end_time,
            ..draft()
        },
    }
}

fn is_applied(answer: &OpDecision) -> bool {
    matches!(answer, OpDecision::Decided(outcome) if outcome.kind == OutcomeKind::Applied)
}

fn is_refused_as(answer: &OpDecision, code: Code) -> bool {
    matches!(answer, OpDecision::Decided(outcome) if outcome.code == Some(code))
}

#[test]
fn a_hundred_thousand_bookings_of_series_book_no_provider_twice_and_each_occurrence_is_checked() {
    let wanted = 100_000;
    let mut seed = 1;
    let (mut bookings, mut double, mut series) = (0, 0, 0);
    while bookings < wanted {
        let mut season = Season::new(seed, Fault::None);
        let wrong = season.live();
        assert_eq!(wrong, None, "seed {seed}");
        bookings += season.bookings;
        double += season.double;
        series += season.series;
        seed += 1;
    }
    assert!(series >= bookings / 50, "{series} series");
    assert!(double >= bookings / 50, "{double} double bookings tried");
}

#[test]
fn a_season_shows_a_double_booking_and_an_unchecked_occurrence() {
    for (fault, expected) in [
        (Fault::BookedOnce, "at once"),
        (Fault::FirstOnly, "was not decided"),
    ] {
        let mut seasons = (1..=10).map(|seed| Season::new(seed, fault));
        let wrong = seasons.find_map(|mut season| season.live()).unwrap();
        assert!(wrong.contains(expected), "{fault:?}: {wrong}");
    }
}

/// The rules, and not only the store, count each occurrence.
#[test]
fn a_series_over_the_bound_of_open_orders_is_refused_at_its_first_order_too_many() {
    let start = NOW.plus_ms(HOUR_MS);
    let first = PlannedTime {
        service_start_time: start,
        service_end_time: Some(start.plus_ms(HOUR_MS)),
    };
    let weekly = Recurrence::parse("FREQ=WEEKLY;COUNT=5", "Asia/Shanghai").unwrap();
    let times = weekly.list_occurrences(first).unwrap();
    let who = customer(1);
    let mut submissions = Vec::new();
    for (n, planned) in (1..).zip(&times) {
        submissions.push(portal(n, who, publish_at(n, *planned)));
    }
    let mut stage = Stage::with([]);
    stage.snapshot.open_orders_max = 3;
    stage.snapshot.open_orders = BTreeMap::from([(who.user_id, 0)]);
    let over = Some(Code::TooManyOpenOrders);
    let expected = [None, None, None, over, over];
    assert_eq!(codes(&mut stage, &submissions), expected);
    let last = UnixMillis(times[4].service_start_time.0);
    assert_eq!(last.ms_since(start), 28 * DAY_MS);
}
