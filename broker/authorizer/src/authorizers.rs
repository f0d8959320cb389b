//! The authorizers of an endpoint, and the way of an MQTT client through the one that it meets.
//!
//! ```text
//!         begin                    run                        finish
//! client ───────> Invocation ─────────────> Answered {at} ─────────────> Grant
//!    │                          a Station's Run says when          │
//!    └──────────────── Refusal, the Lambda not invoked             └───> Refusal
//! ```

use core::time::Duration;
use std::sync::Arc;

use serde_json::Value;
use squall_lambda::{Lambda, LambdaError, Outcome, Run};
use squall_services::api_error::{ApiError, Exception};
use squall_services::policy::Account;
use squall_types::Timestamp;

use super::credentials::{MAX_SERVER_NAME, check_length};
use super::{
    Answered, Authorizer, AuthorizerEvent, AuthorizerKind, AuthorizerStatus, CheckedToken, Credentials,
    DefaultAuthorizer, Grant, INVOCATION_TIMEOUT, Invocation, InvocationError, MAX_ACTIVE_AUTHORIZERS,
    MAX_AUTHORIZERS, MqttPart, Refusal, TlsPart, choose, grant,
};

/// A client that wants to come in, or to stay: what its CONNECT and its connection say. It comes over TLS, as every
/// client of an authorizer does (1.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MqttClient<'a> {
    /// The user name, with the parameters behind it.
    pub username: Option<&'a str>,
    /// The password.
    pub password: Option<&'a [u8]>,
    /// The client id; an empty one is as good as none.
    pub client_id: Option<&'a str>,
    /// The name that TLS was asked for.
    pub server_name: Option<&'a str>,
    /// The certificate that TLS has checked.
    pub certificate: Option<ClientCertificate<'a>>,
    /// The connection's UUID.
    pub connection_id: Option<&'a str>,
}

/// A client's certificate. It counts for [`AuthorizerKind::CustomAuthX509`] alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientCertificate<'a> {
    /// Its id, which the Lambda must answer as the principal.
    pub id: &'a str,
    /// The certificate, where somebody has it as text.
    pub pem: Option<&'a str>,
}

/// The authorizers of an endpoint. They are few: names are looked up one after the other.
#[derive(Debug)]
pub struct Authorizers {
    account: Account,
    entries: Vec<Entry>,
    default: Option<usize>,
    override_forbidden: bool,
    timeout: Duration,
}

#[derive(Debug)]
struct Entry {
    authorizer: Authorizer,
    lambda: Arc<Lambda>,
}

impl Authorizers {
    /// An endpoint of `account` without authorizers: it lets nobody in.
    pub fn new(account: Account) -> Self {
        let timeout = INVOCATION_TIMEOUT;
        Self { account, entries: Vec::new(), default: None, override_forbidden: false, timeout }
    }

    /// Adds an authorizer and the function that it names. Several may share one.
    ///
    /// # Errors
    /// There is one of that name, or there are too many (7.2, "Authorizers / active").
    pub fn add(&mut self, authorizer: Authorizer, lambda: Arc<Lambda>) -> Result<(), ApiError> {
        let name = authorizer.name();
        if self.position(name).is_some() {
            let message = format!("Authorizer {name} already exists");
            return Err(ApiError::new(Exception::ResourceAlreadyExists, message));
        }
        if self.entries.len() >= MAX_AUTHORIZERS {
            return Err(limit_exceeded(MAX_AUTHORIZERS, "authorizers"));
        }
        if authorizer.status() == AuthorizerStatus::Active {
            self.check_active_limit()?;
        }
        self.entries.push(Entry { authorizer, lambda });
        Ok(())
    }

    /// Makes an authorizer the one of clients that name none.
    ///
    /// # Errors
    /// There is none of that name.
    pub fn set_default(&mut self, name: &str) -> Result<(), ApiError> {
        self.default = Some(self.expect_position(name)?);
        Ok(())
    }

    /// Whether clients may name another authorizer than the default one; they may, unless a domain configuration says
    /// that they may not.
    pub fn forbid_override(&mut self, forbidden: bool) {
        self.override_forbidden = forbidden;
    }

    /// How long to wait for a Lambda: [`INVOCATION_TIMEOUT`], unless the scenario's limits say otherwise.
    pub fn set_timeout(&mut self, timeout: Duration) {
        self.timeout = timeout;
    }

    /// Lets clients use an authorizer, or no longer. Who is connected notices at the next refresh.
    ///
    /// # Errors
    /// There is none of that name, or too many are active.
    pub fn set_status(&mut self, name: &str, status: AuthorizerStatus) -> Result<(), ApiError> {
        let position = self.expect_position(name)?;
        if status == AuthorizerStatus::Active
            && self.entries[position].authorizer.status() == AuthorizerStatus::Inactive
        {
            self.check_active_limit()?;
        }
        self.entries[position].authorizer.set_status(status);
        Ok(())
    }

