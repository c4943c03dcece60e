//! A new edge loads its region's snapshot over a line that is cut repeatedly: a real hub on a real
//! database, a real edge on its file, and a wire between them.

use axum::Router;
use holdfast_edge::{path_in, read_report};
use platform::{
    sql::{Sql, Statement},
    transact,
    upstream::Upstream,
    vals,
};
use process::{metrics, telemetry::LogFormat};
use support::{Proxy, Wire, eventually, is_deep_run, samples};
use uuid::Uuid;
use wire::{ChecksumState, FeedChange, Hash, LinkState, Order, OrderCode, OrderId, Region};

use super::stage::{COUNTERS, Cloud, PATIENCE, database, edge, ground, people};

struct Image {
    orders: u64,
    cuts: u64,
}

impl Image {
    /// Each has as many orders for each cut.
    fn of_this_run() -> Self {
        let (orders, cuts) = if is_deep_run() {
            (200_000, 10)
        } else {
            (20_000, 1)
        };
        Self { orders, cuts }
    }
}

/// Writes a feed of many orders, as their events would.
async fn fill(sql: &Sql, orders: u64) -> Hash {
    const ROW: &str = "(?, ?, 'order', ?, 1, ?, ?, 0, ?)";
    const PART: u64 = 1_000;
    const ADD: &str = "UPDATE regions SET feed_seq = feed_seq + ? WHERE region = 'NORTH'";
    const END: &str = "SELECT feed_seq FROM regions WHERE region = 'NORTH'";
    // Reserve the numbers first: the hub may write a change meanwhile, such as its keys.
    let end = transact!(sql, tx => {
        tx.exec(ADD, vals![orders]).await?;
        let row: Option<u64> = tx.fetch_optional(END, vals![]).await?;
        Ok::<_, platform::sql::SqlError>(row)
    });
    let from = end.unwrap().unwrap() - orders;
    let mut digest = Hash::ZERO;
    for part in 0..orders / PART {
        let mut values = Vec::new();
        for n in part * PART + 1..=(part + 1) * PART {
            let order = order(n);
            let member = order.compute_digest();
            digest.toggle_member(member);
            let bytes = minicbor::to_vec(FeedChange::Order(order.clone())).unwrap();
            values.extend(vals![
                Region::North,
                from + n,
                order.id.0,
                member,
                digest,
                bytes
            ]);
        }
        transact!(sql, tx => {
            let text = Statement::new("INSERT INTO feed (region, feed_seq, kind, entity, \
                version, digest, region_digest, at, bytes) VALUES ");
            let rows = usize::try_from(PART).unwrap_or_default();
            tx.exec(text.append_repeated(ROW, ", ", rows), values.clone()).await?;
            Ok::<_, platform::sql::SqlError>(())
        })
        .unwrap();
    }
    const STAND: &str = "UPDATE regions SET feed_digest = ?, orders = ? WHERE region = 'NORTH'";
    sql.exec(STAND, vals![digest, orders]).await.unwrap();
    digest
}

fn order(n: u64) -> Order {
    // Spread like ids from different times.
    let id = OrderId(Uuid::from_u128(
        u128::from(n.reverse_bits()) << 64 | u128::from(n),
    ));
    Order {
        id,
        code: OrderCode::from_order_id(Region::North, id),
        title: format!("Fix the tap, number {n}"),
        description: "It drips, and has for a while.".into(),
        ..samples::order(0, 1)
    }
}

/// Counts across all edges of this process.
fn chunks(what: &str) -> u64 {
    let line = format!("holdfast_snapshot_chunks_total{{what=\"{what}\"}} ");
    let text = metrics::render_prometheus();
    let found = text
        .lines()
        .find_map(|text| text.strip_prefix(line.as_str()));
    found.map_or(0, |number| number.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_edge_takes_many_orders_as_an_image_and_cuts_send_two_percent_again() {
    let Image { orders, cuts } = Image::of_this_run();
    let _counters = COUNTERS.write().await;
    process::start("chaos", LogFormat::Pretty);
    let folder = tempfile::tempdir().unwrap();
    let people = people();
    let ground = ground(folder.path(), &people, &testing::service_key()).await;
    let url = database(folder.path(), "sync", false);
    let nobody = Upstream::from_router(Router::new());
    let cloud = Cloud::start((folder.path(), &url), people, ground, nobody).await;
    let digest = fill(&cloud.sql, orders).await;
    let proxy = Proxy::to(cloud.address.to_string()).await.unwrap();
    let data = folder.path().join("edge");
    let code = cloud.invite().await;
    let mut running = edge(&data, proxy.address(), &code).await;

    // The approximate number of chunks, at 64 orders each.
    let expected = orders / 64;
    for cut in 1..=cuts {
        let stored = cut * expected / (cuts + 2);
        eventually("some more chunks are stored", PATIENCE, async || {
            (chunks("stored") >= stored).then_some(())
        })
        .await;
        proxy.set(Wire::Cut);
        if cut == cuts.div_ceil(2) {
            running.stop().await;
            running = edge(&data, proxy.address(), "").await;
        }
        eventually("the hub has noticed", PATIENCE, async || {
            (cloud.north().await.edges[0].link == LinkState::Down).then_some(())
        })
        .await;
        let report = read_report(&path_in(&data)).unwrap();
        assert_eq!(
            (report.feed_cursor, report.orders),
            (0, 0),
            "the view is whole or not there"
        );
        proxy.set(Wire::Passes);
    }
    let taken = eventually("the edge has all of it", PATIENCE, async || {
        (cloud.north().await.edges[0].checksum == ChecksumState::Match).then_some(())
    });
    taken.await;
    running.stop().await;
    let report = read_report(&path_in(&data)).unwrap();
    assert_eq!(report.orders, orders);
    let sent = chunks("sent");
    let stored = chunks("stored");
    let again = sent - stored;
    println!("{stored} chunks, {again} of them sent again over {cuts} cuts; digest {digest}");
    assert!(stored >= expected, "an image, and not the feed");
    assert!(
        again * 100 <= stored * 2,
        "{again} of {stored} chunks were sent again"
    );
    proxy.stop().await;
    cloud.stop().await;
}
