//! The promises of a collection, one body for MongoDB and SQLite.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use contract::{
    DocumentsArm, LIMIT, event_of, ids,
    notes::{
        AT, BY_STARS, BY_WORD, EXPIRING, IS_OPEN, KEPT_MS, KEY, NEWEST, Note, OPEN, READ, STARS,
        USER, WORDS, id, newest_of, note, notes,
    },
    on_every_documents,
};
use mongodb::bson::doc;
use platform::{
    documents::{
        Collection, Document, DocumentBody, Documents, DocumentsError, Field, Filter, Find, Group,
        Index, Shape, Update,
    },
    vals,
};
use support::eventually;
use tokio::{task::JoinSet, time::timeout};
use uuid::Uuid;
use wire::{EventId, EventType, UserId};

on_every_documents! {
    a_store_answers_and_one_that_was_never_migrated_is_refused,
    a_second_document_with_the_same_key_is_refused,
    documents_without_a_key_do_not_exclude_each_other,
    missing_and_null_are_one,
    of_many_that_write_one_version_one_does,
    changes_that_race_are_all_made,
    an_update_is_made_only_where_its_filter_holds,
    pages_join_without_a_gap_or_a_repeat_while_others_write,
    a_list_finds_its_documents_after_every_kind_of_write,
    groups_count_and_sum,
    documents_expire,
    an_expired_document_with_events_still_tells_them,
    a_change_for_an_event_is_made_once,
    a_change_that_was_never_noted_is_remembered_once_its_event_comes_again,
    no_insert_is_refused_for_its_event_alone,
    a_document_is_kept_until_its_events_have_left,
    events_of_one_document_are_bounded,
    a_wrong_body_is_refused_by_the_port_and_by_the_store,
    a_query_that_is_not_declared_is_refused,
    every_query_is_answered_by_its_index_in_its_order,
    a_changed_index_is_built_beside_the_old_one,
    the_store_requires_the_fields_of_today,
}

fn user(n: u128) -> UserId {
    UserId(id(n))
}

fn ids_of(documents: &[Document<Note>]) -> Vec<Uuid> {
    documents.iter().map(|document| document.id).collect()
}

async fn a_store_answers_and_one_that_was_never_migrated_is_refused(arm: DocumentsArm) {
    arm.documents.ping().await.unwrap();
    assert!(arm.documents.check().await.is_err());
    let bare = Collection::<Note>::new(&arm.documents, "notes");
    assert!(matches!(bare.check().await, Err(DocumentsError::Outdated { .. })));
    let notes = notes(&arm.documents).await;
    notes.migrate().await.unwrap();
    notes.check().await.unwrap();
    arm.documents.check().await.unwrap();
}

async fn a_second_document_with_the_same_key_is_refused(arm: DocumentsArm) {
    let notes = notes(&arm.documents).await;
    assert!(notes.insert(id(1), &note(1, 1), &[]).await.unwrap());
    assert!(!notes.insert(id(2), &note(1, 1), &[]).await.unwrap(), "its key");
    assert!(!notes.insert(id(1), &note(1, 2), &[]).await.unwrap(), "its id");
    let many = [(id(3), note(1, 3)), (id(4), note(1, 1)), (id(5), note(1, 3)), (id(1), note(1, 9))];
    assert_eq!(notes.insert_new(&many).await.unwrap(), [true, false, false, false]);
    assert_eq!(notes.insert_new(&[]).await.unwrap(), [false; 0]);
    // Once it is there, taking another's key is a fault and not a lost race.
    let mut other = notes.get(id(3)).await.unwrap().unwrap();
    other.body.key = note(1, 1).key;
    let error = notes.replace(&other, &[]).await.unwrap_err();
    assert!(error.is_unique() && !error.is_unavailable(), "{error}");
    assert!(!error.to_string().contains("1-1"), "{error}");
    let taken = Update::default().set(&KEY, "1-1".to_owned());
    assert!(notes.update(id(3), Filter::everything(), taken, &[]).await.unwrap_err().is_unique());
}

