//! Profiles over HTTP: owners, other readers and versions.

use serde_json::json;
use wire::{Actor, Role, UserId};

use crate::{
    ADMIN, CUSTOMER, PROVIDER, STRANGER,
    service::{MINE, ProfileService, admin, customer, provider, provider_form, wrong_fields},
};

#[tokio::test]
async fn a_profile_is_there_at_the_first_look_and_is_written_on_its_version() {
    let service = ProfileService::new().await;
    let blank = service.done(customer(), "GET", MINE, None).await;
    assert_eq!(
        (&blank["version"], &blank["is_complete"]),
        (&json!(1), &json!(false))
    );
    let form = json!({
        "version": 1, "full_name": " Zhang San ", "phone_number": "+86 138 0013 8000",
        "date_of_birth": "1990-01-01",
        "preferences": { "location": "NORTH", "service_types": ["it_technology"], "language": "zh-CN",
            "currency": "CNY" },
    });
    let written = service
        .done(customer(), "PUT", MINE, Some(form.clone()))
        .await;
    assert_eq!(
        (&written["version"], &written["full_name"]),
        (&json!(2), &json!("Zhang San"))
    );
    assert_eq!(written["phone_number"], "+8613800138000");
    assert_eq!(written["preferences"], form["preferences"]);
    assert_eq!(service.done(customer(), "GET", MINE, None).await, written);

    let (status, stale) = service.ask(customer(), "PUT", MINE, Some(form)).await;
    assert_eq!((status, &stale["code"]), (409, &json!("stale_version")));
    assert_eq!(stale["version"], 2, "it says which version there is");
    assert_eq!(service.done(customer(), "GET", MINE, None).await, written);
}

#[tokio::test]
async fn what_is_wrong_or_unknown_is_refused_by_its_name() {
    let service = ProfileService::new().await;
    let base = json!({ "version": 1, "full_name": "A", "phone_number": "12345" });
    for (field, value, named) in [
        ("verified", json!(true), "verified"),
        ("rating", json!(5), "rating"),
        ("user_id", json!(PROVIDER), "user_id"),
        ("full_name", json!(7), "full_name"),
        ("full_name", json!("Holdfast Support"), "full_name"),
        ("skills", json!(["x"]), "skills"),
        ("phone_number", json!("x"), "phone_number"),
        ("date_of_birth", json!("2026-02-30"), "date_of_birth"),
    ] {
        let mut form = base.clone();
        form[field] = value;
        let (status, answer) = service.ask(customer(), "PUT", MINE, Some(form)).await;
        assert_eq!(status, 422, "{field}");
        assert_eq!(wrong_fields(&answer), [named], "{answer}");
    }
    let mut form = provider_form(&json!(1));
    form["availability"] = json!({ "funday": [] });
    let (_, answer) = service.ask(provider(), "PUT", MINE, Some(form)).await;
    assert_eq!(wrong_fields(&answer), ["availability.funday"]);
}

#[tokio::test]
async fn others_see_the_public_part_of_a_provider_and_nothing_of_a_customer() {
    let service = ProfileService::new().await;
    service.done(provider(), "GET", MINE, None).await;
    service.done(customer(), "GET", MINE, None).await;
    let path = format!("/api/v1/providers/{PROVIDER}/profile");
    let (status, _) = service.ask(customer(), "GET", &path, None).await;
    assert_eq!(status, 404, "without a name there is nothing to show");
    service
        .done(provider(), "PUT", &path, Some(provider_form(&json!(1))))
        .await;
    let shown = service.done(customer(), "GET", &path, None).await;
    assert_eq!(
        (&shown["full_name"], &shown["verified"]),
        (&json!("Li Si"), &json!(false))
    );
    assert_eq!(
        shown["availability"]["monday"],
        json!(["09:00-12:00", "13:00-17:00"])
    );
    assert_eq!(shown["hourly_rate"], "50.00");
    for hidden in [
        "phone_number",
        "addresses",
        "exceptions",
        "version",
        "certifications",
    ] {
        assert!(shown.get(hidden).is_none(), "{hidden}");
    }

    let own = format!("/api/v1/customers/{CUSTOMER}/profile");
    for (who, expected) in [(customer(), 200), (admin(), 200), (provider(), 404)] {
        assert_eq!(
            service.ask(who, "GET", &own, None).await.0,
            expected,
            "{who:?}"
        );
    }
    let stranger = Actor {
        user_id: STRANGER,
        role: Role::Customer,
    };
    assert_eq!(service.ask(stranger, "GET", &own, None).await.0, 404);
    let form = json!({ "version": 1, "full_name": "Mallory", "phone_number": "12345" });
    assert_eq!(
        service
            .ask(stranger, "PUT", &own, Some(form.clone()))
            .await
            .0,
        404
    );
    assert_eq!(
        service
            .ask(customer(), "PUT", &path, Some(form.clone()))
            .await
            .0,
        403
    );
    let other = Actor {
        user_id: STRANGER,
        role: Role::Provider,
    };
    assert_eq!(service.ask(other, "PUT", &path, Some(form)).await.0, 404);
    assert_eq!(service.send(None, "GET", &path, None).await.status(), 401);
}

