use super::*;
use crate::BootNonce;

#[test]
fn a_part_reads_back_and_its_hash_knows_what_came_before() {
    let next = Some(SnapshotCursor {
        kind: 1,
        entity: [7; 16],
    });
    let part = SnapshotPart {
        changes: Vec::new(),
        next,
    };
    assert_eq!(SnapshotPart::from_bytes(&part.to_bytes()).unwrap(), part);
    let link_session = |term| LinkSessionId {
        term,
        nonce: BootNonce([1; 16]),
    };
    let start = snapshot_start(link_session(1), 5, 9);
    assert_ne!(start, snapshot_start(link_session(2), 5, 9));
    assert_ne!(snapshot_hash(start, b"a"), snapshot_hash(Hash::ZERO, b"a"));
}
