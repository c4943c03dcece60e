use std::{env, fs};

/// The portal builds separately, so this folder may be missing.
const PAGES: &str = "../portal/dist";

fn main() {
    texts_build::generate();
    if let Err(error) = fs::create_dir_all(PAGES) {
        println!("cargo:warning=could not make {PAGES}: {error}");
    }
    // Debug builds read the files at run time.
    if env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        println!("cargo:rerun-if-changed={PAGES}");
    }
}
