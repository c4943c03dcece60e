//! `cargo xtask mutants`: plants each defect in the real processes and expects a named test to
//! fail.
//!
//! Invariant: the same test is green without the defect, so the failure comes from the defect.

use std::fs;

use crate::{
    Result, shell,
    suites::{Suites, TestCount},
    test_servers::TestServers,
    workspace,
};

struct Mutant {
    /// Its value of `HOLDFAST_DEFECT`.
    defect: &'static str,
    package: &'static str,
    program: &'static str,
    /// The test that must fail on every arm.
    test: &'static str,
}

macro_rules! mutants {
    ($($defect:literal $package:literal $program:literal $test:literal;)+) => {
        const MUTANTS: &[Mutant] = &[
            $(Mutant { defect: $defect, package: $package, program: $program, test: $test }),+
        ];
    };
}

mutants! {
    "answer_before_commit" "holdfast-edge" "process"
        "every_receipt_outlives_a_kill_at_any_moment";
    "answer_before_commit" "holdfast-edge" "process"
        "power_cut::nothing_acknowledged_is_lost_at_any_cut_of_power";
    "commits_not_synced" "holdfast-edge" "process"
        "power_cut::nothing_acknowledged_is_lost_at_any_cut_of_power";
    "photo_parts_not_synced" "holdfast-edge" "process"
        "power_cut::nothing_acknowledged_is_lost_at_any_cut_of_power";
    "up_before_commit" "holdfast-edge" "edge"
        "uplink::what_goes_up_stands_in_the_file_already";
    "assignment_not_locked" "order" "service"
        "store::races::a_decision_waits_for_a_change_of_its_regions_assignment_and_no_others";
    "no_command_dedupe" "order" "service"
        "store::races::one_command_sent_many_times_at_once_takes_effect_once";
    "no_outbox_row" "order" "service"
        "store::writing::a_decision_writes_order_timeline_answer_and_event";
    "bus_confirms_before_write" "contract" "contract"
        "bus_crash::nothing_confirmed_is_lost_by_a_kill";
    "job_claim_ignored" "contract" "contract"
        "a_run_is_done_by_one_of_three_replicas";
    "relay_marks_before_confirm" "contract" "contract"
        "rabbit_outage::what_is_committed_while_the_broker_is_away_leaves_in_order_when_it_is_back";
    "op_retired_before_outcome" "holdfast-edge" "edge"
        "retire::no_reader_ever_finds_a_command_that_neither_waits_nor_is_decided";
    "high_water_ignored" "chaos" "chaos"
        "restore::a_database_from_the_clouds_very_cursor_is_found_out_and_the_tablets_bring_the_rest";
    "receipts_ignored" "chaos" "chaos"
        "restore::a_whole_machine_is_found_out_by_a_tablet_that_holds_a_newer_receipt";
    "nothing_relogged" "chaos" "chaos"
        "restore::a_database_a_thousand_ops_old_is_found_out_and_the_cloud_gives_back_what_it_lost";
    "old_session_not_asked" "chaos" "chaos"
        "restore::a_clone_beside_its_original_is_refused_and_its_commands_arrive_under_a_name_of_its_own";
    "epoch_without_take_back" "hub" "service"
        "quarantine::a_restored_edge_loses_its_epoch_gets_its_tail_and_goes_on";
    "holder_ignored" "chaos" "rounds"
        "whatever_is_cut_and_killed_the_four_promises_stand";
}

/// The input of the program `rounds`, with and without the defect. In these rounds an accept from
/// elsewhere reaches the cloud while the holder, cut off, has promised the same order to another
/// person.
const ROUNDS: [(&str, &str); 2] = [("HOLDFAST_CHAOS_SEED", "1"), ("HOLDFAST_CHAOS_ROUNDS", "4")];

const VARIABLE: &str = "HOLDFAST_DEFECT";
/// The programs of the product with a place for a defect.
const PROGRAMS: [&str; 2] = ["holdfast-cloud", "holdfast-edge"];

struct Verdict {
    went_red: bool,
    control_is_green: bool,
}

/// Judges all mutants, or the named one.
pub fn run(suites: &Suites, servers: &TestServers, only: Option<&str>) -> Result<()> {
    let chosen: Vec<&Mutant> = MUTANTS
        .iter()
        .filter(|mutant| only.is_none_or(|only| only == mutant.defect))
        .collect();
    if chosen.is_empty() {
        return Err(format!(
            "unknown defect: {}",
            only.unwrap_or("no defects are listed")
        ));
    }
    let mut verdicts = Vec::new();
    for mutant in &chosen {
        verdicts.push(judge(mutant, suites, servers)?);
    }
    print_table(&chosen, &verdicts);
    let all_found = verdicts
        .iter()
        .all(|verdict| verdict.went_red && verdict.control_is_green);
    if all_found {
        Ok(())
    } else {
        Err("some defects were not found by their tests".into())
    }
}

/// A binary that can plant any defect contains the name of their environment variable: rules and
/// stores ask one function, which reads it (`protocol/planted/src/lib.rs`).
pub fn release_has_none() -> Result<()> {
    workspace::build(&PROGRAMS)?;
    shell::run(workspace::cargo()?.args(["build", "--workspace", "--locked", "--release"]))?;
    for program in PROGRAMS {
        let asks = |profile: &str| {
            let path = workspace::target()?.join(profile).join(program);
            let bytes = fs::read(&path).map_err(|e| format!("{}: {e}", path.display()))?;
            Ok::<bool, String>(
                bytes
                    .windows(VARIABLE.len())
                    .any(|part| part == VARIABLE.as_bytes()),
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
    let suite = suites.find_program(mutant.package, mutant.program)?;
    println!("\n== {}: {}", mutant.defect, mutant.test);
    let rounds = ROUNDS.iter().filter(|_| mutant.program == "rounds");
    let rounds = rounds.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let mut environment: Vec<_> = servers.environment().chain(rounds).collect();
    let control = suite.run(&environment, &[mutant.test])?;
    if control == TestCount::default() {
        return Err(format!(
            "{}::{} has no test `{}`",
            mutant.package, suite.name, mutant.test
        ));
    }
    environment.push((VARIABLE.to_owned(), mutant.defect.to_owned()));
    let with_defect = suite.run(&environment, &[mutant.test])?;
    Ok(Verdict {
        went_red: with_defect.is_red && with_defect.failed > 0 && with_defect.passed == 0,
        control_is_green: !control.is_red && control.passed > 0,
    })
}

fn print_table(mutants: &[&Mutant], verdicts: &[Verdict]) {
    let width = mutants
        .iter()
        .map(|mutant| mutant.test.len())
        .max()
        .unwrap_or(0)
        .max(4);
    println!(
        "\n{:<28} {:<width$} {:<9} control",
        "defect", "test", "went red"
    );
    for (mutant, verdict) in mutants.iter().zip(verdicts) {
        let red = if verdict.went_red { "yes" } else { "NO" };
        let control = if verdict.control_is_green {
            "green"
        } else {
            "RED"
        };
        println!(
            "{:<28} {:<width$} {red:<9} {control}",
            mutant.defect, mutant.test
        );
    }
}
