//! The whole intake on a real file: the reply to each command.

mod incidents;
mod messages;
mod promises;
mod proofs;
mod readers;
mod receipts;
mod reschedules;
mod start_codes;
mod unpaid;
mod validation;

use std::path::Path;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use engine::edge::OpRange;
use process::tokens::{Claims, Signer, verify_bytes};
use serde_json::{Value, json};
use tempfile::TempDir;
use wire::{
    Action, BootNonce, ChainHead, CommandBody, CommandOp, FeedChange, Hop, NumberedOutcome, Op,
    Order, OrderId, OrderStatus, Outcome, PaymentStatus, ProviderVerification, RegionAssignment,
    RevocationStatus, Role, Sentence, SessionId, UnixMillis, UserId, Verdict,
};

use super::*;
use crate::board::BoardCache;
use crate::callers::CallerCheck;
use crate::clock_check::ClockCheck;
use crate::config::Config;
use crate::disk::LogDisk;
use crate::listeners::ListenerSecurity;
use crate::people::PeopleRegistry;
use crate::receipts::FormerKeys;
use crate::store::{
    Store,
    tests::{hold, limit_pages},
};
use crate::tests::{People, draft, id, identity, order, sender};
use crate::{message_photos::MessagePhotos, photos::PhotoStore};

struct Edge {
    intake: CommandIntake,
    store: Store,
    people: People,
    signer: Signer,
    link: watch::Sender<LinkStatus>,
    _data: TempDir,
}

impl Edge {
    async fn new() -> Self {
        Self::with(Config {
            commands_at_once: 200,
            ..Config::default()
        })
        .await
    }

    async fn verified_only() -> Self {
        Self::with(Config {
            verified_providers_only: true,
            ..Config::default()
        })
        .await
    }

    /// A token of provider 7 with this verification mark.
    fn marked(&self, (mark_version, verified): (u64, bool)) -> String {
        self.people.token_of(|claims| Claims {
            verified,
            mark_version,
            ..claims
        })
    }

    async fn with(config: Config) -> Self {
        let people = People::new();
        let data = tempfile::tempdir().unwrap();
        let now = people.clock.now();
        let nonce = BootNonce([1; 16]);
        let (store, _) = Store::open(data.path(), identity(), nonce, now)
            .await
            .unwrap();
        let orders = vec![
            FeedChange::Order(order(1, 1)),
            FeedChange::Order(order(2, 1)),
        ];
        store.apply_changes(2, orders, now).await.unwrap();
        let signer = Signer::load_or_create(Path::join(data.path(), "edge.key")).unwrap();
        let context = EdgeContext {
            disk: LogDisk::new(data.path(), config.disk_ladder(), &people.clock),
            config: Arc::new(config),
            ..context(&people, &store, &signer)
        };
        context.authenticator.confirm_revocations();
        let link = watch::Sender::new(LinkStatus::down_since(now));
        let intake = CommandIntake::new(context, link.subscribe());
        Self {
            intake,
            store,
            people,
            signer,
            link,
            _data: data,
        }
    }

    async fn last_command(&self) -> CommandOp {
        let all = OpRange {
            from: 1,
            ops_max: 99,
            bytes_max: 1 << 20,
            first_whatever_size: true,
        };
        let logged = self.store.load_ops(all).await.unwrap().ops;
        match Op::from_bytes(logged.last().unwrap()) {
            Ok(Op::Command(op)) => op,
            other => panic!("no command: {other:?}"),
        }
    }

    fn frame(&self, command: u128, role: Role, user: u128, body: &CommandBody) -> Vec<u8> {
        frame(command, &self.people.token(role, user), body)
    }

    async fn send(&self, frame: &[u8]) -> Reply {
        self.intake.answer_command(frame, None).await.unwrap().reply
    }

    async fn provider_sends(&self, command: u128, user: u128, body: &CommandBody) -> Reply {
        self.send(&self.frame(command, Role::Provider, user, body))
            .await
    }
}

/// An edge on this file that admits these people, with a burst limit of 200 commands.
fn context(people: &People, store: &Store, signer: &Signer) -> EdgeContext {
    let config = Config {
        commands_at_once: 200,
        ..Config::default()
    };
    EdgeContext {
        people: PeopleRegistry::new(&config, store, &people.clock),
        photos: PhotoStore::new(&config, &people.clock),
        message_photos: MessagePhotos::new(&config, &people.clock),
        config: Arc::new(config),
        identity: identity(),
        nonce: BootNonce([1; 16]),
        clock: people.clock.clone(),
        clock_check: ClockCheck::new(store, &people.clock),
        signer: signer.clone(),
        former_keys: FormerKeys::open(Path::new("no folder")).unwrap(),
        store: store.clone(),
        authenticator: people.authenticator(),
        disk: LogDisk::new(
            Path::new("."),
            Config::default().disk_ladder(),
            &people.clock,
        ),
        callers: CallerCheck::default(),
        security: ListenerSecurity::default(),
        damage: watch::Sender::new(None),
    }
}