async fn documents_without_a_key_do_not_exclude_each_other(arm: DocumentsArm) {
    let notes = notes(&arm.documents).await;
    for n in 0..3 {
        let bare = Note { key: None, ..note(1, n) };
        assert!(notes.insert(id(n), &bare, &[]).await.unwrap());
    }
    assert_eq!(notes.count(&newest_of(1)).await.unwrap(), 3);
}

async fn missing_and_null_are_one(arm: DocumentsArm) {
    let notes = notes(&arm.documents).await;
    let unread = Find::by(NEWEST, USER.is(user(1)).and(READ.missing()));
    notes.insert(id(1), &Note { text: None, ..note(1, 1) }, &[]).await.unwrap();
    notes.insert(id(2), &Note { read_at: Some(AT), ..note(1, 2) }, &[]).await.unwrap();
    assert_eq!(ids_of(&notes.find(&unread).await.unwrap()), [id(1)]);
    let read = Find::by(NEWEST, USER.is(user(1)).and(READ.at_least(AT)));
    assert_eq!(ids_of(&notes.find(&read).await.unwrap()), [id(2)]);
    // Taken out by a replacement, and by an update.
    let mut second = notes.get(id(2)).await.unwrap().unwrap();
    second.body.read_at = None;
    assert!(notes.replace(&second, &[]).await.unwrap());
    assert_eq!(ids_of(&notes.find(&unread).await.unwrap()), [id(2), id(1)]);
    let silent = Update::default().set_part("text", &None::<String>);
    assert!(notes.update(id(2), Filter::everything(), silent, &[]).await.unwrap());
    assert_eq!(notes.get(id(2)).await.unwrap().unwrap().body.text, None);
    let null_is_stored = match &arm.documents {
        Documents::Mongo(_) => {
            let raw = arm.mongo().await.collection::<mongodb::bson::Document>("notes");
            raw.find_one(doc! {"$or": [{"text": {"$type": 10}}, {"read_at": {"$type": 10}}]})
                .await
                .unwrap()
                .is_some()
        }
        Documents::Sqlite(sql) => {
            let nulls = "SELECT 1 FROM notes WHERE json_type(body, '$.text') = 'null'
                OR json_type(body, '$.read_at') = 'null'";
            sql.one::<(i64,)>(nulls, vals![]).await.unwrap().is_some()
        }
    };
    assert!(!null_is_stored);
}

async fn of_many_that_write_one_version_one_does(arm: DocumentsArm) {
    let notes = notes(&arm.documents).await;
    notes.insert(id(1), &note(1, 1), &[]).await.unwrap();
    let read = notes.get(id(1)).await.unwrap().unwrap();
    let mut racing = JoinSet::new();
    for stars in 10..34 {
        let (notes, mut read) = (notes.clone(), read.clone());
        read.body.stars = stars;
        racing.spawn(async move { notes.replace(&read, &[]).await.unwrap().then_some(stars) });
    }
    let won: Vec<i64> = racing.join_all().await.into_iter().flatten().collect();
    let stored = notes.get(id(1)).await.unwrap().unwrap();
    assert_eq!((won, stored.version), (vec![stored.body.stars], 2));
    assert!(!notes.delete(id(1), 1).await.unwrap());
    assert!(notes.delete(id(1), 2).await.unwrap());
    assert!(!notes.replace(&stored, &[]).await.unwrap());
}

async fn changes_that_race_are_all_made(arm: DocumentsArm) {
    let notes = notes(&arm.documents).await;
    notes.insert(id(1), &Note { stars: 0, ..note(1, 1) }, &[]).await.unwrap();
    let mut racing = JoinSet::new();
    for _ in 0..8 {
        let notes = notes.clone();
        racing.spawn(async move {
            let more = |note: Note| Some((Note { stars: note.stars + 1, ..note }, Vec::new()));
            notes.change(id(1), more).await.unwrap().unwrap()
        });
    }
    racing.join_all().await;
    let stored = notes.get(id(1)).await.unwrap().unwrap();
    assert_eq!((stored.body.stars, stored.version), (8, 9));
    assert!(notes.change(id(1), |_| None).await.unwrap().is_none());
    assert!(notes.change(id(2), |note| Some((note, Vec::new()))).await.unwrap().is_none());
}

