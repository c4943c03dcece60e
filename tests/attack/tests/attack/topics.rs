//! Other people's topics at the edge's broker.

use attack::{
    AttackedPlatform, HttpCall, MqttGreeting, MqttLine, MqttReason, SentCommand, Somebody, Station,
    new_frame,
};
use support::Mqtt;
use wire::{CommandBody, DeviceId, Hop, Region, Role, Verdict, topics};

/// MQTT's code for a refused subscription.
const REFUSED: u8 = 0x80;
const PUBLISH: u8 = 0x30;

async fn on_device(platform: &AttackedPlatform, who: &Somebody, device: &str) -> MqttLine {
    let token = who.edge_token.clone();
    let greeting = MqttGreeting::of(device, &token);
    let (code, line) = MqttLine::open(who.station, platform.edge().mqtt, &greeting)
        .await
        .expect("an answer");
    assert_eq!(code, 0, "an honest person is let in");
    line
}

/// Connects with a retained last will.
async fn open_with_will(
    platform: &AttackedPlatform,
    who: &Somebody,
    device: &str,
    version: Mqtt,
    topic: &str,
    message: String,
) -> (MqttReason, MqttLine) {
    let greeting = MqttGreeting {
        will: Some((topic.to_owned(), message)),
        ..MqttGreeting::of(device, &who.edge_token)
    };
    let port = platform.edge().mqtt;
    let opened = MqttLine::open_by(version, who.station, port, &greeting).await;
    opened.expect("an answer")
}

/// The code of a CONNACK for a will that the client may not publish.
fn refused_will(version: Mqtt) -> u8 {
    match version {
        Mqtt::V311 => 5,
        Mqtt::V5 => 0x87,
    }
}

/// Subscribes. Returns true if the broker refuses or closes the connection.
async fn is_refused(line: &mut MqttLine, filter: &str) -> bool {
    line.subscribe(filter)
        .await
        .map_or(true, |granted| granted >= REFUSED)
}

#[tokio::test]
async fn a_tablet_hears_everybody_by_a_wildcard() {
    let platform = AttackedPlatform::shared().await;
    let edge = platform.edge().edge.clone();
    let [snoop, victim] = [platform.provider().await, platform.provider().await];
    let victim_topic = format!("hf/NORTH/{edge}/provider/{}", victim.person.user_id);
    for filter in [
        "#",
        "+",
        "hf/#",
        "hf/+/+/reply/+",
        "$SYS/#",
        "$share/x/hf/#",
        "$share/x/hf/NORTH/north-1/changes",
        "hf/NORTH/+/provider/+",
        &victim_topic,
        &format!("hf/NORTH/{edge}/reply/wild-victim"),
        &format!("hf/NORTH/{edge}/cmd/wild-victim"),
        &format!("hf/NORTH/{edge}/cmd/+"),
        &format!("{victim_topic}\u{0}"),
    ] {
        let mut line = on_device(platform, &snoop, "wild-snoop").await;
        assert!(is_refused(&mut line, filter).await, "{filter}");
    }
    let mut line = on_device(platform, &snoop, "wild-snoop").await;
    assert_eq!(
        line.subscribe(&format!("hf/NORTH/{edge}/reply/wild-snoop"))
            .await
            .unwrap(),
        1
    );
    let customer = platform.somebody(Role::Customer).await;
    let mut line = on_device(platform, &customer, "wild-kiosk").await;
    assert!(
        is_refused(&mut line, &format!("hf/NORTH/{edge}/changes")).await,
        "a customer's board"
    );
}

