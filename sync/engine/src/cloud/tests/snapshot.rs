//! When an edge gets a snapshot, and how the transfer runs.

use wire::{Order, SnapshotChunk, SnapshotCursor, SnapshotPart, StagedSnapshot, snapshot_hash};

use super::*;
use crate::cloud::ChunkRequest;

const SEQ: u64 = 90;

fn takes(hello: Hello) -> Hello {
    Hello {
        snapshots: Some(true),
        ..hello
    }
}

fn place(n: u8) -> SnapshotCursor {
    SnapshotCursor {
        kind: 0,
        entity: [n; 16],
    }
}

/// The `n`th of `parts` parts of a snapshot.
fn part(n: u8, parts: u8) -> SnapshotPart {
    let order: Order = crate::tests::order(n.into(), 1);
    let next = (n + 1 < parts).then_some(place(n + 1));
    SnapshotPart {
        changes: vec![wire::FeedChange::Order(order)],
        next,
    }
}

fn wanted(outputs: &[SyncSessionOutput]) -> Option<ChunkRequest> {
    outputs.iter().find_map(|output| match output {
        SyncSessionOutput::ReadSnapshot(wanted) => Some(*wanted),
        _ => None,
    })
}

fn chunk(outputs: &[SyncSessionOutput]) -> Option<SnapshotChunk> {
    outputs.iter().find_map(|output| match output {
        SyncSessionOutput::Send(Frame::Snapshot(chunk)) => Some(chunk.clone()),
        _ => None,
    })
}

fn staged(chunk: &SnapshotChunk) -> Option<StagedSnapshot> {
    let part = SnapshotPart::from_bytes(&chunk.body).unwrap();
    let feed_generation = chunk.feed_generation;
    let feed_seq = chunk.feed_seq;
    let chunks = chunk.index + 1;
    let hash = chunk.hash;
    Some(StagedSnapshot {
        feed_generation,
        feed_seq,
        chunks,
        hash,
        next: part.next?,
    })
}

fn at(feed_seq: u64) -> StoredEdge {
    StoredEdge {
        feed_seq,
        ..stored(chain_at(&log(1), 1))
    }
}

fn of(feed_generation: u64, feed_cursor: u64) -> Hello {
    takes(Hello {
        feed_generation,
        feed_cursor,
        ..hello(&log(1))
    })
}

/// A session of an edge with another feed generation, and its first chunk request.
fn begun() -> (SyncSession, ChunkRequest) {
    let (session, outputs) = greeted(of(4, 8), at(SEQ));
    (session, wanted(&outputs).unwrap())
}

#[test]
fn an_image_is_sent_where_the_feed_cannot_go_on_and_where_it_is_cheaper() {
    let compacted = |from| StoredEdge {
        feed_holds_from: from,
        ..at(SEQ)
    };
    let held = StoredEdge {
        granted_seq: Some(30),
        ..at(SEQ)
    };
    let many = |orders| StoredEdge {
        orders,
        ..at(5_000)
    };
    for (why, hello, stored, as_of) in [
        ("a new edge reads a short feed", of(0, 0), at(SEQ), None),
        (
            "and takes an image of a long one",
            of(0, 0),
            many(5_000),
            Some(5_000),
        ),
        ("another generation", of(4, 8), at(SEQ), Some(SEQ)),
        ("ahead of the feed", of(5, SEQ + 1), at(SEQ), Some(SEQ)),
        ("at its end", of(5, SEQ), at(SEQ), None),
        ("behind what is held", of(5, 8), compacted(9), Some(SEQ)),
        ("at what is held", of(5, 9), compacted(9), None),
        (
            "the changes are fewer than the orders",
            of(5, 9),
            many(4_991),
            None,
        ),
        ("they are more", of(5, 9), many(4_990), Some(5_000)),
        (
            "the grant is still to be compared",
            of(4, 8),
            held,
            Some(30),
        ),
        ("it takes none", hello(&log(1)), many(10), None),
    ] {
        let (_, outputs) = greeted(hello, stored);
        let [SyncSessionOutput::Send(Frame::Welcome(welcome)), ..] = &outputs[..] else {
            panic!("{why}: {outputs:?}")
        };
        assert_eq!(welcome.snapshot, as_of, "{why}");
        assert_eq!(
            wanted(&outputs).map(|wanted| wanted.feed_seq),
            as_of,
            "{why}"
        );
        let feed = outputs
            .iter()
            .any(|output| matches!(output, SyncSessionOutput::ReadFeed { .. }));
        assert!(as_of.is_none() || !feed, "{why}: the feed waits");
    }
}

