//! Tablets at an edge with tokens that are forged, over, for elsewhere or of another role.

#![allow(clippy::unwrap_used)]

use attack::{
    AttackedPlatform, HttpCall, MqttGreeting, MqttLine, PATIENCE, RawTablet, SentCommand, Somebody,
    Station, new_frame, post_frame,
};
use process::{
    clock::Clock,
    tokens::{Claims, Signer, TokenKind},
};
use ring::signature::Ed25519KeyPair;
use serde_json::{Value, json};
use support::{Issuer, Mqtt, edge_claims, eventually};
use wire::{Actor, Code, CommandBody, CommandId, Hop, OrderId, Region, Role, Verdict};

use super::{decoded, encoded};

pub(super) const VERSIONS: [Mqtt; 2] = [Mqtt::V311, Mqtt::V5];

pub(super) struct BadToken {
    pub why: &'static str,
    pub token: String,
    pub code: Code,
}

impl BadToken {
    fn invalid(why: &'static str, token: String) -> Self {
        let code = Code::InvalidToken;
        Self { why, token, code }
    }

    fn expired(why: &'static str, token: String) -> Self {
        let code = Code::TokenExpired;
        Self { why, token, code }
    }
}

/// The CONNACK for a token with this code, as docs/tablet.md lists it.
pub(super) fn connack_code(version: Mqtt, code: Code) -> u8 {
    let (of_3_1_1, of_5) = match code {
        Code::InvalidToken => (4, 0x86),
        Code::TokenExpired | Code::SessionEnded | Code::ProofRequired => (5, 0x87),
        Code::Revoked | Code::DeviceClosed => (5, 0x8a),
        other => panic!("{other} refuses no connection here"),
    };
    match version {
        Mqtt::V311 => of_3_1_1,
        Mqtt::V5 => of_5,
    }
}

/// A provider who sends commands with other people's tokens, also on tablets of their own.
struct TokenThief<'a> {
    platform: &'a AttackedPlatform,
    person: Somebody,
    tablets: [RawTablet; 2],
    /// Open, so that a valid token accepts it.
    order_id: OrderId,
    refused: Vec<SentCommand>,
}

impl<'a> TokenThief<'a> {
    async fn new(platform: &'a AttackedPlatform, admin: &Somebody, name: &str) -> Self {
        let person = platform.provider().await;
        let customer = platform.somebody(Role::Customer).await;
        let order_id = customer
            .publish_approved(admin, Region::North, "Mend the tap")
            .await;
        platform.until_on_board(&person, order_id).await;
        let [old, new] = ["3", "5"].map(|version| format!("{name}-{version}"));
        let tablets = [
            platform.tablet(&person, &old, Mqtt::V311).await,
            platform.tablet(&person, &new, Mqtt::V5).await,
        ];
        Self {
            platform,
            person,
            tablets,
            order_id,
            refused: Vec::new(),
        }
    }

    /// Tries the token at CONNECT, in `POST /commands`, and in commands from the thief's tablets.
    /// `owner` is a genuine token of the person whom it names.
    async fn is_refused_everywhere(&mut self, bad: &BadToken, owner: &str) {
        let BadToken { why, token, code } = bad;
        let edge = self.platform.edge();
        let greeting = MqttGreeting::of("thiefs-tablet", token);
        for version in VERSIONS {
            let opened = MqttLine::open_by(version, self.person.station, edge.mqtt, &greeting);
            let (reason, _) = opened.await.unwrap();
            assert_eq!(reason.code, connack_code(version, *code), "{why}");
            let name = match version {
                Mqtt::V311 => "",
                Mqtt::V5 => code.as_str(),
            };
            assert_eq!(reason.name(), name, "{why}");
        }
        let body = CommandBody::AcceptOrder {
            order_id: self.order_id,
        };
        let frame = new_frame(token, body);
        self.refused.push(SentCommand {
            id: frame.id,
            token: owner.to_owned(),
        });
        let answer = Station::fresh()
            .ask(edge.http, &post_frame(&frame))
            .await
            .unwrap();
        assert_eq!(answer.status, code.status(), "{why}: {}", answer.text());
        let problem = answer.json();
        let reply = &problem["reply"];
        for shown in [&problem["code"], &reply["code"]] {
            assert_eq!(*shown, json!(code), "{why}");
        }
        assert_eq!(reply["verdict"], json!("not_taken"), "{why}");
        for tablet in &mut self.tablets {
            tablet.send(&frame).await;
            let reply = tablet.reply_to(frame.id, Hop::Stored).await;
            let refusal = (Verdict::NotTaken, Some(*code));
            assert_eq!((reply.verdict, reply.code), refusal, "{why}");
        }
    }

