//! An incoming snapshot.

use wire::{SnapshotChunk, SnapshotCursor, SnapshotPart, snapshot_hash, snapshot_start};

use super::*;

fn chunk(index: u32, before: Hash, last: bool) -> SnapshotChunk {
    let changes = vec![FeedChange::Order(order(u128::from(index), 1))];
    let next = (!last).then_some(SnapshotCursor {
        kind: 0,
        entity: [1; 16],
    });
    let body = SnapshotPart { changes, next }.to_bytes();
    SnapshotChunk {
        link_session: LINK_SESSION,
        feed_generation: 6,
        feed_seq: 40,
        index,
        count: if last { index + 1 } else { 0 },
        hash: snapshot_hash(before, &body),
        body: body.into(),
    }
}

fn first() -> SnapshotChunk {
    chunk(0, snapshot_start(LINK_SESSION, 6, 40), false)
}

#[track_caller]
fn run(edge: &mut EdgeProtocol, chunk: SnapshotChunk) -> SnapshotChunkWrite {
    let todo = edge.handle_signed_frame(Frame::Snapshot(chunk));
    let [LinkStep::Store(EdgeWrite::Snapshot(run))] = &todo[..] else {
        panic!("{todo:?}")
    };
    run.clone()
}

#[test]
fn a_chunk_is_stored_only_behind_the_one_before_it() {
    let mut edge = open(position());
    ignores(
        &mut edge,
        Frame::Snapshot(chunk(1, first().hash, false)),
        IgnoreReason::Gap,
    );
    let begun = run(&mut edge, first());
    assert!(begun.begins);
    let position = EdgeFilePosition {
        staged: begun.as_staged(),
        ..position()
    };
    edge.update_position(position.clone());
    ignores(&mut edge, Frame::Snapshot(first()), IgnoreReason::Stale);
    ignores(
        &mut edge,
        Frame::Snapshot(chunk(2, first().hash, false)),
        IgnoreReason::Gap,
    );
    let other = Hash::digest_bytes(b"another chunk");
    ignores(
        &mut edge,
        Frame::Snapshot(chunk(1, other, false)),
        IgnoreReason::Unexpected,
    );
    let last = chunk(1, first().hash, true);
    let ended = run(&mut edge, last.clone());
    assert_eq!((ended.begins, ended.as_staged()), (false, None));

    edge.update_position(EdgeFilePosition {
        staged: None,
        snapshot: Some(last.hash),
        ..position.clone()
    });
    ignores(&mut edge, Frame::Snapshot(last), IgnoreReason::Stale);

    // Another run of the process continues from here.
    let mut edge = open(position);
    assert!(
        matches!(edge.start_greeting(HubCheck::default()), Frame::Hello(hello) if hello.staged == begun.as_staged())
    );
}

/// A late copy of the first chunk would start a snapshot that is older than the view.
#[test]
fn an_image_that_is_the_view_is_not_begun_again() {
    let mut edge = open(position());
    let begun = run(&mut edge, first());
    edge.update_position(EdgeFilePosition {
        staged: begun.as_staged(),
        ..position()
    });
    let last = run(&mut edge, chunk(1, first().hash, true));
    let snapshot = Some(last.hash);
    let feed_generation = 6;
    let swapped = EdgeFilePosition {
        snapshot,
        feed_generation,
        feed_cursor: 40,
        ..position()
    };
    edge.update_position(swapped.clone());
    ignores(&mut edge, Frame::Snapshot(first()), IgnoreReason::Stale);
    edge.update_position(EdgeFilePosition {
        feed_cursor: 43,
        ..swapped.clone()
    });
    ignores(&mut edge, Frame::Snapshot(first()), IgnoreReason::Stale);

    let start = snapshot_start(LINK_SESSION, 6, 43);
    let repair = SnapshotChunk {
        feed_seq: 43,
        ..chunk(0, start, false)
    };
    assert!(run(&mut edge, repair).begins, "another one is");
    assert!(
        run(&mut open(swapped), first()).begins,
        "in another session it is another one"
    );
}

#[test]
fn another_image_begins_anew() {
    let staged = |edge: &mut EdgeProtocol| run(edge, first()).as_staged();
    let mut edge = open(position());
    let known = staged(&mut edge);
    edge.update_position(EdgeFilePosition {
        staged: known,
        ..position()
    });
    let start = snapshot_start(LINK_SESSION, 6, 41);
    let other = SnapshotChunk {
        feed_seq: 41,
        ..chunk(0, start, false)
    };
    assert!(run(&mut edge, other).begins);
}

#[test]
fn the_generation_comes_with_the_image_that_is_announced() {
    let greeted = |snapshot| {
        let mut edge = fresh(EdgeFilePosition {
            feed_generation: 4,
            ..position()
        });
        edge.start_greeting(HubCheck::default());
        let Frame::Welcome(welcome) = welcome(LINK_SESSION, ChainHead::start(&edge_id())) else {
            panic!()
        };
        let todo = edge.handle_signed_frame(Frame::Welcome(Welcome {
            snapshot,
            ..welcome
        }));
        todo.contains(&LinkStep::Store(EdgeWrite::Generation(5)))
    };
    assert_eq!((greeted(None), greeted(Some(40))), (true, false));
}
