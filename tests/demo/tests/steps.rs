//! The demo is honest: it fails as soon as one step observes a wrong fact, and succeeds otherwise.

#![allow(clippy::unwrap_used)]

use std::process::{Command, Output};

use stack::{Layout, Stack, Stores, Wishes, ready};

/// The number of lines of the whole story.
const STEPS: usize = 16;
/// A step without facts fails anyway, so a few examples suffice to show that a wrong fact ends the
/// demo.
const SPOILT: [&str; 4] = ["publish", "outcomes", "work_offline", "pay_out"];

#[tokio::test(flavor = "multi_thread")]
async fn the_story_goes_as_told_and_a_wrong_fact_ends_it() {
    let layout = Layout::temporary(Stores::Embedded).unwrap();
    let stack = Stack::start(layout, &Wishes::that_settle_soon())
        .await
        .unwrap();
    let file = stack.layout().folder.join("demo-ready.json");
    ready::write(&file, &stack.ready_file()).unwrap();

    let played = demo(&file, None);
    let text = String::from_utf8_lossy(&played.stdout).into_owned();
    assert!(
        played.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&played.stderr)
    );
    assert_eq!(text.lines().count(), STEPS, "a line for each step: {text}");
    assert!(text.lines().all(|line| line.starts_with('✓')), "{text}");

    for step in SPOILT {
        let spoilt = demo(&file, Some(step));
        let said = String::from_utf8_lossy(&spoilt.stderr).into_owned();
        assert_eq!(spoilt.status.code(), Some(1), "{step}: {said}");
        assert!(
            said.contains(&format!("step `{step}` is not as told")),
            "{step}: {said}"
        );
    }
    stack.stop().await.unwrap();
}

fn demo(ready: &std::path::Path, spoil: Option<&str>) -> Output {
    let mut demo = Command::new(env!("CARGO_BIN_EXE_holdfast-demo"));
    demo.arg("--ready-file").arg(ready);
    if let Some(step) = spoil {
        demo.args(["--spoil", step]);
    }
    demo.output().unwrap()
}
