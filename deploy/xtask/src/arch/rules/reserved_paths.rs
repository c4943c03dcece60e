//! Paths that only one place of the product may name.

/// Paths allowed in one place of the product only.
pub struct Reserved {
    pub paths: &'static [&'static str],
    pub home: &'static [&'static str],
    pub why: &'static str,
}

pub const RESERVED_PATHS: &[Reserved] = &[
    Reserved {
        paths: &[
            "std::time::SystemTime::now",
            "std::time::Instant::now",
            "std::time::UNIX_EPOCH",
            "jiff::Timestamp::now",
            "jiff::Zoned::now",
            "uuid::Uuid::now_v7",
            "uuid::Uuid::now_v6",
            "uuid::Uuid::now_v1",
        ],
        home: &["protocol/process/src/clock.rs"],
        why: "only `process::clock` reads a clock or makes a UUIDv7",
    },
    Reserved {
        paths: &[
            "tokio::spawn",
            "tokio::task::spawn",
            "tokio::task::spawn_local",
            "tokio::task::JoinSet",
        ],
        // A listener owns its connections, which end with it.
        home: &[
            "protocol/process/src/tasks.rs",
            "protocol/process/src/web/listen.rs",
        ],
        why: "only `process::tasks` spawns",
    },
    Reserved {
        paths: &[
            "uuid::Uuid::new_v4",
            "rand::rng",
            "rand::random",
            "getrandom::fill",
            "fastrand",
        ],
        home: &["protocol/process/src/random.rs"],
        why: "only `process::random` draws random bytes",
    },
    Reserved {
        paths: &["planted::run_with"],
        home: &["sync/sim/src/bug.rs", "cloud/payment/sim/src/bug.rs"],
        why: "only the simulators plant a defect for a run",
    },
];
