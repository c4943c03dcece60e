//! `cargo xtask mutants`: plants each defect in the real processes and sees a named test go red.
//!
//! Must stay true: the same test is green without the defect, so that it is the defect that it finds.

use std::fs;

use crate::{
    Result, shell,
    suites::{Suites, TestCount},
    test_servers::TestServers,
    workspace,
};

struct Mutant {
    /// The word for it in `HOLDFAST_DEFECT`.
    defect: &'static str,
    package: &'static str,
    /// The test program, and the test in it that must go red, on every arm it runs on.
    suite: &'static str,
    test: &'static str,
    /// What the test is to be run with, also without the defect, where it would otherwise draw.
    environment: &'static [(&'static str, &'static str)],
}

/// These rounds bring an accept from elsewhere to the cloud while the holder, cut off, has promised the
/// same order to somebody else.
const ROUNDS_WITH_A_BROKEN_PROMISE: [(&str, &str); 2] =
    [("HOLDFAST_CHAOS_SEED", "1"), ("HOLDFAST_CHAOS_ROUNDS", "4")];

const MUTANTS: [Mutant; 14] = [
    Mutant {
        defect: "answer_before_commit",
        package: "holdfast-edge",
        suite: "process",
        test: "every_receipt_outlives_a_kill_at_any_moment",
        environment: &[],
    },
    Mutant {
        defect: "up_before_commit",
        package: "holdfast-edge",
        suite: "edge",
        test: "uplink::what_goes_up_stands_in_the_file_already",
        environment: &[],
    },
    Mutant {
        defect: "assignment_not_locked",
        package: "order",
        suite: "service",
        test: "store::races::a_decision_waits_for_a_change_of_its_regions_assignment_and_no_others",
        environment: &[],
    },
    Mutant {
        defect: "no_command_dedupe",
        package: "order",
        suite: "service",
        test: "store::races::one_command_sent_many_times_at_once_takes_effect_once",
        environment: &[],
    },
    Mutant {
        defect: "no_outbox_row",
        package: "order",
        suite: "service",
        test: "store::writing::a_decision_writes_order_timeline_answer_and_event",
        environment: &[],
    },
    Mutant {
        defect: "bus_confirms_before_write",
        package: "contract",
        suite: "bus_crash",
        test: "nothing_confirmed_is_lost_by_a_kill",
        environment: &[],
    },
    Mutant {
        defect: "relay_marks_before_confirm",
        package: "contract",
        suite: "rabbit_outage",
        test: "what_is_committed_while_the_broker_is_away_leaves_in_order_when_it_is_back",
        environment: &[],
    },
    Mutant {
        defect: "op_retired_before_outcome",
        package: "holdfast-edge",
        suite: "edge",
        test: "retire::no_reader_ever_finds_a_command_that_neither_waits_nor_is_decided",
        environment: &[],
    },
    Mutant {
        defect: "high_water_ignored",
        package: "chaos",
        suite: "restore",
        test: "a_database_from_the_clouds_very_cursor_is_found_out_and_the_tablets_bring_the_rest",
        environment: &[],
    },
    Mutant {
        defect: "receipts_ignored",
        package: "chaos",
        suite: "restore",
        test: "a_whole_machine_is_found_out_by_a_tablet_that_holds_a_newer_receipt",
        environment: &[],
    },
    Mutant {
        defect: "nothing_relogged",
        package: "chaos",
        suite: "restore",
        test: "a_database_a_thousand_ops_old_is_found_out_and_the_cloud_gives_back_what_it_lost",
        environment: &[],
    },
    Mutant {
        defect: "old_session_not_asked",
        package: "chaos",
        suite: "restore",
        test: "a_clone_beside_its_original_is_refused_and_its_commands_arrive_under_a_name_of_its_own",
        environment: &[],
    },
    Mutant {
        defect: "epoch_without_take_back",
        package: "hub",
        suite: "service",
        test: "quarantine::a_restored_edge_loses_its_epoch_gets_its_tail_and_goes_on",
        environment: &[],
    },
    Mutant {
        defect: "holder_ignored",
        package: "chaos",
        suite: "rounds",
        test: "whatever_is_cut_and_killed_the_four_promises_stand",
        environment: &ROUNDS_WITH_A_BROKEN_PROMISE,
    },
];

