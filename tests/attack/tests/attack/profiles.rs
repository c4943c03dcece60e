//! Other people's profiles, and verification without an admin.

use attack::{AttackedPlatform, HttpCall, Somebody};
use serde_json::{Value, json};
use wire::Role;

const MINE: &str = "/api/v1/users/me/profile";
const ADDRESSES: &str = "/api/v1/users/me/addresses";
const CERTIFICATIONS: &str = "/api/v1/users/me/certifications";
const PHONE: &str = "+8613800138000";
const STREET: &str = "12 Huajiadi North";

/// A person with a name, a phone number and an address.
async fn known(platform: &AttackedPlatform, role: Role) -> Somebody {
    let person = platform.somebody(role).await;
    let blank = person.done(HttpCall::get(MINE)).await;
    let form = json!({ "version": blank["version"], "full_name": "Li Si", "phone_number": PHONE });
    let written = person.done(HttpCall::new("PUT", MINE).json(&form)).await;
    let address = json!({ "version": written["version"], "detail": STREET });
    person.done(HttpCall::post(ADDRESSES).json(&address)).await;
    person
}

fn calls_for(victim: &str, address: &str) -> Vec<HttpCall> {
    let form = json!({ "version": 3, "full_name": "Mallory", "phone_number": "12345" });
    let place = json!({ "version": 3, "detail": "mine now" });
    let decision = json!({ "version": 3, "reason": "mine now" });
    let id = victim;
    vec![
        HttpCall::get(&format!("/api/v1/customers/{id}/profile")),
        HttpCall::get(&format!("/customers/{id}/profile")),
        HttpCall::get(&format!("/api/v1/admin/providers/{id}")),
        HttpCall::new("PUT", &format!("/api/v1/customers/{id}/profile")).json(&form),
        HttpCall::new("PUT", &format!("/api/v1/providers/{id}/profile")).json(&form),
        HttpCall::new("PUT", &format!("/api/v1/users/{id}/profile")).json(&form),
        HttpCall::new("PUT", &format!("/api/v1/users/{id}")).json(&form),
        HttpCall::new("PUT", &format!("/api/users/{id}")).json(&form),
        HttpCall::get(&format!("/api/v1/users/{id}")),
        HttpCall::get(&format!("/api/users/{id}")),
        HttpCall::new("PUT", &format!("{ADDRESSES}/{address}")).json(&place),
        HttpCall::new("DELETE", &format!("{ADDRESSES}/{address}?version=3")),
        HttpCall::post(&format!("/api/v1/admin/providers/{id}/verify")).json(&decision),
        HttpCall::post(&format!("/api/v1/admin/providers/{id}/reject")).json(&decision),
    ]
}

#[tokio::test]
async fn a_person_reads_or_changes_somebody_elses_profile_and_addresses() {
    let platform = AttackedPlatform::shared().await;
    for victim_role in [Role::Customer, Role::Provider] {
        let victim = known(platform, victim_role).await;
        let before = victim.done(HttpCall::get(ADDRESSES)).await;
        let profile = victim.done(HttpCall::get(MINE)).await;
        let id = victim.person.user_id.to_string();
        let address = before["items"][0]["id"].as_str().expect("an address");
        for role in [Role::Customer, Role::Provider] {
            let stranger = known(platform, role).await;
            for call in calls_for(&id, address) {
                let answer = stranger.ask(call).await.unwrap();
                assert!(
                    matches!(answer.status, 403 | 404),
                    "{role:?}: {}",
                    answer.text()
                );
            }
            let public = HttpCall::get(&format!("/api/v1/providers/{id}/profile"));
            let shown = stranger.ask(public).await.unwrap().text().to_string();
            assert!(!shown.contains(PHONE) && !shown.contains(STREET), "{shown}");
        }
        assert_eq!(victim.done(HttpCall::get(ADDRESSES)).await, before);
        assert_eq!(victim.done(HttpCall::get(MINE)).await, profile);
    }
}

#[tokio::test]
async fn a_provider_verifies_himself_or_sells_his_mark_under_another_name() {
    let platform = AttackedPlatform::shared().await;
    let provider = known(platform, Role::Provider).await;
    let admin = platform.admin().await;
    let id = provider.person.user_id.to_string();
    for field in [
        "verified",
        "verification",
        "rating_hundredths",
        "completed_orders",
        "is_listed",
    ] {
        let mut form = json!({ "version": 3, "full_name": "Li Si", "phone_number": PHONE });
        form[field] = json!(true);
        let answer = provider
            .ask(HttpCall::new("PUT", MINE).json(&form))
            .await
            .unwrap();
        assert_eq!(answer.status, 422, "{field}: {}", answer.text());
    }
    let items = json!([{ "name": "Electrician", "number": "E-7", "issuer": "City of Light" }]);
    let certificates = |version: &Value| json!({ "version": version, "items": items });
    let written = provider
        .done(HttpCall::new("PUT", CERTIFICATIONS).json(&certificates(&json!(3))))
        .await;
    let waiting = provider
        .done(HttpCall::post("/api/v1/users/me/verification"))
        .await;
    assert_eq!(
        (&written["verified"], &waiting["verified"]),
        (&json!(false), &json!(false))
    );

    // The admin's decision covers the version they reviewed, not a later edit by the provider.
    let verify = format!("/api/v1/admin/providers/{id}/verify");
    let decision = |version: &Value| json!({ "version": version, "reason": "seen in person" });
    let renamed =
        json!({ "version": waiting["version"], "full_name": "Mallory", "phone_number": PHONE });
    let swapped = provider
        .done(HttpCall::new("PUT", MINE).json(&renamed))
        .await;
    let late = HttpCall::post(&verify).json(&decision(&waiting["version"]));
    assert_eq!(admin.ask(late).await.unwrap().status, 409);
    let verified = admin
        .done(HttpCall::post(&verify).json(&decision(&swapped["version"])))
        .await;
    assert_eq!(verified["verified"], true);

    let sold =
        json!({ "version": verified["version"], "full_name": "Somebody", "phone_number": PHONE });
    assert_eq!(
        provider.done(HttpCall::new("PUT", MINE).json(&sold)).await["verified"],
        false
    );
    let shown = admin
        .done(HttpCall::get(&format!("/api/v1/providers/{id}/profile")))
        .await;
    assert_eq!(
        (&shown["full_name"], &shown["verified"]),
        (&json!("Somebody"), &json!(false))
    );
}

#[tokio::test]
async fn somebody_calls_himself_one_of_the_platforms_staff() {
    let platform = AttackedPlatform::shared().await;
    let wide = "\u{ff21}\u{ff24}\u{ff2d}\u{ff29}\u{ff2e}";
    let service = "\u{5728}\u{7ebf}\u{5ba2}\u{670d}";
    for role in [Role::Customer, Role::Provider] {
        let person = platform.somebody(role).await;
        let version = person.done(HttpCall::get(MINE)).await["version"].clone();
        let named = async |name: &str| {
            let form = json!({ "version": version, "full_name": name, "phone_number": PHONE });
            person
                .ask(HttpCall::new("PUT", MINE).json(&form))
                .await
                .expect("an answer")
        };
        for name in [
            "Admin",
            "H0ldfast",
            "5upport Team",
            "A d m i n",
            "\u{410}dmin",
            wide,
            service,
        ] {
            let answer = named(name).await;
            let field = &answer.json()["errors"][0]["field"];
            assert_eq!((answer.status, field), (422, &json!("full_name")), "{name}");
        }
        assert_eq!(named("Badminton Coach Li").await.status, 200);
    }
}
