//! The commands of `cargo xtask`.

use std::{num::NonZeroU32, os::unix::process::CommandExt, path::Path, thread};

use crate::{
    Result, apps, arch, debian, depth::Depth, fuzz, install, mutants, mysql, repeat, shell, stages,
    suites::Suites, test, test_servers::TestServers, workspace,
};

const HELP: &str = include_str!("help.txt");

pub fn run(arguments: &[String]) -> Result<()> {
    let (command, rest) = match arguments.split_first() {
        None => ("help", [].as_slice()),
        Some((command, rest)) => (command.as_str(), rest),
    };
    match command {
        "up" => up(rest),
        "demo" => demo(rest),
        "test" => test::run(rest),
        "repeat" => repeat::run(rest),
        // Builds only the simulator: it depends on pure crates alone.
        "sim" => match rest.split_first() {
            Some((what, rest)) if what == "money" => {
                become_it(&workspace::money_simulator()?, &[], rest)
            }
            _ => become_it(&workspace::simulator()?, &[], rest),
        },
        "fuzz" => fuzz::run(rest),
        "chaos" => chaos(rest),
        "bench" => bench(rest),
        "mutants" => mutants_command(rest),
        "arch" => arch::pass(&arch::check(&workspace::root()?)?),
        "words" => arch::pass(&arch::words(&workspace::root()?)?),
        "lint" => stages::lint(),
        "apps" => apps::build(),
        "deb" => debian::build(rest),
        "golden" => golden(),
        "servers" => servers(rest),
        "mysql" => mysql::run(),
        "install" => apps::install_for_tests(),
        "help" | "--help" | "-h" => {
            print!("{HELP}");
            Ok(())
        }
        other => Err(format!("unknown command `{other}`\n\n{HELP}")),
    }
}

/// Becomes `holdfast-stack`, so there is no process in between that could be killed alone.
fn up(arguments: &[String]) -> Result<()> {
    // Meanwhile builds the apps: the product's debug build reads their files at run time.
    let apps = thread::spawn(apps::build);
    build_platform(&workspace::PLATFORM, arguments)?;
    // The platform is useful without the apps, and its pages explain how to build them.
    if let Err(error) = apps
        .join()
        .unwrap_or_else(|_| Err("the build thread panicked".into()))
    {
        eprintln!("could not build the apps: {error}");
    }
    become_it(&workspace::program("holdfast-stack")?, &["up"], arguments)
}

fn demo(arguments: &[String]) -> Result<()> {
    build_platform(
        &[&workspace::PLATFORM[..], &["holdfast-demo"]].concat(),
        arguments,
    )?;
    become_it(&workspace::program("holdfast-demo")?, &[], arguments)
}

fn servers(arguments: &[String]) -> Result<()> {
    install::everything()?;
    workspace::build(&["holdfast-stack"])?;
    become_it(
        &workspace::program("holdfast-stack")?,
        &["servers"],
        arguments,
    )
}

fn chaos(arguments: &[String]) -> Result<()> {
    let asked = Chaos::asked_for(arguments)?;
    install::everything()?;
    let suites = Suites::build()?;
    let (rounds, name) = match &asked {
        Chaos::Rounds(of, rounds) => {
            let rounds = [("HOLDFAST_CHAOS_ROUNDS".to_owned(), rounds.to_string())];
            return suites
                .find_program("chaos", of)?
                .run_with_live_output(&rounds);
        }
        Chaos::Tests(name) => (Depth::Landing.chaos_rounds(), name.as_deref()),
    };
    let servers = TestServers::start()?;
    let environment = servers
        .environment()
        .chain([("HOLDFAST_CHAOS_ROUNDS".into(), rounds.into())]);
    let count = suites
        .filter(|suite| suite.package == "chaos")
        .run(&environment.collect::<Vec<_>>(), name)?;
    // A name that matches no test would look green.
    if count.passed == 0 {
        Err("no test name contains that".into())
    } else {
        Ok(())
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Chaos {
    /// The number of rounds of cuts and kills by this test program, one line each.
    Rounds(&'static str, NonZeroU32),
    /// Every test, or those with this text in their name.
    Tests(Option<String>),
}

impl Chaos {
    fn asked_for(arguments: &[String]) -> Result<Self> {
        // Zero rounds would look green.
        let rounds = |of, rounds: &String| {
            let number = rounds.parse().map(|rounds| Self::Rounds(of, rounds));
            number.map_err(|_| format!("`{rounds}` is not a positive number of rounds"))
        };
        match arguments {
            [] => Ok(Self::Tests(None)),
            [name] if !name.starts_with("--") => Ok(Self::Tests(Some(name.clone()))),
            [flag, number] if flag == "--rounds" => rounds("rounds", number),
            [what, flag, number] if what == "money" && flag == "--rounds" => {
                rounds("money_rounds", number)
            }
            _ => Err(format!(
                "usage: cargo xtask chaos [[money] --rounds N | NAME], not {arguments:?}"
            )),
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
    apps::install_for_tests()?;
    let suites = Suites::build()?;
    let servers = TestServers::start()?;
    mutants::run(&suites, &servers, arguments.first().map(String::as_str))
}

fn golden() -> Result<()> {
    for tests in [
        &["--test", "golden", "--test", "typescript"][..],
        &["--test", "edge", "--", "asyncapi::"],
        &[
            "--test",
            "contract",
            "--",
            "openapi::",
            "event_forms::",
            "routes::",
        ],
    ] {
        let mut cargo = workspace::cargo()?;
        cargo.args(["test", "--workspace", "--locked"]).args(tests);
        shell::run(cargo.env("HOLDFAST_GOLDEN", "write"))?;
    }
    Ok(())
}

fn build_platform(programs: &[&str], arguments: &[String]) -> Result<()> {
    if arguments.iter().any(|argument| argument == "--real") {
        install::everything()?;
    }
    workspace::build(programs)
}

fn become_it(program: &Path, first: &[&str], arguments: &[String]) -> Result<()> {
    let error = std::process::Command::new(program)
        .args(first)
        .args(arguments)
        .exec();
    Err(format!("could not execute {}: {error}", program.display()))
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
        let three = NonZeroU32::new(3).unwrap();
        assert_eq!(asked("--rounds 3"), Ok(Chaos::Rounds("rounds", three)));
        assert_eq!(asked("money"), Ok(Chaos::Tests(Some("money".into()))));
        assert_eq!(
            asked("money --rounds 3"),
            Ok(Chaos::Rounds("money_rounds", three))
        );
        for mistake in [
            "money --rounds 0",
            "other --rounds 3",
            "--rounds 0",
            "--rounds",
            "--rounds -1",
            "--rounds many",
            "restore twice",
        ] {
            assert!(asked(mistake).is_err(), "{mistake}");
        }
    }
}
