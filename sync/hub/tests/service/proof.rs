//! The hub's seals: an edge that requests them gets every frame signed, an older edge still links
//! but raises a complaint, and all replicas use one key.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use http::{Method, StatusCode};
use process::{
    seal::{HubTrust, SealVerifier},
    tokens::{Signer, verify_bytes},
};
use rstest::rstest;
use serde_json::json;
use wire::{
    Code, Frame, HealthIssue, HealthIssueKind, HubKey, Region, enrolment_bytes, former_keys_bytes,
    parse_hub_fingerprint,
};

use crate::stage::{Stage, boot};

fn complaint(kind: HealthIssueKind) -> HealthIssue {
    HealthIssue {
        about: "north-1".into(),
        kind,
    }
}

#[rstest]
#[case::sqlite(false)]
#[case::mariadb(true)]
#[tokio::test]
async fn an_edge_that_asks_for_proof_gets_every_frame_signed_on_every_replica(#[case] mysql: bool) {
    let (stage, hub, mut edge) = Stage::with_north(mysql).await;
    let other = stage.replica().await;
    let key = HubKey(stage.hub_key().public_key());
    for replica in [&hub, &other] {
        edge.seals = Some(SealVerifier::new(edge.id.clone(), HubTrust::Key(key)));
        edge.open(replica).await;
        edge.log.push(boot());
        let seq = edge.log.len();
        edge.up(seq, 1).await;
        edge.until_outcomes(seq).await;
    }
    let status = stage.north(&hub).await;
    assert!(!status.takes_any_hub && !status.plain_line);
    stage.set_gate(&hub, Region::North, "closed").await;
    assert_eq!(edge.until_refused().await, Code::GateClosed);
}

#[tokio::test]
async fn an_edge_that_checks_nothing_still_links_and_is_complained_of_until_it_does() {
    let (stage, hub, mut edge) = Stage::with_north(false).await;
    edge.open(&hub).await;
    let takes_any_hub = complaint(HealthIssueKind::TakesAnyHub);
    assert!(
        stage
            .status(&hub)
            .await
            .list_health_issues()
            .contains(&takes_any_hub)
    );

    edge.seals = Some(SealVerifier::new(edge.id.clone(), HubTrust::FirstKey));
    edge.open(&hub).await;
    assert!(
        !stage
            .status(&hub)
            .await
            .list_health_issues()
            .contains(&takes_any_hub)
    );
}

#[tokio::test]
async fn a_plain_line_is_complained_of_and_without_a_key_it_proves_nothing() {
    let (stage, hub, mut edge) = Stage::with_north(false).await;
    edge.plain_line = true;
    for pinned in [false, true] {
        edge.pinned = pinned;
        edge.seals = Some(SealVerifier::new(edge.id.clone(), HubTrust::FirstKey));
        edge.open(&hub).await;
        let complaints = stage.status(&hub).await.list_health_issues();
        assert!(complaints.contains(&complaint(HealthIssueKind::PlainLine)));
        assert_eq!(
            complaints.contains(&complaint(HealthIssueKind::TakesAnyHub)),
            !pinned
        );
    }
}

#[tokio::test]
async fn tablets_in_plain_text_are_complained_of_until_a_hello_without_them() {
    let (stage, hub, mut edge) = Stage::with_north(false).await;
    for plain in [true, false] {
        edge.plain_listeners = plain;
        edge.open(&hub).await;
        let complaints = stage.status(&hub).await.list_health_issues();
        assert_eq!(
            complaints.contains(&complaint(HealthIssueKind::PlainListeners)),
            plain
        );
    }
}

#[tokio::test]
async fn a_hello_in_mid_session_changes_no_seal() {
    let (stage, hub, mut edge) = Stage::with_north(false).await;
    let key = HubKey(stage.hub_key().public_key());
    edge.seals = Some(SealVerifier::new(edge.id.clone(), HubTrust::Key(key)));
    edge.open(&hub).await;
    let another = SealVerifier::new(edge.id.clone(), HubTrust::Key(key)).challenge();
    let hello = wire::Hello {
        challenge: Some(another),
        ..edge.hello()
    };
    edge.send(&Frame::Hello(hello)).await;
    edge.log.push(boot());
    edge.up(1, 1).await;
    edge.until_outcomes(1).await;
}

