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
    /// A certificate is not what it should be: signed by another CA, out of its time.
    CertificateValidation = 400,
    /// A verification certificate does not carry the account's registration code.
    RegistrationCodeValidation = 400,
    /// A provisioning template came to nothing.
    ResourceRegistrationFailure = 400,
    /// The account calls an operation more often than it may.
    Throttling = 400,
    /// The caller may not do that.
    Unauthorized = 401,
    /// There is no such operation.
    UnknownOperation = 404,
    /// There is no such resource.
    ResourceNotFound = 404,
    /// The certificate's state forbids it.
    CertificateState = 406,
    /// There is one of that name already.
    ResourceAlreadyExists = 409,
    /// The resource has another version than the caller expects.
    VersionConflict = 409,
    /// Something else still needs it.
    DeleteConflict = 409,
    /// A policy has all the versions that it may have.
    VersionsLimitExceeded = 409,
    /// Which of several CAs signed a certificate cannot be told.
    CertificateConflict = 409,
    /// A provisioning template meets a resource that is there and differs.
    ConflictingResourceUpdate = 409,
    /// A limit of the account is reached.
    LimitExceeded = 410,
    /// The service failed.
    InternalFailure = 500,
    /// Squall does not model what was asked for; the service itself may.
    NotModelled = 501,
}

/// The resource that an error is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiResource {
    /// `resourceId`.
    pub id: Box<str>,
    /// `resourceArn`.
    pub arn: Box<str>,
}

/// Why a call of the control plane failed. A failed call has changed nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// Which exception.
    pub exception: Exception,
    /// What is wrong, for a person.
    pub message: String,
    /// The resource that is in the way, where the API names it.
    pub resource: Option<Box<ApiResource>>,
}

impl ApiError {
    /// An error that names no resource.
    pub fn new(exception: Exception, message: impl Into<String>) -> Self {
        Self { exception, message: message.into(), resource: None }
    }

    pub(crate) fn about(mut self, id: impl fmt::Display, arn: Box<str>) -> Self {
        self.resource = Some(Box::new(ApiResource { id: id.to_string().into(), arn }));
        self
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.exception.name(), self.message)
    }
}

impl core::error::Error for ApiError {}
