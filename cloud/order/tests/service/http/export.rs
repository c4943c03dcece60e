//! Exporting lists as files.

use axum::{
    body::Body,
    extract::Request,
    http::{StatusCode, header},
};
use futures::StreamExt;
use platform::vals;
use rstest::rstest;
use serde_json::Value;
use tower::ServiceExt;
use wire::{Actor, Draft, OrderId};

use super::service::*;
use crate::stage::*;

/// Inserts copies of the order with this id. Finds it by key, since the table gets long.
const OTHERS: &str = "WITH RECURSIVE n (i) AS (SELECT ? UNION ALL SELECT i + 1 FROM n WHERE i < ?) \
    INSERT INTO orders (id, code, customer_id, title, description, service_type, price_minor, currency, \
    location, address, status, payment_status, version, created_at, updated_at, source) \
    SELECT unhex(printf('%032x', i)), code, customer_id, 'Another', '', service_type, price_minor, \
    currency, location, '', status, payment_status, version, created_at - i, updated_at, source \
    FROM n CROSS JOIN orders WHERE orders.id = ?";
/// Rows per statement, so that it stays within the time limit on a busy machine. Their ids ascend,
/// which takes a fraction of the time.
const AT_ONCE: u16 = 2_000;

async fn others(service: &Service, copied: OrderId, count: u32) {
    for first in (1..=count).step_by(AT_ONCE.into()) {
        let last = count.min(first + u32::from(AT_ONCE) - 1);
        service
            .stage
            .sql
            .exec(OTHERS, vals![first, last, copied])
            .await
            .unwrap();
    }
}

struct File {
    kind: String,
    pieces: Vec<usize>,
    text: String,
}

async fn file(service: &Service, reader: Actor, path: &str) -> File {
    let token = format!("Bearer {}", service.token(reader));
    let request = Request::builder()
        .uri(path)
        .header(header::AUTHORIZATION, token);
    let response = service
        .router
        .clone()
        .oneshot(request.body(Body::empty()).unwrap())
        .await;
    let response = response.unwrap();
    assert_eq!(response.status(), StatusCode::OK, "{path}");
    assert!(
        response.headers()[header::CONTENT_DISPOSITION]
            .to_str()
            .unwrap()
            .starts_with("attachment")
    );
    let kind = response.headers()[header::CONTENT_TYPE]
        .to_str()
        .unwrap()
        .to_owned();
    let mut body = response.into_body().into_data_stream();
    let mut pieces = Vec::new();
    let mut bytes = Vec::new();
    while let Some(piece) = body.next().await {
        let piece = piece.unwrap();
        pieces.push(piece.len());
        bytes.extend_from_slice(&piece);
    }
    File {
        kind,
        pieces,
        text: String::from_utf8(bytes).unwrap(),
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn each_reader_takes_the_orders_that_are_theirs(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let stage = &service.stage;
    let id = stage.pending().await;
    let formula = Draft {
        title: "=cmd|' /C calc'!A0".into(),
        ..draft()
    };
    stage
        .publish(stage.command_id(), customer(2), formula)
        .await;
    stage.decide(provider(1), accept(id)).await;
    let table = file(&service, customer(1), "/api/v1/orders/export.csv").await;
    assert_eq!(table.kind, "text/csv; charset=utf-8");
    let lines: Vec<&str> = table.text.split_terminator("\r\n").collect();
    assert!(
        lines.len() == 2 && lines[0].starts_with("\u{feff}id,code,"),
        "{}",
        table.text
    );
    assert!(lines[1].contains("\"修理水龙头 🔧\"") && lines[1].contains(",200.00,CNY,"));
    let all = file(&service, admin(), "/api/v1/admin/orders/export.csv").await;
    assert_eq!(all.text.matches("\r\n").count(), 3);
    assert!(
        all.text.contains(",\"'=cmd|' /C calc'!A0\","),
        "{}",
        all.text
    );

    for (reader, path, count) in [
        (customer(1), "/api/v1/orders/export.json", 1),
        (
            customer(1),
            "/api/v1/orders/export.json?status=completed",
            0,
        ),
        (provider(1), "/api/v1/orders/export.json", 1),
        (provider(2), "/api/v1/orders/export.json", 0),
        (admin(), "/api/v1/orders/export.json", 0),
        (admin(), "/api/v1/admin/orders/export.json", 2),
        (admin(), "/api/v1/admin/orders/export.json?text=calc", 1),
    ] {
        let file = file(&service, reader, path).await;
        assert_eq!(file.kind, "application/json");
        let orders: Vec<wire::Order> = serde_json::from_str(&file.text).unwrap();
        assert_eq!(orders.len(), count, "{path}");
    }
    let path = "/api/v1/admin/orders/export.csv";
    service
        .get(customer(1), path)
        .await
        .refused(403, "role_forbidden");
}

#[tokio::test]
async fn a_long_list_comes_in_pieces_whole_and_once() {
    let service = Service::new(Engine::Sqlite).await;
    let first = service.stage.pending().await;
    others(&service, first, 10_000).await;
    for format in ["csv", "json"] {
        let path = format!("/api/v1/admin/orders/export.{format}");
        let file = file(&service, admin(), &path).await;
        assert!(file.pieces.len() > 50, "{} pieces", file.pieces.len());
        assert!(
            file.pieces.iter().all(|bytes| *bytes < 200_000),
            "a batch at a time"
        );
        let mut ids: Vec<String> = match format {
            "json" => {
                let orders: Vec<Value> = serde_json::from_str(&file.text).unwrap();
                orders.iter().map(|order| order["id"].to_string()).collect()
            }
            _ => {
                let lines = file.text.split_terminator("\r\n").skip(1);
                lines
                    .map(|line| line.split(',').next().unwrap().to_owned())
                    .collect()
            }
        };
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 10_001, "{format}");
    }
}

#[tokio::test]
async fn more_than_one_export_may_hold_is_refused_and_a_shorter_time_is_not() {
    let service = Service::new(Engine::Sqlite).await;
    let first = service.stage.pending().await;
    others(&service, first, 100_000).await;
    let refused = service
        .get(admin(), "/api/v1/admin/orders/export.csv")
        .await;
    refused.refused(422, "invalid_input");
    assert_eq!(refused.fields(), ["from"]);
    let since = wire::UnixMillis(NOW.0 - 999);
    let path = format!("/api/v1/admin/orders/export.csv?from={since}");
    let file = file(&service, admin(), &path).await;
    assert_eq!(file.text.matches("\r\n").count(), 1_001);
}

/// Rows are unsealed one by one, so a broken one fails in the middle.
#[tokio::test]
async fn a_file_that_breaks_off_does_not_look_whole() {
    let service = Service::new(Engine::Sqlite).await;
    let first = service.stage.pending().await;
    others(&service, first, 300).await;
    let broken =
        "UPDATE orders SET title = 'x' || title, created_at = 0, status = 'no such' WHERE id = ?";
    service.stage.sql.exec(broken, vals![first]).await.unwrap();
    let token = format!("Bearer {}", service.token(admin()));
    let request = Request::builder().uri("/api/v1/admin/orders/export.csv");
    let request = request
        .header(header::AUTHORIZATION, token)
        .body(Body::empty())
        .unwrap();
    let response = service.router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let pieces: Vec<_> = response.into_body().into_data_stream().collect().await;
    assert!(
        pieces.len() == 2 && pieces[0].is_ok() && pieces[1].is_err(),
        "{}",
        pieces.len()
    );
}