    /// Accepts the order honestly: the edge would have taken the refused commands too.
    async fn came_to_nothing(mut self, admin: &Somebody) {
        let witness = self.tablets[0].accept(&self.person, self.order_id).await;
        self.platform
            .has_stored_none(admin, &self.refused, &witness)
            .await;
    }
}

/// The old signature under another claim.
fn with_claim(token: &str, claim: &str, value: Value) -> String {
    let parts: Vec<&str> = token.split('.').collect();
    let [head, body, signature] = parts[..] else {
        panic!("a token has three parts")
    };
    let mut claims = decoded(body);
    assert_ne!(claims[claim], value);
    claims[claim] = value;
    format!("{head}.{}.{signature}", encoded(&claims))
}

/// The same claims by another key under the platform's key id.
fn signed_by_another(token: &str) -> String {
    let parts: Vec<&str> = token.split('.').collect();
    let signed = format!("{}.{}", parts[0], parts[1]);
    let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&Signer::generate_pkcs8()).unwrap();
    let signature = base64::Engine::encode(
        &base64::engine::general_purpose::URL_SAFE_NO_PAD,
        pair.sign(signed.as_bytes()).as_ref(),
    );
    format!("{signed}.{signature}")
}

/// Tokens in the victim's name. The issuer's own key signed those that differ by their claims.
async fn bad_tokens(victim: &Somebody, signer: &Signer, sound: &Claims) -> Vec<BadToken> {
    let actor = sound.actor();
    let now = Clock::system().now();
    let south = victim.edge_token_of(Region::South).await;
    let expired = signer.sign_claims(&Claims {
        iat: sound.iat - 7_200,
        exp: sound.iat - 3_600,
        ..sound.clone()
    });
    let just_expired = signer.sign_claims(&Claims {
        iat: sound.iat - 3_600,
        exp: sound.iat - 1,
        ..sound.clone()
    });
    let of_kind = |kind, region, command| {
        signer.sign_claims(&Claims {
            kind,
            region,
            command,
            ..sound.clone()
        })
    };
    let north = Some(Region::North);
    let command = Some(CommandId(Clock::system().new_id()));
    let good = &victim.edge_token;
    let later = json!(sound.exp + 3_600);
    let another = json!(Clock::system().new_id());
    let issuer = Issuer::new();
    let foreign = issuer.edge_token(actor, Region::North, now);
    vec![
        BadToken::expired("expired an hour ago", expired.clone()),
        BadToken::expired("expired a second ago", just_expired),
        BadToken::invalid("of another issuer", foreign),
        BadToken::invalid("by another key", signed_by_another(good)),
        BadToken::invalid("of no form", "x.y.z".to_owned()),
        BadToken::invalid("raised", with_claim(good, "role", json!("admin"))),
        BadToken::invalid("of another", with_claim(good, "sub", another)),
        BadToken::invalid("prolonged", with_claim(&expired, "exp", later)),
        BadToken::invalid("moved", with_claim(&south, "aud", json!("NORTH"))),
        BadToken::invalid("of SOUTH", south),
        BadToken::invalid("the cloud's own", victim.person.token.clone()),
        BadToken::invalid("to refresh", of_kind(TokenKind::Refresh, None, None)),
        BadToken::invalid("for no region", of_kind(TokenKind::Edge, None, None)),
        BadToken::invalid("of two kinds", of_kind(TokenKind::Access, north, None)),
        BadToken::invalid("for a command", of_kind(TokenKind::Edge, north, command)),
    ]
}

