//! Everything that a supervisor started ends with it, however its parent ends.

#![allow(clippy::unwrap_used)]

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use stack::{Exit, Signal, Spec, Supervisor, supervisor::stage, temporary};

const PROGRAM: &str = env!("CARGO_BIN_EXE_holdfast-stack");
const SOON: Duration = Duration::from_secs(10);

struct Place {
    folder: PathBuf,
    supervisor: Supervisor,
}

fn place() -> Place {
    let folder = temporary::folder().unwrap();
    let supervisor = Supervisor::start(Path::new(PROGRAM)).unwrap();
    supervisor.remove_at_end(&folder).unwrap();
    Place { folder, supervisor }
}

impl Place {
    fn shell(&self, name: &str, script: &str) -> Spec {
        let log = self.folder.join(format!("{name}.log"));
        Spec::new(name, "/bin/sh", log)
            .args(["-c", script])
            .dir(&self.folder)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.folder.join(name)).unwrap_or_default()
    }

    async fn until_written(&self, name: &str) -> String {
        until(|| !self.read(name).is_empty()).await;
        self.read(name)
    }
}

async fn until(mut so: impl FnMut() -> bool) {
    let looking = async {
        while !so() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(SOON, looking).await.unwrap();
}

/// A zombie that only waits for its status to be fetched has ended.
fn is_alive(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ")
        .is_some_and(|(_, after)| !after.starts_with('Z'))
}

#[tokio::test]
async fn all_is_gone_when_the_pipe_closes_daemons_and_folder_included() {
    let place = place();
    let daemon = "setsid sh -c 'echo $$ > daemon.pid; exec sleep 1000' & exec sleep 1000";
    let child = place
        .supervisor
        .spawn(place.shell("parent", daemon))
        .await
        .unwrap();
    let daemon: u32 = place
        .until_written("daemon.pid")
        .await
        .trim()
        .parse()
        .unwrap();
    let parent = child.pid().unwrap();
    let supervisor = place.supervisor.pid();
    let folder = place.folder.clone();
    assert!(is_alive(parent) && is_alive(daemon) && folder.exists());
    drop((child, place));
    until(|| ![parent, daemon, supervisor].into_iter().any(is_alive)).await;
    until(|| !folder.exists()).await;
}

#[tokio::test]
async fn what_stands_on_others_stops_first() {
    let place = place();
    let order = temporary::folder().unwrap().join("order");
    for (name, stage) in [
        ("server", stage::SERVER),
        ("edge", stage::EDGE),
        ("cloud", stage::CLOUD),
    ] {
        let say = format!("echo {name} >> {}", order.display());
        let script =
            format!("trap '{say}; exit 0' TERM; echo up > {name}.up; while :; do sleep 0.02; done");
        place
            .supervisor
            .spawn(place.shell(name, &script).stage(stage))
            .await
            .unwrap();
        place.until_written(&format!("{name}.up")).await;
    }
    place.supervisor.stop(SOON).await.unwrap();
    assert_eq!(fs::read_to_string(&order).unwrap(), "edge\ncloud\nserver\n");
    fs::remove_dir_all(order.parent().unwrap()).unwrap();
}

#[tokio::test]
async fn what_does_not_stop_in_time_is_killed_and_so_is_what_is_frozen() {
    let place = place();
    let deaf = place.shell(
        "deaf",
        "trap '' TERM; echo up > up; while :; do sleep 0.02; done",
    );
    let deaf = place
        .supervisor
        .spawn(deaf.stop_with(Signal::Term, 100))
        .await
        .unwrap();
    let frozen = place
        .supervisor
        .spawn(place.shell("frozen", "exec sleep 1000"))
        .await
        .unwrap();
    place.until_written("up").await;
    frozen.signal(Signal::Freeze).unwrap();
    let pids = [deaf.pid().unwrap(), frozen.pid().unwrap()];
    place.supervisor.stop(SOON).await.unwrap();
    assert!(!pids.into_iter().any(is_alive));
}

#[tokio::test]
async fn a_killed_process_is_started_again_under_its_name() {
    let place = place();
    let mut child = place
        .supervisor
        .spawn(place.shell("edge", "exec sleep 1000"))
        .await
        .unwrap();
    let before = child.pid().unwrap();
    assert!(child.start().await.is_err(), "it was running");
    child.kill9().await.unwrap();
    assert_eq!(child.exit(), Some(Exit::Signal(9)));
    child.start().await.unwrap();
    let after = child.pid().unwrap();
    assert_ne!(before, after);
    assert!(
        place
            .supervisor
            .pids()
            .contains(&("edge".to_owned(), after))
    );
    assert_eq!(child.terminate().await.unwrap(), Exit::Signal(15));
    place.supervisor.stop(SOON).await.unwrap();
}

#[tokio::test]
async fn a_program_that_fails_is_shown_with_its_last_words() {
    let place = place();
    let spec = place
        .shell("migrate", "read secret; echo no disk for $secret; exit 3")
        .stdin("it\n");
    let error = place
        .supervisor
        .run(spec, SOON)
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("exit code 3") && error.contains("no disk for it"),
        "{error}"
    );
    let missing = Spec::new("gone", "/no/such/program", place.folder.join("gone.log"));
    let error = place
        .supervisor
        .spawn(missing)
        .await
        .err()
        .unwrap()
        .to_string();
    assert!(
        error.contains("could not start /no/such/program"),
        "{error}"
    );
    place.supervisor.stop(SOON).await.unwrap();
}

#[tokio::test]
async fn many_short_processes_are_all_heard_of() {
    let place = place();
    for number in 0..100 {
        let spec = place.shell(&format!("short-{number}"), "exit 0");
        place.supervisor.run(spec, SOON).await.unwrap();
    }
    place.supervisor.stop(SOON).await.unwrap();
}