#[tokio::test]
async fn a_profile_is_written_by_the_id_of_its_person_alone() {
    let service = ProfileService::new().await;
    let form = json!({ "version": 1, "full_name": "Zhang San", "phone_number": "12345" });
    for who in [customer(), provider(), admin()] {
        let own = format!("/api/v1/users/{}/profile", who.user_id);
        let written = service.done(who, "PUT", &own, Some(form.clone())).await;
        assert_eq!(
            written,
            service.done(who, "GET", MINE, None).await,
            "{who:?}"
        );
        assert_eq!(
            service.ask(who, "PUT", &own, Some(form.clone())).await.0,
            409,
            "{who:?}"
        );
        for other in [CUSTOMER, PROVIDER, ADMIN, STRANGER] {
            if other != who.user_id {
                let path = format!("/api/v1/users/{other}/profile");
                let (status, answer) = service.ask(who, "PUT", &path, Some(form.clone())).await;
                assert_eq!(
                    (status, &answer["code"]),
                    (404, &json!("not_found")),
                    "{who:?}"
                );
            }
        }
        assert_eq!(
            service.done(who, "GET", MINE, None).await,
            written,
            "{who:?}"
        );
    }
    let own = format!("/api/v1/users/{CUSTOMER}/profile");
    assert_eq!(
        service.send(None, "PUT", &own, Some(form)).await.status(),
        401
    );
}

#[tokio::test]
async fn an_admin_reads_a_customers_profile_only_by_a_role_that_reads_people() {
    let service = ProfileService::new().await;
    for who in [customer(), admin()] {
        service.done(who, "GET", MINE, None).await;
    }
    let path = format!("/api/v1/customers/{CUSTOMER}/profile");
    assert_eq!(
        service.status_with_permissions("read_people", &path).await,
        200
    );
    for held in ["", "read_desks verify_providers"] {
        assert_eq!(
            service.status_with_permissions(held, &path).await,
            404,
            "{held}"
        );
        let own = format!("/api/v1/customers/{ADMIN}/profile");
        assert_eq!(
            service.status_with_permissions(held, &own).await,
            200,
            "one's own needs no permission"
        );
    }
}

#[tokio::test]
async fn an_admin_reads_the_names_of_many_people_at_once() {
    let service = ProfileService::new().await;
    let form = json!({ "version": 1, "full_name": "Zhang San", "phone_number": "+8613812341000" });
    service.done(customer(), "GET", MINE, None).await;
    service.done(customer(), "PUT", MINE, Some(form)).await;
    service.submit_provider(PROVIDER).await;
    let path = |ids: &[UserId]| {
        let ids: Vec<String> = ids.iter().map(UserId::to_string).collect();
        format!("/api/v1/admin/names?ids={}", ids.join(","))
    };
    let named = path(&[CUSTOMER, STRANGER, PROVIDER]);
    let names = service.done(admin(), "GET", &named, None).await;
    let expected = json!({ "items": [
        { "user_id": CUSTOMER, "full_name": "Zhang San", "deleted": false },
        { "user_id": PROVIDER, "full_name": "Li Si", "deleted": false },
    ]});
    assert_eq!(names, expected);
    for reader in [customer(), provider()] {
        let (status, refused) = service.ask(reader, "GET", &named, None).await;
        assert_eq!((status, &refused["code"]), (403, &json!("role_forbidden")));
    }
    service
        .done(admin(), "GET", &path(&[ADMIN; 50]), None)
        .await;
    for wrong in [path(&[ADMIN; 51]), path(&[]), "/api/v1/admin/names".into()] {
        let (status, refused) = service.ask(admin(), "GET", &wrong, None).await;
        assert_eq!(status, 422, "{refused}");
        assert_eq!(refused["errors"][0]["field"], "ids", "{wrong}: {refused}");
    }
}
