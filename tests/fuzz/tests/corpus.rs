//! Runs every kept input again in an ordinary build, so that fixed bugs stay fixed.

use std::{fs, path::Path};

use fuzz::TARGETS;

#[test]
fn no_kept_input_breaks_a_promise() {
    for target in &TARGETS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("corpus")
            .join(target.name);
        let mut inputs = 0;
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            println!("{}", path.display());
            (target.run)(&fs::read(&path).unwrap());
            inputs += 1;
        }
        assert!(inputs > 10, "{} has {inputs} inputs", folder.display());
    }
}
