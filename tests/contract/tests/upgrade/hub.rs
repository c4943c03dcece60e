//! Edges from before the hub recorded their heads, could disable one, or replaced their keys.

use axum::Router;
use hub::{Config, Peers};
use platform::{ServiceContext, upstream::Upstream};
use serde_json::json;
use support::{Engine, Issuer};
use wire::{Actor, Role, UserId};

use super::{Asker, Former, NOW, clock, id};

const FORMER: Former = Former {
    part: "hub",
    home: "sync/hub",
    step: 14,
    ground: 1,
    rows: include_str!("hub.sql"),
    empty: &["outcomes", "feed", "asks"],
};

pub async fn goes_on(engine: Engine) {
    let former = FORMER.make(engine).await;
    let config = Config {
        sql_url: former.url.as_str().into(),
        signing_key: former.folder.path().join("hub.key"),
        signing_key_replaced: true,
        ..Config::default()
    };
    for _ in 0..2 {
        hub::migrate(&config).await.unwrap();
    }
    let issuer = Issuer::new();
    let ground = testing::ground(former.folder.path(), &clock()).await;
    let ground = ServiceContext {
        keys: issuer.keys(),
        ..ground
    };
    let tasks = ground.tasks.clone();
    let away = || Upstream::from_router(Router::new());
    let peers = Peers {
        order: away(),
        review: away(),
        auth: away(),
    };
    let router = hub::open(config, ground, peers).await.unwrap();
    let admin = Actor {
        user_id: UserId(id(0xa001)),
        role: Role::Admin,
    };
    let admin = Asker {
        router,
        token: issuer.token(admin, NOW),
    };

    let edges = admin.get("/api/v1/admin/edges").await;
    let edge = &edges["items"][0];
    assert_eq!(
        (&edge["edge"], &edge["epoch"], &edge["lost"]),
        (&json!("north-1"), &json!(2), &json!(1))
    );
    assert_eq!(
        (&edge["stopped"], &edge["version"]),
        (&json!(1), &json!("0.0.9")),
        "{edge}"
    );
    let status = admin.get("/api/v1/admin/status").await;
    let north = status["regions"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["region"] == "NORTH");
    assert_eq!(
        north.map(|one| &one["holder"]),
        Some(&json!("north-1")),
        "{status}"
    );
    let queue = admin.get("/api/v1/admin/queue").await;
    let waits = &queue["items"][0];
    assert_eq!(
        (&waits["edge"], &waits["state"]),
        (&json!("north-1"), &json!("needs_operator"))
    );
    let op = admin.get("/api/v1/admin/ops/north-1/2/1").await;
    assert_eq!(op["command"]["type"], "accept_order", "{op}");
    let left = admin.get("/api/v1/admin/edges/north-1/left-behind").await;
    assert_eq!(left["items"].as_array().unwrap().len(), 1, "{left}");
    tasks.shutdown(std::time::Duration::from_secs(5)).await;
}
