//! What a case can be run against.
//!
//! ```text
//!   Target ── begin(service) ──> World      one a case: transports, time, calls, metrics
//!     sim     a fresh broker/core in virtual time, no latency
//!     socket  any broker over plain TCP
//! ```

mod sim;
mod socket;

use std::time::Duration;

use serde_json::Value as Json;
use squall_services::api_error::ApiError;
use squall_types::CertificateId;
use thiserror::Error;

pub use sim::Sim;
pub use socket::{DEFAULT_PATIENCE, Socket};

use crate::case::{Account, Service};
use crate::wire_text::{AuthorizerSays, CallWritten, Counter};

/// Something that speaks MQTT.
pub trait Target {
    /// How it is called in results.
    fn name(&self) -> String;

    /// Whether it is ours to set up: profiles, limits, calls and metrics.
    fn is_ours(&self) -> bool;

    /// Whether its time is virtual.
    fn is_virtual(&self) -> bool;

    /// What begins with one case, and ends when it is dropped.
    ///
    /// # Errors
    /// It cannot be reached, or cannot be set up like this.
    fn begin<'t>(
        &'t self,
        service: &Service,
        account: &'t Account,
    ) -> Result<Box<dyn World + 't>, TargetError>;
}

/// The target during one case.
pub trait World {
    /// Opens a transport for a link; `shown` is its certificate if the account leaves to a step which one that is.
    ///
    /// # Errors
    /// The target refuses it.
    fn open(&mut self, link: &str, shown: Option<CertificateId>) -> Result<TransportId, TargetError>;

    /// Sends bytes; does nothing on a transport that has ended.
    fn send(&mut self, transport: TransportId, bytes: &[u8]);

    /// The next thing that has arrived, or that arrives while it is worth waiting.
    fn read(&mut self, transport: TransportId, patience: Patience) -> Option<Arrival>;

    /// The client ends its stream.
    fn end(&mut self, transport: TransportId);

    /// The client resets the connection.
    fn reset(&mut self, transport: TransportId);

    /// Lets time pass.
    fn advance(&mut self, duration: Duration);

    /// Makes a call over HTTPS for the `count`-th time; the name of the error that comes back, if one does.
    ///
    /// # Errors
    /// The target cannot be asked this.
    fn call(&mut self, call: &CallWritten, count: u64, prefix: &str) -> Result<Option<String>, String>;

    /// Makes a call in the JSON of the public API; what it is answered with.
    ///
    /// # Errors
    /// The target cannot be asked this.
    fn ask(&mut self, operation: &str, parameters: &Json) -> Result<Answered, String>;

    /// The function of a link's authorizer says something.
    ///
    /// # Errors
    /// It was not asked, was given something else, or the target has no authorizers.
    fn authorizer(&mut self, link: &str, says: &AuthorizerSays) -> Result<(), String>;

    /// The function of a hook answers its last invocation: with a text, or by failing.
    ///
    /// # Errors
    /// It was not invoked, or the target has no hooks.
    fn hook(&mut self, function: &str, answer: Result<&str, &str>) -> Result<(), String>;

    /// What it was given then.
    ///
    /// # Errors
    /// As [`hook`](Self::hook).
    fn heard(&self, function: &str) -> Result<&Json, String>;

    /// What the service counted since the case began; `None` where the target does not show it.
    fn count(&self, counter: &Counter) -> Option<u64>;

    /// Time since the case began.
    fn now(&self) -> Duration;
}

/// What a call in JSON is answered with.
#[derive(Clone, Debug, PartialEq)]
pub struct Answered {
    /// The name of the error and what it says, if it is one.
    pub error: Option<(&'static str, String)>,
    /// The body, of an error too; null if there is none.
    pub body: Json,
}

impl From<Result<Json, ApiError>> for Answered {
    fn from(answer: Result<Json, ApiError>) -> Self {
        match answer {
            Ok(body) => Self { error: None, body },
            Err(error) => {
                let body = error.to_json();
                Self { error: Some((error.exception.name(), error.message)), body }
            }
        }
    }
}

/// A transport of one case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransportId(pub usize);

/// How long to wait for what has not arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// Not at all.
    None,
    /// As long as it takes to be sure enough that nothing comes.
    Short,
    /// Up to the target's deadline.
    Long,
}

/// What arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// Bytes.
    Bytes(Vec<u8>),
    /// The end of the connection; the reason where the target shows it.
    Close(Option<String>),
}

/// Why a target cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TargetError {
    /// Not an address that can be run against.
    #[error("target '{0}' is neither 'sim' nor mqtt://HOST:PORT")]
    Address(String),
    /// Nobody answers there.
    #[error("cannot connect to {address}: {error}")]
    Unreachable {
        /// The address.
        address: String,
        /// What the system says.
        error: String,
    },
    /// The case asks for a service that there is not.
    #[error("{0}")]
    Service(String),
}
