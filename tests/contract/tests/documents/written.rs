//! Writes: keys, versions, races, and the required fields of a collection.

use contract::{
    DocumentsArm,
    notes::{
        AT, BY_WORD, IS_OPEN, KEY, NEWEST, Note, READ, STARS, USER, WORDS, WRITTEN, id, newest_of,
        note, notes,
    },
    on_every_documents,
};
use mongodb::bson::doc;
use platform::{
    documents::{
        Collection, CollectionSchema, DocumentBody, Documents, DocumentsError, Field, Filter,
        IndexQuery, Update,
    },
    vals,
};
use tokio::task::JoinSet;
use wire::UserId;

use super::{ids_of, user};

on_every_documents! {
    a_store_answers_and_one_that_was_never_migrated_is_refused,
    a_second_document_with_the_same_key_is_refused,
    documents_without_a_key_do_not_exclude_each_other,
    missing_and_null_are_one,
    of_many_that_write_one_version_one_does,
    changes_that_race_are_all_made,
    an_update_is_made_only_where_its_filter_holds,
    a_wrong_body_is_refused_by_the_port_and_by_the_store,
    the_store_requires_the_fields_of_today,
    a_field_is_added_without_a_migration,
}

async fn a_store_answers_and_one_that_was_never_migrated_is_refused(arm: DocumentsArm) {
    arm.documents.ping().await.unwrap();
    assert!(arm.documents.check_schema().await.is_err());
    let bare = Collection::<Note>::new(&arm.documents, "notes");
    assert!(matches!(
        bare.check_schema().await,
        Err(DocumentsError::Outdated { .. })
    ));
    let notes = notes(&arm.documents).await;
    let made = schema_version(&arm.documents).await;
    notes.migrate().await.unwrap();
    assert_eq!(
        schema_version(&arm.documents).await,
        made,
        "the second time nothing is made"
    );
    notes.check_schema().await.unwrap();
    arm.documents.check_schema().await.unwrap();
}

/// SQLite counts each created or dropped table and index.
async fn schema_version(documents: &Documents) -> Option<i64> {
    match documents {
        Documents::Mongo(_) => None,
        Documents::Sqlite(sql) => sql
            .fetch_optional("PRAGMA schema_version", vals![])
            .await
            .unwrap(),
    }
}

async fn a_second_document_with_the_same_key_is_refused(arm: DocumentsArm) {
    let notes = notes(&arm.documents).await;
    assert!(notes.insert(id(1), &note(1, 1), &[]).await.unwrap());
    assert!(
        !notes.insert(id(2), &note(1, 1), &[]).await.unwrap(),
        "its key"
    );
    assert!(
        !notes.insert(id(1), &note(1, 2), &[]).await.unwrap(),
        "its id"
    );
    let many = [
        (id(3), note(1, 3)),
        (id(4), note(1, 1)),
        (id(5), note(1, 3)),
        (id(1), note(1, 9)),
    ];
    assert_eq!(
        notes.insert_new(&many).await.unwrap(),
        [true, false, false, false]
    );
    assert_eq!(notes.insert_new(&[]).await.unwrap(), [false; 0]);
    // More than one statement holds, including one duplicate.
    let mut run: Vec<_> = (100..200).map(|n| (id(n), note(7, n))).collect();
    run[80].1.key = note(1, 1).key;
    let expected: Vec<bool> = (0..100).map(|place| place != 80).collect();
    assert_eq!(notes.insert_new(&run).await.unwrap(), expected);
    assert_eq!(notes.count_documents(&newest_of(7)).await.unwrap(), 99);
    // For an existing document, taking another's key is a fault and not a lost race.
    let mut other = notes.get(id(3)).await.unwrap().unwrap();
    other.body.key = note(1, 1).key;
    let error = notes.replace_document(&other, &[]).await.unwrap_err();
    assert!(
        error.is_duplicate_key() && !error.is_unavailable(),
        "{error}"
    );
    assert!(!error.to_string().contains("1-1"), "{error}");
    let taken = Update::default().set(&KEY, "1-1".to_owned());
    assert!(
        notes
            .update(id(3), Filter::match_all(), taken, &[])
            .await
            .unwrap_err()
            .is_duplicate_key()
    );
}

async fn documents_without_a_key_do_not_exclude_each_other(arm: DocumentsArm) {
    let notes = notes(&arm.documents).await;
    for n in 0..3 {
        let bare = Note {
            key: None,
            ..note(1, n)
        };
        assert!(notes.insert(id(n), &bare, &[]).await.unwrap());
    }
    assert_eq!(notes.count_documents(&newest_of(1)).await.unwrap(), 3);
}

