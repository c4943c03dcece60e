//! A thief with the key, and what an operator does about it: disabling, a new key, retirement.

use attack::{AttackedPlatform, HttpCall};
use process::clock::Clock;
use serde_json::json;
use wire::{Code, Role};

use super::{
    theft::Theft,
    thief::{CallEnd, REGION, enrol, new_key},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_thief_goes_on_with_a_key_that_was_disabled() {
    let mut theft = Theft::begin().await;
    theft.thief.hang_up();
    theft.disable(Clock::system().now()).await;
    assert_eq!(theft.thief.call().await, CallEnd::Status(403));
    // Nor does another invitation restore it.
    let form = json!({"edge": theft.thief.edge, "region": REGION});
    let invited = theft
        .admin
        .ask(HttpCall::post("/api/v1/admin/edges").json(&form))
        .await
        .unwrap();
    assert_eq!(invited.code(), "edge_exists");
    assert!(!theft.is_active().await, "it is out of service");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thief_keeps_the_session_that_stands() {
    let mut theft = Theft::begin().await;
    let order = theft.publish_order().await;
    theft.disable(Clock::system().now()).await;
    let seq = theft.log_accept(order);
    theft.thief.send_up().await;
    assert_eq!(
        theft.thief.until_ended().await,
        CallEnd::Refused(Code::EdgeDisabled)
    );
    assert_eq!(
        theft.thief.op(&theft.admin, seq).await,
        None,
        "the hub took it"
    );
    assert_eq!(theft.thief.call().await, CallEnd::Status(403));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thief_goes_on_to_assign_the_region_that_the_edge_held() {
    let theft = Theft::begin().await;
    theft
        .assign_region(&json!({"policy": "exclusive", "holder": theft.thief.edge, "epoch": 1}))
        .await;
    let fence = theft.read_assignment().await["fences"][0]["fence"]
        .as_u64()
        .unwrap();
    let order = theft.publish_order().await;
    theft.disable(Clock::system().now()).await;
    let assignment = theft.read_assignment().await;
    let end = &assignment["fences"][0]["end"];
    assert_eq!(end["how"], "edge_disabled", "{assignment}");
    assert_eq!(
        (&end["why"], &end["by"]),
        (&json!("It was stolen"), &json!(theft.admin.person.user_id))
    );
    // The region is unassigned, so a person at the portal gets the order at once.
    let accepted = theft.provider.act(order, "accept").await.unwrap();
    assert_eq!(accepted.status, 200, "{}", accepted.text());
    // The region cannot be assigned to the thief again.
    let path = format!("/api/v1/admin/assignments/{REGION}");
    let again = json!({"policy": "exclusive", "holder": theft.thief.edge, "epoch": 1});
    let again = theft
        .admin
        .ask(HttpCall::new("PUT", &path).json(&again))
        .await
        .unwrap();
    assert_eq!(again.code(), "edge_disabled", "{}", again.text());
    assert!(fence > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thief_comes_back_with_the_old_key_after_a_new_one_was_given() {
    let mut theft = Theft::begin().await;
    theft.thief.hang_up();
    theft.disable(Clock::system().now()).await;
    let code = theft.rekey(false).await;
    assert_eq!(
        theft.thief.call().await,
        CallEnd::Status(401),
        "before the code is used"
    );
    let owner = new_key();
    let other = new_key();
    assert_eq!(enrol(theft.platform.gateway(), &code, &owner).await, 200);
    assert_eq!(
        theft.thief.call().await,
        CallEnd::Status(401),
        "after it was used"
    );
    assert_eq!(
        enrol(theft.platform.gateway(), &code, &other).await,
        401,
        "the code is used"
    );
    // The machine with the new key continues under the old name, in a new epoch.
    theft.thief.signer = owner;
    assert_eq!(theft.thief.call().await, CallEnd::Quarantined);
    assert_eq!(theft.thief.call().await, CallEnd::Welcome);
    let path = format!("/api/v1/admin/edges/{}/acts", theft.thief.edge);
    let acts = theft.admin.done(HttpCall::get(&path)).await;
    let acts: Vec<&str> = acts["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|act| act["act"].as_str())
        .collect();
    assert_eq!(acts, ["rekeyed", "disabled"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_keeps_the_session_of_a_key_that_was_replaced() {
    let mut theft = Theft::begin().await;
    let code = theft.rekey(true).await;
    theft.thief.ack().await;
    let order = theft.publish_order().await;
    let seq = theft.log_accept(order);
    theft.thief.send_up().await;
    assert_eq!(
        theft.thief.outcome(&theft.admin, seq).await.0,
        "applied",
        "until the code is used"
    );
    let owner = new_key();
    assert_eq!(enrol(theft.platform.gateway(), &code, &owner).await, 200);
    assert!(matches!(
        theft.thief.until_ended().await,
        CallEnd::Refused(_) | CallEnd::HungUp
    ));
    assert_eq!(theft.thief.call().await, CallEnd::Status(401));
    // Its log was intact, so it continues at the same place.
    theft.thief.signer = owner;
    assert_eq!(theft.thief.call().await, CallEnd::Welcome);
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_wakes_an_edge_that_was_retired() {
    let mut theft = Theft::begin().await;
    let path = format!("/api/v1/admin/edges/{}/retirement", theft.thief.edge);
    let form = json!({"why": "The shop has closed"});
    let answer = theft.admin.done(HttpCall::post(&path).json(&form)).await;
    assert_eq!(
        (&answer["undecided"], &answer["not_received"]),
        (&json!(0), &json!(0))
    );
    assert_eq!(
        theft.thief.until_ended().await,
        CallEnd::Refused(Code::EdgeDisabled)
    );
    assert_eq!(theft.thief.call().await, CallEnd::Status(403));
    assert!(!theft.is_active().await, "it is gone from the status");
    let edges = theft.list_edges().await;
    let listed = edges
        .iter()
        .find(|edge| edge["edge"] == json!(theft.thief.edge))
        .unwrap();
    assert!(listed["retired_at"].is_string(), "{listed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_disables_an_edge() {
    let platform = AttackedPlatform::shared().await;
    let customer = platform.somebody(Role::Customer).await;
    let form = json!({"since": Clock::system().now(), "why": "I do not like it"});
    for (act, form) in [
        ("disabling", form),
        ("retirement", json!({"why": "I do not like it"})),
        ("key", json!({})),
    ] {
        let path = format!("/api/v1/admin/edges/north-1/{act}");
        let answer = customer
            .ask(HttpCall::post(&path).json(&form))
            .await
            .unwrap();
        assert_eq!(
            (answer.status, answer.code()),
            (403, "role_forbidden".into()),
            "{act}"
        );
    }
}
