use std::{env, fs};

/// The provider's app. It has a separate build, so the folder may be missing.
const PAGES: &str = "app/dist";

fn main() {
    texts_build::generate();
    if let Err(error) = fs::create_dir_all(PAGES) {
        println!("cargo:warning=could not make {PAGES}: {error}");
    }
    // A debug build reads these files at run time.
    if env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        println!("cargo:rerun-if-changed={PAGES}");
    }
}
