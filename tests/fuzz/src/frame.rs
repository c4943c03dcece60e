//! Frames of the link: the hub reads an edge's, an edge the hub's.

use wire::Frame;

/// # Panics
/// When a frame does not come out of its own bytes, or a refusal gives no reason.
pub fn check(bytes: &[u8]) {
    let frame = match Frame::from_bytes(bytes) {
        // The words of a newer peer are passed over, not kept.
        Ok(Frame::Unknown(_)) => return,
        Ok(frame) => frame,
        Err(error) => return assert_ne!(error.to_string(), ""),
    };
    assert_ne!(frame.kind(), "Unknown");
    match Frame::from_bytes(&frame.to_bytes()) {
        Ok(again) => assert_eq!(again, frame),
        Err(error) => panic!("{frame:?} cannot be read again: {error}"),
    }
}
