//! The rules. Everything else under `arch` only checks them.

/// Each crate with all its allowed dependencies among our crates. A crate without a row is a
/// finding: the author of a new crate must choose its dependencies on purpose.
pub const EDGES: &[(&str, &[&str])] = &[
    ("texts", &[]),
    ("texts-build", &[]),
    ("planted", &[]),
    ("wire", &["texts"]),
    ("process", &["texts", "wire", "planted"]),
    ("engine", &["wire"]),
    ("rules", &["wire", "planted", "custody"]),
    ("custody", &["wire", "planted"]),
    ("journal", &[]),
    ("sim", &["wire", "planted", "engine", "rules"]),
    ("money-sim", &["wire", "planted", "custody", "rules", "sim"]),
    ("platform", &["wire", "process", "planted", "journal"]),
    ("auth", SERVICE),
    (
        "order",
        &[
            "texts", "wire", "process", "planted", "platform", "rules", "custody",
        ],
    ),
    (
        "payment",
        &["texts", "wire", "process", "platform", "custody"],
    ),
    ("review", SERVICE),
    ("user", SERVICE),
    ("notification", SERVICE),
    ("gateway", SERVICE),
    (
        "hub",
        &["texts", "wire", "process", "planted", "platform", "engine"],
    ),
    (
        "holdfast-edge",
        &["texts", "wire", "process", "planted", "engine", "journal"],
    ),
    ("holdfast-cloud", CLOUD),
    ("holdfast-cli", &["texts", "wire", "process"]),
];

/// Deployment and tests are outside the product and may use anything.
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

/// The tests of every crate except the pure ones may depend on these, because they need servers.
pub const TESTS_MAY_USE: &[&str] = &["support", "testing", "alipay-sandbox"];

/// Build dependencies allowed for every crate: the check of its texts.
pub const BUILDS_MAY_USE: &[&str] = &["texts-build"];

/// Third-party crates that only some of ours may name.
pub const RESERVED: &[(&str, &[&str])] = &[
    ("sqlx", &["platform", "auth", "order", "payment", "hub"]),
    ("rusqlite", &["journal", "platform", "holdfast-edge"]),
    (
        "rusqlite_migration",
        &["journal", "platform", "holdfast-edge"],
    ),
    ("mongodb", &["platform"]),
    ("lapin", &["platform"]),
    ("redis", &["platform"]),
    ("object_store", &["platform"]),
    ("image", &["platform"]),
    ("lettre", &["notification"]),
    ("mqtt5", &["holdfast-edge"]),
];

/// State machines and decisions: the same input always gives the same output, on any machine.
pub const PURE: &[&str] = &["engine", "rules", "custody"];

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
    "uuid",
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
    (TIME, &["jiff", "chrono", "time"]),
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

const TIME: &str = "time is passed in as a value";
const ORDER: &str = "its order is random: use BTreeMap";

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

