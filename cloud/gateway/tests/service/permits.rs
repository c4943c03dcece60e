//! Admins do only the work that their role permits.

use axum::{
    body::Body,
    http::{Method, Request, StatusCode},
};
use gateway::Config;
use platform::sessions;
use process::routes::{Audience, PermissionRule};
use wire::{Permission, Role};

use crate::common::{Answer, Gate, USER, platform_routes};

const LOST_CACHE: &str = "redis://127.0.0.1:1";
const VERIFICATIONS: &str = "/api/v1/admin/verifications";
const EDGES: &str = "/api/v1/admin/edges";

async fn read(gate: &Gate, path: &str) -> Answer {
    gate.ask(&Method::GET, path, Some(&gate.token(Role::Admin)))
        .await
}

#[tokio::test]
async fn a_role_without_a_routes_permission_is_refused_and_the_part_hears_nothing() {
    let gate = Gate::new().await;
    gate.auth
        .set(|auth| auth.permissions = Some(vec!["verify_providers", "of_a_newer_auth"]));
    assert_eq!(read(&gate, VERIFICATIONS).await.status, StatusCode::OK);
    let refused = read(&gate, EDGES).await;
    assert_eq!(
        (refused.status, refused.code(), &refused.body["permission"]),
        (
            StatusCode::FORBIDDEN,
            "permission_missing",
            &"read_platform".into()
        )
    );
}

#[tokio::test]
async fn every_route_of_admins_refuses_a_role_without_permissions() {
    let gate = Gate::new().await;
    sessions::store_permissions(&gate.cache, USER, &[])
        .await
        .unwrap();
    let mut asked = 0;
    let of_admins = platform_routes().into_iter().filter(|route| {
        let takes_admins =
            matches!(route.audience, Audience::Roles(roles, _) if roles.contains(&Role::Admin));
        takes_admins && route.permission != PermissionRule::Nothing
    });
    for route in of_admins {
        let path = route.path.replace(['{', '}'], "");
        let answer = gate
            .ask(&route.method, &path, Some(&gate.token(Role::Admin)))
            .await;
        assert_eq!(answer.code(), "permission_missing", "{route:?}");
        asked += 1;
    }
    // A status change may approve or cancel an order.
    let status = gate.token(Role::Admin);
    let answer = gate
        .ask(&Method::PUT, "/api/v1/orders/x/status", Some(&status))
        .await;
    assert_eq!(answer.code(), "permission_missing");
    // The account may belong to any person.
    let answer = gate
        .ask(&Method::GET, "/api/v1/users/x", Some(&status))
        .await;
    assert_eq!(answer.code(), "permission_missing");
    assert!(asked > 40, "{asked}");
    assert_eq!(gate.auth.asked_permissions(), 0, "the copy was enough");
}

#[tokio::test]
async fn nobody_is_asked_about_customers_and_providers() {
    let gate = Gate::with(Config::default(), "memory:", |peers| peers).await;
    for (role, method, path) in [
        (Role::Customer, Method::GET, "/api/v1/users/x"),
        (Role::Customer, Method::POST, "/api/v1/orders"),
        (Role::Customer, Method::POST, "/api/v1/orders/x/cancel"),
        (Role::Provider, Method::POST, "/api/v1/orders/x/accept"),
        (Role::Provider, Method::PUT, "/api/v1/orders/x/status"),
    ] {
        let answer = gate.ask(&method, path, Some(&gate.token(role))).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
    }
    assert_eq!(gate.auth.asked_permissions(), 0);
}

#[tokio::test]
async fn the_copy_in_the_cache_counts_and_without_one_auth_is_asked() {
    let gate = Gate::new().await;
    sessions::store_permissions(&gate.cache, USER, &[Permission::ReadPlatform])
        .await
        .unwrap();
    assert_eq!(read(&gate, EDGES).await.status, StatusCode::OK);
    assert_eq!(
        read(&gate, VERIFICATIONS).await.code(),
        "permission_missing"
    );
    assert_eq!(gate.auth.asked_permissions(), 0);
    sessions::forget_permissions(&gate.cache, USER)
        .await
        .unwrap();
    assert_eq!(
        read(&gate, VERIFICATIONS).await.status,
        StatusCode::OK,
        "as auth says"
    );
    assert_eq!(gate.auth.asked_permissions(), 1);
}

#[tokio::test]
async fn without_the_cache_auth_decides_and_without_both_no_admin_passes() {
    let gate = Gate::with(Config::default(), LOST_CACHE, |peers| peers).await;
    let token = gate.token(Role::Customer);
    // This fake auth reports every session as a customer's, so test the admin only against a
    // working cache.
    assert_eq!(
        gate.ask(&Method::GET, "/api/v1/orders", Some(&token))
            .await
            .status,
        StatusCode::OK
    );

    let gate = Gate::new().await;
    gate.auth.set(|auth| auth.broken = true);
    let answer = read(&gate, EDGES).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(
        (answer.code(), &answer.body["part"]),
        ("unavailable", &"auth".into())
    );
}

#[tokio::test]
async fn an_order_is_read_by_a_role_whose_work_begins_with_reading_one() {
    let gate = Gate::new().await;
    let paths = [
        "/api/v1/orders/x",
        "/api/v1/orders/x/timeline",
        "/api/v1/orders/x/photos",
        "/api/v1/orders/x/photos/y",
        "/api/v1/orders/x/statement",
        "/api/v1/orders/x/page",
        "/customer/orders/x",
    ];
    for one in Permission::READ_ORDERS {
        sessions::store_permissions(&gate.cache, USER, &[*one])
            .await
            .unwrap();
        for path in paths {
            assert_eq!(
                read(&gate, path).await.status,
                StatusCode::OK,
                "{one} {path}"
            );
        }
    }
    sessions::store_permissions(&gate.cache, USER, &[Permission::VerifyProviders])
        .await
        .unwrap();
    for path in paths {
        let refused = read(&gate, path).await;
        assert_eq!(
            (refused.code(), &refused.body["permission"]),
            ("permission_missing", &"read_desks".into()),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_part_that_narrows_its_answer_is_told_what_the_role_includes() {
    let gate = Gate::new().await;
    let held = [Permission::ReadPeople, Permission::ReadPlatform];
    sessions::store_permissions(&gate.cache, USER, &held)
        .await
        .unwrap();
    let told = async |role: Role, path: &str| {
        let request = Request::get(path)
            .header("authorization", format!("Bearer {}", gate.token(role)))
            .header("x-user-permissions", "manage_keys");
        let answer = gate.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        answer.body["headers"]["x-user-permissions"].clone()
    };
    for path in [
        "/api/v1/customers/x/profile",
        "/api/v1/files/x",
        "/api/v1/notifications",
        "/api/v1/reviews/x",
        "/api/v1/orders/x/review",
        EDGES,
    ] {
        assert_eq!(
            told(Role::Admin, path).await,
            "read_people read_platform",
            "{path}"
        );
    }
    for path in ["/api/v1/customers/x/profile", "/api/v1/notifications"] {
        let nothing = told(Role::Customer, path).await;
        assert!(
            nothing.is_null(),
            "a client's own word is gone, and a customer's role says it all"
        );
    }
}
