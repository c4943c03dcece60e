//! The life of a document: it expires, changes once per event, and stays until its events have
//! left.

use std::time::Duration;

use contract::{
    DocumentsArm, LIMIT, event_of, ids,
    notes::{KEPT_MS, Note, READ, STARS, add_star, id, newest_of, note, notes, starless_note},
    on_every_documents,
};
use mongodb::bson::doc;
use platform::documents::{Documents, DocumentsError, Filter, Update};
use process::clock::Clock;
use support::eventually;
use tokio::{task::JoinSet, time::timeout};
use wire::{EventId, EventType};

use super::ids_of;

on_every_documents! {
    documents_expire,
    an_expired_document_with_events_still_tells_them,
    a_change_for_an_event_is_made_once,
    a_change_that_was_never_noted_is_remembered_once_its_event_comes_again,
    no_insert_is_refused_for_its_event_alone,
    a_document_is_kept_until_its_events_have_left,
    events_of_one_document_are_bounded,
}

async fn documents_expire(arm: DocumentsArm) {
    let notes = notes(&arm.documents).await;
    let old = Clock::system().now().plus_ms(-KEPT_MS - 1_000);
    let now = old.plus_ms(KEPT_MS + 1_000);
    for n in 0..4 {
        notes.insert(id(n), &note(1, n), &[]).await.unwrap();
    }
    // Once for each kind of write.
    let read = Update::default().set(&READ, old);
    notes
        .update(id(0), Filter::match_all(), read, &[])
        .await
        .unwrap();
    notes
        .change_with_retry(id(1), |note| {
            Some((
                Note {
                    read_at: Some(old),
                    ..note
                },
                vec![],
            ))
        })
        .await
        .unwrap();
    notes
        .insert(
            id(9),
            &Note {
                read_at: Some(old),
                ..note(1, 9)
            },
            &[],
        )
        .await
        .unwrap();
    let read = Update::default().set(&READ, now);
    notes
        .update(id(2), Filter::match_all(), read, &[])
        .await
        .unwrap();
    let left = async || {
        notes.purge_expired(now).await.unwrap();
        let left = ids_of(&notes.find_documents(&newest_of(1)).await.unwrap());
        (left == [id(3), id(2)]).then_some(())
    };
    // MongoDB's expiry runs at least once a minute.
    eventually("the old ones are gone", Duration::from_secs(90), left).await;
}

async fn an_expired_document_with_events_still_tells_them(arm: DocumentsArm) {
    let notes = notes(&arm.documents).await;
    let now = Clock::system().now();
    let read = Note {
        read_at: Some(now.plus_ms(-KEPT_MS - 1_000)),
        ..note(1, 1)
    };
    let told = [event_of(EventType::ReviewCreated, 1)];
    notes.insert(id(1), &read, &told).await.unwrap();
    notes
        .insert(id(2), &Note { key: None, ..read }, &[])
        .await
        .unwrap();
    let expired = async |n| {
        notes.purge_expired(now).await.unwrap();
        notes.get(id(n)).await.unwrap().is_none().then_some(())
    };
    eventually(
        "the silent one is gone",
        Duration::from_secs(90),
        async || expired(2).await,
    )
    .await;
    let (tasks, mut deliveries) = arm.relayed().await;
    let delivery = timeout(LIMIT, deliveries.next()).await.expect("its event");
    assert_eq!(delivery.event().id, told[0].id);
    delivery.ack().await.unwrap();
    eventually("it goes as well", Duration::from_secs(90), async || {
        expired(1).await
    })
    .await;
    tasks.shutdown(LIMIT).await;
}

