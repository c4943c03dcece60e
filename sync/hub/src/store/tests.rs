//! Tests sync_db on both engines.

mod alarms;
mod assignments;
mod certificates;
mod compact;
mod contacts;
mod disabling;
mod edge_acks;
mod enrol;
mod feed;
mod op_log;
mod plans;
mod probes;
mod revocations;
mod sealed;
mod session;
mod snapshot;
mod status;
mod waiting_accepts;
mod work_queue;

use engine::{
    cloud::{NewOp, NewOps, StoredEdge},
    trusted_time::{LogHeadReports, OpBounds},
};
use rstest::rstest;
use support::Engine;
use tempfile::TempDir;
use uuid::Uuid;
use wire::{
    Ack, BootNonce, ChainHead, EdgeId, Hash, Hello, LinkSessionId, Op, OrderId, Region, UnixMillis,
    UserId,
};

use super::{
    contacts::EdgeContact,
    edge_acks::OrderChange,
    edges::{EnrolmentResult, InvitationResult, WithdrawalResult},
    feed::{FeedEffect, RevokedSubject, orders::DepartedOrder},
    maintenance::OldOpsBatch,
    operators::RetryResult,
    waiting_accepts::AcceptAdmission,
    work_queue::WorkClaim,
    *,
};
use crate::domain::{
    op::{AcceptKey, UndecidedOp},
    run_plan::LogWalk,
};

const NOW: UnixMillis = UnixMillis(1_764_000_000_000);
const UNTIL: UnixMillis = UnixMillis(NOW.0 + 3_000);
const LATER: UnixMillis = UnixMillis(NOW.0 + 60_000);
const KEY: [u8; 32] = [4; 32];

struct Database {
    store: Store,
    _folder: TempDir,
}

impl std::ops::Deref for Database {
    type Target = Store;
    fn deref(&self) -> &Store {
        &self.store
    }
}

async fn database(mysql: bool) -> Database {
    let folder = tempfile::tempdir().unwrap();
    let engine = if mysql {
        Engine::MariaDb
    } else {
        Engine::Sqlite
    };
    let url = engine.address(folder.path(), "sync");
    let migrate = async |url: &str| testing::migrate(url, &MIGRATIONS).await;
    let sql = testing::database("sync", &url, migrate).await;
    let store = Store::new(sql);
    store.ensure_regions(77).await.unwrap();
    Database {
        store,
        _folder: folder,
    }
}

async fn with_edge(mysql: bool) -> Database {
    let store = database(mysql).await;
    enrolled(&store).await;
    store
}

fn north() -> EdgeId {
    EdgeId::new("north-1").unwrap()
}

fn admin() -> UserId {
    UserId(Uuid::from_u128(1))
}

fn replica(n: u128) -> Uuid {
    Uuid::from_u128(1000 + n)
}

async fn enrolled(store: &Store) {
    let code = Hash::digest_bytes(b"code");
    store
        .invite_edge(&north(), Region::North, code, admin(), NOW)
        .await
        .unwrap();
    store.enrol_edge(code, KEY, NOW).await.unwrap();
}

fn hello() -> Hello {
    Hello {
        protocol_min: 1,
        protocol_max: 1,
        edge: north(),
        region: Region::North,
        epoch: 1,
        nonce: BootNonce([3; 16]),
        last_seq: 0,
        last_hash: Hash::ZERO,
        suspect: false,
        feed_generation: 0,
        feed_cursor: 0,
        outcome_cursor: 0,
        codec: 0,
        version: "0.1.0".into(),
        settled: None,
        twin: None,
        snapshots: None,
        staged: None,
        codecs: None,
        challenge: None,
        pinned: None,
        plain_line: None,
        plain_listeners: None,
    }
}

async fn session(store: &Store) -> (u64, StoredEdge) {
    let over = store
        .load_edge_state(&north(), NOW)
        .await
        .unwrap()
        .unwrap()
        .term;
    store
        .take_over(&north(), &hello(), over, NOW)
        .await
        .unwrap()
        .unwrap()
}

fn contact(term: u64, heard_at: UnixMillis) -> EdgeContact<'static> {
    EdgeContact {
        edge: &NORTH,
        term,
        heard_at,
        closed_at: None,
    }
}

fn ack(term: u64, outcome_cursor: u64) -> Ack {
    Ack {
        link_session: LinkSessionId {
            term,
            nonce: BootNonce([3; 16]),
        },
        outcome_cursor,
        feed_cursor: 0,
        digest: Hash::ZERO,
        ahead: 0,
        pending: 1,
        oldest_pending_at: Some(NOW),
        edge_now: NOW,
        disk_free_bytes: None,
        last_seq: 5,
        staged: None,
        snapshot: None,
        unproven: None,
        assignment: None,
        clock_error_ms: None,
        newcomers_waiting: None,
        disk: None,
        photos_waiting: None,
    }
}

fn boots(term: u64, after: ChainHead, count: u64) -> NewOps {
    let mut at = after;
    let op = |n| {
        Op::Boot {
            nonce: BootNonce([1; 16]),
            at: UnixMillis(NOW.0 + n),
        }
        .to_bytes()
    };
    let ops = (0..count.cast_signed()).map(|n| {
        let bytes = op(n);
        at = at.append_op(&bytes);
        NewOp {
            head: at,
            bytes,
            bounds: OpBounds::default(),
        }
    });
    NewOps {
        term,
        epoch: 1,
        after,
        ops: ops.collect(),
        heads: LogHeadReports::default(),
    }
}

async fn received(store: &Store, count: u64) -> NewOps {
    let (term, stored) = session(store).await;
    let ops = boots(term, stored.cursor, count);
    assert!(store.store_ops(&north(), &ops, NOW).await.unwrap());
    ops
}

async fn claimed(store: &Store) -> WorkClaim {
    store
        .claim_log(&north(), replica(1), NOW, UNTIL)
        .await
        .unwrap()
        .unwrap()
}

/// Returns the due ops from the start of the log.
async fn due(store: &Store, claim: &WorkClaim, limit: usize) -> Vec<UndecidedOp> {
    store
        .read_due_ops(claim, &mut LogWalk::default(), false, limit)
        .await
        .unwrap()
}

fn due_seqs(due: &[UndecidedOp]) -> Vec<u64> {
    due.iter().map(|due| due.seq).collect()
}

async fn region(store: &Store) -> crate::domain::status::RegionRecord {
    store
        .list_regions()
        .await
        .unwrap()
        .swap_remove(usize::from(Region::North.index()))
}

static NORTH: std::sync::LazyLock<EdgeId> = std::sync::LazyLock::new(north);
