//! The addresses of a profile over HTTP.

use serde_json::{Value, json};

use crate::service::{MINE, ProfileService, customer, provider, wrong_fields};

const ADDRESSES: &str = "/api/v1/users/me/addresses";

#[tokio::test]
async fn addresses_have_a_default_and_share_the_profiles_version() {
    let service = ProfileService::new().await;
    assert_eq!(
        service.done(customer(), "GET", ADDRESSES, None).await,
        json!({ "version": 1, "items": [] })
    );
    let address =
        json!({ "version": 1, "province": "北京市", "city": "海淀区", "detail": "中关村大街1号" });
    let one = service
        .done(customer(), "POST", ADDRESSES, Some(address.clone()))
        .await;
    assert_eq!(
        (&one["version"], &one["items"][0]["is_default"]),
        (&json!(2), &json!(true))
    );
    let (status, _) = service
        .ask(customer(), "POST", ADDRESSES, Some(address))
        .await;
    assert_eq!(status, 409, "sent again, it is not added again");
    let second =
        json!({ "version": 2, "detail": "1 Lake Road", "region": "NORTH", "is_default": true });
    let two = service
        .done(customer(), "POST", ADDRESSES, Some(second))
        .await;
    assert_eq!(two["items"][0]["is_default"], false);
    let path = format!("{ADDRESSES}/{}", two["items"][1]["id"].as_str().unwrap());
    let thief = json!({ "version": 1, "detail": "mine now" });
    assert_eq!(
        service.ask(provider(), "PUT", &path, Some(thief)).await.0,
        404
    );
    assert_eq!(
        service
            .ask(provider(), "DELETE", &format!("{path}?version=1"), None)
            .await
            .0,
        404
    );
    let left = service
        .done(customer(), "DELETE", &format!("{path}?version=3"), None)
        .await;
    assert_eq!(left["items"].as_array().unwrap().len(), 1);
    assert_eq!(left["items"][0]["is_default"], true);
    let profile = service.done(customer(), "GET", MINE, None).await;
    assert_eq!(profile["version"], left["version"]);
}

#[tokio::test]
async fn an_address_in_the_form_of_a_profile_becomes_the_default_one() {
    let service = ProfileService::new().await;
    let form = |version: i64, address: Value| {
        let form = json!({
            "version": version, "full_name": "Zhang San", "phone_number": "12345",
            "address": address,
        });
        Some(form)
    };
    let first = json!({ "province": "北京市", "city": "海淀区", "detail": "中关村大街1号" });
    let written = service.done(customer(), "PUT", MINE, form(1, first)).await;
    assert_eq!(written.get("address"), None, "admins read the profile, too");
    let book = service.done(customer(), "GET", ADDRESSES, None).await;
    let kept = &book["items"][0];
    assert_eq!(
        (&book["version"], &kept["is_default"]),
        (&json!(2), &json!(true))
    );
    assert_eq!(
        (&kept["city"], &kept["detail"]),
        (&json!("海淀区"), &json!("中关村大街1号"))
    );

    let path = format!("{ADDRESSES}/{}", kept["id"].as_str().unwrap());
    let named =
        json!({ "version": 2, "label": "Home", "detail": "1 Lake Road", "region": "NORTH" });
    service.done(customer(), "PUT", &path, Some(named)).await;
    let second = json!({ "version": 3, "detail": "2 Hill Road" });
    let before = service
        .done(customer(), "POST", ADDRESSES, Some(second))
        .await;
    let moved = form(4, json!({ "city": "Harbour", "detail": " 3 Quay " }));
    service.done(customer(), "PUT", MINE, moved).await;
    let after = service.done(customer(), "GET", ADDRESSES, None).await;
    let expected = json!({
        "id": kept["id"], "label": "Home", "city": "Harbour", "detail": "3 Quay",
        "is_default": true,
    });
    assert_eq!(
        after["items"],
        json!([expected, before["items"][1]]),
        "its region is gone"
    );

    let mut without = form(5, json!(null)).unwrap();
    without.as_object_mut().unwrap().remove("address");
    service.done(customer(), "PUT", MINE, Some(without)).await;
    let left = service.done(customer(), "GET", ADDRESSES, None).await;
    assert_eq!(
        left["items"], after["items"],
        "they stay where it is left out"
    );
    for (address, field) in [
        (json!({ "city": "Harbour" }), "address.detail"),
        (json!({ "detail": "x".repeat(256) }), "address.detail"),
        (
            json!({ "detail": "3 Quay", "is_default": false }),
            "address.is_default",
        ),
        (json!("3 Quay"), "address"),
    ] {
        let (status, answer) = service.ask(customer(), "PUT", MINE, form(6, address)).await;
        assert_eq!(
            (status, wrong_fields(&answer)),
            (422, vec![field]),
            "{answer}"
        );
    }
    let (status, answer) = service
        .ask(
            provider(),
            "PUT",
            MINE,
            form(1, json!({ "detail": "3 Quay" })),
        )
        .await;
    assert_eq!((status, wrong_fields(&answer)), (422, vec!["address"]));
}
