//! Auth's question before it deletes an account.

use super::*;

const OPEN_MATTERS: &str = "/internal/people/open-matters";

#[tokio::test]
async fn only_auth_asks_for_the_open_money_of_a_person() {
    let service = Service::new(Engine::Sqlite).await;
    service.pay(customer(CUSTOMER)).await;
    for (of, open) in [(CUSTOMER, 1), (CUSTOMER + 1, 0)] {
        let asked = json!({ "user_id": user(of) });
        for part in ["gateway", "order"] {
            let answer = service
                .asked_internally(part, OPEN_MATTERS, asked.clone())
                .await;
            answer.refused(403, "role_forbidden");
        }
        let answer = service.asked_internally("auth", OPEN_MATTERS, asked).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        assert_eq!(answer.body, json!({ "open": open }));
    }
}
