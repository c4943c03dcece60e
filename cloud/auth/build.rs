//! Rebuilds on a new migration file, since no source file changes with it.

fn main() {
    println!("cargo::rerun-if-changed=migrations");
    texts_build::generate();
}