/// The modules of each crate of more than ten files, from top to bottom. Add each new module of
/// such a crate here.
pub const LAYERS: &[(&str, &[&[&str]])] = &[
    (
        "wire",
        &[
            &["hub_calls", "link"],
            &["event", "history", "op", "session_frames"],
            &["outcome"],
            &["share", "status"],
            &["assignment", "command", "validation", "visibility"],
            &["order", "topics"],
            &["hub_signature", "person"],
            &["code", "ids", "money", "pack", "time"],
        ],
    ),
    (
        "engine",
        &[
            &["right"],
            &["cloud", "edge", "verdict"],
            &["trusted_time", "view"],
        ],
    ),
    (
        "rules",
        &[
            &["decide"],
            &["batch"],
            &["order_rules"],
            &["disclosure", "ruling"],
            &["input"],
            &["assignment"],
        ],
    ),
    (
        "custody",
        &[
            &["decide", "payouts"],
            &["refunds"],
            &["payments"],
            &["transaction"],
            &["order_money"],
            &["books"],
            &["movement", "fees"],
        ],
    ),
    (
        "platform",
        &[
            &["dead_letters", "idempotency"],
            &["service"],
            &["outbox", "provider_verification"],
            &["consume", "jobs"],
            &["files", "ledger"],
            &["documents", "sessions", "caller"],
            &["bus", "cache", "sms", "sql"],
            &["messages", "sealing", "upstream"],
        ],
    ),
    (
        "sim",
        &[
            &["recording", "simulation"],
            &["scenarios", "seeds", "world"],
            &["counts", "harness", "recorder"],
            &["oracle"],
            &["cloud", "edge", "plan"],
            &["bug", "cast", "table", "tokens", "trace"],
            &["random"],
        ],
    ),
    (
        "money-sim",
        &[
            &["simulation"],
            &["scenarios", "world"],
            &["adapter", "counts", "plan", "record"],
            &["bug"],
        ],
    ),
    (
        "process",
        &[
            &["openapi"],
            &["routes"],
            &["client", "idempotency", "seal"],
            &["tokens", "trust", "web"],
            &["problem"],
            &["config", "health", "sse", "tasks", "telemetry", "trace"],
            &[
                "clock",
                "context",
                "metrics",
                "pages",
                "parts",
                "random",
            ],
        ],
    ),
    (
        "holdfast-cli",
        &[
            &["usage"],
            &["region", "wait"],
            &["explain"],
            &["edge_lifecycle", "queue", "status"],
            &["conflicts", "dlq", "edges", "keys", "login", "withdraw"],
            &["gateway"],
            &["values"],
            &["output"],
            &["layout"],
            &["style"],
        ],
    ),
    (
        "user",
        &[
            &["routes"],
            &["background", "handlers"],
            &["store"],
            &["domain"],
        ],
    ),
    (
        "gateway",
        &[
            &["pipeline"],
            &["handlers"],
            &["state"],
            &[
                "identity",
                "call",
                "limits",
                "matcher",
                "access_log",
                "stream_permits",
            ],
            &["config"],
            &["routes"],
            &["cookies", "trusted_proxies"],
            &["caller"],
        ],
    ),
    (
        "notification",
        &[
            &["routes"],
            &["handlers", "events", "jobs"],
            &["reminders", "confirmations"],
            &["delivery"],
            &["store", "channels", "config"],
            &["domain"],
        ],
    ),
    (
        "auth",
        &[
            &["routes"],
            &["handlers"],
            &["sign_in", "jobs"],
            &["service"],
            &["limits", "phone_codes", "session_cache", "signing", "oidc"],
            &["store", "config"],
            &["errors"],
            &["passwords"],
            &["domain"],
        ],
    ),
    (
        "order",
        &[
            &["routes"],
            &["handlers"],
            &["actions", "events", "jobs"],
            &["store"],
        ],
    ),
    (
        "payment",
        &[
            &["routes", "jobs"],
            &["handlers"],
            &["reconcile"],
            &["actions"],
            &["events"],
            &["adapter"],
            &["store"],
        ],
    ),
    (
        "review",
        &[
            &["routes"],
            &["handlers"],
            &["actions"],
            &["store"],
            &["domain"],
        ],
    ),
    (
        "hub",
        &[
            &["routes"],
            &["handlers", "jobs"],
            &["session", "work", "feed", "live_updates"],
            &["polling", "peers"],
            &["store"],
            &["domain", "config"],
        ],
    ),
    (
        "holdfast-edge",
        &[
            &["running"],
            &["enrol", "http", "jobs", "link"],
            &["data_folder", "board"],
            &["mqtt"],
            &["intake"],
            &["context"],
            &[
                "authentication",
                "clock_check",
                "disk",
                "people",
                "receipts",
            ],
            &["store"],
            &["config"],
        ],
    ),
];

/// Modules that may hold SQL text; `sql` only in platform.
pub const SQL_MODULE: &str = "store";
pub const SQL_MODULE_OF_PLATFORM: &str = "sql";

/// Type names that every module of a service and its parts may define separately.
pub const OWN_WORDS: &[&str] = &[
    "Config",
    "OpenError",
    "Peers",
    "Service",
    "Store",
    "StoreError",
];

/// Folders outside the product. Dependencies from there may go anywhere.
pub const OUTSIDE_THE_PRODUCT: &[&str] = &["tests", "deploy"];
