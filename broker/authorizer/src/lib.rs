//! Custom authorizers: from what a connecting client sends to what it may do, and for how long.
//!
//! ```text
//! user name, query --> Credentials --> choose an Authorizer --> check the token's signature --> event to the Lambda
//!                                                                                                     |
//!              Deadlines (refresh, disconnect)  <--  Grant (principal, policy documents)  <--  its answer
//! ```
//!
//! Every arrow may end in a [`Refusal`]. Nothing here invokes the Lambda: the caller does, and hands its answer back.
//! Facts are those of `broker.md`, sections 7.2 and 8.3; a comment beside each rule names its row.

mod answer;
mod cache;
mod choice;
mod configuration;
mod credentials;
mod event;
mod refusal;
mod signature;

pub use answer::{AnswerError, Grant, grant};
pub use cache::{Deadlines, Due, http_needs_lambda};
pub use choice::{DefaultAuthorizer, choose};
pub use configuration::{
    Authorizer, AuthorizerError, AuthorizerKind, AuthorizerRequest, AuthorizerStatus, CheckedToken,
    MAX_ACTIVE_AUTHORIZERS, MAX_AUTHORIZERS, Signing,
};
pub use credentials::{Credentials, CredentialsError};
pub use event::{AuthorizerEvent, HttpPart, MqttPart, TlsPart};
pub use refusal::{LogReason, Refusal};
pub use signature::{KeyError, SignatureError, SigningKey, verify_token};
