use std::{env, fs};

/// The portal's files, which are built apart from this crate and may be missing.
const PAGES: &str = "../portal/dist";

fn main() {
    texts_build::generate();
    if let Err(error) = fs::create_dir_all(PAGES) {
        println!("cargo:warning=could not make {PAGES}: {error}");
    }
    // A debug build reads the files when it runs.
    if env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        println!("cargo:rerun-if-changed={PAGES}");
    }
}
