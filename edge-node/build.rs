use std::{env, fs};

/// The files of the provider's app, which are built apart from this crate and may be missing.
const PAGES: &str = "app/dist";

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
