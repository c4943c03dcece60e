//! `sqlx::migrate!` notices a changed migration but not a new one; this rebuilds for new ones too.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
    texts_build::generate();
}
