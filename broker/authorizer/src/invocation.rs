//! One invocation of an authorizer's Lambda: what it is given, and how it can fail.

use core::time::Duration;

use serde_json::Value;
use squall_lambda::LambdaError;
use squall_types::Timestamp;

/// How long the Lambda may take (7.2, "Authorizer Lambda timeout").
pub const INVOCATION_TIMEOUT: Duration = Duration::from_secs(5);

/// An invocation that is due: the client's credentials are in order as far as one can tell without the Lambda.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    pub(super) authorizer: usize,
    pub(super) event: Value,
    /// The client's certificate, where it counts beside the authorizer.
    pub(super) certificate_id: Option<Box<str>>,
}

impl Invocation {
    /// The number of the authorizer, in the order in which they were added.
    pub fn authorizer(&self) -> usize {
        self.authorizer
    }

    /// What the Lambda is given.
    pub fn event(&self) -> &Value {
        &self.event
    }
}

/// An invocation without an answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvocationError {
    /// The script gave none.
    #[error(transparent)]
    Script(#[from] LambdaError),
    /// Too many invocations run at once; this one did not.
    #[error("the invocation was throttled (429, TooManyRequestsException)")]
    Throttled,
    /// It failed, as the scenario has it.
    #[error("the invocation failed, as a share of them is made to")]
    Failed,
    /// It took too long (check 131).
    #[error("the invocation took longer than {} s", after.as_secs_f64())]
    TimedOut {
        /// How long it was waited for.
        after: Duration,
    },
}

/// How an invocation went, and when whoever waits learns of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// When the waiting ends.
    pub at: Timestamp,
    /// The Lambda's answer.
    pub answer: Result<Value, InvocationError>,
}
