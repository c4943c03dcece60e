//! An incoming snapshot.

use wire::{SnapshotChunk, SnapshotPart, SnapshotPlace, snapshot_hash, snapshot_start};

use super::*;

fn chunk(index: u32, before: Hash, last: bool) -> SnapshotChunk {
    let changes = vec![Change::Order(order(u128::from(index), 1))];
    let next = (!last).then_some(SnapshotPlace { kind: 0, entity: [1; 16] });
    let body = SnapshotPart { changes, next }.to_bytes();
    SnapshotChunk {
        standing: STANDING,
        feed_generation: 6,
        feed_seq: 40,
        index,
        count: if last { index + 1 } else { 0 },
        hash: snapshot_hash(before, &body),
        body: body.into(),
    }
}

fn first() -> SnapshotChunk {
    chunk(0, snapshot_start(STANDING, 6, 40), false)
}

#[track_caller]
fn run(edge: &mut Edge, chunk: SnapshotChunk) -> SnapshotRun {
    let todo = edge.take(Frame::Snapshot(chunk));
    let [LinkStep::Store(EdgeWrite::Snapshot(run))] = &todo[..] else { panic!("{todo:?}") };
    run.clone()
}

#[test]
fn a_chunk_is_stored_only_behind_the_one_before_it() {
    let mut edge = open(position());
    ignores(&mut edge, Frame::Snapshot(chunk(1, first().hash, false)), IgnoreReason::Gap);
    let begun = run(&mut edge, first());
    assert!(begun.begins);
    let position = Position { staged: begun.staged(), ..position() };
    edge.moved(position.clone());
    ignores(&mut edge, Frame::Snapshot(first()), IgnoreReason::Stale);
    ignores(&mut edge, Frame::Snapshot(chunk(2, first().hash, false)), IgnoreReason::Gap);
    let other = Hash::of(b"another chunk");
    ignores(&mut edge, Frame::Snapshot(chunk(1, other, false)), IgnoreReason::Unexpected);
    let last = chunk(1, first().hash, true);
    let ended = run(&mut edge, last.clone());
    assert_eq!((ended.begins, ended.staged()), (false, None));

    edge.moved(Position { staged: None, snapshot: Some(last.hash), ..position.clone() });
    ignores(&mut edge, Frame::Snapshot(last), IgnoreReason::Stale);

    // Another run of the process continues from here.
    let mut edge = open(position);
    assert!(
        matches!(edge.hello(HubCheck::default()), Frame::Hello(hello) if hello.staged == begun.staged())
    );
}

/// A late copy of the first chunk would start a snapshot that is older than the view.
#[test]
fn an_image_that_is_the_view_is_not_begun_again() {
    let mut edge = open(position());
    let begun = run(&mut edge, first());
    edge.moved(Position { staged: begun.staged(), ..position() });
    let last = run(&mut edge, chunk(1, first().hash, true));
    let (snapshot, feed_generation) = (Some(last.hash), 6);
    let swapped = Position { snapshot, feed_generation, feed_cursor: 40, ..position() };
    edge.moved(swapped.clone());
    ignores(&mut edge, Frame::Snapshot(first()), IgnoreReason::Stale);
    edge.moved(Position { feed_cursor: 43, ..swapped.clone() });
    ignores(&mut edge, Frame::Snapshot(first()), IgnoreReason::Stale);

    let start = snapshot_start(STANDING, 6, 43);
    let repair = SnapshotChunk { feed_seq: 43, ..chunk(0, start, false) };
    assert!(run(&mut edge, repair).begins, "another one is");
    assert!(run(&mut open(swapped), first()).begins, "in another session it is another one");
}

#[test]
fn another_image_begins_anew() {
    let staged = |edge: &mut Edge| run(edge, first()).staged();
    let mut edge = open(position());
    let known = staged(&mut edge);
    edge.moved(Position { staged: known, ..position() });
    let start = snapshot_start(STANDING, 6, 41);
    let other = SnapshotChunk { feed_seq: 41, ..chunk(0, start, false) };
    assert!(run(&mut edge, other).begins);
}

#[test]
fn the_generation_comes_with_the_image_that_is_announced() {
    let greeted = |snapshot| {
        let mut edge = fresh(Position { feed_generation: 4, ..position() });
        edge.hello(HubCheck::default());
        let Frame::Welcome(welcome) = welcome(STANDING, Chain::start(&edge_id())) else { panic!() };
        let todo = edge.take(Frame::Welcome(Welcome { snapshot, ..welcome }));
        todo.contains(&LinkStep::Store(EdgeWrite::Generation(5)))
    };
    assert_eq!((greeted(None), greeted(Some(40))), (true, false));
}
