//! Waiting accepts that fail: alone, with their owner, and again after an operator's retry.

use http::{Method, StatusCode};
use rstest::rstest;
use serde_json::json;
use support::eventually;
use wire::{OpState, Region, Role, WaitingAcceptEntry};

use super::{ASKS, at_portal, enrol_holder, id};
use crate::stage::{Edge, PATIENCE, Replica, Stage, asked, token};

/// Sends accepts 8 and 7, which wait for the holder.
async fn waiting(stage: &Stage, hub: &Replica) -> Edge {
    let holder = enrol_holder(stage, hub).await;
    for n in [8, 7] {
        let ask = at_portal(n, 5, &stage.token(Role::Provider, 5));
        let (status, body) = stage.as_order(hub, Method::POST, ASKS, Some(ask)).await;
        assert_eq!(status, StatusCode::OK, "{body}");
    }
    holder
}

async fn until_stopped(stage: &Stage, hub: &Replica, number: u64) {
    eventually("so many wait for an operator", PATIENCE, async || {
        let report = stage.status(hub).await;
        let north = &report.regions[usize::from(Region::North.index())];
        (north.asks_stopped == number).then_some(())
    })
    .await;
}

/// Every waiting accept: the end of its id, its state and its failure count.
async fn shown(stage: &Stage, hub: &Replica) -> Vec<(u128, OpState, u64)> {
    let (status, body) = stage
        .admin(hub, Method::GET, "/api/v1/admin/asks", None)
        .await;
    assert_eq!(status, StatusCode::OK, "{body}");
    let asks: Vec<WaitingAcceptEntry> = serde_json::from_value(body["items"].clone()).unwrap();
    asks.into_iter()
        .map(|ask| (ask.command_id.0.as_u128(), ask.state, ask.failures))
        .collect()
}

async fn retry(stage: &Stage, hub: &Replica, n: u128) -> StatusCode {
    let path = format!("/api/v1/admin/asks/{}/retry", id(n));
    let (status, body) = stage.admin(hub, Method::POST, &path, None).await;
    match status {
        StatusCode::OK => assert_eq!(body, json!({"command_id": id(n)})),
        StatusCode::CONFLICT => assert_eq!(body["code"], json!("op_not_stopped")),
        _ => {}
    }
    status
}

#[derive(Debug, Clone, Copy)]
enum Failure {
    /// Its list fails.
    Call,
    /// Its answer is a fault.
    Answer,
    /// Its list gets no answer.
    Silence,
}

impl Failure {
    fn inject(self, stage: &Stage, n: u128) {
        let mut script = stage.owner.script();
        let bad = match self {
            Self::Call => &mut script.bad_asks,
            Self::Answer => &mut script.stuck_asks,
            Self::Silence => &mut script.hangs_at,
        };
        bad.insert(id(n));
    }

    fn clear_all(stage: &Stage) {
        let mut script = stage.owner.script();
        script.bad_asks.clear();
        script.stuck_asks.clear();
        script.hangs_at.clear();
    }
}

/// The owner's time limit in the tests with a silent owner.
const HANGS_MS: u64 = 300;
/// The retry interval in the tests that count retries.
const OFTEN_MS: u64 = 100;

