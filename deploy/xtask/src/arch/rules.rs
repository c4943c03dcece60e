//! The rules. Everything else under `arch` only checks them.

mod dependencies;
mod layers;
mod purity;
mod reserved_paths;

pub use dependencies::{BUILDS_MAY_USE, EDGES, RESERVED, TESTS_MAY_USE, UNBOUND};
pub use layers::LAYERS;
pub use purity::{DOMAIN, DOMAIN_MAY_USE, DOMAIN_ROOMS, IMPURE, IMPURE_DOMAIN, PURE, PURE_MAY_USE};
pub use reserved_paths::{RESERVED_PATHS, Reserved};

/// Modules that may hold SQL text; `sql` only in platform.
pub const SQL_MODULE: &str = "store";
pub const SQL_MODULE_OF_PLATFORM: &str = "sql";

/// Type names that several crates may define, each with its own meaning.
pub const REPEATED_TYPE_NAMES: &[&str] = &[
    "Config",
    "OpenError",
    "Peers",
    "Service",
    "Store",
    "StoreError",
];

/// Folders outside the product. Dependencies from there may go anywhere.
pub const OUTSIDE_THE_PRODUCT: &[&str] = &["tests", "deploy"];
