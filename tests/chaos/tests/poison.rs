//! The real order service fails on one op because MariaDB refuses to store its order. Ops near it
//! are decided. The op is held for an operator, who is alerted and readmits it once the store
//! accepts it.

use std::time::Duration;

use chaos::{Receipted, Storm, operator};
use platform::{sql::Sql, vals};
use process::parts::CloudPart;
use serde_json::Value;
use stack::{Layout, Stack, Stores, Wishes};
use support::{Api, eventually, test_servers};
use wire::Region;

const REGION: Region = Region::East;
const COMMANDS: usize = 300;
const LIMIT: Duration = Duration::from_secs(120);
/// One order of a storm has this price. An order's text is encrypted, so the store can identify it
/// only by price.
const SPOIL: &str = "ALTER TABLE orders ADD CONSTRAINT spoilt CHECK (price_minor <> 12057)";
const MEND: &str = "ALTER TABLE orders DROP CONSTRAINT spoilt";

#[tokio::test(flavor = "multi_thread")]
async fn an_op_that_makes_the_order_service_fail_stops_itself_alone_until_it_is_let_in_again() {
    let layout = Layout::temporary(Stores::Real).unwrap();
    let wishes = Wishes::of_few_people().on(test_servers());
    let stack = Stack::start(layout, &wishes).await.unwrap();
    let api = Api::new(stack.layout().gateway_url());
    let storm = Storm::in_region(&stack, &api, REGION).await;
    let order_db = stack.stores().unwrap().database_url(CloudPart::Order);
    let order_db = Sql::open(&order_db).await.unwrap();
    let operator = operator(&stack).await;

    stack.cut(REGION).await.unwrap();
    let receipted = storm.publish(COMMANDS).await;
    order_db.exec(SPOIL, vals![]).await.unwrap();
    stack.heal(REGION).await.unwrap();
    let stopped = eventually("one op alone waits", LIMIT, async || {
        let (_, queue) = operator.gets("queue").ok()?;
        match queue["waiting"].as_array()?.as_slice() {
            [one] if one["state"] == "needs_operator" => Some(one.clone()),
            _ => None,
        }
    })
    .await;
    assert_eq!(
        (&stopped["edge"], &stopped["failures"]),
        (&Value::from("east-1"), &Value::from(3))
    );
    let is_it = |one: &Receipted| stopped["command"]["id"] == one.command.to_string();
    let (spoilt, good): (Vec<_>, Vec<_>) = receipted.into_iter().partition(is_it);
    assert_eq!((spoilt.len(), good.len()), (1, COMMANDS - 1));
    storm.check(&good).await;
    // So few orders do not reach the spoilt price.
    let after = storm.publish(5).await;
    storm.check(&[good.clone(), after.clone()].concat()).await;
    let said = operator.reads("status").unwrap();
    assert_eq!(said.exit, Some(3), "{}", said.text);
    let words = "! east-1: 1 of its operations made a cloud service fail";
    assert!(said.text.contains(words), "{}", said.text);

    order_db.exec(MEND, vals![]).await.unwrap();
    operator
        .gets(&format!("queue retry east-1 {}", stopped["seq"]))
        .unwrap();
    storm.check(&[good, after, spoilt].concat()).await;
    stack.healthy(LIMIT).await.unwrap();
    stack.stop().await.unwrap();
}
