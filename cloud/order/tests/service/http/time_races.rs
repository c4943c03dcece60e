//! Who wins when an agreement to another time meets an acceptance, a cancellation or another
//! proposal.

use rstest::rstest;
use serde_json::json;
use wire::EventType;

use super::{service::*, time_proposals::hours};
use crate::stage::*;

const ROUNDS: u128 = 6;

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_an_agreement_and_an_acceptance_at_the_same_hours_one_wins(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    for n in 1..=ROUNDS {
        let me = provider(n);
        let moved = service.booked_job(me, (10, 12)).await;
        let wanted = service.open_job((31, 33)).await;
        let id = service.proposed(me, moved, (30, 32)).await;
        let (agreed, accepted) = futures::join!(
            service.agree(customer(1), moved, id),
            service.act(me, wanted, "accept")
        );
        let won = [&agreed, &accepted].map(|answer| answer.status.is_success());
        assert!(won[0] != won[1], "{} {}", agreed.body, accepted.body);
        let lost = if won[0] { accepted } else { agreed };
        lost.refused(409, "double_booked");
        let expected = if won[0] { (30, 32) } else { (10, 12) };
        assert_eq!(service.hours_of(moved).await, hours(expected));
        let owner = service.order(wanted).await.provider_id;
        assert_eq!(owner.is_some(), won[1]);
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_agreement_counts_before_a_cancel_or_not_at_all(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let mut moves = 0;
    for n in 1..=ROUNDS {
        let me = provider(n);
        let order_id = service.booked_job(me, (10, 12)).await;
        let version = service.order(order_id).await.version;
        let id = service.proposed(customer(1), order_id, (30, 32)).await;
        let (agreed, cancelled) = futures::join!(
            service.agree(me, order_id, id),
            service.act(customer(1), order_id, "cancel")
        );
        assert!(cancelled.status.is_success(), "{}", cancelled.body);
        let has_moved = agreed.status.is_success();
        if !has_moved {
            agreed.refused(400, "order_cancelled");
        }
        moves += usize::from(has_moved);
        let after = service.order(order_id).await;
        assert_eq!(after.version, version + 1 + u64::from(has_moved));
        let expected = if has_moved { (30, 32) } else { (10, 12) };
        assert_eq!(service.hours_of(order_id).await, hours(expected));
    }
    let told = service.events_of(EventType::OrderRescheduled).await;
    assert_eq!(told.len(), moves);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_proposal_made_during_an_agreement_is_not_lost(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    for n in 1..=ROUNDS {
        let me = provider(n);
        let order_id = service.booked_job(me, (10, 12)).await;
        let id = service.proposed(me, order_id, (30, 32)).await;
        let (agreed, newer) = futures::join!(
            service.agree(customer(1), order_id, id),
            service.proposed(me, order_id, (50, 52))
        );
        let has_moved = agreed.status.is_success();
        if !has_moved {
            agreed.refused(409, "time_proposal_over");
        }
        let expected = if has_moved { (30, 32) } else { (10, 12) };
        assert_eq!(service.hours_of(order_id).await, hours(expected));
        let shown = service.standing(me, order_id).await;
        assert_eq!(shown["proposal"]["id"], json!(newer));
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_agreements_at_once_one_moves_the_order(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let order_id = service.booked_job(provider(1), (10, 12)).await;
    let version = service.order(order_id).await.version;
    let id = service.proposed(provider(1), order_id, (30, 32)).await;
    let tries = (0..8).map(|_| service.agree(customer(1), order_id, id));
    let answers = futures::future::join_all(tries).await;
    let won = answers.iter().filter(|answer| answer.status.is_success());
    assert_eq!(won.count(), 1);
    for late in answers.iter().filter(|answer| !answer.status.is_success()) {
        late.refused(409, "time_proposal_over");
    }
    assert_eq!(service.order(order_id).await.version, version + 1);
}
