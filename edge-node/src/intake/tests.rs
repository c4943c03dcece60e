//! The whole intake on a real file: what a tablet hears for what it sends.

use std::path::Path;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use engine::edge::OpRange;
use process::tokens::{Claims, Signer, verify_bytes};
use serde_json::{Value, json};
use tempfile::TempDir;
use wire::{
    Action, BootNonce, Chain, Change, CommandBody, Hop, NumberedOutcome, Op, Order, OrderId,
    OrderStatus, Outcome, PaymentStatus, PersonStanding, ProviderMark, RegionAssignment, Role,
    Sentence, UnixMillis, UserId, Verdict,
};

use super::*;
use crate::board::Boards;
use crate::config::Config;
use crate::disk::LogDisk;
use crate::former_keys::FormerKeys;
use crate::people::KnownPeople;
use crate::store::{
    Store,
    tests::{hold, limit_pages},
};
use crate::tests::{People, draft, id, identity, order, sender};

struct Edge {
    intake: Intake,
    store: Store,
    people: People,
    signer: Signer,
    _data: TempDir,
}

impl Edge {
    async fn new() -> Self {
        Self::with(Config { commands_at_once: 200, ..Config::default() }).await
    }

    async fn verified_only() -> Self {
        Self::with(Config { verified_providers_only: true, ..Config::default() }).await
    }

    /// A token of provider 7 that tells this of his verification.
    fn marked(&self, (mark_version, verified): (u64, bool)) -> String {
        self.people.token_of(|claims| Claims { verified, mark_version, ..claims })
    }

    async fn with(config: Config) -> Self {
        let people = People::new();
        let data = tempfile::tempdir().unwrap();
        let now = people.clock.now();
        let nonce = BootNonce([1; 16]);
        let (store, _) = Store::open(data.path(), identity(), nonce, now).await.unwrap();
        let orders = vec![Change::Order(order(1, 1)), Change::Order(order(2, 1))];
        store.apply(2, orders, now).await.unwrap();
        let signer = Signer::load_or_create(Path::join(data.path(), "edge.key")).unwrap();
        let ground = EdgeGround { config: Arc::new(config), ..ground(&people, &store, &signer) };
        ground.gate.confirm_revocations();
        let intake = Intake::new(ground);
        Self { intake, store, people, signer, _data: data }
    }

    fn frame(&self, command: u128, role: Role, user: u128, body: &CommandBody) -> Vec<u8> {
        frame(command, &self.people.token(role, user), body)
    }

    async fn send(&self, frame: &[u8]) -> Reply {
        self.intake.take(frame, None).await.unwrap().reply
    }

    async fn provider_sends(&self, command: u128, user: u128, body: &CommandBody) -> Reply {
        self.send(&self.frame(command, Role::Provider, user, body)).await
    }
}

