use std::borrow::Borrow;

use serde_json::Value;
use squall_services::api_error::ApiError;
use squall_services::policy::Account;
use squall_services::registry::{CALLS, OwnedCall, OwnedQuery, Registry};
use squall_types::{CertificateId, Now, Timestamp, WallTime};

/// The wall time that a test begins at: 2026-01-01T00:00:00Z.
pub(crate) const EPOCH: WallTime = WallTime::from_unix_secs(1_767_225_600);

/// An account, and its clock.
pub(crate) struct Bench {
    pub(crate) registry: Registry,
    pub(crate) now: Now,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::new(Account::default());
        let now = Now::at(Timestamp::ZERO, EPOCH);
        registry.set_time(now);
        Self { registry, now }
    }

    pub(crate) fn advance(&mut self, nanos: u64) {
        self.now = Now::at(self.now.mono.plus_nanos(nanos), EPOCH);
    }

    /// Calls or asks, a second after the last time, so that no rate is in the way.
    pub(crate) fn ask(&mut self, operation: &str, parameters: impl Borrow<Value>) -> Result<Value, ApiError> {
        self.advance(1_000_000_000);
        self.ask_now(operation, parameters.borrow())
    }

    pub(crate) fn ask_now(&mut self, operation: &str, parameters: &Value) -> Result<Value, ApiError> {
        if CALLS.contains(&operation) {
            let owned = OwnedCall::read(operation, parameters)?;
            let call = owned.as_call();
            assert_eq!(call.operation(), operation);
            return Ok(self.registry.call(self.now, &call)?.to_json(&call));
        }
        let query = OwnedQuery::read(operation, parameters)?;
        assert_eq!(query.as_query().operation(), operation);
        Ok(self.registry.query(self.now, &query.as_query())?.to_json())
    }

    /// Asks for what must succeed.
    pub(crate) fn ok(&mut self, operation: &str, parameters: impl Borrow<Value>) -> Value {
        match self.ask(operation, parameters.borrow()) {
            Ok(reply) => reply,
            Err(error) => panic!("{operation} {}: {error}", parameters.borrow()),
        }
    }

    /// Asks for what must fail, and change nothing; the exception's name and message.
    pub(crate) fn refused(
        &mut self,
        operation: &str,
        parameters: impl Borrow<Value>,
    ) -> (&'static str, String) {
        let (before, parameters) = (self.dump(), parameters.borrow());
        let error = match self.ask(operation, parameters) {
            Ok(reply) => panic!("{operation} {parameters} is answered with {reply}"),
            Err(error) => error,
        };
        assert_eq!(self.dump(), before, "{operation} {parameters} fails and changes something");
        (error.exception.name(), error.message)
    }

    /// Everything that the registry holds.
    pub(crate) fn dump(&self) -> String {
        format!("{:#?}", self.registry)
    }
}

pub(crate) fn id(n: u8) -> CertificateId {
    CertificateId([n; 32])
}

pub(crate) fn arn(n: u8) -> String {
    format!("arn:aws:iot:us-east-1:123456789012:cert/{}", id(n))
}
