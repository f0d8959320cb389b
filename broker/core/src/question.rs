//! What the broker asks of the outside, and what it is answered.

use squall_services::policy::Rights;
use squall_services::registry::X509Certificate;
use squall_types::Uuid;

use crate::input::ConnectionId;

/// What the broker asks of the outside, which knows functions, keys and signatures.
#[derive(Clone, Copy, Debug)]
pub enum Question<'a> {
    /// May this client come in, or stay? (`broker.md` 8.3) Answered by [`Answer::Granted`] or [`Answer::Refused`].
    Authorize {
        /// Its connection.
        connection: ConnectionId,
        /// The client id of its CONNECT; may be empty.
        client_id: &'a str,
        /// The user name of its CONNECT.
        username: Option<&'a str>,
        /// The password of its CONNECT.
        password: Option<&'a [u8]>,
        /// The name that its TLS asked for.
        server_name: Option<&'a str>,
        /// How the service names its connection to others: the same in each question about it.
        connection_uuid: Uuid,
    },
    /// A key pair, and a certificate of the service's for it (`state.md` 3.3). Answered by [`Answer::Issued`] or
    /// [`Answer::Failed`].
    CreateKeys,
    /// A certificate of the service's for a signing request. Answered like [`Question::CreateKeys`].
    SignRequest {
        /// PEM text, as the device sent it.
        signing_request: &'a str,
    },
    /// May this device be provisioned? (`state.md` 3.6) Answered by [`Answer::Returned`] or [`Answer::Failed`].
    InvokeHook {
        /// The function's ARN.
        function_arn: &'a str,
        /// The event, JSON text.
        event: &'a str,
    },
    /// A message has matched a rule whose action is a function. Nobody waits for an answer.
    InvokeRule {
        /// The rule.
        rule: &'a str,
        /// The function's name.
        function: &'a str,
        /// The message's payload, which is the event.
        payload: &'a [u8],
    },
}

/// The answer to a [`Question`].
#[derive(Clone, Copy, Debug)]
pub enum Answer<'a> {
    /// The client may come in, or stay.
    Granted {
        /// `principalId`.
        principal_id: &'a str,
        /// What it may do.
        rights: &'a Rights,
        /// Seconds after which the authorizer is asked again.
        refresh_after_seconds: u32,
        /// Seconds after CONNECT at which the connection ends.
        disconnect_after_seconds: u32,
    },
    /// It may not.
    Refused {
        /// The reason that the log names, such as `NOT_AUTHENTICATED`.
        reason: &'static str,
    },
    /// A certificate was made.
    Issued {
        /// Its fields, with its PEM text.
        certificate: &'a X509Certificate,
        /// Its private key, PEM text; none for a signing request.
        private_key: Option<&'a str>,
    },
    /// A function has returned.
    Returned {
        /// What, JSON text.
        payload: &'a str,
    },
    /// It could not be done.
    Failed {
        /// Why, in words.
        what: &'a str,
    },
}

/// A [`Question`] that owns what it says, for a driver that answers later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnedQuestion {
    /// [`Question::Authorize`].
    Authorize(ClientToAuthorize),
    /// [`Question::CreateKeys`].
    CreateKeys,
    /// [`Question::SignRequest`].
    SignRequest {
        /// PEM text, as the device sent it.
        signing_request: Box<str>,
    },
    /// [`Question::InvokeHook`].
    InvokeHook {
        /// The function's ARN.
        function_arn: Box<str>,
        /// The event, JSON text.
        event: Box<str>,
    },
    /// [`Question::InvokeRule`].
    InvokeRule {
        /// The rule.
        rule: Box<str>,
        /// The function's name.
        function: Box<str>,
        /// The event.
        payload: Box<[u8]>,
    },
}

/// What [`Question::Authorize`] says of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientToAuthorize {
    /// The client's connection.
    pub connection: ConnectionId,
    /// The client id of its CONNECT; may be empty.
    pub client_id: Box<str>,
    /// The user name of its CONNECT.
    pub username: Option<Box<str>>,
    /// The password of its CONNECT.
    pub password: Option<Box<[u8]>>,
    /// The name that its TLS asked for.
    pub server_name: Option<Box<str>>,
    /// How the service names its connection to others.
    pub connection_uuid: Uuid,
}

impl From<Question<'_>> for OwnedQuestion {
    fn from(question: Question<'_>) -> Self {
        match question {
            Question::Authorize {
                connection,
                client_id,
                username,
                password,
                server_name,
                connection_uuid,
            } => Self::Authorize(ClientToAuthorize {
                connection,
                client_id: client_id.into(),
                username: username.map(Into::into),
                password: password.map(Into::into),
                server_name: server_name.map(Into::into),
                connection_uuid,
            }),
            Question::CreateKeys => Self::CreateKeys,
            Question::SignRequest { signing_request } => {
                Self::SignRequest { signing_request: signing_request.into() }
            }
            Question::InvokeHook { function_arn, event } => {
                Self::InvokeHook { function_arn: function_arn.into(), event: event.into() }
            }
            Question::InvokeRule { rule, function, payload } => {
                Self::InvokeRule { rule: rule.into(), function: function.into(), payload: payload.into() }
            }
        }
    }
}
