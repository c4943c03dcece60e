//! A new migration file changes the program, although no source of it changed.

fn main() {
    println!("cargo::rerun-if-changed=migrations");
    texts_build::generate();
}
