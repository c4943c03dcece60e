//! Whether an edge's confirmed orders equal the cloud's.

use wire::{ChecksumState, Hash};

/// What the edge said in its newest Ack, beside what the feed says.
#[derive(Debug, Clone, Copy)]
pub struct Compared {
    /// The edge's digest; absent before its first Ack.
    pub edge: Option<Hash>,
    /// Orders on which an outcome has run ahead of the feed.
    pub ahead: u64,
    pub edge_cursor: u64,
    /// The region's digest at that cursor; absent where it is not kept any more.
    pub region: Option<Hash>,
    pub feed_seq: u64,
}

/// A difference at the same feed number is one whatever came later; equality counts only at the end
/// of the feed.
pub fn compare(words: Compared) -> ChecksumState {
    let Some(edge) = words.edge else { return ChecksumState::Unknown };
    let (0, Some(region)) = (words.ahead, words.region) else { return ChecksumState::Settling };
    match edge == region {
        false => ChecksumState::Mismatch,
        true if words.edge_cursor == words.feed_seq => ChecksumState::Match,
        true => ChecksumState::Settling,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_equal_digests_at_the_end_of_the_feed_match() {
        let (a, b) = (Some(Hash::of(b"a")), Some(Hash::of(b"b")));
        for (edge, ahead, edge_cursor, region, expected) in [
            (None, 0, 0, a, ChecksumState::Unknown),
            (a, 0, 9, a, ChecksumState::Match),
            (a, 0, 9, b, ChecksumState::Mismatch),
            (a, 0, 8, a, ChecksumState::Settling),
            (a, 0, 8, b, ChecksumState::Mismatch),
            (a, 1, 9, b, ChecksumState::Settling),
            (a, 0, 3, None, ChecksumState::Settling),
        ] {
            let words = Compared { edge, ahead, edge_cursor, region, feed_seq: 9 };
            assert_eq!(compare(words), expected, "{words:?}");
        }
    }
}
