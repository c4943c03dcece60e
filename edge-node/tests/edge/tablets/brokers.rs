//! What tablets get from every broker: the embedded one, and Mosquitto as `docs/operate.md`
//! configures it.

use std::collections::{BTreeMap, BTreeSet};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rstest::rstest;
use serde_json::{Value, json};
use wire::{Code, Hop, Reply, Role, Verdict, topics};

use super::{BrokerKind, Region, command_ids};
use crate::{
    asyncapi::reader::{COMMAND, DocumentReader, REPLIES},
    world::{
        accept, frame, get, id, order,
        tablet::{REGION, Tablet, edge_id},
        until,
    },
};

#[rstest]
#[case::embedded(BrokerKind::Embedded)]
#[case::mosquitto(BrokerKind::Mosquitto)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_is_stored_and_then_decided(#[case] broker: BrokerKind) {
    let region = Region::open_with(broker).await;
    let mut tablet = region.provider("t-1", 20).await;
    tablet
        .send(frame(101, &region.token(Role::Provider, 20), &accept(1)))
        .await;
    let stored = tablet.reply().await;
    assert_eq!(
        (stored.hop, stored.verdict),
        (Hop::Stored, Verdict::Provisional)
    );
    assert!(stored.receipt.is_some());
    let decided = tablet.reply().await;
    assert_eq!((decided.hop, decided.code), (Hop::Decided, None));
    assert!(decided.outcome.unwrap().has_succeeded());
    assert_eq!(decided.order.unwrap().version, 2);
    region.edge.stop().await;
}

#[rstest]
#[case::embedded(BrokerKind::Embedded)]
#[case::mosquitto(BrokerKind::Mosquitto)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_tablets_see_the_board_change_and_not_who_took_what(#[case] broker: BrokerKind) {
    let region = Region::open_with(broker).await;
    let mut other = region.provider("t-2", 21).await;
    let mut tablet = region.provider("t-1", 20).await;
    region.cut_off().await;
    tablet
        .send(frame(101, &region.token(Role::Provider, 20), &accept(1)))
        .await;
    tablet.reply().await;
    let topic = topics::changes_topic(REGION, &edge_id());
    let changes: Value = other.hear(&topic).await;
    assert_eq!(
        (&changes["items"], &changes["gone"]),
        (&json!([]), &json!([id(1)]))
    );
    assert_eq!(changes["feed_seq"], json!(3));

    region.cloud.heal();
    region.cloud.put(order(4, 1));
    let opened = loop {
        let changes: Value = other.hear(&topic).await;
        if let Some(item) = changes["items"].as_array().unwrap().first() {
            break item.clone();
        }
    };
    assert_eq!(
        (&opened["id"], &opened["address"]),
        (&json!(id(4)), &json!(""))
    );
    region.edge.stop().await;
}

#[rstest]
#[case::embedded(BrokerKind::Embedded)]
#[case::mosquitto(BrokerKind::Mosquitto)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tablet_hears_and_says_its_own_and_nothing_else(#[case] broker: BrokerKind) {
    let region = Region::open_with(broker).await;
    let mut tablet = region.provider("t-1", 20).await;
    let mut victim = region.provider("t-2", 21).await;
    let edge = edge_id();
    let [mine, other] = ["t-1", "t-2"].map(|name| wire::DeviceId::new(name).unwrap());
    let [me, them] = [20, 21].map(|user| wire::UserId(id(user)));
    for filter in [
        "#",
        "+/+/+/+/+",
        "hf/#",
        "$SYS/#",
        "$share/g/hf/NORTH/north-1/changes",
        "hf/NORTH/north-1/cmd/t-1",
        "hf/NORTH/north-1/cmd/t-2",
        &topics::reply_topic(REGION, &edge, &other),
        &topics::provider_topic(REGION, &edge, them),
    ] {
        // Mosquitto grants every subscription, and delivers only what the rules allow.
        let granted = tablet.subscribe(filter).await;
        assert!(!granted || broker == BrokerKind::Mosquitto, "{filter}");
    }
    let token = region.token(Role::Provider, 20);
    // In MQTT 3.1.1 a forbidden publish is acknowledged and dropped.
    for topic in [
        topics::reply_topic(REGION, &edge, &other),
        topics::head_topic(REGION, &edge),
        topics::changes_topic(REGION, &edge),
        topics::presence_topic(REGION, &edge),
        topics::command_topic(REGION, &edge, &other),
    ] {
        tablet.publish(&topic, frame(101, &token, &accept(1))).await;
    }
    victim
        .send(frame(103, &region.token(Role::Provider, 21), &accept(3)))
        .await;
    let heard = victim.reply().await.command_id;
    assert_eq!(heard, Some(wire::CommandId(id(103))));
    tablet.send(frame(102, &token, &accept(2))).await;
    let allowed = [
        topics::reply_topic(REGION, &edge, &mine),
        topics::provider_topic(REGION, &edge, me),
        topics::changes_topic(REGION, &edge),
        topics::head_topic(REGION, &edge),
        topics::presence_topic(REGION, &edge),
    ];
    loop {
        let (topic, message) = tablet.message().await;
        assert!(allowed.contains(&topic), "{topic}");
        if topic == allowed[0] {
            assert_eq!(message["command_id"], json!(id(102)));
            break;
        }
    }
    // The tablets' own commands, which follow the forged one.
    let valid = BTreeSet::from([102, 103].map(|command| wire::CommandId(id(command))));
    until("the valid commands in the cloud", || async {
        valid.is_subset(&command_ids(&region.cloud)).then_some(())
    })
    .await;
    assert_eq!(region.stop_and_list_commands().await, valid);
}

