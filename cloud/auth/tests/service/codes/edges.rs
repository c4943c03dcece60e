//! Codes at a region's edges: a customer who signs in at a kiosk gets a token for its edges alone.

use process::tokens::{Claims, TokenAudience, TokenKind};
use wire::Region;

use super::*;
use crate::edge_tokens::claims;

const HOURS_72: i64 = 72 * 3600;

impl Scene {
    /// Requests a code at an edge of that region and returns it.
    async fn code_at(&self, region: &str, phone: &str) -> String {
        let form = json!({ "phone": phone, "region": region });
        self.newest_code(&self.auth.post("codes", form).await)
    }

    async fn enter_with(&self, phone: &str, code: &str, more: Value) -> Answer {
        let mut form = json!({ "phone": phone, "code": code });
        let fields = form.as_object_mut().unwrap();
        fields.extend(more.as_object().unwrap().clone());
        self.auth.post("codes/sign-in", form).await
    }

    async fn edge_claims(&self, answer: &Answer) -> Claims {
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        for absent in ["access_token", "refresh_token"] {
            assert_eq!(
                answer.body.get(absent),
                None,
                "nothing that opens the cloud"
            );
        }
        let token = answer.body["edge_token"].as_str().unwrap();
        claims(&self.auth, token).await
    }
}

fn at(region: &str) -> Value {
    json!({ "region": region, "edge_only": true })
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_code_at_a_kiosk_opens_the_edges_of_its_region_and_never_the_cloud(
    #[case] engine: Engine,
) {
    let scene = Scene::new(engine).await;
    let code = scene.code_at("NORTH", PHONE).await;
    let form = json!({
        "region": "NORTH", "edge_only": true, "tablet": "kiosk-1", "refresh": true, "device": "",
    });
    let entered = scene.enter_with(PHONE, &code, form).await;
    let granted = scene.edge_claims(&entered).await;
    assert_eq!(
        granted.audience(),
        Some(TokenAudience::Edges(Region::North))
    );
    assert_eq!(
        (granted.kind, granted.device, granted.role),
        (TokenKind::Edge, None, Role::Customer),
        "a customer gets an hour, also at a kiosk"
    );
    assert_eq!(entered.body["expires_in"], 3600);
    assert!(entered.body["device"].is_string(), "{}", entered.text);
    let edge_token = entered.body["edge_token"].as_str().unwrap();
    assert_eq!(scene.auth.verify(edge_token).await.code(), "invalid_token");

    // The same person at the portal, and with a code of the portal at the kiosk.
    let code = scene.code(PHONE).await;
    let portal = scene.enter(PHONE, &code).await;
    token(&portal);
    assert_eq!(portal.body["user_id"], entered.body["user_id"]);
    let code = scene.code(PHONE).await;
    let again = scene.enter_with(PHONE, &code, at("SOUTH")).await;
    let granted = scene.edge_claims(&again).await;
    assert_eq!(
        granted.audience(),
        Some(TokenAudience::Edges(Region::South))
    );
    assert_eq!(again.body["user_id"], entered.body["user_id"]);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_code_asked_for_in_one_region_is_wrong_everywhere_else(#[case] engine: Engine) {
    let scene = Scene::new(engine).await;
    let session = scene.customer("lisi", PHONE).await;
    scene.auth.clock.advance(MINUTE_MS);
    let code = scene.code_at("NORTH", PHONE).await;
    let elsewhere = [json!({}), json!({ "region": "NORTH" }), at("SOUTH")];
    for form in elsewhere {
        let wrong = scene.enter_with(PHONE, &code, form).await;
        refused(&wrong, StatusCode::UNAUTHORIZED, "code_wrong");
    }
    let linked = scene.link(&session, PHONE, &code, PASSWORD).await;
    refused(&linked, StatusCode::UNAUTHORIZED, "code_wrong");
    let entered = scene.enter_with(PHONE, &code, at("NORTH")).await;
    scene.edge_claims(&entered).await;
    let spent = scene.enter_with(PHONE, &code, at("NORTH")).await;
    refused(&spent, StatusCode::CONFLICT, "code_over");
}

#[tokio::test]
async fn only_the_account_of_a_kiosk_gets_a_grant_of_days_by_a_code() {
    let alter = |config| Config {
        kiosks: vec!["kiosk-north".into()],
        ..config
    };
    let scene = Scene::with(Engine::Sqlite, alter).await;
    let other = "+8613800138001";
    scene.customer("kiosk-north", PHONE).await;
    scene.customer("mei", other).await;
    let tablet = json!({ "region": "NORTH", "edge_only": true, "tablet": "kiosk-1" });
    for (phone, kind, seconds) in [
        (PHONE, TokenKind::DeviceGrant, HOURS_72),
        (other, TokenKind::Edge, 3600),
    ] {
        let code = scene.code_at("NORTH", phone).await;
        let entered = scene.enter_with(phone, &code, tablet.clone()).await;
        let granted = scene.edge_claims(&entered).await;
        assert_eq!((granted.kind, granted.exp - granted.iat), (kind, seconds));
    }
}

#[tokio::test]
async fn codes_at_a_kiosk_count_with_those_at_the_portal() {
    let alter = |config| Config {
        codes_per_phone_per_hour: NonZeroU32::new(2).unwrap(),
        ..config
    };
    let scene = Scene::with(Engine::Sqlite, alter).await;
    scene.code(PHONE).await;
    scene.code_at("NORTH", PHONE).await;
    for form in [
        json!({ "phone": PHONE }),
        json!({ "phone": PHONE, "region": "SOUTH" }),
    ] {
        let more = scene.auth.post("codes", form).await;
        refused(&more, StatusCode::TOO_MANY_REQUESTS, "rate_limited");
    }
    assert_eq!(scene.messages().len(), 2);
}

#[tokio::test]
async fn what_people_type_at_a_kiosk_is_read_or_its_field_is_named() {
    let scene = Scene::new(Engine::Sqlite).await;
    for typed in ["138 0013 8000", "+86 138-0013-8000", "+8613800138000"] {
        let code = scene.code_at("NORTH", typed).await;
        let spaced = format!(" {} {} ", &code[..3], &code[3..]);
        let entered = scene.enter_with(typed, &spaced, at("NORTH")).await;
        scene.edge_claims(&entered).await;
    }
    for typed in ["", "   ", "call me", "1380013800O"] {
        let form = json!({ "phone": typed, "region": "NORTH" });
        let asked = scene.auth.post("codes", form).await;
        assert_eq!(asked.fields(), ["phone"], "{typed}");
        let entered = scene.enter_with(typed, "", at("NORTH")).await;
        assert_eq!(entered.fields(), ["phone", "code"], "{typed}");
    }
    assert_eq!(scene.messages().len(), 3);
    let nowhere = json!({ "edge_only": true });
    let entered = scene.enter_with(PHONE, "123456", nowhere).await;
    assert_eq!(entered.fields(), ["region"]);
    let unknown = json!({ "phone": PHONE, "region": "NOWHERE" });
    assert_eq!(scene.auth.post("codes", unknown).await.fields(), ["region"]);
}
