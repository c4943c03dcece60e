//! Replays an order's history from the start: the timeline and the events each lead to the row, and
//! every change appears in both.

use std::collections::BTreeSet;

use order::events::{PaymentEventConsumer, ReviewEventConsumer};
use platform::consume::EventHandler;
use rstest::rstest;
use wire::{
    Action, Actor, CommandBody, EventType, Order, OrderEvent, OrderId, OrderStatus, PaymentStatus,
    TimelineEntry, UserId,
};

use super::{money, reviews};
use crate::stage::*;

const ORDERS: u64 = 12;
/// More would end every order.
const ACTS: u64 = 400;

/// People, edges, payments and reviews act on orders at random; most of it is refused.
struct Bustle {
    stage: Stage,
    drawn: u64,
    money_version: u64,
}

impl Bustle {
    /// The same numbers in every run: splitmix64.
    fn below(&mut self, end: u64) -> u64 {
        self.drawn = self.drawn.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.drawn;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % end
    }

    fn body(&mut self, order_id: OrderId) -> (Actor, CommandBody) {
        let reason = Some("As we agreed.".to_owned());
        let provider = provider(1 + u128::from(self.below(2)));
        match self.below(12) {
            0..2 => (admin(), CommandBody::ApproveOrder { order_id }),
            2..4 => (provider, accept(order_id)),
            4..6 => (
                provider,
                CommandBody::StartOrder {
                    order_id,
                    start_code: None,
                    photos: Vec::new(),
                },
            ),
            6..8 => (
                provider,
                CommandBody::CompleteOrder {
                    order_id,
                    note: reason,
                    evidence: None,
                },
            ),
            8 => (
                provider,
                CommandBody::WithdrawAcceptance { order_id, reason },
            ),
            9 if self.below(3) == 0 => (
                admin(),
                CommandBody::WithdrawAcceptance { order_id, reason },
            ),
            10 if self.below(4) == 0 => (
                customer(1),
                CommandBody::CancelOrder {
                    order_id,
                    reason,
                    fee: None,
                },
            ),
            11 if self.below(8) == 0 => {
                let reason = "No such road.".to_owned();
                (admin(), CommandBody::RejectOrder { order_id, reason })
            }
            _ => (
                provider,
                CommandBody::StartOrder {
                    order_id,
                    start_code: None,
                    photos: Vec::new(),
                },
            ),
        }
    }

    async fn acts(&mut self, id: OrderId) {
        match self.below(10) {
            0..6 => {
                let (actor, body) = self.body(id);
                self.stage.decide(actor, body).await;
            }
            6 => {
                // Two acts of a provider at an edge.
                let mut log = Log::of(&format!("north-{}", self.below(1_000_000)));
                for _ in 0..2 {
                    let (actor, body) = self.body(id);
                    log = log.then(self.stage.command_id(), Some(actor), body);
                }
                self.stage.batch(log.batch()).await;
            }
            7..9 => {
                // Some versions are old.
                self.money_version += 1;
                let version = self.money_version.saturating_sub(self.below(3));
                let (kind, status) = match self.below(4) {
                    0..3 => (EventType::PaymentCompleted, PaymentStatus::Held),
                    _ => (EventType::RefundProcessed, PaymentStatus::PartiallyRefunded),
                };
                let word = money::word(&self.stage, id, kind, version, status);
                PaymentEventConsumer {
                    store: self.stage.store.clone(),
                }
                .handle(&word)
                .await
                .unwrap();
            }
            _ => {
                let order = self.stage.store.find_order(id).await.unwrap().unwrap();
                let word = reviews::word(&self.stage, &order);
                ReviewEventConsumer {
                    store: self.stage.store.clone(),
                }
                .handle(&word)
                .await
                .unwrap();
            }
        }
        self.stage.clock.advance(1);
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn replay_equals_state(#[case] engine: Engine) {
    let mut bustle = Bustle {
        stage: Stage::new(engine).await,
        drawn: 1,
        money_version: 0,
    };
    let mut orders = Vec::new();
    for _ in 0..ORDERS {
        let id = bustle.stage.command_id();
        orders.push(
            bustle
                .stage
                .publish(id, customer(1), draft())
                .await
                .order
                .unwrap()
                .id,
        );
    }
    for _ in 0..ACTS {
        let id = orders[usize::try_from(bustle.below(ORDERS)).unwrap()];
        bustle.acts(id).await;
    }
    let stage = &bustle.stage;
    let events = stage.events().await;
    let events = events
        .into_iter()
        .filter(|event| event.kind != EventType::RegionAssigned);
    let told: Vec<OrderEvent> = events
        .map(|event| serde_json::from_value(event.body).unwrap())
        .collect();
    let mut ends = BTreeSet::new();
    let mut changes = 0;
    for id in orders {
        let order = stage.store.find_order(id).await.unwrap().unwrap();
        let lines = stage.store.read_timeline(id).await.unwrap();
        assert_eq!(Replayed::of(&lines), Replayed::by_row(&order));
        let told: Vec<&OrderEvent> = told.iter().filter(|event| event.order.id == id).collect();
        is_told(&told, &order);
        let terms = stage
            .store
            .order_and_terms(id)
            .await
            .unwrap()
            .unwrap()
            .terms;
        assert_eq!(told.last().unwrap().terms, terms);
        ends.insert(order.status);
        changes += order.version;
    }
    assert!(
        ends.len() >= 4 && changes > 4 * ORDERS,
        "{changes} changes, to {ends:?}"
    );
}

/// The fields of an order that the timeline determines.
#[derive(Debug, PartialEq)]
struct Replayed {
    status: OrderStatus,
    provider: Option<UserId>,
    payment: PaymentStatus,
    version: u64,
}

impl Replayed {
    fn by_row(order: &Order) -> Self {
        Self {
            status: order.status,
            provider: order.provider_id,
            payment: order.payment_status,
            version: order.version,
        }
    }

    fn of(lines: &[TimelineEntry]) -> Self {
        let (first, rest) = lines.split_first().expect("it was published");
        assert_eq!((first.from, first.version, first.action), (None, 1, None));
        let payment = PaymentStatus::Unpaid;
        let begun = Self {
            status: first.to,
            provider: None,
            payment,
            version: 1,
        };
        rest.iter().fold(begun, Self::then)
    }

    fn then(self, line: &TimelineEntry) -> Self {
        let Self {
            status,
            mut provider,
            mut payment,
            version,
        } = self;
        assert_eq!(
            line.from,
            Some(status),
            "each line begins where the last ended: {line:?}"
        );
        if line.code.is_some() {
            assert_eq!(
                (line.to, line.version),
                (status, version),
                "it changed nothing: {line:?}"
            );
            return Self {
                status,
                provider,
                payment,
                version,
            };
        }
        assert_eq!(
            line.version,
            version + 1,
            "no version is without its line: {line:?}"
        );
        match line.action {
            Some(Action::Accept) => provider = Some(line.actor.user_id),
            Some(Action::Withdraw) => provider = None,
            _ => {}
        }
        payment = line.payment_status.unwrap_or(payment);
        Self {
            status: line.to,
            provider,
            payment,
            version: line.version,
        }
    }
}

/// Each version has one event, in order, and the last equals the row.
fn is_told(told: &[&OrderEvent], row: &Order) {
    let mut version = 0;
    for event in told {
        let is_new = event.order.version == version + 1;
        // A lost acceptance has an event about the unchanged order.
        assert!(
            is_new || event.code.is_some(),
            "{event:?} after version {version}"
        );
        version = event.order.version;
    }
    assert_eq!(told.last().map(|event| &event.order), Some(row));
}
