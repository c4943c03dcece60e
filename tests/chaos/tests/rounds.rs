//! Round after round on real processes, MariaDB and RabbitMQ: wires are cut, torn and left half open,
//! several people want the same orders at two edges and in the portal, and an edge, the hub, the order
//! service or the broker is killed meanwhile. Whatever was done, four promises stand in the stores.
//!
//! `HOLDFAST_CHAOS_SEED=N cargo xtask chaos --rounds M` does the same things again.

#![allow(clippy::unwrap_used)]

use std::{collections::VecDeque, time::Duration};

use chaos::{Draws, LIMIT, Ledger, Plan, Scene, plan::EXCLUSIVE, rounds, truth::Findings};
use platform::vals;
use process::clock::Clock;
use stack::{Part, Server};
use wire::{Code, Outcome};

/// Orders are opened so many rounds before they are wanted: their events may wait for a relay's lease
/// that ends with nobody, and nobody has to wait for them.
const AHEAD: usize = 2;
/// As often as there are kinds of victims, everything is awaited and checked.
const CHECKED_EVERY: u32 = 4;

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_cut_and_killed_the_four_promises_stand() {
    let (seed, rounds, clock) = (Draws::seed(), rounds(), Clock::system());
    println!("HOLDFAST_CHAOS_SEED={seed}, {rounds} rounds");
    let scene = Scene::set().await;
    let mut ledger = Ledger::default();
    let mut ahead = VecDeque::new();
    for _ in 0..AHEAD {
        ahead.push_back(scene.open_orders().await);
    }
    let begun = clock.elapsed();
    for round in 1..=rounds {
        let (since, before) = (clock.elapsed(), ledger.told.len());
        let plan = Plan::of(seed, round);
        let open = ahead.pop_front().unwrap();
        ahead.push_back(scene.open_orders().await);
        scene.play(&plan, &open, &mut ledger).await;
        let checked = round.is_multiple_of(CHECKED_EVERY) || round == rounds;
        if checked {
            everything_arrives(&scene).await;
            check(&scene, &ledger).await;
        }
        println!(
            "round {round} of {rounds}: {:.1} s; {plan}; {} commands{}",
            clock.elapsed().saturating_sub(since).as_secs_f64(),
            ledger.told.len() - before,
            if checked { "; all four promises stand" } else { "" },
        );
    }
    let took = clock.elapsed().saturating_sub(begun);
    no_edge_differs_in_any_word(&scene).await;
    print_sum(&ledger, rounds, took);
    // Where nothing was ever promised firmly, nothing was shown of the third promise.
    assert!(ledger.firm().count() > 0, "{EXCLUSIVE} never answered firmly");
    every_check_finds_what_is_wrong(&scene, ledger).await;
    scene.stack.stop().await.unwrap();
}

/// A check that reads the wrong place would stay green for ever: so what the rounds have left is
/// falsified at the end, and each check has to say so.
async fn every_check_finds_what_is_wrong(scene: &Scene, mut ledger: Ledger) {
    const MORE: &str = "UPDATE orders SET version = version + 1 WHERE id = ?";
    const FORGOTTEN: &str = "DELETE FROM commands WHERE command_id = ?";
    const AGAIN: &str = "INSERT INTO order_timeline (order_id, version, action, actor_id, actor_role, \
        from_status, to_status, command_id, source) SELECT order_id, version, action, ?, actor_role, \
        from_status, to_status, ?, source FROM order_timeline \
        WHERE order_id = ? AND action = 'accept' AND to_status <> from_status";
    let (truth, order_db) = (&scene.truth, scene.truth.order_db());
    let id = || Clock::system().new_id();
    let (order, _) = ledger.winners().next().unwrap();
    assert_eq!(order_db.exec(AGAIN, vals![id(), id(), order]).await.unwrap(), 1);
    some(&truth.orders_with_two_providers(&ledger).await, "one order went to two");
    assert_eq!(order_db.exec(MORE, vals![order]).await.unwrap(), 1);
    some(&truth.edges_unlike_the_cloud().await, "the order service has a version of its own");
    let command = ledger.told[0].command;
    assert_eq!(order_db.exec(FORGOTTEN, vals![command]).await.unwrap(), 1);
    some(&truth.commands_without_an_outcome(&ledger).await, "an answer is forgotten");
    let firm = ledger.told.iter_mut().find(|told| told.is_firm_acceptance()).unwrap();
    let lost = Outcome::rejected(Code::OrderAlreadyAccepted, None, Clock::system().now());
    firm.decided.outcome = Some(lost);
    some(&truth.firm_acceptances_overturned(&ledger).await, "a promise was broken");
}

