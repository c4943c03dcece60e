//! A person signs in through another service, and admins then act on the account, each time with a
//! reason.

use http::Method;
use process::client::ClientError;
use serde_json::{Value, json};
use support::{Api, CarelessIssuer, Person};
use wire::Code;

use super::journey::Secret;

pub(super) const CLIENT_SECRET: &str = "the-secret-of-our-violet-client";
const BACK: &str = "http://127.0.0.1:1/sign-in/back";
const NAME: &str = "careless";
const SUBJECT: &str = "subject-of-the-violet-lantern";
const EMAIL: &str = "violet.elsewhere@lantern.example.org";
const MADE: &str = "her nephew Leopold needs a desk";
const GIVEN: &str = "Leopold is her nephew after all";
const TAKEN: &str = "Leopold quarrelled with the cook";
/// This text is part of a URL, where a blank would be encoded.
const REMOVED: &str = "Leopold-never-came-to-the-desk";
const CLOSED: &str = "her brother Ottokar wrote to us";
const OPENED: &str = "her brother Ottokar begged pardon";
const CLOSED_AGAIN: &str = "her brother Ottokar wrote once more";
const KILLED: &str = "our clerk Sigismund lost his bag";

/// A visit at the issuer, as its browser holds it.
struct Visit {
    ticket: String,
    state: String,
    nonce: String,
}

/// The environment of a platform that uses this issuer.
pub(super) fn environment(issuer: &CarelessIssuer) -> [(String, String); 2] {
    issuer.environment(NAME, BACK)
}

/// Plays the sign-in and the admins' acts. Returns all values that must stay secret.
pub(super) async fn gone(api: &Api, admin: &Person, issuer: &CarelessIssuer) -> Vec<Secret> {
    let own = begin(api).await;
    let code = CarelessIssuer::code(&own.nonce, SUBJECT, EMAIL);
    let signed = finish(api, &own, &code).await.unwrap();
    // Refusals are logged, too.
    let other = begin(api).await;
    let refused = finish(api, &other, &code).await.unwrap_err();
    assert_eq!(
        refused.problem.unwrap().code,
        Code::IdentityRefused,
        "it answers another visit"
    );
    let person: Person = Person {
        user_id: serde_json::from_value(signed["user_id"].clone()).unwrap(),
        role: serde_json::from_value(signed["role"].clone()).unwrap(),
        token: signed["access_token"].as_str().unwrap().to_owned(),
    };
    admins_act(api, admin, &person).await;
    let secret = |what, value: &str| Secret {
        what,
        value: value.as_bytes().to_vec(),
    };
    let mut secrets = vec![
        secret("client secret", CLIENT_SECRET),
        secret("client secret", &issuer.basic()),
        secret("code", &code),
        secret("subject", SUBJECT),
        secret("e-mail", EMAIL),
        secret("token", CarelessIssuer::ACCESS_TOKEN),
        secret("token", &person.token),
        secret("token", signed["refresh_token"].as_str().unwrap()),
    ];
    for Visit {
        ticket,
        state,
        nonce,
    } in [own, other]
    {
        secrets.extend([ticket, state, nonce].map(|text| secret("visit", &text)));
    }
    let id_tokens = issuer.id_tokens();
    assert_eq!(id_tokens.len(), 2, "it was asked with the secret");
    // The whole token, and its claims alone.
    let parts = id_tokens
        .iter()
        .flat_map(|token| [Some(token.as_str()), token.split('.').nth(1)]);
    secrets.extend(parts.flatten().map(|text| secret("ID token", text)));
    let reasons = [
        MADE,
        GIVEN,
        TAKEN,
        REMOVED,
        CLOSED,
        OPENED,
        CLOSED_AGAIN,
        KILLED,
    ];
    secrets.extend(reasons.map(|text| secret("words", text)));
    secrets
}

async fn begin(api: &Api) -> Visit {
    let path = format!("/api/v1/auth/oidc/{NAME}/begin");
    let begun: Value = api
        .call(Method::POST, &path, None, Some(json!({})))
        .await
        .unwrap();
    let address = begun["address"].as_str().unwrap();
    let word = |name: &str| {
        let (_, rest) = address.split_once(&format!("{name}=")).expect(name);
        rest.split('&').next().unwrap().to_owned()
    };
    let ticket = begun["ticket"].as_str().unwrap().to_owned();
    Visit {
        ticket,
        state: word("state"),
        nonce: word("nonce"),
    }
}

async fn finish(api: &Api, visit: &Visit, code: &str) -> Result<Value, ClientError> {
    let form = json!({
        "ticket": visit.ticket, "state": visit.state, "code": code, "refresh": true,
    });
    api.call(Method::POST, "/api/v1/auth/oidc/sign-in", None, Some(form))
        .await
}

/// Closes, reopens and closes the account again: one closing in force, one in the record.
async fn admins_act(api: &Api, admin: &Person, person: &Person) {
    let call = async |method: Method, path: &str, body: Option<Value>| -> Value {
        let path = format!("/api/v1/admin/{path}");
        api.call(method, &path, Some(admin), body).await.unwrap()
    };
    let user = format!("users/{}", person.user_id);
    let form = json!({ "name": "Desk", "permissions": ["read_people"], "reason": MADE });
    let role = call(Method::POST, "roles", Some(form)).await["role_id"].clone();
    for (role, reason) in [(&role, GIVEN), (&json!(person.role.as_number()), TAKEN)] {
        let form = json!({ "role_id": role, "reason": reason });
        let shown = call(Method::PUT, &format!("{user}/role"), Some(form)).await;
        assert_eq!(shown["roles_given"][0]["reason"], reason);
    }
    let path = format!("/api/v1/admin/roles/{role}?reason={REMOVED}");
    let () = api
        .call(Method::DELETE, &path, Some(admin), None)
        .await
        .unwrap();
    for (act, reason) in [
        ("revoke", CLOSED),
        ("readmit", OPENED),
        ("revoke", CLOSED_AGAIN),
    ] {
        call(
            Method::POST,
            &format!("{user}/{act}"),
            Some(json!({ "reason": reason })),
        )
        .await;
    }
    assert_eq!(
        call(Method::GET, &user, None).await["closed"]["reason"],
        CLOSED_AGAIN
    );
    let found = call(Method::GET, &format!("users?search={EMAIL}"), None).await;
    assert_eq!(found["items"][0]["user_id"], json!(person.user_id));
    let keys = call(Method::GET, "keys", None).await;
    let next = keys["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|key| key["state"] == "next");
    let form = json!({ "kid": next.unwrap()["kid"], "reason": KILLED });
    call(Method::POST, "keys/kill", Some(form)).await;
}
