//! How the command ends; scripts lean on these numbers.

use std::process::ExitCode;

/// Exit codes, the gravest that applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All held.
    Held,
    /// An expectation failed.
    Failed,
    /// The command line or a file was wrong.
    Usage,
    /// An oracle or an invariant was violated.
    Violated,
    /// Ctrl-C.
    Interrupted,
}

impl Exit {
    /// The graver of two: interrupted, usage, violated, failed, held.
    pub(crate) fn worst(self, other: Self) -> Self {
        let rank = |exit| match exit {
            Self::Held => 0,
            Self::Failed => 1,
            Self::Violated => 2,
            Self::Usage => 3,
            Self::Interrupted => 4,
        };
        if rank(other) > rank(self) { other } else { self }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Held => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Violated => 3,
            Exit::Interrupted => 130,
        })
    }
}
