//! Verification of providers over HTTP: an admin's decisions, and the list of those who wait.

use serde_json::{Value, json};
use wire::UserId;

use crate::{
    ADMIN, PROVIDER, STRANGER,
    service::{MINE, ProfileService, admin, provider, provider_form, wrong_fields},
};

fn decision(version: &Value) -> Value {
    json!({ "version": version, "reason": "seen in person" })
}

#[tokio::test]
async fn a_provider_is_verified_on_record_and_looked_at_again_when_he_changes() {
    let service = ProfileService::new().await;
    let waiting = submit_once_complete(&service).await;
    let verify = format!("/api/v1/admin/providers/{PROVIDER}/verify");
    let verified = verify_as_admin_alone(&service, &verify, &waiting["version"]).await;
    let again = rename_after_verification(&service, &verified["version"]).await;

    let reject = format!("/api/v1/admin/providers/{PROVIDER}/reject");
    let blank = json!({ "version": again["version"], "reason": " " });
    let (status, answer) = service.ask(admin(), "POST", &reject, Some(blank)).await;
    assert_eq!((status, wrong_fields(&answer)), (422, vec!["reason"]));
    let rejected = service
        .done(admin(), "POST", &reject, Some(decision(&again["version"])))
        .await;
    assert_eq!(rejected["verification"]["state"], "rejected");
    let second = service
        .done(
            admin(),
            "POST",
            &verify,
            Some(decision(&rejected["version"])),
        )
        .await;
    assert_eq!(second["verified"], true, "a second look");
    let nobody = format!("/api/v1/admin/providers/{STRANGER}/verify");
    let (status, _) = service
        .ask(admin(), "POST", &nobody, Some(decision(&json!(1))))
        .await;
    assert_eq!(status, 404);
    assert_reasons_are_sealed(&service);
}

/// The profile that waits for a decision.
async fn submit_once_complete(service: &ProfileService) -> Value {
    let submit = "/api/v1/users/me/verification";
    let (status, answer) = service.ask(provider(), "POST", submit, None).await;
    assert_eq!(status, 422);
    assert_eq!(
        wrong_fields(&answer),
        ["full_name", "phone_number", "certifications"]
    );
    let waiting = service.submit_provider(PROVIDER).await;
    assert_eq!(waiting["verification"]["state"], "waiting");
    assert_eq!(
        service.done(provider(), "POST", submit, None).await,
        waiting,
        "twice is as good as once"
    );
    waiting
}

async fn verify_as_admin_alone(service: &ProfileService, verify: &str, version: &Value) -> Value {
    let stale = json!(version.as_i64().unwrap() - 1);
    let (status, _) = service
        .ask(admin(), "POST", verify, Some(decision(&stale)))
        .await;
    assert_eq!(status, 409);
    let (status, _) = service
        .ask(provider(), "POST", verify, Some(decision(version)))
        .await;
    assert_eq!(status, 403);
    let verified = service
        .done(admin(), "POST", verify, Some(decision(version)))
        .await;
    let step = &verified["verification"]["steps"][1];
    assert_eq!(verified["verified"], true);
    assert_eq!(
        (&step["act"], &step["by"], &step["reason"]),
        (&json!("verified"), &json!(ADMIN), &json!("seen in person"))
    );
    verified
}

/// The profile that waits again.
async fn rename_after_verification(service: &ProfileService, version: &Value) -> Value {
    let mut renamed = provider_form(version);
    let same = service
        .done(provider(), "PUT", MINE, Some(renamed.clone()))
        .await;
    assert_eq!(same["verified"], true, "the offer may change");
    renamed["version"] = same["version"].clone();
    renamed["full_name"] = json!("Wang Wu");
    let again = service.done(provider(), "PUT", MINE, Some(renamed)).await;
    assert_eq!(
        (&again["verified"], &again["verification"]["state"]),
        (&json!(false), &json!("waiting"))
    );
    again
}

