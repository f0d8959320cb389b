//! Custom authorizers of a case: all but their functions, whose answers the case gives.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};
use squall_authorizer::{
    Authorizer, AuthorizerKind, AuthorizerRequest, AuthorizerStatus, Authorizers, Grant, Invocation,
    InvocationError, MqttClient, Refusal,
};
use squall_core::{Answer, AskId, ClientToAuthorize, ConnectionId, Input};
use squall_lambda::Lambda;
use squall_services::api_error::ApiError;
use squall_services::policy;

use super::{SimWorld, connection};
use crate::case::{Account, Entry};
use crate::wire_text::AuthorizerSays;

/// The key that signed tokens of all cases are checked against.
const KEY: &str = include_str!("../../../../fixtures/authorizers/token-signing-key.pub.pem");

/// Never invoked: the case answers.
const FUNCTION: &str = "fn handler(event) { #{ isAuthenticated: false } }";

/// What is open for one connection.
struct Invoked {
    ask: AskId,
    invocation: Invocation,
}

/// The authorizers, and what their functions were asked.
pub(super) struct Functions {
    authorizers: Authorizers,
    invoked: BTreeMap<ConnectionId, Vec<Invoked>>,
}

impl Functions {
    pub(super) fn new(account: &Account) -> Result<Self, String> {
        let mut functions =
            Self { authorizers: Authorizers::new(policy::Account::default()), invoked: BTreeMap::new() };
        for entry in &account.entries {
            let Entry::Authorizer { name, active, signed, default } = entry else { continue };
            functions.create(name, *active, *signed)?.map_err(|error| error.to_string())?;
            if *default {
                functions.authorizers.set_default(name).map_err(|error| error.to_string())?;
            }
        }
        Ok(functions)
    }

    /// `CreateAuthorizer`; the inner error is the API's.
    pub(super) fn create(
        &mut self,
        name: &str,
        active: bool,
        signed: bool,
    ) -> Result<Result<(), ApiError>, String> {
        let authorizer = Authorizer::new(&AuthorizerRequest {
            name,
            function: name,
            kind: AuthorizerKind::CustomAuth,
            status: status(active),
            token_key_name: Some("token"),
            signing_disabled: !signed,
            public_keys: if signed { &[KEY] } else { &[] },
            caching_for_http: false,
        })
        .map_err(|error| error.to_string())?;
        let lambda = Lambda::compile(name, FUNCTION).map_err(|error| error.to_string())?;
        Ok(self.authorizers.add(authorizer, Arc::new(lambda)))
    }

    /// `UpdateAuthorizer`.
    pub(super) fn update(&mut self, name: &str, active: bool) -> Result<(), ApiError> {
        self.authorizers.set_status(name, status(active))
    }

    /// `SetDefaultAuthorizer`.
    pub(super) fn set_default(&mut self, name: &str) -> Result<(), ApiError> {
        self.authorizers.set_default(name)
    }

    fn begin(&mut self, ask: AskId, asked: &ClientToAuthorize) -> Result<(), Refusal> {
        let connection_id = asked.connection_uuid.to_string();
        let invocation = self.authorizers.begin(&MqttClient {
            username: asked.username.as_deref(),
            password: asked.password.as_deref(),
            client_id: Some(&asked.client_id),
            server_name: asked.server_name.as_deref(),
            certificate: None,
            connection_id: Some(&connection_id),
        })?;
        self.invoked.entry(asked.connection).or_default().push(Invoked { ask, invocation });
        Ok(())
    }
}

const fn status(active: bool) -> AuthorizerStatus {
    if active { AuthorizerStatus::Active } else { AuthorizerStatus::Inactive }
}

impl SimWorld<'_> {
    /// Begins to answer whether a client may come in: without the function if that is enough.
    pub(super) fn ask_authorizer(&mut self, ask: AskId, client: &ClientToAuthorize) {
        if let Err(refusal) = self.functions.begin(ask, client) {
            self.answer(ask, &Err(refusal));
        }
    }

    fn answer(&mut self, ask: AskId, answer: &Result<Grant, Refusal>) {
        let answer = match answer {
            Ok(grant) => Answer::Granted {
                principal_id: &grant.principal_id,
                rights: &grant.rights,
                refresh_after_seconds: grant.refresh_after_seconds,
                disconnect_after_seconds: grant.disconnect_after_seconds,
            },
            Err(refusal) => Answer::Refused { reason: refusal.log_reason().as_str() },
        };
        self.input(Input::Answer { ask, answer });
    }

    /// How often functions were invoked for clients of a link.
    pub(super) fn times_asked(&self, link: &str) -> u64 {
        let of_link = self.opened_by.iter().enumerate().filter(|(_, name)| *name == link);
        let times = of_link.map(|(transport, _)| {
            self.functions.invoked.get(&connection(transport)).map_or(0, Vec::len) as u64
        });
        times.sum()
    }

    pub(super) fn authorizer_says(&mut self, link: &str, says: &AuthorizerSays) -> Result<(), String> {
        self.meet_deadlines(self.now);
        let nobody = || format!("no function was invoked for '{link}'");
        let transport = self.opened_by.iter().rposition(|name| name == link).ok_or_else(nobody)?;
        let invoked = self.functions.invoked.get(&connection(transport)).and_then(|all| all.last());
        let Invoked { ask, invocation } = invoked.ok_or_else(nobody)?;
        if let AuthorizerSays::Heard { path, value } = says {
            return heard(invocation.event(), path, value);
        }
        let answer = self.function_answer(says)?;
        let (ask, grant) = (*ask, self.functions.authorizers.finish(invocation, answer));
        self.answer(ask, &grant);
        Ok(())
    }

    fn function_answer(&self, says: &AuthorizerSays) -> Result<Result<Value, InvocationError>, String> {
        Ok(match says {
            AuthorizerSays::Fails => Err(InvocationError::Failed),
            AuthorizerSays::Answers(text) => {
                Ok(serde_json::from_str(text).map_err(|error| error.to_string())?)
            }
            AuthorizerSays::Grants { policies, principal, refresh, disconnect } => {
                let mut documents = Vec::new();
                for name in policies {
                    let text = self.account.document(name).ok_or_else(|| format!("no policy '{name}'"))?;
                    documents.push(serde_json::from_str::<Value>(text).map_err(|error| error.to_string())?);
                }
                let mut answer = json!({ "isAuthenticated": true, "principalId": principal, "policyDocuments": documents });
                for (key, seconds) in
                    [("refreshAfterInSeconds", refresh), ("disconnectAfterInSeconds", disconnect)]
                {
                    if let Some(seconds) = seconds {
                        answer[key] = json!(seconds);
                    }
                }
                Ok(answer)
            }
            AuthorizerSays::Refuses | AuthorizerSays::Heard { .. } => Ok(json!({ "isAuthenticated": false })),
        })
    }
}

/// Compares one member of an event, named by its path.
fn heard(event: &Value, path: &str, value: &str) -> Result<(), String> {
    let found = event.pointer(&format!("/{}", path.replace('.', "/")));
    let found = found.map(|found| found.as_str().map_or_else(|| found.to_string(), str::to_owned));
    match found {
        None if value == "-" => Ok(()),
        Some(found) if found == value => Ok(()),
        None => Err(format!("no {path} in {event}")),
        Some(found) => Err(format!("{path} is {found}")),
    }
}
