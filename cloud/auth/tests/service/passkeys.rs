//! Passkeys of staff: adding, sign-ins, proofs, limits and removal, with a passkey in software.

use auth::SecondFactorPolicy;
use axum::http::{Method, StatusCode};
use rstest::rstest;
use serde_json::{Value, json};
use support::{passkey::SoftPasskey, totp::code_at};

use crate::{
    common::{Answer, Auth, Engine, MINUTE_MS, PASSWORD},
    second_factor::{OWN, assert_signed_in, auth_with_admin, call, codes_in, enter, ticket_in},
};

/// An admin who uses a passkey.
struct KeyHolder {
    auth: Auth,
    token: String,
    passkey: SoftPasskey,
    recovery_codes: Vec<String>,
}

impl KeyHolder {
    async fn new(engine: Engine, policy: SecondFactorPolicy) -> Self {
        let auth = auth_with_admin(engine, policy).await;
        let passkey = SoftPasskey::new();
        if policy == SecondFactorPolicy::Off {
            let token = auth.token("root").await;
            let form = json!({ "password": PASSWORD });
            let added = add(&auth, &token, &passkey, form).await;
            let recovery_codes = codes_in(&added);
            return Self {
                auth,
                token,
                passkey,
                recovery_codes,
            };
        }
        let refused = auth.login("root", PASSWORD).await;
        assert_eq!(refused.code(), "second_factor_setup_required");
        let signed_in = set_up_by_ticket(&auth, &refused, &passkey).await;
        assert_signed_in(&signed_in);
        Self {
            token: signed_in.body["access_token"].as_str().unwrap().to_owned(),
            recovery_codes: codes_in(&signed_in),
            auth,
            passkey,
        }
    }

    async fn ticket(&self) -> String {
        ticket_in(&self.auth.login("root", PASSWORD).await)
    }

    async fn sign_in(&mut self) -> Answer {
        let ticket = self.ticket().await;
        let challenge = ask(&self.auth, &ticket).await;
        let proof = self.passkey.prove(&challenge).to_json();
        self.enter_proof(&ticket, proof).await
    }

    async fn enter_proof(&self, ticket: &str, proof: Value) -> Answer {
        let form = json!({ "ticket": ticket, "passkey": proof });
        self.auth.post("login/second-factor", form).await
    }

    /// A proof for a change of one's own factors, as a form.
    async fn proof(&mut self) -> Value {
        let asked = call(
            &self.auth,
            &self.token,
            &format!("{OWN}/passkey"),
            json!({}),
        )
        .await;
        let challenge = challenge_in(&asked);
        json!({ "passkey": self.passkey.prove(&challenge).to_json() })
    }

    async fn own(&self) -> Answer {
        self.auth
            .send(Method::GET, OWN, Some(&self.token), None)
            .await
    }

    async fn remove(&self, passkey: &str, proof: Value) -> Answer {
        let path = format!("{OWN}/passkeys/{passkey}/remove");
        call(&self.auth, &self.token, &path, proof).await
    }

    async fn own_id(&self, at: usize) -> String {
        let own = self.own().await;
        own.body["passkeys"][at]["id"].as_str().unwrap().to_owned()
    }
}

fn challenge_in(answer: &Answer) -> String {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert_eq!(answer.body["site"], "localhost");
    answer.body["challenge"].as_str().unwrap().to_owned()
}

/// Asks for the challenge of a sign-in.
async fn ask(auth: &Auth, ticket: &str) -> String {
    let form = json!({ "ticket": ticket });
    challenge_in(&auth.post("login/second-factor/passkey", form).await)
}

async fn begin(auth: &Auth, token: &str, proof: Value) -> Answer {
    call(auth, token, &format!("{OWN}/passkeys/begin"), proof).await
}

async fn add(auth: &Auth, token: &str, passkey: &SoftPasskey, proof: Value) -> Answer {
    let challenge = challenge_in(&begin(auth, token, proof).await);
    store(auth, token, passkey, &challenge).await
}

async fn store(auth: &Auth, token: &str, passkey: &SoftPasskey, challenge: &str) -> Answer {
    let form = passkey.register(challenge).to_json("Laptop of the office");
    call(auth, token, &format!("{OWN}/passkeys"), form).await
}

