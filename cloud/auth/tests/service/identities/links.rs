//! Identities that a signed-in person links to their account with the password.

use super::*;

async fn begin_link(auth: &Auth, token: &str, password: &str) -> Answer {
    let path = "/api/v1/auth/oidc/acme/link";
    let form = json!({ "password": password });
    auth.send(Method::POST, path, Some(token), Some(form)).await
}

async fn complete_link(auth: &Auth, token: &str, form: Value) -> Answer {
    auth.send(Method::POST, IDENTITIES, Some(token), Some(form))
        .await
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn an_identity_is_linked_by_the_password_and_goes_with_it(#[case] engine: Engine) {
    let issuer = ForgedIssuer::start().await;
    let auth = auth_at(engine, &[("acme", &issuer)]).await;
    auth.register("lisi", "provider").await;
    let own = auth.token("lisi").await;
    let other = auth.token("lisi").await;
    assert_eq!(
        begin_link(&auth, &own, "wrong horse battery").await.code(),
        "invalid_credentials"
    );

    let way = visitor(&begin_link(&auth, &own, PASSWORD).await);
    let form = reply(&way, &issuer.grant(&way.way, "17", now_s(&auth)));
    assert_eq!(
        auth.post("oidc/sign-in", form.clone()).await.code(),
        "visit_over",
        "it signs nobody in"
    );
    assert_eq!(
        complete_link(&auth, &other, form.clone()).await.code(),
        "visit_over",
        "of another session"
    );
    let answer = complete_link(&auth, &own, form.clone()).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.text);
    assert_eq!(
        complete_link(&auth, &own, form).await.code(),
        "visit_over",
        "once"
    );
    let entered = sign_in(&auth, "acme", &issuer, "17").await;
    assert_eq!(
        (&entered.body["role"], &entered.body["username"]),
        (&json!("provider"), &json!("lisi"))
    );

    // Other people have no access to it.
    let stranger = token(&sign_in(&auth, "acme", &issuer, "18").await);
    assert_eq!(
        begin_link(&auth, &stranger, "").await.code(),
        "invalid_credentials",
        "has no password"
    );
    let list = auth.send(Method::GET, IDENTITIES, Some(&own), None).await;
    let item = &list.body["items"][0];
    assert_eq!(
        (&item["label"], &item["origin"]),
        (&json!("The acme"), &json!(false))
    );
    assert_eq!(list.body["has_password"], true);
    let path = format!("{IDENTITIES}/{}", item["id"].as_str().unwrap());
    let remove =
        async |token: &str, path: &str| auth.send(Method::DELETE, path, Some(token), None).await;
    assert_eq!(remove(&stranger, &path).await.status, StatusCode::NOT_FOUND);
    let theirs = auth
        .send(Method::GET, IDENTITIES, Some(&stranger), None)
        .await;
    assert_eq!(
        (
            &theirs.body["has_password"],
            &theirs.body["items"][0]["origin"]
        ),
        (&json!(false), &json!(true))
    );
    let last = format!(
        "{IDENTITIES}/{}",
        theirs.body["items"][0]["id"].as_str().unwrap()
    );
    assert_eq!(remove(&stranger, &last).await.code(), "last_way_in");
    let way = visitor(&begin_link(&auth, &own, PASSWORD).await);
    let form = reply(&way, &issuer.grant(&way.way, "18", now_s(&auth)));
    assert_eq!(
        complete_link(&auth, &own, form).await.code(),
        "identity_taken"
    );

    assert_eq!(auth.verify(&other).await.status, StatusCode::OK);
    assert_eq!(remove(&own, &path).await.status, StatusCode::NO_CONTENT);
    for ended in [&other, &token(&entered)] {
        assert_eq!(auth.verify(ended).await.code(), "invalid_token");
    }
    assert_eq!(remove(&own, &path).await.status, StatusCode::NOT_FOUND);
    let newcomer = sign_in(&auth, "acme", &issuer, "17").await;
    assert_ne!(newcomer.body["user_id"], entered.body["user_id"]);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn another_password_ends_what_was_linked_by_the_one_before(#[case] engine: Engine) {
    const NEW: &str = "another horse battery";
    let issuer = ForgedIssuer::start().await;
    let auth = auth_at(engine, &[("acme", &issuer)]).await;
    auth.register("lisi", "customer").await;
    let owner = auth.token("lisi").await;
    let thief = auth.token("lisi").await;
    let begin = async || {
        let way = visitor(&begin_link(&auth, &thief, PASSWORD).await);
        reply(&way, &issuer.grant(&way.way, "the thief", now_s(&auth)))
    };
    let linked = complete_link(&auth, &thief, begin().await).await;
    assert_eq!(linked.status, StatusCode::NO_CONTENT);
    let as_owner = sign_in(&auth, "acme", &issuer, "the thief").await;
    assert_eq!(as_owner.body["username"], "lisi");
    let under_way = begin().await;

    let form = json!({ "old_password": PASSWORD, "new_password": NEW });
    let changed = auth
        .send(
            Method::POST,
            "/api/v1/auth/password",
            Some(&owner),
            Some(form),
        )
        .await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.text);
    let refused = complete_link(&auth, &thief, under_way).await;
    assert_eq!(refused.code(), "invalid_token");
    let thief = sign_in(&auth, "acme", &issuer, "the thief").await;
    assert_ne!(
        thief.body["user_id"], as_owner.body["user_id"],
        "he is somebody else now"
    );
}

#[tokio::test]
async fn linking_is_counted_by_its_person_before_the_issuer_hears_it() {
    let issuer = ForgedIssuer::start().await;
    let oidc = vec![issuer.config("acme")];
    let few = NonZeroU32::new(3).unwrap();
    let alter = |config| auth::Config {
        oidc: oidc.clone(),
        oidc_return: BACK.into(),
        sign_ins_per_account_per_minute: few,
        ..config
    };
    let auth = Auth::with(Engine::Sqlite, "memory:", alter).await;
    auth.register("lisi", "customer").await;
    let token = auth.token("lisi").await;
    let form = json!({ "ticket": "x", "state": "y", "code": "z" });
    let path = "/api/v1/auth/identities";
    for _ in 0..3 {
        let over = auth
            .send(Method::POST, path, Some(&token), Some(form.clone()))
            .await;
        assert_eq!(over.code(), "visit_over");
    }
    let refused = auth
        .send(Method::POST, path, Some(&token), Some(form.clone()))
        .await;
    assert_eq!(
        (refused.status, refused.code()),
        (StatusCode::TOO_MANY_REQUESTS, "rate_limited")
    );
    auth.register("zhao", "customer").await;
    let other = auth.token("zhao").await;
    let other = auth
        .send(Method::POST, path, Some(&other), Some(form))
        .await;
    assert_eq!(
        other.code(),
        "visit_over",
        "others are not counted with that person"
    );
}
