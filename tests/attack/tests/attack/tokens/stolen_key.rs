//! A copied grant that is bound to a tablet's key: in use without the key, with proofs that the
//! thief has made or copied, and with the key itself once its person has ended the device.

#![allow(clippy::unwrap_used)]

use attack::{
    AttackedPlatform, HttpCall, MqttGreeting, MqttLine, PASSWORD, PATIENCE, RawTablet, SentCommand,
    Somebody, Station, new_frame, post_frame,
};
use process::{clock::Clock, tokens::ProofNonces};
use serde_json::json;
use support::{DeviceSigner, Mqtt, eventually};
use wire::{Code, CommandBody, Hash, Hop, OrderId, Region, Role, Verdict};

use super::tablets::{BadToken, VERSIONS, connack_code};

/// The owner's tablet and its key.
struct BoundTablet {
    name: String,
    key: DeviceSigner,
    grant: String,
}

impl BoundTablet {
    async fn sign_in(platform: &AttackedPlatform, owner: &Somebody) -> Self {
        let key = DeviceSigner::new();
        let name = format!("t-{}", owner.person.user_id.0.simple());
        let form = json!({
            "username": owner.username, "password": PASSWORD, "tablet": name,
            "tablet_key": key.key(), "tablet_label": "Chrome on Android",
        });
        let call = HttpCall::post("/session").json(&form);
        let answer = owner.station.ask(platform.edge().http, &call).await;
        let answer = answer.expect("an answer");
        assert_eq!(answer.status, 200, "{}", answer.text());
        let grant = answer.json()["edge_token"].as_str().unwrap().to_owned();
        Self { name, key, grant }
    }

    /// What the thief makes of the copied grant.
    fn list_bad_proofs(&self, nonce: &str, other_nonce: &str, other: &Self) -> Vec<BadToken> {
        let of_other = self.key.present(&other.grant, nonce);
        let (_, proof_of_other) = of_other.split_once('~').unwrap();
        let elsewhere = ProofNonces::new().issue_nonce(Clock::system().elapsed());
        let (_, signature) = self.sign_nonce(nonce);
        let forged = DeviceSigner::new().present(&self.grant, nonce);
        let unproven = |why, token| BadToken {
            why,
            token,
            code: Code::ProofRequired,
        };
        vec![
            unproven("the copy alone", self.grant.clone()),
            unproven("by the thief's key", forged),
            unproven("signed by nothing", format!("{}~{nonce}~", self.grant)),
            unproven(
                "for another edge's nonce",
                self.key.present(&self.grant, &elsewhere),
            ),
            unproven(
                "replayed under another nonce",
                format!("{}~{other_nonce}~{signature}", self.grant),
            ),
            unproven(
                "replayed from another grant of the key",
                format!("{}~{proof_of_other}", self.grant),
            ),
            unproven(
                "of another tablet's key",
                other.key.present(&self.grant, nonce),
            ),
        ]
    }

    /// The grant with its proof, and the proof's signature.
    fn sign_nonce(&self, nonce: &str) -> (String, String) {
        let presented = self.key.present(&self.grant, nonce);
        let (_, signature) = presented.rsplit_once('~').unwrap();
        let signature = signature.to_owned();
        (presented, signature)
    }
}

/// A provider with an account and a tablet, who also squats on the name of the owner's tablet.
struct GrantThief<'a> {
    platform: &'a AttackedPlatform,
    person: Somebody,
    own: RawTablet,
    squatted: RawTablet,
    /// Open, so that a valid token accepts it.
    order_id: OrderId,
    refused: Vec<SentCommand>,
}

impl<'a> GrantThief<'a> {
    async fn new(platform: &'a AttackedPlatform, admin: &Somebody, victim: &BoundTablet) -> Self {
        let person = platform.provider().await;
        let customer = platform.somebody(Role::Customer).await;
        let order_id = customer
            .publish_approved(admin, Region::North, "Mend the tap")
            .await;
        platform.until_on_board(&person, order_id).await;
        Self {
            own: platform.tablet(&person, "grant-thief", Mqtt::V5).await,
            squatted: platform.tablet(&person, &victim.name, Mqtt::V5).await,
            platform,
            person,
            order_id,
            refused: Vec::new(),
        }
    }

    /// Tries the token at CONNECT, at the paths of a tablet, and in commands.
    /// `proven` is good for asking whether the edge has stored them.
    async fn is_refused_everywhere(&mut self, tablet: &BoundTablet, bad: &BadToken, proven: &str) {
        let BadToken { why, token, code } = bad;
        let edge = self.platform.edge();
        let device = format!("/session?device={}", tablet.name);
        let command = Clock::system().new_id();
        let photo = format!("/photos/{command}/{}", Hash::digest_bytes(b"a photo"));
        let receipt = json!({"code": "N-7F3K9Q", "secret": "0123456789ABCDEF"});
        for call in [
            HttpCall::get(&device),
            HttpCall::get("/board"),
            HttpCall::get(&photo),
            HttpCall::new("PUT", &format!("{photo}?offset=0")),
            HttpCall::post("/receipts").json(&receipt),
        ] {
            let shown = format!("{why}: {call:?}");
            let answer = Station::fresh().ask(edge.http, &call.bearer(token)).await;
            let answer = answer.expect("an answer");
            let refusal = (answer.status, answer.code());
            assert_eq!(refusal, (code.status(), code.to_string()), "{shown}");
        }
        let greeting = MqttGreeting::of(&tablet.name, token);
        for version in VERSIONS {
            let opened = MqttLine::open_by(version, self.person.station, edge.mqtt, &greeting);
            let (reason, _) = opened.await.expect("an answer");
            assert_eq!(reason.code, connack_code(version, *code), "{why}");
        }
        self.sends_in_vain(bad, proven).await;
    }

