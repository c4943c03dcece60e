//! Email addresses: changing an account's address with a stolen session, and using addresses to
//! find accounts or to fill a mailbox.

use attack::{AttackedPlatform, HttpAnswer, HttpCall, PASSWORD, Somebody, Station};
use serde_json::{Value, json};
use wire::Role;

const ADDRESS: &str = "/api/v1/auth/address";

async fn change(from: Station, of: &Somebody, email: &str, password: &str) -> HttpAnswer {
    let platform = AttackedPlatform::shared().await;
    let form = json!({ "email": email, "password": password });
    let call = HttpCall::new("PUT", ADDRESS)
        .bearer(&of.person.token)
        .json(&form);
    from.ask(platform.gateway(), &call)
        .await
        .expect("an answer")
}

fn address_of(somebody: &Somebody) -> String {
    format!("{}@example.org", somebody.username)
}

#[tokio::test]
async fn a_thief_of_a_session_has_its_mail_sent_to_himself() {
    let platform = AttackedPlatform::shared().await;
    let victim = platform.somebody(Role::Customer).await;
    let thief = Station::fresh();
    let before = victim.done(HttpCall::get(ADDRESS)).await;
    let mut codes = Vec::new();
    for guess in 0..12 {
        let guess = format!("a-guess-of-number-{guess}");
        codes.push(
            change(thief, &victim, "thief@example.net", &guess)
                .await
                .code(),
        );
    }
    assert_eq!(codes[0], "invalid_credentials");
    assert_eq!(
        codes.last().map(String::as_str),
        Some("account_locked"),
        "{codes:?}"
    );
    // Nor can the thief confirm a change that was never requested.
    for code in ["0000-0000-0000-0000", "ZZZZ-ZZZZ-ZZZZ-ZZZZ"] {
        let call = HttpCall::post(&format!("{ADDRESS}/confirm")).bearer(&victim.person.token);
        let answer = thief
            .ask(platform.gateway(), &call.json(&json!({ "code": code })))
            .await;
        assert_eq!(answer.expect("an answer").code(), "code_over");
    }
    assert_eq!(victim.done(HttpCall::get(ADDRESS)).await, before);
}

#[tokio::test]
async fn a_stranger_learns_by_an_address_who_has_an_account_and_fills_its_mailbox() {
    let platform = AttackedPlatform::shared().await;
    let known = platform.somebody(Role::Customer).await;
    let stranger = platform.somebody(Role::Customer).await;
    let mut said = Vec::new();
    for email in [address_of(&known), "nobody.at.all@example.org".to_owned()] {
        let answer = change(stranger.station, &stranger, &email, PASSWORD).await;
        let mut body = answer.json();
        body["pending"] = Value::Null;
        said.push((answer.status, body));
    }
    assert_eq!(said[0], said[1]);
    assert_eq!(said[0].0, 200);
    // One address gets few mails even if many accounts at many stations request them.
    let mut sent = 1;
    loop {
        let other = platform.somebody(Role::Customer).await;
        let answer = change(other.station, &other, &address_of(&known), PASSWORD).await;
        if answer.status != 200 {
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (429, "rate_limited")
            );
            break;
        }
        sent += 1;
        assert!(sent < 9, "the mailbox is sent mail after mail");
    }
    assert_eq!(sent, 5);
}

#[tokio::test]
async fn a_stranger_learns_by_registering_who_has_an_account() {
    let platform = AttackedPlatform::shared().await;
    let known = platform.somebody(Role::Customer).await;
    let mut heard = Vec::new();
    for (number, email) in [address_of(&known), format!("free-{}", address_of(&known))]
        .iter()
        .enumerate()
    {
        let station = Station::fresh();
        let name = format!("{}-{number}", known.username);
        let form = json!({
            "username": name, "email": email, "password": PASSWORD, "role": "customer",
        });
        let call = HttpCall::post("/api/v1/auth/register").json(&form);
        let registered = station
            .ask(platform.gateway(), &call)
            .await
            .expect("an answer");
        assert_eq!(registered.status, 201, "{}", registered.text());
        let stranger = platform
            .sign_in(station, &name, PASSWORD)
            .await
            .expect("a sign-in");
        let mut shown = stranger.done(HttpCall::get(ADDRESS)).await;
        assert_eq!(shown["email"], json!(email));
        shown["email"] = Value::Null;
        let guess = json!({ "code": "0000-0000-0000-0000" });
        let guess = HttpCall::post(&format!("{ADDRESS}/confirm")).json(&guess);
        let guessed = stranger.ask(guess).await.expect("an answer").code();
        let again = HttpCall::post(&format!("{ADDRESS}/code")).json(&json!({}));
        let again = stranger.ask(again).await.expect("an answer").status;
        let named = change(station, &stranger, email, PASSWORD).await.status;
        heard.push((shown, guessed, again, named));
    }
    assert_eq!(heard[0], heard[1]);
}
