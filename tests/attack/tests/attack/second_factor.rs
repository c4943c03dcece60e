//! Attempts to get around an admin's second factor, with their password known.

use attack::{AttackedPlatform, HttpAnswer, HttpCall, PASSWORD, Somebody, Station};
use process::clock::Clock;
use serde_json::{Value, json};
use stack::{Stores, sign_ins};
use support::totp::code_at;
use wire::{Role, UnixMillis};

const OWN: &str = "/api/v1/auth/second-factor";
const STEP_MS: i64 = 30_000;

/// A second factor that was set up moments ago.
struct Factor {
    secret: String,
    recovery_codes: Vec<String>,
    /// The time whose code confirmed it.
    confirmed_at: UnixMillis,
}

/// A platform of its own. These attacks lock it, and leave its shared state unusable.
async fn platform() -> AttackedPlatform {
    AttackedPlatform::with(Stores::Embedded, &[]).await
}

async fn set_up(admin: &Somebody, password: &str) -> Factor {
    let form = json!({ "password": password });
    let drawn = admin.done(HttpCall::post(OWN).json(&form)).await;
    let secret = drawn["secret"].as_str().expect("a secret").to_owned();
    let confirmed_at = Clock::system().now();
    let form = json!({ "code": code_at(&secret, confirmed_at) });
    let confirm = format!("{OWN}/confirm");
    let confirmed = admin.done(HttpCall::post(&confirm).json(&form)).await;
    let codes = confirmed["recovery_codes"].clone();
    Factor {
        secret,
        recovery_codes: serde_json::from_value(codes).expect("recovery codes"),
        confirmed_at,
    }
}

impl Factor {
    /// The code of the next step, which drift admits and no one has used.
    fn next_code(&self) -> String {
        code_at(&self.secret, self.confirmed_at.plus_ms(STEP_MS))
    }
}

async fn post(platform: &AttackedPlatform, from: Station, path: &str, form: &Value) -> HttpAnswer {
    let call = HttpCall::post(path).json(form);
    let answer = from.ask(platform.gateway(), &call).await;
    answer.expect("an answer")
}

async fn ticket(platform: &AttackedPlatform, from: Station) -> String {
    ticket_of(platform, from, sign_ins::ADMIN, sign_ins::PASSWORD).await
}

async fn ticket_of(
    platform: &AttackedPlatform,
    from: Station,
    username: &str,
    password: &str,
) -> String {
    let answer = platform.sign_in(from, username, password).await;
    let Err(refused) = answer else {
        panic!("a session by the password alone")
    };
    assert_eq!(refused.code(), "second_factor_required");
    let refused = refused.json();
    refused["ticket"].as_str().expect("a ticket").to_owned()
}

async fn enter(platform: &AttackedPlatform, from: Station, ticket: &str, code: &str) -> HttpAnswer {
    let form = json!({ "ticket": ticket, "code": code });
    post(platform, from, "/api/v1/auth/login/second-factor", &form).await
}

#[tokio::test]
async fn a_thief_of_the_password_guesses_codes() {
    let platform = platform().await;
    let admin = platform.admin().await;
    let factor = set_up(&admin, sign_ins::PASSWORD).await;
    let thief = Station::fresh();
    let mut codes = Vec::new();
    for _ in 0..2 {
        let ticket = ticket(&platform, thief).await;
        for guess in 0..5 {
            let guessed = enter(&platform, thief, &ticket, &format!("00000{guess}")).await;
            codes.push(guessed.code());
        }
        let spent = enter(&platform, thief, &ticket, &factor.recovery_codes[0]).await;
        codes.push(spent.code());
    }
    assert_eq!(codes[..5], ["code_wrong"; 5]);
    assert_eq!(codes[5], "visit_over", "a ticket has five tries: {codes:?}");
    let again = platform
        .sign_in(thief, sign_ins::ADMIN, sign_ins::PASSWORD)
        .await;
    let Err(refused) = again else {
        panic!("a session by the password alone")
    };
    assert_eq!(refused.code(), "account_locked", "{codes:?}");
    let owner = Station::fresh();
    let ticket = ticket(&platform, owner).await;
    let let_in = enter(&platform, owner, &ticket, &factor.recovery_codes[0]).await;
    assert_eq!(
        let_in.status,
        200,
        "the owner is not locked out: {}",
        let_in.text()
    );
}

/// Another admin, whose role includes one permission.
async fn clerk(platform: &AttackedPlatform, admin: &Somebody) -> Somebody {
    let clerk = platform.somebody(Role::Customer).await;
    let form = json!({
        "name": "Clerk", "permissions": ["read_people"], "reason": "For the desk.",
    });
    let role = HttpCall::post("/api/v1/admin/roles").json(&form);
    let role = admin.done(role).await;
    let gift = json!({ "role_id": role["role_id"], "reason": "Joined the desk." });
    let path = format!("/api/v1/admin/users/{}/role", clerk.person.user_id);
    admin.done(HttpCall::new("PUT", &path).json(&gift)).await;
    let signed = platform
        .sign_in(clerk.station, &clerk.username, PASSWORD)
        .await;
    signed.unwrap_or_else(|refusal| panic!("not let in: {}", refusal.text()))
}

