//! The link between edge and hub, attacked by a man in the middle who impersonates the hub.

#![allow(clippy::unwrap_used)]

mod line;

use attack::{AttackedPlatform, HttpAnswer, HttpCall, PATIENCE, Station};
use process::{clock::Clock, seal::FrameSealer, tokens::Signer};
use serde_json::{Value, json};
use stack::{Layout, Stack, Stores, Wishes};
use support::{Issuer, eventually, samples::person};
use wire::{
    ChainHead, ChangesFrame, Code, FeedChange, Frame, Hello, LinkLimits, LinkSessionId, Quarantine,
    QuarantineWhy, Region, Role, SessionRefusal, Welcome,
};

use crate::new_edge::NewEdge;
use line::HostileLine;

const ADDRESS: &str = "1 Harbour Road";

/// A platform whose only edge reaches the gateway over the attacker's line.
struct TappedPlatform {
    platform: AttackedPlatform,
    line: HostileLine,
}

impl TappedPlatform {
    async fn start() -> Self {
        // The attack targets the line and the edge, so the cloud's stores do not matter.
        let mut layout = Layout::temporary(Stores::Embedded).unwrap().with_one_edge();
        let line = HostileLine::to(layout.gateway).await;
        layout.edges[0].gateway_url = line.url();
        let wishes = Wishes {
            default_limits: true,
            ..Wishes::default()
        };
        let stack = Stack::start(layout, &wishes).await.unwrap();
        Self {
            platform: AttackedPlatform { stack },
            line,
        }
    }

    /// Publishes and approves an order, and waits until the edge's board shows it.
    async fn open_order(&self, title: &str) {
        let customer = self.platform.somebody(Role::Customer).await;
        let admin = self.platform.admin().await;
        customer
            .publish_approved(&admin, Region::North, title)
            .await;
        eventually("the order is on the board", PATIENCE, async || {
            let board = self.board(&admin.edge_token).await;
            board.text().contains(title).then_some(())
        })
        .await;
    }

    async fn board(&self, token: &str) -> HttpAnswer {
        board(self.platform.edge().http, token).await
    }

    /// Asserts that the edge reconnects to the real hub and shows its board to the real admin.
    async fn heals(self) {
        self.line.pass();
        self.platform.stack.healthy(PATIENCE).await.unwrap();
        let admin = self.platform.admin().await;
        assert_eq!(self.board(&admin.edge_token).await.status, 200);
        self.platform.stack.stop().await.unwrap();
        self.line.stop().await;
    }
}

async fn board(edge: u16, token: &str) -> HttpAnswer {
    Station::fresh()
        .ask(edge, &HttpCall::get("/board").bearer(token))
        .await
        .unwrap()
}

/// An admin token signed with the attacker's keys.
fn forged_admin(keys: &Issuer) -> String {
    keys.token(person(666, Role::Admin), Clock::system().now())
}

/// Opens a session as the hub does, at the cursor in Hello.
fn welcome(hello: &Hello) -> (LinkSessionId, Frame) {
    let link_session = LinkSessionId {
        term: u64::from(u32::MAX),
        nonce: hello.nonce,
    };
    let limits = LinkLimits {
        batch_ops_max: 5_000,
        batch_bytes_max: 1 << 20,
        credit_ops: 10_000,
        credit_bytes: 4 << 20,
    };
    let welcome = Welcome {
        protocol: 1,
        link_session,
        cursor: hello.last_seq,
        cursor_hash: hello.last_hash,
        feed_generation: hello.feed_generation,
        limits,
        cloud_now: Clock::system().now(),
        snapshot: None,
        codec: None,
        photos: None,
        messages: None,
    };
    (link_session, Frame::Welcome(welcome))
}

fn with_keys(hello: &Hello, keys: &Issuer) -> Vec<Frame> {
    let (link_session, welcome) = welcome(hello);
    let from = hello.feed_cursor;
    let to = hello.feed_cursor + 1;
    let version = u64::from(u32::MAX);
    let changes = vec![FeedChange::Keys {
        version,
        jwks: keys.signer.jwks(),
    }];
    vec![
        welcome,
        Frame::Down(ChangesFrame {
            link_session,
            from,
            to,
            changes,
        }),
    ]
}