#[test]
fn chunks_continue_each_other_and_few_are_on_the_wire() {
    let (mut session, first) = begun();
    assert_eq!(
        first,
        ChunkRequest {
            feed_seq: SEQ,
            after: None
        }
    );
    let mut next = Some(first);
    let mut chunks = Vec::new();
    while let Some(wanted_now) = next {
        let n = u8::try_from(chunks.len()).unwrap();
        assert_eq!(wanted_now.after, (n > 0).then_some(place(n)));
        let outputs = session.handle_input(SyncSessionInput::Snapshot(part(n, 9)), NOW);
        chunks.push(chunk(&outputs).unwrap());
        next = wanted(&outputs);
    }
    assert_eq!(chunks.len(), 4, "the edge has stored none of them");
    for (before, after) in chunks.iter().zip(&chunks[1..]) {
        assert_eq!(after.hash, snapshot_hash(before.hash, &after.body));
    }
    let stored = Ack {
        staged: staged(&chunks[1]),
        ..ack(0, 8)
    };
    let outputs = session.handle_input(SyncSessionInput::Frame(Frame::Ack(stored)), NOW);
    assert_eq!(wanted(&outputs).unwrap().after, Some(place(4)));
    let [SyncSessionOutput::SaveAck(saved, _), ..] = &outputs[..] else {
        panic!("{outputs:?}")
    };
    assert_eq!(saved.feed_cursor, 0, "its cursor is none of this feed");
}

#[test]
fn the_feed_goes_on_behind_the_image_once_the_edge_has_it() {
    let (mut session, _) = begun();
    let outputs = session.handle_input(SyncSessionInput::Snapshot(part(0, 1)), NOW);
    let last = chunk(&outputs).unwrap();
    assert_eq!((last.index, last.count, wanted(&outputs)), (0, 1, None));
    let reach = SyncSessionInput::FeedReaches {
        generation: 5,
        feed_seq: SEQ + 3,
    };
    assert_eq!(
        session.handle_input(reach, NOW),
        [],
        "the feed waits for the image"
    );
    let other = Ack {
        snapshot: Some(Hash::digest_bytes(b"an earlier image")),
        ..ack(0, SEQ)
    };
    let outputs = session.handle_input(SyncSessionInput::Frame(Frame::Ack(other)), NOW);
    assert!(
        matches!(outputs[..], [SyncSessionOutput::SaveAck(..)]),
        "{outputs:?}"
    );

    let taken = Ack {
        snapshot: Some(last.hash),
        ..ack(0, SEQ)
    };
    let outputs = session.handle_input(SyncSessionInput::Frame(Frame::Ack(taken)), NOW);
    let [
        SyncSessionOutput::SaveAck(saved, _),
        SyncSessionOutput::SnapshotTaken,
        SyncSessionOutput::ReadFeed { after, .. },
    ] = &outputs[..]
    else {
        panic!("{outputs:?}")
    };
    assert_eq!((saved.feed_cursor, *after), (SEQ, SEQ));
}

#[test]
fn a_session_goes_on_behind_what_an_earlier_one_has_brought() {
    let (mut session, _) = begun();
    let first = chunk(&session.handle_input(SyncSessionInput::Snapshot(part(0, 3)), NOW)).unwrap();
    let hello = Hello {
        staged: staged(&first),
        ..of(4, 8)
    };
    let resumed = |stored| greeted(hello.clone(), stored);
    let (mut session, outputs) = resumed(at(SEQ + 10));
    let next = ChunkRequest {
        feed_seq: SEQ,
        after: Some(place(1)),
    };
    assert_eq!(
        wanted(&outputs),
        Some(next),
        "as of the number at which it began"
    );
    let second = chunk(&session.handle_input(SyncSessionInput::Snapshot(part(1, 3)), NOW)).unwrap();
    assert_eq!(
        (second.index, second.hash),
        (1, snapshot_hash(first.hash, &second.body))
    );

    for (why, stored) in [
        (
            "what left since is not told any more",
            StoredEdge {
                feed_holds_from: SEQ + 1,
                ..at(95)
            },
        ),
        (
            "the rest of it is forgotten",
            StoredEdge {
                feed_compacted_to: SEQ + 1,
                ..at(95)
            },
        ),
        (
            "another feed",
            StoredEdge {
                feed_generation: 6,
                ..at(95)
            },
        ),
        ("it is ahead of the feed", at(SEQ - 1)),
    ] {
        let as_of = stored.feed_seq;
        let (_, outputs) = resumed(stored);
        let anew = ChunkRequest {
            feed_seq: as_of,
            after: None,
        };
        assert_eq!(wanted(&outputs), Some(anew), "{why}");
    }
    let read_on = |feed_cursor| Hello {
        staged: staged(&first),
        ..of(5, feed_cursor)
    };
    let resumed = |feed_cursor| wanted(&greeted(read_on(feed_cursor), at(SEQ + 10)).1);
    assert_eq!(resumed(SEQ), Some(next), "as of its own number: a repair");
    assert_eq!(resumed(SEQ + 1), None, "it has read beyond that");
}

#[test]
fn chunks_of_which_no_word_comes_go_out_again() {
    let (mut session, _) = begun();
    let first = chunk(&session.handle_input(SyncSessionInput::Snapshot(part(0, 2)), NOW)).unwrap();
    session.handle_input(SyncSessionInput::Snapshot(part(1, 2)), NOW);
    let stored = Ack {
        staged: staged(&first),
        ..ack(0, 8)
    };
    session.handle_input(SyncSessionInput::Frame(Frame::Ack(stored)), NOW);
    let again: Vec<SyncSessionOutput> = (0..15)
        .flat_map(|_| session.handle_input(SyncSessionInput::Tick, NOW))
        .collect();
    let wanted = ChunkRequest {
        feed_seq: SEQ,
        after: Some(place(1)),
    };
    assert_eq!(
        again,
        [SyncSessionOutput::ReadSnapshot(wanted)],
        "from the one that is stored on"
    );
}

