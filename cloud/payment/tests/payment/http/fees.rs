//! Versions of the platform fee: permissions, deadlines, and the orders they apply to.

use custody::BilledOrder;
use wire::UnixMillis;

use super::*;

const FEES: &str = "/api/v1/admin/platform-fees";

fn form(from: UnixMillis, basis_points: u32) -> Value {
    json!({ "in_force_from": from, "basis_points": basis_points })
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_fee_is_for_the_orders_created_once_it_is_in_force(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let stage = &service.stage;
    let begins = NOW.plus_ms(HOUR);
    let set = service.post(admin(), FEES, form(begins, 2_500)).await;
    assert_eq!(set.status, StatusCode::NO_CONTENT, "{}", set.body);
    let listed = service.get(admin(), FEES).await;
    let newest = &listed.items()[0];
    assert_eq!(newest["in_force_from"], json!(begins));
    assert_eq!(
        (&newest["basis_points"], &newest["set_by"]),
        (&json!(2_500), &json!(admin().user_id))
    );
    assert_eq!(
        listed.items()[1]["set_by"],
        Value::Null,
        "the platform came with it"
    );

    stage.clock.advance(HOUR);
    for (n, created_at) in [(0, begins.plus_ms(-1)), (1, begins)] {
        let heard = |version, status| BilledOrder {
            created_at,
            ..order(n, version, status)
        };
        stage
            .done(n, MoneyStep::OrderHeard(heard(3, OrderStatus::Accepted)))
            .await;
        stage.pays(n, "simulated").await;
        stage
            .done(n, MoneyStep::OrderHeard(heard(9, OrderStatus::Completed)))
            .await;
    }
    stage.clock.advance(72 * HOUR);
    payment::jobs::settle_dues(&stage.worker).await.unwrap();
    let kept = "SELECT -amount_minor FROM transactions WHERE account = 'fees' ORDER BY order_id";
    assert_eq!(
        stage.rows::<i64>(kept).await,
        [2_000, 5_000],
        "a tenth, and a quarter"
    );
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_fee_stands_from_an_hour_before_it_begins(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let begins = NOW.plus_ms(2 * HOUR);
    let at = format!("{FEES}/{begins}");
    let take_back = async || {
        service
            .send(admin(), (Method::DELETE, &at), "", Value::Null)
            .await
    };
    for by in [customer(CUSTOMER), provider(PROVIDER)] {
        service.get(by, FEES).await.refused(403, "role_forbidden");
        service
            .post(by, FEES, form(begins, 1))
            .await
            .refused(403, "role_forbidden");
        let theft = service
            .send(by, (Method::DELETE, &at), "", Value::Null)
            .await;
        theft.refused(403, "role_forbidden");
    }
    let above = service.post(admin(), FEES, form(begins, 10_001)).await;
    above.refused(422, "invalid_input");
    assert_eq!(above.body["errors"][0]["field"], "basis_points");
    let early = form(NOW.plus_ms(HOUR - 1), 1);
    service
        .post(admin(), FEES, early)
        .await
        .refused(409, "fee_settled");
    take_back().await.refused(404, "not_found");
    let first = format!("{FEES}/{}", UnixMillis(0));
    let taken = service
        .send(admin(), (Method::DELETE, &first), "", Value::Null)
        .await;
    taken.refused(409, "fee_settled");

    // The second version replaces the first; a withdrawn one is gone.
    for (points, versions) in [(1_500, 2), (500, 2)] {
        let set = service.post(admin(), FEES, form(begins, points)).await;
        assert_eq!(set.status, StatusCode::NO_CONTENT, "{}", set.body);
        let listed = service.get(admin(), FEES).await;
        assert_eq!(listed.items().len(), versions);
        assert_eq!(listed.items()[0]["basis_points"], points);
    }
    assert_eq!(take_back().await.status, StatusCode::NO_CONTENT);
    assert_eq!(service.get(admin(), FEES).await.items().len(), 1);

    service.post(admin(), FEES, form(begins, 500)).await;
    service.stage.clock.advance(HOUR + 1);
    take_back().await.refused(409, "fee_settled");
    service
        .post(admin(), FEES, form(begins, 600))
        .await
        .refused(409, "fee_settled");
    assert_eq!(
        service.get(admin(), FEES).await.items()[0]["basis_points"],
        500
    );
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn everyone_may_read_the_newest_fees_and_not_who_set_them(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let before = service.stage.clock.now();
    let begins = before.plus_ms(HOUR);
    service.post(admin(), FEES, form(begins, 2_500)).await;
    let request = Request::get("/api/v1/platform-fees").body(Body::empty());
    let router = service.router.clone();
    let answer = router.oneshot(request.unwrap()).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(
        answer.headers()[header::CACHE_CONTROL],
        "public, max-age=60"
    );
    let bytes = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
    let told: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(
        told,
        json!({
            "complete_until": before.plus_ms(HOUR / 2),
            "versions": [
                { "from": begins, "basis_points": 2_500 },
                { "from": UnixMillis(0), "basis_points": 1_000 },
            ],
            "objection_ms": 72 * HOUR,
        })
    );

    // Of many versions those that are over go first.
    for n in 2..50 {
        let at = service.stage.clock.now().plus_ms(HOUR);
        service.post(admin(), FEES, form(at, n)).await;
        service.stage.clock.advance(HOUR);
    }
    let fees = service.stage.store.newest_platform_fees().await.unwrap();
    assert!(fees.is_sound(), "{fees:?}");
    assert_eq!(
        (fees.versions.len(), fees.versions[0].basis_points),
        (40, 49)
    );
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn the_fees_to_come_are_bounded(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let at = |n: i64| NOW.plus_ms((n + 2) * HOUR);
    for n in 0..20 {
        let set = service.post(admin(), FEES, form(at(n), 500)).await;
        assert_eq!(set.status, StatusCode::NO_CONTENT, "{}", set.body);
    }
    service
        .post(admin(), FEES, form(at(20), 500))
        .await
        .refused(409, "too_many_fees");
    let corrected = service.post(admin(), FEES, form(at(19), 700)).await;
    assert_eq!(
        corrected.status,
        StatusCode::NO_CONTENT,
        "one of them may still be corrected"
    );
    assert_eq!(service.get(admin(), FEES).await.items().len(), 21);
}
