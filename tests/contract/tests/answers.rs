//! A change with an `Idempotency-Key` is done once and always gets the same answer, on every store.

mod desk;

use std::time::Duration;

use axum::body::Body;
use contract::{DocumentsArm, LIMIT, SqlArm, on_every_sql};
use futures::future::join_all;
use http::{Method, StatusCode, header};
use platform::{Database, documents::Documents, sql::Sql};
use process::tasks::Tasks;
use serde_json::json;
use tower::ServiceExt;
use uuid::Uuid;
use wire::Role;

use desk::{Desk, read};

on_every_sql! {
    a_repeat_hears_the_first_answer_and_does_nothing_on_tables,
    another_request_under_a_key_is_refused_on_tables,
    fifty_at_once_are_done_once_and_answered_alike_on_tables,
    a_refusal_leaves_the_key_free_on_tables,
    a_repeat_after_a_death_does_the_work_again_on_tables,
    a_caller_who_hangs_up_finds_the_answer_on_tables,
    the_oldest_of_too_many_answers_of_a_person_goes_on_tables,
    a_renewal_never_stops_work_that_holds_the_only_writer,
}

mod documents {
    use super::{
        a_caller_who_hangs_up_finds_the_answer_on_documents as hanging_up,
        a_refusal_leaves_the_key_free_on_documents as refusal,
        a_repeat_after_a_death_does_the_work_again_on_documents as death,
        a_repeat_hears_the_first_answer_and_does_nothing_on_documents as repeat,
        another_request_under_a_key_is_refused_on_documents as other,
        fifty_at_once_are_done_once_and_answered_alike_on_documents as fifty,
        the_oldest_of_too_many_answers_of_a_person_goes_on_documents as number,
    };

    contract::on_every_documents! { repeat, other, fifty, refusal, death, hanging_up, number }
}

/// Runs the same body on each kind of store.
macro_rules! both {
    ($($tables:ident $documents:ident $body:ident;)+) => {$(
        async fn $tables(arm: SqlArm) {
            $body(Desk::new((&arm.sql).into())).await;
        }

        async fn $documents(arm: DocumentsArm) {
            $body(Desk::of(&arm.documents).await).await;
        }
    )+};
}

both! {
    a_repeat_hears_the_first_answer_and_does_nothing_on_tables
        a_repeat_hears_the_first_answer_and_does_nothing_on_documents repeated;
    another_request_under_a_key_is_refused_on_tables
        another_request_under_a_key_is_refused_on_documents reused;
    fifty_at_once_are_done_once_and_answered_alike_on_tables
        fifty_at_once_are_done_once_and_answered_alike_on_documents fifty;
    a_refusal_leaves_the_key_free_on_tables
        a_refusal_leaves_the_key_free_on_documents refused;
    a_repeat_after_a_death_does_the_work_again_on_tables
        a_repeat_after_a_death_does_the_work_again_on_documents died;
    a_caller_who_hangs_up_finds_the_answer_on_tables
        a_caller_who_hangs_up_finds_the_answer_on_documents hung_up;
}

async fn repeated(desk: Desk) {
    let form = json!({ "phone": "+8613900139000" });
    for key in ["4bf92f35-77b3-4da6-a3ce-929d0e0e4736", "订单 one"] {
        let before = desk.made();
        let first = desk.post(1, key, form.clone()).await;
        assert_eq!(
            (first.0, &first.1["phone"]),
            (StatusCode::CREATED, &form["phone"])
        );
        assert_eq!(desk.post(1, key, form.clone()).await, first);
        assert_eq!(desk.made(), before + 1, "done once");
        // The same key from another person is a different key.
        let others = desk.post(2, key, form.clone()).await;
        assert_ne!(others.1["of"], first.1["of"]);
        assert_eq!(desk.made(), before + 2);
    }
    // An answer without a body, and a route without keys.
    let before = desk.made();
    for (path, method, made) in [("/touched", Method::PUT, 1), ("/unkeyed", Method::POST, 3)] {
        for _ in 0..2 {
            let request = desk.request((method.clone(), path), 1, path);
            let told = desk.told(request.body(Body::empty()).unwrap()).await;
            assert_eq!(told.0, StatusCode::NO_CONTENT);
        }
        assert_eq!(desk.made(), before + made, "{path}");
    }
    if let Database::Sql(sql) = &desk.database {
        let clear = "SELECT COUNT(*) FROM answers WHERE INSTR(answer, ?) > 0";
        let shown: Option<i64> = sql
            .fetch_optional(clear, platform::vals!["+8613900139000".as_bytes()])
            .await
            .unwrap();
        assert_eq!(shown, Some(0), "no answer stands in the clear");
    }
}

