//! A region's holder publishes and approves firmly only for customers in good standing.

use wire::{ApprovalRule, Currency, OfflineRules, PaymentStatus, RegionAssignment, ServiceType};

use super::{snapshot::run, *};

/// Order 1 of customer 10 and order 2 of customer 30 wait for approval.
const CUSTOMERS: [(u128, u128); 2] = [(1, 10), (2, 30)];

/// The rule covers the samples' price, for customers in good standing.
fn grant() -> FeedChange {
    let rule = ApprovalRule {
        price_max: draft().price,
        currency: Currency::Cny,
        service_types: vec![ServiceType::CleaningRepair],
    };
    let rules = OfflineRules {
        approval_in_good_standing: Some(rule),
        ..OfflineRules::default()
    };
    FeedChange::Assignment(RegionAssignment {
        policy_version: 1,
        policy: Policy::Exclusive,
        holder: Some(identity().edge_id),
        epoch: 1,
        fence: 2,
        digest: Some(wire::open_digest(
            CUSTOMERS.map(|(n, _)| (OrderId(id(n)), 1)),
        )),
        rules,
        ..RegionAssignment::default()
    })
}

fn waiting() -> Vec<FeedChange> {
    let order = |(n, customer)| Order {
        status: OrderStatus::PendingReview,
        customer_id: UserId(id(customer)),
        ..order(n, 1)
    };
    CUSTOMERS.map(|of| FeedChange::Order(order(of))).into()
}

fn finished(n: u128, version: u64, payment_status: PaymentStatus) -> Order {
    let status = OrderStatus::Completed;
    let customer_id = UserId(id(10));
    Order {
        status,
        payment_status,
        customer_id,
        ..order(n, version)
    }
}

async fn tells(store: &Store, change: FeedChange) {
    let to = store.load_position().await.unwrap().feed_cursor + 1;
    store.apply_changes(to, vec![change], NOW).await.unwrap();
}

/// Judges by the edge state in the file.
async fn verdict(
    store: &Store,
    command: u128,
    (user, role): (u128, Role),
    body: CommandBody,
) -> Verdict {
    let actor = Actor {
        user_id: UserId(id(user)),
        role,
    };
    let entry = entry(command, actor, body.clone());
    let judging = move |view: &EdgeOrderView, edge_state: &EdgeState| {
        let request = VerdictRequest {
            actor,
            body: &body,
            repeat: false,
            receipted: false,
            start_code: EnteredStartCode::None,
        };
        judge_command(
            &request,
            view,
            &EdgeState {
                let_in: true,
                ..*edge_state
            },
        )
    };
    match store.judge_and_log_command(entry, judging).await.unwrap() {
        CommandLogResult::Stored { stored, .. } => stored.verdict,
        CommandLogResult::NotTaken(code) => panic!("not taken: {code}"),
        CommandLogResult::OverLimit(reached) => panic!("over a limit: {reached:?}"),
    }
}

async fn publishes(store: &Store, command: u128, customer: u128) -> Verdict {
    let order_id = OrderId(id(command + 1_000));
    let body = CommandBody::PublishOrder {
        order_id,
        order: draft(),
    };
    verdict(store, command, (customer, Role::Customer), body).await
}

async fn approves(store: &Store, command: u128, n: u128) -> Verdict {
    let body = CommandBody::ApproveOrder {
        order_id: OrderId(id(n)),
    };
    verdict(store, command, (90, Role::Admin), body).await
}

#[tokio::test]
async fn the_holder_promises_only_to_customers_who_have_paid_and_owe_nothing() {
    use PaymentStatus::{Held, Unpaid};
    use Verdict::{Firm, Provisional};
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    store.apply_changes(2, waiting(), NOW).await.unwrap();
    tells(&store, grant()).await;
    assert_eq!(
        publishes(&store, 101, 10).await,
        Provisional,
        "nothing is known of him"
    );

    tells(&store, FeedChange::Order(finished(11, 3, Held))).await;
    assert_eq!(publishes(&store, 102, 10).await, Firm);
    assert_eq!(
        publishes(&store, 103, 30).await,
        Provisional,
        "another customer"
    );
    assert_eq!(approves(&store, 104, 1).await, Firm);
    assert_eq!(
        approves(&store, 105, 2).await,
        Provisional,
        "his order's customer counts"
    );

    tells(&store, FeedChange::Order(finished(12, 3, Unpaid))).await;
    assert_eq!(publishes(&store, 106, 10).await, Provisional, "he owes");
    tells(&store, FeedChange::Order(finished(12, 4, Held))).await;
    assert_eq!(publishes(&store, 107, 10).await, Firm, "he has paid");
    store.close();
    let (store, _) = open(&data, 2).await;
    assert_eq!(publishes(&store, 108, 10).await, Firm);
    assert_eq!(publishes(&store, 109, 30).await, Provisional);
}

#[tokio::test]
async fn an_outcome_or_an_image_tells_of_a_customer_as_the_feed_does() {
    use Verdict::{Firm, Provisional};
    let paid = PaymentStatus::Paid;
    let owed = PaymentStatus::Unpaid;
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    let image = [
        waiting(),
        vec![FeedChange::Order(finished(11, 3, paid)), grant()],
    ]
    .concat();
    store
        .stage_snapshot_chunk(run(0, image, true), NOW)
        .await
        .unwrap();
    assert_eq!(publishes(&store, 101, 10).await, Firm);
    let ended = Outcome::new_applied(finished(12, 3, owed), NOW);
    store
        .store_outcomes(1, vec![outcome(1, 99, ended)], NOW)
        .await
        .unwrap();
    assert_eq!(publishes(&store, 102, 10).await, Provisional);
    let image = [waiting(), vec![FeedChange::Order(finished(12, 4, paid))]].concat();
    store
        .stage_snapshot_chunk(run(0, image, true), NOW)
        .await
        .unwrap();
    assert_eq!(
        publishes(&store, 103, 10).await,
        Firm,
        "the image has the newer word"
    );
}

/// Each publish and approval under such a rule runs this lookup, over years of finished orders.
#[tokio::test]
async fn the_question_after_a_customer_reads_an_index() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    let plan = |conn: &Connection| -> rusqlite::Result<Vec<String>> {
        let text = format!(
            "EXPLAIN QUERY PLAN {}",
            crate::store::commands::PAYMENT_HISTORY
        );
        let mut statement = conn.prepare(&text)?;
        statement
            .query_map([&[0u8; 16][..]], |row| row.get(3))?
            .collect()
    };
    let plan = store.journal.read(plan).await.unwrap();
    let reads: Vec<_> = plan.iter().filter(|step| step.contains("orders")).collect();
    assert_eq!(reads.len(), 2, "{plan:?}");
    assert!(
        reads
            .iter()
            .all(|step| step.contains("USING COVERING INDEX orders_by_customer")),
        "{plan:?}"
    );
}