#[tokio::test]
async fn a_tablet_works_with_a_token_that_is_forged_or_expired_or_for_elsewhere() {
    let platform = AttackedPlatform::shared().await;
    let admin = platform.admin().await;
    let victim = platform.provider().await;
    let mut thief = TokenThief::new(platform, &admin, "forged").await;
    let key = platform.stack.layout().cloud_folder().join("auth.key");
    let signer = Signer::load(&key).unwrap();
    let actor = Actor {
        user_id: victim.person.user_id,
        role: Role::Provider,
    };
    let sound = edge_claims(actor, Region::North, Clock::system().now());
    // The control: the bad ones below differ from this one by their claims alone.
    let opening = signer.sign_claims(&sound);
    for version in VERSIONS {
        let greeting = MqttGreeting::of("victims-tablet", &opening);
        let port = platform.edge().mqtt;
        let opened = MqttLine::open_by(version, victim.station, port, &greeting).await;
        assert_eq!(opened.unwrap().0.code, 0, "{version:?}");
    }
    for bad in bad_tokens(&victim, &signer, &sound).await {
        thief.is_refused_everywhere(&bad, &victim.edge_token).await;
    }
    thief.came_to_nothing(&admin).await;
}

#[tokio::test]
async fn a_tablet_goes_on_after_its_person_was_revoked_or_signed_out() {
    let platform = AttackedPlatform::shared().await;
    let admin = platform.admin().await;
    let mut thief = TokenThief::new(platform, &admin, "ended").await;
    let revoked = platform.provider().await;
    let signed_out = platform.provider().await;
    let mut open = Vec::new();
    for (victim, code) in [(&revoked, Code::Revoked), (&signed_out, Code::SessionEnded)] {
        let name = code.as_str().replace('_', "-");
        for (version, number) in [(Mqtt::V311, 3), (Mqtt::V5, 5)] {
            let device = format!("{name}-{number}");
            let tablet = platform.tablet(victim, &device, version).await;
            open.push((version, code, tablet));
        }
    }
    let path = format!("/api/v1/admin/users/{}/revoke", revoked.person.user_id);
    let why = json!({"reason": "A tablet was stolen."});
    admin.done(HttpCall::post(&path).json(&why)).await;
    let out = signed_out.ask(HttpCall::post("/api/v1/auth/logout")).await;
    assert_eq!(out.unwrap().status, 204);
    for (version, code, tablet) in open {
        let reason = tablet.await_end().await;
        let told = reason.map(|reason| (reason.code, reason.name().to_owned()));
        let expected = match version {
            Mqtt::V311 => None,
            Mqtt::V5 => Some((0x87, code.to_string())),
        };
        assert_eq!(told, expected, "the end of an open connection");
    }
    for (victim, code) in [(&revoked, Code::Revoked), (&signed_out, Code::SessionEnded)] {
        let token = victim.edge_token.clone();
        let why = code.as_str();
        let bad = BadToken { why, token, code };
        thief.is_refused_everywhere(&bad, &victim.edge_token).await;
    }
    thief.came_to_nothing(&admin).await;
}

/// One person's tablets, by both versions.
async fn tablets_of(platform: &AttackedPlatform, who: &Somebody) -> [RawTablet; 2] {
    let name = who.person.role.as_str();
    [
        platform
            .tablet(who, &format!("role-{name}-3"), Mqtt::V311)
            .await,
        platform
            .tablet(who, &format!("role-{name}-5"), Mqtt::V5)
            .await,
    ]
}