async fn an_update_is_made_only_where_its_filter_holds(arm: DocumentsArm) {
    let notes = notes(&arm.documents).await;
    notes.insert(id(1), &note(1, 1), &[]).await.unwrap();
    let close = || {
        let update = Update::default().set(&IS_OPEN, false).add(&STARS, 4);
        update.push(&WORDS, "$new".to_owned()).set_part("text", &"$user_id").set(&READ, AT)
    };
    let open = || USER.is(user(1)).and(IS_OPEN.is(true));
    assert!(!notes.update(id(1), USER.is(user(2)), close(), &[]).await.unwrap());
    assert!(notes.update(id(1), open(), close(), &[]).await.unwrap());
    assert!(!notes.update(id(1), open(), close(), &[]).await.unwrap());
    let expected = Note {
        is_open: false,
        stars: 5,
        words: vec!["w1".into(), "v1".into(), "$new".into()],
        text: Some("$user_id".into()),
        read_at: Some(AT),
        ..note(1, 1)
    };
    let stored = notes.get(id(1)).await.unwrap().unwrap();
    assert_eq!((stored.body, stored.version), (expected, 2));
}

async fn pages_join_without_a_gap_or_a_repeat_while_others_write(arm: DocumentsArm) {
    let notes = notes(&arm.documents).await;
    let bodies: Vec<_> = (0..41).map(|n| (id(n), note(1, n))).collect();
    notes.insert_new(&bodies).await.unwrap();
    for (index, down) in [(NEWEST, true), (OPEN, false)] {
        let (mut seen, mut after, mut late) = (Vec::new(), None, 1_000);
        loop {
            let find = Find::by(index, USER.is(user(1))).after(after).limit(4);
            let page = notes.page(find).await.unwrap();
            assert!(page.documents.len() <= 4);
            seen.extend(ids_of(&page.documents));
            // Written meanwhile, before the place and behind it.
            for n in [late, late + 1] {
                notes.insert(id(n + u128::from(down) * 500), &note(1, n), &[]).await.unwrap();
            }
            late += 2;
            after = page.next;
            if after.is_none() || seen.len() > 200 {
                break;
            }
        }
        seen.retain(|seen| *seen < id(1_000));
        let of_index = (0..41).filter(|n| down || n % 3 != 0).map(id);
        let mut expected: Vec<Uuid> = of_index.collect();
        if down {
            expected.reverse();
        }
        assert_eq!(seen, expected);
    }
    // A last page that is full promises nothing.
    let whole = notes.page(newest_of(2).limit(2)).await.unwrap();
    assert!(whole.documents.is_empty() && whole.next.is_none());
    notes.insert_new(&[(id(71), note(2, 1)), (id(72), note(2, 2))]).await.unwrap();
    let whole = notes.page(newest_of(2).limit(2)).await.unwrap();
    assert_eq!((whole.documents.len(), whole.next), (2, None));
}

