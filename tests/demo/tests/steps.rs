//! The demo tells the truth: it ends with success when the story goes as told, and with failure as soon
//! as any one step saw something else.

#![allow(clippy::unwrap_used)]

use std::process::{Command, Output};

use stack::{Layout, Stack, Stores, Wishes, ready};

const STEPS: [&str; 8] =
    ["publish", "approve", "cut", "accept_offline", "collide", "heal", "outcomes", "record"];

#[tokio::test(flavor = "multi_thread")]
async fn each_step_whose_facts_are_wrong_fails_the_demo() {
    let layout = Layout::temporary(Stores::Embedded).unwrap();
    let stack = Stack::start(layout, &Wishes::default()).await.unwrap();
    let file = stack.layout().folder.join("demo-ready.json");
    ready::write(&file, &stack.ready_file()).unwrap();

    let played = demo(&file, None);
    let text = String::from_utf8_lossy(&played.stdout).into_owned();
    assert!(played.status.success(), "{text}{}", String::from_utf8_lossy(&played.stderr));
    assert_eq!(text.lines().count(), STEPS.len(), "a line for each step: {text}");

    for step in STEPS {
        let spoilt = demo(&file, Some(step));
        let said = String::from_utf8_lossy(&spoilt.stderr).into_owned();
        assert_eq!(spoilt.status.code(), Some(1), "{step}: {said}");
        assert!(said.contains(&format!("step `{step}` is not as told")), "{step}: {said}");
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
