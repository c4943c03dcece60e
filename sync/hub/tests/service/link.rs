//! The link over a real socket: which edges get or lose a session, and the data that it stores and
//! delivers.

use axum::{Router, body::Body, extract::State};
use http::{Method, Request, StatusCode};
use platform::upstream::Upstream;
use process::{clock::Clock, seal::HubTrust, tasks::Tasks, tokens::edge_token};
use rstest::rstest;
use serde_json::json;
use tokio_tungstenite::tungstenite::{self, Message};
use uuid::Uuid;
use wire::{
    ChecksumState, Code, EdgeStatus, EventType, FeedChange, HUB_TIME_HEADER, Hash, HealthIssueKind,
    HubKey, HubTime, LinkSessionId, LinkState, Region, Role, UserId,
};

use crate::stage::{Edge, Stage, accept, boot, order, serve, token};

/// Longer than one test step takes.
const SOON_MS: i64 = 30_000;

/// The status that the hub returned instead of a WebSocket.
fn refused_with(result: Result<(), Box<tungstenite::Error>>) -> StatusCode {
    match result.map_err(|error| *error) {
        Err(tungstenite::Error::Http(response)) => response.status(),
        other => panic!("{other:?}"),
    }
}

#[rstest]
#[case::sqlite(false)]
#[case::mariadb(true)]
#[tokio::test]
async fn what_an_edge_sends_is_stored_decided_and_answered(#[case] mysql: bool) {
    let (stage, hub, mut edge) = Stage::with_north(mysql).await;
    let welcome = edge.open(&hub).await;
    assert_eq!(
        (welcome.cursor, welcome.link_session.nonce),
        (0, edge.nonce)
    );

    let now = stage.clock.now();
    edge.log = vec![
        boot(),
        token(&stage.edge_token(Role::Provider, 5)),
        accept(1, 2, now),
    ];
    edge.up(1, 3).await;
    edge.until_outcomes(3).await;
    assert_eq!(edge.cursor, 3, "credit came before the outcomes");
    assert_eq!(edge.outcomes[2].outcome.code, Some(Code::OrderNotFound));
    assert_eq!(edge.outcomes[2].command_id.unwrap().0, Uuid::from_u128(1));
    let decided = stage.owner.script().decided.clone();
    assert_eq!(decided.len(), 1);
    assert_eq!(
        decided[0].1.unwrap().user_id,
        UserId(Uuid::from_u128(5)),
        "whom the token names"
    );
    edge.until(|edge| matches!(edge.changes[..], [FeedChange::Keys { .. }]))
        .await;
    hub.stop().await;
}

#[tokio::test]
async fn ops_come_packed_from_an_edge_that_can_and_plain_from_one_that_cannot() {
    let stage = Stage::new(false).await;
    let hub = stage.replica().await;
    let now = stage.clock.now();
    let taken = |n| accept(n, 2, now);
    for (name, packs) in [("north-1", false), ("north-2", true)] {
        let mut edge = stage.enrol(&hub, name, Region::North).await;
        edge.packs = packs;
        let welcome = edge.open(&hub).await;
        assert_eq!(welcome.codec, packs.then_some(wire::CODEC_PACKED));
        let token = token(&stage.edge_token(Role::Provider, 5));
        edge.log = [boot(), token]
            .into_iter()
            .chain((1..=30).map(taken))
            .collect();
        edge.up(1, 32).await;
        edge.until_outcomes(32).await;
        assert_eq!(edge.open(&hub).await.cursor_hash, edge.chain_at(32).hash);
    }
    // A payload that cannot be unpacked ends the session and stores nothing, like an invalid frame.
    let mut edge = stage.enrol(&hub, "north-3", Region::North).await;
    edge.open(&hub).await;
    edge.log = (1..=30).map(taken).collect();
    let mut frame = edge.frame(1, 30).into_packed();
    frame.packed.as_mut().unwrap().bytes.pop();
    edge.send(&wire::Frame::Up(frame)).await;
    assert_eq!(edge.until_refused().await, Code::MalformedBody);
    assert_eq!(edge.open(&hub).await.cursor, 0);
    hub.stop().await;
}

