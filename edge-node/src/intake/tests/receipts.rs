//! Receipts: their signature, and the rights they give.

use super::*;

#[tokio::test]
async fn a_receipt_opens_no_door_to_another_body() {
    let edge = Edge::new().await;
    let token = edge.people.token(Role::Provider, 20);
    let receipt = edge
        .send(&frame(101, &token, &accept(1)))
        .await
        .receipt
        .unwrap();
    // The edge after a restore from before the command, with the same key.
    let data = tempfile::tempdir().unwrap();
    let now = edge.people.clock.now();
    let nonce = BootNonce([2; 16]);
    let (store, _) = Store::open(data.path(), identity(), nonce, now)
        .await
        .unwrap();
    let orders = vec![
        FeedChange::Order(order(1, 1)),
        FeedChange::Order(order(2, 1)),
    ];
    store.apply_changes(2, orders, now).await.unwrap();
    let restored = CommandIntake::new(
        context(&edge.people, &store, &edge.signer),
        edge.link.subscribe(),
    );
    let brought = async |body: &CommandBody, receipt: &Receipt| {
        let mut whole: Value = serde_json::from_slice(&frame(101, &token, body)).unwrap();
        whole["receipt"] = serde_json::to_value(receipt).unwrap();
        restored
            .answer_command(whole.to_string().as_bytes(), None)
            .await
            .unwrap()
            .reply
    };
    let other = brought(&accept(2), &receipt).await;
    assert_eq!(
        (other.verdict, other.code),
        (Verdict::NotTaken, Some(Code::CommandIdReused))
    );
    let stripped = Receipt {
        body: None,
        ..receipt.clone()
    };
    let plain = brought(&accept(2), &stripped).await;
    assert_ne!(
        plain.code,
        Some(Code::CommandIdReused),
        "without its hash it is no receipt of ours"
    );
    assert_eq!(
        plain.verdict,
        Verdict::Provisional,
        "and the command is a new one"
    );
}

#[tokio::test]
async fn an_accept_is_stored_with_a_signed_receipt() {
    let edge = Edge::new().await;
    let reply = edge.provider_sends(101, 20, &accept(1)).await;
    assert_eq!(
        (reply.hop, reply.verdict, reply.code),
        (Hop::Stored, Verdict::Provisional, None)
    );
    let order = reply.order.unwrap();
    assert_eq!(
        (order.status, order.provider_id),
        (OrderStatus::Accepted, Some(UserId(id(20))))
    );
    assert_eq!(order.address, "", "the cloud has yet to decide");
    assert_eq!(order.customer_id, wire::HIDDEN_CUSTOMER);

    let receipt = reply.receipt.unwrap();
    let sig = URL_SAFE_NO_PAD.decode(&receipt.sig).unwrap();
    assert!(verify_bytes(
        &edge.signer.public_key(),
        &receipt.signed_bytes(),
        &sig
    ));
    let head = edge.store.load_position().await.unwrap().head;
    assert_eq!(
        (receipt.seq, receipt.hash, receipt.epoch),
        (head.seq, head.hash, 1)
    );
}

/// The receipt proves that the edge took the command, so the cloud decides; the new answer is not
/// firm.
#[tokio::test]
async fn a_command_that_comes_back_with_its_receipt_is_taken_from_somebody_who_is_not_verified() {
    let before = Edge::verified_only().await;
    let known = frame(101, &before.marked((4, true)), &accept(1));
    let receipt = before.send(&known).await.receipt.unwrap();
    let lost = Edge::new().await;
    lost.store
        .apply_changes(3, vec![grant()], lost.people.clock.now())
        .await
        .unwrap();
    let context = context(&before.people, &lost.store, &before.signer);
    context.authenticator.confirm_revocations();
    let user = before.people.user(7);
    context.authenticator.merge_marks(&[ProviderVerification {
        user,
        version: 5,
        verified: false,
    }]);
    let config = Arc::new(Config {
        verified_providers_only: true,
        ..Config::default()
    });
    let intake = CommandIntake::new(EdgeContext { config, ..context }, lost.link.subscribe());
    let mut again: Value = serde_json::from_slice(&known).unwrap();
    again["receipt"] = json!(receipt);
    let reply = intake
        .answer_command(again.to_string().as_bytes(), None)
        .await
        .unwrap()
        .reply;
    assert_eq!((reply.verdict, reply.code), (Verdict::Provisional, None));
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
    assert_eq!(
        (reply.verdict, reply.code),
        (Verdict::NotTaken, Some(Code::TokenExpired))
    );
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

    // The restored edge has a new file, but the same key and people.
    let restored = Edge::new().await;
    let context = context(&before.people, &restored.store, &before.signer);
    let intake = CommandIntake::new(context, restored.link.subscribe());
    let without = intake.answer_command(&bytes, None).await.unwrap().reply;
    assert_eq!(without.code, Some(Code::TokenExpired));
    let mut again: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    again["receipt"] = json!(receipt);
    let reply = intake
        .answer_command(again.to_string().as_bytes(), None)
        .await
        .unwrap()
        .reply;
    assert_eq!(reply.verdict, Verdict::Provisional, "{reply:?}");

    let op = restored.last_command().await;
    assert_eq!(
        op.cut_off, None,
        "the receipt does not say how the link was"
    );
    let first = op.relogged.unwrap();
    let at = ChainHead {
        seq: receipt.seq,
        hash: receipt.hash,
    };
    assert_eq!(
        (first.edge, first.epoch, first.at),
        (receipt.edge, receipt.epoch, at)
    );
    assert_eq!(
        (first.verdict, first.fence),
        (receipt.verdict, receipt.fence)
    );
}

