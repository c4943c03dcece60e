//! The parts of the cloud in the status report: their dead letters, and a part that does not answer.

use platform::upstream::Upstream;
use serde_json::json;
use support::eventually;
use wire::{EventType, HealthIssueKind, PartStatus};

use crate::stage::{PATIENCE, Replica, Stage};

async fn find_part(stage: &Stage, replica: &Replica, name: &str) -> Option<PartStatus> {
    let parts = stage.status(replica).await.parts;
    parts.into_iter().find(|part| part.part == name)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_report_counts_the_dead_letters_of_another_part() {
    let stage = Stage::new(false).await;
    // No queue is bound to the payment service's exchange here.
    stage.publish(EventType::PaymentCompleted, json!({})).await;
    let hub = stage.replica().await;
    let look = async || find_part(&stage, &hub, "payment").await;
    let payment = eventually("a look at the parts", PATIENCE, look).await;
    let expected = PartStatus {
        part: "payment".to_owned(),
        dead_letters: 1,
        away_since: None,
    };
    assert_eq!(payment, expected);
    let issues = stage.status(&hub).await.list_health_issues();
    let expected = HealthIssueKind::DeadLetters(1);
    assert!(
        issues
            .iter()
            .any(|issue| issue.about == "payment" && issue.kind == expected),
        "{issues:?}"
    );
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_report_names_a_part_that_does_not_answer() {
    let mut stage = Stage::new(false).await;
    let (order, opener) = Upstream::open_later();
    stage.calls_order_at(order);
    let hub = stage.replica().await;
    let away = async |is_away: bool| {
        let seen = async || {
            let part = find_part(&stage, &hub, "order").await?;
            (part.away_since.is_some() == is_away).then_some(())
        };
        eventually("the part's state", PATIENCE, seen).await;
    };
    away(true).await;
    let issues = stage.status(&hub).await.list_health_issues();
    assert!(
        issues.iter().any(|issue| issue.about == "order"),
        "{issues:?}"
    );
    let owner = Upstream::from_router(stage.owner.router());
    opener.connect_to(&owner);
    away(false).await;
    hub.stop().await;
}
