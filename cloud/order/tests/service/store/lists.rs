//! Paging through lists.

use order::store::{OrderListCursor, OrderListQuery, OrderSort};
use process::problem::Page;
use rstest::rstest;
use wire::{Order, OrderStatus};

use crate::stage::*;

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_list_pages_through_every_order_once_newest_first(#[case] engine: Engine) {
    let stage = Stage::new(engine).await;
    let mut expected = Vec::new();
    for n in 0..11 {
        // Some share one millisecond.
        stage.clock.advance(n % 3);
        expected.insert(0, stage.pending().await);
    }
    let other = wire::Draft {
        location: wire::Region::South,
        ..draft()
    };
    stage.publish(stage.command_id(), customer(2), other).await;
    let status = Some(OrderStatus::Pending);
    let customer = Some(customer(1).user_id);
    for listing in [
        OrderListQuery {
            customer,
            ..OrderListQuery::default()
        },
        OrderListQuery {
            customer,
            status,
            ..OrderListQuery::default()
        },
        OrderListQuery {
            status,
            region: Some(wire::Region::North),
            ..OrderListQuery::default()
        },
    ] {
        let mut seen = Vec::new();
        let mut after: Option<OrderListCursor> = None;
        let newest = OrderListCursor::before_all(OrderSort::Newest);
        loop {
            let page: Page<OrderListCursor> = Page { limit: 4, after };
            let after_this = after.unwrap_or(newest);
            let rows = stage
                .store
                .list(&listing, page.rows_to_read(), after_this)
                .await
                .unwrap();
            let place = |order: &Order| OrderListCursor::from_order(OrderSort::Newest, order);
            let list = page.build_page(rows, place);
            seen.extend(list.items.iter().map(|order| order.id));
            // An order added meanwhile is newer than all remaining pages.
            after = list.next.map(|cursor| cursor.parse().unwrap());
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen, expected, "{listing:?}");
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn an_order_is_found_by_the_code_people_read_aloud(#[case] engine: Engine) {
    let stage = Stage::new(engine).await;
    let id = stage.pending().await;
    stage.pending().await;
    let code = stage.store.find_order(id).await.unwrap().unwrap().code;
    let listing = OrderListQuery {
        code: Some(code),
        ..OrderListQuery::default()
    };
    let found = stage
        .store
        .list(&listing, 5, OrderListCursor::before_all(OrderSort::Newest))
        .await
        .unwrap();
    assert_eq!(found.iter().map(|order| order.id).collect::<Vec<_>>(), [id]);
}