#[rstest]
#[case::embedded(BrokerKind::Embedded)]
#[case::mosquitto(BrokerKind::Mosquitto)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_head_is_retained_and_names_this_boot(#[case] broker: BrokerKind) {
    let region = Region::open_with(broker).await;
    let mut tablet = region.provider("t-1", 20).await;
    let topic = topics::head_topic(REGION, &edge_id());
    let head: Value = tablet.hear(&topic).await;
    let hello = &region.cloud.hellos()[0];
    assert_eq!(head["nonce"], json!(hello.nonce.to_string()));
    assert_eq!(
        (&head["edge"], &head["epoch"]),
        (&json!("north-1"), &json!(1))
    );
    let standing = get(&region.edge, "/api/head", None).await.unwrap();
    assert_eq!(
        (&standing["seq"], &standing["link_up"]),
        (&head["seq"], &json!(true))
    );

    let key = URL_SAFE_NO_PAD
        .decode(standing["public_key"].as_str().unwrap())
        .unwrap();
    tablet
        .send(frame(101, &region.token(Role::Provider, 20), &accept(1)))
        .await;
    let receipt = tablet.reply().await.receipt.unwrap();
    let signature = URL_SAFE_NO_PAD.decode(&receipt.sig).unwrap();
    let key = key.try_into().unwrap();
    assert!(process::tokens::verify_bytes(
        &key,
        &receipt.signed_bytes(),
        &signature
    ));
    region.edge.stop().await;
}

#[rstest]
#[case::embedded(BrokerKind::Embedded)]
#[case::mosquitto(BrokerKind::Mosquitto)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tablet_of_version_5_is_answered_and_told_why_it_may_not(#[case] broker: BrokerKind) {
    use rumqttc::v5::{
        AsyncClient, Event, MqttOptions,
        mqttbytes::{
            QoS,
            v5::{Packet, PubAckReason},
        },
    };
    let region = Region::open_with(broker).await;
    let at = region.broker_address();
    let token = region.token(Role::Provider, 20);
    let mut options = MqttOptions::new("t-5", at.ip().to_string(), at.port());
    options.set_credentials("t-5", region.broker_password("t-5", &token));
    options.set_outgoing_inflight_upper_limit(100);
    let (client, mut events) = AsyncClient::new(options, 16);
    let device = wire::DeviceId::new("t-5").unwrap();
    let edge = edge_id();
    client
        .subscribe(
            topics::reply_topic(REGION, &edge, &device),
            QoS::AtLeastOnce,
        )
        .await
        .unwrap();
    let forbidden = topics::head_topic(REGION, &edge);
    client
        .publish(forbidden, QoS::AtLeastOnce, true, b"{}".to_vec())
        .await
        .unwrap();
    let own = topics::command_topic(REGION, &edge, &device);
    client
        .publish(own, QoS::AtLeastOnce, false, frame(101, &token, &accept(1)))
        .await
        .unwrap();

    let mut refused = false;
    let reply: Reply = loop {
        match tokio::time::timeout(crate::world::PATIENCE, events.poll())
            .await
            .unwrap()
            .unwrap()
        {
            Event::Incoming(Packet::PubAck(ack)) => {
                refused |= ack.reason == PubAckReason::NotAuthorized;
            }
            Event::Incoming(Packet::Publish(publish)) => {
                break serde_json::from_slice(&publish.payload).unwrap();
            }
            _ => {}
        }
    };
    assert!(refused, "the forbidden publish was not refused");
    assert_eq!(reply.verdict, Verdict::Provisional);
    region.edge.stop().await;
}

