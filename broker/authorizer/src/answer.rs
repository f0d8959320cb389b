//! What the authorizer's Lambda answers, and what of it is no answer.

use serde_json::{Map, Value};
use squall_services::policy::{Account, Policy, PolicyError, Rights};

use super::AuthorizerKind;

/// 8.3, answer: `principalId` is `[a-zA-Z0-9]{1,128}`.
const MAX_PRINCIPAL_ID: usize = 128;
/// 7.2, "disconnectAfterInSeconds, refreshAfterInSeconds".
const SECONDS: core::ops::RangeInclusive<u32> = 300..=86_400;
/// 8.3, "disconnectAfterInSeconds fixed at connect (default 86,400)".
const DEFAULT_DISCONNECT_SECONDS: u32 = 86_400;
/// The reference names no default: the latest refresh that one may ask for.
const DEFAULT_REFRESH_SECONDS: u32 = 86_400;
/// 7.2, "Authorizer policy documents".
const MAX_DOCUMENTS: usize = 10;

/// What an answer gives to the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Who the client is.
    pub principal_id: String,
    /// Seconds after connecting at which the connection ends.
    pub disconnect_after_seconds: u32,
    /// Seconds after which the Lambda is invoked again.
    pub refresh_after_seconds: u32,
    /// What the policies of the answer allow, in their order. Beside a certificate, its own policies count as well.
    pub rights: Rights,
}

/// An answer that lets nobody in (8.3, last paragraph). The texts become log records.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// `isAuthenticated` is false.
    #[error("the authorizer answered that the client is not authenticated")]
    NotAuthenticated,
    /// The answer is no JSON object.
    #[error("the authorizer's answer is {found}, not an object")]
    NoObject {
        /// What it is.
        found: &'static str,
    },
    /// A key is missing.
    #[error("the authorizer's answer has no {key}")]
    Missing {
        /// The key.
        key: &'static str,
    },
    /// A key has a value of the wrong kind.
    #[error("{key} in the authorizer's answer is {found}, not {expected}")]
    Kind {
        /// The key.
        key: &'static str,
        /// What its value should be.
        expected: &'static str,
        /// What it is.
        found: &'static str,
    },
    /// `principalId` is outside its pattern.
    #[error(
        "principalId {principal_id:?} in the authorizer's answer is not 1 to {MAX_PRINCIPAL_ID} of A-Z a-z 0-9"
    )]
    PrincipalId {
        /// What was answered.
        principal_id: String,
    },
    /// `principalId` is not the id of the client's certificate, in the mode `CUSTOM_AUTH_X509`.
    #[error(
        "principalId {principal_id:?} in the authorizer's answer is not the id of the client's certificate"
    )]
    NotTheCertificate {
        /// What was answered.
        principal_id: String,
    },
    /// A number of seconds is outside its bounds.
    #[error("{key} {seconds} in the authorizer's answer is not in {} to {}", SECONDS.start(), SECONDS.end())]
    Seconds {
        /// The key.
        key: &'static str,
        /// What was answered.
        seconds: String,
    },
    /// Too many policy documents.
    #[error("the authorizer's answer has {count} policy documents; at most {MAX_DOCUMENTS} are allowed")]
    TooManyDocuments {
        /// How many.
        count: usize,
    },
    /// A policy document is none, or one that is not evaluated here.
    #[error("policy document {index} in the authorizer's answer is refused: {error}")]
    Document {
        /// Which, from 0.
        index: usize,
        /// What is wrong with it, and where.
        error: PolicyError,
    },
}

/// Reads the Lambda's answer.
///
/// `certificate_id` is the client's certificate, which counts only for [`AuthorizerKind::CustomAuthX509`]: there
/// `principalId` must equal it, and `policyDocuments` may be absent. Keys that nobody knows are passed over. Policies
/// are compiled for `account`; one that is wrong makes the whole answer wrong.
pub fn grant(
    answer: &Value,
    kind: AuthorizerKind,
    certificate_id: Option<&str>,
    account: &Account,
) -> Result<Grant, AnswerError> {
    let answer = answer.as_object().ok_or_else(|| AnswerError::NoObject { found: kind_of(answer) })?;
    // Where the client is not authenticated, nothing else in the answer counts.
    if !is_authenticated(answer)? {
        return Err(AnswerError::NotAuthenticated);
    }
    let documents_may_be_absent = kind == AuthorizerKind::CustomAuthX509;
    let principal_id = principal_id(answer)?;
    if kind == AuthorizerKind::CustomAuthX509 && certificate_id != Some(principal_id) {
        return Err(AnswerError::NotTheCertificate { principal_id: principal_id.to_owned() });
    }
    Ok(Grant {
        principal_id: principal_id.to_owned(),
        disconnect_after_seconds: seconds(answer, "disconnectAfterInSeconds", DEFAULT_DISCONNECT_SECONDS)?,
        refresh_after_seconds: seconds(answer, "refreshAfterInSeconds", DEFAULT_REFRESH_SECONDS)?,
        rights: Rights::granted(policies(answer, documents_may_be_absent, account)?),
    })
}

fn is_authenticated(answer: &Map<String, Value>) -> Result<bool, AnswerError> {
    const KEY: &str = "isAuthenticated";
    let value = answer.get(KEY).ok_or(AnswerError::Missing { key: KEY })?;
    value.as_bool().ok_or_else(|| wrong_kind(KEY, "true or false", value))
}

fn principal_id(answer: &Map<String, Value>) -> Result<&str, AnswerError> {
    const KEY: &str = "principalId";
    let value = answer.get(KEY).ok_or(AnswerError::Missing { key: KEY })?;
    let text = value.as_str().ok_or_else(|| wrong_kind(KEY, "a string", value))?;
    let fits = (1..=MAX_PRINCIPAL_ID).contains(&text.len());
    if !fits || !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(AnswerError::PrincipalId { principal_id: text.to_owned() });
    }
    Ok(text)
}

fn seconds(answer: &Map<String, Value>, key: &'static str, default: u32) -> Result<u32, AnswerError> {
    let Some(value) = answer.get(key) else { return Ok(default) };
    let number = value.as_number().ok_or_else(|| wrong_kind(key, "a number", value))?;
    let seconds = number.as_u64().and_then(|seconds| u32::try_from(seconds).ok());
    seconds
        .filter(|seconds| SECONDS.contains(seconds))
        .ok_or_else(|| AnswerError::Seconds { key, seconds: number.to_string() })
}

fn policies(
    answer: &Map<String, Value>,
    may_be_absent: bool,
    account: &Account,
) -> Result<Vec<Policy>, AnswerError> {
    const KEY: &str = "policyDocuments";
    let Some(value) = answer.get(KEY) else {
        return if may_be_absent { Ok(Vec::new()) } else { Err(AnswerError::Missing { key: KEY }) };
    };
    let documents = value.as_array().ok_or_else(|| wrong_kind(KEY, "an array", value))?;
    if documents.len() > MAX_DOCUMENTS {
        return Err(AnswerError::TooManyDocuments { count: documents.len() });
    }
    let parse = |(index, document): (usize, &Value)| {
        Policy::parse(&document.to_string(), account).map_err(|error| AnswerError::Document { index, error })
    };
    documents.iter().enumerate().map(parse).collect()
}

fn wrong_kind(key: &'static str, expected: &'static str, value: &Value) -> AnswerError {
    AnswerError::Kind { key, expected, found: kind_of(value) }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests;
