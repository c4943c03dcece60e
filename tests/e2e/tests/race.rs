//! A hundred providers request the same job simultaneously, through the gateway, on MariaDB.

use std::{sync::Arc, time::Duration};

use platform::{sealing::DataKeys, sql::Sql};
use process::parts::CloudPart;
use stack::{Layout, Stack, Stores, Wishes};
use support::{Api, Person, test_servers};
use tokio::{
    sync::{Barrier, Semaphore},
    task::JoinSet,
};
use wire::{EventType, OrderEvent, OrderId, OrderStatus, Region, Role, UserId};

const PROVIDERS: usize = 100;
/// Auth queues at most 64 password hashes per address.
const AT_THE_DOOR: usize = 32;
const SIGNED_IN_WITHIN: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread")]
async fn of_a_hundred_providers_exactly_one_gets_the_job() {
    let layout = Layout::temporary(Stores::Real).unwrap();
    let wishes = Wishes::of_few_people().on(test_servers());
    let stack = Stack::start(layout, &wishes).await.unwrap();
    let api = Api::new(stack.layout().gateway_url());
    let admin = stack.admin_sign_in();
    let admin = api.sign_in(&admin.username, &admin.password).await.unwrap();
    let customer = api.newcomer(Role::Customer).await.unwrap();
    let order = api
        .publish_approved(&customer, &admin, Region::East, "One job for many")
        .await
        .unwrap();

    let providers = tokio::time::timeout(SIGNED_IN_WITHIN, providers(&api))
        .await
        .unwrap();
    let answers = race(&api, providers, order).await;

    let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(|(_, answer)| answer.is_ok());
    assert_eq!((won.len(), lost.len()), (1, PROVIDERS - 1));
    let winner = won[0].0;
    for (loser, answer) in lost {
        let error = answer.unwrap_err();
        assert_eq!(error.status, Some(400), "{loser}: {error}");
        let problem = error.problem.expect("a refusal says why");
        assert_eq!(problem.code.as_str(), "order_already_accepted");
        let shown = serde_json::to_value(&problem).unwrap()["order"].clone();
        assert_eq!(
            shown["status"], "accepted",
            "the loser sees the winner's state: {shown}"
        );
    }
    let now = api.order(&admin, order).await.unwrap();
    assert_eq!(
        (now.status, now.provider_id),
        (OrderStatus::Accepted, Some(winner))
    );
    assert_eq!(accepted_events(&stack, order).await, 1);
    stack.stop().await.unwrap();
}

async fn providers(api: &Api) -> Vec<Person> {
    let mut coming = JoinSet::new();
    let door = Arc::new(Semaphore::new(AT_THE_DOOR));
    for _ in 0..PROVIDERS {
        let api = api.clone();
        let door = door.clone();
        coming.spawn(async move {
            let _turn = door.acquire().await.expect("an open door");
            api.newcomer(Role::Provider).await.expect("a new provider")
        });
    }
    coming.join_all().await
}

type Answer = Result<support::Done, process::client::ClientError>;

async fn race(api: &Api, providers: Vec<Person>, order: OrderId) -> Vec<(UserId, Answer)> {
    let together = Arc::new(Barrier::new(providers.len()));
    let mut running = JoinSet::new();
    for provider in providers {
        let api = api.clone();
        let together = together.clone();
        running.spawn(async move {
            together.wait().await;
            (provider.user_id, api.act(&provider, order, "accept").await)
        });
    }
    running.join_all().await
}

/// Counts this order's distinct acceptance events in the order service's outbox.
async fn accepted_events(stack: &Stack, order: OrderId) -> usize {
    let stores = stack.stores().expect("real stores");
    let db = Sql::open(&stores.database_url(CloudPart::Order))
        .await
        .unwrap();
    let keys = stack
        .layout()
        .cloud_folder()
        .join("order")
        .join("data.keys");
    let db = db.sealed_by(&DataKeys::load(&keys, true).unwrap());
    let events = testing::events(&db).await.into_iter();
    let accepted = events.filter(|event| event.kind == EventType::OrderAccepted);
    let about = accepted.filter(|event| {
        let body: OrderEvent = serde_json::from_value(event.body.clone()).unwrap();
        body.order.id == order
    });
    let ids: Vec<_> = about.map(|event| event.id).collect();
    let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
    assert_eq!(ids.len(), distinct.len(), "one event id a row");
    ids.len()
}
