//! Leaves the unwind tables out of the small build: with `panic = "abort"` nobody reads them, and
//! they are an eighth of what a device would have to store. Other builds keep them.

use std::env;
use std::path::PathBuf;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=small.ld");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    // Only the small profile has this level; cargo does not tell a build script of `panic`.
    if is("OPT_LEVEL", "z") && is("CARGO_CFG_TARGET_OS", "linux") {
        let script =
            PathBuf::from(env::var("CARGO_MANIFEST_DIR").unwrap_or_default()).join("small.ld");
        println!("cargo:rustc-link-arg-bins=-Wl,-T,{}", script.display());
        println!("cargo:rustc-link-arg-bins=-Wl,--no-eh-frame-hdr");
    }
}
