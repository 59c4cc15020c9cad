//! A new migration file must make this crate build again.
fn main() {
    println!("cargo:rerun-if-changed=../../migrations");
}