async fn a_list_finds_its_documents_after_every_kind_of_write(arm: DocumentsArm) {
    let notes = notes(&arm.documents).await;
    let bodies: Vec<_> = (0..60).map(|n| (id(n), note(n % 2, n))).collect();
    notes.insert_new(&bodies).await.unwrap();
    let saying = |words: &[&str]| {
        let words = words.iter().map(|word| (*word).to_owned());
        Find::by(BY_WORD, WORDS.has_all(words))
    };
    let found = async |words: &[&str]| ids_of(&notes.find(&saying(words)).await.unwrap());
    let newest = |mut ids: Vec<u128>| {
        ids.sort_by_key(|n| std::cmp::Reverse((n / 2, *n)));
        ids.into_iter().map(id).collect::<Vec<_>>()
    };
    assert_eq!(found(&["w1"]).await, newest((0..60).filter(|n| n % 4 == 1).collect()));
    let both = (0..60).filter(|n| n % 4 == 1 && n % 7 == 5).collect();
    assert_eq!(found(&["w1", "v5"]).await, newest(both));
    let own = Find::by(BY_WORD, WORDS.has("w1".to_owned()).and(USER.is(user(0))));
    assert!(notes.find(&own).await.unwrap().is_empty());

    let later = Update::default().push(&WORDS, "new".to_owned()).push(&WORDS, "new".to_owned());
    assert!(notes.update(id(5), WORDS.lacks("new".into()), later.clone(), &[]).await.unwrap());
    assert!(!notes.update(id(5), WORDS.lacks("new".into()), later, &[]).await.unwrap());
    assert_eq!(found(&["new"]).await, [id(5)]);
    let changed = notes.change(id(5), |note| Some((Note { words: vec![], ..note }, vec![])));
    let version = changed.await.unwrap().unwrap().version;
    assert!(found(&["new"]).await.is_empty());
    assert!(!found(&["w1"]).await.contains(&id(5)));
    assert!(notes.delete(id(5), version).await.unwrap());
    assert!(notes.delete(id(9), 1).await.unwrap());
    assert!(!found(&["w1"]).await.contains(&id(9)));
}

async fn groups_count_and_sum(arm: DocumentsArm) {
    let notes = notes(&arm.documents).await;
    let bodies: Vec<_> = (0..40).map(|n| (id(n), note(n % 2, n))).collect();
    notes.insert_new(&bodies).await.unwrap();
    let find = Find::by(BY_STARS, USER.is(user(1)));
    let groups = notes.group(&find, &STARS, &[STARS.path()]).await.unwrap();
    let expected = (0..5).map(|key| Group { key, count: 4, sums: vec![key * 4] });
    assert_eq!(groups, expected.collect::<Vec<_>>());
}

async fn documents_expire(arm: DocumentsArm) {
    let notes = notes(&arm.documents).await;
    let old = process::clock::Clock::system().now().plus_ms(-KEPT_MS - 1_000);
    let now = old.plus_ms(KEPT_MS + 1_000);
    for n in 0..4 {
        notes.insert(id(n), &note(1, n), &[]).await.unwrap();
    }
    // By each way of writing.
    let read = Update::default().set(&READ, old);
    notes.update(id(0), Filter::everything(), read, &[]).await.unwrap();
    notes.change(id(1), |note| Some((Note { read_at: Some(old), ..note }, vec![]))).await.unwrap();
    notes.insert(id(9), &Note { read_at: Some(old), ..note(1, 9) }, &[]).await.unwrap();
    let read = Update::default().set(&READ, now);
    notes.update(id(2), Filter::everything(), read, &[]).await.unwrap();
    let left = async || {
        notes.purge(now).await.unwrap();
        let left = ids_of(&notes.find(&newest_of(1)).await.unwrap());
        (left == [id(3), id(2)]).then_some(())
    };
    // MongoDB's own clock comes by once a minute at the latest.
    eventually("the old ones are gone", Duration::from_secs(90), left).await;
}

async fn an_expired_document_with_events_still_tells_them(arm: DocumentsArm) {
    let notes = notes(&arm.documents).await;
    let now = process::clock::Clock::system().now();
    let read = Note { read_at: Some(now.plus_ms(-KEPT_MS - 1_000)), ..note(1, 1) };
    let told = [event_of(EventType::ReviewCreated, 1)];
    notes.insert(id(1), &read, &told).await.unwrap();
    notes.insert(id(2), &Note { key: None, ..read }, &[]).await.unwrap();
    let expired = async |n| {
        notes.purge(now).await.unwrap();
        notes.get(id(n)).await.unwrap().is_none().then_some(())
    };
    eventually("the silent one is gone", Duration::from_secs(90), async || expired(2).await).await;
    let (tasks, mut deliveries) = arm.relayed().await;
    let delivery = timeout(LIMIT, deliveries.next()).await.expect("its event");
    assert_eq!(delivery.event().id, told[0].id);
    delivery.ack().await.unwrap();
    eventually("it goes as well", Duration::from_secs(90), async || expired(1).await).await;
    tasks.shutdown(LIMIT).await;
}