#[tokio::test]
async fn a_thief_sends_a_code_with_another_persons_ticket() {
    let platform = platform().await;
    let admin = platform.admin().await;
    let clerk = clerk(&platform, &admin).await;
    let factor = set_up(&admin, sign_ins::PASSWORD).await;
    set_up(&clerk, PASSWORD).await;
    let thief = Station::fresh();
    let foreign = ticket_of(&platform, thief, &clerk.username, PASSWORD).await;
    let refused = enter(&platform, thief, &foreign, &factor.recovery_codes[0]).await;
    assert_eq!(refused.code(), "code_wrong");
    let own = ticket(&platform, thief).await;
    let let_in = enter(&platform, thief, &own, &factor.recovery_codes[0]).await;
    assert_eq!(let_in.status, 200, "the code is unspent: {}", let_in.text());
}

#[tokio::test]
async fn a_thief_enters_one_code_twice_at_once() {
    let platform = platform().await;
    let admin = platform.admin().await;
    let factor = set_up(&admin, sign_ins::PASSWORD).await;
    let (owner, thief) = (Station::fresh(), Station::fresh());
    let first = ticket(&platform, owner).await;
    let second = ticket(&platform, thief).await;
    let code = factor.next_code();
    let (one, other) = tokio::join!(
        enter(&platform, owner, &first, &code),
        enter(&platform, thief, &second, &code),
    );
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 401], "{} {}", one.text(), other.text());
}

#[tokio::test]
async fn a_thief_replays_a_code_and_a_ticket() {
    let platform = platform().await;
    let admin = platform.admin().await;
    let factor = set_up(&admin, sign_ins::PASSWORD).await;
    let (owner, thief) = (Station::fresh(), Station::fresh());
    let first = ticket(&platform, owner).await;
    let code = factor.next_code();
    assert_eq!(enter(&platform, owner, &first, &code).await.status, 200);
    let second = ticket(&platform, thief).await;
    let replayed = enter(&platform, thief, &second, &code).await;
    assert_eq!(replayed.code(), "code_wrong", "a code works once");
    let spent = enter(&platform, thief, &first, &factor.recovery_codes[0]).await;
    assert_eq!(spent.code(), "visit_over", "a ticket works once");
    let made_up = enter(&platform, thief, "made-up", &factor.recovery_codes[0]).await;
    assert_eq!(made_up.code(), "visit_over");
    let form = json!({ "ticket": second });
    for path in ["set-up", "passkey/set-up"] {
        let path = format!("/api/v1/auth/login/second-factor/{path}");
        let drawn = post(&platform, thief, &path, &form).await;
        let why = "no second app and no passkey is let in";
        assert_eq!(drawn.code(), "second_factor_exists", "{why}");
    }
    let page = || {
        let form = json!({ "ticket": second, "code": factor.recovery_codes[1] });
        HttpCall::post("/api/v1/session/second-factor").json(&form)
    };
    let foreign = page().header("origin", "https://thief.example");
    let foreign = thief.ask(platform.gateway(), &foreign).await;
    assert_eq!(foreign.expect("an answer").code(), "foreign_page");
    let own = page().header("sec-fetch-site", "same-origin");
    let own = owner
        .ask(platform.gateway(), &own)
        .await
        .expect("an answer");
    assert_eq!(
        own.status,
        200,
        "the owner's page is let in: {}",
        own.text()
    );
    assert_eq!(own.json()["username"], sign_ins::ADMIN);
    assert!(
        own.json().get("access_token").is_none(),
        "the token stays in the cookie"
    );
}

#[tokio::test]
async fn a_thief_of_a_session_turns_the_factor_off() {
    let platform = platform().await;
    let admin = platform.admin().await;
    set_up(&admin, sign_ins::PASSWORD).await;
    for (path, form) in [
        (format!("{OWN}/turn-off"), json!({ "code": "000000" })),
        (format!("{OWN}/recovery-codes"), json!({ "code": "000000" })),
    ] {
        let refused = admin.ask(HttpCall::post(&path).json(&form)).await;
        assert_eq!(refused.expect("an answer").code(), "code_wrong");
    }
    let form = json!({ "password": sign_ins::PASSWORD });
    let another = admin.ask(HttpCall::post(OWN).json(&form)).await;
    assert_eq!(another.expect("an answer").code(), "second_factor_exists");
    let begin = format!("{OWN}/passkeys/begin");
    let begun = admin.ask(HttpCall::post(&begin).json(&form)).await;
    let begun = begun.expect("an answer");
    assert_eq!(begun.code(), "invalid_input", "a password is no proof");
    let own = format!(
        "/api/v1/admin/users/{}/second-factor/remove",
        admin.person.user_id
    );
    let reason = json!({ "reason": "mine" });
    let removed = admin.ask(HttpCall::post(&own).json(&reason)).await;
    assert_eq!(removed.expect("an answer").code(), "role_forbidden");
    let stranger = platform.somebody(Role::Customer).await;
    let removed = stranger.ask(HttpCall::post(&own).json(&reason)).await;
    assert_eq!(removed.expect("an answer").code(), "role_forbidden");
    let form = json!({ "password": PASSWORD });
    let refused = stranger.ask(HttpCall::post(OWN).json(&form)).await;
    assert_eq!(refused.expect("an answer").code(), "role_forbidden");
}
