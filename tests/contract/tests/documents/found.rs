//! Reads: pages, lists, groups, and the index of each query.

use contract::{
    DocumentsArm,
    notes::{
        BY_STARS, BY_WORD, EXPIRING, NEWEST, Note, OPEN, STARS, USER, WORDS, id, newest_of, note,
        notes,
    },
    on_every_documents,
};
use platform::documents::{
    Collection, CollectionSchema, DocumentBody, Documents, DocumentsError, Field, Filter,
    GroupTotals, Index, IndexQuery, Update,
};
use uuid::Uuid;

use super::{ids_of, user};

on_every_documents! {
    pages_join_without_a_gap_or_a_repeat_while_others_write,
    a_list_finds_its_documents_after_every_kind_of_write,
    groups_count_and_sum,
    a_query_that_is_not_declared_is_refused,
    every_query_is_answered_by_its_index_in_its_order,
    a_changed_index_is_built_beside_the_old_one,
}

async fn pages_join_without_a_gap_or_a_repeat_while_others_write(arm: DocumentsArm) {
    let notes = notes(&arm.documents).await;
    let bodies: Vec<_> = (0..41).map(|n| (id(n), note(1, n))).collect();
    notes.insert_new(&bodies).await.unwrap();
    for (index, down) in [(NEWEST, true), (OPEN, false)] {
        let mut seen = Vec::new();
        let mut after = None;
        let mut late = 1_000;
        loop {
            let find = IndexQuery::from_index(index, USER.is_equal_to(user(1)))
                .start_after(after)
                .with_limit(4);
            let page = notes.find_page(find).await.unwrap();
            assert!(page.documents.len() <= 4);
            seen.extend(ids_of(&page.documents));
            // Meanwhile insert documents before and after the cursor.
            for n in [late, late + 1] {
                notes
                    .insert(id(n + u128::from(down) * 500), &note(1, n), &[])
                    .await
                    .unwrap();
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
    // A full last page has no next page.
    let whole = notes.find_page(newest_of(2).with_limit(2)).await.unwrap();
    assert!(whole.documents.is_empty() && whole.next.is_none());
    notes
        .insert_new(&[(id(71), note(2, 1)), (id(72), note(2, 2))])
        .await
        .unwrap();
    let whole = notes.find_page(newest_of(2).with_limit(2)).await.unwrap();
    assert_eq!((whole.documents.len(), whole.next), (2, None));
}

async fn a_list_finds_its_documents_after_every_kind_of_write(arm: DocumentsArm) {
    let notes = notes(&arm.documents).await;
    let bodies: Vec<_> = (0..60).map(|n| (id(n), note(n % 2, n))).collect();
    notes.insert_new(&bodies).await.unwrap();
    let saying = |words: &[&str]| {
        let words = words.iter().map(|word| (*word).to_owned());
        IndexQuery::from_index(BY_WORD, WORDS.has_all(words))
    };
    let found = async |words: &[&str]| ids_of(&notes.find_documents(&saying(words)).await.unwrap());
    let newest = |mut ids: Vec<u128>| {
        ids.sort_by_key(|n| std::cmp::Reverse((n / 2, *n)));
        ids.into_iter().map(id).collect::<Vec<_>>()
    };
    assert_eq!(
        found(&["w1"]).await,
        newest((0..60).filter(|n| n % 4 == 1).collect())
    );
    let both = (0..60).filter(|n| n % 4 == 1 && n % 7 == 5).collect();
    assert_eq!(found(&["w1", "v5"]).await, newest(both));
    let own = IndexQuery::from_index(
        BY_WORD,
        WORDS
            .has_value("w1".to_owned())
            .and(USER.is_equal_to(user(0))),
    );
    assert!(notes.find_documents(&own).await.unwrap().is_empty());

    let later = Update::default()
        .push(&WORDS, "new".to_owned())
        .push(&WORDS, "new".to_owned());
    assert!(
        notes
            .update(id(5), WORDS.lacks_value("new".into()), later.clone(), &[])
            .await
            .unwrap()
    );
    assert!(
        !notes
            .update(id(5), WORDS.lacks_value("new".into()), later, &[])
            .await
            .unwrap()
    );
    assert_eq!(found(&["new"]).await, [id(5)]);
    let changed = notes.change_with_retry(id(5), |note| {
        Some((
            Note {
                words: vec![],
                ..note
            },
            vec![],
        ))
    });
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
    let find = IndexQuery::from_index(BY_STARS, USER.is_equal_to(user(1)));
    let groups = notes
        .group_by_field(&find, &STARS, &[STARS.path()])
        .await
        .unwrap();
    let expected = (0..5).map(|key| GroupTotals {
        key,
        count: 4,
        sums: vec![key * 4],
    });
    assert_eq!(groups, expected.collect::<Vec<_>>());
}

async fn a_query_that_is_not_declared_is_refused(arm: DocumentsArm) {
    const ODD: Field<String> = Field::new("text");
    let notes = notes(&arm.documents).await;
    let declared = |error| matches!(error, DocumentsError::InvalidDeclaration { .. });
    const OTHER_KEYS: Index = Index::new("newest", &[USER.ascending_key()]);
    const OTHER: Index = Index::new("other", &[USER.ascending_key()]);
    for find in [
        IndexQuery::from_index(NEWEST, ODD.is_equal_to("x".to_owned())),
        IndexQuery::from_index(BY_WORD, USER.is_equal_to(user(1))),
        IndexQuery::from_index(OTHER_KEYS, USER.is_equal_to(user(1))),
        IndexQuery::from_index(OTHER, USER.is_equal_to(user(1))),
    ] {
        assert!(
            declared(notes.find_documents(&find).await.unwrap_err()),
            "{find:?}"
        );
    }
    let odd = Update::default().set(&ODD, "x".to_owned());
    let refused = notes
        .update(id(1), Filter::match_all(), odd, &[])
        .await
        .unwrap_err();
    assert!(declared(refused));
    let typed = Update::default().set_part("stars", &"many");
    let refused = notes
        .update(id(1), Filter::match_all(), typed, &[])
        .await
        .unwrap_err();
    assert!(declared(refused));
}

async fn every_query_is_answered_by_its_index_in_its_order(arm: DocumentsArm) {
    let notes = notes(&arm.documents).await;
    let bodies: Vec<_> = (0..3_000).map(|n| (id(n), note(n % 3, n))).collect();
    notes.insert_new(&bodies).await.unwrap();
    let word = WORDS.has_all(["w1".to_owned(), "v2".to_owned()]);
    for find in [
        newest_of(1),
        IndexQuery::from_index(OPEN, USER.is_equal_to(user(1))),
        IndexQuery::from_index(BY_WORD, word),
    ] {
        let page = notes.find_page(find.clone().with_limit(20)).await.unwrap();
        assert!(page.next.is_some());
        for find in [find.clone(), find.start_after(page.next)] {
            let plan = notes.explain_query(&find.with_limit(20)).await.unwrap();
            assert!(plan.by_index && !plan.sorts, "{}", plan.text);
        }
    }
}

async fn a_changed_index_is_built_beside_the_old_one(arm: DocumentsArm) {
    #[derive(serde::Serialize, serde::Deserialize)]
    #[serde(transparent)]
    struct Changed(Note);
    const NEWEST: Index = Index::new("newest", &[USER.ascending_key(), STARS.descending_key()]);
    const BY_WORD: Index = Index::new("words", &[WORDS.key_per_value(), STARS.descending_key()]);
    impl DocumentBody for Changed {
        const SHAPE: CollectionSchema = CollectionSchema {
            fields: Note::SHAPE.fields,
            indexes: &[NEWEST, BY_WORD, EXPIRING],
        };
    }
    let before = notes(&arm.documents).await;
    let bodies: Vec<_> = (0..40).map(|n| (id(n), note(1, n))).collect();
    before.insert_new(&bodies).await.unwrap();
    let after = Collection::<Changed>::new(&arm.documents, "notes");
    assert!(matches!(
        after.check_schema().await,
        Err(DocumentsError::Outdated { .. })
    ));
    after.migrate().await.unwrap();
    after.migrate().await.unwrap();
    after.check_schema().await.unwrap();
    for find in [
        IndexQuery::from_index(NEWEST, USER.is_equal_to(user(1))),
        IndexQuery::from_index(BY_WORD, WORDS.has_value("w1".to_owned())),
    ] {
        let found = after.find_documents(&find).await.unwrap();
        assert!(found.is_sorted_by_key(|found| (-found.body.0.stars, std::cmp::Reverse(found.id))));
        assert!(!found.is_empty());
    }
    // The index that is no longer declared as unique allows duplicates.
    assert!(
        after
            .insert(id(90), &Changed(note(1, 1)), &[])
            .await
            .unwrap()
    );
    match &arm.documents {
        // Replicas of the previous release still query by the old index for a while.
        Documents::Mongo(_) => {
            assert_eq!(
                before.find_documents(&newest_of(1)).await.unwrap().len(),
                41
            )
        }
        Documents::Sqlite(_) => drop(before.find_documents(&newest_of(1)).await.unwrap_err()),
    }
}
