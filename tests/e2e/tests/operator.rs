//! Every `holdfast` command on a running platform, after a cut link, a collision of two providers
//! and a healed line.

use std::time::Duration;

use http::Method;
use process::client::Client;
use serde_json::Value;
use stack::{Layout, Stack, Stores, Wishes, binaries};
use support::{Api, Mqtt, Operator, Person, Place, Tablet, eventually};
use wire::{CommandBody, CommandId, EdgeId, OrderId, OrderStatus, Region, Role, Verdict};

pub(crate) const SOON: Duration = Duration::from_secs(30);

pub(crate) struct Admin<'a> {
    pub person: &'a Person,
    pub shell: Operator,
}

impl Admin<'_> {
    fn asks(&self, line: &str) -> Option<i32> {
        self.shell.reads(line).unwrap().exit
    }

    #[track_caller]
    pub(crate) fn reads(&self, line: &str) -> String {
        let said = self.shell.reads(line).unwrap();
        assert_eq!(said.exit, Some(0), "{line}: {}", said.text);
        said.text
    }

    /// The JSON answer, validated against its published schema.
    #[track_caller]
    pub(crate) fn gets(&self, line: &str) -> Value {
        let (exit, answer) = self.shell.gets(line).unwrap();
        assert_eq!(exit, 0, "{line}: {answer}");
        answer
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_sees_what_waits_what_collided_and_where_every_command_stands() {
    let layout = Layout::temporary(Stores::Embedded).unwrap();
    let stack = Stack::start(layout, &Wishes::default()).await.unwrap();
    let api = Api::new(stack.layout().gateway_url());
    let admin = stack.admin_sign_in();
    let admin = api.sign_in(&admin.username, &admin.password).await.unwrap();
    let holdfast = binaries::own("holdfast").unwrap();
    let shell = Operator::new(holdfast, stack.layout().gateway_url(), admin.token.as_str());
    let operator = Admin {
        person: &admin,
        shell,
    };
    operator.reads("wait --for links-up --for synced --timeout 60");
    assert_eq!(
        operator.gets("conflicts")["items"],
        Value::Array(Vec::new())
    );

    let (order, lost) = collision(&stack, &api, &operator).await;
    for line in [
        format!("wait --for order={order}:accepted"),
        "wait --for synced=NORTH".into(),
    ] {
        operator.reads(&line);
    }
    operator.reads("wait --for drained --for synced --timeout 60");
    let late = format!("wait --for order={order}:completed --timeout 1");
    assert_eq!(operator.asks(&late), Some(8));

    explains_the_lost_acceptance(&operator, order, lost).await;

    assert!(operator.reads("queue").contains("nothing waits at the hub"));
    assert_eq!(operator.gets("queue")["waiting"], Value::Array(Vec::new()));
    every_answer_is_of_its_published_form(&operator);
    shows_what_the_edge_has_lost(&operator);
    enrols_and_withdraws_edges(&operator);
    stack.stop().await.unwrap();
}

async fn explains_the_lost_acceptance(operator: &Admin<'_>, order: OrderId, lost: CommandId) {
    let told = operator.gets("conflicts");
    let conflict = told["items"][0]["conflict"].as_str().unwrap().to_owned();
    assert_eq!(told["items"][0]["command_id"], lost.to_string());
    assert_eq!(told["items"][0]["winner"]["source"], "portal");
    let by_command = operator.gets(&format!("explain {lost}"));
    let op = &by_command["ops"][0];
    assert_eq!(
        (op["state"].as_str(), op["edge"].as_str()),
        (Some("decided"), Some("north-1"))
    );
    let place = format!("explain north-1/{}/{}", op["epoch"], op["seq"]);
    let by_order = operator.gets(&format!("explain {order}"));
    assert_eq!(by_order["order"]["id"], order.to_string());
    for line in [place.clone(), format!("explain {conflict}")] {
        assert_eq!(operator.gets(&line)["ops"][0]["seq"], op["seq"], "{line}");
    }
    for line in [place, format!("explain {conflict}")] {
        let text = operator.reads(&line);
        for words in [
            "answered `provisional`",
            "received by the hub",
            "rejected",
            "Who won:",
        ] {
            assert!(text.contains(words), "`{words}` is missing in {text}");
        }
    }
    // The edge acknowledges within seconds.
    eventually("the edge has the outcome", SOON, async || {
        let told = operator.gets(&format!("explain {lost}"));
        (told["ops"][0]["outcome"]["told"] == true).then_some(())
    })
    .await;
}

#[track_caller]
fn shows_what_the_edge_has_lost(operator: &Admin<'_>) {
    let edges = operator.gets("edges");
    let north = edges["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|edge| edge["edge"] == "north-1");
    let north = north.unwrap();
    assert!(
        north["cursor_seq"].as_u64().unwrap() > 1 && north["lag_up_ops"] == 0,
        "{north}"
    );
    assert_eq!(
        (&north["lost"], &north["lag_down_since"]),
        (&Value::from(1), &Value::Null)
    );
    assert_eq!(operator.gets("status")["healthy"], true);
    let text = operator.reads("status");
    assert!(
        text.contains("~ north-1: 1 acceptance made there has lost, last at "),
        "{text}"
    );
}

#[track_caller]
fn enrols_and_withdraws_edges(operator: &Admin<'_>) {
    let invited = operator.gets("enrol SOUTH south-9");
    assert!(
        invited["command"]
            .as_str()
            .unwrap()
            .contains("HOLDFAST__EDGE__NAME=south-9")
    );
    assert_eq!(operator.asks("enrol NORTH north-1"), Some(6));
    assert!(operator.reads("edges").contains("code not used yet"));
    let waits = "wait --for links-up --timeout 1";
    assert_eq!(operator.asks(waits), Some(8), "south-9 may still come");
    operator.gets("enrol withdraw south-9");
    operator.reads("wait --for links-up");
    assert_eq!(operator.asks("enrol withdraw south-9"), Some(5));
    assert_eq!(
        operator.asks("enrol withdraw north-1"),
        Some(6),
        "it is enrolled"
    );
}

/// Checks the commands that this file uses nowhere else; `gets` validates each answer.
#[track_caller]
fn every_answer_is_of_its_published_form(operator: &Admin<'_>) {
    for line in [
        "wait --for links-up",
        "readmit north-1",
        "lease show EAST",
        "lease set EAST --policy exclusive --holder east-1",
        "lease take-back EAST --why flooded",
        "lease set EAST --policy optimistic",
        "link cut MID",
        "link heal MID",
        "wait --for synced",
    ] {
        operator.gets(line);
    }
}

/// The hub may be in sync with the edge before it receives the approval.
pub(crate) async fn shows_on_the_board(stack: &Stack, provider: &Person, order: OrderId) {
    let board = format!(
        "http://127.0.0.1:{}/board",
        stack.layout().edge(Region::North).http
    );
    eventually("the job stands on the edge's board", SOON, async || {
        let client = Client::new();
        let token = Some(provider.token.as_str());
        let shown: Value = client
            .send_json(Method::GET, &board, token, None::<&()>, SOON)
            .await
            .ok()?;
        shown.to_string().contains(&order.to_string()).then_some(())
    })
    .await;
}

pub(crate) async fn link_is_down(api: &Api, operator: &Admin<'_>) {
    eventually("the link is down", SOON, async || {
        let report = api.status(operator.person).await.ok()?;
        let north = &report.regions[usize::from(Region::North.index())].edges[0];
        (north.link == wire::LinkState::Down).then_some(())
    })
    .await;
}

/// Where a tablet reaches the edge of NORTH.
pub(crate) fn north(stack: &Stack) -> Place {
    let north = stack.layout().edge(Region::North);
    Place {
        region: Region::North,
        edge: EdgeId::new(&north.edge).unwrap(),
        host: "127.0.0.1".into(),
        port: north.mqtt,
    }
}

/// One provider accepts at the cut-off edge, another at the portal, then the line heals. Returns
/// the order and the losing command.
async fn collision(stack: &Stack, api: &Api, operator: &Admin<'_>) -> (OrderId, CommandId) {
    let customer = api.newcomer(Role::Customer).await.unwrap();
    let offline = api.provider(operator.person).await.unwrap();
    let online = api.provider(operator.person).await.unwrap();
    let order = api
        .publish_approved(&customer, operator.person, Region::North, "Mend the tap")
        .await
        .unwrap();
    operator.reads("wait --for synced=NORTH");
    let offline = api.at_edges(&offline, Region::North).await.unwrap();
    shows_on_the_board(stack, &offline, order).await;
    operator.reads("link cut NORTH");
    link_is_down(api, operator).await;
    let north = north(stack);
    let tablet = Tablet::new(north, "tablet-7", &offline, Mqtt::V5);
    let reply = tablet
        .tap(CommandBody::AcceptOrder { order_id: order }, SOON)
        .await
        .expect("an answer");
    assert_eq!(reply.verdict, Verdict::Provisional);
    let won = api.act(&online, order, "accept").await.unwrap();
    assert_eq!(won.status, OrderStatus::Accepted);
    eventually(
        "the edge lacks the change, and since when is told",
        SOON,
        async || {
            let report = api.status(operator.person).await.ok()?;
            let north = &report.regions[usize::from(Region::North.index())].edges[0];
            (north.lag_down_changes > 0 && north.lag_down_since.is_some()).then_some(())
        },
    )
    .await;
    operator.reads("link heal NORTH");
    let lost = reply.command_id.unwrap();
    tablet.until_decided(lost, SOON).await.unwrap();
    tablet.stop().await;
    (order, lost)
}
