//! Link frames: the hub reads an edge's, an edge the hub's.

use wire::Frame;

/// # Panics
/// If a frame changes in a round trip, or a refusal has no reason.
pub fn check(bytes: &[u8]) {
    let frame = match Frame::from_bytes(bytes) {
        // Frames of a newer peer are ignored, and their bytes dropped.
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
