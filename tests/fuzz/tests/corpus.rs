//! Runs every kept input again in an ordinary build, so that fixed bugs stay fixed.

use std::{fs, path::Path};

use fuzz::TARGETS;

#[test]
fn no_kept_input_breaks_a_promise() {
    for target in &TARGETS {
        let file = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("corpus")
            .join(target.name)
            .with_extension("hex");
        let text = fs::read_to_string(&file).unwrap();
        for line in text.lines() {
            println!("{} {line}", target.name);
            (target.run)(&hex::decode(line).unwrap());
        }
        let inputs = text.lines().count();
        assert!(inputs > 10, "{} has {inputs} inputs", file.display());
    }
}
