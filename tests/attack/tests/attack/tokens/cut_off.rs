//! Ended tokens at an edge that is cut off from the news.

#![allow(clippy::unwrap_used)]

use attack::{AttackedPlatform, HttpAnswer, HttpCall, PASSWORD, PATIENCE, Somebody, Station};
use process::tokens::{Claims, Signer, TokenKind};
use serde_json::{Value, json};
use support::{claims, eventually};
use wire::{Actor, OrderId, Region, Role};

/// At a cut-off edge these tokens keep their access, as docs/security.md explains. The cloud counts
/// no acceptance made with them after their end, and the edge rejects them as soon as it
/// reconnects.
#[tokio::test]
async fn a_thief_goes_on_with_ended_tokens_at_an_edge_that_is_linked_again() {
    let platform = AttackedPlatform::on_any_stores().await;
    let admin = platform.admin().await;
    let thief = Station::fresh();
    let signed_out = platform.provider().await;
    let revoked = platform.provider().await;
    let customer = platform.somebody(Role::Customer).await;
    let order = customer
        .publish_approved(&admin, Region::North, "Mend the tap")
        .await;
    let board = async |token: &str| -> Value {
        let call = HttpCall::get("/board").bearer(token);
        thief.ask(platform.edge().http, &call).await.unwrap().json()
    };
    for victim in [&signed_out, &revoked] {
        eventually("the edge has the order", PATIENCE, async || {
            let shown = board(&victim.edge_token).await;
            shown.to_string().contains(&order.to_string()).then_some(())
        })
        .await;
    }
    platform.stack.cut(Region::North).await.unwrap();
    let out = signed_out
        .ask(HttpCall::post("/api/v1/auth/logout"))
        .await
        .unwrap();
    assert_eq!(out.status, 204, "{}", out.text());
    let path = format!("/api/v1/admin/users/{}/revoke", revoked.person.user_id);
    admin
        .done(HttpCall::post(&path).json(&json!({"reason": "A tablet was stolen."})))
        .await;
    for victim in [&signed_out, &revoked] {
        assert!(
            board(&victim.edge_token).await["items"].is_array(),
            "it cannot know yet"
        );
    }
    let frame = json!({
        "v": 1, "id": process::clock::Clock::system().new_id(), "device_seq": 1,
        "tapped_at": process::clock::Clock::system().now(), "token": revoked.edge_token,
        "body": { "type": "accept_order", "order_id": order },
    });
    let call = HttpCall::post("/commands").json(&frame);
    let reply = thief.ask(platform.edge().http, &call).await.unwrap().json();
    assert_eq!(reply["verdict"], json!("provisional"), "{reply}");

    platform.stack.heal(Region::North).await.unwrap();
    for (victim, code) in [(&signed_out, "session_ended"), (&revoked, "revoked")] {
        eventually("the edge has heard of it", PATIENCE, async || {
            (board(&victim.edge_token).await["code"] == code).then_some(())
        })
        .await;
    }
    eventually("the cloud has decided the op", PATIENCE, async || {
        let path = format!("/api/v1/admin/commands/{}", frame["id"].as_str().unwrap());
        let answers = admin.ask(HttpCall::get(&path)).await.ok()?.json();
        let is_decided = !answers["items"].as_array()?.is_empty();
        is_decided.then_some(())
    })
    .await;
    let call = HttpCall::get(&format!("/api/v1/orders/{order}"));
    let shown = admin.done(call).await;
    assert_eq!(
        shown.get("provider_id").filter(|id| !id.is_null()),
        None,
        "{shown}"
    );
}