#[tokio::test]
async fn an_admin_asks_for_more_and_the_provider_adds_it_and_submits_again() {
    let service = ProfileService::new().await;
    let waiting = service.submit_provider(PROVIDER).await;
    let reject = format!("/api/v1/admin/providers/{PROVIDER}/reject");
    let ask = |version: &Value, asks_more: bool| json!({ "version": version, "reason": "The second page is missing.", "asks_more": asks_more });
    let decide = async |version: &Value, asks_more: bool| {
        let decided = service.done(admin(), "POST", &reject, Some(ask(version, asks_more)));
        decided.await
    };
    let asked = decide(&waiting["version"], true).await;
    let again = decide(&asked["version"], true).await;
    assert_eq!(again["version"], asked["version"], "once is enough");
    let own = service.done(provider(), "GET", MINE, None).await;
    let verification = &own["verification"];
    assert_eq!(
        (&verification["state"], &verification["asks_more"]),
        (&json!("rejected"), &json!(true))
    );
    let step = &verification["steps"][1];
    assert_eq!(
        (&step["asks_more"], &step["reason"]),
        (&json!(true), &json!("The second page is missing."))
    );
    let submitted = service
        .done(provider(), "POST", "/api/v1/users/me/verification", None)
        .await;
    assert_eq!(
        (
            &submitted["verification"]["state"],
            &submitted["verification"]["asks_more"]
        ),
        (&json!("waiting"), &json!(false))
    );
    let rejected = decide(&submitted["version"], false).await;
    assert_eq!(rejected["verification"]["asks_more"], json!(false));
    let softened = decide(&rejected["version"], true).await;
    assert_eq!(softened["verification"]["asks_more"], json!(true));
}

fn assert_reasons_are_sealed(service: &ProfileService) {
    let files = ["user.db", "user.db-wal"].map(|name| service.folder.path().join(name));
    let kept = files
        .map(|file| std::fs::read(file).unwrap_or_default())
        .concat();
    let has = |text: &str| kept.windows(text.len()).any(|part| part == text.as_bytes());
    assert!(
        has("rejected") && !has("seen in person"),
        "the words of admins are sealed"
    );
}

#[tokio::test]
async fn the_desks_list_masks_numbers_and_the_one_view_shows_them_whole() {
    let service = ProfileService::new().await;
    service.submit_provider(PROVIDER).await;
    let list = service
        .done(admin(), "GET", "/api/v1/admin/verifications", None)
        .await;
    let listed = &list["items"][0];
    assert_eq!(
        (&listed["full_name"], &listed["phone_number"]),
        (&json!("Li Si"), &json!("***00"))
    );
    assert_eq!(
        listed["certifications"][0]["number"], "***",
        "two letters of three say it"
    );
    assert!(
        !list.to_string().contains("E-7") && !list.to_string().contains("1380013"),
        "{list}"
    );
    let path = format!("/api/v1/admin/providers/{PROVIDER}");
    let whole = service.done(admin(), "GET", &path, None).await;
    assert_eq!(whole["phone_number"], "13800138000");
    assert_eq!(whole["certifications"][0]["number"], "E-7");
    assert_eq!(whole["version"], listed["version"]);
}

#[tokio::test]
async fn the_desk_shows_those_who_wait_longest_first_by_pages() {
    let service = ProfileService::new().await;
    let people: Vec<UserId> = (10..15_u128)
        .map(|n| UserId(uuid::Uuid::from_u128(n)))
        .collect();
    // The ids run against time, so that the test detects ordering by id.
    for user in people.iter().rev() {
        service.clock.advance(1_000);
        service.submit_provider(*user).await;
    }
    let mut seen = Vec::new();
    let mut path = "/api/v1/admin/verifications?limit=2".to_owned();
    loop {
        let page = service.done(admin(), "GET", &path, None).await;
        let items = page["items"].as_array().unwrap();
        seen.extend(
            items
                .iter()
                .map(|item| item["user_id"].as_str().unwrap().to_owned()),
        );
        let Some(next) = page["next"].as_str() else {
            break;
        };
        path = format!("/api/v1/admin/verifications?limit=2&cursor={next}");
    }
    assert_eq!(
        seen,
        people
            .iter()
            .rev()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    );
    assert_eq!(service.ask(provider(), "GET", &path, None).await.0, 403);
    let done = service
        .done(
            admin(),
            "GET",
            "/api/v1/admin/verifications?state=verified",
            None,
        )
        .await;
    assert_eq!(done["items"], json!([]));
}
