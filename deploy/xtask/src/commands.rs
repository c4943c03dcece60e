//! What can be typed after `cargo xtask`.

use std::{num::NonZeroU32, os::unix::process::CommandExt, path::Path, thread};

use crate::{
    Result, apps, arch, install, mutants, shell, stages, suites::Suites, test,
    test_servers::TestServers, workspace,
};

const HELP: &str = "\
cargo xtask COMMAND

  up [--ephemeral] [--data DIR] [--port-base N] [--ready-file F] [--real]
                     build, start a whole platform and stop it on Ctrl-C
  demo [--ready-file F] [--lang zh]
                     play the whole story, a line per step, against an ephemeral platform or the one of that file
  test [STAGE...]    every stage, or these: arch lint build web unit contract sim e2e chaos demo
  sim [--seeds N] [--from N] [--jobs N]
                     run the sync protocol by seed, through every fault (default 1000 seeds from 0, 2 jobs)
  sim --seed N       replay one seed in words, and shrink it where it fails
  sim --scenario NAME
                     replay one schedule written by hand
  sim --mutations    plant every bug and see that a promise with a name catches it
  sim --bug NAME     plant that one alone; with --seed or --scenario, look at how it is caught
  chaos [NAME]       kill, cut, copy and restore real processes
  chaos --rounds N   N rounds of cut, collide, kill -9 and heal on real stores, a line for each
  bench [--ops N]    let work pile up at five edges (default 100000 ops), and measure how it is drained
  mutants [DEFECT]   plant each defect and see that a named test finds it
  mutants --release  see that release binaries cannot have any
  arch               who may use whom, and what may stand where
  words              Chinese in Rust, and public type names that stand twice
  lint               formatting, words, clippy and cargo-deny
  apps               build the portal and the providers' app, unless they stand as their sources say
  golden             add new vectors to the golden file, and write the words of the protocol for the apps
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
        // Only what the simulator needs is built: it stands on pure crates alone.
        "sim" => become_it(&workspace::simulator()?, &[], rest),
        "chaos" => chaos(rest),
        "bench" => bench(rest),
        "mutants" => mutants_command(rest),
        "arch" => arch::pass(&arch::check(&workspace::root()?)?),
        "words" => arch::pass(&arch::words(&workspace::root()?)?),
        "lint" => stages::lint(),
        "apps" => apps::build(),
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
    // The apps are built meanwhile: the product's debug build reads their files when it runs.
    let apps = thread::spawn(apps::build);
    build_platform(arguments)?;
    // The platform is of use without them, and its pages say how they are built.
    if let Err(error) = apps.join().unwrap_or_else(|_| Err("the build has panicked".into())) {
        eprintln!("the apps are not built: {error}");
    }
    become_it(&workspace::program("holdfast-stack")?, &["up"], arguments)
}

fn demo(arguments: &[String]) -> Result<()> {
    build_platform(arguments)?;
    become_it(&workspace::program("holdfast-demo")?, &[], arguments)
}

fn servers(arguments: &[String]) -> Result<()> {
    install::everything()?;
    workspace::build()?;
    become_it(&workspace::program("holdfast-stack")?, &["servers"], arguments)
}

fn chaos(arguments: &[String]) -> Result<()> {
    let asked = Chaos::asked_for(arguments)?;
    install::everything()?;
    let suites = Suites::build()?;
    let (rounds, name) = match &asked {
        Chaos::Rounds(rounds) => {
            let rounds = [("HOLDFAST_CHAOS_ROUNDS".to_owned(), rounds.to_string())];
            return suites.program("chaos", "rounds")?.run_aloud(&rounds);
        }
        Chaos::Tests(name) => (stages::CHAOS_ROUNDS, name.as_deref()),
    };
    let servers = TestServers::start()?;
    let environment =
        servers.environment().chain([("HOLDFAST_CHAOS_ROUNDS".into(), rounds.into())]);
    let count = suites
        .only(|suite| suite.package == "chaos")
        .run(&environment.collect::<Vec<_>>(), name)?;
    // A name that fits no test would look green.
    if count.passed == 0 { Err("no test has that in its name".into()) } else { Ok(()) }
}

#[derive(Debug, PartialEq, Eq)]
enum Chaos {
    /// So many rounds of cuts and kills, a line for each.
    Rounds(NonZeroU32),
    /// Every test, or those with that in their name.
    Tests(Option<String>),
}

impl Chaos {
    fn asked_for(arguments: &[String]) -> Result<Self> {
        match arguments {
            [] => Ok(Self::Tests(None)),
            [name] if !name.starts_with("--") => Ok(Self::Tests(Some(name.clone()))),
            // No round at all would look green.
            [flag, rounds] if flag == "--rounds" => rounds
                .parse()
                .map(Self::Rounds)
                .map_err(|_| format!("`{rounds}` is no number of rounds above zero")),
            _ => Err(format!("usage: cargo xtask chaos [--rounds N | NAME], not {arguments:?}")),
        }
    }
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
    let suites = Suites::build()?;
    let servers = TestServers::start()?;
    mutants::run(&suites, &servers, arguments.first().map(String::as_str))
}

fn golden() -> Result<()> {
    let mut cargo = workspace::cargo()?;
    cargo.args(["test", "--workspace", "--locked", "--test", "golden", "--test", "typescript"]);
    shell::run(cargo.env("HOLDFAST_GOLDEN", "write"))
}

fn build_platform(arguments: &[String]) -> Result<()> {
    if arguments.iter().any(|argument| argument == "--real") {
        install::everything()?;
    }
    workspace::build()
}

fn become_it(program: &Path, first: &[&str], arguments: &[String]) -> Result<()> {
    let error = std::process::Command::new(program).args(first).args(arguments).exec();
    Err(format!("could not become {}: {error}", program.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_of_rounds_is_above_zero_and_a_mistake_starts_nothing() {
        let asked = |line: &str| {
            let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            Chaos::asked_for(&words)
        };
        assert_eq!(asked(""), Ok(Chaos::Tests(None)));
        assert_eq!(asked("restore"), Ok(Chaos::Tests(Some("restore".into()))));
        assert_eq!(asked("--rounds 3"), Ok(Chaos::Rounds(NonZeroU32::new(3).unwrap())));
        for mistake in ["--rounds 0", "--rounds", "--rounds -1", "--rounds many", "restore twice"] {
            assert!(asked(mistake).is_err(), "{mistake}");
        }
    }
}