/// All other ways for a token to end during a cut, on one platform. Each token opens the edge until
/// it reconnects, and opens nothing seconds later.
#[tokio::test]
async fn a_thief_goes_on_with_what_has_ended_in_other_ways_at_an_edge_that_is_linked_again() {
    let platform = AttackedPlatform::on_any_stores().await;
    let cut = CutOff {
        platform: &platform,
        admin: platform.admin().await,
        thief: Station::fresh(),
    };
    let granted = cut.granted().await;
    let promoted = platform.somebody(Role::Customer).await;
    let copied = cut.copied().await;
    let readmitted = platform.provider().await;
    let orders = [
        cut.order("Mend the tap").await,
        cut.order("Mend the lamp").await,
    ];
    for token in [&granted.token, &copied.token, &readmitted.edge_token] {
        cut.sees(token, orders[1]).await;
    }
    assert_eq!(
        cut.code(&promoted.edge_token).await,
        "",
        "the customer is known at the edge"
    );

    platform.stack.cut(Region::North).await.unwrap();
    let session = format!("/api/v1/auth/sessions/{}", granted.session);
    granted.owner.done(HttpCall::new("DELETE", &session)).await;
    cut.promote(&promoted).await;
    cut.use_copy(&copied).await;
    for act in ["revoke", "readmit"] {
        let path = format!("/api/v1/admin/users/{}/{act}", readmitted.person.user_id);
        cut.admin
            .done(HttpCall::post(&path).json(&json!({"reason": WHY})))
            .await;
    }
    let back = platform
        .sign_in(readmitted.station, &readmitted.username, PASSWORD)
        .await
        .unwrap();
    let ended = [
        ("the grant of a tablet", &granted.token, "device_closed"),
        ("a role of before", &promoted.edge_token, "session_ended"),
        (
            "a family whose refresh token was copied",
            &copied.token,
            "session_ended",
        ),
        (
            "a token of before the readmission",
            &readmitted.edge_token,
            "revoked",
        ),
    ];
    for (what, token, _) in &ended {
        assert_eq!(cut.code(token).await, "", "it cannot know yet of {what}");
    }
    let command = cut.accepts(&readmitted.edge_token, orders[0]).await;

    platform.stack.heal(Region::North).await.unwrap();
    for (what, token, code) in &ended {
        eventually(
            &format!("the edge has heard of {what}"),
            PATIENCE,
            async || (cut.code(token).await == *code).then_some(()),
        )
        .await;
    }
    assert_eq!(
        cut.code(&back.edge_token).await,
        "",
        "the person who is let in again"
    );
    cut.came_to_nothing(&command, orders[0]).await;
    cut.kills_the_key(&back).await;
}

const WHY: &str = "It was looked into.";

/// An edge that is cut off and healed, the admin, and a thief at a separate address.
struct CutOff<'a> {
    platform: &'a AttackedPlatform,
    admin: Somebody,
    thief: Station,
}

struct GrantedTablet {
    owner: Somebody,
    token: String,
    session: String,
}

/// A sign-in that was refreshed once; the thief has a copy of the spent token.
struct CopiedRefresh {
    token: String,
    spent: String,
    next: String,
    owner: Station,
}

