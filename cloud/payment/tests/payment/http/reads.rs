//! Reads leave payment_db unchanged, and wait for no transaction that changes it.

use super::*;

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn reading_an_unknown_order_stores_nothing(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let id = order_id(0);
    for path in [
        format!("/api/v1/payments?order_id={id}"),
        format!("/api/v1/refunds?order_id={id}"),
        format!("/api/v1/orders/{id}/statement"),
    ] {
        for reader in [customer(CUSTOMER), admin()] {
            assert!(service.get(reader, &path).await.items().is_empty());
        }
        service
            .get(customer(2), &path)
            .await
            .refused(404, "order_not_found");
        let dues = service.stage.count("SELECT COUNT(*) FROM dues").await;
        assert_eq!(dues, 0, "after reading {path}");
    }
    service
        .get(admin(), &format!("/api/v1/admin/orders/{id}/money"))
        .await
        .refused(404, "order_not_found");
    assert_eq!(service.stage.count("SELECT COUNT(*) FROM dues").await, 0);
    assert!(service.stage.events().await.is_empty());
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn an_admin_reads_an_orders_money_while_it_changes(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    service.pay(customer(CUSTOMER)).await;
    let mut change = service.stage.sql.begin_transaction().await.unwrap();
    let text = "UPDATE dues SET goodwill_minor = 100";
    assert_eq!(change.exec(text, Vec::new()).await.unwrap(), 1);
    let path = format!("/api/v1/admin/orders/{}/money", order_id(0));
    let shown = service.get(admin(), &path).await;
    assert_eq!(shown.status, StatusCode::OK, "{}", shown.body);
    assert_eq!(
        (&shown.body["held"], &shown.body["goodwill"]),
        (&json!("200.01"), &json!("0.00"))
    );
    assert_eq!(shown.body["worked_in_vain"], json!([]));
    change.rollback().await.unwrap();
}
