//! A tablet over HTTP, without MQTT.

use serde_json::{Value, json};
use wire::{Code, OrderStatus, Role};

use super::Region;
use crate::world::{accept, call, frame, get, id};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tablet_without_mqtt_posts_its_commands_and_reads_the_board() {
    let region = Region::open().await;
    region.cut_off().await;
    let token = region.token(Role::Provider, 20);
    let body: Value = serde_json::from_slice(&frame(101, &token, &accept(1))).unwrap();
    let at = region.edge.http;
    let reply = call(at, http::Method::POST, "/commands", None, Some(&body))
        .await
        .unwrap();
    assert_eq!(reply["verdict"], json!("provisional"));

    assert_eq!(get(&region.edge, "/board", None).await, Err(401));
    let board = get(&region.edge, "/board", Some(&token)).await.unwrap();
    let items = board["items"].as_array().unwrap();
    assert_eq!(items.len(), 3);
    let mine = items
        .iter()
        .find(|item| item["id"] == json!(id(1)))
        .unwrap();
    assert_eq!(mine["address"], json!(""), "the cloud has yet to decide");
    let theirs = items
        .iter()
        .find(|item| item["id"] == json!(id(2)))
        .unwrap();
    assert_eq!(
        (&theirs["address"], &theirs["pending"]),
        (&json!(""), &json!(false))
    );
    let other = region.token(Role::Provider, 21);
    let board = get(&region.edge, "/board", Some(&other)).await.unwrap();
    let open = board["items"].as_array().unwrap();
    assert!(open.len() == 2 && open.iter().all(|item| item["id"] != json!(id(1))));
    let stranger = region.token(Role::Customer, 11);
    let board = get(&region.edge, "/board", Some(&stranger)).await.unwrap();
    assert_eq!(board["items"], json!([]));
    let status: OrderStatus = serde_json::from_value(theirs["status"].clone()).unwrap();
    assert_eq!(status, OrderStatus::Pending);
    for path in ["/health", "/health/ready"] {
        assert!(get(&region.edge, path, None).await.is_ok(), "{path}");
    }
    region.edge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_call_has_its_status_and_carries_the_reply() {
    let region = Region::open().await;
    let at = region.edge.http;
    let token = region.token(Role::Provider, 20);
    let customer = region.token(Role::Customer, 10);
    let expired = region.cloud.people().token_until(Role::Provider, 20, -1);
    let sent = |token: &str, order: u128| {
        serde_json::from_slice::<Value>(&frame(102, token, &accept(order))).unwrap()
    };
    let accept_of = |order: Value| json!({"type": "accept_order", "order_id": order});
    let newer = |token: &str| json!({"id": id(102), "v": 2, "token": token});
    let wrong = json!({"id": id(102), "v": 1, "token": token, "body": accept_of(json!(7))});
    for (body, refusal) in [
        (json!({"token": token}), Err(Code::MalformedBody)),
        (wrong, Err(Code::MalformedBody)),
        (newer(&token), Err(Code::UnknownOp)),
        // Only people of this region get details about a frame's faults.
        (json!({}), Err(Code::InvalidToken)),
        (json!({"id": id(102), "v": 2}), Err(Code::InvalidToken)),
        (
            json!({"v": 1, "body": {"type": "teleport_order"}}),
            Err(Code::InvalidToken),
        ),
        (newer("nonsense"), Err(Code::InvalidToken)),
        (newer(&expired), Err(Code::TokenExpired)),
        (sent("nonsense", 2), Err(Code::InvalidToken)),
        (sent(&expired, 2), Err(Code::TokenExpired)),
        (sent(&customer, 2), Err(Code::ProvidersOnly)),
        // A refusal by the order, not by the call.
        (sent(&token, 9), Ok(Code::OrderNotFound)),
    ] {
        let url = format!("http://{at}/commands");
        let client = process::client::Client::new();
        let answer = client
            .send_json::<Value>(
                http::Method::POST,
                &url,
                None,
                Some(&body),
                crate::world::PATIENCE,
            )
            .await;
        let (reply, code) = match (answer, refusal) {
            (Ok(reply), Ok(code)) => (reply, code),
            (Err(error), Err(code)) => {
                assert_eq!(error.status, Some(code.status()), "{body}");
                let problem = error.problem.unwrap();
                assert_eq!(problem.code, code, "{body}");
                (problem.extensions["reply"].clone(), code)
            }
            (answer, _) => panic!("{body}: {answer:?}"),
        };
        assert_eq!(
            (&reply["verdict"], &reply["code"]),
            (&json!("not_taken"), &json!(code))
        );
        let known = body.get("id").cloned().unwrap_or_default();
        assert_eq!(reply["command_id"], known);
    }
    region.edge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_over_http_is_safe_to_show_in_a_browser() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let region = Region::open().await;
    for path in ["/health", "/board", "/nothing", "/api/head"] {
        let mut socket = tokio::net::TcpStream::connect(region.edge.http)
            .await
            .unwrap();
        let ask = format!("GET {path} HTTP/1.1\r\nhost: edge\r\nconnection: close\r\n\r\n");
        socket.write_all(ask.as_bytes()).await.unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.unwrap();
        for header in [
            "content-security-policy: default-src 'none'; frame-ancestors 'none'; sandbox",
            "x-content-type-options: nosniff",
            "referrer-policy: no-referrer",
            "cache-control: no-store",
        ] {
            assert!(
                answer.contains(&format!("{header}\r\n")),
                "{path}: {answer}"
            );
        }
    }
    region.edge.stop().await;
}
