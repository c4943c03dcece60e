//! Rounds on real processes, MariaDB and RabbitMQ: wires are cut, torn and left half open, people
//! compete for the same orders at two edges and in the portal, and an edge, the hub, the order
//! service or the broker is killed meanwhile. The stores always keep four promises.
//!
//! `HOLDFAST_CHAOS_SEED=N cargo xtask chaos --rounds M` repeats a run.

#![allow(clippy::unwrap_used)]

use std::{collections::VecDeque, time::Duration};

use chaos::{
    Comparisons, LIMIT, Ledger, Plan, Said, Scene, Testimony, Told, Witness, plan::EXCLUSIVE,
    rounds, truth::Findings,
};
use platform::vals;
use process::clock::Clock;
use stack::{Part, Server};
use support::{Draws, within};
use wire::{Code, Outcome};

/// Orders open this many rounds ahead: their events may wait until a dead relay's lease expires,
/// without delaying the round.
const AHEAD: usize = 2;
/// Everything is awaited and checked once per cycle of victims.
const CHECKED_EVERY: u32 = 4;
/// Random moments of a run to compare with the stores.
const MOMENTS: u32 = 200;
/// Separates these draws from the faults' draws.
const OF_MOMENTS: u64 = 0x6d6f_6d65_6e74_7300;
/// Every test run has at least this many rounds, which reach each of these states a few times.
const USUAL: u32 = 10;
const HANDFUL: u32 = 5;
const KINDS: [&str; 10] = [
    "a board with undecided work on the order",
    "a board without the order",
    "a promise",
    "a status with a link that is down",
    "a status with ops that wait for the holder or for a service",
    "a status with pending ops",
    "a story with a winner and a loser",
    "an answer after a loss",
    "an answer before the decision",
    "an inbox with a loss",
];
/// This many rounds reach even the situations that a single round may miss.
const MANY: u32 = 50;

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_cut_and_killed_the_four_promises_stand() {
    let seed = Draws::seed();
    let rounds = rounds();
    let clock = Clock::system();
    println!("HOLDFAST_CHAOS_SEED={seed}, {rounds} rounds");
    let scene = Scene::set().await;
    let mut ledger = Ledger::default();
    let mut ahead = VecDeque::new();
    for _ in 0..AHEAD {
        ahead.push_back(scene.open_orders().await);
    }
    let mut witness = Witness::of(&scene, Draws::of(seed ^ OF_MOMENTS)).await;
    let begun = clock.elapsed();
    for round in 1..=rounds {
        let since = clock.elapsed();
        let before = ledger.told.len();
        let plan = Plan::of(seed, round);
        let open = ahead.pop_front().unwrap();
        ahead.push_back(scene.open_orders().await);
        let watched = (&mut witness, moments_of(round, rounds));
        scene.play(&plan, &open, &mut ledger, watched).await;
        let checked = round.is_multiple_of(CHECKED_EVERY) || round == rounds;
        if checked {
            everything_arrives(&scene).await;
            check(&scene, &ledger).await;
        }
        println!(
            "round {round} of {rounds}: {:.1} s; {plan}; {} commands at tablets{}",
            clock.elapsed().saturating_sub(since).as_secs_f64(),
            ledger.told.len() - before,
            if checked {
                "; all four promises stand"
            } else {
                ""
            },
        );
    }
    let took = clock.elapsed().saturating_sub(begun);
    no_edge_differs_in_any_word(&scene).await;
    print_sum(&ledger, rounds, took);
    enough_was_at_stake(&ledger, rounds);
    every_word_fits_the_stores(witness.testimony(), rounds);
    every_loser_is_told(&witness, &ledger).await;
    assert_eq!(witness.false_words_not_found().await, Vec::<&str>::new());
    every_check_finds_what_is_wrong(&scene, ledger).await;
    scene.stack.stop().await.unwrap();
}

fn moments_of(round: u32, rounds: u32) -> u32 {
    let up_to = |round: u32| MOMENTS * round / rounds;
    up_to(round) - up_to(round - 1)
}