/// An edge on this file that lets these people in, and takes 200 commands of one at once.
fn ground(people: &People, store: &Store, signer: &Signer) -> EdgeGround {
    let config = Config { commands_at_once: 200, ..Config::default() };
    EdgeGround {
        people: KnownPeople::new(&config, store, &people.clock),
        config: Arc::new(config),
        identity: identity(),
        nonce: BootNonce([1; 16]),
        clock: people.clock.clone(),
        signer: signer.clone(),
        former_keys: FormerKeys::open(Path::new("no folder")).unwrap(),
        store: store.clone(),
        gate: people.gate(),
        disk: LogDisk::new(Path::new("."), &people.clock),
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
    CommandBody::AcceptOrder { order_id: OrderId(id(n)) }
}

#[tokio::test]
async fn who_asks_again_is_answered_also_while_the_disk_is_full() {
    let edge = Edge::new().await;
    let first = edge.provider_sends(101, 20, &accept(1)).await;
    limit_pages(&edge.store, 0).await;
    let again = edge.frame(101, Role::Provider, 20, &accept(1));
    let others = 200..400;
    let others: Vec<_> = others.map(|n| edge.frame(n, Role::Provider, 21, &accept(2))).collect();
    // In one group, which has no room for the others and fails as a whole.
    let release = hold(&edge.store).await;
    let all = futures::future::join_all(others.iter().map(|frame| edge.send(frame)));
    let (again, others, ()) = tokio::join!(edge.send(&again), all, async { drop(release) });
    assert!(others.iter().any(|reply| reply.code == Some(Code::StorageFull)));
    assert_eq!((again.hop, again.verdict), (Hop::Stored, Verdict::Provisional));
    assert_eq!(again.receipt, first.receipt);
}

#[tokio::test]
async fn who_sends_more_than_a_person_can_is_told_so_and_heard_again_of_what_is_stored() {
    let edge = Edge::new().await;
    let frames: Vec<_> =
        (0..300).map(|n| edge.frame(1_000 + n, Role::Provider, 20, &accept(1))).collect();
    let replies = futures::future::join_all(frames.iter().map(|frame| edge.send(frame))).await;
    let taken = replies.iter().filter(|reply| reply.verdict != Verdict::NotTaken).count();
    assert_eq!(taken, 200);
    assert_eq!(replies[250].code, Some(Code::TooManyRequests));
    assert_eq!(edge.send(&frames[7]).await.receipt, replies[7].receipt);
    let another = edge.provider_sends(9_000, 21, &accept(2)).await;
    assert_eq!(another.verdict, Verdict::Provisional);
    edge.people.clock.advance(1_000);
    assert_eq!(edge.send(&frames[250]).await.verdict, Verdict::Provisional);
}

#[tokio::test]
async fn a_receipt_opens_no_door_to_another_body() {
    let edge = Edge::new().await;
    let token = edge.people.token(Role::Provider, 20);
    let receipt = edge.send(&frame(101, &token, &accept(1))).await.receipt.unwrap();
    // An edge that was restored from before the command, with the same key.
    let data = tempfile::tempdir().unwrap();
    let (now, nonce) = (edge.people.clock.now(), BootNonce([2; 16]));
    let (store, _) = Store::open(data.path(), identity(), nonce, now).await.unwrap();
    let orders = vec![Change::Order(order(1, 1)), Change::Order(order(2, 1))];
    store.apply(2, orders, now).await.unwrap();
    let restored = Intake::new(ground(&edge.people, &store, &edge.signer));
    let brought = async |body: &CommandBody, receipt: &Receipt| {
        let mut whole: Value = serde_json::from_slice(&frame(101, &token, body)).unwrap();
        whole["receipt"] = serde_json::to_value(receipt).unwrap();
        restored.take(whole.to_string().as_bytes(), None).await.unwrap().reply
    };
    let other = brought(&accept(2), &receipt).await;
    assert_eq!((other.verdict, other.code), (Verdict::NotTaken, Some(Code::CommandIdReused)));
    let stripped = Receipt { body: None, ..receipt.clone() };
    let plain = brought(&accept(2), &stripped).await;
    assert_ne!(
        plain.code,
        Some(Code::CommandIdReused),
        "without its hash it is no receipt of ours"
    );
    assert_eq!(plain.verdict, Verdict::Provisional, "and the command is a new one");
}

#[tokio::test]
async fn an_accept_is_stored_with_a_signed_receipt() {
    let edge = Edge::new().await;
    let reply = edge.provider_sends(101, 20, &accept(1)).await;
    assert_eq!((reply.hop, reply.verdict, reply.code), (Hop::Stored, Verdict::Provisional, None));
    let order = reply.order.unwrap();
    assert_eq!((order.status, order.provider_id), (OrderStatus::Accepted, Some(UserId(id(20)))));
    assert_eq!(order.address, "", "the cloud has yet to decide");
    assert_eq!(order.customer_id, wire::HIDDEN_CUSTOMER);

    let receipt = reply.receipt.unwrap();
    let sig = URL_SAFE_NO_PAD.decode(&receipt.sig).unwrap();
    assert!(verify_bytes(&edge.signer.public_key(), &receipt.signed_bytes(), &sig));
    let head = edge.store.position().await.unwrap().head;
    assert_eq!((receipt.seq, receipt.hash, receipt.epoch), (head.seq, head.hash, 1));
}

fn grant() -> Change {
    let open = [1, 2].map(|n| (OrderId(id(n)), 1));
    Change::Assignment(RegionAssignment {
        policy_version: 1,
        policy: wire::Policy::Exclusive,
        holder: Some(identity().name),
        epoch: 1,
        fence: 6,
        digest: Some(wire::open_digest(open)),
        ..RegionAssignment::default()
    })
}

/// The op will name the revocations of the file, and be judged by them.
#[tokio::test]
async fn who_was_let_in_by_older_revocations_than_the_file_has_is_not_promised_anything() {
    let edge = Edge::new().await;
    let now = edge.people.clock.now();
    let revoked = Change::Revoked {
        version: 4,
        sessions: Vec::new(),
        users: Vec::new(),
        person: None,
        mark: None,
    };
    edge.store.apply(4, vec![grant(), revoked], now).await.unwrap();
    assert_eq!(edge.provider_sends(101, 20, &accept(1)).await.verdict, Verdict::Provisional);
    edge.intake.ground.gate.revoke(&[], &[], 4);
    assert_eq!(edge.provider_sends(102, 20, &accept(2)).await.verdict, Verdict::Firm);
}

#[tokio::test]
async fn the_holders_accept_is_firm_and_its_receipt_names_the_fence() {
    let edge = Edge::new().await;
    let now = edge.people.clock.now();
    edge.store.apply(3, vec![grant()], now).await.unwrap();
    let reply = edge.provider_sends(101, 20, &accept(1)).await;
    let receipt = reply.receipt.unwrap();
    assert_eq!((reply.verdict, reply.code), (Verdict::Firm, None));
    assert_eq!((receipt.verdict, receipt.fence), (Verdict::Firm, Some(6)));
    assert_eq!(reply.order.unwrap().address, "1 Lake Road", "he may set out");
    let start = CommandBody::StartOrder { order_id: OrderId(id(1)) };
    assert_eq!(edge.provider_sends(102, 20, &start).await.verdict, Verdict::Provisional);
}

#[tokio::test]
async fn a_start_on_an_undecided_acceptance_shows_the_address_where_the_region_says_so() {
    for (address_at_start, shown) in [(false, ""), (true, "1 Lake Road")] {
        let edge = Edge::new().await;
        let rules = wire::OfflineRules { address_at_start, ..wire::OfflineRules::default() };
        let ruled = RegionAssignment { policy_version: 1, rules, ..RegionAssignment::default() };
        let now = edge.people.clock.now();
        edge.store.apply(3, vec![Change::Assignment(ruled)], now).await.unwrap();
        let accepted = edge.provider_sends(101, 20, &accept(1)).await;
        assert_eq!(accepted.order.unwrap().address, "");
        let start = CommandBody::StartOrder { order_id: OrderId(id(1)) };
        let started = edge.provider_sends(102, 20, &start).await;
        assert_eq!(started.order.unwrap().address, shown);
        let reader = Actor { user_id: UserId(id(20)), role: Role::Provider };
        let boards = Boards::new(&identity(), &edge.store, &edge.people.clock);
        let board: Value = serde_json::from_slice(&boards.of(reader).await.unwrap().body).unwrap();
        let items = board["items"].as_array().unwrap();
        let mine = items.iter().find(|item| item["provider_id"] == json!(UserId(id(20)))).unwrap();
        assert_eq!(mine["address"], shown);
    }
}

#[tokio::test]
async fn who_has_used_up_his_share_hears_which_and_until_when() {
    let edge = Edge::with(Config { acceptances_a_day_max: 1, ..Config::default() }).await;
    let first = edge.provider_sends(101, 20, &accept(1)).await;
    let again = edge.provider_sends(102, 20, &accept(1)).await;
    assert_eq!([first.verdict, again.verdict], [Verdict::Provisional; 2], "his own job");
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
    assert_eq!(another.verdict, Verdict::Provisional, "the job is open to others");
}

#[tokio::test]
async fn only_who_is_verified_by_token_or_feed_may_accept_and_the_newest_word_counts() {
    let edge = Edge::verified_only().await;
    let now = edge.people.clock.now();
    edge.store.apply(3, vec![grant()], now).await.unwrap();
    let gate = edge.intake.ground.gate.clone();
    let user = edge.people.user(7);
    let feed = |version, verified| gate.mark(&[ProviderMark { user, version, verified }]);
    let send = async |command, told: (u64, bool), body: &CommandBody| {
        let reply = edge.send(&frame(command, &edge.marked(told), body)).await;
        (reply.verdict, reply.code)
    };
    let refused = (Verdict::NotTaken, Some(Code::NotVerified));
    assert_eq!(send(101, (0, false), &accept(1)).await, refused);
    // A refused command is not stored, so the same one is taken once he comes with the mark.
    assert_eq!(send(101, (4, true), &accept(1)).await, (Verdict::Firm, None));
    feed(5, false);
    assert_eq!(send(102, (4, true), &accept(2)).await, refused, "the feed knows better");
    assert_eq!(
        send(101, (4, true), &accept(1)).await,
        (Verdict::Firm, None),
        "what was said stands"
    );
    let start = CommandBody::StartOrder { order_id: OrderId(id(1)) };
    assert_ne!(send(103, (4, true), &start).await.0, Verdict::NotTaken, "his job stays his");
    assert_eq!(send(104, (6, true), &accept(2)).await, (Verdict::Firm, None), "the token does");
    feed(7, true);
    let withdraw = CommandBody::WithdrawAcceptance { order_id: OrderId(id(2)), reason: None };
    send(105, (4, false), &withdraw).await;
    assert_eq!(send(106, (4, false), &accept(2)).await.0, Verdict::Provisional, "the feed again");
}

/// The edge gave its word, so the cloud decides; nothing is promised anew.
#[tokio::test]
async fn a_command_that_comes_back_with_its_receipt_is_taken_from_somebody_who_is_not_verified() {
    let before = Edge::verified_only().await;
    let known = frame(101, &before.marked((4, true)), &accept(1));
    let receipt = before.send(&known).await.receipt.unwrap();
    let lost = Edge::new().await;
    lost.store.apply(3, vec![grant()], lost.people.clock.now()).await.unwrap();
    let ground = ground(&before.people, &lost.store, &before.signer);
    ground.gate.confirm_revocations();
    let user = before.people.user(7);
    ground.gate.mark(&[ProviderMark { user, version: 5, verified: false }]);
    let config = Arc::new(Config { verified_providers_only: true, ..Config::default() });
    let intake = Intake::new(EdgeGround { config, ..ground });
    let mut again: Value = serde_json::from_slice(&known).unwrap();
    again["receipt"] = json!(receipt);
    let reply = intake.take(again.to_string().as_bytes(), None).await.unwrap().reply;
    assert_eq!((reply.verdict, reply.code), (Verdict::Provisional, None));
}

#[tokio::test]
async fn nothing_is_firm_on_revocations_older_than_allowed() {
    let edge = Edge::new().await;
    edge.store.apply(3, vec![grant()], edge.people.clock.now()).await.unwrap();
    edge.people.clock.advance(72 * 3_600_000);
    assert_eq!(edge.provider_sends(101, 20, &accept(1)).await.verdict, Verdict::Firm);
    edge.people.clock.advance(1);
    assert_eq!(edge.provider_sends(102, 20, &accept(2)).await.verdict, Verdict::Provisional);
    // What was promised stands, and the feed's word makes the next answer firm again.
    assert_eq!(edge.provider_sends(101, 20, &accept(1)).await.verdict, Verdict::Firm);
    edge.intake.ground.gate.confirm_revocations();
    let order = vec![Change::Order(order(3, 1))];
    edge.store.apply(4, order, edge.people.clock.now()).await.unwrap();
    assert_eq!(edge.provider_sends(103, 20, &accept(3)).await.verdict, Verdict::Firm);
}

#[tokio::test]
async fn a_tablet_is_told_in_words_that_another_edge_holds_the_region() {
    let edge = Edge::new().await;
    let Change::Assignment(mut grant) = grant() else { panic!("a grant") };
    grant.holder = Some(wire::EdgeId::new("north-2").unwrap());
    let now = edge.people.clock.now();
    edge.store.apply(3, vec![Change::Assignment(grant)], now).await.unwrap();
    let reply = edge.provider_sends(101, 20, &accept(1)).await;
    let code = Code::RegionHeldElsewhere;
    assert_eq!((reply.verdict, reply.code), (Verdict::Provisional, Some(code)));
    assert_eq!(reply.message, Some(code.text()));
    let again = edge.provider_sends(101, 20, &accept(1)).await;
    assert_eq!(again.message, Some(code.text()), "a repeat hears the same");
    let start = CommandBody::StartOrder { order_id: OrderId(id(1)) };
    let started = edge.provider_sends(102, 20, &start).await;
    assert_ne!(started.code, Some(code), "only accepts wait for it");
}

#[tokio::test]
async fn the_same_frame_is_answered_with_the_same_receipt_even_after_its_token_ran_out() {
    let edge = Edge::new().await;
    let frame = edge.frame(101, Role::Provider, 20, &accept(1));
    let first = edge.send(&frame).await;
    edge.people.clock.advance(2 * 3_600_000);
    let second = edge.send(&frame).await;
    assert_eq!(first.receipt, second.receipt);
    assert_eq!(second.verdict, Verdict::Provisional);

    let late = frame_of_other_order(&edge);
    edge.people.clock.advance(2 * 3_600_000);
    let reply = edge.send(&late).await;
    assert_eq!((reply.verdict, reply.code), (Verdict::NotTaken, Some(Code::TokenExpired)));
    assert_eq!(reply.receipt, None);
}

fn frame_of_other_order(edge: &Edge) -> Vec<u8> {
    edge.frame(102, Role::Provider, 20, &accept(2))
}

#[tokio::test]
async fn a_lost_command_is_logged_anew_with_the_receipt_that_it_had() {
    let before = Edge::new().await;
    let bytes = before.frame(101, Role::Provider, 20, &accept(1));
    let receipt = before.send(&bytes).await.receipt.unwrap();
    before.people.clock.advance(2 * 3_600_000);

    // Its file is another one since; key and people are the same.
    let restored = Edge::new().await;
    let intake = Intake::new(ground(&before.people, &restored.store, &before.signer));
    let without = intake.take(&bytes, None).await.unwrap().reply;
    assert_eq!(without.code, Some(Code::TokenExpired));
    let mut again: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    again["receipt"] = json!(receipt);
    let reply = intake.take(again.to_string().as_bytes(), None).await.unwrap().reply;
    assert_eq!(reply.verdict, Verdict::Provisional, "{reply:?}");

    let all = OpRange { from: 1, ops_max: 9, bytes_max: 1 << 20, first_whatever_size: true };
    let logged = restored.store.run(all).await.unwrap().ops;
    let Ok(Op::Command(op)) = Op::from_bytes(logged.last().unwrap()) else { panic!("{logged:?}") };
    let first = op.relogged.unwrap();
    let at = Chain { seq: receipt.seq, hash: receipt.hash };
    assert_eq!((first.edge, first.epoch, first.at), (receipt.edge, receipt.epoch, at));
    assert_eq!((first.verdict, first.fence), (receipt.verdict, receipt.fence));
}

/// The cloud tells a person who is revoked by now what became of the work. A stranger with the former key gets
/// no old token in by it, and makes nobody suspect.
#[tokio::test]
async fn a_receipt_by_a_former_key_brings_a_revoked_person_an_answer_and_nothing_else() {
    let before = Edge::new().await;
    let bytes = before.frame(101, Role::Provider, 20, &accept(9));
    let known = before.frame(102, Role::Provider, 20, &accept(1));
    let receipt = before.send(&known).await.receipt.unwrap();
    let former = FormerKeys::open(before._data.path()).unwrap();
    former.learn(vec![[7; 32], before.signer.public_key()]).unwrap();
    let former = FormerKeys::open(before._data.path()).unwrap();

    let rekeyed = Edge::new().await;
    let ground = ground(&before.people, &rekeyed.store, &rekeyed.signer);
    let gate = ground.gate.clone();
    let intake = Intake::new(EdgeGround { former_keys: former, ..ground });
    let again = async |bytes: &[u8], receipt: &Receipt| {
        let mut frame: serde_json::Value = serde_json::from_slice(bytes).unwrap();
        (frame["receipt"], frame["seen"]) = (json!(receipt), json!(receipt));
        intake.take(frame.to_string().as_bytes(), None).await.unwrap().reply
    };
    assert_eq!(again(&bytes, &receipt).await.code, Some(Code::OrderNotFound), "another command's");
    before.people.clock.advance(2 * 3_600_000);
    let late = again(&known, &receipt).await;
    assert_eq!(late.code, Some(Code::TokenExpired), "{late:?}");
    assert!(!rekeyed.store.position().await.unwrap().suspect);

    let bytes = before.frame(102, Role::Provider, 20, &accept(1));
    gate.revoke(&[], &[PersonStanding::revoked(UserId(id(20)), UnixMillis(0))], 1);
    let forged = Receipt { sig: "A".repeat(86), ..receipt.clone() };
    assert_eq!(again(&bytes, &forged).await.code, Some(Code::Revoked));
    let told = again(&bytes, &receipt).await;
    assert_eq!((told.verdict, told.code), (Verdict::Provisional, None), "{told:?}");
    let all = OpRange { from: 1, ops_max: 9, bytes_max: 1 << 20, first_whatever_size: true };
    let logged = rekeyed.store.run(all).await.unwrap().ops;
    let Ok(Op::Command(op)) = Op::from_bytes(logged.last().unwrap()) else { panic!("{logged:?}") };
    assert_eq!(op.relogged, None, "the receipt vouches for nothing");
}

/// Ids are a person's own, so anybody can have a receipt under the id of another's command.
#[tokio::test]
async fn a_receipt_of_ones_own_opens_no_door_to_another_persons_old_token() {
    let edge = Edge::new().await;
    let old = edge.frame(101, Role::Provider, 20, &accept(1));
    edge.people.clock.advance(2 * 3_600_000);
    let own = edge.provider_sends(101, 21, &accept(2)).await.receipt.unwrap();
    let mut forged: serde_json::Value = serde_json::from_slice(&old).unwrap();
    forged["receipt"] = json!(own);
    let reply = edge.send(forged.to_string().as_bytes()).await;
    assert_eq!(reply.code, Some(Code::TokenExpired), "{reply:?}");
    forged["receipt"]["user_id"] = json!(id(20));
    let reply = edge.send(forged.to_string().as_bytes()).await;
    assert_eq!(reply.code, Some(Code::TokenExpired), "{reply:?}");
}

#[tokio::test]
async fn what_cannot_be_trusted_or_does_not_fit_is_not_taken() {
    let edge = Edge::new().await;
    let publish = CommandBody::PublishOrder {
        order_id: OrderId(id(9)),
        order: wire::Draft { title: String::new(), ..draft() },
    };
    let stranger = People::new();
    let foreign = stranger.token(Role::Provider, 20);
    let before = edge.store.position().await.unwrap();
    for (frame, code) in [
        (frame(101, &foreign, &accept(1)), Code::InvalidToken),
        (frame(101, "no token", &accept(1)), Code::InvalidToken),
        (edge.frame(101, Role::Customer, 10, &accept(1)), Code::ProvidersOnly),
        (edge.frame(101, Role::Customer, 10, &publish), Code::InvalidInput),
        (edge.frame(101, Role::Provider, 20, &accept(9)), Code::OrderNotFound),
        (b"{}".to_vec(), Code::MalformedBody),
    ] {
        let reply = edge.send(&frame).await;
        assert_eq!((reply.verdict, reply.code), (Verdict::NotTaken, Some(code)));
        assert!(reply.message.is_some_and(|text| !text.zh.is_empty()));
        let named: Vec<_> = reply.errors.iter().map(|error| error.field.as_str()).collect();
        let wrong: &[&str] = match code {
            Code::InvalidInput => &["title"],
            Code::MalformedBody => &["v"],
            _ => &[],
        };
        assert_eq!(named, wrong, "{code}");
        assert!(reply.errors.iter().all(|error| !error.why.zh.is_empty()));
    }
    assert_eq!(edge.store.position().await.unwrap(), before);
}

#[tokio::test]
async fn a_second_provider_hears_that_the_order_looks_taken_and_not_by_whom() {
    let edge = Edge::new().await;
    edge.provider_sends(101, 20, &accept(1)).await;
    let reply = edge.provider_sends(102, 21, &accept(1)).await;
    assert_eq!((reply.verdict, reply.code), (Verdict::Provisional, Some(Code::LooksTaken)));
    assert_eq!(reply.order, None);
    let receipt = reply.receipt.expect("and yet it is stored: the cloud decides");

    let taken =
        Order { status: OrderStatus::Accepted, provider_id: Some(UserId(id(20))), ..order(1, 2) };
    let now = edge.people.clock.now();
    let outcome = Outcome::rejected(Code::OrderAlreadyAccepted, Some(taken), now);
    let number = NumberedOutcome { number: 1, seq: receipt.seq, command_id: None, outcome };
    let settled = edge.store.settle(1, vec![number], edge.people.clock.now()).await.unwrap();
    let told = edge.intake.decided(&settled[0]);
    assert_eq!((told.code, told.order), (Some(Code::OrderAlreadyAccepted), None));
}

#[tokio::test]
async fn a_reply_shows_no_order_that_its_reader_may_not_read() {
    let edge = Edge::new().await;
    let unapproved = Order { status: OrderStatus::PendingReview, ..order(3, 1) };
    edge.store.apply(3, vec![Change::Order(unapproved)], edge.people.clock.now()).await.unwrap();
    let order_id = OrderId(id(3));
    let cancel = CommandBody::CancelOrder { order_id, reason: None, fee: None };
    for (command, role, user, body, shown) in [
        (101, Role::Provider, 20, accept(3), false),
        (102, Role::Customer, 11, cancel.clone(), false),
        (103, Role::Customer, 10, cancel, true),
        (104, Role::Admin, 30, CommandBody::ApproveOrder { order_id }, true),
    ] {
        let frame = edge.frame(command, role, user, &body);
        for reply in [edge.send(&frame).await, edge.send(&frame).await] {
            assert_eq!(reply.order.is_some(), shown, "{role:?} {user}");
        }
    }
}

#[tokio::test]
async fn a_customer_sees_her_own_order_in_what_was_decided() {
    let edge = Edge::new().await;
    let (order_id, reason) = (OrderId(id(1)), None);
    let cancel = edge.frame(
        101,
        Role::Customer,
        10,
        &CommandBody::CancelOrder { order_id, reason, fee: None },
    );
    let seq = edge.send(&cancel).await.receipt.unwrap().seq;
    let cancelled = Order { status: OrderStatus::Cancelled, ..order(1, 2) };
    let outcome = Outcome::applied(cancelled, edge.people.clock.now());
    let number = NumberedOutcome { number: 1, seq, command_id: None, outcome };
    let settled = edge.store.settle(1, vec![number], edge.people.clock.now()).await.unwrap();
    let told = edge.intake.decided(&settled[0]);
    assert_eq!(told.order.unwrap().address, "1 Lake Road");
}

#[tokio::test]
async fn whoever_sends_anothers_command_sees_only_what_is_his_to_see() {
    let edge = Edge::new().await;
    let frame = edge.frame(101, Role::Provider, 20, &accept(1));
    for (user, own) in [(20, true), (21, false)] {
        let taken = edge.intake.take(&frame, Some(&sender("t-1", user))).await.unwrap();
        assert!(taken.reply.receipt.is_some());
        assert_eq!(taken.reply.order.is_some(), own);
    }
}

#[tokio::test]
async fn a_published_order_is_on_its_customers_board_at_once() {
    let edge = Edge::new().await;
    let order_id = OrderId(id(9));
    let publish = CommandBody::PublishOrder { order_id, order: draft() };
    let frame = edge.frame(101, Role::Customer, 10, &publish);
    let taken = edge.intake.take(&frame, None).await.unwrap();
    assert_eq!(taken.reply.order.unwrap().status, OrderStatus::PendingReview);
    assert_eq!(taken.changed.unwrap().order.unwrap().id, order_id);
    for (role, user, orders) in [
        (Role::Customer, 10, 3),
        (Role::Customer, 11, 0),
        (Role::Provider, 20, 2),
        (Role::Admin, 30, 3),
    ] {
        let reader = Actor { user_id: UserId(id(user)), role };
        let boards = Boards::new(&identity(), &edge.store, &edge.people.clock);
        let board: Value = serde_json::from_slice(&boards.of(reader).await.unwrap().body).unwrap();
        let shown = board["items"].as_array().unwrap();
        assert_eq!(shown.len(), orders, "{role:?} {user}");
        let own = shown.iter().find(|item| item["id"] == json!(order_id));
        assert!(own.is_none_or(|item| item["pending"] == json!(true)));
    }
}

#[tokio::test]
async fn once_decided_the_outcome_is_the_answer() {
    let edge = Edge::new().await;
    let frame = edge.frame(101, Role::Provider, 20, &accept(1));
    let receipt = edge.send(&frame).await.receipt.unwrap();
    let winner = Order {
        status: OrderStatus::Pending.after(Action::Accept).unwrap(),
        provider_id: Some(UserId(id(21))),
        ..order(1, 2)
    };
    let outcome =
        Outcome::rejected(Code::OrderAlreadyAccepted, Some(winner), edge.people.clock.now());
    let number = NumberedOutcome { number: 1, seq: receipt.seq, command_id: None, outcome };
    let settled = edge.store.settle(1, vec![number], edge.people.clock.now()).await.unwrap();
    let told = edge.intake.decided(&settled[0]);
    let asked = edge.send(&frame).await;
    for reply in [told, asked] {
        assert_eq!((reply.hop, reply.code), (Hop::Decided, Some(Code::OrderAlreadyAccepted)));
        let order = reply.order.unwrap();
        assert_eq!((order.version, order.address.as_str()), (2, ""));
        assert_eq!(reply.receipt.as_ref(), Some(&receipt));
        assert!(!reply.outcome.unwrap().succeeded());
    }
}

/// The cloud refuses a start without held funds, so the provider hears it before he has done the work.
#[tokio::test]
async fn work_without_held_funds_is_not_taken_without_a_word() {
    let order_id = OrderId(id(1));
    let start = CommandBody::StartOrder { order_id };
    let complete = CommandBody::CompleteOrder { order_id, note: None };
    let held = Order { payment_status: PaymentStatus::Held, version: 2, ..order(1, 1) };
    let rules = wire::OfflineRules { unpaid_start: true, ..wire::OfflineRules::default() };
    let ruled = |rules| {
        Change::Assignment(RegionAssignment {
            policy_version: 1,
            rules,
            ..RegionAssignment::default()
        })
    };
    let up_to = |price_max: &str| {
        let price_max = price_max.parse().unwrap();
        let cap = wire::PriceCap { price_max, currency: wire::Currency::Cny };
        wire::OfflineRules { unpaid_start_max: Some(cap), ..wire::OfflineRules::default() }
    };
    let afterwards =
        |kind| wire::OfflineRules { paid_afterwards: vec![kind], ..wire::OfflineRules::default() };
    let unpaid = Some(Code::LooksUnpaid);
    for (news, doubt) in [
        (None, unpaid),
        (Some(Change::Order(held)), None),
        (Some(ruled(rules)), None),
        // The job costs 200.00.
        (Some(ruled(up_to("199.99"))), unpaid),
        (Some(ruled(up_to("200.00"))), None),
        (Some(ruled(afterwards(wire::ServiceType::CleaningRepair))), None),
        (Some(ruled(afterwards(wire::ServiceType::Other))), unpaid),
    ] {
        let edge = Edge::new().await;
        let now = edge.people.clock.now();
        edge.store.apply(3, news.clone().into_iter().collect(), now).await.unwrap();
        assert_eq!(edge.provider_sends(101, 20, &accept(1)).await.code, None);
        for (command, body) in [(102, &start), (103, &complete)] {
            let first = edge.provider_sends(command, 20, body).await;
            let again = edge.provider_sends(command, 20, body).await;
            for reply in [first, again] {
                assert_eq!((reply.verdict, reply.code), (Verdict::Provisional, doubt), "{news:?}");
                assert!(reply.receipt.is_some(), "it is stored all the same");
                let words = reply.message.unwrap();
                assert_eq!(words == Code::LooksUnpaid.text(), doubt.is_some());
            }
        }
    }
}

#[tokio::test]
async fn commands_of_one_tablet_keep_their_order() {
    let edge = Edge::new().await;
    let order_id = OrderId(id(1));
    let paid = Order { payment_status: PaymentStatus::Held, version: 2, ..order(1, 1) };
    let now = edge.people.clock.now();
    edge.store.apply(3, vec![Change::Order(paid)], now).await.unwrap();
    let bodies = [
        accept(1),
        CommandBody::StartOrder { order_id },
        CommandBody::CompleteOrder { order_id, note: None },
    ];
    let frames: Vec<_> =
        (201..).zip(&bodies).map(|(n, body)| edge.frame(n, Role::Provider, 20, body)).collect();
    let replies = futures::future::join_all(frames.iter().map(|frame| edge.send(frame))).await;
    assert!(replies.iter().all(|reply| reply.code.is_none()), "{replies:?}");
    let last = replies.last().unwrap().order.as_ref().unwrap();
    assert_eq!(last.status, OrderStatus::Completed);
}
