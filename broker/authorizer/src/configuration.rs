//! An authorizer as the account has configured it.

use super::credentials::{MAX_NAME, is_authorizer_name};
use super::{Credentials, KeyError, Refusal, SigningKey, verify_token};

/// How many authorizers an account may have (7.2, "Authorizers / active").
pub const MAX_AUTHORIZERS: usize = 100;
/// How many of them may be active (7.2, the same row).
pub const MAX_ACTIVE_AUTHORIZERS: usize = 32;

/// What CreateAuthorizer is called with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuthorizerRequest<'a> {
    /// The authorizer's name.
    pub name: &'a str,
    /// The function that decides.
    pub function: &'a str,
    /// Alone, or beside the client's certificate.
    pub kind: AuthorizerKind,
    /// Whether clients may use it.
    pub status: AuthorizerStatus,
    /// The parameter that carries the token.
    pub token_key_name: Option<&'a str>,
    /// Tokens are not signed.
    pub signing_disabled: bool,
    /// The public keys against which tokens are checked, each as a PEM text.
    pub public_keys: &'a [&'a str],
    /// Answers hold for later requests on one HTTP connection.
    pub caching_for_http: bool,
}

/// What authenticates a client of the endpoint: one of the domain configuration's authentication types (1.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AuthorizerKind {
    /// `CUSTOM_AUTH`: the authorizer alone.
    #[default]
    CustomAuth,
    /// `CUSTOM_AUTH_X509`: the client's certificate and the authorizer.
    CustomAuthX509,
}

/// Whether clients may use an authorizer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AuthorizerStatus {
    /// They may.
    Active,
    /// They may not: what a new authorizer is, unless its creator says otherwise.
    #[default]
    Inactive,
}

/// A checked configuration. Whether tokens are signed is settled at creation (8.3, "`signingDisabled` fixed at
/// creation"), so nothing here changes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorizer {
    name: String,
    function: String,
    kind: AuthorizerKind,
    status: AuthorizerStatus,
    signing: Signing,
    caching_for_http: bool,
}

/// Whether a client's token must be signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signing {
    /// It need not be there at all.
    Disabled {
        /// The parameter that may carry one.
        token_key_name: Option<String>,
    },
    /// It must, by the owner of one of the keys.
    Required {
        /// The parameter that carries it.
        token_key_name: String,
        /// The keys; there is at least one.
        keys: Vec<SigningKey>,
    },
}

/// A configuration that the API does not take: `InvalidRequestException`, status 400.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthorizerError {
    /// A field is outside its pattern.
    #[error(
        "1 validation error detected: Value '{value}' at '{field}' failed to satisfy constraint: Member must satisfy regular expression pattern: {pattern}"
    )]
    Pattern {
        /// The field's name in the API.
        field: &'static str,
        /// What was sent.
        value: String,
        /// The pattern.
        pattern: &'static str,
    },
    /// A field is too short or too long.
    #[error(
        "1 validation error detected: Value '{value}' at '{field}' failed to satisfy constraint: Member must have length between {min} and {max}"
    )]
    Length {
        /// The field's name in the API.
        field: &'static str,
        /// What was sent.
        value: String,
        /// The shortest length.
        min: usize,
        /// The greatest length.
        max: usize,
    },
    /// Signing is on, and there is no name for the token's parameter.
    #[error("tokenKeyName is required when signing is enabled")]
    TokenKeyNameMissing,
    /// Signing is on, and there is no key.
    #[error("tokenSigningPublicKeys is required when signing is enabled")]
    KeysMissing,
    /// A key that is none.
    #[error("tokenSigningPublicKeys is invalid: {0}")]
    Key(#[from] KeyError),
}

impl AuthorizerError {
    /// The error's name in the API.
    pub fn name(&self) -> &'static str {
        "InvalidRequestException"
    }

    /// Its HTTP status.
    pub fn status(&self) -> u16 {
        400
    }
}

/// A token that an authorizer lets through to its function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckedToken<'a> {
    /// The token, if there is one.
    pub token: Option<&'a str>,
    /// Whether its signature was checked (8.3: false when signing is disabled).
    pub signature_verified: bool,
}

