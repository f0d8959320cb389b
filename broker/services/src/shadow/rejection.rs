//! Why a request of a shadow is refused, with the codes, texts and exceptions of the service (`state.md` 1.9).

/// Why a request was refused. A refused request has changed nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// The payload is no JSON object.
    InvalidJson,
    /// It has no `state`.
    MissingState,
    /// `state` is neither an object nor null.
    StateNotObject,
    /// `desired` is neither an object nor null.
    DesiredNotObject,
    /// `reported` is neither an object nor null.
    ReportedNotObject,
    /// `version` is no whole number from 0 on.
    InvalidVersion,
    /// `clientToken` is no string, or too long.
    InvalidClientToken,
    /// Keys are nested deeper than allowed.
    TooDeep,
    /// There is null in an array.
    InvalidNode,
    /// The name of the shadow breaks the rules for names.
    InvalidShadowName,
    /// The thing has all the named shadows that it may have.
    TooManyShadows,
    /// A page of a list may have 1 to 100 entries.
    InvalidPageSize,
    /// The name of the thing breaks the rules for names.
    ThingNotFound,
    /// There is no such shadow.
    NoShadow,
    /// `version` is not the current one.
    VersionConflict,
    /// The state would become larger than allowed.
    TooLarge,
    /// The payload is not UTF-8.
    NotUtf8,
    /// Too many requests, at one time or in a second.
    Throttled,
}

impl Rejection {
    /// The code in the error document, and the HTTP status.
    #[must_use]
    pub const fn code(self) -> u16 {
        match self {
            Self::InvalidJson
            | Self::MissingState
            | Self::StateNotObject
            | Self::DesiredNotObject
            | Self::ReportedNotObject
            | Self::InvalidVersion
            | Self::InvalidClientToken
            | Self::TooDeep
            | Self::InvalidNode
            | Self::InvalidShadowName
            | Self::TooManyShadows
            | Self::InvalidPageSize => 400,
            Self::ThingNotFound | Self::NoShadow => 404,
            Self::VersionConflict => 409,
            Self::TooLarge => 413,
            Self::NotUtf8 => 415,
            Self::Throttled => 429,
        }
    }

    /// The exception that an HTTPS caller is told, in the header `x-amzn-ErrorType`.
    #[must_use]
    pub const fn exception(self) -> &'static str {
        match self.code() {
            404 => "ResourceNotFoundException",
            409 => "ConflictException",
            413 => "RequestEntityTooLargeException",
            415 => "UnsupportedDocumentEncodingException",
            429 => "ThrottlingException",
            _ => "InvalidRequestException",
        }
    }

    /// The text of the error document. That of [`Rejection::NoShadow`] is followed by the shadow's name.
    ///
    /// No document of the service has a text for names, numbers of shadows, pages and throttling; those are Squall's.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::InvalidJson => "Invalid JSON",
            Self::MissingState => "Missing required node: state",
            Self::StateNotObject => "State node must be an object",
            Self::DesiredNotObject => "Desired node must be an object",
            Self::ReportedNotObject => "Reported node must be an object",
            Self::InvalidVersion => "Invalid version",
            Self::InvalidClientToken => "Invalid clientToken",
            // The service's text says 6 whatever the limit is (`state.md` 0.2).
            Self::TooDeep => "JSON contains too many levels of nesting; maximum is 6",
            Self::InvalidNode => "State contains an invalid node",
            Self::InvalidShadowName => "Invalid shadow name",
            Self::TooManyShadows => "Too many named shadows",
            Self::InvalidPageSize => "Invalid pageSize",
            Self::ThingNotFound => "Thing not found",
            Self::NoShadow => "No shadow exists with name: ",
            Self::VersionConflict => "Version conflict",
            Self::TooLarge => "The payload exceeds the maximum size allowed",
            Self::NotUtf8 => "Unsupported documented encoding; supported encoding is UTF-8",
            Self::Throttled => "Too many requests",
        }
    }
}
