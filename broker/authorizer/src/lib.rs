//! Custom authorizers: from what a connecting client sends to what it may do, and for how long.
//!
//! ```text
//! user name, query --> Credentials --> choose an Authorizer --> check the token's signature --> event to the Lambda
//!                                                                                                     |
//!              Deadlines (refresh, disconnect)  <--  Grant (principal, compiled policies)  <--  its answer
//! ```
//!
//! Every arrow may end in a [`Refusal`]. [`Authorizers`] goes the whole way for MQTT: [`Authorizers::begin`] up to the
//! event, [`Authorizers::run`] to the Lambda and back, [`Authorizers::finish`] from there on. Nothing here has a clock:
//! the caller's station says when an answer comes, and the caller waits until then.
//! Facts are those of `broker.md`, sections 7.2 and 8.3; a comment beside each rule names its row.

mod answer;
mod authorizers;
mod cache;
mod choice;
mod configuration;
mod credentials;
mod event;
mod invocation;
mod refusal;
mod signature;

pub use answer::{AnswerError, Grant, grant};
pub use authorizers::{Authorizers, ClientCertificate, MqttClient};
pub use cache::{Deadlines, Due, http_needs_lambda};
pub use choice::{DefaultAuthorizer, choose};
pub use configuration::{
    Authorizer, AuthorizerError, AuthorizerKind, AuthorizerRequest, AuthorizerStatus, CheckedToken,
    MAX_ACTIVE_AUTHORIZERS, MAX_AUTHORIZERS, Signing,
};
pub use credentials::{Credentials, CredentialsError};
pub use event::{AuthorizerEvent, HttpPart, MqttPart, TlsPart};
pub use invocation::{Answered, INVOCATION_TIMEOUT, Invocation, InvocationError};
pub use refusal::{LogReason, Refusal};
pub use signature::{KeyError, SignatureError, SigningKey, verify_token};