#[rstest]
#[case::call(Failure::Call, false)]
#[case::answer(Failure::Answer, false)]
#[case::silence(Failure::Silence, false)]
#[case::on_mariadb(Failure::Call, true)]
#[tokio::test]
async fn an_accept_that_fails_alone_three_times_waits_for_an_operator(
    #[case] failure: Failure,
    #[case] mysql: bool,
) {
    let mut stage = Stage::new(mysql).await;
    stage.owner_has_so_long(HANGS_MS);
    stage.hands_in_again_every(OFTEN_MS);
    let hub = stage.replica().await;
    let _holder = waiting(&stage, &hub).await;
    failure.inject(&stage, 7);
    until_stopped(&stage, &hub, 1).await;
    let stopped = (7, OpState::NeedsOperator, 3);
    assert_eq!(
        shown(&stage, &hub).await,
        [stopped, (8, OpState::HeldRegion, 0)]
    );
    assert_eq!(retry(&stage, &hub, 8).await, StatusCode::CONFLICT);

    // The other one is still retried, this one is not.
    let times = |n| stage.owner.script().times_asked(id(n));
    let before = times(7);
    let others = times(8);
    eventually("the rest goes on", PATIENCE, async || {
        (times(8) >= others + 2).then_some(())
    })
    .await;
    stage.assign_north(&hub, 2, None).await;
    eventually("the other is decided", PATIENCE, async || {
        (shown(&stage, &hub).await == [stopped]).then_some(())
    })
    .await;
    assert_eq!(
        (times(7), &stage.owner.script().waited),
        (before, &vec![id(8)])
    );

    // The fault is still there: it gets another three trials.
    let path = format!("/api/v1/admin/asks/{}/retry", id(7));
    let provider = stage.token(Role::Provider, 5);
    let (status, _) = hub.ask(Method::POST, &path, Some(&provider), None).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert_eq!(retry(&stage, &hub, 7).await, StatusCode::OK);
    eventually("it had its trials", PATIENCE, async || {
        (times(7) == before + 3).then_some(())
    })
    .await;
    until_stopped(&stage, &hub, 1).await;

    Failure::clear_all(&stage);
    assert_eq!(retry(&stage, &hub, 7).await, StatusCode::OK);
    eventually("nothing waits", PATIENCE, async || {
        shown(&stage, &hub).await.is_empty().then_some(())
    })
    .await;
    assert_eq!(stage.owner.script().waited, [id(8), id(7)]);
    assert_eq!(retry(&stage, &hub, 7).await, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_the_holder_logs_decides_also_an_accept_that_waits_for_an_operator() {
    let mut stage = Stage::new(false).await;
    stage.hands_in_again_every(OFTEN_MS);
    let hub = stage.replica().await;
    let mut holder = waiting(&stage, &hub).await;
    Failure::Call.inject(&stage, 7);
    until_stopped(&stage, &hub, 1).await;
    holder
        .until(|edge| edge.asks.iter().any(|ask| ask.command.id == id(7)))
        .await;
    Failure::clear_all(&stage);
    let put = holder
        .asks
        .iter()
        .find(|ask| ask.command.id == id(7))
        .unwrap();
    holder.log = vec![token(&put.token), asked(put, 1)];
    holder.up(1, 2).await;
    holder.until_outcomes(2).await;
    eventually("it waits no more", PATIENCE, async || {
        (shown(&stage, &hub).await == [(8, OpState::HeldRegion, 0)]).then_some(())
    })
    .await;
    assert!(
        stage.owner.script().waited.is_empty(),
        "its log has decided it"
    );
}

#[derive(Debug, Clone, Copy)]
enum Trouble {
    Away,
    Broken,
    Hanging,
    /// Every accept gets a fault, and the control fails too.
    Stuck,
}

#[rstest]
#[case::away(Trouble::Away)]
#[case::broken(Trouble::Broken)]
#[case::hanging(Trouble::Hanging)]
#[case::stuck(Trouble::Stuck)]
#[tokio::test]
async fn an_owner_that_decides_nothing_makes_no_waiting_accept_look_bad(#[case] trouble: Trouble) {
    let mut stage = Stage::new(false).await;
    stage.owner_has_so_long(HANGS_MS);
    stage.hands_in_again_every(OFTEN_MS);
    let hub = stage.replica().await;
    let _holder = waiting(&stage, &hub).await;
    {
        let mut script = stage.owner.script();
        match trouble {
            Trouble::Away => script.away = true,
            Trouble::Broken => script.broken = true,
            Trouble::Hanging => script.hanging = true,
            Trouble::Stuck => {
                script.stuck_asks.extend([id(7), id(8)]);
                script.decides_nothing = true;
            }
        }
        script.asked.clear();
    }
    eventually("it was tried often", PATIENCE, async || {
        (stage.owner.script().times_asked(id(7)) >= 4).then_some(())
    })
    .await;
    let unblamed = [(7, OpState::HeldRegion, 0), (8, OpState::HeldRegion, 0)];
    assert_eq!(shown(&stage, &hub).await, unblamed);
}