async fn missing_and_null_are_one(arm: DocumentsArm) {
    let notes = notes(&arm.documents).await;
    let unread = IndexQuery::from_index(NEWEST, USER.is_equal_to(user(1)).and(READ.is_missing()));
    notes
        .insert(
            id(1),
            &Note {
                text: None,
                ..note(1, 1)
            },
            &[],
        )
        .await
        .unwrap();
    notes
        .insert(
            id(2),
            &Note {
                read_at: Some(AT),
                ..note(1, 2)
            },
            &[],
        )
        .await
        .unwrap();
    assert_eq!(
        ids_of(&notes.find_documents(&unread).await.unwrap()),
        [id(1)]
    );
    let read = IndexQuery::from_index(NEWEST, USER.is_equal_to(user(1)).and(READ.at_least(AT)));
    assert_eq!(ids_of(&notes.find_documents(&read).await.unwrap()), [id(2)]);
    // Removed by a replacement, and by an update.
    let mut second = notes.get(id(2)).await.unwrap().unwrap();
    second.body.read_at = None;
    assert!(notes.replace_document(&second, &[]).await.unwrap());
    assert_eq!(
        ids_of(&notes.find_documents(&unread).await.unwrap()),
        [id(2), id(1)]
    );
    let silent = Update::default().set_part("text", &None::<String>);
    assert!(
        notes
            .update(id(2), Filter::match_all(), silent, &[])
            .await
            .unwrap()
    );
    assert_eq!(notes.get(id(2)).await.unwrap().unwrap().body.text, None);
    let null_is_stored = match &arm.documents {
        Documents::Mongo(_) => {
            let raw = arm
                .mongo()
                .await
                .collection::<mongodb::bson::Document>("notes");
            raw.find_one(doc! {"$or": [{"text": {"$type": 10}}, {"read_at": {"$type": 10}}]})
                .await
                .unwrap()
                .is_some()
        }
        Documents::Sqlite(sql) => {
            let nulls = "SELECT 1 FROM notes WHERE json_type(body, '$.text') = 'null'
                OR json_type(body, '$.read_at') = 'null'";
            sql.fetch_optional::<i64>(nulls, vals![])
                .await
                .unwrap()
                .is_some()
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
        let notes = notes.clone();
        let mut read = read.clone();
        read.body.stars = stars;
        racing.spawn(async move {
            notes
                .replace_document(&read, &[])
                .await
                .unwrap()
                .then_some(stars)
        });
    }
    let won: Vec<i64> = racing.join_all().await.into_iter().flatten().collect();
    let stored = notes.get(id(1)).await.unwrap().unwrap();
    assert_eq!((won, stored.version), (vec![stored.body.stars], 2));
    assert!(!notes.delete(id(1), 1).await.unwrap());
    assert!(notes.delete(id(1), 2).await.unwrap());
    assert!(!notes.replace_document(&stored, &[]).await.unwrap());
}

async fn changes_that_race_are_all_made(arm: DocumentsArm) {
    let notes = notes(&arm.documents).await;
    notes
        .insert(
            id(1),
            &Note {
                stars: 0,
                ..note(1, 1)
            },
            &[],
        )
        .await
        .unwrap();
    let mut racing = JoinSet::new();
    for _ in 0..8 {
        let notes = notes.clone();
        racing.spawn(async move {
            let more = |note: Note| {
                Some((
                    Note {
                        stars: note.stars + 1,
                        ..note
                    },
                    Vec::new(),
                ))
            };
            notes.change_with_retry(id(1), more).await.unwrap().unwrap()
        });
    }
    racing.join_all().await;
    let stored = notes.get(id(1)).await.unwrap().unwrap();
    assert_eq!((stored.body.stars, stored.version), (8, 9));
    assert!(
        notes
            .change_with_retry(id(1), |_| None)
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        notes
            .change_with_retry(id(2), |note| Some((note, Vec::new())))
            .await
            .unwrap()
            .is_none()
    );
}

async fn an_update_is_made_only_where_its_filter_holds(arm: DocumentsArm) {
    let notes = notes(&arm.documents).await;
    notes.insert(id(1), &note(1, 1), &[]).await.unwrap();
    let close = || {
        let update = Update::default().set(&IS_OPEN, false).add(&STARS, 4);
        update
            .push(&WORDS, "$new".to_owned())
            .set_part("text", &"$user_id")
            .set(&READ, AT)
    };
    let open = || USER.is_equal_to(user(1)).and(IS_OPEN.is_equal_to(true));
    assert!(
        !notes
            .update(id(1), USER.is_equal_to(user(2)), close(), &[])
            .await
            .unwrap()
    );
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

async fn a_wrong_body_is_refused_by_the_port_and_by_the_store(arm: DocumentsArm) {
    #[derive(serde::Serialize, serde::Deserialize)]
    struct Wrong {
        user_id: String,
        written_at: u64,
    }
    impl DocumentBody for Wrong {
        const SHAPE: CollectionSchema = Note::SHAPE;
    }
    let wrong = Collection::<Wrong>::new(&arm.documents, "notes");
    let _ = notes(&arm.documents).await;
    for (user_id, written_at) in [("nobody", 1), (id(1).to_string().as_str(), u64::MAX)] {
        let body = Wrong {
            user_id: user_id.to_owned(),
            written_at,
        };
        let refused = wrong.insert(id(1), &body, &[]).await;
        assert!(
            matches!(refused, Err(DocumentsError::Shape { .. })),
            "{refused:?}"
        );
    }
    match &arm.documents {
        Documents::Mongo(_) => {
            let raw = arm.mongo().await.collection("notes");
            let error = raw
                .insert_one(doc! {"_id": 1, "stars": 2_i64})
                .await
                .unwrap_err();
            assert!(error.to_string().contains("121"), "{error}");
        }
        Documents::Sqlite(sql) => {
            const BARE: &str = "INSERT INTO notes (id, version, body) VALUES (?, 1, ?)";
            sql.exec(BARE, vals![id(1), "{\"stars\": 2}"])
                .await
                .unwrap_err();
        }
    }
}

async fn the_store_requires_the_fields_of_today(arm: DocumentsArm) {
    #[derive(serde::Serialize, serde::Deserialize)]
    struct Later {
        user_id: UserId,
        text: String,
    }
    const TEXT: Field<String> = Field::new("text");
    impl DocumentBody for Later {
        const SHAPE: CollectionSchema = CollectionSchema {
            fields: &[USER.path(), TEXT.path()],
            indexes: &[],
        };
    }
    let before = notes(&arm.documents).await;
    before.insert(id(1), &note(1, 1), &[]).await.unwrap();
    let later = Collection::<Later>::new(&arm.documents, "notes");
    later.migrate().await.unwrap();
    let body = Later {
        user_id: user(1),
        text: "no stars any more".to_owned(),
    };
    assert!(later.insert(id(2), &body, &[]).await.unwrap());
    match &arm.documents {
        Documents::Mongo(_) => {
            let raw = arm.mongo().await.collection("notes");
            raw.insert_one(doc! {"_id": 1, "user_id": 1})
                .await
                .unwrap_err();
        }
        Documents::Sqlite(sql) => {
            const WITHOUT_TEXT: &str = "UPDATE notes SET body = json_remove(body, '$.text')";
            sql.exec(WITHOUT_TEXT, vals![]).await.unwrap_err();
        }
    }
    assert!(
        later.get(id(1)).await.unwrap().is_some(),
        "what was there before"
    );
    // Back on the previous release, its indexes find its documents again.
    assert!(later.delete(id(2), 1).await.unwrap());
    before.migrate().await.unwrap();
    let word = IndexQuery::from_index(BY_WORD, WORDS.has_value("w1".to_owned()));
    assert_eq!(before.count_documents(&word).await.unwrap(), 1);
    assert_eq!(before.count_documents(&newest_of(1)).await.unwrap(), 1);
}

/// A note of the next release, with two more fields.
#[derive(serde::Serialize, serde::Deserialize)]
struct Mooded {
    #[serde(flatten)]
    note: Note,
    mood: Option<String>,
    #[serde(default)]
    looks: i64,
}

const MOOD: Field<String> = Field::optional("mood");

impl DocumentBody for Mooded {
    const SHAPE: CollectionSchema = CollectionSchema {
        fields: &[
            USER.path(),
            WRITTEN.path(),
            STARS.path(),
            IS_OPEN.path(),
            KEY.path(),
            READ.path(),
            WORDS.path(),
            MOOD.path(),
        ],
        indexes: Note::SHAPE.indexes,
    };
}

async fn a_field_is_added_without_a_migration(arm: DocumentsArm) {
    let before = notes(&arm.documents).await;
    before.insert(id(1), &note(1, 1), &[]).await.unwrap();
    // The new release runs on the store of the previous one.
    let after = Collection::<Mooded>::new(&arm.documents, "notes");
    let old = after.get(id(1)).await.unwrap().unwrap().body;
    assert_eq!(
        (old.mood, old.looks),
        (None, 0),
        "a document of before has it not"
    );
    let glad = Mooded {
        note: note(1, 2),
        mood: Some("glad".to_owned()),
        looks: 3,
    };
    assert!(after.insert(id(2), &glad, &[]).await.unwrap());
    let update = Update::default().set(&MOOD, "calm".to_owned());
    assert!(
        after
            .update(id(1), MOOD.is_missing(), update.clone(), &[])
            .await
            .unwrap()
    );
    assert!(
        !after
            .update(id(1), MOOD.is_missing(), update, &[])
            .await
            .unwrap()
    );
    let of_mood = |mood: &str| {
        IndexQuery::from_index(
            NEWEST,
            USER.is_equal_to(user(1))
                .and(MOOD.is_equal_to(mood.to_owned())),
        )
    };
    let found = async |mood: &str| {
        let found = after.find_documents(&of_mood(mood)).await.unwrap();
        found.iter().map(|found| found.id).collect::<Vec<_>>()
    };
    assert_eq!(
        (found("calm").await, found("glad").await),
        (vec![id(1)], vec![id(2)])
    );
    // The previous release reads and changes the new one's documents.
    let mut second = before.get(id(2)).await.unwrap().unwrap();
    assert_eq!(second.body, note(1, 2));
    second.body.stars = 9;
    assert!(before.replace_document(&second, &[]).await.unwrap());
    let stars = Update::default().add(&STARS, 1);
    assert!(
        before
            .update(id(1), Filter::match_all(), stars, &[])
            .await
            .unwrap()
    );
    assert_eq!(
        found("calm").await,
        [id(1)],
        "an update leaves what it does not know"
    );
}
