//! Runs every bench once at its smallest size, so a broken bench fails a test run. Such a short run
//! yields no useful figures, so the tests ignore them.

use std::{path::Path, process::Command};

/// Runs a bench and returns its output.
fn run_bench(program: &str, arguments: &[&str]) -> String {
    let run = Command::new(program)
        .args(arguments)
        .output()
        .expect("the bench can be started");
    let printed = String::from_utf8_lossy(&run.stdout).into_owned();
    let complaint = String::from_utf8_lossy(&run.stderr);
    assert!(
        run.status.success(),
        "{program} {arguments:?}: {printed}{complaint}"
    );
    printed
}

#[test]
fn drain_bench_compares_with_bare_inserts() {
    let printed = run_bench(env!("CARGO_BIN_EXE_holdfast-bench"), &["--ops", "100"]);
    assert!(printed.contains("all regions equal after"), "{printed}");
    assert!(printed.contains("bare"), "{printed}");
}

#[test]
fn documents_bench_compares_both_databases() {
    let printed = run_bench(env!("CARGO_BIN_EXE_documents-bench"), &["--turns", "1"]);
    assert!(
        printed.contains("MongoDB") && printed.contains("SQLite"),
        "{printed}"
    );
}

#[test]
fn gateway_bench_compares_two_builds() {
    let gateway_bench = env!("CARGO_BIN_EXE_gateway-bench");
    let programs = Path::new(gateway_bench)
        .parent()
        .expect("programs stand in a folder");
    let programs = programs.to_str().expect("a folder's name in UTF-8");
    let smallest = [programs, "--connections", "1", "--turns", "1"];
    let printed = run_bench(gateway_bench, &smallest);
    assert!(
        printed.contains("publish:") && printed.contains("read:"),
        "{printed}"
    );
}

#[test]
fn lag_bench_measures_both_lags() {
    let smallest = ["--per-second", "2", "--seconds", "1"];
    let printed = run_bench(env!("CARGO_BIN_EXE_lag-bench"), &smallest);
    assert!(printed.contains("payment.completed to held"), "{printed}");
    assert!(
        printed.contains("order.approved to the live stream"),
        "{printed}"
    );
}