    /// Everything that can be settled without the Lambda: chooses the authorizer, checks the token's signature, and
    /// writes the event. At a refresh it is done anew.
    ///
    /// # Errors
    /// The client is refused, and the Lambda not invoked.
    pub fn begin(&self, client: &MqttClient<'_>) -> Result<Invocation, Refusal> {
        check_length("server name", client.server_name.map_or(0, str::len), MAX_SERVER_NAME)?;
        let credentials = Credentials::from_mqtt(client.username, client.password)?;
        let name = choose(&credentials, self.endpoint())?;
        let authorizer =
            self.position(name).ok_or_else(|| Refusal::UnknownAuthorizer { name: name.to_owned() })?;
        let chosen = &self.entries[authorizer].authorizer;
        let token = chosen.check(&credentials)?;
        let certificate = client.certificate.filter(|_| chosen.kind() == AuthorizerKind::CustomAuthX509);
        Ok(Invocation {
            authorizer,
            event: event(client, certificate, token),
            certificate_id: certificate.map(|certificate| certificate.id.into()),
        })
    }

    /// What the Lambda answers, however long it takes.
    ///
    /// # Errors
    /// The script gives no answer.
    pub fn invoke(&self, invocation: &Invocation) -> Result<Value, LambdaError> {
        self.entries[invocation.authorizer].lambda.invoke(&invocation.event)
    }

    /// What comes of an invocation that was asked for at `asked` and that a station has settled as `run`, and when.
    ///
    /// The script runs only if its answer is waited for. Where it uses up its operations, which stands for a function
    /// that never ends, the answer is waited for in vain. The run of the station does not become longer by that.
    pub fn run(&self, invocation: &Invocation, asked: Timestamp, run: &Run) -> Answered {
        let until = asked + self.timeout;
        let ended = |answer| Answered { at: run.ends, answer };
        match run.outcome {
            Outcome::Throttled => ended(Err(InvocationError::Throttled)),
            Outcome::Succeeds | Outcome::Fails if run.ends > until => {
                Answered { at: until, answer: Err(InvocationError::TimedOut { after: self.timeout }) }
            }
            Outcome::Fails => ended(Err(InvocationError::Failed)),
            Outcome::Succeeds => match self.invoke(invocation) {
                Err(error @ LambdaError::TimedOut { .. }) => {
                    Answered { at: until, answer: Err(error.into()) }
                }
                answer => ended(answer.map_err(Into::into)),
            },
        }
    }

    /// What the client gets from the Lambda's answer.
    ///
    /// # Errors
    /// There is no answer, it is malformed, or it says no.
    pub fn finish(
        &self,
        invocation: &Invocation,
        answer: Result<Value, InvocationError>,
    ) -> Result<Grant, Refusal> {
        let kind = self.authorizer(invocation).kind();
        Ok(grant(&answer?, kind, invocation.certificate_id.as_deref(), &self.account)?)
    }

    /// The authorizer that an invocation of this endpoint is for.
    pub fn authorizer(&self, invocation: &Invocation) -> &Authorizer {
        &self.entries[invocation.authorizer].authorizer
    }

    fn endpoint(&self) -> DefaultAuthorizer<'_> {
        DefaultAuthorizer {
            name: self.default.map(|position| self.entries[position].authorizer.name()),
            override_forbidden: self.override_forbidden,
        }
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.entries.iter().position(|entry| entry.authorizer.name() == name)
    }

    fn expect_position(&self, name: &str) -> Result<usize, ApiError> {
        self.position(name)
            .ok_or_else(|| ApiError::new(Exception::ResourceNotFound, format!("Authorizer {name} not found")))
    }

    fn check_active_limit(&self) -> Result<(), ApiError> {
        let is_active = |entry: &&Entry| entry.authorizer.status() == AuthorizerStatus::Active;
        if self.entries.iter().filter(is_active).count() >= MAX_ACTIVE_AUTHORIZERS {
            return Err(limit_exceeded(MAX_ACTIVE_AUTHORIZERS, "active authorizers"));
        }
        Ok(())
    }
}

fn limit_exceeded(limit: usize, what: &str) -> ApiError {
    let message = format!("An account has at most {limit} {what}");
    ApiError::new(Exception::LimitExceeded, message)
}

fn event(
    client: &MqttClient<'_>,
    certificate: Option<ClientCertificate<'_>>,
    token: CheckedToken<'_>,
) -> Value {
    AuthorizerEvent {
        token: token.token,
        signature_verified: token.signature_verified,
        tls: Some(TlsPart {
            server_name: client.server_name,
            certificate_pem: certificate.and_then(|certificate| certificate.pem),
            principal_id: certificate.map(|certificate| certificate.id),
        }),
        http: None,
        mqtt: Some(MqttPart {
            username: client.username,
            password: client.password,
            client_id: client.client_id.filter(|id| !id.is_empty()),
        }),
        connection_id: client.connection_id,
    }
    .to_json()
}
