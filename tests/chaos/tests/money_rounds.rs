//! Money rounds on real processes, MariaDB and RabbitMQ: orders are paid, worked on, cancelled and
//! refunded at once, while the payment, order or notification service, RabbitMQ or MariaDB is
//! killed or the adapter is away. The stores always keep six promises.
//!
//! `HOLDFAST_CHAOS_SEED=N cargo xtask chaos money --rounds M` repeats a run.

#![allow(clippy::unwrap_used)]

use chaos::{
    PATIENCE,
    money::{MoneyRound, MoneyScene, PlayedRound, ToldTale},
    rounds,
    truth::Findings,
};
use platform::vals;
use process::clock::Clock;
use support::{Draws, within};

/// Every this many rounds everything is awaited and checked: two checks see every victim die.
const CHECKED_EVERY: u32 = 3;

#[tokio::test(flavor = "multi_thread")]
async fn whatever_dies_while_money_moves_everybody_pays_and_gets_exactly() {
    let seed = Draws::seed();
    let rounds = rounds();
    let clock = Clock::system();
    println!("HOLDFAST_CHAOS_SEED={seed}, {rounds} rounds of money");
    let scene = MoneyScene::set().await;
    let mut told = Vec::<ToldTale>::new();
    let mut fresh = Vec::<PlayedRound>::new();
    let begun = clock.elapsed();
    for round in 1..=rounds {
        let since = clock.elapsed();
        let plan = MoneyRound::of(seed, round);
        let played = scene.play(&plan).await;
        told.extend(played.tales.iter().cloned());
        fresh.push(played);
        let checked = round.is_multiple_of(CHECKED_EVERY) || round == rounds;
        if checked {
            scene.comes_to_rest().await;
            check(&scene, &told).await;
            for round in fresh.drain(..) {
                everybody_hears_once(&scene, &round).await;
            }
        }
        println!(
            "round {round} of {rounds}: {:.1} s; {plan}; {} orders{}",
            clock.elapsed().saturating_sub(since).as_secs_f64(),
            plan.tales.len(),
            if checked { "; all promises stand" } else { "" },
        );
    }
    let took = clock.elapsed().saturating_sub(begun);
    let moved: i64 = told.iter().map(ToldTale::cost_minor).sum();
    println!(
        "{rounds} rounds in {:.0} s: {} orders, {moved} cents paid for good",
        took.as_secs_f64(),
        told.len(),
    );
    every_check_finds_what_is_wrong(&scene, &told).await;
    scene.stack.stop().await.unwrap();
}

async fn check(scene: &MoneyScene, told: &[ToldTale]) {
    let books = &scene.books;
    none(books.uneven_journals().await, "each journal sums to zero");
    none(
        books.charged_otherwise(told).await,
        "each customer is charged once and gets back exactly",
    );
    none(
        books.unlike_the_preview(told).await,
        "a cancel costs and brings back what was shown",
    );
    none(
        books.earned_otherwise(told).await,
        "a provider earns once, by work or a late cancel",
    );
    none(
        books.paid_out_otherwise(told).await,
        "each provider is paid out once",
    );
    none(
        books.shown_otherwise(told).await,
        "an order shows the end that people were told",
    );
}

/// Events may still be in transit to the inboxes.
async fn everybody_hears_once(scene: &MoneyScene, round: &PlayedRound) {
    let promise = "everybody hears once of each movement of their money";
    let heard = async || scene.told_otherwise(round).await.is_empty().then_some(());
    if within(promise, PATIENCE, heard).await.is_err() {
        none(scene.told_otherwise(round).await, promise);
    }
}

/// A check that looks in the wrong place would always be green, so falsify rows at the end: each
/// check must fail.
async fn every_check_finds_what_is_wrong(scene: &MoneyScene, told: &[ToldTale]) {
    const UNGUARDED: &str = "DROP TRIGGER transactions_not_changed";
    const UNEVEN: &str =
        "UPDATE transactions SET amount_minor = amount_minor - 1 WHERE account = 'fees' LIMIT 1";
    const ELSEWHERE: &str = "UPDATE transactions SET owner_id = order_id \
        WHERE account = 'provider' AND action = 'release' LIMIT 1";
    const DEARER: &str = "UPDATE transactions SET amount_minor = amount_minor - 1 \
        WHERE account = 'provider' AND action = 'cancel_fee' LIMIT 1";
    const OVERCHARGED: &str = "UPDATE simulated_movements SET amount_minor = amount_minor + 1 \
        WHERE kind = 'charge' AND state = 'paid' LIMIT 1";
    const OVERPAID: &str = "UPDATE simulated_movements SET amount_minor = amount_minor + 1 WHERE kind = 'payout' LIMIT 1";
    const HIDDEN: &str =
        "UPDATE orders SET payment_status = 'unpaid' WHERE payment_status = 'paid'";
    let books = &scene.books;
    let falsify = async |text: &'static str| {
        assert!(
            books.payment_db.exec(text, vals![]).await.unwrap() > 0,
            "{text}"
        );
    };
    books.payment_db.exec(UNGUARDED, vals![]).await.unwrap();
    falsify(UNEVEN).await;
    some(
        &books.uneven_journals().await,
        "a journal does not sum to zero",
    );
    falsify(OVERCHARGED).await;
    some(
        &books.charged_otherwise(told).await,
        "somebody has paid a cent more",
    );
    falsify(DEARER).await;
    some(
        &books.unlike_the_preview(told).await,
        "a cancel cost another fee",
    );
    falsify(ELSEWHERE).await;
    some(
        &books.earned_otherwise(told).await,
        "somebody else was paid for the work",
    );
    falsify(OVERPAID).await;
    some(
        &books.paid_out_otherwise(told).await,
        "a cent too much was sent",
    );
    some(
        &scene.reconciliation(&scene.admin().await).await,
        "the report is not empty",
    );
    assert!(books.order_db.exec(HIDDEN, vals![]).await.unwrap() > 0);
    some(
        &books.shown_otherwise(told).await,
        "orders do not show their payment",
    );
    some(&books.unheard().await, "orders differ from the books");
}

#[track_caller]
fn some(found: &Findings, what: &str) {
    assert!(!found.is_empty(), "nobody finds that {what}");
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
