//! Owns the fuzz targets: the readers of bytes from strangers, each held to its promises for
//! whatever input.
//!
//! A broken promise is a panic. The fuzzer runs them in an instrumented build, the corpus test in
//! an ordinary one.

mod connect;
mod frame;
mod intake;
mod unpack;

pub struct FuzzTarget {
    /// Also the folder of its corpus.
    pub name: &'static str,
    pub run: fn(&[u8]),
    /// Memory that a run may hold at once, with the checks: so much for each byte of the input ...
    pub bytes_per_byte_max: usize,
    /// ... and so much besides.
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
