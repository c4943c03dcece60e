//! An admin sets up an authenticator app and a passkey, and signs in with them.

use http::Method;
use process::clock::Clock;
use serde_json::{Value, json};
use stack::sign_ins::DemoPerson;
use support::{Api, Person, passkey::SoftPasskey, totp};

use super::journey::Secret;

const OWN: &str = "/api/v1/auth/second-factor";
const PASSKEY_NAME: &str = "the violet phone of aunt Wilhelmina";

/// Plays the set-up and a sign-in. Returns all values that must stay secret.
pub(super) async fn gone(api: &Api, admin: &Person, sign_in: &DemoPerson) -> Vec<Secret> {
    let own = json!({ "password": sign_in.password });
    let drawn = post(api, Some(admin), OWN, own).await;
    let secret = drawn["secret"].as_str().unwrap();
    let code = totp::code_at(secret, Clock::system().now());
    let confirm = format!("{OWN}/confirm");
    let confirmed = post(api, Some(admin), &confirm, json!({ "code": code })).await;
    let codes: Vec<String> = serde_json::from_value(confirmed["recovery_codes"].clone()).unwrap();
    let mut passkey = SoftPasskey::new();
    let begin = format!("{OWN}/passkeys/begin");
    let asked = post(api, Some(admin), &begin, json!({ "code": codes[0] })).await;
    let challenge = asked["challenge"].as_str().unwrap();
    let new = passkey.register(challenge).to_json(PASSKEY_NAME);
    post(api, Some(admin), &format!("{OWN}/passkeys"), new).await;

    let ticket = wait_for_factor(api, sign_in).await;
    let form = json!({ "ticket": ticket });
    let path = "/api/v1/auth/login/second-factor";
    let asked = post(api, None, &format!("{path}/passkey"), form).await;
    let proof = passkey.prove(asked["challenge"].as_str().unwrap());
    let form = json!({ "ticket": ticket, "passkey": proof.to_json(), "refresh": true });
    let signed_in = post(api, None, path, form).await;
    // A sign-in that goes no further keeps its ticket.
    let waiting = wait_for_factor(api, sign_in).await;

    let mut secrets: Vec<(&'static str, Vec<u8>)> = vec![
        ("secret of an app", secret.into()),
        ("secret of an app", totp::secret_bytes(secret)),
        ("name of a passkey", PASSKEY_NAME.into()),
        ("ticket", ticket.into()),
        ("ticket", waiting.into()),
    ];
    for name in ["access_token", "refresh_token"] {
        secrets.push(("token", signed_in[name].as_str().unwrap().into()));
    }
    for code in codes {
        secrets.push(("recovery code", code.replace('-', "").into()));
        secrets.push(("recovery code", code.into()));
    }
    let secrets = secrets.into_iter();
    secrets
        .map(|(what, value)| Secret { what, value })
        .collect()
}

async fn post(api: &Api, person: Option<&Person>, path: &str, form: Value) -> Value {
    api.call(Method::POST, path, person, Some(form))
        .await
        .unwrap()
}

/// Signs in by the password alone. Returns the ticket of the refusal.
async fn wait_for_factor(api: &Api, sign_in: &DemoPerson) -> String {
    let refused = api.sign_in(&sign_in.username, &sign_in.password).await;
    let problem = refused.err().and_then(|refused| refused.problem).unwrap();
    problem.extensions["ticket"].as_str().unwrap().to_owned()
}