#[tokio::test]
async fn a_tablet_speaks_for_another_device_or_for_the_edge() {
    let platform = AttackedPlatform::shared().await;
    let edge = platform.edge().edge.clone();
    let [forger, victim] = [platform.provider().await, platform.provider().await];
    let head = format!("hf/NORTH/{edge}/head");
    let mut listener = on_device(platform, &victim, "spoken-victim").await;
    listener
        .subscribe(&format!("hf/NORTH/{edge}/reply/spoken-victim"))
        .await
        .unwrap();
    for topic in [
        head.clone(),
        format!("hf/NORTH/{edge}/changes"),
        format!("hf/NORTH/{edge}/reply/spoken-victim"),
        format!("hf/NORTH/{edge}/cmd/spoken-victim"),
        format!("hf/NORTH/{edge}/provider/{}", victim.person.user_id),
        "$SYS/broker".to_owned(),
    ] {
        for retain in [false, true] {
            let mut line = on_device(platform, &forger, "spoken-forger").await;
            line.publish(&topic, b"{\"forged\":true}", retain)
                .await
                .unwrap();
            // Once the broker answers this subscription, it has handled the message before it.
            let own = format!("hf/NORTH/{edge}/reply/spoken-forger");
            let _answered_or_ended = line.subscribe(&own).await;
        }
        // The same as a retained last will.
        for version in [Mqtt::V311, Mqtt::V5] {
            let forged = "{\"forged\":true}".to_owned();
            let (reason, line) =
                open_with_will(platform, &forger, "spoken-forger", version, &topic, forged).await;
            line.tear();
            assert_eq!(reason.code, refused_will(version), "{topic}");
            if version == Mqtt::V5 {
                assert!(reason.text.starts_with("will_refused: "), "{reason:?}");
            }
        }
    }
    // Once a later message from the edge arrives, the broker has handled everything that the forger
    // sent.
    let mut fresh = on_device(platform, &victim, "spoken-victim.second").await;
    fresh.subscribe(&head).await.unwrap();
    loop {
        let (kind, message) = fresh.packet().await.unwrap();
        if kind & 0xf0 == PUBLISH {
            let text = String::from_utf8_lossy(&message).into_owned();
            assert!(
                text.contains("epoch") && !text.contains("forged"),
                "the head: {text}"
            );
            break;
        }
    }
    let again = format!("hf/NORTH/{edge}/reply/spoken-victim");
    listener
        .subscribe(&again)
        .await
        .expect("the victim is still there");
    assert_eq!(
        listener.heard,
        Vec::<Vec<u8>>::new(),
        "the victim has heard something"
    );
}

/// The code of a PUBACK for a topic that is not the sender's. Version 3.1.1 has none: the edge
/// acknowledges the message and discards it.
fn refused_publish(version: Mqtt) -> u8 {
    match version {
        Mqtt::V311 => 0,
        Mqtt::V5 => 0x87,
    }
}

#[tokio::test]
async fn a_tablet_sends_valid_commands_on_topics_that_are_not_its_own() {
    let platform = AttackedPlatform::shared().await;
    let admin = platform.admin().await;
    let customer = platform.somebody(Role::Customer).await;
    let [forger, victim] = [platform.provider().await, platform.provider().await];
    let edge = platform.edge_id();
    let region = Region::North;
    let [own, foreign] =
        ["sent-forger", "sent-victim"].map(|device| DeviceId::new(device).expect("a name"));
    for version in [Mqtt::V311, Mqtt::V5] {
        let [order_id, witnessed] = [
            customer
                .publish_approved(&admin, region, "Mend the tap")
                .await,
            customer
                .publish_approved(&admin, region, "Mend the lamp")
                .await,
        ];
        for order in [order_id, witnessed] {
            platform.until_on_board(&forger, order).await;
        }
        let mut theirs = platform.tablet(&victim, foreign.as_str(), version).await;
        let mut tablet = platform.tablet(&forger, own.as_str(), version).await;
        let mut refused = Vec::new();
        let mut frames = Vec::new();
        for topic in [
            topics::command_topic(region, &edge, &foreign),
            topics::reply_topic(region, &edge, &foreign),
            topics::reply_topic(region, &edge, &own),
            topics::command_topic(Region::South, &edge, &own),
            format!("hf/{region}/another/cmd/{own}"),
            format!("hf/{region}/{edge}/cmd/{own}/"),
        ] {
            for who in [&forger, &victim] {
                let body = CommandBody::AcceptOrder { order_id };
                let frame = new_frame(&who.edge_token, body);
                let code = tablet.send_on(&topic, &frame).await;
                assert_eq!(code, refused_publish(version), "{version:?} at {topic}");
                let message = serde_json::to_string(&frame).expect("a frame");
                let (reason, line) =
                    open_with_will(platform, &forger, "sent-will", version, &topic, message).await;
                line.tear();
                assert_eq!(reason.code, refused_will(version), "{version:?} at {topic}");
                refused.push(SentCommand {
                    id: frame.id,
                    token: frame.token.clone(),
                });
                frames.push(frame);
            }
        }
        let witness = tablet.accept(&forger, witnessed).await;
        platform.has_stored_none(&admin, &refused, &witness).await;
        for (who, heard) in [
            ("the victim", theirs.heard_replies().await),
            ("the forger", tablet.heard_replies().await),
        ] {
            let of_refused = |reply: &&wire::Reply| reply.command_id != Some(witness.id);
            assert_eq!(heard.iter().find(of_refused), None, "{who} has heard of it");
        }
        // On its own topic the edge takes the very same command.
        for frame in &frames[..2] {
            assert_eq!(tablet.send(frame).await, 0);
            let taken = tablet.reply_to(frame.id, Hop::Stored).await;
            assert_eq!(taken.verdict, Verdict::Provisional, "{taken:?}");
        }
    }
}