const VARIABLE: &str = "HOLDFAST_DEFECT";
/// Those of the product that have a place for a defect.
const PROGRAMS: [&str; 2] = ["holdfast-cloud", "holdfast-edge"];

struct Verdict {
    went_red: bool,
    control_is_green: bool,
}

/// All of them, or the one that is named.
pub fn run(suites: &Suites, servers: &TestServers, only: Option<&str>) -> Result<()> {
    let chosen: Vec<&Mutant> =
        MUTANTS.iter().filter(|mutant| only.is_none_or(|only| only == mutant.defect)).collect();
    if chosen.is_empty() {
        return Err(format!("no such defect: {}", only.unwrap_or("none is listed")));
    }
    let mut verdicts = Vec::new();
    for mutant in &chosen {
        verdicts.push(judge(mutant, suites, servers)?);
    }
    print_table(&chosen, &verdicts);
    let all_found = verdicts.iter().all(|verdict| verdict.went_red && verdict.control_is_green);
    if all_found { Ok(()) } else { Err("not every defect is found by its test".into()) }
}

/// A binary that can plant defects knows the name of the variable that asks for one.
pub fn release_has_none() -> Result<()> {
    workspace::build()?;
    shell::run(workspace::cargo()?.args(["build", "--workspace", "--locked", "--release"]))?;
    for program in PROGRAMS {
        let asks = |profile: &str| {
            let path = workspace::target()?.join(profile).join(program);
            let bytes = fs::read(&path).map_err(|e| format!("{}: {e}", path.display()))?;
            Ok::<bool, String>(
                bytes.windows(VARIABLE.len()).any(|part| part == VARIABLE.as_bytes()),
            )
        };
        match (asks("debug")?, asks("release")?) {
            (true, false) => {
                println!("{program}: defects in the debug binary, none in the release")
            }
            (false, _) => return Err(format!("{program}: no defects in the debug binary either")),
            (_, true) => return Err(format!("{program}: the release binary knows {VARIABLE}")),
        }
    }
    Ok(())
}

fn judge(mutant: &Mutant, suites: &Suites, servers: &TestServers) -> Result<Verdict> {
    let suite = suites.named(mutant.package, mutant.suite);
    if suite.is_empty() {
        return Err(format!("there is no test program {}::{}", mutant.package, mutant.suite));
    }
    println!("\n== {}: {}", mutant.defect, mutant.test);
    let own = mutant.environment.iter();
    let own = own.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let environment: Vec<_> = servers.environment().chain(own).collect();
    let control = suite.run_first(&environment, mutant.test)?;
    if control == (TestCount { passed: 0, failed: 0, is_red: false }) {
        return Err(format!("{}::{} has no test `{}`", mutant.package, mutant.suite, mutant.test));
    }
    let planted = [(VARIABLE.to_owned(), mutant.defect.to_owned())];
    let environment: Vec<_> = environment.into_iter().chain(planted).collect();
    let with_defect = suite.run_first(&environment, mutant.test)?;
    Ok(Verdict {
        went_red: with_defect.is_red && with_defect.failed > 0 && with_defect.passed == 0,
        control_is_green: !control.is_red && control.passed > 0,
    })
}

fn print_table(mutants: &[&Mutant], verdicts: &[Verdict]) {
    let width = mutants.iter().map(|mutant| mutant.test.len()).max().unwrap_or(0).max(4);
    println!("\n{:<28} {:<width$} {:<9} control", "defect", "test", "went red");
    for (mutant, verdict) in mutants.iter().zip(verdicts) {
        let red = if verdict.went_red { "yes" } else { "NO" };
        let control = if verdict.control_is_green { "green" } else { "RED" };
        println!("{:<28} {:<width$} {red:<9} {control}", mutant.defect, mutant.test);
    }
}
