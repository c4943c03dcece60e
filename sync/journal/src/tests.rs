//! Tests the journal's guarantees on real files.

mod migrations;
mod queues;

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
    task::Poll,
};

use futures::future::{join, join_all};
use proptest::prelude::*;
use rusqlite::Connection;
use rusqlite_migration::{M, Migrations};

use crate::{Journal, JournalError, READS_WAITING_MAX, State, WriteError, is_full};

const STEPS: &[M<'_>] = &[M::up(
    "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT UNIQUE)",
)];

struct Notes {
    count: i64,
    loads: usize,
    hook: Arc<Hook>,
}

#[derive(Default)]
struct Hook {
    fails: AtomicBool,
    commits: AtomicUsize,
}

impl Notes {
    fn make(conn: &Connection, hook: &Arc<Hook>) -> rusqlite::Result<Self> {
        Ok(Self {
            count: counted(conn)?,
            loads: 0,
            hook: Arc::clone(hook),
        })
    }
}

impl State for () {
    type Error = rusqlite::Error;

    fn load(_: &Connection) -> rusqlite::Result<Self> {
        Ok(())
    }
}

impl State for Notes {
    type Error = Refusal;

    fn sqlite_error(refusal: &Refusal) -> Option<&rusqlite::Error> {
        match refusal {
            Refusal::Sql(error) => Some(error),
            Refusal::NotWanted => None,
        }
    }

    fn load(conn: &Connection) -> rusqlite::Result<Self> {
        Self::make(conn, &Arc::default())
    }

    fn reload(&mut self, conn: &Connection) -> rusqlite::Result<()> {
        self.count = counted(conn)?;
        self.loads += 1;
        Ok(())
    }

