//! The fuzz targets: readers of untrusted bytes, each checked against its promises for any input.
//!
//! A broken promise panics. The fuzzer runs the targets in an instrumented build, the corpus test
//! in an ordinary one.

mod connect;
mod frame;
mod intake;
mod unpack;

pub struct FuzzTarget {
    /// Also the name of its corpus.
    pub name: &'static str,
    pub run: fn(&[u8]),
    /// Memory that a run may hold at once, including the checks: this much per input byte ...
    pub bytes_per_byte_max: usize,
    /// ... plus this much.
    pub bytes_besides_max: usize,
}

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

pub const TARGETS: [FuzzTarget; 4] = [
    FuzzTarget {
        name: "frame",
        run: frame::check,
        bytes_per_byte_max: 256,
        bytes_besides_max: 64 * KIB,
    },
    FuzzTarget {
        name: "unpack",
        run: unpack::check,
        bytes_per_byte_max: 256,
        bytes_besides_max: 24 * MIB,
    },
    FuzzTarget {
        name: "connect",
        run: connect::check,
        bytes_per_byte_max: 256,
        bytes_besides_max: 64 * KIB,
    },
    FuzzTarget {
        name: "intake",
        run: intake::check,
        bytes_per_byte_max: 64,
        bytes_besides_max: 64 * KIB,
    },
];

pub fn target(name: &str) -> Option<&'static FuzzTarget> {
    TARGETS.iter().find(|target| target.name == name)
}
