//! The scenario file: spanned TOML in, one resolved scenario out.