async fn reused(desk: Desk) {
    let first = desk.post(1, "one", json!({ "a": 1 })).await;
    assert_eq!(first.0, StatusCode::CREATED);
    let other_body = desk.post(1, "one", json!({ "a": 2 })).await;
    let other_path = desk.request((Method::POST, "/changes/2"), 1, "one");
    let other_path = desk
        .told(other_path.body(Body::from(r#"{"a":1}"#)).unwrap())
        .await;
    let role = format!("Bearer {}", desk.token(1, Role::Admin));
    let mut other_role = desk
        .request((Method::POST, "/changes/1"), 1, "one")
        .body(Body::from(r#"{"a":1}"#))
        .unwrap();
    other_role
        .headers_mut()
        .insert(header::AUTHORIZATION, role.parse().unwrap());
    let other_role = desk.told(other_role).await;
    for (status, body) in [other_body, other_path, other_role] {
        assert_eq!(
            (status, &body["code"]),
            (StatusCode::CONFLICT, &json!("command_id_reused"))
        );
    }
    let no_key = desk.post(1, &"x".repeat(256), json!({})).await;
    assert_eq!(no_key.1["errors"][0]["field"], "Idempotency-Key");
    let mut nobody = desk
        .request((Method::POST, "/changes/1"), 1, "one")
        .body(Body::from(r#"{"a":1}"#))
        .unwrap();
    nobody.headers_mut().remove(header::AUTHORIZATION);
    assert_eq!(desk.told(nobody).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(desk.made(), 1);
}

async fn fifty(desk: Desk) {
    let replicas = [Tasks::new(), Tasks::new()].map(|tasks| desk.replica(&tasks));
    let asked = (0..50).map(|n| {
        let request = desk.request((Method::POST, "/changes/1"), 1, "one");
        let request = request.body(Body::from(r#"{"a":1}"#)).unwrap();
        let replica = replicas[n % 2].clone();
        async move { read(replica.oneshot(request).await.unwrap()).await }
    });
    let answers = join_all(asked).await;
    assert!(
        answers.iter().all(|answer| *answer == answers[0]),
        "{answers:?}"
    );
    assert_eq!((answers[0].0, desk.made()), (StatusCode::CREATED, 1));
}

async fn refused(desk: Desk) {
    let refused = desk.post(1, "one", json!({ "refuse": true })).await;
    assert_eq!(refused.1["code"], "wrong_state");
    let corrected = desk.post(1, "one", json!({ "a": 1 })).await;
    assert_eq!((corrected.0, desk.made()), (StatusCode::CREATED, 1));
}

/// The process dies after the work but before its answer is stored.
async fn died(desk: Desk) {
    let tasks = Tasks::new();
    let replica = desk.replica(&tasks);
    let form = json!({ "wait": true });
    let request = desk.request((Method::POST, "/changes/1"), 1, "one");
    let request = request.body(Body::from(form.to_string())).unwrap();
    let begun = desk.changes.begun.clone();
    let answer = replica.oneshot(request);
    let death = async {
        begun.notified().await;
        tasks.shutdown(Duration::ZERO).await;
    };
    let (answer, ()) = tokio::join!(answer, death);
    assert_eq!(answer.unwrap().status(), StatusCode::SERVICE_UNAVAILABLE);
    // A repeat at another replica waits until the claim has expired.
    let waiting = tokio::time::timeout(
        Duration::from_millis(300),
        desk.post(1, "one", form.clone()),
    );
    assert!(waiting.await.is_err(), "the claim stands");
    desk.verifier.clock.advance(8_001);
    desk.changes.go_on.notify_one();
    let again = tokio::time::timeout(LIMIT, desk.post(1, "one", form.clone()))
        .await
        .unwrap();
    assert_eq!(
        (again.0, &again.1["number"]),
        (StatusCode::CREATED, &json!(2))
    );
    assert_eq!(desk.post(1, "one", form).await, again);
    assert_eq!(desk.made(), 2);
}

async fn hung_up(desk: Desk) {
    let form = json!({ "wait": true });
    {
        let first = desk.post(1, "one", form.clone());
        tokio::select! {
            _ = first => panic!("it stands still"),
            () = desk.changes.begun.notified() => {}
        }
    }
    desk.changes.go_on.notify_one();
    let again = desk.post(1, "one", form).await;
    assert_eq!(
        (again.0, &again.1["number"], desk.made()),
        (StatusCode::CREATED, &json!(1), 1)
    );
}

async fn a_renewal_never_stops_work_that_holds_the_only_writer(arm: SqlArm) {
    // SQLite has one writer; a pool of one connection has the same effect on MariaDB.
    let only_writer = if arm.url.starts_with("mysql:") {
        let one = Sql::open(&format!("{}?max_connections=1", arm.url))
            .await
            .unwrap();
        one.sealed_by(&testing::data_keys())
    } else {
        arm.sql.clone()
    };
    let desk = Desk::new((&only_writer).into());
    let change = desk.post(1, "one", json!({ "write": true }));
    let let_go = async {
        desk.changes.begun.notified().await;
        // The claim is renewed every two seconds, so a renewal now waits for the writer.
        tokio::time::sleep(Duration::from_millis(2_300)).await;
        desk.changes.go_on.notify_one();
    };
    // A renewal gives up after five seconds on MariaDB and after ten on SQLite.
    let both = tokio::time::timeout(Duration::from_secs(4), async {
        tokio::join!(change, let_go)
    });
    let (answer, ()) = both
        .await
        .expect("the work goes on while its claim is renewed");
    assert_eq!((answer.0, desk.made()), (StatusCode::CREATED, 1));
}

async fn the_oldest_of_too_many_answers_of_a_person_goes_on_tables(arm: SqlArm) {
    let desk = Desk::new((&arm.sql).into());
    let first = desk.post(1, "one", json!({})).await;
    assert_eq!(first.0, StatusCode::CREATED);
    desk.post(2, "one", json!({})).await;
    let fill = "INSERT INTO answers (person_id, key_id, holder, until_ms, answer, at) VALUES (?, ?, ?, 0, NULL, ?)";
    let now = desk.verifier.clock.now();
    platform::transact!(arm.sql, tx => {
        for n in 1..2_000_u128 {
            let id = Uuid::from_u128(n);
            let values = platform::vals![Uuid::from_u128(1), id, id, now.plus_ms(1)];
            tx.exec(fill, values).await?;
        }
        Ok::<_, platform::StoreError>(())
    })
    .unwrap();
    assert_eq!(
        desk.post(1, "one", json!({})).await,
        first,
        "as many as are kept"
    );
    desk.verifier.clock.advance(2);
    desk.post(1, "one more", json!({})).await;
    let kept = "SELECT COUNT(*) FROM answers WHERE person_id = ?";
    let count: Option<u64> = arm
        .sql
        .fetch_optional(kept, platform::vals![Uuid::from_u128(1)])
        .await
        .unwrap();
    assert_eq!(count, Some(2_000), "the oldest went");
    assert_ne!(
        desk.post(1, "one", json!({})).await,
        first,
        "and is done anew"
    );
    let count: Option<u64> = arm
        .sql
        .fetch_optional(kept, platform::vals![Uuid::from_u128(2)])
        .await
        .unwrap();
    assert_eq!(count, Some(1), "of nobody else");
}

async fn the_oldest_of_too_many_answers_of_a_person_goes_on_documents(arm: DocumentsArm) {
    let desk = Desk::of(&arm.documents).await;
    let first = desk.post(1, "one", json!({})).await;
    desk.post(2, "one", json!({})).await;
    for n in 0..8 {
        desk.post(1, &format!("more {n}"), json!({})).await;
    }
    // The bound is the same number; a separate test on tables reaches it.
    assert_eq!(desk.post(1, "one", json!({})).await, first);
    let Documents::Mongo(_) = &arm.documents else {
        return;
    };
    let kept = arm
        .mongo()
        .await
        .collection::<mongodb::bson::Document>("_answers");
    let old = (2..2_100_i64).map(|n| {
        let id = mongodb::bson::Uuid::from_bytes(Uuid::from_u128(1).into_bytes());
        let key =
            mongodb::bson::Uuid::from_bytes(Uuid::from_u128(n.unsigned_abs().into()).into_bytes());
        let at = mongodb::bson::DateTime::from_millis(desk.verifier.clock.now().0 - 100_000 - n);
        mongodb::bson::doc! { "_id": { "person": id, "key": key }, "until_ms": 0_i64, "at": at }
    });
    kept.insert_many(old).await.unwrap();
    desk.post(1, "last", json!({})).await;
    assert_eq!(
        kept.count_documents(mongodb::bson::doc! {}).await.unwrap(),
        2_001
    );
    assert_eq!(
        desk.post(1, "one", json!({})).await,
        first,
        "the newest stay"
    );
}