impl Authorizer {
    /// Checks a configuration (8.3, "Field bounds" and "Signing on by default").
    pub fn new(request: &AuthorizerRequest<'_>) -> Result<Self, AuthorizerError> {
        check_name(request.name)?;
        check_length("authorizerFunctionArn", request.function, 1, MAX_FUNCTION)?;
        if let Some(key) = request.token_key_name {
            check_token_key_name(key)?;
        }
        Ok(Self {
            name: request.name.to_owned(),
            function: request.function.to_owned(),
            kind: request.kind,
            status: request.status,
            signing: signing(request)?,
            caching_for_http: request.caching_for_http,
        })
    }

    /// Checks what a client sent, before the function is invoked.
    ///
    /// A token whose signature is wrong never reaches the function (8.3, "bad signature → Lambda not invoked";
    /// check 130).
    pub fn check<'c>(&self, credentials: &'c Credentials) -> Result<CheckedToken<'c>, Refusal> {
        if self.status == AuthorizerStatus::Inactive {
            return Err(Refusal::InactiveAuthorizer { name: self.name.clone() });
        }
        match &self.signing {
            Signing::Disabled { token_key_name } => {
                let token = token_key_name.as_deref().map(|key| credentials.token(key));
                Ok(CheckedToken { token: token.transpose()?.flatten(), signature_verified: false })
            }
            Signing::Required { token_key_name, keys } => {
                let token = credentials
                    .token(token_key_name)?
                    .ok_or_else(|| Refusal::TokenMissing { token_key_name: token_key_name.clone() })?;
                verify_token(keys, token, credentials.signature())?;
                Ok(CheckedToken { token: Some(token), signature_verified: true })
            }
        }
    }

    /// The authorizer's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The function that decides.
    pub fn function(&self) -> &str {
        &self.function
    }

    /// Alone, or beside the client's certificate.
    pub fn kind(&self) -> AuthorizerKind {
        self.kind
    }

    /// Whether clients may use it.
    pub fn status(&self) -> AuthorizerStatus {
        self.status
    }

    /// Lets clients use it, or no longer.
    pub fn set_status(&mut self, status: AuthorizerStatus) {
        self.status = status;
    }

    /// Whether tokens must be signed.
    pub fn signing(&self) -> &Signing {
        &self.signing
    }

    /// Whether answers hold for later requests on one HTTP connection.
    pub fn caching_for_http(&self) -> bool {
        self.caching_for_http
    }
}

/// The API's bound for a function's ARN.
const MAX_FUNCTION: usize = 2048;

fn signing(request: &AuthorizerRequest<'_>) -> Result<Signing, AuthorizerError> {
    let token_key_name = request.token_key_name.map(str::to_owned);
    let keys: Vec<SigningKey> =
        request.public_keys.iter().map(|pem| SigningKey::from_pem(pem)).collect::<Result<_, _>>()?;
    if request.signing_disabled {
        return Ok(Signing::Disabled { token_key_name });
    }
    let token_key_name = token_key_name.ok_or(AuthorizerError::TokenKeyNameMissing)?;
    if keys.is_empty() {
        return Err(AuthorizerError::KeysMissing);
    }
    Ok(Signing::Required { token_key_name, keys })
}

fn check_name(name: &str) -> Result<(), AuthorizerError> {
    const FIELD: &str = "authorizerName";
    check_length(FIELD, name, 1, MAX_NAME)?;
    check_pattern(FIELD, name, r"[\w=,@-]+", is_authorizer_name(name))
}

fn check_token_key_name(key: &str) -> Result<(), AuthorizerError> {
    const FIELD: &str = "tokenKeyName";
    check_length(FIELD, key, 1, MAX_NAME)?;
    let fits = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    check_pattern(FIELD, key, "[a-zA-Z0-9_-]+", fits)
}

fn check_pattern(
    field: &'static str,
    value: &str,
    pattern: &'static str,
    fits: bool,
) -> Result<(), AuthorizerError> {
    if fits { Ok(()) } else { Err(AuthorizerError::Pattern { field, value: value.to_owned(), pattern }) }
}

fn check_length(field: &'static str, value: &str, min: usize, max: usize) -> Result<(), AuthorizerError> {
    if (min..=max).contains(&value.chars().count()) {
        return Ok(());
    }
    Err(AuthorizerError::Length { field, value: value.to_owned(), min, max })
}

#[cfg(test)]
mod tests;