#[tokio::test]
async fn a_mistyped_name_or_region_leaves_the_code_unused() {
    let stage = Stage::new(false).await;
    let hub = stage.replica().await;
    let edge = Signer::from_pkcs8(&Signer::generate_pkcs8()).unwrap();
    let invited = json!({"edge": "north-1", "region": "NORTH"});
    let (_, made) = stage
        .admin(&hub, Method::POST, "/api/v1/admin/edges", Some(invited))
        .await;
    let public_key = URL_SAFE_NO_PAD.encode(edge.public_key());
    let enrol = async |edge: &str, region: &str| {
        let asked = json!({
            "code": made["code"], "public_key": public_key, "edge": edge, "region": region,
        });
        hub.ask(Method::POST, "/api/v1/edges/enrol", None, Some(asked))
            .await
    };
    for (field, edge, region) in [("edge", "north-2", "NORTH"), ("region", "north-1", "SOUTH")] {
        let (status, refused) = enrol(edge, region).await;
        assert_eq!(
            (status, &refused["errors"][0]["field"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!(field)),
            "{refused}"
        );
    }
    let (status, answer) = enrol("north-1", "NORTH").await;
    assert_eq!(status, StatusCode::OK, "{answer}");
}

#[tokio::test]
async fn a_code_names_the_hub_and_the_answer_to_it_is_signed_for_the_edges_key() {
    let stage = Stage::new(false).await;
    let hub = stage.replica().await;
    let key = stage.hub_key();
    let edge = Signer::from_pkcs8(&Signer::generate_pkcs8()).unwrap();
    let invited = json!({"edge": "north-1", "region": "NORTH"});
    let (status, made) = stage
        .admin(&hub, Method::POST, "/api/v1/admin/edges", Some(invited))
        .await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    let code = made["code"].as_str().unwrap();
    let public = HubKey(key.public_key());
    assert_eq!(
        parse_hub_fingerprint(code),
        Ok(Some(public.compute_fingerprint()))
    );

    let public_key = URL_SAFE_NO_PAD.encode(edge.public_key());
    let published = async |name: &str| {
        let path = format!("/api/v1/edges/{name}/key");
        hub.ask(Method::GET, &path, None, None).await
    };
    assert_eq!(
        published("north-1").await.0,
        StatusCode::NOT_FOUND,
        "it has no key yet"
    );
    let asked = json!({"code": code, "public_key": &public_key});
    let (status, answer) = hub
        .ask(Method::POST, "/api/v1/edges/enrol", None, Some(asked))
        .await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let bytes = |field: &str| {
        URL_SAFE_NO_PAD
            .decode(answer[field].as_str().unwrap())
            .unwrap()
    };
    assert_eq!(bytes("hub_key"), key.public_key());
    let name = wire::EdgeId::new("north-1").unwrap();
    let jwks = answer["jwks"].to_string();
    let signed = enrolment_bytes(&name, Region::North, &edge.public_key(), &jwks);
    assert!(verify_bytes(
        &key.public_key(),
        &signed,
        &bytes("signature")
    ));

    // A new code brings a new key, and the answer lists the previous one.
    let path = "/api/v1/admin/edges/north-1/key";
    let why = json!({"why": "it was lent"});
    let (status, made) = stage.admin(&hub, Method::POST, path, Some(why)).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    let next = Signer::from_pkcs8(&Signer::generate_pkcs8()).unwrap();
    let next_key = URL_SAFE_NO_PAD.encode(next.public_key());
    let asked = json!({"code": made["code"], "public_key": &next_key});
    let (status, answer) = hub
        .ask(Method::POST, "/api/v1/edges/enrol", None, Some(asked))
        .await;
    assert_eq!(
        (status, &answer["former_keys"]),
        (StatusCode::OK, &json!([public_key])),
        "{answer}"
    );
    let signed = former_keys_bytes(&name, &next.public_key(), &[edge.public_key()]);
    let signature = answer["former_keys_signature"].as_str().unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    assert!(verify_bytes(&key.public_key(), &signed, &signature));

    // The key is public: anyone may verify a receipt of the edge.
    let (status, shown) = published("north-1").await;
    assert_eq!(
        (status, &shown["public_key"]),
        (StatusCode::OK, &json!(next_key))
    );
    assert_eq!(shown["former_keys"], json!([public_key]));
    let pem = shown["pem"].as_str().unwrap().lines().nth(1).unwrap();
    assert!(STANDARD.decode(pem).unwrap().ends_with(&next.public_key()));
    assert_eq!(published("north-2").await.0, StatusCode::NOT_FOUND);
}

#[rstest]
#[case::sqlite(false)]
#[case::mariadb(true)]
#[tokio::test]
async fn a_replica_with_a_key_of_its_own_does_not_start(#[case] mysql: bool) {
    let mut stage = Stage::new(mysql).await;
    stage.replica().await.stop().await;
    std::fs::remove_file(stage.hub_key_file()).unwrap();
    let refused = stage.try_replica().await.err().unwrap();
    let why = process::problem::format_error_chain(&refused);
    assert!(why.contains("restore the hub's key file"), "{why}");
    stage.key_is_replaced(true);
    stage.replica().await.stop().await;
    stage.key_is_replaced(false);
    stage.replica().await.stop().await;
}