async fn a_change_for_an_event_is_made_once(arm: DocumentsArm) {
    let notes = notes(&arm.documents).await;
    let now = process::clock::Clock::system().now();
    notes.insert(id(1), &Note { stars: 0, ..note(1, 1) }, &[]).await.unwrap();
    let mut racing = JoinSet::new();
    for n in 0..24_u128 {
        let notes = notes.clone();
        racing.spawn(async move {
            let more = |note: Note| Some((Note { stars: note.stars + 1, ..note }, Vec::new()));
            notes.change_once(id(1), EventId(id(n % 6)), now, more).await.unwrap().is_some()
        });
    }
    let made = racing.join_all().await.into_iter().filter(|made| *made).count();
    assert_eq!(made, 6);
    assert_eq!(notes.get(id(1)).await.unwrap().unwrap().body.stars, 6);
    // The same event is another one to another document, and comes again much later.
    notes.insert(id(2), &Note { stars: 0, ..note(1, 2) }, &[]).await.unwrap();
    let more = |note: Note| Some((Note { stars: note.stars + 1, ..note }, Vec::new()));
    assert!(notes.change_once(id(2), EventId(id(0)), now, more).await.unwrap().is_some());
    for n in 100..200 {
        notes.change_once(id(2), EventId(id(n)), now, more).await.unwrap();
    }
    assert!(notes.change_once(id(2), EventId(id(0)), now, more).await.unwrap().is_none());
    assert_eq!(notes.get(id(2)).await.unwrap().unwrap().body.stars, 101);
}

