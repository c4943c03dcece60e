//! Firm answers and their conditions.

use super::*;

/// One feed change about one person.
#[derive(Debug, Clone, Default)]
struct RevokedWords {
    session: Option<SessionId>,
    person: Option<RevocationStatus>,
    verification: Option<ProviderVerification>,
}

impl RevokedWords {
    fn from_session(session: SessionId) -> Self {
        Self {
            session: Some(session),
            ..Self::default()
        }
    }

    fn from_person(word: RevocationStatus) -> Self {
        Self {
            person: Some(word),
            ..Self::default()
        }
    }

    fn from_mark(user: UserId, version: u64, verified: bool) -> Self {
        let word = ProviderVerification {
            user,
            version,
            verified,
        };
        Self {
            verification: Some(word),
            ..Self::default()
        }
    }

    fn into_change(self) -> FeedChange {
        FeedChange::Revoked {
            version: 4,
            sessions: self.session.into_iter().collect(),
            users: Vec::new(),
            person: self.person,
            verification: self.verification,
        }
    }
}

/// The verdict on an accept in this session, by a person who was let in before the file got these
/// words.
async fn verdict_after_words(edge: Edge, words: RevokedWords, session: SessionId) -> Verdict {
    let now = edge.people.clock.now();
    edge.store
        .apply_changes(4, vec![grant(), words.into_change()], now)
        .await
        .unwrap();
    let token = edge.people.token_of(|claims| Claims {
        jti: session,
        verified: true,
        mark_version: 4,
        ..claims
    });
    edge.send(&frame(101, &token, &accept(1))).await.verdict
}

/// The op names the file's revocations and is judged by them. The authenticator gets them slightly
/// later.
#[tokio::test]
async fn who_was_let_in_by_older_revocations_than_the_file_has_is_promised_what_those_allow() {
    use RevocationStatus as Status;
    use RevokedWords as Words;
    let me = UserId(id(7));
    let other = UserId(id(8));
    let session = SessionId(id(70));
    let now = People::new().clock.now();
    let later = now.plus_ms(1);
    for (words, verdict) in [
        (Words::default(), Verdict::Firm),
        (Words::from_session(SessionId(id(71))), Verdict::Firm),
        (Words::from_session(session), Verdict::Provisional),
        (
            Words::from_person(Status::from_revocation(other, now)),
            Verdict::Firm,
        ),
        (
            Words::from_person(Status::from_revocation(me, now)),
            Verdict::Provisional,
        ),
        (
            Words::from_person(Status::from_readmission(me, now)),
            Verdict::Firm,
        ),
        (
            Words::from_person(Status::from_readmission(me, later)),
            Verdict::Provisional,
        ),
        (Words::from_mark(me, 5, true), Verdict::Firm),
        (Words::from_mark(me, 3, false), Verdict::Firm),
        (Words::from_mark(me, 5, false), Verdict::Provisional),
        (Words::from_mark(other, 5, false), Verdict::Firm),
    ] {
        let edge = Edge::verified_only().await;
        assert_eq!(
            verdict_after_words(edge, words.clone(), session).await,
            verdict,
            "{words:?}"
        );
        let unmarked = if words.verification.is_some() {
            Verdict::Firm
        } else {
            verdict
        };
        let anybody = Config {
            verified_providers_only: false,
            ..Config::default()
        };
        let edge = Edge::with(anybody).await;
        assert_eq!(
            verdict_after_words(edge, words.clone(), session).await,
            unmarked,
            "also unverified: {words:?}"
        );
    }
}

#[tokio::test]
async fn the_holders_accept_is_firm_and_its_receipt_names_the_fence() {
    let edge = Edge::new().await;
    let now = edge.people.clock.now();
    edge.store
        .apply_changes(3, vec![grant()], now)
        .await
        .unwrap();
    let reply = edge.provider_sends(101, 20, &accept(1)).await;
    let receipt = reply.receipt.unwrap();
    assert_eq!((reply.verdict, reply.code), (Verdict::Firm, None));
    assert_eq!((receipt.verdict, receipt.fence), (Verdict::Firm, Some(6)));
    assert_eq!(
        reply.order.unwrap().address,
        "1 Lake Road",
        "he may set out"
    );
    let start = CommandBody::StartOrder {
        order_id: OrderId(id(1)),
        start_code: None,
        photos: Vec::new(),
    };
    assert_eq!(
        edge.provider_sends(102, 20, &start).await.verdict,
        Verdict::Provisional
    );
}