fn some(found: &Findings, what: &str) {
    assert!(!found.is_empty(), "nobody finds that {what}");
}

/// Until nothing waits anywhere and every edge has what the cloud has.
async fn everything_arrives(scene: &Scene) {
    scene.stack.ready(Part::Server(Server::RabbitMq)).await.unwrap();
    let clock = Clock::system();
    let begun = clock.elapsed();
    loop {
        scene.stack.healthy(LIMIT).await.unwrap();
        let mut waits = scene.truth.waits().await;
        if waits.is_empty() {
            waits = scene.truth.edges_unlike_the_cloud().await;
        }
        if waits.is_empty() {
            return;
        }
        let late = clock.elapsed().saturating_sub(begun) > LIMIT;
        assert!(!late, "after {LIMIT:?} it is still not quiet:\n{}", waits.join("\n"));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn check(scene: &Scene, ledger: &Ledger) {
    every_edge_has_what_the_cloud_has(scene).await;
    every_command_has_an_outcome(scene, ledger).await;
    no_order_has_two_providers(scene, ledger).await;
    no_firm_acceptance_was_overturned_without_a_record(scene, ledger).await;
}

async fn every_edge_has_what_the_cloud_has(scene: &Scene) {
    none(scene.truth.edges_unlike_the_cloud().await, "every edge has what the cloud has");
}

async fn every_command_has_an_outcome(scene: &Scene, ledger: &Ledger) {
    let found = scene.truth.commands_without_an_outcome(ledger).await;
    none(found, "every command has an outcome, and it is the one that was told");
}

async fn no_order_has_two_providers(scene: &Scene, ledger: &Ledger) {
    none(scene.truth.orders_with_two_providers(ledger).await, "no order has two providers");
}

async fn no_firm_acceptance_was_overturned_without_a_record(scene: &Scene, ledger: &Ledger) {
    let found = scene.truth.firm_acceptances_overturned(ledger).await;
    none(found, "no firm acceptance was overturned without a record");
}

async fn no_edge_differs_in_any_word(scene: &Scene) {
    let found = scene.truth.edges_unlike_the_order_service(&scene.api, &scene.admin).await;
    none(found, "every word of every order is the order service's");
}

fn none(found: Findings, promise: &str) {
    const SHOWN_MAX: usize = 5;
    let shown = found.iter().take(SHOWN_MAX).map(String::as_str).collect::<Vec<_>>().join("\n");
    assert!(found.is_empty(), "it is not so that {promise} ({} findings):\n{shown}", found.len());
}

fn print_sum(ledger: &Ledger, rounds: u32, took: Duration) {
    let of = |wish: fn(&chaos::Told) -> bool| ledger.told.iter().filter(|told| wish(told)).count();
    let refused = of(|told| told.outcome().is_some_and(|outcome| !outcome.succeeded()));
    let noted = of(|told| {
        told.is_firm_acceptance() && told.outcome().is_some_and(|outcome| outcome.code.is_some())
    });
    println!(
        "{rounds} rounds in {:.0} s, {:.1} s each: {} commands at tablets, {refused} refused; {} firm \
         acceptances, {noted} overturned on record; in the portal {} won and {} put to the holder",
        took.as_secs_f64(),
        took.as_secs_f64() / f64::from(rounds.max(1)),
        ledger.told.len(),
        ledger.firm().count(),
        ledger.won.len(),
        ledger.asked,
    );
}
