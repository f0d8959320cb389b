//! The ways to attach a principal to a thing: a word that registry and templates share.

/// How a principal is attached to a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrincipalKind {
    /// The thing's variables resolve for any client id, and the certificate joins no other thing.
    Exclusive,
    /// The thing's variables resolve for a client of its name.
    NonExclusive,
}

impl PrincipalKind {
    /// As the API spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exclusive => "EXCLUSIVE_THING",
            Self::NonExclusive => "NON_EXCLUSIVE_THING",
        }
    }
}