#[test]
fn a_repair_puts_an_image_before_what_the_feed_brings_next() {
    let (mut session, _) = greeted(of(5, SEQ), at(SEQ));
    let outputs = session.handle_input(repair(SEQ, None), NOW);
    assert_eq!(
        wanted(&outputs),
        Some(ChunkRequest {
            feed_seq: SEQ,
            after: None
        })
    );
    assert_eq!(session.handle_input(repair(SEQ, None), NOW), [], "once");
    let reach = SyncSessionInput::FeedReaches {
        generation: 5,
        feed_seq: SEQ + 1,
    };
    assert_eq!(session.handle_input(reach, NOW), []);
    let late = SyncSessionInput::Feed {
        to: SEQ + 1,
        changes: Vec::new(),
    };
    assert_eq!(
        session.handle_input(late, NOW),
        [],
        "read before the image began"
    );
    let kept = SyncSessionInput::Frame(Frame::Ack(ack(0, SEQ)));
    let [SyncSessionOutput::SaveAck(saved, _)] = &session.handle_input(kept, NOW)[..] else {
        panic!()
    };
    assert_eq!(saved.feed_cursor, SEQ);
}

/// The edge identifies a snapshot by its last chunk's hash, which covers session and number but
/// does not distinguish two transfers.
#[test]
fn a_second_repair_as_of_the_same_number_takes_another_session() {
    let (mut session, _) = greeted(of(5, SEQ), at(SEQ));
    let repairs =
        |session: &mut SyncSession, feed_seq| session.handle_input(repair(feed_seq, None), NOW);
    let takes = |session: &mut SyncSession| {
        let outputs = session.handle_input(SyncSessionInput::Snapshot(part(0, 1)), NOW);
        let last = chunk(&outputs).unwrap();
        let taken = Ack {
            snapshot: Some(last.hash),
            ..ack(0, last.feed_seq)
        };
        let outputs = session.handle_input(SyncSessionInput::Frame(Frame::Ack(taken)), NOW);
        assert!(
            outputs.contains(&SyncSessionOutput::SnapshotTaken),
            "{outputs:?}"
        );
        last.hash
    };
    assert!(wanted(&repairs(&mut session, SEQ)).is_some());
    let first = takes(&mut session);
    assert!(wanted(&repairs(&mut session, SEQ + 1)).is_some());
    assert_ne!(
        takes(&mut session),
        first,
        "of another number it is another image"
    );
    let [SyncSessionOutput::End(refused)] = &repairs(&mut session, SEQ + 1)[..] else {
        panic!()
    };
    assert_eq!(refused.code, Code::Unavailable);
}

fn repair(feed_seq: u64, granted_seq: Option<u64>) -> SyncSessionInput {
    SyncSessionInput::Repair {
        feed_seq,
        granted_seq,
    }
}

/// A session welcomed at the end of the feed, with `more` later changes sent and none acknowledged.
fn at_the_end_and_sent(more: u64) -> SyncSession {
    let (mut session, _) = greeted(of(5, SEQ), at(SEQ));
    session.handle_input(
        SyncSessionInput::FeedReaches {
            generation: 5,
            feed_seq: SEQ + more,
        },
        NOW,
    );
    session.handle_input(
        SyncSessionInput::Feed {
            to: SEQ + more,
            changes: Vec::new(),
        },
        NOW,
    );
    session
}

#[test]
fn a_repair_is_as_of_no_number_behind_what_the_edge_has_and_crosses_no_grant() {
    let mut session = at_the_end_and_sent(4);
    let as_of = |outputs: &[SyncSessionOutput]| wanted(outputs).map(|wanted| wanted.feed_seq);
    let outputs = session.handle_input(repair(SEQ + 1, None), NOW);
    assert_eq!(
        as_of(&outputs),
        Some(SEQ + 4),
        "the hub has heard late of the feed"
    );

    let mut session = at_the_end_and_sent(4);
    let outputs = session.handle_input(repair(SEQ + 9, Some(SEQ + 7)), NOW);
    assert_eq!(
        as_of(&outputs),
        Some(SEQ + 7),
        "the grant is still to be compared"
    );

    let mut session = at_the_end_and_sent(4);
    let on_its_way = repair(SEQ + 9, Some(SEQ + 3));
    assert_eq!(
        session.handle_input(on_its_way.clone(), NOW),
        [],
        "the grant is on its way"
    );
    session.handle_input(SyncSessionInput::Frame(Frame::Ack(ack(0, SEQ + 4))), NOW);
    assert_eq!(
        as_of(&session.handle_input(on_its_way, NOW)),
        Some(SEQ + 9),
        "it is read"
    );
}
