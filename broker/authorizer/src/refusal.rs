//! Why a client was refused before, by or after its authorizer.

use super::{AnswerError, CredentialsError, InvocationError, SignatureError};

/// A connection that its authorizer does not let in. Any of these ends the connection, at connect and at a refresh
/// alike (8.3, "Any failure during (re)authentication ends the connection").
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The client's parameters cannot be read.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// The client names no authorizer, and the endpoint has no default one.
    #[error("the client names no authorizer, and there is no default one")]
    NoAuthorizer,
    /// The client names an authorizer although the domain configuration forbids that.
    #[error(
        "the client names the authorizer {name:?}; the domain configuration allows no other than its own"
    )]
    OverrideForbidden {
        /// The name that the client gave.
        name: String,
    },
    /// No authorizer has that name.
    #[error("there is no authorizer {name:?}")]
    UnknownAuthorizer {
        /// The name.
        name: String,
    },
    /// The authorizer exists, and is not active.
    #[error("the authorizer {name:?} is not active")]
    InactiveAuthorizer {
        /// The name.
        name: String,
    },
    /// The authorizer wants a signed token, and the client sent no token.
    #[error("the client sent no token: the parameter {token_key_name:?} is missing")]
    TokenMissing {
        /// The parameter that carries it.
        token_key_name: String,
    },
    /// The token's signature is absent or wrong. The Lambda is not invoked.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// The Lambda gave no answer.
    #[error("the authorizer's function gave no answer: {0}")]
    Lambda(#[from] InvocationError),
    /// The Lambda's answer lets the client not in.
    #[error(transparent)]
    Answer(#[from] AnswerError),
}

impl Refusal {
    /// The reason in the record `Connection.AuthNError`.
    ///
    /// The reference lists the names (8.1) and says of one only what it stands for: a Lambda that fails or takes too
    /// long (check 131). The others are the nearest name.
    pub fn log_reason(&self) -> LogReason {
        match self {
            Self::NoAuthorizer | Self::UnknownAuthorizer { .. } | Self::InactiveAuthorizer { .. } => {
                LogReason::CustomAuthorizerNotFound
            }
            Self::Credentials(_)
            | Self::OverrideForbidden { .. }
            | Self::TokenMissing { .. }
            | Self::Signature(SignatureError::Missing | SignatureError::NotBase64) => {
                LogReason::CustomAuthorizerParameterInvalid
            }
            Self::Signature(SignatureError::Mismatch) | Self::Answer(AnswerError::NotAuthenticated) => {
                LogReason::NotAuthenticated
            }
            Self::Lambda(_) | Self::Answer(_) => LogReason::CustomAuthorizerLambdaExecutionError,
        }
    }
}

/// The reasons of the record `Connection.AuthNError` that an authorizer can cause (8.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogReason {
    /// The Lambda failed, took too long, or answered with what is no answer.
    CustomAuthorizerLambdaExecutionError,
    /// No such authorizer, or not an active one.
    CustomAuthorizerNotFound,
    /// A parameter is missing, malformed or out of bounds.
    CustomAuthorizerParameterInvalid,
    /// The Lambda or the signature says no.
    NotAuthenticated,
}

impl LogReason {
    /// The name in the record.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CustomAuthorizerLambdaExecutionError => "CUSTOM_AUTHORIZER_LAMBDA_EXECUTION_ERROR",
            Self::CustomAuthorizerNotFound => "CUSTOM_AUTHORIZER_NOT_FOUND",
            Self::CustomAuthorizerParameterInvalid => "CUSTOM_AUTHORIZER_PARAMETER_INVALID",
            Self::NotAuthenticated => "NOT_AUTHENTICATED",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::INVOCATION_TIMEOUT;
    use super::*;

    #[test]
    fn each_refusal_has_a_reason_in_the_log() {
        let name = || "a".to_owned();
        for (refusal, reason) in [
            (Refusal::NoAuthorizer, "CUSTOM_AUTHORIZER_NOT_FOUND"),
            (Refusal::UnknownAuthorizer { name: name() }, "CUSTOM_AUTHORIZER_NOT_FOUND"),
            (Refusal::InactiveAuthorizer { name: name() }, "CUSTOM_AUTHORIZER_NOT_FOUND"),
            (Refusal::OverrideForbidden { name: name() }, "CUSTOM_AUTHORIZER_PARAMETER_INVALID"),
            (Refusal::TokenMissing { token_key_name: name() }, "CUSTOM_AUTHORIZER_PARAMETER_INVALID"),
            (SignatureError::Missing.into(), "CUSTOM_AUTHORIZER_PARAMETER_INVALID"),
            (SignatureError::Mismatch.into(), "NOT_AUTHENTICATED"),
            (AnswerError::NotAuthenticated.into(), "NOT_AUTHENTICATED"),
            (AnswerError::NoObject { found: "null" }.into(), "CUSTOM_AUTHORIZER_LAMBDA_EXECUTION_ERROR"),
            (InvocationError::Throttled.into(), "CUSTOM_AUTHORIZER_LAMBDA_EXECUTION_ERROR"),
            (
                InvocationError::TimedOut { after: INVOCATION_TIMEOUT }.into(),
                "CUSTOM_AUTHORIZER_LAMBDA_EXECUTION_ERROR",
            ),
        ] {
            assert_eq!(refusal.log_reason().as_str(), reason, "{refusal}");
        }
    }
}
