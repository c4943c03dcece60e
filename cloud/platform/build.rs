// `sqlx::migrate!` misses a newly added migration file; this makes Cargo rebuild the crate.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
