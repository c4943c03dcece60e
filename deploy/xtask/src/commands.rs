//! What can be typed after `cargo xtask`.

use std::{os::unix::process::CommandExt, path::Path};

use crate::{
    Result, arch, install, mutants, shell, stages, suites::Suites, test, test_servers::TestServers,
    toolchain, workspace,
};

const HELP: &str = "\
cargo xtask COMMAND

  up [--ephemeral] [--data DIR] [--port-base N] [--ready-file F] [--real]
                     build, start a whole platform and stop it on Ctrl-C
  demo               play the whole story against an ephemeral platform, a line per step
  test [STAGE...]    every stage, or these: arch lint build unit contract sim e2e chaos demo
  sim [--seeds N]    run the sync protocol by seed, through every fault (default 1000 seeds)
  sim --seed N       replay one seed in words, and shrink it where it fails
  sim --mutations    plant every bug and see that a promise with a name catches it
  chaos [NAME]       kill, cut, copy and restore real processes
  chaos --rounds N   N rounds of cut, collide, kill -9 and heal on real stores, a line for each
  bench [--ops N]    let work pile up at five edges (default 100000 ops), and measure how it is drained
  mutants [DEFECT]   plant each defect and see that a named test finds it
  mutants --release  see that release binaries cannot have any
  arch               who may use whom, and what may stand where
  lint               formatting and clippy
  golden             add new vectors to the golden file
  servers --ready-file F
                     hold private servers for tests until Ctrl-C
  install            install the servers and tools that the tests need
";

pub fn run(arguments: &[String]) -> Result<()> {
    let (command, rest) = match arguments.split_first() {
        None => ("help", [].as_slice()),
        Some((command, rest)) => (command.as_str(), rest),
    };
    match command {
        "up" => up(rest),
        "demo" => demo(rest),
        "test" => test::run(rest),
        "sim" => sim(rest),
        "chaos" => chaos(rest),
        "bench" => bench(rest),
        "mutants" => mutants_command(rest),
        "arch" => arch_command(),
        "lint" => stages::lint(),
        "golden" => golden(),
        "servers" => servers(rest),
        "install" => install::everything(),
        "help" | "--help" | "-h" => {
            print!("{HELP}");
            Ok(())
        }
        other => Err(format!("there is no `{other}`\n\n{HELP}")),
    }
}

/// Becomes `holdfast-stack`, so that there is no process in between that could be killed alone.
fn up(arguments: &[String]) -> Result<()> {
    become_platform("holdfast-stack", &["up"], arguments)
}

fn demo(arguments: &[String]) -> Result<()> {
    become_platform("holdfast-demo", &[], arguments)
}

fn servers(arguments: &[String]) -> Result<()> {
    install::everything()?;
    workspace::build()?;
    become_program("holdfast-stack", &["servers"], arguments)
}

/// Only what the simulator needs is built: it stands on pure crates alone.
fn sim(arguments: &[String]) -> Result<()> {
    let program = workspace::simulator()?;
    become_it(&program, &[], arguments)
}

fn chaos(arguments: &[String]) -> Result<()> {
    let (rounds, name) = match arguments {
        [] => (None, None),
        [name] if !name.starts_with("--") => (None, Some(name.as_str())),
        [flag, rounds] if flag == "--rounds" => (Some(rounds), None),
        _ => {
            return Err(format!("usage: cargo xtask chaos [--rounds N | NAME], not {arguments:?}"));
        }
    };
    let rounds = match rounds {
        None => stages::CHAOS_ROUNDS,
        Some(rounds) => {
            rounds.parse::<u32>().map_err(|_| format!("`{rounds}` is no number of rounds"))?;
            rounds
        }
    };
    install::everything()?;
    workspace::build()?;
    let suites = Suites::build()?;
    if arguments.len() == 2 {
        let rounds = [("HOLDFAST_CHAOS_ROUNDS".to_owned(), rounds.to_owned())];
        return suites.named("chaos", "rounds").run_aloud(&rounds);
    }
    let servers = TestServers::start()?;
    let environment =
        servers.environment().chain([("HOLDFAST_CHAOS_ROUNDS".into(), rounds.into())]);
    let tally = suites.of_package("chaos").run(&environment.collect::<Vec<_>>(), name)?;
    // A name that fits no test would look green.
    if tally.passed == 0 { Err("no test has that in its name".into()) } else { Ok(()) }
}

fn bench(arguments: &[String]) -> Result<()> {
    install::everything()?;
    become_it(&workspace::bench()?, &[], arguments)
}

fn mutants_command(arguments: &[String]) -> Result<()> {
    if arguments.iter().any(|argument| argument == "--release") {
        return mutants::release_has_none();
    }
    install::everything()?;
    workspace::build()?;
    let suites = Suites::build()?;
    let servers = TestServers::start()?;
    mutants::run(&suites, &servers, arguments.first().map(String::as_str))
}

fn arch_command() -> Result<()> {
    let findings = arch::check(&workspace::root()?)?;
    for finding in &findings {
        eprintln!("{finding}");
    }
    match findings.len() {
        0 => Ok(()),
        number => Err(format!("{number} things stand where they must not")),
    }
}

fn golden() -> Result<()> {
    let mut cargo = workspace::cargo()?;
    cargo.args(["test", "--workspace", "--locked", "--test", "golden"]);
    shell::run(cargo.env("HOLDFAST_GOLDEN", "write"))
}

fn become_platform(name: &str, first: &[&str], arguments: &[String]) -> Result<()> {
    toolchain::check()?;
    if arguments.iter().any(|argument| argument == "--real") {
        install::everything()?;
    }
    workspace::build()?;
    become_program(name, first, arguments)
}

fn become_program(name: &str, first: &[&str], arguments: &[String]) -> Result<()> {
    become_it(&workspace::program(name)?, first, arguments)
}

fn become_it(program: &Path, first: &[&str], arguments: &[String]) -> Result<()> {
    let error = std::process::Command::new(program).args(first).args(arguments).exec();
    Err(format!("could not become {}: {error}", program.display()))
}
