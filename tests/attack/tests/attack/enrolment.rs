//! Edge enrolment, attacked without an invitation.

use attack::{AttackedPlatform, HttpCall, Station};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use process::tokens::Signer;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::json;

fn new_key() -> String {
    let pair =
        Ed25519KeyPair::from_pkcs8_maybe_unchecked(&Signer::generate_pkcs8()).expect("a key");
    URL_SAFE_NO_PAD.encode(pair.public_key().as_ref())
}

fn enrolment(code: &str) -> HttpCall {
    HttpCall::post("/api/v1/edges/enrol").json(&json!({"code": code, "public_key": new_key()}))
}

#[tokio::test]
async fn a_used_enrolment_code_enrols_another_edge() {
    let platform = AttackedPlatform::shared().await;
    let place = platform.edge();
    let kept = platform
        .stack
        .layout()
        .folder
        .join("edges")
        .join(format!("{}.code", place.edge));
    let used = std::fs::read_to_string(kept).unwrap();
    let answer = Station::fresh()
        .ask(platform.gateway(), &enrolment(used.trim()))
        .await
        .unwrap();
    assert!((400..500).contains(&answer.status), "{}", answer.text());
    assert_eq!(answer.code(), "enrolment_code_invalid");
    let admin = platform.admin().await;
    let status = admin.done(HttpCall::get("/api/v1/admin/edges")).await;
    let edges = status["items"].as_array().unwrap();
    let known = edges
        .iter()
        .filter(|edge| edge["edge"] == place.edge.as_str());
    assert_eq!(known.count(), 1);
}

#[tokio::test]
async fn a_stranger_guesses_an_enrolment_code_or_shuts_enrolment() {
    let platform = AttackedPlatform::shared().await;
    let admin = platform.admin().await;
    let invitation = json!({"edge": "guessed-1", "region": "EAST"});
    let call = HttpCall::post("/api/v1/admin/edges").json(&invitation);
    let invited = admin.done(call).await;
    let code = invited["code"].as_str().unwrap().to_owned();
    assert!(
        code.len() >= 16,
        "a code has enough bits: {} letters",
        code.len()
    );
    let stranger = Station::fresh();
    let mut limited = 0;
    for guess in 0..700 {
        // A near miss: the tail of a real code behind another prefix.
        let near = format!("{guess:04}{}", &code[4..]);
        let answer = stranger
            .ask(platform.gateway(), &enrolment(&near))
            .await
            .unwrap();
        assert!(
            answer.status == 429 || answer.code() == "enrolment_code_invalid",
            "{near}"
        );
        limited += usize::from(answer.status == 429);
    }
    assert!(limited > 0, "guesses of one address are limited");
    let honest = Station::fresh();
    let answer = honest
        .ask(platform.gateway(), &enrolment(&code))
        .await
        .unwrap();
    assert_eq!(
        answer.status,
        200,
        "the invited edge enrols meanwhile: {}",
        answer.text()
    );
    let again = honest
        .ask(platform.gateway(), &enrolment(&code))
        .await
        .unwrap();
    assert_eq!(again.code(), "enrolment_code_invalid", "once");
}

#[tokio::test]
async fn a_weak_key_enrols_an_edge_for_everybody() {
    let platform = AttackedPlatform::shared().await;
    let stranger = Station::fresh();
    let zero = [0_u8; 32];
    let mut one = zero;
    one[0] = 1;
    for key in [
        URL_SAFE_NO_PAD.encode(zero),
        URL_SAFE_NO_PAD.encode(one),
        URL_SAFE_NO_PAD.encode([0xff; 32]),
        URL_SAFE_NO_PAD.encode([1; 31]),
        String::new(),
        "-".repeat(100_000),
    ] {
        let body = json!({"code": "AAAA-AAAA", "public_key": key});
        let call = HttpCall::post("/api/v1/edges/enrol").json(&body);
        let answer = stranger.ask(platform.gateway(), &call).await.unwrap();
        assert_eq!(answer.status, 422, "{key:.50}: {}", answer.text());
    }
}