fn every_word_fits_the_stores(testimony: &Testimony, rounds: u32) {
    none(
        testimony.findings(),
        "what the platform says is what the stores hold",
    );
    for (
        word,
        Comparisons {
            equal,
            between,
            silent,
        },
    ) in testimony.words()
    {
        println!(
            "{word}: {equal} equal to the stores, {between} between two of their states; {silent} \
             times nobody answered"
        );
        assert!(equal + between >= MOMENTS, "{word} was seldom compared");
        assert!(
            equal >= MOMENTS / 4,
            "{word} was seldom compared with a state at rest"
        );
    }
    println!("{:?}", testimony.kinds());
    for kind in KINDS.into_iter().filter(|_| rounds >= USUAL) {
        let met = testimony.kinds().get(kind).copied().unwrap_or_default();
        assert!(met >= HANDFUL, "{kind} was met {met} times");
    }
}

/// Events may still be in transit to the inboxes.
async fn every_loser_is_told(witness: &Witness<'_>, ledger: &Ledger) {
    let none_is_left = async || witness.losses_untold(ledger).await.is_empty().then_some(());
    if within("every loser reads of it in the inbox", LIMIT, none_is_left)
        .await
        .is_err()
    {
        none(
            witness.losses_untold(ledger).await,
            "every loser reads of it in the inbox",
        );
    }
}

/// A check that looks in the wrong place would always be green, so falsify rows at the end: each
/// check must fail.
async fn every_check_finds_what_is_wrong(scene: &Scene, mut ledger: Ledger) {
    const RENAMED: &str = "UPDATE orders SET title = 'Another' WHERE id = ?";
    const UNLIKE: &str =
        "UPDATE feed SET digest = region_digest WHERE kind = 'order' AND entity = ?";
    const MISCOUNTED: &str = "UPDATE regions SET orders = orders + 1";
    const MORE: &str = "UPDATE orders SET version = version + 1 WHERE id = ?";
    const FORGOTTEN: &str = "DELETE FROM commands WHERE command_id = ?";
    const AGAIN: &str = "INSERT INTO order_timeline (order_id, version, action, actor_id, actor_role, \
        from_status, to_status, command_id, source) SELECT order_id, version, action, ?, actor_role, \
        from_status, to_status, ?, source FROM order_timeline \
        WHERE order_id = ? AND action = 'accept' AND to_status <> from_status";
    let truth = &scene.truth;
    let order_db = scene.truth.order_db();
    let id = || Clock::system().new_id();
    let (order, _) = ledger.winners().next().unwrap();
    assert_eq!(
        order_db
            .exec(AGAIN, vals![id(), id(), order])
            .await
            .unwrap(),
        1
    );
    let said = "and then to";
    some(
        &truth.orders_with_two_providers(&ledger).await,
        said,
        "one order went to two",
    );
    assert_eq!(order_db.exec(RENAMED, vals![order]).await.unwrap(), 1);
    let found = truth
        .edges_unlike_the_order_service(&scene.api, &scene.admin)
        .await;
    some(&found, "and what is answered", "an order has another title");
    let sync_db = truth.sync_db();
    assert!(sync_db.exec(UNLIKE, vals![order]).await.unwrap() > 0);
    assert_eq!(sync_db.exec(MISCOUNTED, vals![]).await.unwrap(), 5);
    assert_eq!(order_db.exec(MORE, vals![order]).await.unwrap(), 1);
    let found = truth.edges_unlike_the_cloud().await;
    some(&found, "and the hub:", "the hub has an order of its own");
    some(&found, "the hub counts", "the hub has miscounted");
    some(
        &found,
        "and the order service:",
        "the order service has a version of its own",
    );
    for (command, said) in [
        (ledger.told[0].command, "told Some"),
        (ledger.won().next().unwrap().command, "in the portal"),
    ] {
        assert_eq!(order_db.exec(FORGOTTEN, vals![command]).await.unwrap(), 1);
        let found = truth.commands_without_an_outcome(&ledger).await;
        some(&found, said, "an answer is forgotten");
    }
    let firm = ledger
        .told
        .iter_mut()
        .find(|told| told.is_firm_acceptance())
        .unwrap();
    let lost = Outcome::new_rejected(Code::OrderAlreadyAccepted, None, Clock::system().now());
    firm.decided.outcome = Some(lost);
    let found = truth.firm_acceptances_overturned(&ledger).await;
    some(&found, "without a record", "a promise was broken");
}