#[tokio::test]
async fn a_person_who_has_signed_out_acts_by_a_will_that_they_left_before() {
    let platform = AttackedPlatform::shared().await;
    let admin = platform.admin().await;
    let customer = platform.somebody(Role::Customer).await;
    let provider = platform.provider().await;
    let region = Region::North;
    let edge = platform.edge_id();
    for (version, device) in [(Mqtt::V311, "Left-1"), (Mqtt::V5, "left-1")] {
        let order_id = customer
            .publish_approved(&admin, region, "Mend the door")
            .await;
        let [leaving, colleague] = [platform.provider().await, platform.provider().await];
        platform.until_on_board(&provider, order_id).await;
        // A colleague's command, which the edge would take from them.
        let body = CommandBody::AcceptOrder { order_id };
        let frame = new_frame(&colleague.edge_token, body);
        let message = serde_json::to_string(&frame).expect("a frame");
        let name = DeviceId::new(device).expect("a name");
        let own = topics::command_topic(region, &edge, &name);
        let (reason, mut line) =
            open_with_will(platform, &leaving, device, version, &own, message).await;
        assert_eq!(reason.code, 0, "{reason:?}");
        let path = format!("/session?device={device}");
        let sign_out = HttpCall::new("DELETE", &path).bearer(&leaving.edge_token);
        let signed_out = leaving.station.ask(platform.edge().http, &sign_out).await;
        assert_eq!(signed_out.expect("an answer").status, 204);
        let ended = line.await_end().await.expect("an end");
        assert_eq!(ended.is_some(), version == Mqtt::V5, "{ended:?}");
        let mut tablet = platform.tablet(&provider, "left-witness", version).await;
        let witness = tablet.accept(&provider, order_id).await;
        let left = SentCommand {
            id: frame.id,
            token: frame.token,
        };
        platform.has_stored_none(&admin, &[left], &witness).await;
    }
}

#[tokio::test]
async fn a_stranger_comes_in_with_a_bad_greeting() {
    let platform = AttackedPlatform::shared().await;
    let provider = platform.provider().await;
    let token = provider.edge_token.clone();
    let of = |client: &str, name: &str, password: &str| MqttGreeting {
        client_id: client.into(),
        username: name.into(),
        password: password.into(),
        will: None,
    };
    for greeting in [
        of("greet-1", "greet-1", ""),
        of("greet-1", "greet-1", "x.y.z"),
        of("greet-1", "another", &token),
        of("", "", &token),
        of("", "greet-1", &token),
        of("Greet 1", "Greet 1", &token),
        of("greet/#", "greet/#", &token),
        of("../greet", "../greet", &token),
        of(&"g".repeat(60_000), "g", &token),
    ] {
        let opened = MqttLine::open(Station::fresh(), platform.edge().mqtt, &greeting).await;
        let code = opened.map_or(1, |(code, _)| code);
        assert_ne!(
            code,
            0,
            "{:?}",
            greeting.client_id.get(..20.min(greeting.client_id.len()))
        );
    }
    on_device(platform, &provider, "greet-1").await;
}
