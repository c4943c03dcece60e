//! The script in `docs/by-hand.md` works with only `holdfast`, curl, jq and mosquitto's two
//! clients.

use std::process::Command;

use stack::{Layout, Stack, Stores, Wishes, binaries, ready};

/// The default limit of a provider's open jobs.
const JOBS_MAX: usize = 5;
const PAGE: &str = include_str!("../../../docs/by-hand.md");

#[tokio::test(flavor = "multi_thread")]
async fn the_block_runs_as_printed() {
    let layout = Layout::temporary(Stores::Embedded).unwrap();
    let wishes = Wishes {
        demo_data: true,
        ..Wishes::default()
    };
    let stack = Stack::start(layout, &wishes).await.unwrap();
    let file = stack.layout().folder.join("by-hand-ready.json");
    ready::write(&file, &stack.ready_file()).unwrap();

    let run = || {
        Command::new("bash")
            .args(["-euo", "pipefail", "-c", block()])
            .env("READY", &file)
            .env("HOLDFAST", binaries::own("holdfast").unwrap())
            .output()
            .unwrap()
    };
    let output = run();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(said.contains("at the regional node: provisional"), "{said}");
    assert!(
        said.contains("decided: applied, the order is accepted"),
        "{said}"
    );
    assert!(said.contains("accept  pending -> accepted"), "{said}");

    // Eventually the provider reaches the job limit: the script reports it and heals the region.
    let refused = (0..JOBS_MAX)
        .map(|_| run())
        .find(|output| !output.status.success());
    let refused = refused.expect("a provider's jobs have a limit");
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(
        said.contains("The node did not take it: ") && said.contains("run this again"),
        "{said}"
    );
    let done = String::from_utf8_lossy(&refused.stdout).into_owned();
    assert!(done.contains("NORTH: the gate is open"), "{done}");
    stack.stop().await.unwrap();
}

#[test]
fn the_block_stops_with_a_sentence_where_no_platform_runs() {
    let output = Command::new("bash")
        .args(["-c", block()])
        .env("READY", "/nowhere/ready.json")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        said,
        "There is no file /nowhere/ready.json. Run `cargo xtask up` first, or set READY.\n"
    );
}

fn block() -> &'static str {
    let (_, after) = PAGE
        .split_once("<!-- by-hand -->\n```bash\n")
        .expect("the block's start");
    after.split_once("\n```\n").expect("the block's end").0
}
