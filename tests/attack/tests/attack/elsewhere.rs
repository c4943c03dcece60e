//! Sign-in through other services: with an intercepted answer, into the attacker's account, and
//! into an account with the same address.

use attack::{AttackedPlatform, HttpAnswer, HttpCall, Station};
use serde_json::{Value, json};
use stack::Stores;
use support::CarelessIssuer;
use tokio::sync::OnceCell;
use wire::Role;

const BACK: &str = "http://127.0.0.1:1/sign-in/back";

/// A visit as its browser holds it.
struct Visit {
    ticket: String,
    state: String,
    nonce: String,
}

/// A platform with an issuer that signs any identity on request.
async fn platform() -> &'static AttackedPlatform {
    static PLATFORM: OnceCell<AttackedPlatform> = OnceCell::const_new();
    PLATFORM
        .get_or_init(async || {
            let environment = CarelessIssuer::start("").environment("careless", BACK);
            let environment = environment
                .each_ref()
                .map(|(name, value)| (name.as_str(), value.as_str()));
            AttackedPlatform::with(Stores::Real, &environment).await
        })
        .await
}

async fn begin(platform: &AttackedPlatform, from: Station) -> Visit {
    let call = HttpCall::post("/api/v1/auth/oidc/careless/begin").json(&json!({}));
    visit(
        &from
            .ask(platform.gateway(), &call)
            .await
            .expect("an answer"),
    )
}

fn visit(begun: &HttpAnswer) -> Visit {
    assert_eq!(begun.status, 200, "{}", begun.text());
    let body: Value = serde_json::from_slice(&begun.body).expect("an answer");
    let address = body["address"].as_str().expect("an address");
    let word = |name: &str| {
        let (_, rest) = address.split_once(&format!("{name}=")).expect(name);
        rest.split('&').next().unwrap_or_default().to_owned()
    };
    let ticket = body["ticket"].as_str().expect("a ticket").to_owned();
    Visit {
        ticket,
        state: word("state"),
        nonce: word("nonce"),
    }
}

/// The issuer's code for this subject and address.
fn code(visit: &Visit, subject: &str, email: &str) -> String {
    CarelessIssuer::code(&visit.nonce, subject, email)
}

async fn finish(
    platform: &AttackedPlatform,
    from: Station,
    (ticket, state): (&Visit, &Visit),
    code: &str,
) -> HttpAnswer {
    let form = json!({ "ticket": ticket.ticket, "state": state.state, "code": code });
    let call = HttpCall::post("/api/v1/auth/oidc/sign-in").json(&form);
    from.ask(platform.gateway(), &call)
        .await
        .expect("an answer")
}

#[tokio::test]
async fn another_persons_browser_finishes_a_sign_in() {
    let platform = platform().await;
    let victim = Station::fresh();
    let thief = Station::fresh();
    let own = begin(platform, victim).await;
    let other = begin(platform, thief).await;
    let caught = code(&own, "the-victim", "victim@elsewhere.example");
    // The thief has intercepted the return address, but not the ticket.
    let answer = finish(platform, thief, (&other, &own), &caught).await;
    assert_eq!((answer.status, answer.code().as_str()), (409, "visit_over"));
    // The thief uses the code in another visit, but the token answers the victim's visit.
    let answer = finish(platform, thief, (&other, &other), &caught).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (403, "identity_refused")
    );
    // The thief leads the victim's browser to the end of the thief's visit, so that the victim
    // would work in the thief's account.
    let other = begin(platform, thief).await;
    let his = code(&other, "the-thief", "thief@elsewhere.example");
    let answer = finish(platform, victim, (&own, &other), &his).await;
    assert_eq!((answer.status, answer.code().as_str()), (409, "visit_over"));
    let form = json!({ "ticket": other.ticket, "state": other.state, "code": his });
    let page = HttpCall::post("/api/v1/session/oidc").json(&form);
    let page = page.header("origin", "http://evil.example");
    let answer = victim
        .ask(platform.gateway(), &page)
        .await
        .expect("an answer");
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (403, "foreign_page")
    );
    let answer = finish(platform, victim, (&own, &own), &caught).await;
    assert_eq!(
        answer.status,
        200,
        "the victim comes back: {}",
        answer.text()
    );
    let answer = finish(platform, victim, (&own, &own), &caught).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (409, "visit_over"),
        "once"
    );
}

#[tokio::test]
async fn somebody_takes_an_account_over_by_its_address_at_another_service() {
    let platform = platform().await;
    let victim = platform.somebody(Role::Provider).await;
    // The address from the victim's registration.
    let email = format!("{}@example.org", victim.username);
    let thief = Station::fresh();
    let own = begin(platform, thief).await;
    let answer = finish(
        platform,
        thief,
        (&own, &own),
        &code(&own, "a-thief", &email),
    )
    .await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (409, "user_exists"),
        "{}",
        answer.text()
    );
    // The thief has the victim's token, but not the password.
    for guess in ["", "a-guess-of-the-thief"] {
        let call = HttpCall::post("/api/v1/auth/oidc/careless/link");
        let call = call
            .bearer(&victim.person.token)
            .json(&json!({ "password": guess }));
        let answer = thief
            .ask(platform.gateway(), &call)
            .await
            .expect("an answer");
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (401, "invalid_credentials")
        );
    }
    let call = HttpCall::post("/api/v1/auth/identities").bearer(&victim.person.token);
    let own = begin(platform, thief).await;
    let code = code(&own, "a-thief", "thief@elsewhere.example");
    let form = json!({ "ticket": own.ticket, "state": own.state, "code": code });
    let answer = thief
        .ask(platform.gateway(), &call.json(&form))
        .await
        .expect("an answer");
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (409, "visit_over"),
        "a visit to sign in links nothing"
    );
}
