//! A snapshot of the region, sent in the middle of a session.

use wire::{
    Frame, LinkSessionId, Order, SnapshotChunk, SnapshotCursor, SnapshotPart, snapshot_hash,
    snapshot_start,
};

use super::{Cloud, FeedChange, GENERATION};

impl Cloud {
    /// Makes these the cloud's only orders and sends them as a snapshot of two chunks. Returns the
    /// feed number that it shows.
    pub(crate) fn send_snapshot(&self, orders: Vec<Order>) -> u64 {
        let (link_session, feed_seq) = self.with(|state| {
            state.orders = orders
                .iter()
                .map(|order| (order.id, order.clone()))
                .collect();
            let hello = state.hellos.last().expect("a session");
            let link_session = LinkSessionId {
                term: state.term,
                nonce: hello.nonce,
            };
            (link_session, state.feed.len() as u64 + 1)
        });
        let (first, second) = orders.split_at(orders.len() / 2);
        let next = second.first().map(|order| SnapshotCursor {
            kind: 0,
            entity: *order.id.as_bytes(),
        });
        let mut hash = snapshot_start(link_session, GENERATION, feed_seq);
        for (index, count, part, next) in [(0, 0, first, next), (1, 2, second, None)] {
            let changes = part.iter().cloned().map(FeedChange::Order).collect();
            let body = SnapshotPart { changes, next }.to_bytes();
            hash = snapshot_hash(hash, &body);
            self.interject(Frame::Snapshot(SnapshotChunk {
                link_session,
                feed_generation: GENERATION,
                feed_seq,
                index,
                count,
                hash,
                body: body.into(),
            }));
        }
        feed_seq
    }
}
