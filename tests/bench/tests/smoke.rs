//! Runs benches once at their smallest size, so a broken bench fails a test run: all of them in a
//! deep run, one in others. Such a short run yields no useful figures, so the tests ignore them.

use std::{path::Path, process::Command};

use support::is_deep_run;

struct Smoke {
    program: &'static str,
    arguments: Vec<String>,
    /// Parts of a finished report.
    expected: [&'static str; 2],
}

impl Smoke {
    fn new(program: &'static str, arguments: &[&str], expected: [&'static str; 2]) -> Self {
        Self {
            program,
            arguments: arguments.iter().map(|word| (*word).to_owned()).collect(),
            expected,
        }
    }

    fn run(&self) {
        let Self {
            program, arguments, ..
        } = self;
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
        for part in self.expected {
            assert!(printed.contains(part), "{part:?} is missing: {printed}");
        }
    }
}

fn landing_bench() -> Smoke {
    Smoke::new(
        env!("CARGO_BIN_EXE_holdfast-bench"),
        &["--ops", "100"],
        ["all regions equal after", "bare"],
    )
}

/// Compares stores, and two builds that are both this one, and measures lags.
fn list_deep_benches() -> [Smoke; 3] {
    let gateway_bench = env!("CARGO_BIN_EXE_gateway-bench");
    let programs = Path::new(gateway_bench)
        .parent()
        .expect("programs stand in a folder");
    let programs = programs.to_str().expect("a folder's name in UTF-8");
    [
        Smoke::new(
            env!("CARGO_BIN_EXE_documents-bench"),
            &["--turns", "1"],
            ["MongoDB", "SQLite"],
        ),
        Smoke::new(
            gateway_bench,
            &[programs, "--connections", "1", "--turns", "1"],
            ["publish:", "read:"],
        ),
        Smoke::new(
            env!("CARGO_BIN_EXE_lag-bench"),
            &["--per-second", "2", "--seconds", "1"],
            [
                "payment.completed to held",
                "order.approved to the live stream",
            ],
        ),
    ]
}

#[test]
fn benches_finish_with_a_whole_report() {
    landing_bench().run();
    if is_deep_run() {
        for smoke in list_deep_benches() {
            smoke.run();
        }
    }
}
