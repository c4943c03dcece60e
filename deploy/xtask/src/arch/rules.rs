//! What may be where. Everything else under `arch` only looks.

/// A crate with the whole of its allowed dependencies among our own crates. One without a row here
/// is a finding: a new crate decides on purpose what it stands on.
pub const EDGES: &[(&str, &[&str])] = &[
    ("texts", &[]),
    ("texts-build", &[]),
    ("wire", &["texts"]),
    ("process", &["texts", "wire"]),
    ("engine", &["wire"]),
    ("rules", &["wire", "custody"]),
    ("custody", &["wire"]),
    ("journal", &[]),
    ("sim", &["wire", "engine", "rules"]),
    ("money-sim", &["wire", "custody", "rules", "sim"]),
    ("platform", &["wire", "process", "journal"]),
    ("auth", SERVICE),
    ("order", &["texts", "wire", "process", "platform", "rules", "custody"]),
    ("payment", &["texts", "wire", "process", "platform", "custody"]),
    ("review", SERVICE),
    ("user", SERVICE),
    ("notification", SERVICE),
    ("gateway", SERVICE),
    ("hub", &["texts", "wire", "process", "platform", "engine"]),
    ("holdfast-edge", &["texts", "wire", "process", "engine", "journal"]),
    ("holdfast-cloud", CLOUD),
    ("holdfast-cli", &["texts", "wire", "process"]),
];

/// Deployment and tests stand outside the product and may use anything.
pub const UNBOUND: &[&str] = &[
    "stack",
    "support",
    "testing",
    "alipay-sandbox",
    "contract",
    "e2e",
    "chaos",
    "attack",
    "fuzz",
    "demo",
    "bench",
];

const SERVICE: &[&str] = &["texts", "wire", "process", "platform"];

const CLOUD: &[&str] = &[
    "texts",
    "wire",
    "process",
    "platform",
    "auth",
    "user",
    "order",
    "rules",
    "payment",
    "custody",
    "review",
    "notification",
    "gateway",
    "hub",
];

/// Every crate but the pure ones may stand on these in its tests, which need servers.
pub const TESTS_MAY_USE: &[&str] = &["support", "testing", "alipay-sandbox"];

/// What every crate may use while it is built: the check of its texts.
pub const BUILDS_MAY_USE: &[&str] = &["texts-build"];

/// Crates of others that only some of ours may name.
pub const RESERVED: &[(&str, &[&str])] = &[
    ("sqlx", &["platform", "auth", "order", "payment", "hub"]),
    ("rusqlite", &["journal", "platform", "holdfast-edge"]),
    ("rusqlite_migration", &["journal", "platform", "holdfast-edge"]),
    ("mongodb", &["platform"]),
    ("lapin", &["platform"]),
    ("redis", &["platform"]),
    ("object_store", &["platform"]),
    ("image", &["platform"]),
    ("lettre", &["notification"]),
    ("mqtt5", &["holdfast-edge"]),
];

/// State machines and decisions: the same input gives the same output, on any machine, for ever.
pub const PURE: &[&str] = &["engine", "rules", "custody"];

/// All that a pure crate may depend on. None of them does IO or reads a clock.
pub const PURE_MAY_USE: &[&str] = &[
    "wire",
    "custody",
    "serde",
    "serde_json",
    "minicbor",
    "thiserror",
    "blake3",
    "uuid",
    "proptest",
    "rstest",
];

/// Paths that no pure crate may name, nor anything below them, by the reason.
pub const IMPURE: &[(&str, &[&str])] = &[
    (
        "it does no IO and waits for nothing",
        &["tokio", "futures", "std::thread", "std::sync::mpsc"],
    ),
    ("it does no IO", &["rustix", "libc", "std::fs", "std::net", "std::io", "std::process"]),
    ("what it depends on comes in as a value", &["std::env"]),
    (TIME, &["std::time::Instant", "std::time::SystemTime", "std::time::UNIX_EPOCH"]),
    (TIME, &["jiff", "chrono", "time"]),
    ("randomness comes in as a value", &["rand", "fastrand", "getrandom", "ring"]),
    ("ids come in as values", &["uuid::Uuid::now_v7", "uuid::Uuid::new_v4"]),
    (ORDER, &["std::collections::HashMap", "std::collections::hash_map"]),
    ("its order is random: use BTreeSet", &["std::collections::HashSet"]),
    ("it is random", &["std::hash::RandomState"]),
];

/// The room of a service that decides. It is pure as those crates are, save that it may sum in a
/// `HashMap` and reckon with days; payment's is the crate `custody`, and the order service's is
/// `rules`.
pub const DOMAIN: &str = "domain";

/// Paths that no domain room may name, nor anything below them, by the reason.
pub const IMPURE_DOMAIN: &[(&str, &[&str])] = &[
    (
        "it does no IO and waits for nothing",
        &["tokio", "tokio_util", "futures", "std::thread", "std::sync::mpsc"],
    ),
    ("it does no IO", &["std::fs", "std::net", "std::io", "std::process", "rustix", "libc"]),
    ("it knows no store", &["sqlx", "rusqlite", "mongodb", "redis", "lapin", "object_store"]),
    ("it knows no protocol", &["axum", "tower", "hyper", "hyper_util", "reqwest", "lettre"]),
    ("what it depends on comes in as a value", &["std::env"]),
    (TIME, &["std::time::Instant", "std::time::SystemTime", "chrono::Utc", "chrono::Local"]),
    ("randomness comes in as a value", &["rand", "fastrand", "getrandom", "ring"]),
    ("it stands on values alone", &["platform", "process"]),
];

/// What a domain room may name all the same: values, without the machine that they come from.
pub const DOMAIN_MAY_USE: &[&str] = &[
    // How a moment is written into a document.
    "platform::documents::millis",
    // A sum over documents, as its fields.
    "platform::documents::Group",
    // A place in a list by time.
    "process::problem::TimeCursor",
];

/// The modules of its own crate that a domain room may name: itself, and the texts of the service.
pub const DOMAIN_ROOMS: &[&str] = &[DOMAIN, "say"];

const TIME: &str = "time comes in as a value";
const ORDER: &str = "its order is random: use BTreeMap";

/// Paths that stand in one place of the product only.
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
        // A listener holds its connections, which end with it.
        home: &["protocol/process/src/tasks.rs", "protocol/process/src/web/listen.rs"],
        why: "only `process::tasks` spawns",
    },
    Reserved {
        paths: &["uuid::Uuid::new_v4", "rand::rng", "rand::random", "getrandom::fill", "fastrand"],
        home: &["protocol/process/src/random.rs"],
        why: "only `process::random` draws random bytes",
    },
];

/// The rooms of a crate from the top to the bottom. A new room of such a crate takes its place
/// here.
pub const LAYERS: &[(&str, &[&[&str]])] = &[(
    "hub",
    &[
        &["http", "events", "jobs", "gauges"],
        &["session", "work", "feed", "news"],
        &["signals", "peers", "rounds"],
        &["store"],
        &["domain", "config"],
    ],
)];

/// Modules that may hold SQL text; `sql` only in platform.
pub const SQL_MODULE: &str = "store";
pub const SQL_MODULE_OF_PLATFORM: &str = "sql";

/// What the rooms of a service and its parts call their own: each has one.
pub const OWN_WORDS: &[&str] = &["Config", "OpenError", "Peers", "Service", "Store", "StoreError"];

/// Folders whose code is not the product's. Edges from there may go anywhere.
pub const OUTSIDE_THE_PRODUCT: &[&str] = &["tests", "deploy"];
