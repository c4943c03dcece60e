//! The ways in which a session ends, as a tablet sees each at its edge: over MQTT, and over HTTP in
//! both languages.

use std::collections::BTreeMap;

use http::Method;
use process::{
    client::Client,
    clock::Clock,
    tokens::{Claims, Signer, TokenKind},
};
use serde_json::Value;
use stack::Stack;
use support::{Api, Person, edge_claims, eventually};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wire::{
    Actor, CmdFrame, Code, CommandBody, CommandId, DeviceId, Language, OrderId, Region, Role, Text,
    UnixMillis,
};

use super::{
    facts::Surface,
    ground::{Ground, LIMIT},
    scenes::Said,
};

const REGION: Region = Region::Mid;
const HOUR_MS: i64 = 60 * 60 * 1000;

/// An ended session: the way, the token, the device, and the message in each language.
struct Ended {
    way: &'static str,
    token: String,
    device: &'static str,
    code: Code,
    words: [&'static str; 2],
}

pub(super) async fn ended(stack: &Stack, api: &Api) -> Vec<Said> {
    let ground = Ground::of(stack, api, REGION).await;
    let edge = stack.layout().edge(REGION);
    let sign_ins = sign_ins(stack, &ground).await;
    let mut said = Vec::new();
    for ended in &sign_ins {
        let Ended {
            way, code, words, ..
        } = ended;
        let told = eventually(way, LIMIT, async || refused(edge.http, ended).await).await;
        let by_mqtt = eventually(way, LIMIT, async || turned_away(edge.mqtt, ended).await).await;
        for (language, text, words) in [
            (Language::English, told.get(Language::English), words[0]),
            (Language::Chinese, told.get(Language::Chinese), words[1]),
            (Language::English, by_mqtt.as_str(), code.as_str()),
            (Language::English, by_mqtt.as_str(), words[0]),
        ] {
            let surface = Surface::Tablet;
            let text = text.to_owned();
            said.push(Said {
                way,
                surface,
                language,
                text,
                words,
            });
        }
    }
    each_has_its_own_words(&sign_ins, &said);
    said
}

async fn sign_ins(stack: &Stack, ground: &Ground<'_>) -> Vec<Ended> {
    let out = ground.provider().await;
    let gone = ground.provider().await;
    let late = ground.provider().await;
    let closed = ground.provider().await;
    // Sign with the cloud's own key, which avoids waiting an hour for expiry; the API does not
    // issue device grants yet.
    let key = stack.layout().cloud_folder().join("auth.key");
    let signer = Signer::load_or_create(key).unwrap();
    let now = Clock::system().now();
    let grant = Claims {
        kind: TokenKind::DeviceGrant,
        device: Some(DeviceId::new("tablet-closed").unwrap()),
        jti: serde_json::from_value(session(ground.api, &closed.person).await).unwrap(),
        ..claims(&closed.person, now)
    };
    let old = claims(&late.person, now.plus_ms(-2 * HOUR_MS));
    for person in [&out.person, &closed.person] {
        let bye = ground
            .api
            .call::<()>(Method::POST, "/api/v1/auth/logout", Some(person), None);
        bye.await.unwrap();
    }
    ground.revokes(&gone).await;
    vec![
        Ended {
            way: "a person signed out",
            token: out.visitor.token,
            device: "tablet-out",
            code: Code::SessionEnded,
            words: ["This sign-in has been ended", "此次登录已结束"],
        },
        Ended {
            way: "a token ran out",
            token: signer.sign_claims(&old),
            device: "tablet-late",
            code: Code::TokenExpired,
            words: ["Your sign-in has expired", "登录已过期"],
        },
        Ended {
            way: "a person was revoked",
            token: gone.visitor.token,
            device: "tablet-gone",
            code: Code::Revoked,
            words: ["This account has been revoked", "该账号已被停用"],
        },
        Ended {
            way: "a device was closed",
            token: signer.sign_claims(&grant),
            device: "tablet-closed",
            code: Code::DeviceClosed,
            words: [
                "This tablet may no longer be used",
                "此平板的使用许可已收回",
            ],
        },
    ]
}

fn claims(person: &Person, at: UnixMillis) -> Claims {
    edge_claims(
        Actor {
            user_id: person.user_id,
            role: Role::Provider,
        },
        REGION,
        at,
    )
}

/// The session id of the person's token.
async fn session(api: &Api, person: &Person) -> Value {
    let path = "/api/v1/auth/sessions";
    let page: Value = api
        .call(Method::GET, path, Some(person), None)
        .await
        .unwrap();
    let mut sessions = page["items"].as_array().unwrap().iter();
    sessions.find(|session| session["current"] == true).unwrap()["session_id"].clone()
}

/// The edge's answer to a new command, once it refuses the person.
async fn refused(port: u16, ended: &Ended) -> Option<Text> {
    let clock = Clock::system();
    let frame = CmdFrame {
        v: CmdFrame::VERSION,
        id: CommandId(clock.new_id()),
        device_seq: 1,
        tapped_at: clock.now(),
        seen: None,
        receipt: None,
        repeat: false,
        token: ended.token.clone(),
        body: CommandBody::AcceptOrder {
            order_id: OrderId(clock.new_id()),
        },
    };
    let url = format!("http://127.0.0.1:{port}/commands");
    let answer = Client::new()
        .send_json::<Value>(Method::POST, &url, None, Some(&frame), LIMIT)
        .await;
    let problem = answer.err()?.problem?;
    assert_eq!(problem.code, ended.code, "{}: {problem:?}", ended.way);
    let message = problem.extensions["reply"]["message"].clone();
    Some(serde_json::from_value(message).unwrap())
}

/// The reason string of the MQTT 5 CONNACK; `None` while the broker accepts the tablet.
async fn turned_away(port: u16, ended: &Ended) -> Option<String> {
    let mut socket = tokio::net::TcpStream::connect(("127.0.0.1", port))
        .await
        .unwrap();
    socket
        .write_all(&connect(ended.device, &ended.token))
        .await
        .unwrap();
    let mut head = [0; 2];
    socket.read_exact(&mut head).await.unwrap();
    let mut connack = vec![0; usize::from(head[1])];
    socket.read_exact(&mut connack).await.unwrap();
    // Flags, reason and property length come first, then the only property's kind and length.
    (connack[1] != 0).then(|| String::from_utf8(connack[6..].to_vec()).unwrap())
}

/// An MQTT 5 CONNECT with a user name and a password.
fn connect(device: &str, token: &str) -> Vec<u8> {
    let text = |text: &str| {
        let length = u16::try_from(text.len()).unwrap().to_be_bytes();
        [&length[..], text.as_bytes()].concat()
    };
    let head = vec![5, 0b1100_0010, 0, 30, 0];
    let body = [text("MQTT"), head, text(device), text(device), text(token)].concat();
    let low = body.len() % 128;
    let high = body.len() / 128;
    let length = [
        u8::try_from(low).unwrap() | 0x80,
        u8::try_from(high).unwrap(),
    ];
    [&[0x10][..], &length, &body].concat()
}

#[track_caller]
fn each_has_its_own_words(sign_ins: &[Ended], said: &[Said]) {
    for Said { way, text, .. } in said {
        for other in sign_ins.iter().filter(|other| other.way != *way) {
            let tells = other.words.iter().any(|words| text.contains(words));
            assert!(!tells, "{way} is told as if {}: {text}", other.way);
        }
    }
    let mut told: BTreeMap<&str, &str> = BTreeMap::new();
    for Said { way, text, .. } in said {
        assert_eq!(
            told.entry(text).or_insert(way),
            way,
            "two ends share: {text}"
        );
    }
}
