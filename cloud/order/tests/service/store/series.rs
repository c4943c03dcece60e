//! A series is published whole, and its rows go with the texts of its orders.

use order::store::{Publication, SeriesPublication};
use rstest::rstest;
use rules::Recurrence;
use wire::{CommandBody, Draft, OpDecision, OrderId, OrderStatus, PlannedTime};

use crate::stage::*;

const HOUR_MS: i64 = 60 * 60 * 1_000;

impl Stage {
    fn weekly(&self, count: usize) -> SeriesPublication {
        let first = PlannedTime {
            service_start_time: NOW.plus_ms(HOUR_MS),
            service_end_time: Some(NOW.plus_ms(2 * HOUR_MS)),
        };
        let rule = format!("FREQ=WEEKLY;COUNT={count}");
        let recurrence = Recurrence::parse(&rule, "Asia/Shanghai").unwrap();
        let times = recurrence.list_occurrences(first).unwrap();
        SeriesPublication {
            publication: Publication {
                command_id: self.command_id(),
                actor: customer(1),
                draft: Draft {
                    service_start_time: Some(first.service_start_time),
                    service_end_time: first.service_end_time,
                    ..draft()
                },
                wants_start_code: false,
                trace: None,
            },
            recurrence,
            times,
        }
    }

    async fn published_series(&self, count: usize) -> Vec<OrderId> {
        let decision = self.store.publish_series(self.weekly(count)).await.unwrap();
        let OpDecision::Decided(outcome) = decision else {
            panic!("{decision:?}");
        };
        let series = self.store.find_series(outcome.order.unwrap().id).await;
        let series = series.unwrap().unwrap();
        let orders = self.store.list_series_orders(series.id).await.unwrap();
        orders.iter().map(|one| one.order.id).collect()
    }

    async fn series_rows(&self) -> (i64, i64) {
        let series = self.count("SELECT COUNT(*) FROM series").await;
        let orders = self.count("SELECT COUNT(*) FROM series_orders").await;
        (series, orders)
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn an_erased_order_leaves_its_series_and_the_rule_goes_with_the_last(#[case] engine: Engine) {
    let stage = Stage::new(engine).await;
    let orders = stage.published_series(2).await;
    let other = stage.published_series(2).await;
    let cancel = async |order_id| {
        let cancel = CommandBody::CancelOrder {
            order_id,
            reason: None,
            fee: None,
        };
        let cancelled = stage.decide(admin(), cancel).await;
        assert!(cancelled.has_succeeded(), "{cancelled:?}");
    };
    cancel(orders[0]).await;
    stage.delete_person(customer(1)).await;
    assert_eq!(stage.erase().await, 1);
    assert_eq!(stage.series_rows().await, (2, 3), "open orders keep theirs");
    assert_eq!(stage.store.find_series(orders[0]).await.unwrap(), None);
    let left = stage.store.list_series_places(&orders).await.unwrap();
    assert_eq!(left.len(), 1);
    let place = (left[0].order_id, left[0].number, left[0].occurrences);
    assert_eq!(place, (orders[1], 2, 2));

    for order_id in [orders[1], other[0]] {
        cancel(order_id).await;
    }
    stage.clock.advance(HOUR_MS);
    assert_eq!(stage.erase().await, 2);
    assert_eq!(stage.series_rows().await, (1, 1));
    let kept = stage.store.find_order(other[1]).await.unwrap().unwrap();
    assert_eq!(kept.status, OrderStatus::PendingReview);
    assert!(stage.store.find_series(other[1]).await.unwrap().is_some());
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_series_whose_rows_cannot_be_written_publishes_nothing(#[case] engine: Engine) {
    let stage = Stage::new(engine).await;
    let dropped = stage.sql.exec("DROP TABLE series_orders", Vec::new()).await;
    dropped.unwrap();
    let failed = stage.store.publish_series(stage.weekly(3)).await;
    assert!(failed.is_err(), "{failed:?}");
    for table in [
        "SELECT COUNT(*) FROM orders",
        "SELECT COUNT(*) FROM commands",
        "SELECT COUNT(*) FROM order_timeline",
        "SELECT COUNT(*) FROM series",
        "SELECT COUNT(*) FROM outbox",
    ] {
        assert_eq!(stage.count(table).await, 0, "{table}");
    }
}
