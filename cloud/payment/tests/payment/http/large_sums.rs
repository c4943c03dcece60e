//! People and admins can read amounts above the maximum price.

use custody::PayoutStep;
use platform::vals;

use super::*;

/// The payout and its posting are as large as before payouts were bounded.
#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn balances_statements_and_findings_above_the_highest_price_are_shown(
    #[case] engine: Engine,
) {
    let service = Service::new(engine).await;
    let stage = &service.stage;
    stage.released_at_top_price(3).await;
    // The price of three orders, less the platform fee.
    let earnings = service.get(provider(PROVIDER), "/api/v1/earnings").await;
    assert_eq!(
        earnings.items()[0]["available"],
        "270000000.00",
        "{}",
        earnings.body
    );

    let whose = user(PROVIDER);
    let currency = wire::Currency::Cny;
    stage
        .store
        .apply_payout_step(whose, currency, PayoutStep::HourStruck)
        .await
        .unwrap()
        .unwrap();
    stage
        .sql
        .exec("UPDATE payouts SET amount_minor = 20000000000", vals![])
        .await
        .unwrap();
    let posting = "INSERT INTO transactions (journal_id, action, account, owner_id, currency, \
        amount_minor, at) SELECT id, 'payout', 'provider', ?, currency, 20000000000, at \
        FROM journals WHERE action = 'release' ORDER BY seq LIMIT 1";
    stage.sql.exec(posting, vals![whose]).await.unwrap();
    let statement = service.get(provider(PROVIDER), "/api/v1/statements").await;
    assert!(
        statement
            .items()
            .iter()
            .any(|line| line["amount"] == "200000000.00")
    );

    stage.clock.advance(2 * HOUR);
    let report = service
        .get(admin(), "/api/v1/payments/reconciliation")
        .await;
    assert_eq!(report.status, StatusCode::OK, "{}", report.body);
    let waiting = report.body["waiting"].as_array().unwrap();
    let late = waiting
        .iter()
        .find(|finding| finding["kind"] == "late_payout")
        .unwrap();
    assert_eq!(late["amount"], "200000000.00");
}