/// A revoked person gets the cloud's decision on their work. A stranger with the former key cannot
/// use it to revive an old token or make an edge suspect.
#[tokio::test]
async fn a_receipt_by_a_former_key_brings_a_revoked_person_an_answer_and_nothing_else() {
    let before = Edge::new().await;
    let bytes = before.frame(101, Role::Provider, 20, &accept(9));
    let known = before.frame(102, Role::Provider, 20, &accept(1));
    let receipt = before.send(&known).await.receipt.unwrap();
    let former = FormerKeys::open(before._data.path()).unwrap();
    former
        .replace_keys(vec![[7; 32], before.signer.public_key()])
        .unwrap();
    let former = FormerKeys::open(before._data.path()).unwrap();

    let rekeyed = Edge::new().await;
    let context = context(&before.people, &rekeyed.store, &rekeyed.signer);
    let authenticator = context.authenticator.clone();
    let link = rekeyed.link.subscribe();
    let intake = CommandIntake::new(
        EdgeContext {
            former_keys: former,
            ..context
        },
        link,
    );
    let again = async |bytes: &[u8], receipt: &Receipt| {
        let mut frame: serde_json::Value = serde_json::from_slice(bytes).unwrap();
        (frame["receipt"], frame["seen"]) = (json!(receipt), json!(receipt));
        intake
            .answer_command(frame.to_string().as_bytes(), None)
            .await
            .unwrap()
            .reply
    };
    assert_eq!(
        again(&bytes, &receipt).await.code,
        Some(Code::OrderNotFound),
        "another command's"
    );
    before.people.clock.advance(2 * 3_600_000);
    let late = again(&known, &receipt).await;
    assert_eq!(late.code, Some(Code::TokenExpired), "{late:?}");
    assert!(!rekeyed.store.load_position().await.unwrap().suspect);

    let bytes = before.frame(102, Role::Provider, 20, &accept(1));
    authenticator.merge_revocations(
        &[],
        &[RevocationStatus::from_revocation(
            UserId(id(20)),
            UnixMillis(0),
        )],
    );
    let forged = Receipt {
        sig: "A".repeat(86),
        ..receipt.clone()
    };
    assert_eq!(again(&bytes, &forged).await.code, Some(Code::Revoked));
    let told = again(&bytes, &receipt).await;
    assert_eq!(
        (told.verdict, told.code),
        (Verdict::Provisional, None),
        "{told:?}"
    );
    let all = OpRange {
        from: 1,
        ops_max: 9,
        bytes_max: 1 << 20,
        first_whatever_size: true,
    };
    let logged = rekeyed.store.load_ops(all).await.unwrap().ops;
    let Ok(Op::Command(op)) = Op::from_bytes(logged.last().unwrap()) else {
        panic!("{logged:?}")
    };
    assert_eq!(op.relogged, None, "the receipt vouches for nothing");
}

/// Ids are per person, so a stranger can have a receipt under the id of another person's command.
#[tokio::test]
async fn a_receipt_of_ones_own_opens_no_door_to_another_persons_old_token() {
    let edge = Edge::new().await;
    let old = edge.frame(101, Role::Provider, 20, &accept(1));
    edge.people.clock.advance(2 * 3_600_000);
    let own = edge
        .provider_sends(101, 21, &accept(2))
        .await
        .receipt
        .unwrap();
    let mut forged: serde_json::Value = serde_json::from_slice(&old).unwrap();
    forged["receipt"] = json!(own);
    let reply = edge.send(forged.to_string().as_bytes()).await;
    assert_eq!(reply.code, Some(Code::TokenExpired), "{reply:?}");
    forged["receipt"]["user_id"] = json!(id(20));
    let reply = edge.send(forged.to_string().as_bytes()).await;
    assert_eq!(reply.code, Some(Code::TokenExpired), "{reply:?}");
}
