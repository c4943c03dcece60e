//! Queries on a long feed read little more than they return, even with stale table statistics.

use platform::{
    sql::{Statement, Val},
    vals,
};

use super::{
    super::{
        alarms::{ENDED_CUT_OFFS, OLD, OLD_PARTS, OPEN, OPEN_CUT_OFFS, OPEN_PARTS},
        edge_acks::CHANGES_OF_ORDER,
        feed::{
            NEWEST, ORDER,
            reads::{CHUNK, NAMED, RANGE},
        },
        maintenance::{SUPERSEDED, TOMBSTONES},
    },
    *,
};

/// Two versions of each order.
const ROWS: u64 = 20_000;
const FILL: &str = "INSERT INTO feed \
    (region, feed_seq, kind, entity, version, digest, region_digest, at, bytes) \
    SELECT ?, seq, ?, UNHEX(MD5(seq % 10000)), seq, UNHEX(MD5(seq)), '', 1, '' FROM seq_1_to_20000";
const LIMIT: usize = 100;

/// Keeps the statistics of an empty table.
async fn database_with_a_long_feed() -> Database {
    let store = database(true).await;
    let old = "ALTER TABLE feed STATS_PERSISTENT = 1, STATS_AUTO_RECALC = 0";
    store.sql.exec(old, vals![]).await.unwrap();
    store.sql.exec("ANALYZE TABLE feed", vals![]).await.unwrap();
    store
        .sql
        .exec(FILL, vals![Region::North, ORDER])
        .await
        .unwrap();
    store
}

/// Extracts the server's count of read rows. Its JSON contains raw bound bytes, so no JSON parser
/// accepts it.
fn rows_read(plan: &str) -> f64 {
    let number = |line: &str, name: &str| {
        let rest = line.trim().strip_prefix(name)?.trim_end_matches(',');
        rest.parse::<f64>().ok()
    };
    let mut times = 1.0;
    let mut rows = 0.0;
    for line in plan.lines() {
        times = number(line, "\"r_loops\": ").unwrap_or(times);
        rows += number(line, "\"r_rows\": ").unwrap_or(0.0) * times;
    }
    rows
}

#[tokio::test]
async fn a_long_feed_is_read_by_its_index_even_where_statistics_are_old() {
    let store = database_with_a_long_feed().await;
    let north = Region::North;
    let named = "SELECT entity FROM feed WHERE region = ? AND feed_seq <= ?";
    let orders: Vec<Uuid> = store
        .sql
        .fetch_all(named, vals![north, LIMIT])
        .await
        .unwrap();
    let mut names = vals![north, ORDER];
    names.extend(orders.iter().map(|id| Val::from(*id)));
    let mut changes_of_order = vals![ORDER, orders[0]];
    changes_of_order.extend(Region::ALL.iter().map(Val::from));
    changes_of_order.extend(vals![LIMIT]);
    let run = |text| Statement::new("ANALYZE FORMAT=JSON ").append_text(text);
    let questions = [
        (
            "range",
            run(RANGE),
            vals![north, ORDER, Uuid::nil(), Uuid::max(), LIMIT],
        ),
        (
            "named",
            run(NAMED).append_marks(orders.len()).append_text(")"),
            names,
        ),
        (
            "chunk",
            run(CHUNK),
            vals![north, ORDER, Uuid::nil(), ROWS, ROWS, LIMIT],
        ),
        (
            "superseded",
            run(SUPERSEDED),
            vals![north, ROWS, ROWS, LIMIT],
        ),
        ("newest", run(NEWEST), vals![north, ORDER, orders[0]]),
        (
            "of an order",
            run(CHANGES_OF_ORDER)
                .append_marks(Region::ALL.len())
                .append_text(") ORDER BY version DESC, at DESC LIMIT ?"),
            changes_of_order,
        ),
    ];
    for (name, question, values) in questions {
        let plan: String = store
            .sql
            .fetch_optional(question, values)
            .await
            .unwrap()
            .unwrap();
        let rows = rows_read(&plan);
        assert!(
            (1.0..=8.0 * LIMIT as f64).contains(&rows),
            "{name} reads {rows} rows: {plan}"
        );
    }

    // No order has left, so the query visits every row, but each row and its versions only once.
    let values = vals![north, ORDER, ROWS, LIMIT];
    let plan: String = store
        .sql
        .fetch_optional(run(TOMBSTONES), values)
        .await
        .unwrap()
        .unwrap();
    let rows = rows_read(&plan);
    assert!(
        (1.0..=4.0 * ROWS as f64).contains(&rows),
        "tombstones reads {rows} rows: {plan}"
    );
}

const FILL_ALARMS: &str = "INSERT INTO alarms \
    (id, open_key, kind, region, edge, since, seen_at, told_at, ended_at) \
    SELECT UNHEX(MD5(seq)), NULL, 'link_down', 'NORTH', 'north-1', seq, seq, seq, seq \
    FROM seq_1_to_20000";

const FILL_PART_ALARMS: &str = "INSERT INTO part_alarms \
    (id, open_key, kind, part, since, seen_at, told_at, ended_at) \
    SELECT UNHEX(MD5(seq)), NULL, 'dead_letters', 'payment', seq, seq, seq, seq \
    FROM seq_1_to_20000";

#[tokio::test]
async fn ended_alarms_cost_a_look_nothing_and_a_trend_only_its_days() {
    let store = database(true).await;
    for statement in [
        FILL_ALARMS,
        FILL_PART_ALARMS,
        "ANALYZE TABLE alarms",
        "ANALYZE TABLE part_alarms",
    ] {
        store.sql.exec(statement, vals![]).await.unwrap();
    }
    let run = |text| Statement::new("ANALYZE FORMAT=JSON ").append_text(text);
    let down = "link_down";
    for (name, question, values) in [
        ("open", run(OPEN), vals![LIMIT]),
        ("old", run(OLD), vals![50, LIMIT]),
        ("open of parts", run(OPEN_PARTS), vals![LIMIT]),
        ("old of parts", run(OLD_PARTS), vals![50, LIMIT]),
        ("open cut-offs", run(OPEN_CUT_OFFS), vals![down, LIMIT]),
        (
            "cut-offs",
            run(ENDED_CUT_OFFS),
            vals![down, ROWS - 50, ROWS],
        ),
    ] {
        let plan: String = store
            .sql
            .fetch_optional(question, values)
            .await
            .unwrap()
            .unwrap();
        let rows = rows_read(&plan);
        assert!(rows <= LIMIT as f64, "{name} reads {rows} rows: {plan}");
    }
}
