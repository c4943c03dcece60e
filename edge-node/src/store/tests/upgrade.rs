//! A file from an older version, with its rows, is migrated, read and used.

use rusqlite::{Connection, params};
use wire::{OutcomeKind, PaymentStatus};

use super::*;
use crate::store::{
    high_water::{self, HighWaterFile, HighWaterMark},
    opening,
    sql::{encode_cbor, to_sql_int},
};

/// The last migration before the tables and columns for people, codes, marks and customers.
const STEP: usize = 8;

const EDGE: &str = "INSERT INTO edge (one, name, region, epoch, start_hash, digest, orders, enrolled_at,
    feed_generation, feed_cursor, outcome_cursor) VALUES (1, 'north-1', 'NORTH', 1, ?, ?, 2, ?, 77, 5, 1)";
/// `op/command` of the wire's golden vectors.
const OP: &str = "820281a700a500500192f5d400007000800000000000000901820381500192f5d400007000800000000000000102687461626c65742d37030c041b0000019ab697e80301020282500192f5d4000070008000000000000003020301051b0000019ab697e80406010804";
const LOG: &str =
    "INSERT INTO log (epoch, seq, bytes, hash, kind, logged_at) VALUES (1, ?, ?, ?, 'command', ?)";
const COMMAND: &str =
    "INSERT INTO commands (command_id, user_id, hash, order_id, epoch, seq, op_hash, verdict,
    received_at, outcome, act) VALUES (?, ?, ?, ?, 1, ?, ?, 'provisional', ?, ?, 'accept')";
const PENDING: &str =
    "INSERT INTO pending (epoch, seq, order_id, command_id, received_at) VALUES (1, 2, ?, ?, ?)";
const ORDER: &str =
    "INSERT INTO orders (id, version, feed_version, final, updated_at, bytes, worker)
    VALUES (?, ?, ?, ?, ?, ?, NULL)";

/// Order 1 is open; order 2 is finished and unpaid. Person 20 has two commands, the first decided
/// and the second pending.
fn fill(conn: &Connection) -> HighWaterMark {
    let hash = |n: u8| Hash([n; 32]);
    let start = ChainHead::start(&identity().edge_id).hash;
    let digits = |at| u8::from_str_radix(&OP[at..at + 2], 16).unwrap();
    let op: Vec<u8> = (0..OP.len()).step_by(2).map(digits).collect();
    conn.execute(EDGE, params![&start.0[..], &Hash::ZERO.0[..], NOW.0])
        .unwrap();
    for seq in [1, 2_u8] {
        conn.execute(LOG, params![seq, op, &hash(seq).0[..], NOW.0])
            .unwrap();
        let order = OrderId(id(3 - u128::from(seq)));
        let outcome = Outcome::new_plain(OutcomeKind::Applied, NOW);
        let outcome = (seq == 1).then(|| encode_cbor(&outcome));
        let command = id(100 + u128::from(seq));
        let person = id(20);
        let body = CommandBody::AcceptOrder { order_id: order }.hash();
        let row = params![
            command.as_bytes(),
            person.as_bytes(),
            &body.0[..],
            order.0.as_bytes(),
            seq,
            &hash(seq).0[..],
            NOW.0,
            outcome
        ];
        conn.execute(COMMAND, row).unwrap();
        if seq == 2 {
            conn.execute(
                PENDING,
                params![order.0.as_bytes(), command.as_bytes(), NOW.0],
            )
            .unwrap();
        }
    }
    let finished = Order {
        status: OrderStatus::Completed,
        payment_status: PaymentStatus::Unpaid,
        ..order(2, 4)
    };
    for order in [order(1, 1), finished] {
        let is_final = order.status == OrderStatus::Completed;
        let row = params![
            order.id.0.as_bytes(),
            to_sql_int(order.version),
            to_sql_int(order.version),
            is_final,
            NOW.0,
            encode_cbor(&order)
        ];
        conn.execute(ORDER, row).unwrap();
    }
    conn.execute(
        "INSERT INTO revoked (kind, id) VALUES ('user', ?)",
        [id(21).as_bytes()],
    )
    .unwrap();
    conn.execute(
        "INSERT INTO feed_confirmed (one, at) VALUES (1, ?)",
        [NOW.0],
    )
    .unwrap();
    HighWaterMark {
        epoch: 1,
        head: ChainHead {
            seq: 2,
            hash: hash(2),
        },
    }
}

#[tokio::test]
async fn a_file_of_a_version_before_is_read_and_goes_on() {
    let data = TempDir::new().unwrap();
    let path = path_in(data.path());
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut conn = Connection::open(&path).unwrap();
    opening::migrations().to_version(&mut conn, STEP).unwrap();
    let mark = fill(&conn);
    HighWaterFile::open(&high_water::path_for(&path))
        .unwrap()
        .write(mark)
        .unwrap();
    drop(conn);

    let (store, alarm) = open(&data, 1).await;
    assert!(alarm.is_none(), "the log is as its mark says: {alarm:?}");
    let position = store.load_position().await.unwrap();
    assert_eq!(
        (position.head.seq, position.pending),
        (3, 1),
        "the boot of this run came behind"
    );
    assert_eq!((position.feed_generation, position.feed_cursor), (77, 5));
    let (again, view, new) = entered(&store, entry(102, by(20), accept(1))).await;
    assert_eq!(
        (new, again.head.seq),
        (false, 2),
        "a repeat has its receipt of then"
    );
    assert_eq!(
        view.order.map(|order| order.status),
        Some(OrderStatus::Accepted)
    );
    let (_, _, new) = entered(
        &store,
        entry(
            103,
            by(20),
            CommandBody::StartOrder {
                order_id: OrderId(id(1)),
            },
        ),
    )
    .await;
    assert!(new);

    let conn = Connection::open(&path).unwrap();
    let one = |text: &str| {
        conn.query_row(text, [], |row| row.get::<_, i64>(0))
            .unwrap()
    };
    assert_eq!(
        one("SELECT COUNT(*) FROM known_people"),
        1,
        "the cloud has applied a command of theirs"
    );
    assert_eq!(
        one("SELECT owed FROM orders WHERE customer IS NOT NULL"),
        1,
        "its customer owes for it"
    );
    assert_eq!(one("SELECT COUNT(*) FROM revoked"), 1);
}
