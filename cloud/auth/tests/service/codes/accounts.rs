//! The accounts that a number opens.

use super::*;

#[tokio::test]
async fn a_number_opens_a_customers_account_whose_person_linked_it_by_the_password() {
    let scene = Scene::new(Engine::Sqlite).await;
    scene.auth.register("lisi", "customer").await;
    let token_of_lisi = scene.auth.token("lisi").await;
    let code = scene.code(PHONE).await;
    // Neither the session alone nor a wrong code links a number, and neither spends the code.
    let wrong = scene
        .link(&token_of_lisi, PHONE, &code, "not the password")
        .await;
    refused(&wrong, StatusCode::UNAUTHORIZED, "invalid_credentials");
    let wrong = scene
        .link(&token_of_lisi, PHONE, &not(&code), PASSWORD)
        .await;
    refused(&wrong, StatusCode::UNAUTHORIZED, "code_wrong");
    let linked = scene.link(&token_of_lisi, PHONE, &code, PASSWORD).await;
    assert_eq!(linked.status, StatusCode::NO_CONTENT, "{}", linked.text);
    let code = scene.code(PHONE).await;
    let entered = scene.enter(PHONE, &code).await;
    token(&entered);
    assert_eq!(entered.body["username"], "lisi");

    // A number belongs to one account, and an account has one number.
    scene.auth.register("zhao", "customer").await;
    let zhao = scene.auth.token("zhao").await;
    let code = scene.code(PHONE).await;
    refused(
        &scene.link(&zhao, PHONE, &code, PASSWORD).await,
        StatusCode::CONFLICT,
        "identity_taken",
    );
    let code = scene.code("+8613800138001").await;
    refused(
        &scene
            .link(&token_of_lisi, "+8613800138001", &code, PASSWORD)
            .await,
        StatusCode::CONFLICT,
        "identity_taken",
    );

    // Only customers link a number.
    scene.auth.register("wang", "provider").await;
    let wang = scene.auth.token("wang").await;
    let code = scene.code("+8613800138002").await;
    refused(
        &scene.link(&wang, "+8613800138002", &code, PASSWORD).await,
        StatusCode::FORBIDDEN,
        "role_forbidden",
    );

    // A password change unlinks the number.
    let form = json!({ "old_password": PASSWORD, "new_password": "another password of hers" });
    let path = "/api/v1/auth/password";
    let changed = scene
        .auth
        .send(Method::POST, path, Some(&token_of_lisi), Some(form))
        .await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.text);
    assert_eq!(
        scene.auth.verify(token(&entered)).await.code(),
        "invalid_token"
    );
    scene.auth.clock.advance(HOUR_MS);
    let code = scene.code(PHONE).await;
    let newcomer = scene.enter(PHONE, &code).await;
    token(&newcomer);
    assert_ne!(newcomer.body["username"], "lisi");
}

#[tokio::test]
async fn an_account_that_is_closed_or_more_than_a_customers_is_not_opened() {
    let scene = Scene::new(Engine::Sqlite).await;
    for (name, change, status, code) in [
        (
            "lisi",
            "UPDATE users SET is_active = 0",
            StatusCode::FORBIDDEN,
            "revoked",
        ),
        (
            "zhao",
            "UPDATE users SET is_active = 1, role_id = 3",
            StatusCode::FORBIDDEN,
            "password_only",
        ),
        (
            "wang",
            "UPDATE users SET role_id = 2",
            StatusCode::FORBIDDEN,
            "password_only",
        ),
    ] {
        let phone = format!(
            "+861380013{:04}",
            1000 + name.len() + usize::from(name.as_bytes()[0])
        );
        scene.customer(name, &phone).await;
        scene.auth.sql.exec(change, Vec::new()).await.unwrap();
        let right = scene.code(&phone).await;
        refused(&scene.enter(&phone, &right).await, status, code);
        scene
            .auth
            .sql
            .exec("UPDATE users SET is_active = 1, role_id = 1", Vec::new())
            .await
            .unwrap();
    }
}
