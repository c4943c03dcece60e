//! The broker has the designed topology: five durable topic exchanges, and notification's three
//! durable queues with their bindings.

use std::{collections::BTreeSet, process::Command, time::Duration};

use serde_json::Value;
use stack::{Layout, Stack, Stores, Wishes};
use support::{eventually, test_servers};

const DECLARED_WITHIN: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn exchanges_and_queues_are_the_durable_ones_of_the_design() {
    let layout = Layout::temporary(Stores::Real).unwrap();
    let wishes = Wishes::default().on(test_servers());
    let stack = Stack::start(layout, &wishes).await.unwrap();
    let stores = stack.stores().unwrap();
    let api = &stores.servers().rabbitmq_api;
    let host = stores.virtual_host();

    let exchanges = ask(api, &format!("exchanges/{host}"));
    let ours: BTreeSet<_> = exchanges
        .as_array()
        .unwrap()
        .iter()
        .filter(|exchange| exchange["type"] == "topic" && exchange["durable"] == true)
        .filter_map(|exchange| exchange["name"].as_str())
        .filter(|name| name.ends_with("_events"))
        .collect();
    let named = [
        "auth_events",
        "order_events",
        "payment_events",
        "platform_events",
        "review_events",
        "user_events",
    ];
    assert_eq!(ours, named.into());

    for (queue, keys) in [
        ("order_queue", ["order.*"].as_slice()),
        ("payment_queue", &["payment.*", "payout.*", "refund.*"]),
        ("review_queue", &["rating.*", "review.*"]),
        ("platform_queue", &["platform.*"]),
        (
            "notification_people",
            &[
                "profile.verification_rejected",
                "profile.verification_submitted",
                "profile.verified",
                "user.address_change_asked",
                "user.confirmation_asked",
                "user.deleted",
                "user.deletion_asked",
                "user.deletion_undone",
                "user.new_device_seen",
                "user.password_changed",
                "user.password_code_asked",
                "user.readmitted",
                "user.registered",
                "user.revoked",
                "user.second_factor_removed",
            ],
        ),
        ("notification_matches", &["order.approved"]),
        ("notification_created", &["order.created"]),
    ] {
        let bound = eventually("the queue is bound", DECLARED_WITHIN, async || {
            let bindings = ask(api, &format!("queues/{host}/{queue}/bindings"));
            let keys: BTreeSet<String> = bindings
                .as_array()?
                .iter()
                .filter(|binding| {
                    binding["source"]
                        .as_str()
                        .is_some_and(|source| source.ends_with("_events"))
                })
                .filter_map(|binding| Some(binding["routing_key"].as_str()?.to_owned()))
                .collect();
            (!keys.is_empty()).then_some(keys)
        })
        .await;
        assert_eq!(
            bound,
            keys.iter().map(|key| (*key).to_owned()).collect(),
            "{queue}"
        );
        assert_eq!(
            ask(api, &format!("queues/{host}/{queue}"))["durable"],
            true,
            "{queue}"
        );
    }
    stack.stop().await.unwrap();
}

/// Queries the broker's management API, as an operator would.
fn ask(api: &str, path: &str) -> Value {
    let answer = Command::new("curl")
        .args(["-sS", "-u", "guest:guest", &format!("{api}/api/{path}")])
        .output()
        .unwrap();
    serde_json::from_slice(&answer.stdout).unwrap_or(Value::Null)
}
