//! Attempts to set another person's password.

use attack::{AttackedPlatform, HttpAnswer, HttpCall, PASSWORD, PATIENCE, Somebody, Station};
use serde_json::json;
use support::eventually;
use wire::Role;

const NEW: &str = "the-thiefs-own-password";

async fn change(platform: &AttackedPlatform, from: Station, token: &str, old: &str) -> HttpAnswer {
    let form = json!({"old_password": old, "new_password": NEW});
    let call = HttpCall::post("/api/v1/auth/password")
        .bearer(token)
        .json(&form);
    from.ask(platform.gateway(), &call)
        .await
        .expect("an answer")
}

async fn redeem(platform: &AttackedPlatform, from: Station, name: &str, code: &str) -> HttpAnswer {
    let form = json!({"username": name, "code": code, "new_password": NEW});
    let call = HttpCall::post("/api/v1/auth/password-reset").json(&form);
    from.ask(platform.gateway(), &call)
        .await
        .expect("an answer")
}

async fn issued(admin: &Somebody, to: &Somebody) -> String {
    let path = format!("/api/v1/admin/users/{}/password-reset", to.person.user_id);
    let answer = admin.done(HttpCall::post(&path).json(&json!({"reason": "Asked at the desk."})));
    answer.await["code"].as_str().expect("a code").to_owned()
}

#[tokio::test]
async fn a_thief_of_a_token_takes_the_account_over_with_a_password_of_his_own() {
    let platform = AttackedPlatform::shared().await;
    let victim = platform.somebody(Role::Customer).await;
    let thief = Station::fresh();
    let token = &victim.person.token;
    let mut codes = Vec::new();
    for guess in 0..12 {
        let answer = change(
            platform,
            thief,
            token,
            &format!("a-guess-of-number-{guess}"),
        )
        .await;
        codes.push(answer.code());
    }
    assert_eq!(codes[0], "invalid_credentials");
    assert_eq!(
        codes.last().map(String::as_str),
        Some("account_locked"),
        "{codes:?}"
    );
    let station = victim.station;
    let name = &victim.username;
    assert!(
        platform.sign_in(station, name, PASSWORD).await.is_ok(),
        "the owner is not locked out"
    );
    let victims = victim.person.user_id;
    let path = format!("/api/v1/admin/users/{victims}/password-reset");
    let answer = victim
        .ask(HttpCall::post(&path).json(&json!({"reason": "mine"})))
        .await
        .unwrap();
    assert_eq!(answer.code(), "role_forbidden", "he gives himself a code");
}

#[tokio::test]
async fn a_stranger_guesses_a_code_that_an_admin_gave_out() {
    let platform = AttackedPlatform::shared().await;
    let admin = platform.admin().await;
    let victim = platform.somebody(Role::Provider).await;
    let code = issued(&admin, &victim).await;
    let stranger = Station::fresh();
    let mut codes = Vec::new();
    for guess in 0..12 {
        let text = format!("0000-0000-0000-{guess:04}");
        codes.push(
            redeem(platform, stranger, &victim.username, &text)
                .await
                .code(),
        );
    }
    assert_eq!(
        codes.last().map(String::as_str),
        Some("account_locked"),
        "{codes:?}"
    );
    let answer = redeem(platform, stranger, &victim.username, &code).await;
    assert_eq!(
        answer.code(),
        "account_locked",
        "not even the right one, from there"
    );
    let answer = redeem(platform, victim.station, &victim.username, &code).await;
    assert_eq!(answer.status, 204, "its owner uses it: {}", answer.text());
    let answer = redeem(platform, victim.station, &victim.username, &code).await;
    assert_eq!(answer.code(), "invalid_credentials", "once");
}

#[tokio::test]
async fn strangers_at_many_addresses_try_a_code_eleven_times() {
    let platform = AttackedPlatform::shared().await;
    let admin = platform.admin().await;
    let victim = platform.somebody(Role::Provider).await;
    let code = issued(&admin, &victim).await;
    for guess in 0..10 {
        let text = format!("0000-0000-0000-{guess:04}");
        let answer = redeem(platform, Station::fresh(), &victim.username, &text).await;
        assert_eq!(answer.code(), "invalid_credentials");
    }
    let answer = redeem(platform, Station::fresh(), &victim.username, &code).await;
    assert_eq!(
        answer.code(),
        "invalid_credentials",
        "the eleventh try, by the right code"
    );
    let code = issued(&admin, &victim).await;
    let answer = redeem(platform, victim.station, &victim.username, &code).await;
    assert_eq!(
        answer.status,
        204,
        "its owner asks for another: {}",
        answer.text()
    );
}

#[tokio::test]
async fn a_thief_stays_in_after_the_password_was_set_anew() {
    let platform = AttackedPlatform::shared().await;
    let admin = platform.admin().await;
    let victim = platform.somebody(Role::Provider).await;
    let code = issued(&admin, &victim).await;
    let answer = redeem(platform, victim.station, &victim.username, &code).await;
    assert_eq!(answer.status, 204, "{}", answer.text());
    let thief = Station::fresh();
    let orders = HttpCall::get("/api/v1/orders").bearer(&victim.person.token);
    let answer = thief.ask(platform.gateway(), &orders).await.unwrap();
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (401, "invalid_token")
    );
    let refused = platform
        .sign_in(thief, &victim.username, PASSWORD)
        .await
        .unwrap_err();
    assert_eq!(refused.code(), "invalid_credentials", "the old password");
    let board = HttpCall::get("/board").bearer(&victim.edge_token);
    eventually("the edge has heard of it", PATIENCE, async || {
        let answer = thief.ask(platform.edge().http, &board).await.ok()?;
        (answer.code() == "session_ended").then_some(())
    })
    .await;
    assert!(
        platform
            .sign_in(victim.station, &victim.username, NEW)
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_thief_of_an_admins_token_takes_the_admins_account_over() {
    let platform = AttackedPlatform::shared().await;
    let admin = platform.admin().await;
    let path = format!(
        "/api/v1/admin/users/{}/password-reset",
        admin.person.user_id
    );
    let answer = admin
        .ask(HttpCall::post(&path).json(&json!({"reason": "mine"})))
        .await
        .unwrap();
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (403, "role_forbidden")
    );
}

/// Requests a mail with a code for a new password.
async fn ask_for_mail(platform: &AttackedPlatform, from: Station, account: &str) -> HttpAnswer {
    let form = json!({ "account": account });
    let call = HttpCall::post("/api/v1/auth/password-codes").json(&form);
    from.ask(platform.gateway(), &call)
        .await
        .expect("an answer")
}

#[tokio::test]
async fn a_stranger_asks_for_a_code_to_learn_which_accounts_exist() {
    let platform = AttackedPlatform::shared().await;
    let victim = platform.somebody(Role::Customer).await;
    let admin = platform.admin().await;
    let stranger = Station::fresh();
    let code = issued(&admin, &victim).await;
    let mut answers = Vec::new();
    for account in [
        victim.username.as_str(),
        admin.username.as_str(),
        "nobody-of-that-name",
        "nobody-of-that-name@example.org",
    ] {
        let answer = ask_for_mail(platform, stranger, account).await;
        answers.push((answer.status, answer.text()));
    }
    assert_eq!(answers[0].0, 204, "{answers:?}");
    assert!(
        answers.iter().all(|answer| *answer == answers[0]),
        "{answers:?}"
    );
    let victims = redeem(platform, victim.station, &victim.username, &code).await;
    assert_eq!(victims.status, 204, "the admin's code is void");
}