    /// The grant is for the owner's tablet, so that another device's topic takes it with no proof.
    async fn sends_in_vain(&mut self, bad: &BadToken, proven: &str) {
        let BadToken { why, token, code } = bad;
        let order_id = self.order_id;
        let frame = new_frame(token, CommandBody::AcceptOrder { order_id });
        self.refused.push(SentCommand {
            id: frame.id,
            token: proven.to_owned(),
        });
        let call = post_frame(&frame);
        let answer = Station::fresh().ask(self.platform.edge().http, &call).await;
        let problem = answer.expect("an answer").json();
        let reply = &problem["reply"];
        assert_eq!(
            (&problem["code"], &reply["code"], &reply["verdict"]),
            (&json!(code), &json!(code), &json!("not_taken")),
            "{why}: {problem}"
        );
        for (tablet, expected) in [
            (&mut self.squatted, *code),
            (&mut self.own, Code::InvalidToken),
        ] {
            tablet.send(&frame).await;
            let reply = tablet.reply_to(frame.id, Hop::Stored).await;
            let refusal = (reply.verdict, reply.code);
            assert_eq!(refusal, (Verdict::NotTaken, Some(expected)), "{why}");
            assert_eq!((reply.order, reply.receipt), (None, None), "{why}");
        }
    }

    /// A proof that was copied on its way opens no other device.
    async fn fails_on_another_device(&mut self, proven: &str) {
        let order_id = self.order_id;
        let frame = new_frame(proven, CommandBody::AcceptOrder { order_id });
        self.refused.push(SentCommand {
            id: frame.id,
            token: proven.to_owned(),
        });
        self.own.send(&frame).await;
        let reply = self.own.reply_to(frame.id, Hop::Stored).await;
        let refusal = (reply.verdict, reply.code);
        assert_eq!(refusal, (Verdict::NotTaken, Some(Code::InvalidToken)));
        let edge = self.platform.edge();
        let call = HttpCall::get("/session?device=grant-thief").bearer(proven);
        let answer = self.person.station.ask(edge.http, &call).await;
        assert_eq!(answer.expect("an answer").code(), "invalid_token");
        let greeting = MqttGreeting::of("grant-thief", proven);
        for version in VERSIONS {
            let opened = MqttLine::open_by(version, self.person.station, edge.mqtt, &greeting);
            let (reason, _) = opened.await.expect("an answer");
            assert_eq!(reason.code, connack_code(version, Code::InvalidToken));
        }
    }

    /// Without a proof the thief cannot sign the owner out.
    async fn ends_no_session(&self, tablet: &BoundTablet, bad: &BadToken) {
        let path = format!("/session?device={}", tablet.name);
        let call = HttpCall::new("DELETE", &path).bearer(&bad.token);
        let answer = Station::fresh().ask(self.platform.edge().http, &call).await;
        let answer = answer.expect("an answer");
        let refusal = (answer.status, answer.code());
        let expected = (bad.code.status(), bad.code.to_string());
        assert_eq!(refusal, expected, "{}", bad.why);
    }

    /// Accepts the order honestly: the edge would have taken the refused commands too.
    async fn came_to_nothing(mut self, admin: &Somebody) {
        let witness = self.own.accept(&self.person, self.order_id).await;
        self.platform
            .has_stored_none(admin, &self.refused, &witness)
            .await;
    }
}

async fn ask_nonce(platform: &AttackedPlatform, from: Station) -> String {
    let call = HttpCall::get("/session/nonce");
    let answer = from.ask(platform.edge().http, &call).await;
    let answer = answer.expect("an answer").json();
    answer["nonce"].as_str().expect("a nonce").to_owned()
}

#[tokio::test]
async fn a_thief_works_with_a_copied_grant_and_proofs_of_their_own_making() {
    let platform = AttackedPlatform::shared().await;
    let admin = platform.admin().await;
    let victim = platform.provider().await;
    let tablet = BoundTablet::sign_in(platform, &victim).await;
    let neighbour = platform.provider().await;
    let other = BoundTablet::sign_in(platform, &neighbour).await;
    let mut thief = GrantThief::new(platform, &admin, &tablet).await;
    let nonce = ask_nonce(platform, thief.person.station).await;
    let other_nonce = eventually("a nonce of a later second", PATIENCE, async || {
        let later = ask_nonce(platform, Station::fresh()).await;
        (later != nonce).then_some(later)
    })
    .await;
    let (proven, _) = tablet.sign_nonce(&nonce);
    // Without the device, on whose name the thief squats.
    let call = HttpCall::get("/session").bearer(&proven);
    let own = victim.station.ask(platform.edge().http, &call).await;
    assert_eq!(own.unwrap().status, 200, "the owner's own proof");
    for bad in tablet.list_bad_proofs(&nonce, &other_nonce, &other) {
        thief.is_refused_everywhere(&tablet, &bad, &proven).await;
        thief.ends_no_session(&tablet, &bad).await;
    }
    thief.fails_on_another_device(&proven).await;

    let devices = victim.done(HttpCall::get("/api/v1/auth/devices")).await;
    let device = devices["items"][0]["device_id"].as_str().unwrap();
    let end = format!("/api/v1/auth/devices/{device}");
    victim.done(HttpCall::new("DELETE", &end)).await;
    eventually("the edge has received the end", PATIENCE, async || {
        let answer = victim.station.ask(platform.edge().http, &call).await;
        (answer.ok()?.code() == "device_closed").then_some(())
    })
    .await;
    let ended = BadToken {
        why: "with the stolen key, after the device's end",
        token: proven.clone(),
        code: Code::DeviceClosed,
    };
    thief.is_refused_everywhere(&tablet, &ended, &proven).await;
    thief.came_to_nothing(&admin).await;
}
