//! Calls of the account, and what an authorizer's function says.

use super::lexer::Lexer;
use super::step::split_word;
use super::template::{Fill, Template};
use crate::near::unknown;

/// A call over HTTPS as a step writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallWritten {
    /// The operation.
    pub operation: String,
    /// Its arguments.
    pub arguments: Vec<(String, Template)>,
    /// The name of the error that must come; `None` for success.
    pub error: Option<String>,
}

/// What the function of an authorizer says, or is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthorizerSays {
    /// It lets the client in.
    Grants {
        /// The policies of the account whose documents it answers.
        policies: Vec<String>,
        /// `principalId`.
        principal: String,
        /// `refreshAfterInSeconds`, if it says so.
        refresh: Option<u32>,
        /// `disconnectAfterInSeconds`, if it says so.
        disconnect: Option<u32>,
    },
    /// It answers that the client is not authenticated.
    Refuses,
    /// It fails.
    Fails,
    /// It answers this text, which is JSON.
    Answers(String),
    /// It was given an event in which a member, named by its path, is this text; `-` for none.
    Heard {
        /// `protocolData.mqtt.password`
        path: String,
        /// As text.
        value: String,
    },
}

/// Calls that a case may make, with their arguments.
const CALLS: &[(&str, &[&str])] = &[
    ("Publish", &["topic", "payload", "qos", "retain"]),
    ("GetRetainedMessage", &["topic"]),
    ("DeleteConnection", &["client_id", "clean_session", "prevent_will_message"]),
    ("CreatePolicy", &["name", "document"]),
    ("CreatePolicyVersion", &["name", "document", "set_as_default"]),
    ("SetDefaultPolicyVersion", &["name", "version"]),
    ("DeletePolicyVersion", &["name", "version"]),
    ("DeletePolicy", &["name"]),
    ("AttachPolicy", &["policy", "certificate", "group", "cognito"]),
    ("DetachPolicy", &["policy", "certificate", "group", "cognito"]),
    ("RegisterCertificateWithoutCA", &["certificate", "status"]),
    ("UpdateCertificate", &["certificate", "status"]),
    ("DeleteCertificate", &["certificate", "force"]),
    ("CreateThing", &["name", "type", "attributes"]),
    ("DeleteThing", &["name"]),
    ("AttachThingPrincipal", &["thing", "certificate", "exclusive"]),
    ("DetachThingPrincipal", &["thing", "certificate"]),
    ("CreateThingGroup", &["name", "parent"]),
    ("AddThingToThingGroup", &["thing", "group"]),
    ("RemoveThingFromThingGroup", &["thing", "group"]),
    ("CreateAuthorizer", &["name", "status"]),
    ("UpdateAuthorizer", &["name", "status"]),
    ("SetDefaultAuthorizer", &["name"]),
];

/// Reads a call; `#` in it is its count if there is one.
pub(super) fn parse_call(text: &str, counted: bool) -> Result<CallWritten, String> {
    let (call, error) = match text.rsplit_once(" -> ") {
        None => (text, None),
        Some((call, error)) => (call.trim(), Some(error.trim().to_owned())),
    };
    let error = error.filter(|error| error != "ok");
    let (operation, rest) = split_word(call);
    let Some((_, known)) = CALLS.iter().find(|(name, _)| *name == operation) else {
        return Err(unknown("call", operation, CALLS.iter().map(|(name, _)| *name)));
    };
    let mut arguments = Vec::new();
    let mut lexer = Lexer::new(rest, counted);
    loop {
        lexer.skip_blanks();
        if lexer.rest().is_empty() {
            return Ok(CallWritten { operation: operation.to_owned(), arguments, error });
        }
        let name = lexer.text(&['='])?.fill_text(&Fill::PLAIN)?;
        if !known.contains(&name.as_str()) {
            return Err(format!("{operation} has no '{name}'; it has {}", known.join(", ")));
        }
        if !lexer.eat("=") {
            return Err(format!("'{name}' needs a value"));
        }
        if name == "document" && lexer.rest().starts_with('{') {
            // JSON is taken as it stands, to the end of the call.
            arguments.push((name, Template::literal(lexer.rest())));
            return Ok(CallWritten { operation: operation.to_owned(), arguments, error });
        }
        arguments.push((name, lexer.text(&[])?));
    }
}

/// Reads what stands behind `authorizer LINK`.
pub(super) fn parse_authorizer(text: &str) -> Result<AuthorizerSays, String> {
    let (verb, rest) = split_word(text);
    match (verb, rest) {
        ("refuses", "") => Ok(AuthorizerSays::Refuses),
        ("fails", "") => Ok(AuthorizerSays::Fails),
        ("answers", json) if !json.is_empty() => match serde_json::from_str::<serde_json::Value>(json) {
            Ok(_) => Ok(AuthorizerSays::Answers(json.to_owned())),
            Err(error) => Err(format!("what it answers is no JSON: {error}")),
        },
        ("heard", rest) => {
            let (path, value) = rest.split_once('=').ok_or("'heard' has PATH=VALUE behind it")?;
            Ok(AuthorizerSays::Heard { path: path.to_owned(), value: value.to_owned() })
        }
        ("grants", rest) => parse_grant(rest),
        _ => {
            Err("an authorizer 'grants ...', 'refuses', 'fails', 'answers JSON' or 'heard PATH=VALUE'"
                .to_owned())
        }
    }
}

fn parse_grant(text: &str) -> Result<AuthorizerSays, String> {
    let (mut policies, mut principal) = (Vec::new(), "me".to_owned());
    let (mut refresh, mut disconnect) = (None, None);
    let seconds =
        |text: &str| text.parse().map(Some).map_err(|_| format!("'{text}' is no number of seconds"));
    for word in text.split_whitespace() {
        let (key, value) = word.split_once('=').unwrap_or((word, ""));
        match key {
            "policies" => policies = value.split(',').map(str::to_owned).collect(),
            "principal" => value.clone_into(&mut principal),
            "refresh" => refresh = seconds(value)?,
            "disconnect" => disconnect = seconds(value)?,
            _ => return Err(format!("'grants' has policies, principal, refresh and disconnect, no '{key}'")),
        }
    }
    Ok(AuthorizerSays::Grants { policies, principal, refresh, disconnect })
}
