//! The tests that only a deep run includes. Each takes as long as a dozen others, because it fills
//! a log, starts separate servers, or stops servers and waits for them to return.
//!
//! Every run still kills processes in the rounds of chaos, as their seed chooses, and tests
//! outages of the bus and of calls between parts as contracts.

/// A package, and the full name of a test or the beginning of one.
const ONLY_DEEP: [(&str, &str); 11] = [
    (
        "attack",
        "disks::somebody_with_the_disks_finds_a_live_token_or_a_password",
    ),
    (
        "attack",
        "newcomers::a_crowd_of_fresh_accounts_fills_the_log_of_an_edge",
    ),
    ("chaos", "broker_away::"),
    ("chaos", "database_away::"),
    ("chaos", "documents_killed::"),
    ("chaos", "parts_alone::"),
    ("e2e", "by_hand::the_block_runs_as_printed"),
    ("e2e", "part_users::"),
    ("e2e", "stores_by_tls::stores_by_tls_are_known"),
    ("e2e", "takes_effect::a_key_that_was_rotated"),
    ("e2e", "up::up_on_real_servers"),
];

/// The names that a package leaves out.
pub fn of_package(package: &str) -> impl Iterator<Item = &'static str> {
    let of_package = ONLY_DEEP.iter().filter(move |(of, _)| *of == package);
    of_package.map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;
    use crate::{shell, workspace};

    #[test]
    fn each_is_a_test_or_a_module_of_its_package() {
        let root = workspace::root().unwrap();
        for (package, name) in ONLY_DEEP {
            let written = match name.split_once("::").unwrap() {
                (module, "") => format!("^mod {module};$"),
                (_, test) => format!("^async fn {test}"),
            };
            let mut search = Command::new("grep");
            search.args(["-rqE", &written, "--include=*.rs"]);
            let is_there = shell::succeeds(search.arg(root.join("tests").join(package)));
            assert!(is_there, "{package} has no {name}");
        }
    }
}
