//! Pure crates and modules, and the paths that they may not name.

const TIME: &str = "time is passed in as a value";
const ORDER: &str = "its order is random: use BTreeMap";

/// State machines and decisions: the same input always gives the same output, on any machine.
pub const PURE: &[&str] = &["engine", "rules", "custody", "mqtt-protocol"];

/// All allowed dependencies of a pure crate; they do no IO and read no clock.
pub const PURE_MAY_USE: &[&str] = &[
    "wire",
    "planted",
    "custody",
    "serde",
    "serde_json",
    "minicbor",
    "thiserror",
    "blake3",
    "bytes",
    "uuid",
    // Calendar arithmetic, with tables of time zones that are compiled in.
    "chrono",
    "chrono-tz",
    "proptest",
    "rstest",
];

/// Paths that a pure crate may not name, including everything below them, grouped by reason.
pub const IMPURE: &[(&str, &[&str])] = &[
    (
        "it does no IO and never blocks",
        &["tokio", "futures", "std::thread", "std::sync::mpsc"],
    ),
    (
        "it does no IO",
        &[
            "rustix",
            "libc",
            "std::fs",
            "std::net",
            "std::io",
            "std::process",
        ],
    ),
    ("its inputs are passed in as values", &["std::env"]),
    (
        TIME,
        &[
            "std::time::Instant",
            "std::time::SystemTime",
            "std::time::UNIX_EPOCH",
        ],
    ),
    (TIME, &["jiff", "chrono::Utc", "chrono::Local", "time"]),
    (
        "randomness is passed in as a value",
        &["rand", "fastrand", "getrandom", "ring"],
    ),
    (
        "ids are passed in as values",
        &["uuid::Uuid::now_v7", "uuid::Uuid::new_v4"],
    ),
    (
        ORDER,
        &["std::collections::HashMap", "std::collections::hash_map"],
    ),
    (
        "its order is random: use BTreeSet",
        &["std::collections::HashSet"],
    ),
    ("it is random", &["std::hash::RandomState"]),
];

/// The module of a service that decides. It is as pure as those crates, except that it may sum in a
/// `HashMap` and do calendar arithmetic. Payment's is the crate `custody`, and the order service's
/// is `rules`.
pub const DOMAIN: &str = "domain";

/// Paths that a domain module may not name, including everything below them, grouped by reason.
pub const IMPURE_DOMAIN: &[(&str, &[&str])] = &[
    (
        "it does no IO and never blocks",
        &[
            "tokio",
            "tokio_util",
            "futures",
            "std::thread",
            "std::sync::mpsc",
        ],
    ),
    (
        "it does no IO",
        &[
            "std::fs",
            "std::net",
            "std::io",
            "std::process",
            "rustix",
            "libc",
        ],
    ),
    (
        "it does not access a store",
        &[
            "sqlx",
            "rusqlite",
            "mongodb",
            "redis",
            "lapin",
            "object_store",
        ],
    ),
    (
        "it does not implement a protocol",
        &["axum", "tower", "hyper", "hyper_util", "reqwest", "lettre"],
    ),
    ("its inputs are passed in as values", &["std::env"]),
    (
        TIME,
        &[
            "std::time::Instant",
            "std::time::SystemTime",
            "chrono::Utc",
            "chrono::Local",
        ],
    ),
    (
        "randomness is passed in as a value",
        &["rand", "fastrand", "getrandom", "ring"],
    ),
    ("it depends only on values", &["platform", "process"]),
];

/// Exceptions for a domain module: values, without the machinery they come from.
pub const DOMAIN_MAY_USE: &[&str] = &[
    // The form of a timestamp in a document.
    "platform::documents::millis",
    // A sum over documents, as its fields.
    "platform::documents::GroupTotals",
    // A position in a list by time.
    "process::problem::TimeCursor",
];

/// Modules of its crate that a domain module may name: itself, and the texts of the service.
pub const DOMAIN_ROOMS: &[&str] = &[DOMAIN, "say"];
