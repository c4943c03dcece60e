//! Sign-ins of staff through another service: it replaces the password, never the second factor.

use auth::SecondFactorPolicy;
use platform::vals;
use support::passkey::SoftPasskey;

use super::*;
use crate::passkeys::set_up_by_ticket;

#[tokio::test]
async fn staff_with_a_required_factor_bring_it_after_another_service_too() {
    let issuer = ForgedIssuer::start().await;
    let acme = issuer.config("acme");
    let alter = |config| auth::Config {
        oidc: vec![acme.clone()],
        oidc_return: BACK.into(),
        second_factor: SecondFactorPolicy::Staff,
        ..config
    };
    let auth = Auth::with(Engine::Sqlite, "memory:", alter).await;
    let customer = sign_in(&auth, "acme", &issuer, "17").await;
    token(&customer);
    let name = customer.body["username"].as_str().unwrap();
    let raise = "UPDATE users SET role_id = 3 WHERE username = ?";
    auth.sql.exec(raise, vals![name]).await.unwrap();

    let refused = sign_in(&auth, "acme", &issuer, "17").await;
    assert_eq!(refused.code(), "second_factor_setup_required");
    let mut passkey = SoftPasskey::new();
    let signed_in = set_up_by_ticket(&auth, &refused, &passkey).await;
    token(&signed_in);
    assert_eq!(signed_in.body["role"], "admin");

    let refused = sign_in(&auth, "acme", &issuer, "17").await;
    assert_eq!(refused.code(), "second_factor_required");
    assert!(refused.body.get("access_token").is_none());
    let ticket = &refused.body["ticket"];
    let wrong = json!({ "ticket": ticket, "code": "000000" });
    let wrong = auth.post("login/second-factor", wrong).await;
    assert_eq!(wrong.code(), "code_wrong");
    let form = json!({ "ticket": ticket });
    let asked = auth.post("login/second-factor/passkey", form).await;
    let proof = passkey.prove(asked.body["challenge"].as_str().unwrap());
    let form = json!({ "ticket": ticket, "passkey": proof.to_json() });
    token(&auth.post("login/second-factor", form).await);
}
