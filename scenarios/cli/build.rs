//! Tells the binary what it was built with: a result is a function of (scenario, seed, build).

use std::process::Command;

fn main() {
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let version = Command::new(rustc)
        .arg("--version")
        .output()
        .ok()
        .and_then(|output| String::from_utf8(output.stdout).ok())
        .unwrap_or_else(|| "unknown".to_owned());
    println!("cargo::rustc-env=SQUALL_RUSTC={}", version.trim());
    for (name, variable) in [("SQUALL_TARGET", "TARGET"), ("SQUALL_PROFILE", "PROFILE")] {
        println!("cargo::rustc-env={name}={}", std::env::var(variable).unwrap_or_default());
    }
    println!("cargo::rerun-if-changed=build.rs");
}
