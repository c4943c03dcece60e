//! Paging through lists.

use order::store::{ListPlace, Listing, OrderSort};
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
    let other = wire::Draft { location: wire::Region::South, ..draft() };
    stage.publish(stage.command_id(), customer(2), other).await;
    let status = Some(OrderStatus::Pending);
    let customer = Some(customer(1).user_id);
    for listing in [
        Listing { customer, ..Listing::default() },
        Listing { customer, status, ..Listing::default() },
        Listing { status, region: Some(wire::Region::North), ..Listing::default() },
    ] {
        let mut seen = Vec::new();
        let mut after: Option<ListPlace> = None;
        let newest = ListPlace::before_all(OrderSort::Newest);
        loop {
            let page: Page<ListPlace> = Page { limit: 4, after };
            let after_this = after.unwrap_or(newest);
            let rows = stage.store.list(&listing, page.rows(), after_this).await.unwrap();
            let place = |order: &Order| ListPlace::of(OrderSort::Newest, order);
            let list = page.of(rows, place);
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
    let code = stage.store.order(id).await.unwrap().unwrap().code;
    let listing = Listing { code: Some(code), ..Listing::default() };
    let found =
        stage.store.list(&listing, 5, ListPlace::before_all(OrderSort::Newest)).await.unwrap();
    assert_eq!(found.iter().map(|order| order.id).collect::<Vec<_>>(), [id]);
}
