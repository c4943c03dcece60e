//! The dependencies that each crate may have.

/// Each crate with all its allowed dependencies among our crates. A crate without a row is a
/// finding: the author of a new crate must choose its dependencies on purpose.
pub const EDGES: &[(&str, &[&str])] = &[
    ("texts", &[]),
    ("texts-build", &[]),
    ("planted", &[]),
    ("wire", &["texts"]),
    ("mqtt-protocol", &[]),
    ("process", &["texts", "wire", "planted"]),
    ("engine", &["wire"]),
    ("rules", &["wire", "planted", "custody"]),
    ("custody", &["wire", "planted"]),
    ("journal", &["planted"]),
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
        &[
            "texts",
            "wire",
            "mqtt-protocol",
            "process",
            "planted",
            "engine",
            "journal",
        ],
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
    ("sqlx", &["platform"]),
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
    ("rcgen", &["hub", "holdfast-edge"]),
];
