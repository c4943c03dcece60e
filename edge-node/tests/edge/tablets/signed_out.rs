//! The end of a sign-in: what its tablet is told, and which connections end.

use rumqttc::ConnectReturnCode;
use serde_json::Value;
use wire::{Code, Role, Verdict};

use super::{Region, refusal};
use crate::world::{accept, call, frame, id, tablet::Tablet, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_end_of_a_sign_in_has_its_own_code_and_its_own_words() {
    use wire::Language::{Chinese, English};
    let region = Region::open().await;
    let people = region.cloud.people();
    let expired = people.token_until(Role::Provider, 22, -1);
    let [ended, revoked] = [20, 21].map(|user| region.token(Role::Provider, user));
    let closed = people.grant(Role::Provider, 23, "t-23");
    let stays = region.token(Role::Provider, 24);
    region.cloud.tell(wire::FeedChange::Revoked {
        version: 1,
        sessions: vec![wire::SessionId(id(5_020)), wire::SessionId(id(5_023))],
        users: vec![wire::UserId(id(21))],
        person: None,
        verification: None,
    });
    let mut sentences = std::collections::BTreeSet::new();
    for (device, token, code, number) in [
        ("t-20", &ended, Code::SessionEnded, 0x87),
        ("t-21", &revoked, Code::Revoked, 0x8a),
        ("t-22", &expired, Code::TokenExpired, 0x87),
        ("t-23", &closed, Code::DeviceClosed, 0x8a),
    ] {
        let told = until("the refusal", || {
            refusal(region.edge.mqtt.unwrap(), device, token)
        })
        .await;
        assert_eq!(
            told,
            (number, format!("{code}: {}", code.sentence_in(English)))
        );
        let url = format!("http://{}/session?device={device}", region.edge.http);
        let client = process::client::Client::new();
        let within = crate::world::PATIENCE;
        let answer = client
            .send_json::<Value>(http::Method::GET, &url, Some(token), None::<&Value>, within)
            .await;
        let error = answer.unwrap_err();
        assert_eq!(error.status, Some(code.status()), "{code}");
        assert_eq!(error.problem.unwrap().code, code);
        sentences.extend([English, Chinese].map(|language| code.sentence_in(language)));
    }
    assert_eq!(sentences.len(), 8);
    assert_eq!(
        refusal(region.edge.mqtt.unwrap(), "t-24", &stays).await,
        None
    );
    region.edge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_person_is_let_in_no_more_and_hears_no_more() {
    let region = Region::open().await;
    let mut tablet = region.provider("t-1", 20).await;
    let token = region.token(Role::Provider, 20);
    let sessions = Vec::new();
    let users = vec![wire::UserId(id(20))];
    region.cloud.tell(wire::FeedChange::Revoked {
        version: 1,
        sessions,
        users,
        person: None,
        verification: None,
    });
    let refused = until("the refusal", || async {
        Tablet::connect(region.edge.mqtt.unwrap(), "t-2", "t-2", &token)
            .await
            .err()
    })
    .await;
    assert_eq!(refused, ConnectReturnCode::NotAuthorized);
    let body: Value = serde_json::from_slice(&frame(101, &token, &accept(1))).unwrap();
    let reply = call(
        region.edge.http,
        http::Method::POST,
        "/commands",
        None,
        Some(&body),
    )
    .await;
    assert_eq!(reply, Err(403));
    tablet.ended().await;
    region.edge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_key_ends_connections_and_lets_nobody_in() {
    let region = Region::open().await;
    let mut tablet = region.provider("t-1", 20).await;
    let old = region.token(Role::Provider, 20);
    let next = support::Issuer::new();
    region.cloud.tell(wire::FeedChange::Keys {
        version: 1,
        jwks: next.signer.jwks(),
    });
    tablet.ended().await;
    let refused = Tablet::connect(region.edge.mqtt.unwrap(), "t-1", "t-1", &old)
        .await
        .err();
    assert_eq!(refused, Some(ConnectReturnCode::BadUserNamePassword));
    let now = process::clock::Clock::system().now();
    let actor = wire::Actor {
        user_id: wire::UserId(id(20)),
        role: Role::Provider,
    };
    let new = next.edge_token(actor, wire::Region::North, now);
    assert!(
        Tablet::connect(region.edge.mqtt.unwrap(), "t-1", "t-1", &new)
            .await
            .is_ok()
    );
    region.edge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_out_and_a_token_that_runs_out_end_open_connections() {
    let region = Region::open().await;
    let mut signed_out = region.provider("t-1", 20).await;
    let mut stays = region.provider("t-2", 21).await;
    let short = region.cloud.people().token_until(Role::Provider, 22, 3);
    let mut runs_out = Tablet::of(region.edge.mqtt.unwrap(), "t-3", &short, 22).await;
    let sessions = vec![wire::SessionId(id(5_020))];
    let users = Vec::new();
    region.cloud.tell(wire::FeedChange::Revoked {
        version: 1,
        sessions,
        users,
        person: None,
        verification: None,
    });
    signed_out.ended().await;
    runs_out.ended().await;
    stays
        .send(frame(101, &region.token(Role::Provider, 21), &accept(1)))
        .await;
    assert_eq!(stays.reply().await.verdict, Verdict::Provisional);
    region.edge.stop().await;
}