fn frame(command: u128, token: &str, body: &CommandBody) -> Vec<u8> {
    let frame = json!({
        "v": 1, "id": id(command), "device_seq": 1, "tapped_at": "2025-11-24T16:00:00Z",
        "token": token, "body": body,
    });
    frame.to_string().into_bytes()
}

fn accept(n: u128) -> CommandBody {
    CommandBody::AcceptOrder {
        order_id: OrderId(id(n)),
    }
}

fn grant() -> FeedChange {
    let open = [1, 2].map(|n| (OrderId(id(n)), 1));
    FeedChange::Assignment(RegionAssignment {
        policy_version: 1,
        policy: wire::Policy::Exclusive,
        holder: Some(identity().edge_id),
        epoch: 1,
        fence: 6,
        digest: Some(wire::open_digest(open)),
        ..RegionAssignment::default()
    })
}

#[tokio::test]
async fn who_asks_again_is_answered_also_while_the_disk_is_full() {
    let edge = Edge::new().await;
    let first = edge.provider_sends(101, 20, &accept(1)).await;
    limit_pages(&edge.store, 0).await;
    let again = edge.frame(101, Role::Provider, 20, &accept(1));
    let others = 200..400;
    let others: Vec<_> = others
        .map(|n| edge.frame(n, Role::Provider, 21, &accept(2)))
        .collect();
    // One commit group, too big for the disk, so it fails as a whole.
    let release = hold(&edge.store).await;
    let all = futures::future::join_all(others.iter().map(|frame| edge.send(frame)));
    let (again, others, ()) = tokio::join!(edge.send(&again), all, async { drop(release) });
    assert!(
        others
            .iter()
            .any(|reply| reply.code == Some(Code::StorageFull))
    );
    assert_eq!(
        (again.hop, again.verdict),
        (Hop::Stored, Verdict::Provisional)
    );
    assert_eq!(again.receipt, first.receipt);
}

#[tokio::test]
async fn with_too_little_space_a_new_command_is_refused_before_anything_of_it_is_stored() {
    let short = Edge::with(Config {
        disk_floor_mib: u32::MAX,
        ..Config::default()
    })
    .await;
    let before = short.store.load_position().await.unwrap();
    let refused = short.provider_sends(101, 20, &accept(1)).await;
    assert_eq!(refused.code, Some(Code::StorageFull));
    assert!(refused.receipt.is_none());
    let after = short.store.load_position().await.unwrap();
    assert_eq!(after.head, before.head);
}

#[tokio::test]
async fn who_sends_more_than_a_person_can_is_told_so_and_heard_again_of_what_is_stored() {
    let edge = Edge::new().await;
    let frames: Vec<_> = (0..300)
        .map(|n| edge.frame(1_000 + n, Role::Provider, 20, &accept(1)))
        .collect();
    let replies = futures::future::join_all(frames.iter().map(|frame| edge.send(frame))).await;
    let taken = replies
        .iter()
        .filter(|reply| reply.verdict != Verdict::NotTaken)
        .count();
    assert_eq!(taken, 200);
    assert_eq!(replies[250].code, Some(Code::TooManyRequests));
    assert_eq!(edge.send(&frames[7]).await.receipt, replies[7].receipt);
    let another = edge.provider_sends(9_000, 21, &accept(2)).await;
    assert_eq!(another.verdict, Verdict::Provisional);
    edge.people.clock.advance(1_000);
    assert_eq!(edge.send(&frames[250]).await.verdict, Verdict::Provisional);
}

#[tokio::test]
async fn a_newcomer_hears_that_the_last_room_is_for_known_people_and_is_counted() {
    let edge = Edge::new().await;
    let people = &edge.intake.context.people;
    people.update_measurements(10_000, None);
    let refused = edge.provider_sends(101, 20, &accept(1)).await;
    assert_eq!(
        (refused.verdict, refused.code),
        (Verdict::NotTaken, Some(Code::NewcomersWait))
    );
    assert!(
        refused
            .message
            .is_some_and(|text| text.en.contains("Nothing was stored"))
    );
    assert_eq!(people.waiting_count(), Some(1));
    people.update_measurements(9_999, None);
    assert_eq!(
        edge.provider_sends(101, 20, &accept(1)).await.verdict,
        Verdict::Provisional
    );
    assert_eq!(people.waiting_count(), None);
}

