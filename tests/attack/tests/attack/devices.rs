//! Devices, connections and frames of signed-in people.

use attack::{AttackedPlatform, MqttGreeting, MqttLine, PATIENCE, Somebody, Station};
use process::clock::Clock;
use serde_json::{Value, json};
use support::eventually;
use tokio::time::timeout;
use wire::{DeviceId, EdgeId, Region, topics};

const WELCOME: u8 = 0;
const REGION: Region = Region::North;

fn edge_id(platform: &AttackedPlatform) -> EdgeId {
    EdgeId::new(platform.edge().edge.clone()).expect("a name")
}

fn device(n: usize) -> DeviceId {
    let tail = process::random::secret_text(6)
        .to_lowercase()
        .replace(['_', '-'], "x");
    DeviceId::new(format!("t-{tail}-{n}")).expect("a name")
}

async fn line(
    platform: &AttackedPlatform,
    from: Station,
    device: &DeviceId,
    who: &Somebody,
) -> std::io::Result<(u8, MqttLine)> {
    let greeting = MqttGreeting::of(device.as_str(), &who.edge_token);
    MqttLine::open(from, platform.edge().mqtt, &greeting).await
}

async fn welcome(platform: &AttackedPlatform, device: &DeviceId, who: &Somebody) -> MqttLine {
    let (code, mut line) = line(platform, who.station, device, who)
        .await
        .expect("an answer");
    assert_eq!(code, WELCOME);
    let replies = topics::reply_topic(REGION, &edge_id(platform), device);
    assert_eq!(line.subscribe(&replies).await.expect("an answer"), 1);
    line
}

/// An accept command for a missing order; the edge answers it anyway.
fn frame(who: &Somebody) -> (Value, Vec<u8>) {
    let clock = Clock::system();
    let id = json!(clock.new_id());
    let order = json!(clock.new_id());
    let body = json!({"type": "accept_order", "order_id": order});
    let frame = json!({
        "v": 1, "id": id, "device_seq": 1, "tapped_at": clock.now(),
        "token": who.edge_token, "body": body,
    });
    (id, frame.to_string().into_bytes())
}

#[tokio::test]
async fn one_person_holds_every_connection_of_the_broker() {
    let platform = AttackedPlatform::shared().await;
    let hoarder = platform.provider().await;
    let mut held = Vec::new();
    for n in 0..200 {
        if let Ok((WELCOME, line)) = line(platform, Station::fresh(), &device(n), &hoarder).await {
            held.push(line);
        }
    }
    // On a slow machine, early connections may have ended and later ones replaced them.
    let mut living = 0;
    for line in &mut held {
        living += usize::from(line.subscribe("probe").await.is_ok());
    }
    println!("{living} connections of one person");
    assert!((1..=16).contains(&living));
    let honest = platform.provider().await;
    welcome(platform, &device(0), &honest).await;
}

#[tokio::test]
async fn a_stranger_squats_on_the_name_of_anothers_device() {
    let platform = AttackedPlatform::shared().await;
    let owner = platform.provider().await;
    let stranger = platform.provider().await;
    let tablet = device(0);
    welcome(platform, &tablet, &owner).await.tear();
    let mut squatter = eventually("the device is left", PATIENCE, async || {
        match line(platform, stranger.station, &tablet, &stranger).await {
            Ok((WELCOME, line)) => Some(line),
            _ => None,
        }
    })
    .await;
    welcome(platform, &tablet, &owner).await;
    // The broker may send a reason before it closes the connection.
    let end = loop {
        match squatter.packet().await {
            Ok(_) => {}
            Err(error) => break error.kind(),
        }
    };
    assert_ne!(
        end,
        std::io::ErrorKind::TimedOut,
        "the stranger stays beside the owner"
    );
}

#[tokio::test]
async fn one_person_fills_the_inbox_of_an_edge() {
    // Embedded stores suffice: the broker's frames end in the edge's own log.
    let platform = &AttackedPlatform::on_files().await;
    let flooder = platform.provider().await;
    let honest = platform.provider().await;
    let tablet = device(0);
    let edge = edge_id(platform);
    let mut own = welcome(platform, &tablet, &honest).await;
    let flood = async {
        let floods = (0..8).map(|n| {
            let flooder = flooder.clone();
            let edge = edge.clone();
            async move {
                let name = device(n);
                let mut line = welcome(platform, &name, &flooder).await;
                let topic = topics::command_topic(REGION, &edge, &name);
                loop {
                    if line
                        .publish(&topic, &frame(&flooder).1, false)
                        .await
                        .is_err()
                    {
                        return;
                    }
                }
            }
        });
        futures::future::join_all(floods).await;
    };
    let topic = topics::command_topic(REGION, &edge, &tablet);
    let honest_work = async {
        let mut answered = 0;
        for _ in 0..20 {
            let (id, frame) = frame(&honest);
            own.publish(&topic, &frame, false).await.unwrap();
            let reply = async {
                while let Ok((_, packet)) = own.packet().await {
                    let start = packet.iter().position(|byte| *byte == b'{').unwrap_or(0);
                    let reply: Value = serde_json::from_slice(&packet[start..]).unwrap_or_default();
                    if reply["command_id"] == id {
                        return true;
                    }
                }
                false
            };
            answered += u32::from(timeout(PATIENCE, reply).await.unwrap_or_default());
            if answered == 0 {
                // One lost frame is proof enough.
                break;
            }
        }
        answered
    };
    let answered = tokio::select! {
        answered = honest_work => answered,
        () = flood => panic!("the flood has ended"),
    };
    assert_eq!(answered, 20, "frames of an honest person were lost");
}
