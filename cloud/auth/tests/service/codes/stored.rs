//! What the tables hold of numbers and codes, and for how long.

use super::*;

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn neither_a_number_nor_a_code_is_kept_and_what_is_over_goes(#[case] engine: Engine) {
    let scene = Scene::new(engine).await;
    let code = scene.code(PHONE).await;
    let kept: Vec<(Vec<u8>, Vec<u8>)> = scene
        .auth
        .sql
        .fetch_all(
            "SELECT phone_hash, code_hash FROM sign_in_codes",
            Vec::new(),
        )
        .await
        .unwrap();
    let guessed = [PHONE.to_owned(), format!("{PHONE}\n{code}"), code.clone()];
    for plain in guessed {
        // An unkeyed hash could be brute-forced over all codes in a moment.
        let hash = ring::digest::digest(&ring::digest::SHA256, plain.as_bytes());
        let keyed = DataKeys::without_keys().hash("sign_in_codes.code", &plain);
        for (phone_hash, code_hash) in &kept {
            assert!(phone_hash != hash.as_ref() && code_hash != hash.as_ref());
            assert!(code_hash[..] != keyed);
        }
    }
    assert_eq!(kept.len(), 1);
    scene.ask(PHONE).await;
    assert_eq!(
        scene.auth.count("SELECT COUNT(*) FROM sign_in_codes").await,
        1,
        "one living code"
    );
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_proven_number_is_told_to_services_while_it_is_its_persons_and_kept_sealed(
    #[case] engine: Engine,
) {
    let scene = Scene::new(engine).await;
    let auth = &scene.auth;
    let contact = async |user: &Value| {
        let own = auth
            .service_key
            .issue_token("notification", "auth", &auth.clock);
        let asked = Some(json!({ "user_id": user }));
        auth.send(Method::POST, "/internal/contact", Some(&own), asked)
            .await
            .body
    };
    let of = |is_open: bool, is_unconfirmed: bool, phone: Value| {
        json!({
            "is_open": is_open, "role": is_open.then_some(Role::Customer), "email": null,
            "is_unconfirmed": is_unconfirmed, "phone": phone,
        })
    };

    // A person registered by phone has no address.
    let guest = scene.enter(PHONE, &scene.code(PHONE).await).await;
    assert_eq!(
        contact(&guest.body["user_id"]).await,
        of(true, false, json!(PHONE))
    );
    let kept: Vec<String> = auth
        .sql
        .fetch_all("SELECT number FROM identities", Vec::new())
        .await
        .unwrap();
    assert!(kept.len() == 1 && !kept[0].contains("138"), "{kept:?}");
    // Rows of the previous release lack the number until the person signs in again.
    auth.sql
        .exec("UPDATE identities SET number = NULL", Vec::new())
        .await
        .unwrap();
    assert_eq!(contact(&guest.body["user_id"]).await["phone"], Value::Null);
    token(&scene.enter(PHONE, &scene.code(PHONE).await).await);
    assert_eq!(contact(&guest.body["user_id"]).await["phone"], PHONE);

    let other = "+8613800138001";
    let token = scene.customer("lisi", other).await;
    let lisi = auth.verify(&token).await.body["user_id"].clone();
    assert_eq!(contact(&lisi).await, of(true, true, json!(other)));
    let own = auth
        .send(Method::GET, "/api/v1/auth/identities", Some(&token), None)
        .await;
    let path = format!(
        "/api/v1/auth/identities/{}",
        own.body["items"][0]["id"].as_str().unwrap()
    );
    let removed = auth.send(Method::DELETE, &path, Some(&token), None).await;
    assert_eq!(removed.status, StatusCode::NO_CONTENT, "{}", removed.text);
    assert_eq!(
        contact(&lisi).await["phone"],
        Value::Null,
        "it is no longer hers"
    );

    let other_service = auth.service_key.issue_token("gateway", "auth", &auth.clock);
    let asked = Some(json!({ "user_id": lisi }));
    let refused = auth
        .send(
            Method::POST,
            "/internal/contact",
            Some(&other_service),
            asked,
        )
        .await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "it writes to nobody");

    auth.sql
        .exec("UPDATE users SET is_active = 0", Vec::new())
        .await
        .unwrap();
    let closed = of(false, false, Value::Null);
    assert_eq!(contact(&guest.body["user_id"]).await, closed);
}