    fn committed(&mut self, conn: &Connection) -> std::io::Result<()> {
        assert!(conn.is_autocommit(), "the commit must be over");
        self.hook.commits.fetch_add(1, Ordering::SeqCst);
        if self.hook.fails.load(Ordering::SeqCst) {
            return Err(std::io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }
}

#[derive(Debug, PartialEq)]
enum Refusal {
    NotWanted,
    Sql(rusqlite::Error),
}

impl From<rusqlite::Error> for Refusal {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

struct Place {
    folder: tempfile::TempDir,
    hook: Arc<Hook>,
}

impl Place {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            hook: Arc::default(),
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("db/notes.db")
    }

    fn open(&self) -> Journal<Notes> {
        self.open_observed(|_| {})
    }

    fn open_observed(&self, observe: impl Fn(usize) + Send + 'static) -> Journal<Notes> {
        let hook = Arc::clone(&self.hook);
        let make = move |conn: &Connection| Notes::make(conn, &hook);
        Journal::open(self.path(), Migrations::from_slice(STEPS), make, observe).unwrap()
    }
}

fn counted(conn: &Connection) -> rusqlite::Result<i64> {
    conn.query_row("SELECT count(*) FROM notes", [], |row| row.get(0))
}

fn put(conn: &Connection, notes: &mut Notes, text: &str) -> rusqlite::Result<()> {
    conn.execute("INSERT INTO notes (text) VALUES (?1)", [text])?;
    notes.count += 1;
    Ok(())
}

async fn note(journal: &Journal<Notes>, text: &str) -> Result<(), WriteError<Refusal>> {
    let text = text.to_owned();
    journal
        .write(move |conn, notes| Ok(put(conn, notes, &text)?))
        .await
}

/// Blocks the writing thread until the sender is used or dropped, so that writes sent meanwhile
/// form one group.
async fn hold(journal: &Journal<Notes>) -> mpsc::Sender<()> {
    let (release, held) = mpsc::channel();
    let (started, has_started) = tokio::sync::oneshot::channel();
    let journal = journal.clone();
    tokio::task::spawn(async move {
        let wait = move |_: &Connection, _: &mut Notes| {
            let _ = started.send(());
            let _ = held.recv();
            Ok::<_, Refusal>(())
        };
        journal.write(wait).await
    });
    has_started.await.unwrap();
    release
}

#[tokio::test]
async fn what_was_answered_is_there_after_a_reopen() {
    let place = Place::new();
    let journal = place.open();
    for n in 0..10 {
        note(&journal, &format!("note {n}")).await.unwrap();
    }
    journal.close();
    let journal = place.open();
    assert_eq!(journal.read(counted).await.unwrap(), 10);
    let seen = journal
        .write(|_, notes| Ok::<_, Refusal>(notes.count))
        .await
        .unwrap();
    assert_eq!(seen, 10);
}

#[tokio::test]
async fn a_copy_of_the_files_taken_at_any_answer_holds_what_was_answered() {
    let place = Place::new();
    let journal = place.open();
    for n in 1..=20 {
        note(&journal, &format!("note {n}")).await.unwrap();
        // A crash leaves the files like this: the log not checkpointed.
        let copy = tempfile::tempdir().unwrap();
        for name in ["notes.db", "notes.db-wal"] {
            let from = place.path().with_file_name(name);
            std::fs::copy(from, copy.path().join(name)).unwrap();
        }
        let conn = Connection::open(copy.path().join("notes.db")).unwrap();
        assert_eq!(counted(&conn).unwrap(), n);
    }
}

#[tokio::test]
async fn writes_that_wait_share_one_commit() {
    let place = Place::new();
    let (groups, seen) = mpsc::channel();
    let journal = place.open_observed(move |kept| groups.send(kept).unwrap());
    let release = hold(&journal).await;
    let texts: Vec<_> = (0..300).map(|n| format!("note {n}")).collect();
    let writes = texts.iter().map(|text| note(&journal, text));
    let (answers, ()) = join(join_all(writes), async { drop(release) }).await;
    assert!(answers.iter().all(Result::is_ok));
    journal.close();
    let groups: Vec<usize> = seen.iter().collect();
    assert_eq!(
        groups,
        [1, 256, 44],
        "the holding write alone, then as many as one commit takes"
    );
}

#[tokio::test]
async fn a_refused_write_undoes_itself_and_no_neighbour() {
    let place = Place::new();
    let journal = place.open();
    let release = hold(&journal).await;
    let refused = journal.write(|conn, notes| {
        put(conn, notes, "unwanted")?;
        Err::<(), _>(Refusal::NotWanted)
    });
    let all = async {
        tokio::join!(
            note(&journal, "before"),
            refused,
            note(&journal, "after"),
            async {
                drop(release);
            }
        )
    };
    let (before, refused, after, ()) = all.await;
    assert!(before.is_ok() && after.is_ok());
    assert!(matches!(
        refused,
        Err(WriteError::Refused(Refusal::NotWanted))
    ));
    let texts = journal.read(|conn| {
        let mut texts = conn.prepare("SELECT text FROM notes ORDER BY id")?;
        texts
            .query_map([], |row| row.get(0))?
            .collect::<rusqlite::Result<Vec<String>>>()
    });
    assert_eq!(texts.await.unwrap(), ["before", "after"]);
}

#[tokio::test]
async fn the_state_is_loaded_anew_after_a_refusal() {
    let place = Place::new();
    let journal = place.open();
    note(&journal, "one").await.unwrap();
    let lie = journal.write(|_, notes| {
        notes.count = 1_000;
        Err::<(), _>(Refusal::NotWanted)
    });
    assert!(lie.await.is_err());
    let state = journal
        .write(|_, notes| Ok::<_, Refusal>((notes.count, notes.loads)))
        .await;
    assert_eq!(state.unwrap(), (1, 1));
}

#[tokio::test]
async fn a_panicking_write_undoes_itself_and_the_journal_goes_on() {
    let place = Place::new();
    let journal = place.open();
    let panicked = journal.write(|conn, notes| {
        put(conn, notes, "half")?;
        if notes.count > 0 {
            panic!("a planted panic");
        }
        Ok::<_, Refusal>(())
    });
    match panicked.await {
        Err(WriteError::Fault(JournalError::Panicked(text))) => assert_eq!(text, "a planted panic"),
        other => panic!("{other:?}"),
    }
    note(&journal, "whole").await.unwrap();
    let (count, kept) = journal
        .write(|conn, notes| Ok::<_, Refusal>((notes.count, counted(conn)?)))
        .await
        .unwrap();
    assert_eq!((count, kept), (1, 1));
}

#[tokio::test]
async fn a_full_disk_is_said_and_room_makes_it_work_again() {
    let place = Place::new();
    let journal = place.open();
    let limit = |pages: i64| {
        journal.write(move |conn, _| {
            let pages_now: i64 = conn.query_row("PRAGMA page_count", [], |row| row.get(0))?;
            conn.query_row("PRAGMA max_page_count = 1", [], |_| Ok(()))?;
            let pages = if pages == 0 { pages_now } else { pages };
            conn.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))
        })
    };
    limit(0).await.unwrap();
    let large = "x".repeat(20_000);
    // SQLite's error may be bare or wrapped. Here SQLite rolls back the whole group.
    let text = large.clone();
    let full = journal
        .write(move |conn, notes| put(conn, notes, &text))
        .await;
    assert!(matches!(full, Err(WriteError::Full)), "{full:?}");
    let release = hold(&journal).await;
    let (small, full, ()) = tokio::join!(note(&journal, "small"), note(&journal, &large), async {
        drop(release)
    });
    assert!(
        matches!(
            (&small, &full),
            (Err(WriteError::Full), Err(WriteError::Full))
        ),
        "{small:?}"
    );
    limit(10_000).await.unwrap();
    note(&journal, &large).await.unwrap();
    assert_eq!(journal.read(counted).await.unwrap(), 1);
}

