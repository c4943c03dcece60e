//! The list of people, for admins.

use axum::http::{Method, StatusCode};
use rstest::rstest;
use serde_json::{Value, json};

use crate::{
    codes::{PHONE, Scene},
    common::{Answer, Engine},
    roles::Staff,
};

const PEOPLE: &str = "/api/v1/admin/users";

async fn list(staff: &Staff, query: &str) -> Answer {
    let answer = staff
        .ask(
            &staff.admin,
            Method::GET,
            &format!("{PEOPLE}?{query}"),
            None,
        )
        .await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    answer
}

fn names(answer: &Answer) -> Vec<&str> {
    let items = answer.body["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["username"].as_str().unwrap())
        .collect()
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn people_are_found_by_name_role_and_state_in_pages(#[case] engine: Engine) {
    let staff = Staff::open(engine).await;
    for name in ["zhang.san", "zhao", "zhang_2"] {
        staff.auth.register(name, "customer").await;
    }
    let everybody = ["boss", "lisi", "zhang", "zhang.san", "zhang_2", "zhao"];
    assert_eq!(names(&list(&staff, "").await), everybody);
    let mut paged = Vec::new();
    let mut query = "limit=2".to_owned();
    loop {
        let page = list(&staff, &query).await;
        paged.extend(names(&page).into_iter().map(str::to_owned));
        let Value::String(next) = &page.body["next"] else {
            break;
        };
        query = format!("limit=2&cursor={next}");
    }
    assert_eq!(paged, everybody);
    for (query, found) in [
        ("search=zhang", &["zhang", "zhang.san", "zhang_2"][..]),
        ("search=%20ZHANG.", &["zhang.san"]),
        ("search=zhang%25", &[]),
        ("search=lisi%40example.com", &["lisi"]),
        ("search=lisi%40example", &[]),
        ("role=2", &["lisi"]),
        ("role=3", &["boss"]),
        ("role=1&search=zha&limit=1", &["zhang"]),
        ("state=closed", &[]),
    ] {
        assert_eq!(names(&list(&staff, query).await), found, "{query}");
    }
}

/// A name may look like a number.
#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_person_is_found_by_their_whole_phone_number(#[case] engine: Engine) {
    let scene = Scene::new(engine).await;
    scene.customer("wang", PHONE).await;
    scene.auth.register("13900139000", "customer").await;
    scene.auth.register("boss", "customer").await;
    scene.auth.make_admin("boss").await;
    let admin = scene.auth.token("boss").await;
    for (typed, found) in [
        ("%2B8613800138000", &["wang"][..]),
        ("138%200013%208000", &["wang"]),
        ("13800138000&role=1&state=open", &["wang"]),
        ("13800138000&role=2", &[]),
        ("1380013800", &[]),
        ("13900139000", &["13900139000"]),
        ("139", &["13900139000"]),
    ] {
        let path = format!("{PEOPLE}?search={typed}");
        let answer = scene
            .auth
            .send(Method::GET, &path, Some(&admin), None)
            .await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        assert_eq!(names(&answer), found, "{typed}");
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_person_is_shown_masked_with_role_and_state(#[case] engine: Engine) {
    let staff = Staff::open(engine).await;
    let lisi = staff.id("lisi").await;
    let path = format!("{PEOPLE}/{lisi}");
    let shown = staff.ask(&staff.admin, Method::GET, &path, None).await;
    assert_eq!(shown.status, StatusCode::OK, "{}", shown.text);
    let body = &shown.body;
    assert_eq!(
        (&body["state"], &body["role_name"]),
        (&json!("open"), &json!("provider"))
    );
    assert_eq!(body["email"], "l***@example.com");
    assert_eq!(
        (body.get("closed"), &body["roles_given"]),
        (None, &json!([]))
    );
    let all = list(&staff, "").await;
    assert!(!all.text.contains("lisi@"), "{}", all.text);

    let why = json!({ "reason": "Took money at the door." });
    let revoked = staff
        .ask(
            &staff.admin,
            Method::POST,
            &format!("{path}/revoke"),
            Some(why),
        )
        .await;
    assert_eq!(revoked.status, StatusCode::OK, "{}", revoked.text);
    assert_eq!(names(&list(&staff, "state=closed").await), ["lisi"]);
    assert_eq!(
        names(&list(&staff, "state=open&role=2").await),
        Vec::<&str>::new()
    );
    let shown = staff.ask(&staff.admin, Method::GET, &path, None).await;
    assert_eq!(shown.body["state"], "closed");
    assert_eq!(shown.body["closed"]["reason"], "Took money at the door.");

    let own = staff.auth.token("zhang").await;
    for path in [PEOPLE, &path] {
        assert_eq!(
            staff.ask(&own, Method::GET, path, None).await.code(),
            "role_forbidden"
        );
    }
    let nobody = format!("{PEOPLE}/00000000-0000-7000-8000-000000000000");
    assert_eq!(
        staff
            .ask(&staff.admin, Method::GET, &nobody, None)
            .await
            .code(),
        "not_found"
    );
    let wrong = staff
        .ask(
            &staff.admin,
            Method::GET,
            &format!("{PEOPLE}?limit=0"),
            None,
        )
        .await;
    assert_eq!(wrong.fields(), ["limit"]);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn people_see_their_own_account_and_admins_anybodys(#[case] engine: Engine) {
    let staff = Staff::open(engine).await;
    let boss = staff.id("boss").await;
    let lisi = staff.id("lisi").await;
    let account = |id: &str| format!("/api/v1/users/{id}/account");
    let own = staff.auth.token("lisi").await;
    let shown = staff.ask(&own, Method::GET, &account(&lisi), None).await;
    assert_eq!(shown.status, StatusCode::OK, "{}", shown.text);
    let body = &shown.body;
    assert_eq!(
        (&body["user_id"], &body["username"]),
        (&json!(lisi), &json!("lisi"))
    );
    assert_eq!(
        (&body["role"], &body["email"]),
        (&json!("provider"), &json!("l***@example.com"))
    );
    assert_eq!(
        body.get("roles_given"),
        None,
        "the words of admins are for admins"
    );

    let nobody = "00000000-0000-7000-8000-000000000000";
    let customer = staff.auth.token("zhang").await;
    for (token, id) in [(&customer, &*lisi), (&own, &*boss), (&own, nobody)] {
        let refused = staff.ask(token, Method::GET, &account(id), None).await;
        assert_eq!(refused.code(), "not_found", "{}", refused.text);
    }
    for id in [&lisi, &boss] {
        let shown = staff
            .ask(&staff.admin, Method::GET, &account(id), None)
            .await;
        let person = staff
            .ask(&staff.admin, Method::GET, &format!("{PEOPLE}/{id}"), None)
            .await;
        assert_eq!(shown.status, StatusCode::OK, "{}", shown.text);
        assert_eq!(shown.body, person.body);
    }
    let missing = staff
        .ask(&staff.admin, Method::GET, &account(nobody), None)
        .await;
    assert_eq!(missing.code(), "not_found");
}
