//! The names of devices, which are their client ids: the alphabet of MQTT 3.1.1, and its case.

use std::collections::BTreeSet;

use holdfast_edge::start;
use process::clock::Clock;
use rstest::rstest;
use serde_json::json;
use wire::{Code, CommandId, DeviceId, Language, Role, topics};

use super::{BrokerKind, Region, connect_packet, disconnects::Line, refusal};
use crate::world::{
    accept, frame, id,
    tablet::{REGION, Tablet, edge_id},
};

/// Every character that a server of 3.1.1 must allow, in client ids of 1 to 23 bytes (3.1.3.1).
const DEMANDED: [&str; 5] = [
    "A",
    "0",
    "ABCDEFGHIJKLMNOPQRSTUVW",
    "XYZabcdefghijklmnopqrst",
    "uvwxyz0123456789Aa",
];

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_client_id_that_mqtt_demands_is_taken(#[values(4, 5)] level: u8) {
    let region = Region::open().await;
    let token = region.token(Role::Provider, 20);
    let longest = "X".repeat(40);
    for client_id in DEMANDED
        .into_iter()
        .chain(["Tab_1", "Tab-1.Second app", &longest])
    {
        drop(Line::open(&region, level, client_id, &token).await);
    }
    region.edge.stop().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_client_ids_are_refused_by_their_code(#[values(4, 5)] level: u8) {
    let region = Region::open().await;
    let token = region.token(Role::Provider, 20);
    let too_long = "x".repeat(41);
    let code = Code::InvalidCredentials;
    let words = format!("{code}: {}", code.sentence_in(Language::English));
    for client_id in ["", ".second", "a b", "a/b", "+", "t\u{e9}", &too_long] {
        if level == 5 {
            let refused = refusal(region.edge.mqtt.unwrap(), client_id, &token).await;
            assert_eq!(refused, Some((0x85, words.clone())), "{client_id}");
            continue;
        }
        let mut line = Line::start(&region, &connect_packet(level, client_id, &token)).await;
        let connack = line.read_packet().await.unwrap();
        assert_eq!(connack, [0x20, 2, 0, 2], "{client_id}");
        assert_eq!(line.read_packet().await, None, "{client_id}");
    }
    region.edge.stop().await;
}

#[rstest]
#[case::embedded(BrokerKind::Embedded)]
#[case::mosquitto(BrokerKind::Mosquitto)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_that_differ_in_case_are_two_devices(#[case] broker: BrokerKind) {
    let region = Region::open_with(broker).await;
    let edge = edge_id();
    let mut capital = region.provider("Tab-1", 20).await;
    let mut small = region.provider("tab-1", 21).await;
    let [of_capital, of_small] = ["Tab-1", "tab-1"].map(|name| DeviceId::new(name).unwrap());
    let foreign = topics::reply_topic(REGION, &edge, &of_small);
    let granted = capital.subscribe(&foreign).await;
    assert!(!granted || broker == BrokerKind::Mosquitto);
    let [own, others] = [20, 21].map(|user| region.token(Role::Provider, user));
    let forged = topics::command_topic(REGION, &edge, &of_small);
    capital.publish(&forged, frame(101, &own, &accept(1))).await;
    small.send(frame(102, &others, &accept(2))).await;
    let heard = small.reply().await.command_id;
    assert_eq!(heard, Some(CommandId(id(102))));
    capital.send(frame(103, &own, &accept(3))).await;
    let replies = topics::reply_topic(REGION, &edge, &of_capital);
    loop {
        let (topic, message) = capital.message().await;
        assert_ne!(topic, foreign);
        if topic == replies {
            assert_eq!(message["command_id"], json!(id(103)));
            break;
        }
    }
    let stored = region.stop_and_list_commands().await;
    assert_eq!(stored, BTreeSet::from([102, 103].map(|n| CommandId(id(n)))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_grant_opens_only_for_the_name_as_it_is_written() {
    let region = Region::open().await;
    let at = region.edge.mqtt.unwrap();
    let grant = region.cloud.people().grant(Role::Provider, 20, "Tab-1");
    for other in ["tab-1", "TAB-1"] {
        let refused = refusal(at, other, &grant).await.unwrap();
        assert_eq!(refused.0, 0x86, "{other}: {refused:?}");
    }
    assert_eq!(refusal(at, "Tab-1", &grant).await, None);
    region.edge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn owners_of_names_that_differ_in_case_survive_a_restart() {
    let mut region = Region::open().await;
    let at = region.edge.mqtt.unwrap();
    let owners = [("Tab-1", 20), ("tab-1", 21), ("TAB-1", 22)];
    for (device, owner) in owners {
        let token = region.token(Role::Provider, owner);
        let tablet = Tablet::connect(at, device, device, &token).await;
        tablet.unwrap().leave().await;
    }
    region.edge.stop().await;
    region.edge = start(region.config.clone(), Clock::system()).await.unwrap();
    let visitor = region.token(Role::Provider, 23);
    for (device, owner) in owners {
        let mut visiting = Line::open(&region, 5, device, &visitor).await;
        let token = region.token(Role::Provider, owner);
        let owners_line = Line::open(&region, 5, device, &token).await;
        let told = visiting.read_disconnect().await;
        assert_eq!(told, (0x87, "device_in_use".to_owned()), "{device}");
        drop(owners_line);
    }
    region.edge.stop().await;
}