#[tokio::test]
async fn a_commit_that_fails_fails_its_whole_group_and_no_other() {
    let place = Place::new();
    let journal = place.open();
    // SQLite checks a deferred constraint at the commit, long after its write succeeded.
    let schema = journal.write(|conn, _| {
        conn.execute_batch(
            "CREATE TABLE replies (note INTEGER REFERENCES notes DEFERRABLE INITIALLY DEFERRED)",
        )
    });
    schema.await.unwrap();
    let release = hold(&journal).await;
    let orphan = journal.write(|conn, _| conn.execute("INSERT INTO replies VALUES (99)", []));
    let refused = journal.write(|_, _| Err::<(), _>(Refusal::NotWanted));
    let (sound, orphan, refused, ()) =
        tokio::join!(note(&journal, "sound"), orphan, refused, async {
            drop(release)
        });
    assert!(matches!(sound, Err(WriteError::Fault(_))), "{sound:?}");
    assert!(matches!(orphan, Err(WriteError::Fault(_))), "{orphan:?}");
    // A refusal may depend on another write of the group, so it fails with the group.
    assert!(matches!(refused, Err(WriteError::Fault(_))), "{refused:?}");
    note(&journal, "next").await.unwrap();
    let count = journal
        .write(|_, notes| Ok::<_, Refusal>(notes.count))
        .await
        .unwrap();
    assert_eq!((count, journal.read(counted).await.unwrap()), (1, 1));
}

#[tokio::test]
async fn a_transaction_that_sqlite_rolls_back_fails_its_group_and_the_rest_still_runs() {
    let place = Place::new();
    let journal = place.open();
    let release = hold(&journal).await;
    let broken = journal.write(|conn, notes| {
        put(conn, notes, "lost")?;
        conn.execute_batch("ROLLBACK")?;
        Err::<(), _>(Refusal::NotWanted)
    });
    let (before, broken, after, ()) = tokio::join!(
        note(&journal, "before"),
        broken,
        note(&journal, "after"),
        async {
            drop(release);
        }
    );
    assert!(matches!(before, Err(WriteError::Fault(_))), "{before:?}");
    assert!(
        matches!(broken, Err(WriteError::Refused(Refusal::NotWanted))),
        "{broken:?}"
    );
    assert!(after.is_ok(), "{after:?}");
    let count = journal
        .write(|_, notes| Ok::<_, Refusal>(notes.count))
        .await
        .unwrap();
    assert_eq!((count, journal.read(counted).await.unwrap()), (1, 1));
}

#[tokio::test]
async fn a_failing_hook_fails_the_group_although_the_commit_stands() {
    let place = Place::new();
    let journal = place.open();
    place.hook.fails.store(true, Ordering::SeqCst);
    // Never `Full`: it would promise that the note is not stored.
    let unsure = note(&journal, "unsure").await;
    assert!(
        matches!(unsure, Err(WriteError::Fault(JournalError::Io { .. }))),
        "{unsure:?}"
    );
    place.hook.fails.store(false, Ordering::SeqCst);
    note(&journal, "sure").await.unwrap();
    assert_eq!(journal.read(counted).await.unwrap(), 2);
    assert_eq!(place.hook.commits.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn every_commit_is_synced_and_readers_cannot_write() {
    let place = Place::new();
    let journal = place.open();
    let pragma = |name: &'static str| {
        journal.write(move |conn, _| {
            conn.query_row(&format!("PRAGMA {name}"), [], |row| {
                row.get::<_, rusqlite::types::Value>(0)
            })
        })
    };
    assert_eq!(
        pragma("journal_mode").await.unwrap(),
        "wal".to_owned().into()
    );
    assert_eq!(pragma("synchronous").await.unwrap(), 2.into());
    assert_eq!(pragma("foreign_keys").await.unwrap(), 1.into());
    let sneaky = journal
        .read(|conn| conn.execute("DELETE FROM notes", []))
        .await;
    assert!(
        matches!(sneaky, Err(JournalError::Sql { .. })),
        "{sneaky:?}"
    );
}

#[test]
fn only_a_full_disk_is_full() {
    assert!(!is_full(&rusqlite::Error::QueryReturnedNoRows));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// The file holds exactly the accepted writes, however successes, refusals and panics mix in
    /// groups.
    #[test]
    fn the_file_holds_what_was_answered_yes(fates in proptest::collection::vec(0..4_u8, 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let place = Place::new();
            let journal = place.open();
            let writes = fates.iter().enumerate().map(|(n, &fate)| {
                journal.write(move |conn, notes| {
                    put(conn, notes, &n.to_string())?;
                    match fate {
                        0 | 1 => Ok(()),
                        2 => Err(Refusal::NotWanted),
                        _ => std::panic::resume_unwind(Box::new("planted")),
                    }
                })
            });
            let answers = join_all(writes).await;
            let yes = i64::try_from(answers.iter().filter(|answer| answer.is_ok()).count()).unwrap();
            let kept = fates.iter().filter(|&&fate| fate < 2).count();
            assert_eq!(yes, i64::try_from(kept).unwrap());
            assert_eq!(journal.read(counted).await.unwrap(), yes);
            let count = journal.write(|_, notes| Ok::<_, Refusal>(notes.count)).await.unwrap();
            assert_eq!(count, yes);
        });
    }
}
