//! Sign-in at the edge, and the reasons for refused tokens.

use http::Method;
use serde_json::{Value, json};
use wire::Role;

use crate::world::{call, cloud::Cloud, edge, get, id, tablet::Tablet, until};

async fn linked(edge: &holdfast_edge::RunningEdge, up: bool) {
    until("the link's state", || async {
        let standing = get(edge, "/standing", None).await.ok()?;
        (standing["link"]["up"] == json!(up)).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signing_in_is_handed_on_only_while_the_link_is_up() {
    let (cloud, gateway) = Cloud::start().await;
    let data = tempfile::tempdir().unwrap();
    let edge = edge(data.path(), &format!("http://{gateway}")).await;
    linked(&edge, true).await;
    let sign_in = async |password: &str| {
        let form = json!({ "username": "20", "password": password });
        call(edge.http, Method::POST, "/session", None, Some(&form)).await
    };
    let grant: Value = sign_in("right").await.unwrap();
    assert_eq!(grant["region"], json!("NORTH"));
    let token = grant["edge_token"].as_str().unwrap();
    let session = get(&edge, "/session?device=t-1", Some(token))
        .await
        .unwrap();
    assert_eq!(
        (&session["user_id"], &session["role"]),
        (&json!(id(20)), &json!("provider"))
    );
    assert_eq!(grant.get("device"), None, "nobody has asked for a secret");
    let asking = json!({ "username": "20", "password": "right", "device": "" });
    let known = call(edge.http, Method::POST, "/session", None, Some(&asking))
        .await
        .unwrap();
    assert_eq!(known["device"], json!("a-secret"));
    assert_eq!(sign_in("wrong").await, Err(401));
    let sign_out = async |token: &str| {
        call(edge.http, Method::DELETE, "/session", Some(token), None)
            .await
            .map(drop)
    };
    assert_eq!(sign_out(token).await, Ok(()));
    assert_eq!(cloud.signed_out(), [token]);

    cloud.cut();
    linked(&edge, false).await;
    assert_eq!(sign_in("right").await, Err(503));
    assert!(
        get(&edge, "/session", Some(token)).await.is_ok(),
        "who is in stays in"
    );
    edge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_of_mqtt_has_its_reason_over_http() {
    let (cloud, gateway) = Cloud::start().await;
    let data = tempfile::tempdir().unwrap();
    let edge = edge(data.path(), &format!("http://{gateway}")).await;
    linked(&edge, true).await;
    let mine = cloud.people().token(Role::Provider, 20);
    let other = cloud.people().token(Role::Provider, 21);
    let expired = cloud.people().token_until(Role::Provider, 20, -1);
    let tablet = Tablet::of(edge.mqtt.unwrap(), "t-1", &mine, 20).await;
    let session = async |token| get(&edge, "/session?device=t-1", token).await.map(drop);
    assert_eq!(session(Some(mine.as_str())).await, Ok(()));
    assert_eq!(session(Some(other.as_str())).await, Err(409));
    assert_eq!(session(Some(expired.as_str())).await, Err(401));
    assert_eq!(session(None).await, Err(401));
    tablet.leave().await;
    until("the device is free", || async {
        session(Some(other.as_str())).await.ok()
    })
    .await;
    edge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_have_a_policy_of_their_own_and_data_keeps_its() {
    let (_cloud, gateway) = Cloud::start().await;
    let data = tempfile::tempdir().unwrap();
    let edge = edge(data.path(), &format!("http://{gateway}")).await;
    let policy = async |path: &str| {
        let request = http::Request::get(format!("http://{}{path}", edge.http));
        let request = request
            .header("accept", "text/html")
            .body(axum::body::Body::empty())
            .unwrap();
        let answer = process::client::Client::new()
            .send_request(request)
            .await
            .unwrap();
        answer.headers()["content-security-policy"]
            .to_str()
            .unwrap()
            .to_owned()
    };
    for page in ["/", "/jobs/0193a1c2"] {
        assert!(
            policy(page)
                .await
                .contains("require-trusted-types-for 'script'"),
            "{page}"
        );
    }
    for data in ["/board", "/standing", "/session", "/jobs.json"] {
        assert!(
            policy(data)
                .await
                .starts_with("default-src 'none'; frame-ancestors"),
            "{data}"
        );
    }
    edge.stop().await;
}

/// One device that tries passwords leaves the others of its shop their share at the cloud.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_signs_in_thirty_times_a_minute() {
    let (cloud, gateway) = Cloud::start().await;
    let data = tempfile::tempdir().unwrap();
    let edge = edge(data.path(), &format!("http://{gateway}")).await;
    linked(&edge, true).await;
    let form = json!({ "username": "20", "password": "wrong" });
    let mut answers = Vec::new();
    for _ in 0..40 {
        let answer = call(edge.http, Method::POST, "/session", None, Some(&form)).await;
        answers.push(answer.map(drop));
    }
    assert!(answers[..30].iter().all(|answer| *answer == Err(401)));
    assert!(answers[30..].contains(&Err(429)), "{answers:?}");
    drop(cloud);
    edge.stop().await;
}
