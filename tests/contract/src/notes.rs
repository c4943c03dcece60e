//! A document type for tests, with every kind of field and index.

#![allow(clippy::unwrap_used)]

use platform::documents::{
    Collection, CollectionSchema, DocumentBody, Documents, Field, Index, IndexCondition,
    IndexQuery, ListField, millis,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wire::{Event, UnixMillis, UserId};

/// In the future: MongoDB removes expired documents by its clock, even during a test.
pub const AT: UnixMillis = UnixMillis(4_000_000_000_000);
pub const KEPT_MS: i64 = 60_000;

pub const USER: Field<UserId> = Field::new("user_id");
pub const WRITTEN: Field<UnixMillis> = Field::new("written_at");
pub const STARS: Field<i64> = Field::new("stars");
pub const IS_OPEN: Field<bool> = Field::new("is_open");
pub const KEY: Field<String> = Field::optional("key");
pub const READ: Field<UnixMillis> = Field::optional("read_at");
pub const WORDS: ListField<String> = ListField::new("words");

pub const ONCE: Index = Index::new("once", &[KEY.ascending_key()])
    .unique()
    .with_conditions(&[IndexCondition::Present(KEY.path())]);
pub const NEWEST: Index = Index::new("newest", &[USER.ascending_key(), WRITTEN.descending_key()]);
pub const OPEN: Index = Index::new("open", &[USER.ascending_key(), WRITTEN.ascending_key()])
    .with_conditions(&[IndexCondition::Is(IS_OPEN.path(), true)]);
pub const BY_STARS: Index = Index::new("stars", &[USER.ascending_key(), STARS.ascending_key()]);
pub const BY_WORD: Index = Index::new("words", &[WORDS.key_per_value(), WRITTEN.descending_key()]);
pub const EXPIRING: Index = Index::new("read", &[READ.ascending_key()]).with_expiry(KEPT_MS);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    pub user_id: UserId,
    #[serde(with = "millis")]
    pub written_at: UnixMillis,
    pub stars: i64,
    pub is_open: bool,
    pub key: Option<String>,
    #[serde(default, with = "millis::option")]
    pub read_at: Option<UnixMillis>,
    pub words: Vec<String>,
    pub text: Option<String>,
}

impl DocumentBody for Note {
    const SHAPE: CollectionSchema = CollectionSchema {
        fields: &[
            USER.path(),
            WRITTEN.path(),
            STARS.path(),
            IS_OPEN.path(),
            KEY.path(),
            READ.path(),
            WORDS.path(),
        ],
        indexes: &[ONCE, NEWEST, OPEN, BY_STARS, BY_WORD, EXPIRING],
    };
}

pub fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

/// Each timestamp occurs on two notes of a user.
pub fn note(user: u128, n: u128) -> Note {
    let number = i64::try_from(n).unwrap_or(i64::MAX);
    Note {
        user_id: UserId(id(user)),
        written_at: AT.plus_ms(number / 2),
        stars: number % 5,
        is_open: !n.is_multiple_of(3),
        key: Some(format!("{user}-{n}")),
        read_at: None,
        words: vec![format!("w{}", n % 4), format!("v{}", n % 7)],
        text: Some("换 $set {}".to_owned()),
    }
}

pub fn starless_note(user: u128, n: u128) -> Note {
    Note {
        stars: 0,
        ..note(user, n)
    }
}

/// A change of a note with one more star and no events.
#[allow(clippy::unnecessary_wraps, reason = "the form of a change")]
pub fn add_star(note: Note) -> Option<(Note, Vec<Event>)> {
    let stars = note.stars + 1;
    Some((Note { stars, ..note }, Vec::new()))
}

pub async fn notes(documents: &Documents) -> Collection<Note> {
    let notes = Collection::new(documents, "notes");
    documents.migrate().await.unwrap();
    notes.migrate().await.unwrap();
    notes
}

pub fn newest_of(user: u128) -> IndexQuery {
    IndexQuery::from_index(NEWEST, USER.is_equal_to(UserId(id(user))))
}
