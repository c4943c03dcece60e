//! Ended sessions, revoked and readmitted people, keys, and providers' marks in the feed.

use engine::cloud::ChunkRequest;
use wire::{Event, FeedChange, ProviderVerification, RevocationStatus, SessionId};

use super::{feed::event, *};

#[rstest]
#[tokio::test]
async fn revocations_and_keys_go_to_every_region_and_into_no_digest(
    #[values(false, true)] mysql: bool,
) {
    let store = database(mysql).await;
    let session = SessionId(Uuid::from_u128(5));
    assert_eq!(
        store
            .feed_revoked(&event(1), RevokedSubject::Session(session), NOW)
            .await
            .unwrap(),
        FeedEffect::Added
    );
    assert_eq!(
        store
            .feed_revoked(&event(1), RevokedSubject::Session(session), NOW)
            .await
            .unwrap(),
        FeedEffect::Known
    );
    assert_eq!(
        store.feed_keys("{\"keys\":[]}", NOW).await.unwrap(),
        FeedEffect::Added
    );
    assert_eq!(
        store.feed_keys("{\"keys\":[]}", NOW).await.unwrap(),
        FeedEffect::Known
    );
    for region in Region::ALL {
        let (to, changes) = store.read_feed(region, 0, 10).await.unwrap();
        let revoked = FeedChange::Revoked {
            version: 1,
            sessions: vec![session],
            users: vec![],
            person: None,
            verification: None,
        };
        let keys = FeedChange::Keys {
            version: 2,
            jwks: "{\"keys\":[]}".into(),
        };
        assert_eq!((to, changes), (2, vec![revoked, keys]));
    }
    assert_eq!(region(&store).await.feed_digest, Hash::ZERO);
}

#[rstest]
#[tokio::test]
async fn an_ended_session_is_forgotten_with_its_token_and_a_revoked_person_never(
    #[values(false, true)] mysql: bool,
) {
    let store = database(mysql).await;
    let session = SessionId(Uuid::from_u128(5));
    let person = UserId(Uuid::from_u128(6));
    store
        .feed_revoked(&event(1), RevokedSubject::Session(session), NOW)
        .await
        .unwrap();
    store
        .feed_revoked(&event(2), RevokedSubject::Person(person), NOW)
        .await
        .unwrap();
    store.feed_keys("{\"keys\":[]}", NOW).await.unwrap();
    let named = [session.0, person.0];
    assert_eq!(
        store
            .read_revocations(Region::North, &named)
            .await
            .unwrap()
            .len(),
        2
    );
    assert_eq!(
        store
            .drop_revocations(Region::North, 3, LATER)
            .await
            .unwrap(),
        1
    );
    let kept = store.read_revocations(Region::North, &named).await.unwrap();
    assert_eq!(kept.keys().collect::<Vec<_>>(), [&person.0]);
    let (_, changes) = store.read_feed(Region::North, 0, 10).await.unwrap();
    let revoked = FeedChange::Revoked {
        version: 2,
        sessions: vec![],
        users: vec![person],
        person: Some(RevocationStatus::from_revocation(person, NOW)),
        verification: None,
    };
    assert_eq!(changes[0], revoked, "an edge that is new hears of it, too");
}

#[rstest]
#[tokio::test]
async fn a_readmission_undoes_the_revocations_before_it_for_newer_tokens(
    #[values(false, true)] mysql: bool,
) {
    let store = database(mysql).await;
    let person = UserId(Uuid::from_u128(6));
    let at = |after_s: i64| NOW.plus_ms(after_s * 1_000);
    let revoke = async |n: u128, after_s: i64| {
        let event = Event {
            at: at(after_s),
            ..event(n)
        };
        store
            .feed_revoked(&event, RevokedSubject::Person(person), NOW)
            .await
            .unwrap()
    };
    let readmit = async |n: u128, after_s: i64| {
        store
            .feed_readmitted(&event(n), person, at(after_s), NOW)
            .await
            .unwrap()
    };
    let version = async |after_s: i64| {
        let known = store
            .read_revocations(Region::North, &[person.0])
            .await
            .unwrap();
        known[&person.0]
            .revocation_of_token(at(after_s))
            .map(|revocation| revocation.version)
    };
    revoke(1, 10).await;
    assert_eq!((version(0).await, version(90).await), (Some(1), Some(1)));
    assert_eq!(readmit(2, 20).await, FeedEffect::Added);
    assert_eq!(readmit(2, 20).await, FeedEffect::Known);
    assert_eq!((version(19).await, version(20).await), (Some(1), None));
    revoke(3, 30).await;
    assert_eq!(
        (version(19).await, version(20).await, version(90).await),
        (Some(1), Some(3), Some(3))
    );
    // The readmission overtook its revocation.
    readmit(4, 50).await;
    revoke(5, 40).await;
    let versions = [19, 20, 49, 50];
    let mut first = Vec::new();
    for issued in versions {
        first.push(version(issued).await);
    }
    assert_eq!(first, [Some(1), Some(3), Some(3), None]);
    let (_, changes) = store.read_feed(Region::South, 0, 10).await.unwrap();
    let readmitted = FeedChange::Revoked {
        version: 2,
        sessions: vec![],
        users: vec![],
        person: Some(RevocationStatus::from_readmission(person, at(20))),
        verification: None,
    };
    assert_eq!((changes.len(), &changes[1]), (5, &readmitted));
}

#[rstest]
#[tokio::test]
async fn a_mark_is_told_once_for_each_turn_and_a_late_word_tells_nothing(
    #[values(false, true)] mysql: bool,
) {
    let store = database(mysql).await;
    let user = UserId(Uuid::from_u128(6));
    let mark = |version, verified| ProviderVerification {
        user,
        version,
        verified,
    };
    let mut effects = Vec::new();
    for (version, verified) in [
        (1, false),
        (3, true),
        (2, false),
        (4, true),
        (3, true),
        (6, false),
        (5, true),
        (6, false),
    ] {
        effects.push(store.feed_mark(mark(version, verified), NOW).await.unwrap());
    }
    let added = FeedEffect::Added;
    let known = FeedEffect::Known;
    assert_eq!(
        effects,
        [known, added, known, known, known, added, known, known]
    );
    for region in Region::ALL {
        let (to, changes) = store.read_feed(region, 0, 10).await.unwrap();
        let change = |version, mark| {
            let sessions = vec![];
            let users = vec![];
            FeedChange::Revoked {
                version,
                sessions,
                users,
                person: None,
                verification: Some(mark),
            }
        };
        assert_eq!(
            (to, changes),
            (2, vec![change(1, mark(3, true)), change(2, mark(6, false))])
        );
    }
    let asked = ChunkRequest {
        feed_seq: 2,
        after: None,
    };
    let mut image = Vec::new();
    let mut next = Some(asked);
    while let Some(wanted) = next {
        let part = store
            .read_snapshot_chunk(Region::South, wanted)
            .await
            .unwrap();
        image.extend(part.changes);
        next = part.next.map(|place| ChunkRequest {
            after: Some(place),
            ..wanted
        });
    }
    let newest = |change: &FeedChange| matches!(change, FeedChange::Revoked { verification: Some(told), .. } if *told == mark(6, false));
    assert!(
        matches!(&image[..], [one] if newest(one)),
        "an image tells the newest word: {image:?}"
    );
    let known = store
        .read_revocations(Region::North, &[user.0])
        .await
        .unwrap();
    assert!(known.is_empty(), "the end of a mark revokes nobody");
    assert_eq!(
        store.compact_feed(Region::North, 2).await.unwrap(),
        1,
        "the newest word stays"
    );
}