async fn a_change_that_was_never_noted_is_remembered_once_its_event_comes_again(arm: DocumentsArm) {
    let notes = notes(&arm.documents).await;
    let now = process::clock::Clock::system().now();
    notes.insert(id(1), &Note { stars: 0, ..note(1, 1) }, &[]).await.unwrap();
    let star = |note: Note| Some((Note { stars: note.stars + 1, ..note }, Vec::new()));
    let change = async |n| {
        let changed = notes.change_once(id(1), EventId(id(n)), now, star).await.unwrap();
        changed.is_some()
    };
    assert!(change(0).await);
    if let Documents::Mongo(_) = &arm.documents {
        // As if the process had died between the change and its note.
        let inbox = arm.mongo().await.collection::<mongodb::bson::Document>("_inbox");
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
    // SQLite knows an event id of another document and fails; nothing says that the document is there.
    let second = notes.insert(id(2), &note(1, 2), &told).await;
    assert!(!matches!(second, Ok(false)));
    assert_eq!(notes.get(id(2)).await.unwrap().is_some(), second.is_ok());
}

async fn a_document_is_kept_until_its_events_have_left(arm: DocumentsArm) {
    let notes = notes(&arm.documents).await;
    let told = [event_of(EventType::ReviewCreated, 1)];
    assert!(notes.insert(id(1), &note(1, 1), &told).await.unwrap());
    let refused = notes.delete(id(1), 1).await.unwrap_err();
    assert!(matches!(refused, DocumentsError::EventsWait { .. }), "{refused}");
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
    let events: Vec<_> = (0..64).map(|n| event_of(EventType::ReviewCreated, n)).collect();
    let one = [event_of(EventType::ReviewCreated, 99)];
    assert!(notes.insert(id(1), &note(1, 1), &events[..63]).await.unwrap());
    let full = |error: DocumentsError| matches!(error, DocumentsError::EventsFull { .. });
    let nothing = || Update::default().add(&STARS, 1);
    let two = [events[63].clone(), event_of(EventType::ReviewCreated, 100)];
    let update = notes.update(id(1), Filter::everything(), nothing(), &two);
    assert!(full(update.await.unwrap_err()));
    assert!(notes.update(id(1), Filter::everything(), nothing(), &one).await.unwrap());
    let stored = notes.get(id(1)).await.unwrap().unwrap();
    assert!(full(notes.replace(&stored, &two[..1]).await.unwrap_err()));
    assert_eq!(notes.get(id(1)).await.unwrap().unwrap(), stored, "nothing is written");
    assert!(notes.replace(&stored, &[]).await.unwrap());
    // One that is not there is no full one.
    assert!(!notes.update(id(2), Filter::everything(), nothing(), &two[..1]).await.unwrap());
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

async fn a_wrong_body_is_refused_by_the_port_and_by_the_store(arm: DocumentsArm) {
    #[derive(serde::Serialize, serde::Deserialize)]
    struct Wrong {
        user_id: String,
        written_at: u64,
    }
    impl DocumentBody for Wrong {
        const SHAPE: Shape = Note::SHAPE;
    }
    let wrong = Collection::<Wrong>::new(&arm.documents, "notes");
    let _ = notes(&arm.documents).await;
    for (user_id, written_at) in [("nobody", 1), (id(1).to_string().as_str(), u64::MAX)] {
        let body = Wrong { user_id: user_id.to_owned(), written_at };
        let refused = wrong.insert(id(1), &body, &[]).await;
        assert!(matches!(refused, Err(DocumentsError::Shape { .. })), "{refused:?}");
    }
    match &arm.documents {
        Documents::Mongo(_) => {
            let raw = arm.mongo().await.collection("notes");
            let error = raw.insert_one(doc! {"_id": 1, "stars": 2_i64}).await.unwrap_err();
            assert!(error.to_string().contains("121"), "{error}");
        }
        Documents::Sqlite(sql) => {
            const BARE: &str = "INSERT INTO notes (id, version, body) VALUES (?, 1, ?)";
            sql.exec(BARE, vals![id(1), "{\"stars\": 2}"]).await.unwrap_err();
        }
    }
}

async fn a_query_that_is_not_declared_is_refused(arm: DocumentsArm) {
    const ODD: Field<String> = Field::new("text");
    let notes = notes(&arm.documents).await;
    let declared = |error| matches!(error, DocumentsError::Declared { .. });
    const OTHER_KEYS: Index = Index::new("newest", &[USER.up()]);
    const OTHER: Index = Index::new("other", &[USER.up()]);
    for find in [
        Find::by(NEWEST, ODD.is("x".to_owned())),
        Find::by(BY_WORD, USER.is(user(1))),
        Find::by(OTHER_KEYS, USER.is(user(1))),
        Find::by(OTHER, USER.is(user(1))),
    ] {
        assert!(declared(notes.find(&find).await.unwrap_err()), "{find:?}");
    }
    let odd = Update::default().set(&ODD, "x".to_owned());
    let refused = notes.update(id(1), Filter::everything(), odd, &[]).await.unwrap_err();
    assert!(declared(refused));
    let typed = Update::default().set_part("stars", &"many");
    let refused = notes.update(id(1), Filter::everything(), typed, &[]).await.unwrap_err();
    assert!(declared(refused));
}

async fn every_query_is_answered_by_its_index_in_its_order(arm: DocumentsArm) {
    let notes = notes(&arm.documents).await;
    let bodies: Vec<_> = (0..3_000).map(|n| (id(n), note(n % 3, n))).collect();
    notes.insert_new(&bodies).await.unwrap();
    let word = WORDS.has_all(["w1".to_owned(), "v2".to_owned()]);
    for find in [newest_of(1), Find::by(OPEN, USER.is(user(1))), Find::by(BY_WORD, word)] {
        let page = notes.page(find.clone().limit(20)).await.unwrap();
        assert!(page.next.is_some());
        for find in [find.clone(), find.after(page.next)] {
            let plan = notes.explain(&find.limit(20)).await.unwrap();
            assert!(plan.by_index && !plan.sorts, "{}", plan.text);
        }
    }
}

async fn a_changed_index_is_built_beside_the_old_one(arm: DocumentsArm) {
    #[derive(serde::Serialize, serde::Deserialize)]
    #[serde(transparent)]
    struct Changed(Note);
    const NEWEST: Index = Index::new("newest", &[USER.up(), STARS.down()]);
    const BY_WORD: Index = Index::new("words", &[WORDS.each(), STARS.down()]);
    impl DocumentBody for Changed {
        const SHAPE: Shape =
            Shape { fields: Note::SHAPE.fields, indexes: &[NEWEST, BY_WORD, EXPIRING] };
    }
    let before = notes(&arm.documents).await;
    let bodies: Vec<_> = (0..40).map(|n| (id(n), note(1, n))).collect();
    before.insert_new(&bodies).await.unwrap();
    let after = Collection::<Changed>::new(&arm.documents, "notes");
    assert!(matches!(after.check().await, Err(DocumentsError::Outdated { .. })));
    after.migrate().await.unwrap();
    after.migrate().await.unwrap();
    after.check().await.unwrap();
    for find in [Find::by(NEWEST, USER.is(user(1))), Find::by(BY_WORD, WORDS.has("w1".to_owned()))]
    {
        let found = after.find(&find).await.unwrap();
        assert!(found.is_sorted_by_key(|found| (-found.body.0.stars, std::cmp::Reverse(found.id))));
        assert!(!found.is_empty());
    }
    // The unique index that is declared no more refuses nothing.
    assert!(after.insert(id(90), &Changed(note(1, 1)), &[]).await.unwrap());
    match &arm.documents {
        // Replicas of the release before ask by the old one for a while.
        Documents::Mongo(_) => assert_eq!(before.find(&newest_of(1)).await.unwrap().len(), 41),
        Documents::Sqlite(_) => drop(before.find(&newest_of(1)).await.unwrap_err()),
    }
}

async fn the_store_requires_the_fields_of_today(arm: DocumentsArm) {
    #[derive(serde::Serialize, serde::Deserialize)]
    struct Later {
        user_id: UserId,
        title: String,
    }
    const TITLE: Field<String> = Field::new("title");
    impl DocumentBody for Later {
        const SHAPE: Shape = Shape { fields: &[USER.path(), TITLE.path()], indexes: &[] };
    }
    notes(&arm.documents).await;
    let later = Collection::<Later>::new(&arm.documents, "notes");
    later.migrate().await.unwrap();
    let body = Later { user_id: user(1), title: "no stars any more".to_owned() };
    assert!(later.insert(id(1), &body, &[]).await.unwrap());
    match &arm.documents {
        Documents::Mongo(_) => {
            let raw = arm.mongo().await.collection("notes");
            raw.insert_one(doc! {"_id": 1, "user_id": 1}).await.unwrap_err();
        }
        Documents::Sqlite(sql) => {
            const UNTITLED: &str = "UPDATE notes SET body = json_remove(body, '$.title')";
            sql.exec(UNTITLED, vals![]).await.unwrap_err();
        }
    }
}

#[tokio::test]
async fn a_store_that_is_away_is_told_apart_from_a_refusal() {
    let documents = Documents::open("mongodb://127.0.0.1:9/notes").await.unwrap();
    let asked = timeout(Duration::from_secs(15), documents.ping()).await.expect("an end");
    let error = asked.unwrap_err();
    assert!(error.is_unavailable() && !error.is_unique(), "{error}");
}

#[tokio::test]
async fn an_address_without_a_database_is_refused() {
    for address in ["mongodb://127.0.0.1:9", "postgres://host/db"] {
        assert!(
            matches!(Documents::open(address).await, Err(DocumentsError::Address)),
            "{address}"
        );
    }
}