#[tokio::test]
async fn who_has_used_up_his_share_hears_which_and_until_when() {
    let edge = Edge::with(Config {
        acceptances_a_day_max: 1,
        ..Config::default()
    })
    .await;
    let first = edge.provider_sends(101, 20, &accept(1)).await;
    let again = edge.provider_sends(102, 20, &accept(1)).await;
    assert_eq!(
        [first.verdict, again.verdict],
        [Verdict::Provisional; 2],
        "his own job"
    );
    let frame = edge.frame(103, Role::Provider, 20, &accept(2));
    let refused = edge.send(&frame).await;
    assert_eq!(
        (refused.verdict, refused.code),
        (Verdict::NotTaken, Some(Code::TooManyAcceptances))
    );
    let limit = refused.limit.unwrap();
    assert_eq!(
        (limit.most, limit.frees_at),
        (1, Some(edge.people.clock.now().plus_ms(86_400_000)))
    );
    let another = edge.provider_sends(104, 21, &accept(2)).await;
    assert_eq!(
        another.verdict,
        Verdict::Provisional,
        "the job is open to others"
    );
}

#[tokio::test]
async fn what_cannot_be_trusted_or_does_not_fit_is_not_taken() {
    let edge = Edge::new().await;
    let publish = CommandBody::PublishOrder {
        order_id: OrderId(id(9)),
        order: wire::Draft {
            title: String::new(),
            ..draft()
        },
    };
    let stranger = People::new();
    let foreign = stranger.token(Role::Provider, 20);
    let before = edge.store.load_position().await.unwrap();
    for (frame, code) in [
        (frame(101, &foreign, &accept(1)), Code::InvalidToken),
        (frame(101, "no token", &accept(1)), Code::InvalidToken),
        (
            edge.frame(101, Role::Customer, 10, &accept(1)),
            Code::ProvidersOnly,
        ),
        (
            edge.frame(101, Role::Customer, 10, &publish),
            Code::InvalidInput,
        ),
        (
            edge.frame(101, Role::Provider, 20, &accept(9)),
            Code::OrderNotFound,
        ),
        (b"{}".to_vec(), Code::MalformedBody),
    ] {
        let reply = edge.send(&frame).await;
        assert_eq!((reply.verdict, reply.code), (Verdict::NotTaken, Some(code)));
        assert!(reply.message.is_some_and(|text| !text.zh.is_empty()));
        let named: Vec<_> = reply
            .errors
            .iter()
            .map(|error| error.field.as_str())
            .collect();
        let wrong: &[&str] = match code {
            Code::InvalidInput => &["title"],
            Code::MalformedBody => &["v"],
            _ => &[],
        };
        assert_eq!(named, wrong, "{code}");
        assert!(reply.errors.iter().all(|error| !error.why.zh.is_empty()));
    }
    assert_eq!(edge.store.load_position().await.unwrap(), before);
}

#[tokio::test]
async fn once_decided_the_outcome_is_the_answer() {
    let edge = Edge::new().await;
    let frame = edge.frame(101, Role::Provider, 20, &accept(1));
    let receipt = edge.send(&frame).await.receipt.unwrap();
    let winner = Order {
        status: OrderStatus::Pending.next_status(Action::Accept).unwrap(),
        provider_id: Some(UserId(id(21))),
        ..order(1, 2)
    };
    let outcome = Outcome::new_rejected(
        Code::OrderAlreadyAccepted,
        Some(winner),
        edge.people.clock.now(),
    );
    let number = NumberedOutcome {
        number: 1,
        seq: receipt.seq,
        command_id: None,
        outcome,
    };
    let settled = edge
        .store
        .store_outcomes(1, vec![number], edge.people.clock.now())
        .await
        .unwrap();
    let told = edge.intake.build_decision_reply(&settled[0]);
    let asked = edge.send(&frame).await;
    for reply in [told, asked] {
        assert_eq!(
            (reply.hop, reply.code),
            (Hop::Decided, Some(Code::OrderAlreadyAccepted))
        );
        let order = reply.order.unwrap();
        assert_eq!((order.version, order.address.as_str()), (2, ""));
        assert_eq!(reply.receipt.as_ref(), Some(&receipt));
        assert!(!reply.outcome.unwrap().has_succeeded());
    }
}

#[tokio::test]
async fn commands_of_one_tablet_keep_their_order() {
    let edge = Edge::new().await;
    let order_id = OrderId(id(1));
    let paid = Order {
        payment_status: PaymentStatus::Held,
        version: 2,
        ..order(1, 1)
    };
    let now = edge.people.clock.now();
    edge.store
        .apply_changes(3, vec![FeedChange::Order(paid)], now)
        .await
        .unwrap();
    let bodies = [
        accept(1),
        CommandBody::StartOrder {
            order_id,
            start_code: None,
            photos: Vec::new(),
        },
        CommandBody::CompleteOrder {
            order_id,
            note: None,
            evidence: None,
        },
    ];
    let frames: Vec<_> = (201..)
        .zip(&bodies)
        .map(|(n, body)| edge.frame(n, Role::Provider, 20, body))
        .collect();
    let replies = futures::future::join_all(frames.iter().map(|frame| edge.send(frame))).await;
    assert!(
        replies.iter().all(|reply| reply.code.is_none()),
        "{replies:?}"
    );
    let last = replies.last().unwrap().order.as_ref().unwrap();
    assert_eq!(last.status, OrderStatus::Completed);
}
