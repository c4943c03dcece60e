//! `sqlx::migrate!` notices a changed migration but not a new one; this makes a new one rebuild us.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
    texts_build::generate();
}
