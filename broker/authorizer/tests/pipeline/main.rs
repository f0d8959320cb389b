//! The authorizers in `fixtures`, from what a client sends to what it is granted.

mod answers;
mod choosing;
mod runs;
mod support;
