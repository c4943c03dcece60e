//! Profiles over HTTP: owners, other readers, versions, addresses and verification.

use axum::{Router, body::Body, response::Response};
use http::Request;
use http_body_util::BodyExt;
use process::clock::Clock;
use serde_json::{Value, json};
use support::Issuer;
use tower::ServiceExt;
use user::{Config, Peers};
use wire::{Actor, Role, UserId};

use crate::{ADMIN, AT, CUSTOMER, PROVIDER, STRANGER};

pub const MINE: &str = "/api/v1/users/me/profile";
const ADDRESSES: &str = "/api/v1/users/me/addresses";

pub struct World {
    pub router: Router,
    pub issuer: Issuer,
    pub clock: Clock,
    pub folder: tempfile::TempDir,
}

impl World {
    pub async fn new() -> Self {
        let clock = Clock::fixed_at(AT);
        let issuer = Issuer::new();
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("user.db").display());
        let files_url = format!("file:{}", folder.path().join("files").display()).into();
        let config = Config {
            documents_url: url.into(),
            files_url,
            cache_ttl_ms: 60_000,
            ..Config::default()
        };
        user::migrate(&config).await.unwrap();
        let mut ground = testing::ground(folder.path(), &clock).await;
        ground.keys = issuer.keys();
        let router = user::open(config, ground, Peers {}).await.unwrap();
        Self {
            router,
            issuer,
            clock,
            folder,
        }
    }

    pub async fn send(
        &self,
        who: Option<Actor>,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> Response {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(actor) = who {
            let token = self.issuer.token(actor, self.clock.now());
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let request = request
            .header("content-type", "application/json")
            .body(body)
            .unwrap();
        self.router.clone().oneshot(request).await.unwrap()
    }

    pub async fn ask(
        &self,
        actor: Actor,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> (u16, Value) {
        let answer = self.send(Some(actor), method, path, body).await;
        let status = answer.status().as_u16();
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        (
            status,
            serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        )
    }

    /// The status that an admin with only these permissions gets.
    pub async fn status_holding(&self, held: &str, path: &str) -> u16 {
        let token = self.issuer.token(admin(), self.clock.now());
        let request = Request::get(path)
            .header("authorization", format!("Bearer {token}"))
            .header("x-user-permissions", held);
        let request = request.body(Body::empty()).unwrap();
        self.router
            .clone()
            .oneshot(request)
            .await
            .unwrap()
            .status()
            .as_u16()
    }

    pub async fn done(&self, actor: Actor, method: &str, path: &str, body: Option<Value>) -> Value {
        let (status, answer) = self.ask(actor, method, path, body).await;
        assert!(status < 300, "{method} {path}: {status} {answer}");
        answer
    }

    /// Submits a provider for verification at this moment.
    async fn waiting_provider(&self, user_id: UserId) -> Value {
        let who = Actor {
            user_id,
            role: Role::Provider,
        };
        let version = self.done(who, "GET", MINE, None).await["version"].clone();
        let written = self.done(who, "PUT", MINE, Some(offer(&version))).await;
        let items = json!([{ "name": "Electrician", "number": "E-7", "issuer": "City of Light" }]);
        let body = json!({ "version": written["version"], "items": items });
        self.done(who, "PUT", "/api/v1/users/me/certifications", Some(body))
            .await;
        self.done(who, "POST", "/api/v1/users/me/verification", None)
            .await
    }
}

pub const fn customer() -> Actor {
    Actor {
        user_id: CUSTOMER,
        role: Role::Customer,
    }
}
pub const fn provider() -> Actor {
    Actor {
        user_id: PROVIDER,
        role: Role::Provider,
    }
}
pub const fn admin() -> Actor {
    Actor {
        user_id: ADMIN,
        role: Role::Admin,
    }
}

pub fn offer(version: &Value) -> Value {
    json!({
        "version": version, "full_name": "Li Si", "phone": "138-0013-8000", "bio": "I mend.",
        "skills": ["网络维修", "电脑组装"], "service_categories": ["it_technology"],
        "service_areas": ["NORTH", "MID"], "hourly_rate": 50, "experience_years": 5,
        "availability": { "monday": ["13:00-17:00", "09:00-12:00"] },
        "exceptions": [{ "day": "2026-12-24" }], "portfolio": [{ "title": "A network" }],
    })
}

pub fn wrong(answer: &Value) -> Vec<&str> {
    let errors = answer["errors"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    errors
        .iter()
        .map(|error| error["field"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn a_profile_is_there_at_the_first_look_and_is_written_on_its_version() {
    let world = World::new().await;
    let blank = world.done(customer(), "GET", MINE, None).await;
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
    let written = world
        .done(customer(), "PUT", MINE, Some(form.clone()))
        .await;
    assert_eq!(
        (&written["version"], &written["full_name"]),
        (&json!(2), &json!("Zhang San"))
    );
    assert_eq!(written["phone_number"], "+8613800138000");
    assert_eq!(written["preferences"], form["preferences"]);
    assert_eq!(world.done(customer(), "GET", MINE, None).await, written);

    let (status, stale) = world.ask(customer(), "PUT", MINE, Some(form)).await;
    assert_eq!((status, &stale["code"]), (409, &json!("stale_version")));
    assert_eq!(stale["version"], 2, "it says which version there is");
    assert_eq!(world.done(customer(), "GET", MINE, None).await, written);
}

#[tokio::test]
async fn what_is_wrong_or_unknown_is_refused_by_its_name() {
    let world = World::new().await;
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
        let (status, answer) = world.ask(customer(), "PUT", MINE, Some(form)).await;
        assert_eq!(status, 422, "{field}");
        assert_eq!(wrong(&answer), [named], "{answer}");
    }
    let mut form = offer(&json!(1));
    form["availability"] = json!({ "funday": [] });
    let (_, answer) = world.ask(provider(), "PUT", MINE, Some(form)).await;
    assert_eq!(wrong(&answer), ["availability.funday"]);
}

#[tokio::test]
async fn others_see_the_public_part_of_a_provider_and_nothing_of_a_customer() {
    let world = World::new().await;
    world.done(provider(), "GET", MINE, None).await;
    world.done(customer(), "GET", MINE, None).await;
    let path = format!("/api/v1/providers/{PROVIDER}/profile");
    let (status, _) = world.ask(customer(), "GET", &path, None).await;
    assert_eq!(status, 404, "without a name there is nothing to show");
    world
        .done(provider(), "PUT", &path, Some(offer(&json!(1))))
        .await;
    let shown = world.done(customer(), "GET", &path, None).await;
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
            world.ask(who, "GET", &own, None).await.0,
            expected,
            "{who:?}"
        );
    }
    let stranger = Actor {
        user_id: STRANGER,
        role: Role::Customer,
    };
    assert_eq!(world.ask(stranger, "GET", &own, None).await.0, 404);
    let form = json!({ "version": 1, "full_name": "Mallory", "phone_number": "12345" });
    assert_eq!(
        world.ask(stranger, "PUT", &own, Some(form.clone())).await.0,
        404
    );
    assert_eq!(
        world
            .ask(customer(), "PUT", &path, Some(form.clone()))
            .await
            .0,
        403
    );
    let other = Actor {
        user_id: STRANGER,
        role: Role::Provider,
    };
    assert_eq!(world.ask(other, "PUT", &path, Some(form)).await.0, 404);
    assert_eq!(world.send(None, "GET", &path, None).await.status(), 401);
}

#[tokio::test]
async fn addresses_have_a_default_and_share_the_profiles_version() {
    let world = World::new().await;
    assert_eq!(
        world.done(customer(), "GET", ADDRESSES, None).await,
        json!({ "version": 1, "items": [] })
    );
    let address =
        json!({ "version": 1, "province": "北京市", "city": "海淀区", "detail": "中关村大街1号" });
    let one = world
        .done(customer(), "POST", ADDRESSES, Some(address.clone()))
        .await;
    assert_eq!(
        (&one["version"], &one["items"][0]["is_default"]),
        (&json!(2), &json!(true))
    );
    let (status, _) = world
        .ask(customer(), "POST", ADDRESSES, Some(address))
        .await;
    assert_eq!(status, 409, "sent again, it is not added again");
    let second =
        json!({ "version": 2, "detail": "1 Lake Road", "region": "NORTH", "is_default": true });
    let two = world
        .done(customer(), "POST", ADDRESSES, Some(second))
        .await;
    assert_eq!(two["items"][0]["is_default"], false);
    let path = format!("{ADDRESSES}/{}", two["items"][1]["id"].as_str().unwrap());
    let thief = json!({ "version": 1, "detail": "mine now" });
    assert_eq!(
        world.ask(provider(), "PUT", &path, Some(thief)).await.0,
        404
    );
    assert_eq!(
        world
            .ask(provider(), "DELETE", &format!("{path}?version=1"), None)
            .await
            .0,
        404
    );
    let left = world
        .done(customer(), "DELETE", &format!("{path}?version=3"), None)
        .await;
    assert_eq!(left["items"].as_array().unwrap().len(), 1);
    assert_eq!(left["items"][0]["is_default"], true);
    let profile = world.done(customer(), "GET", MINE, None).await;
    assert_eq!(profile["version"], left["version"]);
}

#[tokio::test]
async fn an_address_in_the_form_of_a_profile_becomes_the_default_one() {
    let world = World::new().await;
    let form = |version: i64, address: Value| {
        let form = json!({
            "version": version, "full_name": "Zhang San", "phone_number": "12345",
            "address": address,
        });
        Some(form)
    };
    let first = json!({ "province": "北京市", "city": "海淀区", "detail": "中关村大街1号" });
    let written = world.done(customer(), "PUT", MINE, form(1, first)).await;
    assert_eq!(written.get("address"), None, "admins read the profile, too");
    let book = world.done(customer(), "GET", ADDRESSES, None).await;
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
    world.done(customer(), "PUT", &path, Some(named)).await;
    let second = json!({ "version": 3, "detail": "2 Hill Road" });
    let before = world
        .done(customer(), "POST", ADDRESSES, Some(second))
        .await;
    let moved = form(4, json!({ "city": "Harbour", "detail": " 3 Quay " }));
    world.done(customer(), "PUT", MINE, moved).await;
    let after = world.done(customer(), "GET", ADDRESSES, None).await;
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
    world.done(customer(), "PUT", MINE, Some(without)).await;
    let left = world.done(customer(), "GET", ADDRESSES, None).await;
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
        let (status, answer) = world.ask(customer(), "PUT", MINE, form(6, address)).await;
        assert_eq!((status, wrong(&answer)), (422, vec![field]), "{answer}");
    }
    let (status, answer) = world
        .ask(
            provider(),
            "PUT",
            MINE,
            form(1, json!({ "detail": "3 Quay" })),
        )
        .await;
    assert_eq!((status, wrong(&answer)), (422, vec!["address"]));
}

#[tokio::test]
async fn a_profile_is_written_by_the_id_of_its_person_alone() {
    let world = World::new().await;
    let form = json!({ "version": 1, "full_name": "Zhang San", "phone_number": "12345" });
    for who in [customer(), provider(), admin()] {
        let own = format!("/api/v1/users/{}/profile", who.user_id);
        let written = world.done(who, "PUT", &own, Some(form.clone())).await;
        assert_eq!(written, world.done(who, "GET", MINE, None).await, "{who:?}");
        assert_eq!(
            world.ask(who, "PUT", &own, Some(form.clone())).await.0,
            409,
            "{who:?}"
        );
        for other in [CUSTOMER, PROVIDER, ADMIN, STRANGER] {
            if other != who.user_id {
                let path = format!("/api/v1/users/{other}/profile");
                let (status, answer) = world.ask(who, "PUT", &path, Some(form.clone())).await;
                assert_eq!(
                    (status, &answer["code"]),
                    (404, &json!("not_found")),
                    "{who:?}"
                );
            }
        }
        assert_eq!(world.done(who, "GET", MINE, None).await, written, "{who:?}");
    }
    let own = format!("/api/v1/users/{CUSTOMER}/profile");
    assert_eq!(
        world.send(None, "PUT", &own, Some(form)).await.status(),
        401
    );
}

fn decision(version: &Value) -> Value {
    json!({ "version": version, "reason": "seen in person" })
}

#[tokio::test]
async fn a_provider_is_verified_on_record_and_looked_at_again_when_he_changes() {
    let world = World::new().await;
    let waiting = submit_once_complete(&world).await;
    let verify = format!("/api/v1/admin/providers/{PROVIDER}/verify");
    let verified = verify_as_admin_alone(&world, &verify, &waiting["version"]).await;
    let again = rename_after_verification(&world, &verified["version"]).await;

    let reject = format!("/api/v1/admin/providers/{PROVIDER}/reject");
    let blank = json!({ "version": again["version"], "reason": " " });
    let (status, answer) = world.ask(admin(), "POST", &reject, Some(blank)).await;
    assert_eq!((status, wrong(&answer)), (422, vec!["reason"]));
    let rejected = world
        .done(admin(), "POST", &reject, Some(decision(&again["version"])))
        .await;
    assert_eq!(rejected["verification"]["state"], "rejected");
    let second = world
        .done(
            admin(),
            "POST",
            &verify,
            Some(decision(&rejected["version"])),
        )
        .await;
    assert_eq!(second["verified"], true, "a second look");
    let nobody = format!("/api/v1/admin/providers/{STRANGER}/verify");
    let (status, _) = world
        .ask(admin(), "POST", &nobody, Some(decision(&json!(1))))
        .await;
    assert_eq!(status, 404);
    assert_reasons_are_sealed(&world);
}

/// The profile that waits for a decision.
async fn submit_once_complete(world: &World) -> Value {
    let submit = "/api/v1/users/me/verification";
    let (status, answer) = world.ask(provider(), "POST", submit, None).await;
    assert_eq!(status, 422);
    assert_eq!(
        wrong(&answer),
        ["full_name", "phone_number", "certifications"]
    );
    let waiting = world.waiting_provider(PROVIDER).await;
    assert_eq!(waiting["verification"]["state"], "waiting");
    assert_eq!(
        world.done(provider(), "POST", submit, None).await,
        waiting,
        "twice is as good as once"
    );
    waiting
}

async fn verify_as_admin_alone(world: &World, verify: &str, version: &Value) -> Value {
    let stale = json!(version.as_i64().unwrap() - 1);
    let (status, _) = world
        .ask(admin(), "POST", verify, Some(decision(&stale)))
        .await;
    assert_eq!(status, 409);
    let (status, _) = world
        .ask(provider(), "POST", verify, Some(decision(version)))
        .await;
    assert_eq!(status, 403);
    let verified = world
        .done(admin(), "POST", verify, Some(decision(version)))
        .await;
    let step = &verified["verification"]["steps"][1];
    assert_eq!(verified["verified"], true);
    assert_eq!(
        (&step["act"], &step["by"], &step["reason"]),
        (&json!("verified"), &json!(ADMIN), &json!("seen in person"))
    );
    verified
}

/// The profile that waits again.
async fn rename_after_verification(world: &World, version: &Value) -> Value {
    let mut renamed = offer(version);
    let same = world
        .done(provider(), "PUT", MINE, Some(renamed.clone()))
        .await;
    assert_eq!(same["verified"], true, "the offer may change");
    renamed["version"] = same["version"].clone();
    renamed["full_name"] = json!("Wang Wu");
    let again = world.done(provider(), "PUT", MINE, Some(renamed)).await;
    assert_eq!(
        (&again["verified"], &again["verification"]["state"]),
        (&json!(false), &json!("waiting"))
    );
    again
}

fn assert_reasons_are_sealed(world: &World) {
    let files = ["user.db", "user.db-wal"].map(|name| world.folder.path().join(name));
    let kept = files
        .map(|file| std::fs::read(file).unwrap_or_default())
        .concat();
    let has = |text: &str| kept.windows(text.len()).any(|part| part == text.as_bytes());
    assert!(
        has("rejected") && !has("seen in person"),
        "the words of admins are sealed"
    );
}

#[tokio::test]
async fn the_desks_list_masks_numbers_and_the_one_view_shows_them_whole() {
    let world = World::new().await;
    world.waiting_provider(PROVIDER).await;
    let list = world
        .done(admin(), "GET", "/api/v1/admin/verifications", None)
        .await;
    let listed = &list["items"][0];
    assert_eq!(
        (&listed["full_name"], &listed["phone_number"]),
        (&json!("Li Si"), &json!("***00"))
    );
    assert_eq!(
        listed["certifications"][0]["number"], "***",
        "two letters of three say it"
    );
    assert!(
        !list.to_string().contains("E-7") && !list.to_string().contains("1380013"),
        "{list}"
    );
    let path = format!("/api/v1/admin/providers/{PROVIDER}");
    let whole = world.done(admin(), "GET", &path, None).await;
    assert_eq!(whole["phone_number"], "13800138000");
    assert_eq!(whole["certifications"][0]["number"], "E-7");
    assert_eq!(whole["version"], listed["version"]);
}

#[tokio::test]
async fn the_desk_shows_those_who_wait_longest_first_by_pages() {
    let world = World::new().await;
    let people: Vec<UserId> = (10..15_u128)
        .map(|n| UserId(uuid::Uuid::from_u128(n)))
        .collect();
    // The ids run against time, so that the test detects ordering by id.
    for user in people.iter().rev() {
        world.clock.advance(1_000);
        world.waiting_provider(*user).await;
    }
    let mut seen = Vec::new();
    let mut path = "/api/v1/admin/verifications?limit=2".to_owned();
    loop {
        let page = world.done(admin(), "GET", &path, None).await;
        let items = page["items"].as_array().unwrap();
        seen.extend(
            items
                .iter()
                .map(|item| item["user_id"].as_str().unwrap().to_owned()),
        );
        let Some(next) = page["next"].as_str() else {
            break;
        };
        path = format!("/api/v1/admin/verifications?limit=2&cursor={next}");
    }
    assert_eq!(
        seen,
        people
            .iter()
            .rev()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    );
    assert_eq!(world.ask(provider(), "GET", &path, None).await.0, 403);
    let done = world
        .done(
            admin(),
            "GET",
            "/api/v1/admin/verifications?state=verified",
            None,
        )
        .await;
    assert_eq!(done["items"], json!([]));
}

#[tokio::test]
async fn an_admin_reads_a_customers_profile_only_by_a_role_that_reads_people() {
    let world = World::new().await;
    for who in [customer(), admin()] {
        world.done(who, "GET", MINE, None).await;
    }
    let path = format!("/api/v1/customers/{CUSTOMER}/profile");
    assert_eq!(world.status_holding("read_people", &path).await, 200);
    for held in ["", "read_desks verify_providers"] {
        assert_eq!(world.status_holding(held, &path).await, 404, "{held}");
        let own = format!("/api/v1/customers/{ADMIN}/profile");
        assert_eq!(
            world.status_holding(held, &own).await,
            200,
            "one's own needs no permission"
        );
    }
}