impl CutOff<'_> {
    async fn board(&self, token: &str) -> Value {
        let call = HttpCall::get("/board").bearer(token);
        self.thief
            .ask(self.platform.edge().http, &call)
            .await
            .unwrap()
            .json()
    }

    /// The edge's refusal code, or an empty string if it opens.
    async fn code(&self, token: &str) -> String {
        let board = self.board(token).await;
        if board["items"].is_array() {
            return String::new();
        }
        board["code"]
            .as_str()
            .expect("a refusal says why")
            .to_owned()
    }

    async fn order(&self, title: &str) -> OrderId {
        let customer = self.platform.somebody(Role::Customer).await;
        customer
            .publish_approved(&self.admin, Region::North, title)
            .await
    }

    async fn sees(&self, token: &str, order: OrderId) {
        eventually("the edge has the order", PATIENCE, async || {
            self.board(token)
                .await
                .to_string()
                .contains(&order.to_string())
                .then_some(())
        })
        .await;
    }

    async fn granted(&self) -> GrantedTablet {
        let owner = self.platform.provider().await;
        let tablet = format!("t-{}", owner.person.user_id.0.simple());
        let form = json!({"username": owner.username, "password": PASSWORD, "tablet": tablet});
        let call = HttpCall::post("/session").json(&form);
        let grant = owner
            .station
            .ask(self.platform.edge().http, &call)
            .await
            .unwrap()
            .json();
        let list = owner.done(HttpCall::get("/api/v1/auth/sessions")).await;
        let mut items = list["items"].as_array().unwrap().iter();
        let own = items
            .find(|item| item["device"] == json!(tablet))
            .expect("the grant is listed");
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        GrantedTablet {
            token: text(&grant["edge_token"]),
            session: text(&own["session_id"]),
            owner,
        }
    }

    async fn copied(&self) -> CopiedRefresh {
        let Somebody {
            username, station, ..
        } = self.platform.provider().await;
        let form = json!({
            "username": username, "password": PASSWORD, "refresh": true, "region": Region::North,
        });
        let call = HttpCall::post("/api/v1/auth/login").json(&form);
        let grant = station
            .ask(self.platform.gateway(), &call)
            .await
            .unwrap()
            .json();
        let text = |name: &str| grant[name].as_str().unwrap().to_owned();
        let token = text("edge_token");
        let spent = text("refresh_token");
        let answer = self.refreshed(station, &spent).await;
        let next = answer.json()["refresh_token"].as_str().unwrap().to_owned();
        let answer = self.refreshed(station, &next).await;
        let next = answer.json()["refresh_token"].as_str().unwrap().to_owned();
        CopiedRefresh {
            token,
            spent,
            next,
            owner: station,
        }
    }

    async fn refreshed(&self, from: Station, token: &str) -> HttpAnswer {
        let call = HttpCall::post("/api/v1/auth/refresh").json(&json!({"refresh_token": token}));
        from.ask(self.platform.gateway(), &call).await.unwrap()
    }

    async fn use_copy(&self, copied: &CopiedRefresh) {
        assert_eq!(
            self.refreshed(self.thief, &copied.spent).await.status,
            401,
            "the copy"
        );
        assert_eq!(
            self.refreshed(copied.owner, &copied.next).await.status,
            401,
            "its family"
        );
    }

    async fn promote(&self, somebody: &Somebody) {
        let form = json!({
            "name": &somebody.username[..somebody.username.len().min(20)],
            "permissions": ["verify_providers", "read_people"], "reason": WHY,
        });
        let role = self
            .admin
            .done(HttpCall::post("/api/v1/admin/roles").json(&form))
            .await;
        let gift = json!({"role_id": role["role_id"], "reason": WHY});
        let path = format!("/api/v1/admin/users/{}/role", somebody.person.user_id);
        self.admin
            .done(HttpCall::new("PUT", &path).json(&gift))
            .await;
    }

    /// Sends the thief's accept, which the edge takes. Returns its id.
    async fn accepts(&self, token: &str, order: OrderId) -> String {
        let clock = process::clock::Clock::system();
        let frame = json!({
            "v": 1, "id": clock.new_id(), "device_seq": 1, "tapped_at": clock.now(),
            "token": token, "body": { "type": "accept_order", "order_id": order },
        });
        let call = HttpCall::post("/commands").json(&frame);
        let reply = self
            .thief
            .ask(self.platform.edge().http, &call)
            .await
            .unwrap()
            .json();
        assert_eq!(reply["verdict"], json!("provisional"), "{reply}");
        frame["id"].as_str().unwrap().to_owned()
    }

    /// Asserts that the cloud decided the command and the order still has no provider.
    async fn came_to_nothing(&self, command: &str, order: OrderId) {
        eventually("the cloud has decided the op", PATIENCE, async || {
            let path = format!("/api/v1/admin/commands/{command}");
            let answers = self.admin.ask(HttpCall::get(&path)).await.ok()?.json();
            let is_decided = !answers["items"].as_array()?.is_empty();
            is_decided.then_some(())
        })
        .await;
        let shown = self
            .admin
            .done(HttpCall::get(&format!("/api/v1/orders/{order}")))
            .await;
        assert_eq!(
            shown.get("provider_id").filter(|id| !id.is_null()),
            None,
            "{shown}"
        );
    }

    /// Kills the key that signed all tokens while the edge is cut off. By then no other token opens
    /// the edge.
    async fn kills_the_key(&self, honest: &Somebody) {
        let platform = self.platform;
        let file = platform.stack.layout().cloud_folder().join("auth.key");
        let stolen = Signer::load(&file).unwrap();
        let actor = Actor {
            user_id: honest.person.user_id,
            role: Role::Provider,
        };
        let forged = eventually("the stolen key opens the edge", PATIENCE, async || {
            // Times in tokens are whole seconds: one forged in the second of the readmission counts
            // as older.
            let claims = Claims {
                kind: TokenKind::Edge,
                region: Some(Region::North),
                ..claims(actor, process::clock::Clock::system().now())
            };
            let token = stolen.sign_claims(&claims);
            self.code(&token).await.is_empty().then_some(token)
        })
        .await;
        platform.stack.cut(Region::North).await.unwrap();
        let form = json!({"kid": stolen.kid(), "reason": "It was on a stolen disk."});
        self.admin
            .done(HttpCall::post("/api/v1/admin/keys/kill").json(&form))
            .await;
        for token in [&forged, &honest.edge_token] {
            assert_eq!(
                self.code(token).await,
                "",
                "it cannot know yet of a killed key"
            );
        }
        eventually("the cloud rejects the killed key", PATIENCE, async || {
            let shown = self.admin.ask(HttpCall::get("/api/v1/admin/status")).await;
            (shown.ok()?.status == 401).then_some(())
        })
        .await;
        platform.stack.heal(Region::North).await.unwrap();
        for token in [&forged, &honest.edge_token] {
            eventually(
                "the edge has heard that the key is killed",
                PATIENCE,
                async || (self.code(token).await == "invalid_token").then_some(()),
            )
            .await;
        }
        let station = honest.station;
        let name = honest.username.as_str();
        let again = platform.sign_in(station, name, PASSWORD).await.unwrap();
        eventually(
            "and opens for a token of the next one",
            PATIENCE,
            async || self.code(&again.edge_token).await.is_empty().then_some(()),
        )
        .await;
    }
}