async fn a_change_for_an_event_is_made_once(arm: DocumentsArm) {
    let notes = notes(&arm.documents).await;
    let now = Clock::system().now();
    notes
        .insert(id(1), &starless_note(1, 1), &[])
        .await
        .unwrap();
    let mut racing = JoinSet::new();
    for n in 0..24_u128 {
        let notes = notes.clone();
        racing.spawn(async move {
            notes
                .change_once(id(1), EventId(id(n % 6)), now, add_star)
                .await
                .unwrap()
                .is_some()
        });
    }
    let made = racing
        .join_all()
        .await
        .into_iter()
        .filter(|made| *made)
        .count();
    assert_eq!(made, 6);
    assert_eq!(notes.get(id(1)).await.unwrap().unwrap().body.stars, 6);
    // The same event is new to another document, and a much later repeat is still recognised.
    notes
        .insert(id(2), &starless_note(1, 2), &[])
        .await
        .unwrap();
    assert!(
        notes
            .change_once(id(2), EventId(id(0)), now, add_star)
            .await
            .unwrap()
            .is_some()
    );
    for n in 100..200 {
        notes
            .change_once(id(2), EventId(id(n)), now, add_star)
            .await
            .unwrap();
    }
    assert!(
        notes
            .change_once(id(2), EventId(id(0)), now, add_star)
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(notes.get(id(2)).await.unwrap().unwrap().body.stars, 101);
}

async fn a_change_that_was_never_noted_is_remembered_once_its_event_comes_again(arm: DocumentsArm) {
    let notes = notes(&arm.documents).await;
    let now = Clock::system().now();
    notes
        .insert(id(1), &starless_note(1, 1), &[])
        .await
        .unwrap();
    let change = async |n| {
        let changed = notes
            .change_once(id(1), EventId(id(n)), now, add_star)
            .await
            .unwrap();
        changed.is_some()
    };
    assert!(change(0).await);
    if let Documents::Mongo(_) = &arm.documents {
        // Simulates a crash between the change and its inbox note.
        let inbox = arm
            .mongo()
            .await
            .collection::<mongodb::bson::Document>("_inbox");
        assert_eq!(inbox.delete_many(doc! {}).await.unwrap().deleted_count, 1);
    }
    assert!(!change(0).await);
    for n in 100..200 {
        assert!(change(n).await);
    }
    assert!(!change(0).await);
    assert_eq!(notes.get(id(1)).await.unwrap().unwrap().body.stars, 101);
}

async fn no_insert_is_refused_for_its_event_alone(arm: DocumentsArm) {
    let notes = notes(&arm.documents).await;
    let told = [event_of(EventType::ReviewCreated, 1)];
    assert!(notes.insert(id(1), &note(1, 1), &told).await.unwrap());
    // SQLite recognises another document's event id and fails; no result claims that the document
    // exists.
    let second = notes.insert(id(2), &note(1, 2), &told).await;
    assert!(!matches!(second, Ok(false)));
    assert_eq!(notes.get(id(2)).await.unwrap().is_some(), second.is_ok());
}

async fn a_document_is_kept_until_its_events_have_left(arm: DocumentsArm) {
    let notes = notes(&arm.documents).await;
    let told = [event_of(EventType::ReviewCreated, 1)];
    assert!(notes.insert(id(1), &note(1, 1), &told).await.unwrap());
    let refused = notes.delete(id(1), 1).await.unwrap_err();
    assert!(
        matches!(refused, DocumentsError::EventsWait { .. }),
        "{refused}"
    );
    assert!(refused.is_contention());
    assert!(!notes.delete(id(1), 7).await.unwrap());
    let (tasks, mut deliveries) = arm.relayed().await;
    let delivery = timeout(LIMIT, deliveries.next()).await.unwrap();
    assert_eq!(delivery.event().id, told[0].id);
    delivery.ack().await.unwrap();
    let deleted = async || notes.delete(id(1), 1).await.unwrap_or(false).then_some(());
    eventually("it can be deleted", LIMIT, deleted).await;
    tasks.shutdown(LIMIT).await;
}

async fn events_of_one_document_are_bounded(arm: DocumentsArm) {
    let notes = notes(&arm.documents).await;
    let events: Vec<_> = (0..64)
        .map(|n| event_of(EventType::ReviewCreated, n))
        .collect();
    let one = [event_of(EventType::ReviewCreated, 99)];
    assert!(
        notes
            .insert(id(1), &note(1, 1), &events[..63])
            .await
            .unwrap()
    );
    let full = |error: DocumentsError| matches!(error, DocumentsError::EventsFull { .. });
    let nothing = || Update::default().add(&STARS, 1);
    let two = [events[63].clone(), event_of(EventType::ReviewCreated, 100)];
    let update = notes.update(id(1), Filter::match_all(), nothing(), &two);
    assert!(full(update.await.unwrap_err()));
    assert!(
        notes
            .update(id(1), Filter::match_all(), nothing(), &one)
            .await
            .unwrap()
    );
    let stored = notes.get(id(1)).await.unwrap().unwrap();
    assert!(full(
        notes
            .replace_document(&stored, &two[..1])
            .await
            .unwrap_err()
    ));
    assert_eq!(
        notes.get(id(1)).await.unwrap().unwrap(),
        stored,
        "nothing is written"
    );
    assert!(notes.replace_document(&stored, &[]).await.unwrap());
    // A missing document is not reported as full.
    assert!(
        !notes
            .update(id(2), Filter::match_all(), nothing(), &two[..1])
            .await
            .unwrap()
    );
    let (tasks, mut deliveries) = arm.relayed().await;
    let mut received = Vec::new();
    while received.len() < 64 {
        let delivery = timeout(LIMIT, deliveries.next()).await.unwrap();
        received.push(delivery.event().clone());
        delivery.ack().await.unwrap();
    }
    assert_eq!(ids(&received), ids(&[&events[..63], &one].concat()));
    tasks.shutdown(LIMIT).await;
}