#[tokio::test]
async fn nobody_but_the_edge_itself_gets_a_link() {
    let (stage, hub, mut edge) = Stage::with_north(false).await;
    let stranger = stage.enrol(&hub, "south-1", Region::South).await;

    let person = stage.token(Role::Admin, 1);
    assert_eq!(
        refused_with(edge.connect(&hub, &person).await),
        StatusCode::UNAUTHORIZED
    );
    let forged = edge_token(&stranger.signer, &edge.id, &stage.clock);
    assert_eq!(
        refused_with(edge.connect(&hub, &forged).await),
        StatusCode::UNAUTHORIZED
    );
    let unknown = Edge::new(
        "north-9",
        Region::North,
        stranger.signer,
        stage.clock.clone(),
    );
    let token = edge_token(&unknown.signer, &unknown.id, &stage.clock);
    assert_eq!(
        refused_with(edge.connect(&hub, &token).await),
        StatusCode::UNAUTHORIZED
    );

    // A token opens only its own edge, regardless of Hello.
    let mut liar = stage.enrol(&hub, "north-2", Region::North).await;
    let own = edge_token(&liar.signer, &liar.id, &stage.clock);
    liar.connect(&hub, &own).await.unwrap();
    liar.id = edge.id.clone();
    let end = edge.chain_at(0);
    let hello = wire::Hello {
        protocol_min: 1,
        protocol_max: 1,
        edge: edge.id.clone(),
        region: Region::North,
        epoch: 1,
        nonce: liar.nonce,
        last_seq: 0,
        last_hash: end.hash,
        suspect: false,
        feed_generation: 0,
        feed_cursor: 0,
        outcome_cursor: 0,
        codec: 0,
        version: String::new(),
        settled: None,
        twin: None,
        snapshots: None,
        staged: None,
        codecs: None,
        challenge: None,
        pinned: None,
        plain_line: None,
        plain_listeners: None,
    };
    liar.send(&wire::Frame::Hello(hello)).await;
    assert_eq!(liar.until_refused().await, Code::EdgeUnknown);
}

#[rstest]
#[case::sqlite(false)]
#[case::mariadb(true)]
#[tokio::test]
async fn an_edge_with_a_wrong_clock_hears_the_hubs_time_and_an_operator_why(#[case] mysql: bool) {
    let (stage, hub, mut edge) = Stage::with_north(mysql).await;
    let trust = HubTrust::Key(HubKey(stage.hub_key().public_key()));
    for error_ms in [-10_800_000, 28_800_000] {
        let clock = Clock::fixed_at(stage.clock.now().plus_ms(error_ms));
        let token = edge_token(&edge.signer, &edge.id, &clock);
        let refused = edge.connect(&hub, &token).await.map_err(|error| *error);
        let Err(tungstenite::Error::Http(answer)) = refused else {
            panic!("{refused:?}")
        };
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
        let time = answer.headers()[HUB_TIME_HEADER].to_str().unwrap();
        let time: HubTime = time.parse().unwrap();
        assert!(stage.clock.now().ms_since(time.at) < SOON_MS);
        assert!(trust.proves_time(&edge.id, &token, &time));
        let complaints = stage.status(&hub).await.list_health_issues();
        let noted = complaints
            .iter()
            .find_map(|complaint| match complaint.kind {
                HealthIssueKind::ClockWrong { error_ms } => Some(error_ms),
                _ => None,
            });
        assert!(
            (noted.unwrap() - error_ms).abs() < SOON_MS,
            "{complaints:?}"
        );
    }
    // A forged token does not change the complaint; only the edge itself clears it.
    let stranger = stage.enrol(&hub, "north-9", Region::North).await;
    let past = Clock::fixed_at(stage.clock.now().plus_ms(-3_600_000));
    let forged = edge_token(&stranger.signer, &edge.id, &past);
    let refused = edge.connect(&hub, &forged).await.map_err(|error| *error);
    let Err(tungstenite::Error::Http(answer)) = refused else {
        panic!("{refused:?}")
    };
    assert!(!answer.headers().contains_key(HUB_TIME_HEADER));
    let noted = stage.north(&hub).await.clock_error_ms.unwrap();
    assert!((noted - 28_800_000).abs() < SOON_MS, "{noted}");
    edge.open(&hub).await;
    edge.ack(edge.digest()).await;
    let is_right = |edge: &EdgeStatus| edge.clock_error_ms.is_some_and(|ms| ms.abs() < SOON_MS);
    stage.north_until(&hub, is_right).await;
    let replayed = edge_token(&edge.signer, &edge.id, &past);
    assert_eq!(
        refused_with(edge.twin(7).connect(&hub, &replayed).await),
        StatusCode::UNAUTHORIZED
    );
    assert!(
        is_right(&stage.north(&hub).await),
        "its session knows better"
    );
}

