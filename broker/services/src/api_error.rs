//! Errors of the control plane, with the names and statuses of the public API (`state.md` 2.1).

use core::fmt;

macro_rules! exceptions {
    ($($(#[$doc:meta])* $name:ident = $status:literal,)+) => {
        /// Which exception the API throws.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Exception {
            $($(#[$doc])* $name,)+
        }

        impl Exception {
            /// The name on the wire.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => concat!(stringify!($name), "Exception"),)+
                }
            }

            /// The HTTP status.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self {
                    $(Self::$name => $status,)+
                }
            }
        }
    };
}

exceptions! {
    /// The request itself is wrong.
    InvalidRequest = 400,
    /// The policy document is.
    MalformedPolicy = 400,
    /// There is no such resource.
    ResourceNotFound = 404,
    /// The certificate's state forbids it.
    CertificateState = 406,
    /// There is one of that name already.
    ResourceAlreadyExists = 409,
    /// Something else still needs it.
    DeleteConflict = 409,
    /// A policy has all the versions that it may have.
    VersionsLimitExceeded = 409,
    /// A limit of the account is reached.
    LimitExceeded = 410,
    /// Squall does not model what was asked for; the service itself may.
    NotModelled = 501,
}

/// Why a call of the control plane failed. A failed call has changed nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// Which exception.
    pub exception: Exception,
    /// What is wrong, for a person.
    pub message: String,
}

impl ApiError {
    pub(crate) fn new(exception: Exception, message: impl Into<String>) -> Self {
        Self { exception, message: message.into() }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.exception.name(), self.message)
    }
}

impl core::error::Error for ApiError {}
