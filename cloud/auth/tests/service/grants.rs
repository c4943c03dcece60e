//! Device grants: a provider's tablet gets a token for days, which the provider or an admin can
//! end.

use axum::http::{Method, StatusCode};
use process::tokens::{Claims, TokenAudience, TokenKind};
use rstest::rstest;
use serde_json::{Value, json};
use wire::Region;

use crate::{
    common::{Answer, Auth, Engine, MINUTE_MS, PASSWORD},
    edge_tokens::claims,
};

const SESSIONS: &str = "/api/v1/auth/sessions";
const HOURS_72: i64 = 72 * 3600;

/// A provider `lisi`, a customer `mei` and an admin `boss`.
async fn people(engine: Engine) -> Auth {
    let auth = Auth::new(engine).await;
    auth.register("lisi", "provider").await;
    auth.register("mei", "customer").await;
    auth.register("boss", "customer").await;
    auth.make_admin("boss").await;
    auth
}

/// Signs in from that tablet through an edge of NORTH.
async fn at_tablet(auth: &Auth, username: &str, tablet: &str) -> Answer {
    let form = json!({
        "username": username, "password": PASSWORD, "region": "NORTH", "edge_only": true, "tablet": tablet,
    });
    let answer = auth.post("login", form).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    answer
}

async fn grant(auth: &Auth, tablet: &str) -> Claims {
    let answer = at_tablet(auth, "lisi", tablet).await;
    claims(auth, answer.body["edge_token"].as_str().unwrap()).await
}

/// The listed sessions, each with id, kind and device.
async fn listed(auth: &Auth, path: &str, token: &str) -> Vec<(String, String, Value)> {
    let answer = auth.send(Method::GET, path, Some(token), None).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let items = answer.body["items"].as_array().unwrap().iter();
    items
        .map(|item| {
            (
                text(&item["session_id"]),
                text(&item["kind"]),
                item["device"].clone(),
            )
        })
        .collect()
}

