//! List filters, and paging while orders come, go and change.

use std::sync::atomic::{AtomicUsize, Ordering};

use rstest::rstest;
use serde_json::Value;
use wire::{Actor, Amount, CommandBody, Draft, OrderId, Region, ServiceType};

use super::service::*;
use crate::stage::*;

async fn open(service: &Service, draft: Draft) -> OrderId {
    let stage = &service.stage;
    stage.clock.advance(1_000);
    let published = stage.publish(stage.command_id(), customer(1), draft).await;
    let order_id = published.order.unwrap().id;
    assert!(
        stage
            .decide(admin(), CommandBody::ApproveOrder { order_id })
            .await
            .has_succeeded()
    );
    order_id
}

fn job(title: &str, work: ServiceType, minor: i64, region: Region) -> Draft {
    Draft::new(
        title,
        work,
        Amount::from_minor(minor).unwrap(),
        region,
        "1 Lake Road",
    )
}

async fn read_creation_time(service: &Service, id: OrderId) -> String {
    let order = service
        .get(customer(1), &format!("/api/v1/orders/{id}"))
        .await;
    order.body["created_at"].as_str().unwrap().to_owned()
}

/// Another customer's list is empty. A provider's list of open orders is the customer's, except by
/// the address, which is hidden from providers, and by status.
async fn assert_other_readers_list(service: &Service, query: &str, expected: &[OrderId]) {
    let list = service
        .get(customer(2), &format!("/api/v1/orders?{query}"))
        .await;
    assert_eq!(list.ids(), [], "another's: {query}");
    if !query.contains("lake") {
        let query = query.replace("status=accepted", "text=ocean");
        let list = format!("/api/v1/orders/available?{query}");
        assert_eq!(
            service.get(provider(2), &list).await.ids(),
            expected,
            "open: {query}"
        );
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn each_filter_leaves_the_orders_that_fit_it(#[case] engine: Engine) {
    use ServiceType::{CleaningRepair, ItTechnology};
    let service = Service::new(engine).await;
    let began = service.stage.clock.now();
    let tap = open(
        &service,
        job("修理水龙头", CleaningRepair, 20_000, Region::North),
    )
    .await;
    let lamp = open(
        &service,
        job("Hang a lamp", CleaningRepair, 5_000, Region::South),
    )
    .await;
    let disk = open(
        &service,
        job("Save a DISK", ItTechnology, 90_000, Region::North),
    )
    .await;
    let middle = read_creation_time(&service, lamp).await;
    let all = [disk, lamp, tap];
    let own = [
        ("", all.to_vec()),
        ("service_type=cleaning_repair", vec![lamp, tap]),
        ("service_type=cleaning_repair&region=NORTH", vec![tap]),
        ("region=NORTH", vec![disk, tap]),
        ("price_min=50.00", all.to_vec()),
        ("price_min=50.01", vec![disk, tap]),
        ("price_max=200.00", vec![lamp, tap]),
        ("price_min=50.01&price_max=899.99", vec![tap]),
        (&format!("from={middle}"), vec![disk, lamp]),
        (&format!("until={middle}"), vec![tap]),
        (&format!("from={began}&until={middle}"), vec![tap]),
        ("text=disk", vec![disk]),
        ("text=%E6%B0%B4%E9%BE%99%E5%A4%B4", vec![tap]),
        ("text=lake+hang", vec![lamp]),
        ("text=ocean", vec![]),
        ("text=+", all.to_vec()),
        ("status=accepted", vec![]),
        ("status=pending&text=lamp", vec![lamp]),
    ];
    for (query, expected) in own {
        let list = service
            .get(customer(1), &format!("/api/v1/orders?{query}"))
            .await;
        assert_eq!(list.ids(), expected, "{query}");
        assert_eq!(list.body["next"], Value::Null, "{query}");
        assert_other_readers_list(&service, query, &expected).await;
    }
    service.act(provider(1), tap, "accept").await;
    for (query, expected) in [
        (format!("customer_id={}", customer(1).user_id), all.to_vec()),
        (format!("customer_id={}", customer(2).user_id), vec![]),
        (format!("provider_id={}", provider(1).user_id), vec![tap]),
        (
            format!("provider_id={}&region=SOUTH", provider(1).user_id),
            vec![],
        ),
        ("status=accepted&text=lake".into(), vec![tap]),
    ] {
        let list = service
            .get(admin(), &format!("/api/v1/admin/orders?{query}"))
            .await;
        assert_eq!(list.ids(), expected, "{query}");
    }
    let own = service
        .get(
            provider(1),
            "/api/v1/orders?status=accepted&service_type=other",
        )
        .await;
    assert_eq!(own.ids(), []);
}

/// Five orders of different prices; three have a start time.
async fn publish_taps(service: &Service) -> Vec<OrderId> {
    let mut all = Vec::new();
    for (minor, hours) in [
        (5_000, Some(30)),
        (20_000, None),
        (5_000, Some(20)),
        (100, None),
        (90_000, Some(10)),
    ] {
        let now = service.stage.clock.now();
        let draft = Draft {
            service_start_time: hours.map(|hours: i64| now.plus_ms(hours * 3_600_000)),
            ..job(
                "Fix a tap",
                ServiceType::CleaningRepair,
                minor,
                Region::North,
            )
        };
        all.push(open(service, draft).await);
    }
    all
}

/// `sort` is empty or the sort parameter with its `&`. Admins cannot sort by start time.
async fn assert_each_list_is_sorted(service: &Service, sort: &str, expected: &[OrderId]) {
    for (reader, list) in [
        (customer(1), "/api/v1/orders?limit=2"),
        (provider(2), "/api/v1/orders/available?limit=2"),
        (
            provider(2),
            "/api/v1/orders/available?limit=2&region=NORTH&text=tap",
        ),
        (admin(), "/api/v1/admin/orders?limit=2"),
        (
            admin(),
            "/api/v1/admin/orders?limit=2&status=pending&from=2020-01-01T00:00:00Z",
        ),
    ] {
        let path = format!("{list}{sort}");
        if path.contains("admin") && sort.ends_with("start") {
            let refused = service.get(reader, &path).await;
            refused.refused(422, "invalid_input");
            assert_eq!(refused.fields(), ["sort"]);
            continue;
        }
        let (seen, count) = pages(service, reader, &path, async || ()).await;
        assert_eq!((seen.as_slice(), count), (expected, 3), "{path}");
    }
}

async fn assert_cursor_belongs_to_its_sort(service: &Service) {
    let first = service
        .get(customer(1), "/api/v1/orders?limit=2&sort=price_low")
        .await;
    let next = first.body["next"].as_str().unwrap();
    for sort in ["", "&sort=price_high"] {
        let other = format!("/api/v1/orders?limit=2&cursor={next}{sort}");
        let refused = service.get(customer(1), &other).await;
        refused.refused(422, "invalid_input");
        assert_eq!(
            refused.fields(),
            ["cursor"],
            "it is a place of another list"
        );
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_list_comes_in_the_order_that_was_asked_for(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let all = publish_taps(&service).await;
    let of = |places: [usize; 5]| places.map(|place| all[place]).to_vec();
    // Equal prices and missing times sort by id, which follows publication time.
    let sorts = [
        ("", of([4, 3, 2, 1, 0])),
        ("newest", of([4, 3, 2, 1, 0])),
        ("oldest", of([0, 1, 2, 3, 4])),
        ("price_high", of([4, 1, 2, 0, 3])),
        ("price_low", of([3, 0, 2, 1, 4])),
        ("start", of([4, 2, 0, 1, 3])),
    ];
    for (sort, expected) in &sorts {
        let sort = if sort.is_empty() {
            String::new()
        } else {
            format!("&sort={sort}")
        };
        assert_each_list_is_sorted(&service, &sort, expected).await;
    }
    let middle = read_creation_time(&service, all[2]).await;
    for (query, expected) in [
        (
            format!("sort=oldest&from={middle}"),
            vec![all[2], all[3], all[4]],
        ),
        (format!("sort=oldest&until={middle}"), vec![all[0], all[1]]),
        (
            format!("sort=price_low&until={middle}"),
            vec![all[0], all[1]],
        ),
        (
            "sort=price_high&price_max=50.00".into(),
            vec![all[2], all[0], all[3]],
        ),
    ] {
        let path = format!("/api/v1/orders?limit=1&{query}");
        assert_eq!(
            pages(&service, customer(1), &path, async || ()).await.0,
            expected,
            "{query}"
        );
    }
    assert_cursor_belongs_to_its_sort(&service).await;
}

#[tokio::test]
async fn a_filter_that_says_nothing_is_refused_by_name() {
    let service = Service::new(Engine::Sqlite).await;
    let long = format!("text={}", "x".repeat(101));
    for (query, field) in [
        ("price_min=2&price_max=1.99", "price_max"),
        ("price_min=1.234", "price_min"),
        (
            "from=2026-01-02T00:00:00Z&until=2026-01-02T00:00:00Z",
            "until",
        ),
        ("from=yesterday", "from"),
        ("service_type=magic", "service_type"),
        ("region=MARS", "region"),
        ("sort=dearest", "sort"),
        (long.as_str(), "text"),
    ] {
        for (reader, list) in [
            (customer(1), "/api/v1/orders"),
            (provider(1), "/api/v1/orders/available"),
            (admin(), "/api/v1/admin/orders"),
            // An admin has no orders, but a bad filter is refused anyway.
            (admin(), "/api/v1/orders"),
            (admin(), "/api/v1/orders/export.csv"),
        ] {
            if field == "sort" && list.ends_with("csv") {
                // An export is always newest first.
                continue;
            }
            let refused = service.get(reader, &format!("{list}?{query}")).await;
            refused.refused(422, "invalid_input");
            assert_eq!(refused.fields(), [field], "{list}?{query}");
        }
    }
    let refused = service
        .get(admin(), "/api/v1/admin/orders?customer_id=me")
        .await;
    assert_eq!(refused.fields(), ["customer_id"]);
}

/// Providers must not be able to guess a masked number or an address they may not read.
#[tokio::test]
async fn a_search_finds_nothing_that_its_reader_may_not_see() {
    let service = Service::new(Engine::Sqlite).await;
    let draft = Draft {
        description: "Call 138 1234 5678.".into(),
        ..draft()
    };
    let id = open(&service, draft).await;
    for (text, is_shown) in [("138", false), ("lake", false), ("call", true)] {
        let path = format!("/api/v1/orders/available?text={text}");
        let found = service.get(provider(1), &path).await.ids();
        assert_eq!(found, if is_shown { vec![id] } else { vec![] }, "{text}");
        let path = format!("/api/v1/admin/orders?text={text}");
        assert_eq!(service.get(admin(), &path).await.ids(), [id], "{text}");
    }
}

#[tokio::test]
async fn a_search_ends_where_enough_was_looked_through_and_goes_on_from_there() {
    const OTHERS: &str = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500) \
        INSERT INTO orders (id, code, customer_id, title, description, service_type, price_minor, currency, \
        location, address, status, payment_status, version, created_at, updated_at, source) \
        SELECT randomblob(16), code, customer_id, 'Another', '', service_type, price_minor, currency, location, \
        '', status, payment_status, version, created_at + i, updated_at, source FROM orders, n";
    let service = Service::new(Engine::Sqlite).await;
    let oldest = open(
        &service,
        job("Hang a lamp", ServiceType::Other, 100, Region::Mid),
    )
    .await;
    service.stage.sql.exec(OTHERS, Vec::new()).await.unwrap();
    let first = service.get(admin(), "/api/v1/admin/orders?text=lamp").await;
    assert_eq!(first.ids(), [], "it is not among the newest 2,000");
    let next = first.body["next"].as_str().unwrap();
    let second = service
        .get(
            admin(),
            &format!("/api/v1/admin/orders?text=lamp&cursor={next}"),
        )
        .await;
    assert_eq!(
        (second.ids(), &second.body["next"]),
        (vec![oldest], &Value::Null)
    );
    let (all, pages) = pages(
        &service,
        admin(),
        "/api/v1/admin/orders?text=another&limit=100",
        async || (),
    )
    .await;
    assert_eq!((all.len(), pages), (2_500, 25));
}

/// All orders of a list, read page by page, and the page count. Runs `between` after each page.
async fn pages(
    service: &Service,
    reader: Actor,
    list: &str,
    between: impl AsyncFn(),
) -> (Vec<OrderId>, usize) {
    let mut all = Vec::new();
    let mut pages = 0;
    let mut cursor = String::new();
    loop {
        let page = service.get(reader, &format!("{list}{cursor}")).await;
        all.extend(page.ids());
        pages += 1;
        match page.body["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return (all, pages),
        }
        between().await;
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn pages_neither_skip_nor_repeat_while_orders_come_go_and_change(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let stage = &service.stage;
    let mut kept = Vec::new();
    let mut taken = Vec::new();
    for n in 0..60 {
        // Many share one millisecond.
        let id = stage.pending().await;
        if n % 3 == 0 {
            taken.push(id)
        } else {
            kept.push(id)
        }
        if n % 7 == 0 {
            stage.clock.advance(1);
        }
    }
    // One order arrives, two leave, and two that left return.
    let gone = AtomicUsize::new(0);
    let change = async || {
        stage.pending().await;
        let first = gone.fetch_add(2, Ordering::SeqCst);
        for (n, &order_id) in taken.iter().enumerate() {
            let turn = (n + taken.len() - first % taken.len()) % taken.len();
            let body = CommandBody::WithdrawAcceptance {
                order_id,
                reason: None,
            };
            match turn {
                0 | 1 => assert!(
                    stage
                        .decide(provider(1), accept(order_id))
                        .await
                        .has_succeeded()
                ),
                18 | 19 if first > 0 => {
                    assert!(stage.decide(provider(1), body).await.has_succeeded());
                }
                _ => {}
            }
        }
        stage.clock.advance(1);
    };
    for (reader, list) in [
        (customer(1), "/api/v1/orders?limit=7"),
        (customer(1), "/api/v1/orders?limit=7&text=lake"),
        (provider(2), "/api/v1/orders/available?limit=7&region=NORTH"),
        (
            admin(),
            "/api/v1/admin/orders?limit=7&status=pending&service_type=cleaning_repair",
        ),
        (provider(2), "/api/v1/orders/available?limit=7&sort=start"),
        (
            provider(2),
            "/api/v1/orders/available?limit=7&sort=price_low",
        ),
        (admin(), "/api/v1/admin/orders?limit=7&sort=price_high"),
        (customer(1), "/api/v1/orders?limit=7&sort=oldest"),
    ] {
        let (seen, count) = pages(&service, reader, list, &change).await;
        assert!(count > 7, "{list}: {count} pages");
        for id in &kept {
            let times = seen.iter().filter(|seen| *seen == id).count();
            assert_eq!(times, 1, "{list}");
        }
        let mut once = seen.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), seen.len(), "{list} repeats");
    }
}
