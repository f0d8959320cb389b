//! Data files in the binary, as `build.rs` found them: path below their folder, and text.

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