#[tokio::test]
async fn what_is_no_frame_ends_the_session() {
    let (stage, hub, mut edge) = Stage::with_north(false).await;
    for message in [
        Message::Text("hello".into()),
        Message::Binary(vec![1, 2, 3].into()),
    ] {
        edge.open(&hub).await;
        edge.send_message(message).await;
        assert_eq!(edge.until_refused().await, Code::MalformedBody);
        assert!(edge.next().await.is_none(), "and the hub hangs up");
    }
    let own = edge_token(&edge.signer, &edge.id, &stage.clock);
    let (status, _) = hub.ask(Method::GET, "/link", Some(&own), None).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_closed_gate_ends_the_sessions_of_its_region_on_every_replica() {
    let stage = Stage::new(false).await;
    let hub = stage.replica().await;
    let other = stage.replica().await;
    let mut north = stage.enrol(&hub, "north-1", Region::North).await;
    let mut south = stage.enrol(&hub, "south-1", Region::South).await;
    north.open(&other).await;
    south.open(&hub).await;

    stage.set_gate(&hub, Region::North, "closed").await;
    assert_eq!(north.until_refused().await, Code::GateClosed);
    assert_eq!(north.refused(&hub).await, Code::GateClosed);
    stage
        .north_until(&hub, |edge| edge.link == LinkState::Down)
        .await;

    stage.set_gate(&hub, Region::North, "open").await;
    north.open(&hub).await;
    south.log = vec![boot()];
    south.up(1, 1).await;
    south.until_outcomes(1).await;
}

#[tokio::test]
async fn a_customer_reads_which_region_is_cut_off_and_since_when() {
    let stage = Stage::new(false).await;
    let hub = stage.replica().await;
    let customer = stage.token(Role::Customer, 3);
    let read = async || {
        let (status, body) = hub
            .ask(Method::GET, "/api/v1/regions", Some(&customer), None)
            .await;
        assert_eq!(status, StatusCode::OK, "{body}");
        body["items"].as_array().unwrap()[usize::from(Region::North.index())].clone()
    };
    let (status, _) = hub.ask(Method::GET, "/api/v1/regions", None, None).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    let open = json!({ "region": "NORTH", "is_cut_off": false, "cut_off_since": null });
    assert_eq!(
        read().await,
        open,
        "a region without an edge has nothing to be cut off from"
    );
    let mut north = stage.enrol(&hub, "north-1", Region::North).await;
    north.open(&hub).await;
    assert_eq!(read().await, open);

    stage.set_gate(&hub, Region::North, "closed").await;
    assert_eq!(north.until_refused().await, Code::GateClosed);
    stage
        .north_until(&hub, |edge| edge.link == LinkState::Down)
        .await;
    let since = serde_json::to_value(stage.north(&hub).await.since).unwrap();
    assert!(since.is_string());
    let cut = json!({ "region": "NORTH", "is_cut_off": true, "cut_off_since": since });
    assert_eq!(read().await, cut);

    stage.set_gate(&hub, Region::North, "open").await;
    north.open(&hub).await;
    assert_eq!(read().await, open);
}

#[rstest]
#[case::here(false)]
#[case::on_another_replica(true)]
#[tokio::test]
async fn the_newest_session_wins_and_the_old_one_stores_nothing_more(#[case] elsewhere: bool) {
    let stage = Stage::new(false).await;
    let hub = stage.replica().await;
    let second = stage.replica().await;
    let mut old = stage.enrol(&hub, "north-1", Region::North).await;
    old.log = vec![boot(), boot()];
    old.open(&hub).await;
    let mut new = old.twin(2);
    let place = if elsewhere { &second } else { &hub };
    assert_eq!(
        new.open(place).await.link_session.term,
        old.link_session().term + 1
    );
    old.up(1, 2).await;
    assert_eq!(old.until_refused().await, Code::SessionSuperseded);

    assert_eq!(
        stage.north(&hub).await.link,
        LinkState::Up,
        "the old one's end is not the link's"
    );
    new.up(1, 2).await;
    new.until_outcomes(2).await;
    assert_eq!(new.cursor, 2);
}

#[tokio::test]
async fn frames_of_another_standing_gaps_and_repeats_store_nothing_twice() {
    let (_stage, hub, mut edge) = Stage::with_north(false).await;
    edge.log = (0..6).map(|_| boot()).collect();
    edge.open(&hub).await;
    let mut stale = edge.twin(9);
    stale.open(&hub).await;
    edge.open(&hub).await;

    edge.up(4, 3).await;
    loop {
        match edge.next().await {
            Some(wire::Frame::Resend(resend)) => break assert_eq!(resend.from, 1),
            Some(wire::Frame::Down(_) | wire::Frame::Probe(_)) => {}
            other => panic!("{other:?}"),
        }
    }
    for (first, count) in [(1, 2), (1, 4), (2, 2), (3, 4), (1, 6)] {
        edge.up(first, count).await;
    }
    let other = wire::OpsFrame {
        link_session: LinkSessionId {
            term: 1,
            nonce: edge.nonce,
        },
        epoch: 1,
        first_seq: 7,
        prev_hash: edge.chain_at(6).hash,
        hash: edge.chain_at(6).append_op(&boot()).hash,
        ops: vec![boot().into()],
        packed: None,
    };
    edge.send(&wire::Frame::Up(other)).await;
    edge.until_outcomes(6).await;
    assert_eq!(
        edge.open(&hub).await.cursor,
        6,
        "the frame of another term stored nothing"
    );
    assert!(edge.outcome_seqs().into_iter().eq(1..=6));
}

#[tokio::test]
async fn a_log_that_goes_on_from_another_op_than_the_one_received_ends_the_session() {
    let (stage, hub, mut edge) = Stage::with_north(false).await;
    edge.log = vec![boot(), token("a"), token("b")];
    edge.open(&hub).await;
    edge.up(1, 3).await;
    edge.until_outcomes(3).await;
    edge.vanish();
    stage
        .north_until(&hub, |edge| edge.link == LinkState::Down)
        .await;

    let mut restored = edge.twin(2);
    restored.log = vec![boot(), token("a"), token("other"), token("c")];
    restored.open(&hub).await;
    restored.up(4, 1).await;
    assert_eq!(
        restored.until_refused().await,
        Code::ChainBroken,
        "found in mid-session"
    );
}

#[tokio::test]
async fn orders_reach_the_edge_in_feed_order_and_the_checksums_agree() {
    let (stage, hub, mut edge) = Stage::with_north(false).await;
    let expected = [order(1, 1), order(2, 1), order(1, 2)];
    edge.open(&hub).await;
    for order in &expected {
        stage.publish_order(order).await;
    }
    stage.publish_order(&order(1, 1)).await;
    edge.until(|edge| edge.orders().len() == 3).await;
    assert_eq!(
        edge.orders(),
        expected.clone().map(|order| (order.id, order.version))
    );

    edge.ack(edge.digest()).await;
    stage
        .north_until(&hub, |edge| edge.checksum == ChecksumState::Match)
        .await;
    edge.ack(Hash::digest_bytes(b"something else")).await;
    stage
        .north_until(&hub, |edge| edge.checksum == ChecksumState::Mismatch)
        .await;

    // Only missed changes are sent.
    edge.vanish();
    stage.publish_order(&order(2, 2)).await;
    edge.open(&hub).await;
    edge.until(|edge| edge.orders().len() == 4).await;
    edge.ack(edge.digest()).await;
    stage
        .north_until(&hub, |edge| edge.checksum == ChecksumState::Match)
        .await;
    let region = &stage.status(&hub).await.regions[usize::from(Region::North.index())];
    assert_eq!(region.orders, 2);
}

#[tokio::test]
async fn an_ended_session_of_a_person_is_told_to_the_edges() {
    let stage = Stage::new(false).await;
    let hub = stage.replica().await;
    let mut edge = stage.enrol(&hub, "south-1", Region::South).await;
    edge.open(&hub).await;
    let session = Uuid::from_u128(6);
    let body = json!({"user_id": Uuid::from_u128(5), "role": "provider", "session_id": session});
    stage.publish(EventType::UserRegistered, body.clone()).await;
    stage.publish(EventType::SessionRevoked, body).await;
    edge.until(|edge| {
        edge.changes.iter().any(
            |change| matches!(change, FeedChange::Revoked { sessions, .. } if sessions[0].0 == session),
        )
    })
    .await;
    assert_eq!(stage.dead_letters().await, 0);
}

async fn broadcast_update(
    State(upstream): State<Upstream>,
    request: Request<Body>,
) -> Result<axum::response::Response, StatusCode> {
    upstream
        .call(request)
        .await
        .map_err(|_| StatusCode::BAD_GATEWAY)
}

#[rstest]
#[case::in_this_process(false)]
#[case::over_http(true)]
#[tokio::test]
async fn the_link_passes_through_a_gateway(#[case] remote: bool) {
    let stage = Stage::new(false).await;
    let hub = stage.replica().await;
    let tasks = Tasks::new();
    let upstream = if remote {
        Upstream::from_address(&format!("http://{}", hub.address), &tasks).unwrap()
    } else {
        Upstream::from_router(hub.router.clone())
    };
    let gateway = Router::new()
        .fallback(broadcast_update)
        .with_state(upstream);
    let gateway = serve(
        process::web::with_standard_layers(gateway, "gateway"),
        tasks,
    )
    .await;

    let mut edge = stage.enrol(&hub, "north-1", Region::North).await;
    edge.log = vec![boot()];
    edge.open(&gateway).await;
    edge.up(1, 1).await;
    edge.until_outcomes(1).await;
    gateway.stop().await;
    hub.stop().await;
}

#[tokio::test]
async fn a_hub_that_stops_says_so_and_the_next_goes_on() {
    let (stage, hub, mut edge) = Stage::with_north(false).await;
    edge.log = vec![boot()];
    edge.open(&hub).await;
    let stopping = hub.stop();
    let (code, ()) = tokio::join!(edge.until_refused(), stopping);
    assert_eq!(code, Code::Unavailable);
    let hub = stage.replica().await;
    edge.open(&hub).await;
    edge.up(1, 1).await;
    edge.until_outcomes(1).await;
}
