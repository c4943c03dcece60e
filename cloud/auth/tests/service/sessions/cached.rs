//! Sessions in the cache that two replicas share.

use super::*;

/// Two replicas on one Redis; the second connects through a proxy.
async fn replicas() -> (Auth, Auth, Proxy) {
    let redis = &support::servers().redis;
    let server = redis.trim_start_matches("redis://").trim_end_matches('/');
    let proxy = Proxy::to(server).await.unwrap();
    let one = Auth::with_cache(Engine::Sqlite, redis).await;
    let other = one
        .replica_on(&format!("redis://{}", proxy.address()))
        .await;
    one.register("lisi", "provider").await;
    (one, other, proxy)
}

/// The session of that token, and its cached state.
async fn cached(auth: &Auth, token: &str) -> (SessionId, Option<String>) {
    let jwks = auth
        .send(Method::GET, "/.well-known/jwks.json", None, None)
        .await
        .text;
    let session = session_of(auth, token, &jwks);
    (
        session,
        auth.cache
            .get(&format!("session:{session}:live"))
            .await
            .unwrap(),
    )
}

/// Signs in and returns the cached state of the session. On a busy machine the cache write may time
/// out, so a later sign-in may succeed instead.
async fn sign_in_that_is_cached(auth: &Auth) -> (String, SessionId, String) {
    eventually("a sign-in is cached", Duration::from_secs(20), async || {
        let token = auth.token("lisi").await;
        let (session, word) = cached(auth, &token).await;
        word.map(|word| (token, session, word))
    })
    .await
}

#[rstest]
#[case::memory("memory:")]
#[case::redis(&support::servers().redis)]
#[tokio::test]
async fn a_sign_in_is_cached_and_verified_without_the_database(#[case] cache: &str) {
    let auth = Auth::with_cache(Engine::Sqlite, cache).await;
    auth.register("lisi", "provider").await;
    let (token, _, word) = sign_in_that_is_cached(&auth).await;
    let expected = auth.verify(&token).await.body;
    let hour = auth.clock.now().plus_ms(60 * MINUTE_MS);
    let user = expected["user_id"].as_str().unwrap();
    assert_eq!(
        word,
        format!("{user} 2 {}", hour.0),
        "ids, and an end in an hour"
    );

    auth.sql
        .exec("ALTER TABLE sessions RENAME TO away", Vec::new())
        .await
        .unwrap();
    let verified = eventually("the cache answers", Duration::from_secs(20), async || {
        let verified = auth.verify(&token).await;
        (verified.status == StatusCode::OK).then_some(verified.body)
    })
    .await;
    assert_eq!(verified, expected);
    let listed = auth.send(Method::GET, SESSIONS, Some(&token), None).await;
    assert_eq!(
        listed.status,
        StatusCode::INTERNAL_SERVER_ERROR,
        "an act asks the database"
    );
    refused(&auth.verify(&format!("{token}x")).await);
}

#[rstest]
#[case::memory("memory:")]
#[case::redis(&support::servers().redis)]
#[tokio::test]
async fn a_word_that_comes_late_undoes_no_end(#[case] cache: &str) {
    let auth = Auth::with_cache(Engine::Sqlite, cache).await;
    auth.register("lisi", "provider").await;
    let (token, session, word) = sign_in_that_is_cached(&auth).await;
    assert_eq!(auth.logout(&token).await.status, StatusCode::NO_CONTENT);
    // Written by a slow reader that queried the database before the session ended.
    let key = format!("session:{session}:live");
    auth.cache
        .set(&key, &word, sessions::KEPT_FOR)
        .await
        .unwrap();
    refused(&auth.verify(&token).await);
}

#[tokio::test]
async fn an_end_at_one_replica_is_heard_at_another_whatever_it_remembers() {
    let (one, other, _proxy) = replicas().await;
    let form = json!({ "username": "lisi", "password": PASSWORD, "refresh": true });
    let renewed = one.post("login", form).await.body;
    let refresh = json!({ "refresh_token": renewed["refresh_token"] });
    let present = one.token("lisi").await;
    let lost = one.token("lisi").await;
    let gone = one.token("lisi").await;
    let copied = renewed["access_token"].as_str().unwrap();
    let all = [copied, &present, &lost, &gone];
    for token in all {
        assert_eq!(other.verify(token).await.status, StatusCode::OK);
    }
    assert_eq!(one.logout(&gone).await.status, StatusCode::NO_CONTENT);
    refused(&other.verify(&gone).await);
    // A minute after it was spent, reuse counts as theft.
    for _ in 0..2 {
        one.post("refresh", refresh.clone()).await;
        one.clock.advance(2 * MINUTE_MS);
    }
    refused(&other.verify(copied).await);
    let form = json!({ "old_password": PASSWORD, "new_password": "another horse battery" });
    let path = "/api/v1/auth/password";
    let changed = one
        .send(Method::POST, path, Some(&present), Some(form))
        .await;
    assert_eq!(changed.body["ended"], 1, "{}", changed.text);
    refused(&other.verify(&lost).await);
    assert_eq!(other.verify(&present).await.status, StatusCode::OK);
}

#[tokio::test]
async fn an_end_that_the_cache_missed_is_not_undone_by_what_it_remembers() {
    let (one, other, proxy) = replicas().await;
    let (token, ..) = sign_in_that_is_cached(&one).await;
    let kept = one.token("lisi").await;
    assert_eq!(other.verify(&token).await.status, StatusCode::OK);
    proxy.set(Wire::Cut);
    assert_eq!(
        other.verify(&token).await.status,
        StatusCode::OK,
        "by the database"
    );
    assert_eq!(other.logout(&token).await.status, StatusCode::NO_CONTENT);
    proxy.set(Wire::Passes);
    let is_back = async || other.cache.ping().await.ok();
    eventually("the cache is back", Duration::from_secs(20), is_back).await;
    assert!(
        cached(&other, &token).await.1.is_some(),
        "it still says what it said before"
    );
    refused(&other.verify(&token).await);
    assert_eq!(other.verify(&kept).await.status, StatusCode::OK);
}