#[rstest]
#[case::embedded(BrokerKind::Embedded)]
#[case::mosquitto(BrokerKind::Mosquitto)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_token_in_the_command_counts(#[case] broker: BrokerKind) {
    let region = Region::open_with(broker).await;
    let mut tablet = region.provider("t-1", 20).await;
    let expired = region.cloud.people().token_until(Role::Provider, 20, -1);
    let grant = region.cloud.people().grant(Role::Provider, 20, "t-2");
    let foreign = crate::world::People::new().token(Role::Provider, 20);
    for (command, token, code) in [
        (101, "nonsense", Code::InvalidToken),
        (102, &foreign, Code::InvalidToken),
        (103, &grant, Code::InvalidToken),
        (104, &expired, Code::TokenExpired),
    ] {
        tablet.send(frame(command, token, &accept(1))).await;
        let reply = tablet.reply().await;
        assert_eq!(reply.command_id, Some(wire::CommandId(id(command))));
        assert_eq!((reply.verdict, reply.code), (Verdict::NotTaken, Some(code)));
    }
    assert!(region.cloud.commands().is_empty());
    region.edge.stop().await;
}

#[rstest]
#[case::embedded(BrokerKind::Embedded)]
#[case::mosquitto(BrokerKind::Mosquitto)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_presence_is_retained(#[case] broker: BrokerKind) {
    let region = Region::open_with(broker).await;
    let mut tablet = region.provider("t-1", 20).await;
    let topic = topics::presence_topic(REGION, &edge_id());
    assert!(tablet.subscribe(&topic).await);
    let presence: Value = tablet.hear(&topic).await;
    assert_eq!(presence, json!({"edge": "north-1", "online": true}));
    region.edge.stop().await;
}

#[rstest]
#[case::embedded(BrokerKind::Embedded)]
#[case::mosquitto(BrokerKind::Mosquitto)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tablet_works_by_the_document_alone(#[case] broker: BrokerKind) {
    let region = Region::open_with(broker).await;
    let document = get(&region.edge, "/asyncapi.json", None).await.unwrap();
    let document = DocumentReader::new(document);
    let standing = get(&region.edge, "/standing", None).await.unwrap();
    let values = ["region", "edge"].map(|name| (name, standing[name].as_str().unwrap().into()));
    let mut values = BTreeMap::from(values);
    values.insert("device", "t-1".into());
    let replies = document.fill_topic(REPLIES, &values);
    let token = region.token(Role::Provider, 20);
    let password = region.broker_password("t-1", &token);
    let at = region.broker_address();
    let mut tablet = Tablet::connect(at, "t-1", "t-1", &password).await.unwrap();
    assert!(tablet.subscribe(&replies).await);
    let mut frame = document.find_example(COMMAND, "first");
    frame["token"] = json!(token);
    frame["body"]["order_id"] = json!(id(1));
    let commands = document.fill_topic(COMMAND, &values);
    tablet
        .publish(&commands, frame.to_string().into_bytes())
        .await;
    let heard: Value = tablet.hear(&replies).await;
    document.check_message(REPLIES, &heard);
    assert_eq!(heard["command_id"], frame["id"]);
    let example = document.find_example(REPLIES, "stored");
    assert_eq!(heard["verdict"], example["verdict"]);
    let fields =
        |value: &Value| -> Vec<String> { value.as_object().unwrap().keys().cloned().collect() };
    assert_eq!(fields(&heard["receipt"]), fields(&example["receipt"]));
    region.edge.stop().await;
}
