//! A holder that answers stays in reach whatever its ops wait for, and one that does not is gone.
//! The clock moves by hand, so only what the edge sends moves its contact time.

use std::time::Duration;

use http::{Method, StatusCode};
use process::clock::Clock;
use rstest::rstest;
use serde_json::json;
use support::eventually;
use tokio_tungstenite::tungstenite::Message;
use wire::{EdgeStatus, LinkState, Role};

use crate::{
    stage::{Edge, EdgeRowLock, Replica, Stage, accept, boot, token},
    waiting_accepts::{ASKS, at_portal, enrol_holder},
};

/// Less than the 12 s after which an edge without a sign of life is gone.
const ALMOST_GONE_MS: i64 = 11_000;
const GONE_MS: i64 = 12_001;

/// Long enough for three records of a contact, and well within the lock of the edge's row.
const WHILE_LOCKED: Duration = Duration::from_secs(20);

/// A holder and its two replicas. Its row is locked, so its next op cannot be stored.
struct StalledHolder {
    stage: Stage,
    hub: Replica,
    other: Replica,
    edge: Edge,
    lock: EdgeRowLock,
}

impl StalledHolder {
    async fn new(log: Vec<Vec<u8>>) -> Self {
        let stage = stage_with_fixed_clock(true).await;
        let hub = stage.replica().await;
        let other = stage.replica().await;
        let mut edge = enrol_holder(&stage, &hub).await;
        let digest = edge.digest();
        edge.ack(digest).await;
        stage
            .north_until(&hub, |edge| edge.disk_free_bytes.is_some())
            .await;
        edge.log = log;
        let lock = stage.lock_edge_row(&edge).await;
        Self {
            stage,
            hub,
            other,
            edge,
            lock,
        }
    }

    /// Lets almost too much time pass three times, and the edge answers each time. Its session
    /// records that every three seconds, so a statement gives up the locked row meanwhile.
    async fn stays_in_reach(&mut self) {
        for n in 1..=3 {
            self.stage.clock.advance(ALMOST_GONE_MS);
            ping_hub(&mut self.edge).await;
            until_heard(&self.stage, &self.hub).await;
            for replica in [&self.hub, &self.other] {
                let shown = self.stage.north(replica).await;
                assert_eq!((shown.link, shown.undecided), (LinkState::Up, 0));
                assert_eq!(ask_at_portal(&self.stage, replica, n).await, StatusCode::OK);
            }
        }
    }

    /// Releases the lock and returns once the ops are decided, under the same session.
    async fn finish(self, ops: usize) {
        let mut edge = self.edge;
        self.lock.release().await;
        edge.until_outcomes(ops).await;
        let shown = self.stage.north(&self.other).await;
        assert_eq!(shown.link, LinkState::Up);
        self.hub.stop().await;
        self.other.stop().await;
    }
}

async fn stage_with_fixed_clock(mysql: bool) -> Stage {
    let mut stage = Stage::new(mysql).await;
    stage.clock = Clock::fixed_at(stage.clock.now());
    stage
}

async fn ping_hub(edge: &mut Edge) {
    edge.send_message(Message::Ping(Vec::new().into())).await;
}

/// Waits until the edge is as wished, less long than the lock of its row lasts.
async fn until_shown(stage: &Stage, replica: &Replica, wish: impl Fn(&EdgeStatus) -> bool) {
    eventually("the edge is as wished", WHILE_LOCKED, async || {
        wish(&stage.north(replica).await).then_some(())
    })
    .await;
}

async fn until_heard(stage: &Stage, replica: &Replica) {
    let now = stage.clock.now();
    until_shown(stage, replica, |edge| edge.last_contact_at == Some(now)).await;
}

async fn ask_at_portal(stage: &Stage, replica: &Replica, n: u128) -> StatusCode {
    let ask = at_portal(n, 5, &stage.token(Role::Provider, 5));
    let (status, body) = stage.as_order(replica, Method::POST, ASKS, Some(ask)).await;
    if status == StatusCode::CONFLICT {
        assert_eq!(body["code"], json!("region_assigning_offline"));
    }
    status
}

#[tokio::test]
async fn a_holder_whose_ops_wait_for_the_store_stays_in_reach_of_every_replica() {
    let mut stalled = StalledHolder::new(vec![boot()]).await;
    // It moves no cursor, and is stored before the op is.
    let digest = stalled.edge.digest();
    stalled.edge.ack(digest).await;
    stalled.edge.up(1, 1).await;
    stalled.stays_in_reach().await;
    stalled.finish(1).await;
}

#[tokio::test]
async fn a_holder_with_more_under_way_than_one_batch_stays_in_reach() {
    const OP_BYTES: usize = 40 * 1024;
    let big = "x".repeat(OP_BYTES);
    let log = (0..60).map(|n| token(&format!("{n}{big}"))).collect();
    let mut stalled = StalledHolder::new(log).await;
    for first in [1, 21, 41] {
        stalled.edge.up(first, 20).await;
    }
    stalled.stays_in_reach().await;
    stalled.finish(60).await;
}

#[rstest]
#[case::sqlite(false)]
#[case::mariadb(true)]
#[tokio::test]
async fn a_holder_whose_ops_wait_for_the_order_service_stays_in_reach(#[case] mysql: bool) {
    let stage = stage_with_fixed_clock(mysql).await;
    let hub = stage.replica().await;
    let mut holder = enrol_holder(&stage, &hub).await;
    stage.owner.script().hanging = true;
    let user_token = stage.edge_token(Role::Provider, 5);
    let command = accept(70, 1, stage.clock.now());
    holder.log = vec![token(&user_token), command];
    holder.up(1, 2).await;
    stage.north_until(&hub, |edge| edge.undecided > 0).await;
    for n in [1, 2] {
        stage.clock.advance(ALMOST_GONE_MS);
        ping_hub(&mut holder).await;
        until_heard(&stage, &hub).await;
        assert_eq!(ask_at_portal(&stage, &hub, n).await, StatusCode::OK);
    }
    assert!(stage.north(&hub).await.undecided > 0);
    hub.stop().await;
}

#[tokio::test]
async fn a_silent_holder_is_gone_even_while_its_ops_wait() {
    let mut stalled = StalledHolder::new(vec![boot()]).await;
    stalled.edge.up(1, 1).await;
    let StalledHolder {
        stage, hub, other, ..
    } = &stalled;
    stage.clock.advance(GONE_MS);
    for replica in [hub, other] {
        assert_eq!(stage.north(replica).await.link, LinkState::Down);
        let status = ask_at_portal(stage, replica, 1).await;
        assert_eq!(status, StatusCode::CONFLICT);
    }
    stalled.lock.release().await;
}

#[rstest]
#[case::with_a_close_frame(true)]
#[case::without(false)]
#[tokio::test]
async fn a_holder_whose_connection_closes_is_gone_at_once_even_while_its_ops_wait(
    #[case] says_so: bool,
) {
    let mut stalled = StalledHolder::new(vec![boot()]).await;
    stalled.edge.up(1, 1).await;
    if says_so {
        stalled.edge.send_message(Message::Close(None)).await;
    } else {
        stalled.edge.vanish();
    }
    let StalledHolder {
        stage, hub, other, ..
    } = &stalled;
    for replica in [hub, other] {
        until_shown(stage, replica, |edge| edge.link == LinkState::Down).await;
        let status = ask_at_portal(stage, replica, 1).await;
        assert_eq!(status, StatusCode::CONFLICT);
    }
    stalled.lock.release().await;
}