/// Sets up the required second factor with the ticket of a refused sign-in.
pub(crate) async fn set_up_by_ticket(
    auth: &Auth,
    refused: &Answer,
    passkey: &SoftPasskey,
) -> Answer {
    let ticket = &refused.body["ticket"];
    let form = json!({ "ticket": ticket });
    let asked = auth.post("login/second-factor/passkey/set-up", form).await;
    let new = passkey.register(&challenge_in(&asked)).to_json("Phone");
    let form = json!({ "ticket": ticket, "new_passkey": new });
    auth.post("login/second-factor", form).await
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_passkey_is_the_second_step_of_a_sign_in(#[case] engine: Engine) {
    let mut root = KeyHolder::new(engine, SecondFactorPolicy::Off).await;
    let refused = root.auth.login("root", PASSWORD).await;
    assert_eq!(refused.body["ways"], json!(["passkey", "recovery_code"]));
    assert_eq!(refused.body["passkey_site"], "localhost");
    let signed_in = root.sign_in().await;
    assert_signed_in(&signed_in);
    assert_eq!(signed_in.body["username"], "root");
    let own = root.own().await;
    assert_eq!(own.body["passkeys"][0]["label"], "Laptop of the office");
    assert!(own.body["passkeys"][0]["last_used_at"].is_string());
    assert!(own.body["since"].is_string() && own.body["app_since"].is_null());
    let ticket = root.ticket().await;
    let by_code = enter(&root.auth, &ticket, &root.recovery_codes[0]).await;
    assert_signed_in(&by_code);
    let labels = root
        .auth
        .reasons("passkeys.label", "SELECT id, label FROM passkeys")
        .await;
    assert_eq!(labels, ["Laptop of the office"], "the name is sealed");
}

#[tokio::test]
async fn a_challenge_is_answered_once_in_time_by_its_person_and_ticket() {
    let mut root = KeyHolder::new(Engine::Sqlite, SecondFactorPolicy::Off).await;
    let first = root.ticket().await;
    let challenge = ask(&root.auth, &first).await;
    let proof = root.passkey.prove(&challenge).to_json();
    let other = root.ticket().await;
    let swapped = root.enter_proof(&other, proof.clone()).await;
    assert_eq!(swapped.code(), "passkey_wrong", "made for another ticket");
    assert_signed_in(&root.enter_proof(&first, proof.clone()).await);
    let replayed = root.enter_proof(&other, proof).await;
    assert_eq!(replayed.code(), "passkey_wrong", "a challenge works once");

    let own = root.proof().await;
    let for_change = own["passkey"].clone();
    let crossed = root.enter_proof(&other, for_change).await;
    assert_eq!(crossed.code(), "passkey_wrong", "made for another ceremony");

    let late = ask(&root.auth, &other).await;
    let late = root.passkey.prove(&late).to_json();
    root.auth.clock.advance(5 * MINUTE_MS);
    assert_eq!(root.enter_proof(&other, late).await.code(), "passkey_wrong");
    let made_up = json!({
        "credential_id": "AA", "client_data": "e30", "authenticator_data": "AA", "signature": "AA",
    });
    let made_up = root.enter_proof(&other, made_up).await;
    assert_eq!(made_up.code(), "passkey_wrong");
    let form = json!({ "ticket": root.ticket().await });
    let silent = root.auth.post("login/second-factor", form).await;
    assert_eq!(silent.fields(), ["code"], "{}", silent.text);
}

#[tokio::test]
async fn wrong_passkeys_count_as_wrong_passwords_and_use_up_the_ticket() {
    let mut root = KeyHolder::new(Engine::Sqlite, SecondFactorPolicy::Off).await;
    let mut stranger = SoftPasskey::new();
    for _ in 0..2 {
        let ticket = root.ticket().await;
        for _ in 0..5 {
            let challenge = ask(&root.auth, &ticket).await;
            let proof = stranger.prove(&challenge).to_json();
            let refused = root.enter_proof(&ticket, proof).await;
            assert_eq!(refused.code(), "passkey_wrong");
        }
        let form = json!({ "ticket": ticket });
        let over = root.auth.post("login/second-factor/passkey", form).await;
        assert_eq!(over.code(), "visit_over");
    }
    let locked = root.auth.login("root", PASSWORD).await;
    assert_eq!(locked.code(), "account_locked");
    root.auth.clock.advance(16 * MINUTE_MS);
    assert_signed_in(&root.sign_in().await);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_counter_that_goes_back_is_refused(#[case] engine: Engine) {
    let mut root = KeyHolder::new(engine, SecondFactorPolicy::Off).await;
    root.passkey.counter = 5;
    assert_signed_in(&root.sign_in().await);
    root.passkey.counter = 4;
    let copied = root.sign_in().await;
    assert_eq!(
        copied.code(),
        "passkey_wrong",
        "a copy of the key is behind"
    );
    root.passkey.counter = 0;
    let reset = root.sign_in().await;
    assert_eq!(reset.code(), "passkey_wrong");
    root.passkey.counter = 6;
    assert_signed_in(&root.sign_in().await);
}

#[tokio::test]
async fn a_further_factor_takes_a_proof_of_the_first_and_the_password_does_not_do() {
    let mut root = KeyHolder::new(Engine::Sqlite, SecondFactorPolicy::Off).await;
    let password = json!({ "password": PASSWORD });
    let begun = begin(&root.auth, &root.token, password.clone()).await;
    assert_eq!(begun.fields(), ["code"]);
    let drawn = call(&root.auth, &root.token, OWN, password).await;
    assert_eq!(drawn.fields(), ["code"]);
    let proof = root.proof().await;
    let drawn = call(&root.auth, &root.token, OWN, proof.clone()).await;
    assert_eq!(drawn.status, StatusCode::OK, "{}", drawn.text);
    let again = call(&root.auth, &root.token, OWN, proof).await;
    assert_eq!(again.code(), "passkey_wrong", "a proof works once");

    let code = code_at(
        drawn.body["secret"].as_str().unwrap(),
        root.auth.clock.now(),
    );
    let confirm = format!("{OWN}/confirm");
    let confirmed = call(&root.auth, &root.token, &confirm, json!({ "code": code })).await;
    root.recovery_codes = codes_in(&confirmed);
    let refused = root.auth.login("root", PASSWORD).await;
    let all = json!(["passkey", "app", "recovery_code"]);
    assert_eq!(refused.body["ways"], all);

    let second = SoftPasskey::ed25519();
    let form = json!({ "code": root.recovery_codes[0] });
    let added = add(&root.auth, &root.token, &second, form).await;
    assert_eq!(added.status, StatusCode::OK, "{}", added.text);
    assert!(added.body.get("recovery_codes").is_none(), "they stay");
    let proof = root.proof().await;
    let challenge = challenge_in(&begin(&root.auth, &root.token, proof).await);
    let twice = store(&root.auth, &root.token, &second, &challenge).await;
    assert_eq!(twice.code(), "second_factor_exists");
    let spent = store(&root.auth, &root.token, &SoftPasskey::new(), &challenge).await;
    assert_eq!(spent.code(), "passkey_wrong", "a challenge works once");
}

#[tokio::test]
async fn a_person_has_at_most_ten_passkeys() {
    let mut root = KeyHolder::new(Engine::Sqlite, SecondFactorPolicy::Off).await;
    for _ in 1..10 {
        let proof = root.proof().await;
        let added = add(&root.auth, &root.token, &SoftPasskey::new(), proof).await;
        assert_eq!(added.status, StatusCode::OK, "{}", added.text);
    }
    let proof = root.proof().await;
    let more = add(&root.auth, &root.token, &SoftPasskey::new(), proof).await;
    assert_eq!(more.code(), "too_many_passkeys");
    for _ in 0..25 {
        root.proof().await;
    }
    let waiting = "SELECT COUNT(*) FROM passkey_challenges";
    assert_eq!(root.auth.count(waiting).await, 20);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_passkey_satisfies_the_policy_and_the_last_factor_stays(#[case] engine: Engine) {
    let mut root = KeyHolder::new(engine, SecondFactorPolicy::Staff).await;
    assert_eq!(root.auth.verify(&root.token).await.status, StatusCode::OK);
    let first = root.own_id(0).await;
    let proof = root.proof().await;
    let last = root.remove(&first, proof).await;
    assert_eq!(last.code(), "last_second_factor", "{}", last.text);
    assert_signed_in(&root.sign_in().await);

    let proof = root.proof().await;
    let second = SoftPasskey::new();
    add(&root.auth, &root.token, &second, proof).await;
    let elsewhere = root.sign_in().await;
    let elsewhere = elsewhere.body["access_token"].as_str().unwrap();
    let wrong = root.remove(&first, json!({ "code": "000000" })).await;
    assert_eq!(wrong.code(), "code_wrong");
    let silent = root.remove(&first, json!({})).await;
    assert_eq!(silent.fields(), ["code"]);
    let proof = root.proof().await;
    let unknown = root.remove(&uuid::Uuid::nil().to_string(), proof).await;
    assert_eq!(unknown.code(), "not_found");
    let proof = root.proof().await;
    let removed = root.remove(&first, proof).await;
    assert_eq!(removed.status, StatusCode::NO_CONTENT, "{}", removed.text);
    assert_eq!(root.auth.verify(&root.token).await.status, StatusCode::OK);
    assert_eq!(root.auth.verify(elsewhere).await.code(), "invalid_token");
    let old = root.sign_in().await;
    assert_eq!(old.code(), "passkey_wrong", "it is removed");
    root.passkey = second;
    assert_signed_in(&root.sign_in().await);
}

#[tokio::test]
async fn without_a_policy_the_last_passkey_goes_with_the_recovery_codes() {
    let mut root = KeyHolder::new(Engine::Sqlite, SecondFactorPolicy::Off).await;
    let proof = root.proof().await;
    let own = root.own_id(0).await;
    let removed = root.remove(&own, proof).await;
    assert_eq!(removed.status, StatusCode::NO_CONTENT, "{}", removed.text);
    let codes = "SELECT COUNT(*) FROM recovery_codes";
    assert_eq!(root.auth.count(codes).await, 0);
    assert_signed_in(&root.auth.login("root", PASSWORD).await);
}

#[tokio::test]
async fn an_admins_reset_removes_the_passkeys_and_a_ticket_of_them() {
    let root = KeyHolder::new(Engine::Sqlite, SecondFactorPolicy::Off).await;
    let auth = &root.auth;
    auth.register("other", "customer").await;
    auth.make_admin("other").await;
    let other = auth.token("other").await;
    let me = auth.verify(&root.token).await.body["user_id"].clone();
    let path = format!("/api/v1/admin/users/{}", me.as_str().unwrap());
    let shown = auth.send(Method::GET, &path, Some(&other), None).await;
    assert!(shown.body["second_factor_since"].is_string());
    let ticket = root.ticket().await;
    let why = json!({ "reason": "Lost the key at sea." });
    let done = call(auth, &other, &format!("{path}/second-factor/remove"), why).await;
    assert_eq!(done.status, StatusCode::NO_CONTENT, "{}", done.text);
    assert_eq!(auth.verify(&root.token).await.code(), "invalid_token");
    let over = enter(auth, &ticket, &root.recovery_codes[0]).await;
    assert_eq!(over.code(), "visit_over");
    assert_signed_in(&auth.login("root", PASSWORD).await);
}

#[tokio::test]
async fn a_ticket_sets_up_no_passkey_beside_one() {
    let root = KeyHolder::new(Engine::Sqlite, SecondFactorPolicy::Staff).await;
    let ticket = root.ticket().await;
    let form = json!({ "ticket": ticket });
    for path in ["passkey/set-up", "set-up"] {
        let path = format!("login/second-factor/{path}");
        let begun = root.auth.post(&path, form.clone()).await;
        assert_eq!(begun.code(), "second_factor_exists");
    }
    let challenge = ask(&root.auth, &ticket).await;
    let new = SoftPasskey::new().register(&challenge).to_json("Mine");
    let form = json!({ "ticket": ticket, "new_passkey": new });
    let refused = root.auth.post("login/second-factor", form).await;
    assert_eq!(refused.fields(), ["code"]);
}

#[tokio::test]
async fn the_challenge_of_another_person_registers_nothing() {
    let root = KeyHolder::new(Engine::Sqlite, SecondFactorPolicy::Off).await;
    root.auth.register("other", "customer").await;
    root.auth.make_admin("other").await;
    let other = root.auth.token("other").await;
    let password = json!({ "password": PASSWORD });
    let challenge = challenge_in(&begin(&root.auth, &other, password).await);
    let stolen = store(&root.auth, &root.token, &SoftPasskey::new(), &challenge).await;
    assert_eq!(stolen.code(), "passkey_wrong");
    let taken = store(&root.auth, &other, &root.passkey, &challenge).await;
    let why = "a credential belongs to one account";
    assert_eq!(taken.code(), "second_factor_exists", "{why}");
}
