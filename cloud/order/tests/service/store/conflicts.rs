//! The collision records operators read.

use custody::OrderVersionsQuery;
use rstest::rstest;
use wire::{Code, CommandBody, Verdict};

use crate::stage::*;

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn lost_acceptances_are_told_newest_first_with_who_won(#[case] engine: Engine) {
    let stage = Stage::new(engine).await;
    let first = stage.pending().await;
    let second = stage.pending().await;
    stage.decide(provider(1), accept(first)).await;
    stage.clock.advance(1_000);
    let late = Log::of("north-1")
        .then(stage.command_id(), Some(provider(2)), accept(first))
        .then(stage.command_id(), Some(provider(3)), accept(second))
        .then(stage.command_id(), Some(provider(4)), accept(second));
    stage.batch(late.batch()).await;

    let (lost, next) = stage.store.lost_acceptances(None, 9).await.unwrap();
    assert_eq!(next, None, "the whole history was looked through");
    let told: Vec<_> = lost
        .iter()
        .map(|lost| {
            let winner = lost.winner.as_ref().unwrap();
            assert_eq!(lost.entry.code, Some(Code::OrderAlreadyAccepted));
            assert!(lost.entry.hops.tapped_at.is_some() && lost.entry.seq.is_some());
            (
                lost.order_id,
                lost.entry.actor,
                winner.user_id,
                winner.verdict,
            )
        })
        .collect();
    let expected = [
        (
            second,
            provider(4),
            provider(3).user_id,
            Some(Verdict::Provisional),
        ),
        (first, provider(2), provider(1).user_id, None),
    ];
    assert_eq!(told, expected);

    let (page, next) = stage.store.lost_acceptances(None, 1).await.unwrap();
    assert_eq!((&page[..], next), (&lost[..1], Some(lost[0].id)));
    let (page, _) = stage.store.lost_acceptances(next, 1).await.unwrap();
    assert_eq!(page, lost[1..]);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn an_answer_is_found_by_its_command_and_names_its_op(#[case] engine: Engine) {
    let stage = Stage::new(engine).await;
    let order = stage.pending().await;
    let id = stage.command_id();
    assert_eq!(stage.store.list_answers(id).await.unwrap(), []);
    stage
        .batch(
            Log::of("north-1")
                .then(id, Some(provider(1)), accept(order))
                .batch(),
        )
        .await;
    let answers = stage.store.list_answers(id).await.unwrap();
    let op = answers[0].op.as_ref().map(ToString::to_string);
    assert_eq!((answers.len(), op.as_deref()), (1, Some("north-1/1/1")));
    assert_eq!((answers[0].applied, answers[0].order_id), (true, order));
    assert_eq!(answers[0].user_id, Some(provider(1).user_id));
}

/// Work after a firm accept on a closed order joins that accept's case.
#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn the_payment_service_is_told_who_worked_in_vain(#[case] engine: Engine) {
    let stage = Stage::new(engine).await;
    let closed = stage.pending().await;
    let promised = stage.pending().await;
    let other = stage.pending().await;
    stage.grant("north-1").await;
    for order_id in [closed, promised] {
        let cancel = CommandBody::CancelOrder {
            order_id,
            reason: None,
            fee: None,
        };
        stage.decide(customer(1), cancel).await;
    }
    let complete = CommandBody::CompleteOrder {
        order_id: closed,
        note: None,
        evidence: None,
    };
    let late = Log::of("north-1")
        .then(stage.command_id(), Some(provider(2)), complete)
        .firm(1, stage.command_id(), provider(3), accept(promised))
        .firm(1, stage.command_id(), provider(4), accept(other));
    stage.batch(late.batch()).await;

    let asked = OrderVersionsQuery::Named(vec![closed, promised, other]);
    let known = stage.store.known_orders(&asked).await.unwrap().items;
    let in_vain = |id| known.iter().find(|known| known.order.id == id).unwrap();
    assert_eq!(in_vain(closed).worked_in_vain, [provider(2).user_id]);
    assert_eq!(in_vain(promised).worked_in_vain, [provider(3).user_id]);
    assert_eq!(in_vain(other).worked_in_vain, []);
}