#[tokio::test]
async fn only_who_is_verified_by_token_or_feed_may_accept_and_the_newest_word_counts() {
    let edge = Edge::verified_only().await;
    let now = edge.people.clock.now();
    edge.store
        .apply_changes(3, vec![grant()], now)
        .await
        .unwrap();
    let authenticator = edge.intake.context.authenticator.clone();
    let user = edge.people.user(7);
    let feed = |version, verified| {
        authenticator.merge_marks(&[ProviderVerification {
            user,
            version,
            verified,
        }])
    };
    let send = async |command, told: (u64, bool), body: &CommandBody| {
        let reply = edge.send(&frame(command, &edge.marked(told), body)).await;
        (reply.verdict, reply.code)
    };
    let refused = (Verdict::NotTaken, Some(Code::NotVerified));
    assert_eq!(send(101, (0, false), &accept(1)).await, refused);
    // A refused command is not stored, so it is taken later with a verified token.
    assert_eq!(
        send(101, (4, true), &accept(1)).await,
        (Verdict::Firm, None)
    );
    feed(5, false);
    assert_eq!(
        send(102, (4, true), &accept(2)).await,
        refused,
        "the feed knows better"
    );
    assert_eq!(
        send(101, (4, true), &accept(1)).await,
        (Verdict::Firm, None),
        "what was said stands"
    );
    let start = CommandBody::StartOrder {
        order_id: OrderId(id(1)),
        start_code: None,
        photos: Vec::new(),
    };
    assert_ne!(
        send(103, (4, true), &start).await.0,
        Verdict::NotTaken,
        "his job stays his"
    );
    assert_eq!(
        send(104, (6, true), &accept(2)).await,
        (Verdict::Firm, None),
        "the token does"
    );
    feed(7, true);
    let withdraw = CommandBody::WithdrawAcceptance {
        order_id: OrderId(id(2)),
        reason: None,
    };
    send(105, (4, false), &withdraw).await;
    assert_eq!(
        send(106, (4, false), &accept(2)).await.0,
        Verdict::Provisional,
        "the feed again"
    );
}

#[tokio::test]
async fn nothing_is_firm_on_revocations_older_than_allowed() {
    let edge = Edge::new().await;
    edge.store
        .apply_changes(3, vec![grant()], edge.people.clock.now())
        .await
        .unwrap();
    edge.people.clock.advance(72 * 3_600_000);
    assert_eq!(
        edge.provider_sends(101, 20, &accept(1)).await.verdict,
        Verdict::Firm
    );
    edge.people.clock.advance(1);
    assert_eq!(
        edge.provider_sends(102, 20, &accept(2)).await.verdict,
        Verdict::Provisional
    );
    // Earlier promises stand, and the feed's confirmation makes the next answer firm again.
    assert_eq!(
        edge.provider_sends(101, 20, &accept(1)).await.verdict,
        Verdict::Firm
    );
    edge.intake.context.authenticator.confirm_revocations();
    let order = vec![FeedChange::Order(order(3, 1))];
    edge.store
        .apply_changes(4, order, edge.people.clock.now())
        .await
        .unwrap();
    assert_eq!(
        edge.provider_sends(103, 20, &accept(3)).await.verdict,
        Verdict::Firm
    );
}

#[tokio::test]
async fn a_tablet_is_told_in_words_that_another_edge_holds_the_region() {
    let edge = Edge::new().await;
    let FeedChange::Assignment(mut grant) = grant() else {
        panic!("a grant")
    };
    grant.holder = Some(wire::EdgeId::new("north-2").unwrap());
    let now = edge.people.clock.now();
    edge.store
        .apply_changes(3, vec![FeedChange::Assignment(grant)], now)
        .await
        .unwrap();
    let reply = edge.provider_sends(101, 20, &accept(1)).await;
    let code = Code::RegionHeldElsewhere;
    assert_eq!(
        (reply.verdict, reply.code),
        (Verdict::Provisional, Some(code))
    );
    assert_eq!(reply.message, Some(code.to_text()));
    let again = edge.provider_sends(101, 20, &accept(1)).await;
    assert_eq!(
        again.message,
        Some(code.to_text()),
        "a repeat hears the same"
    );
    let start = CommandBody::StartOrder {
        order_id: OrderId(id(1)),
        start_code: None,
        photos: Vec::new(),
    };
    let started = edge.provider_sends(102, 20, &start).await;
    assert_ne!(started.code, Some(code), "only accepts wait for it");
}
