//! Crowds of fresh accounts.

use attack::{AttackedPlatform, HttpCall, PASSWORD, Station};
use process::clock::Clock;
use serde_json::{Value, json};
use support::samples::order_form;
use wire::{EdgeId, Region, Role};

use crate::floods::{
    self,
    flood::{CommandFlood, Flood, FloodAct},
    honest::Honest,
};

/// Enough people to exceed the commands that an edge takes from newcomers at once.
const CROWD: usize = 12;
/// Beyond this, an edge only takes commands from people it has known for a day.
const NEWCOMERS_MAX: usize = 10_000;
const TIMES: usize = 10;
/// Commands admitted together before the first was counted.
const WINDOW: usize = 512;
/// It takes several floods to fill the log.
const FLOODS_MAX: usize = 20;

fn new_order(token: &str) -> Value {
    let order = order_form(Region::North, "Mend the tap");
    let clock = Clock::system();
    json!({
        "v": 1, "id": clock.new_id(), "device_seq": 1, "tapped_at": clock.now(), "token": token,
        "body": {"type": "publish_order", "order_id": clock.new_id(), "order": order},
    })
}

/// Returns true if the edge takes a newcomer's command.
async fn takes_newcomers(platform: &AttackedPlatform) -> bool {
    let newcomer = platform.somebody(Role::Customer).await;
    let call = HttpCall::post("/commands").json(&new_order(&newcomer.edge_token));
    let answer = newcomer
        .station
        .ask(platform.edge().http, &call)
        .await
        .expect("an answer");
    let is_refused = answer.code() == "newcomers_wait";
    assert!(
        is_refused || answer.json()["receipt"].is_object(),
        "{}",
        answer.text()
    );
    !is_refused
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_of_fresh_accounts_fills_the_log_of_an_edge() {
    // The log is in the edge's own file, and the cloud is cut off.
    let platform = AttackedPlatform::on_files().await;
    let honest = Honest::of(&platform).await;
    honest.has_tapped_for_two_days().await;
    let mut crowd = Vec::new();
    for _ in 0..CROWD {
        crowd.push(platform.somebody(Role::Customer).await);
    }
    honest.are_cut_off().await;
    let flood = Flood {
        name: "10,000 undecided commands of newcomers",
        attempts: TIMES * NEWCOMERS_MAX,
        at_once: CROWD,
        grants_max: None,
        act: FloodAct::Command(CommandFlood {
            port: platform.edge().mqtt,
            edge: EdgeId::new(platform.edge().edge.clone()).expect("a name"),
            tokens: crowd.iter().map(|who| who.edge_token.as_str()).collect(),
            frame: Box::new(|token, _| new_order(token).to_string().into_bytes()),
        }),
    };
    println!("{}", floods::head());
    let mut logged = 0;
    let mut broken = Vec::new();
    let mut is_full = false;
    for _ in 0..FLOODS_MAX {
        let (count, experiences) = Box::pin(honest.work_during(flood.run())).await;
        println!("{}", floods::row(flood.name, count, &experiences));
        broken.extend(floods::wrongs(&flood, count, &experiences));
        logged += count.granted;
        is_full = !takes_newcomers(&platform).await;
        if is_full {
            break;
        }
    }
    println!("{logged} commands of {CROWD} fresh accounts stand in the log");
    assert!(
        is_full && logged <= NEWCOMERS_MAX + WINDOW,
        "newcomers take the last room of the log"
    );
    assert_eq!(broken, Vec::<String>::new());
}

/// More than one address may register in a day.
const ACCOUNTS: usize = 70;

fn registration(name: &str) -> HttpCall {
    let form = json!({
        "username": name, "email": format!("{name}@example.org"), "password": PASSWORD,
        "role": "provider",
    });
    HttpCall::post("/api/v1/auth/register").json(&form)
}

#[tokio::test]
async fn a_stranger_makes_accounts_without_end_under_forged_addresses() {
    let platform = AttackedPlatform::shared().await;
    let port = platform.gateway();
    let station = Station::fresh();
    let mut refusal = None;
    for number in 0..ACCOUNTS {
        let call = registration(&format!("sock-{number}"))
            .header("x-forwarded-for", format!("203.0.113.{number}"))
            .header("x-holdfast-client", format!("203.0.113.{number}"));
        let answer = station.ask(port, &call).await.unwrap();
        if answer.status != 201 {
            refusal = Some(answer);
            break;
        }
    }
    let refusal = refusal.expect("a refusal");
    assert_eq!(
        (refusal.status, refusal.code().as_str()),
        (429, "registration_quota")
    );
    let signed = platform.sign_in(station, "sock-0", PASSWORD).await;
    assert!(signed.is_ok(), "signing in is counted apart");
    platform.somebody(Role::Customer).await;
}