#[tokio::test]
async fn a_kiosks_device_gets_a_grant_and_another_customers_device_does_not() {
    let listed = |config| auth::Config {
        kiosks: vec!["kiosk-north".into()],
        ..config
    };
    let auth = Auth::with(Engine::Sqlite, "memory:", listed).await;
    auth.register("kiosk-north", "customer").await;
    auth.register("mei", "customer").await;
    let kiosk = at_tablet(&auth, "kiosk-north", "kiosk-1").await;
    assert_eq!(kiosk.body["expires_in"], HOURS_72);
    let granted = claims(&auth, kiosk.body["edge_token"].as_str().unwrap()).await;
    assert_eq!(granted.kind, TokenKind::DeviceGrant);
    assert_eq!(granted.role, wire::Role::Customer);
    let person = at_tablet(&auth, "mei", "kiosk-1").await;
    assert_eq!(person.body["expires_in"], 3600);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_providers_tablet_gets_a_token_of_its_own_for_three_days(#[case] engine: Engine) {
    let auth = people(engine).await;
    let answer = at_tablet(&auth, "lisi", "tablet-7").await;
    assert!(
        answer.body.get("access_token").is_none(),
        "nothing that opens the cloud"
    );
    assert_eq!(answer.body["expires_in"], HOURS_72);
    let granted = claims(&auth, answer.body["edge_token"].as_str().unwrap()).await;
    assert_eq!(granted.exp - granted.iat, HOURS_72);
    assert_eq!(granted.kind, TokenKind::DeviceGrant);
    assert_eq!(granted.device.unwrap().as_str(), "tablet-7");
    assert_eq!(granted.region, Some(Region::North));

    let customer = at_tablet(&auth, "mei", "tablet-7").await;
    assert_eq!(
        customer.body["expires_in"], 3600,
        "a customer works for an hour"
    );
    let theirs = claims(&auth, customer.body["edge_token"].as_str().unwrap()).await;
    assert_eq!((theirs.kind, theirs.device), (TokenKind::Edge, None));

    let own = auth.token("lisi").await;
    let list = listed(&auth, SESSIONS, &own).await;
    assert_eq!(list.len(), 2);
    let kept = list
        .iter()
        .find(|(_, kind, _)| kind == "device_grant")
        .unwrap();
    assert_eq!(
        (&kept.0, &kept.2),
        (&granted.jti.0.to_string(), &json!("tablet-7"))
    );
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_signed_in_provider_gets_a_grant_that_outlives_the_session_and_others_get_none(
    #[case] engine: Engine,
) {
    let auth = people(engine).await;
    let ask = async |token: &str| {
        let body = json!({ "region": "NORTH", "device": "tablet-7" });
        auth.send(
            Method::POST,
            "/api/v1/auth/device-grants",
            Some(token),
            Some(body),
        )
        .await
    };
    let own = auth.token("lisi").await;
    let answer = ask(&own).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let token = answer.body["edge_token"].as_str().unwrap();
    let granted = claims(&auth, token).await;
    assert_ne!(granted.jti, claims(&auth, &own).await.jti);
    assert_eq!(auth.logout(&own).await.status, StatusCode::NO_CONTENT);
    assert!(!auth.ended_sessions().await.contains(&json!(granted.jti)));
    assert_eq!(ask(&own).await.code(), "invalid_token");
    assert_eq!(
        ask(token).await.code(),
        "invalid_token",
        "a grant gives out none"
    );
    for other in ["mei", "boss"] {
        assert_eq!(ask(&auth.token(other).await).await.code(), "role_forbidden");
    }
    let misspelt = json!({ "region": "NORTH", "device": "Tablet 7" });
    let path = "/api/v1/auth/device-grants";
    let own = auth.token("lisi").await;
    let wrong = auth
        .send(Method::POST, path, Some(&own), Some(misspelt))
        .await;
    assert_eq!(
        (wrong.status, wrong.fields()),
        (StatusCode::UNPROCESSABLE_ENTITY, vec!["device"])
    );
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_new_grant_takes_the_place_of_the_same_tablets_and_of_the_oldest_beyond_eight(
    #[case] engine: Engine,
) {
    let auth = people(engine).await;
    let mut grants = Vec::new();
    for n in 0..8 {
        grants.push(grant(&auth, &format!("tablet-{n}")).await);
        auth.clock.advance(MINUTE_MS);
    }
    assert!(auth.ended_sessions().await.is_empty());
    let again = grant(&auth, "tablet-3").await;
    assert_eq!(
        auth.ended_sessions().await,
        [json!(grants[3].jti)],
        "edges hear of it"
    );
    auth.clock.advance(MINUTE_MS);
    let ninth = grant(&auth, "tablet-8").await;
    assert_eq!(
        auth.ended_sessions().await,
        [json!(grants[3].jti), json!(grants[0].jti)]
    );
    let own = auth.token("lisi").await;
    let list = listed(&auth, SESSIONS, &own).await;
    let live: Vec<_> = list
        .iter()
        .filter(|(_, kind, _)| kind == "device_grant")
        .collect();
    assert_eq!(live.len(), 8);
    for one in [&again, &ninth] {
        assert!(live.iter().any(|(id, ..)| *id == one.jti.0.to_string()));
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_grant_is_ended_by_its_person_an_admin_or_the_tablet_and_by_nobody_else(
    #[case] engine: Engine,
) {
    let auth = people(engine).await;
    let [first, second] = [
        grant(&auth, "tablet-1").await,
        grant(&auth, "tablet-2").await,
    ];
    let third = at_tablet(&auth, "lisi", "tablet-3").await.body["edge_token"].clone();
    let own = auth.token("lisi").await;
    let other = auth.token("mei").await;
    let admin = auth.token("boss").await;
    let end =
        async |path: String, token: &str| auth.send(Method::DELETE, &path, Some(token), None).await;
    let of_lisi = format!("/api/v1/admin/users/{}/sessions", first.sub.0);
    for token in [&own, &other] {
        let answer = end(format!("{of_lisi}/{}", second.jti.0), token).await;
        assert_eq!(answer.code(), "role_forbidden");
    }
    assert_eq!(
        end(format!("{SESSIONS}/{}", first.jti.0), &other)
            .await
            .code(),
        "not_found"
    );
    let done = StatusCode::NO_CONTENT;
    assert_eq!(
        end(format!("{SESSIONS}/{}", first.jti.0), &own)
            .await
            .status,
        done
    );

    let list = listed(&auth, &of_lisi, &admin).await;
    assert!(list.iter().any(|(id, ..)| *id == second.jti.0.to_string()));
    let elsewhere = claims(&auth, &other).await.sub.0;
    let wrong = format!("/api/v1/admin/users/{elsewhere}/sessions/{}", second.jti.0);
    assert_eq!(
        end(wrong, &admin).await.code(),
        "not_found",
        "a session of somebody else"
    );
    assert_eq!(
        end(format!("{of_lisi}/{}", second.jti.0), &admin)
            .await
            .status,
        done
    );
    let on_record = "SELECT COUNT(*) FROM sessions s JOIN users u ON u.id = s.ended_by \
        WHERE s.ended_why = 'by_admin' AND u.username = 'boss'";
    assert_eq!(auth.count(on_record).await, 1);

    let token = third.as_str().unwrap();
    let audience = TokenAudience::Edges(Region::North);
    assert_eq!(claims(&auth, token).await.audience(), Some(audience));
    assert_eq!(
        auth.post("edge-logout", json!({ "token": token }))
            .await
            .status,
        done
    );
    let jtis = [first.jti, second.jti, claims(&auth, token).await.jti].map(|jti| json!(jti));
    assert_eq!(auth.ended_sessions().await, jtis, "edges hear of each");
}

#[tokio::test]
async fn a_grant_ends_with_its_persons_account_and_password() {
    let auth = people(Engine::Sqlite).await;
    let granted = grant(&auth, "tablet-7").await;
    let own = auth.token("lisi").await;
    let form = json!({ "old_password": PASSWORD, "new_password": "another horse battery" });
    let changed = auth
        .send(
            Method::POST,
            "/api/v1/auth/password",
            Some(&own),
            Some(form),
        )
        .await;
    assert!(changed.status.is_success(), "{}", changed.text);
    assert!(auth.ended_sessions().await.contains(&json!(granted.jti)));
}

#[test]
fn a_grant_lives_three_days_at_most() {
    let read = |hours: u32| serde_json::from_value::<auth::GrantHours>(json!(hours));
    assert_eq!(read(72).unwrap().to_seconds(), HOURS_72);
    assert!(read(1).is_ok());
    assert!(read(0).is_err());
    assert!(read(73).unwrap_err().to_string().contains("72"));
}