async fn until_at_edge(platform: &AttackedPlatform, customer: &Somebody, order: OrderId) {
    eventually("the edge has the order", PATIENCE, async || {
        let call = HttpCall::get("/board").bearer(&customer.edge_token);
        let board = customer.station.ask(platform.edge().http, &call).await;
        let is_there = board.ok()?.text().contains(&order.to_string());
        is_there.then_some(())
    })
    .await;
}

/// Commands on an open and on a new order that each role may not give.
fn commands_of_other_roles(open: OrderId, new: OrderId) -> Vec<(Role, Vec<CommandBody>)> {
    let accept = CommandBody::AcceptOrder { order_id: open };
    let start = CommandBody::StartOrder {
        order_id: open,
        start_code: None,
        photos: Vec::new(),
    };
    let approve = CommandBody::ApproveOrder { order_id: new };
    let reject = CommandBody::RejectOrder {
        order_id: new,
        reason: "It is not wanted.".to_owned(),
    };
    let cancel = CommandBody::CancelOrder {
        order_id: open,
        reason: None,
        fee: None,
    };
    let review = CommandBody::SubmitReview {
        order_id: open,
        rating: 5,
        comment: String::new(),
    };
    let as_customer = [&accept, &start, &approve, &reject];
    let as_provider = [&approve, &reject, &cancel, &review];
    let as_admin = [&accept, &start, &review];
    vec![
        (Role::Customer, as_customer.map(Clone::clone).to_vec()),
        (Role::Provider, as_provider.map(Clone::clone).to_vec()),
        (Role::Admin, as_admin.map(Clone::clone).to_vec()),
    ]
}

#[tokio::test]
async fn a_person_gives_an_edge_commands_of_another_role() {
    let platform = AttackedPlatform::shared().await;
    let admin = platform.admin().await;
    let provider = platform.provider().await;
    let customer = platform.somebody(Role::Customer).await;
    let open = customer
        .publish_approved(&admin, Region::North, "Mend the tap")
        .await;
    let new = customer.publish(Region::North, "Mend the lamp").await;
    platform.until_on_board(&provider, open).await;
    until_at_edge(platform, &customer, new).await;

    let mut refused = Vec::new();
    for (role, bodies) in commands_of_other_roles(open, new) {
        let who = match role {
            Role::Customer => &customer,
            Role::Provider => &provider,
            Role::Admin => &admin,
        };
        let mut tablets = tablets_of(platform, who).await;
        for body in bodies {
            let code = match &body {
                CommandBody::AcceptOrder { .. } => Code::ProvidersOnly,
                _ => Code::RoleForbidden,
            };
            let frame = new_frame(&who.edge_token, body.clone());
            let call = post_frame(&frame);
            let answer = who.station.ask(platform.edge().http, &call).await.unwrap();
            let problem = answer.json();
            assert_eq!(answer.status, code.status(), "{body:?}: {problem}");
            assert_eq!(problem["code"], json!(code), "{body:?}");
            assert_eq!(problem["reply"]["verdict"], json!("not_taken"));
            for tablet in &mut tablets {
                tablet.send(&frame).await;
                let reply = tablet.reply_to(frame.id, Hop::Stored).await;
                let refusal = (Verdict::NotTaken, Some(code));
                assert_eq!((reply.verdict, reply.code), refusal, "{body:?}");
            }
            refused.push(SentCommand {
                id: frame.id,
                token: frame.token,
            });
        }
    }
    let mut tablet = platform.tablet(&provider, "role-witness", Mqtt::V5).await;
    let witness = tablet.accept(&provider, open).await;
    platform.has_stored_none(&admin, &refused, &witness).await;
    let call = HttpCall::get(&format!("/api/v1/orders/{new}"));
    assert_eq!(admin.done(call).await["status"], json!("pending_review"));
    // The same body in the right role.
    let approve = CommandBody::ApproveOrder { order_id: new };
    let taken = admin
        .send_and_read_reply(platform.edge().http, 1, approve)
        .await;
    assert_eq!(taken.verdict, Verdict::Provisional, "{taken:?}");
}
