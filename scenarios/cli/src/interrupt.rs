//! Ctrl-C: noticed between two steps of a world, so that nothing is left half done.

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Listens for Ctrl-C and SIGTERM from now on. A second one ends the process at once.
pub(crate) fn listen() -> anyhow::Result<()> {
    listen_and(|| {})
}

/// The same, and does `first` at the first one.
pub(crate) fn listen_and(mut first: impl FnMut() + Send + 'static) -> anyhow::Result<()> {
    ctrlc::set_handler(move || {
        if INTERRUPTED.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
        first();
    })
    .context("cannot listen for Ctrl-C")
}

/// Whether Ctrl-C came.
pub(crate) fn came() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}
