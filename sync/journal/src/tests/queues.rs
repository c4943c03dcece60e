//! Callers that wait, callers that get `Busy`, and both when the journal closes.

use std::{thread, time::Duration};

use super::*;
use crate::lock_file;

#[tokio::test]
async fn a_read_in_turn_waits_where_another_is_turned_away() {
    let place = Place::new();
    let journal = place.open();
    let (release, held) = mpsc::channel::<()>();
    let (started, has_started) = tokio::sync::oneshot::channel();
    let wait = journal.read(move |_| {
        let _ = started.send(());
        let _ = held.recv();
        Ok(())
    });
    let late = async {
        has_started.await.unwrap();
        let mut crowd = join_all((0..READS_WAITING_MAX).map(|_| journal.read(counted)));
        assert!(futures::poll!(&mut crowd).is_pending());
        let mut turned_away = Box::pin(journal.read(counted));
        let turned_away = futures::poll!(&mut turned_away);
        let mut waits = Box::pin(journal.read_in_turn(counted));
        assert!(futures::poll!(&mut waits).is_pending());
        drop(release);
        (crowd.await, turned_away, waits.await)
    };
    let (_, (crowd, turned_away, waited)) = tokio::join!(wait, late);
    assert!(crowd.iter().all(|read| matches!(read, Ok(0))));
    assert!(
        matches!(turned_away, Poll::Ready(Err(JournalError::Busy))),
        "{turned_away:?}"
    );
    assert_eq!(waited.unwrap(), 0);
}

#[tokio::test]
async fn a_full_queue_is_said_at_once() {
    let place = Place::new();
    let journal = place.open();
    let release = hold(&journal).await;
    let texts: Vec<_> = (0..4097).map(|n| n.to_string()).collect();
    let writes = texts.iter().map(|text| note(&journal, text));
    let (mut answers, ()) = join(join_all(writes), async { drop(release) }).await;
    let last = answers.pop().unwrap();
    assert!(matches!(last, Err(WriteError::Busy)), "{last:?}");
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(journal.read(counted).await.unwrap(), 4096);
}

#[tokio::test]
async fn closing_finishes_what_waits_and_refuses_what_comes_later() {
    let place = Place::new();
    let journal = place.open();
    let late = journal.clone();
    let release = hold(&journal).await;
    let waits = {
        let journal = journal.clone();
        tokio::task::spawn(async move { note(&journal, "waiting").await })
    };
    tokio::task::yield_now().await;
    let closing = tokio::task::spawn_blocking(move || journal.close());
    drop(release);
    closing.await.unwrap();
    waits.await.unwrap().unwrap();
    assert!(matches!(
        note(&late, "late").await,
        Err(WriteError::Stopped)
    ));
    assert!(matches!(
        late.read(counted).await,
        Err(JournalError::Stopped)
    ));
}

#[tokio::test]
async fn a_second_owner_is_refused_until_the_first_has_closed() {
    let place = Place::new();
    let journal = place.open();
    let make = |_: &Connection| Ok::<_, rusqlite::Error>(());
    let second = Journal::open(place.path(), Migrations::from_slice(STEPS), make, |_| {});
    assert!(matches!(second, Err(JournalError::Taken(_))));
    drop(journal);
    place.open().close();
}

#[test]
fn a_lock_that_is_just_being_released_is_waited_for() {
    let place = Place::new();
    place.open().close();
    let lock = lock_file(&place.path()).unwrap();
    let releasing = thread::spawn(move || {
        thread::sleep(Duration::from_millis(100));
        drop(lock);
    });
    place.open().close();
    releasing.join().unwrap();
}