#[track_caller]
fn some(found: &Findings, said: &str, what: &str) {
    let is_it = |finding: &String| finding.contains(said);
    assert!(
        found.iter().any(is_it),
        "nobody finds that {what}: {found:?}"
    );
}

/// Waits until no work is left and every edge equals the cloud.
async fn everything_arrives(scene: &Scene) {
    scene
        .stack
        .ready(Part::Server(Server::RabbitMq))
        .await
        .unwrap();
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
        assert!(
            !late,
            "after {LIMIT:?} it is still not quiet:\n{}",
            waits.join("\n")
        );
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
    none(
        scene.truth.edges_unlike_the_cloud().await,
        "every edge has what the cloud has",
    );
}

async fn every_command_has_an_outcome(scene: &Scene, ledger: &Ledger) {
    let found = scene.truth.commands_without_an_outcome(ledger).await;
    none(
        found,
        "every command has an outcome, and it is the one that was told",
    );
}

async fn no_order_has_two_providers(scene: &Scene, ledger: &Ledger) {
    none(
        scene.truth.orders_with_two_providers(ledger).await,
        "no order has two providers",
    );
}

async fn no_firm_acceptance_was_overturned_without_a_record(scene: &Scene, ledger: &Ledger) {
    let found = scene.truth.firm_acceptances_overturned(ledger).await;
    none(found, "no firm acceptance was overturned without a record");
}

async fn no_edge_differs_in_any_word(scene: &Scene) {
    let found = scene
        .truth
        .edges_unlike_the_order_service(&scene.api, &scene.admin)
        .await;
    none(found, "every word of every order is the order service's");
}

fn none(found: Findings, promise: &str) {
    const SHOWN_MAX: usize = 5;
    let shown = found
        .iter()
        .take(SHOWN_MAX)
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join("\n");
    assert!(
        found.is_empty(),
        "it is not so that {promise} ({} findings):\n{shown}",
        found.len()
    );
}

/// Without a loser and a firm promise, the run did not test the promises.
fn enough_was_at_stake(ledger: &Ledger, rounds: u32) {
    assert!(
        ledger.firm().count() > 0,
        "{EXCLUSIVE} never answered firmly"
    );
    assert!(refused(ledger) > 0, "nobody lost");
    assert!(ledger.won().count() > 0, "nobody won in the portal");
    if rounds >= MANY {
        assert!(
            overturned(ledger) > 0,
            "no firm acceptance was overturned on record"
        );
        assert!(asked(ledger) > 0, "no holder was asked");
    }
}

fn refused(ledger: &Ledger) -> usize {
    let is_refused = |told: &&Told| {
        told.outcome()
            .is_some_and(|outcome| !outcome.has_succeeded())
    };
    ledger.told.iter().filter(is_refused).count()
}

fn overturned(ledger: &Ledger) -> usize {
    let has_code = |told: &&Told| told.outcome().is_some_and(|outcome| outcome.code.is_some());
    ledger.firm().filter(has_code).count()
}

/// Portal accepts left to the region's holder.
fn asked(ledger: &Ledger) -> usize {
    ledger
        .asked
        .iter()
        .filter(|asked| asked.said == Said::Pending)
        .count()
}

fn print_sum(ledger: &Ledger, rounds: u32, took: Duration) {
    println!(
        "{rounds} rounds in {:.0} s, {:.1} s each: {} commands at tablets, {} refused; {} firm \
         acceptances, {} overturned on record; in the portal {} commands, {} won and {} put to the \
         holder",
        took.as_secs_f64(),
        took.as_secs_f64() / f64::from(rounds.max(1)),
        ledger.told.len(),
        refused(ledger),
        ledger.firm().count(),
        overturned(ledger),
        ledger.asked.len(),
        ledger.won().count(),
        asked(ledger),
    );
}