fn plain(frames: Vec<Frame>) -> Vec<Vec<u8>> {
    frames.iter().map(Frame::to_bytes).collect()
}

/// Seals frames as the hub does, with a key that is not the hub's.
fn sealed_by(key: &Signer, hello: &Hello, frames: &[Frame]) -> Vec<Vec<u8>> {
    let Some(challenge) = hello.challenge else {
        return plain(frames.to_vec());
    };
    let mut sealer = FrameSealer::new(key.clone(), hello.edge.clone(), challenge);
    frames
        .iter()
        .map(|frame| sealer.seal_frame(frame).to_bytes())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fake_hub_gives_the_edge_its_own_keys_and_reads_every_address_on_the_board() {
    let tapped = TappedPlatform::start().await;
    tapped.open_order("Mend the crane").await;
    let keys = Issuer::new();
    let forged = forged_admin(&keys);
    assert_eq!(tapped.board(&forged).await.status, 401, "before the attack");
    tapped
        .line
        .play_hub(move |hello| plain(with_keys(hello, &keys)))
        .await;
    let shown = tapped.board(&forged).await;
    assert!(
        !shown.text().contains(ADDRESS),
        "the attacker reads {}",
        shown.text()
    );
    assert_eq!(shown.status, 401);
    tapped.heals().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fake_hub_that_signs_with_a_key_of_its_own_is_believed() {
    let tapped = TappedPlatform::start().await;
    tapped.open_order("Mend the crane").await;
    let keys = Issuer::new();
    let own = Issuer::new().signer;
    let forged = forged_admin(&keys);
    tapped
        .line
        .play_hub(move |hello| sealed_by(&own, hello, &with_keys(hello, &keys)))
        .await;
    assert_eq!(tapped.board(&forged).await.status, 401);
    tapped.heals().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fake_hub_makes_an_edge_a_twin_for_good() {
    let tapped = TappedPlatform::start().await;
    let refused = SessionRefusal {
        code: Code::EdgeTwin,
        detail: "you are a copy".into(),
    };
    tapped
        .line
        .play_hub(move |_| plain(vec![Frame::Refused(refused.clone())]))
        .await;
    let hello = tapped.line.next_hello().await;
    assert!(
        hello.twin != Some(true) && !hello.suspect,
        "it says of itself that it is a twin"
    );
    tapped.heals().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fake_hub_ends_an_edges_epoch_and_takes_its_log() {
    let tapped = TappedPlatform::start().await;
    let quarantine = |hello: &Hello| Quarantine {
        old_epoch: hello.epoch,
        old_nonce: hello.nonce,
        new_epoch: hello.epoch + 1,
        grant: 7,
        last_accepted: hello.last_hash,
        why: QuarantineWhy::EdgeCloned,
        tail: Vec::new(),
        part: None,
    };
    tapped
        .line
        .play_hub(move |hello| plain(vec![Frame::Quarantine(quarantine(hello))]))
        .await;
    let hello = tapped.line.next_hello().await;
    assert_eq!(hello.epoch, 1, "it has begun the epoch of the attacker");
    tapped.heals().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fake_hub_makes_an_edge_doubt_its_own_log() {
    let tapped = TappedPlatform::start().await;
    // The fake hub claims ops that the edge never logged.
    let beyond = |hello: &Hello| {
        let end = ChainHead {
            seq: hello.last_seq,
            hash: hello.last_hash,
        }
        .append_op(b"never logged");
        match welcome(hello).1 {
            Frame::Welcome(welcome) => {
                let cursor = end.seq;
                let cursor_hash = end.hash;
                Frame::Welcome(Welcome {
                    cursor,
                    cursor_hash,
                    ..welcome
                })
            }
            other => other,
        }
    };
    tapped
        .line
        .play_hub(move |hello| plain(vec![beyond(hello)]))
        .await;
    let hello = tapped.line.next_hello().await;
    assert!(!hello.suspect, "it answers nothing firm from now on");
    tapped.heals().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_plays_an_earlier_session_again_and_the_edge_thinks_that_it_is_linked() {
    let tapped = TappedPlatform::start().await;
    let earlier = tapped.line.heard_of_hub();
    assert!(!earlier.is_empty(), "a Welcome at least");
    let acks = tapped.line.acks().len();
    tapped.line.play_hub(move |_| earlier.clone()).await;
    assert_eq!(
        tapped.line.acks().len(),
        acks,
        "the edge takes the replay for its hub"
    );
    tapped.heals().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_changes_one_byte_of_an_order_on_its_way_to_the_edge() {
    const TITLE: &str = "Paint the fence";
    const CHANGED: &str = "Paint the fende";
    let tapped = TappedPlatform::start().await;
    let calls = tapped.line.calls();
    tapped.line.change(|mut bytes| {
        let found = bytes
            .windows(TITLE.len())
            .position(|run| run == TITLE.as_bytes());
        if let Some(at) = found {
            bytes[at..at + TITLE.len()].copy_from_slice(CHANGED.as_bytes());
        }
        bytes
    });
    let customer = tapped.platform.somebody(Role::Customer).await;
    let admin = tapped.platform.admin().await;
    customer
        .publish_approved(&admin, Region::North, TITLE)
        .await;
    // Either the order arrives, or the edge hangs up on the relay and calls three more times.
    let shown = eventually("the changed frame has come", PATIENCE, async || {
        let text = tapped.board(&admin.edge_token).await.text();
        (text.contains("Paint the fen") || tapped.line.calls() >= calls + 3).then_some(text)
    })
    .await;
    assert!(
        !shown.contains(CHANGED),
        "the edge shows what nobody published"
    );
    tapped.heals().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fake_gateway_enrols_a_new_edge_under_its_own_keys() {
    // The new edge stays in the list of edges, so the test has a separate platform. Embedded stores
    // suffice, because the attacker writes the answers that the edge receives.
    let platform = AttackedPlatform::on_files().await;
    let session = platform.stack.admin().await.unwrap();
    let code = session
        .enrolment_code("north-9", Region::North)
        .await
        .unwrap();
    let line = HostileLine::to(platform.gateway()).await;
    let keys = Issuer::new();
    let own = Issuer::new().signer;
    let forged = forged_admin(&keys);
    let jwks: Value = serde_json::from_str(&keys.signer.jwks()).unwrap();
    // The attacker's best signature: they have no key that fits the code.
    let base64 = |bytes: &[u8]| {
        use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
        URL_SAFE_NO_PAD.encode(bytes)
    };
    line.play_gateway(json!({
        "edge": "north-9", "region": "NORTH", "jwks": jwks,
        "hub_key": base64(&own.public_key()), "signature": base64(&own.sign_bytes(b"believe me")),
    }));
    let edge = NewEdge::start(&line.url(), &code);
    let status = eventually("the edge has asked to be enrolled", PATIENCE, async || {
        let status = edge.asks(&forged).await?;
        let refused = edge.said().contains("Not enrolled yet");
        (status == 200 || refused).then_some(status)
    })
    .await;
    assert_eq!(status, 401, "the attacker reads the board: {}", edge.said());

    // The code is still unused: the real gateway enrols the edge.
    line.pass();
    eventually("the edge is enrolled", PATIENCE, async || {
        edge.said().contains("This edge is enrolled").then_some(())
    })
    .await;
    platform.stack.stop().await.unwrap();
    line.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_on_the_network_reads_a_link_over_plain_http() {
    // An unassigned address: the edge must not even try.
    let mut edge = NewEdge::start("http://192.0.2.1:8080", "a-code");
    let ended = eventually("the edge has started or has ended", PATIENCE, async || {
        if let Some(status) = edge.child.try_wait().unwrap() {
            return Some(!status.success());
        }
        edge.asks("").await.map(|_| false)
    })
    .await;
    assert!(ended, "it calls over plain HTTP");
    assert!(
        edge.said()
            .contains("anyone on the network path could read"),
        "{}",
        edge.said()
    );
}
