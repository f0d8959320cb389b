//! Calls in the JSON of the public API, and looks at what they are answered with.

use serde_json::Value as Json;
use squall_services::provisioning::{TEMPLATE_CALLS, TEMPLATE_QUERIES};
use squall_services::registry::{CALLS, QUERIES};
use squall_services::shadow::SHADOW_CALLS;

use super::json::{parse_member, same_member};
use super::lexer::Lexer;
use super::placeholder::{fill_json, fill_text};
use super::step::split_word;
use super::template::Fill;
use super::value::{Notes, Wanted};
use crate::near::unknown;

/// A call as a step writes it.
#[derive(Clone, Debug, PartialEq)]
pub struct AskWritten {
    /// The operation.
    pub operation: String,
    /// The members of its request, in which placeholders stand.
    parameters: Json,
    /// Whether `#` is the count.
    counted: bool,
    /// The error that must come; `None` for success.
    pub error: Option<AskError>,
}

/// An error that must come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskError {
    /// Its name.
    pub name: String,
    /// Its message, in which placeholders stand; any if there is none.
    pub message: Option<String>,
}

/// Members of requests that are texts of JSON, which a case may write as objects.
const TEXTS_OF_JSON: &[&str] = &["templateBody", "policyDocument"];

/// Members of the answer, each with its path.
pub type AnswerWanted = Vec<(String, Wanted)>;

/// Reads `OPERATION {...} -> ERROR "message"`.
pub(super) fn parse_ask(text: &str, counted: bool) -> Result<AskWritten, String> {
    let (operation, rest) = split_word(text);
    let names =
        || [CALLS, QUERIES, TEMPLATE_CALLS, TEMPLATE_QUERIES, SHADOW_CALLS].into_iter().flatten().copied();
    if !names().any(|known| known == operation) {
        return Err(unknown("call in JSON", operation, names()));
    }
    let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Json>();
    let parameters = match values.next() {
        Some(Ok(parameters)) => parameters,
        Some(Err(error)) => return Err(format!("the members of {operation} are no JSON: {error}")),
        None => return Err(format!("{operation} has a JSON object behind it")),
    };
    let after = rest[values.byte_offset()..].trim();
    let error = match after.strip_prefix("->") {
        None if after.is_empty() => None,
        None => return Err(format!("'{after}' stands behind the call; '-> ERROR \"message\"' may")),
        Some(error) => parse_error(error.trim())?,
    };
    Ok(AskWritten { operation: operation.to_owned(), parameters, counted, error })
}

fn parse_error(text: &str) -> Result<Option<AskError>, String> {
    let (name, rest) = split_word(text);
    let message = match rest {
        "" => None,
        quoted => {
            let message: Result<String, _> = serde_json::from_str(quoted);
            Some(message.map_err(|_| format!("a message stands in quotes, not as {quoted}"))?)
        }
    };
    match (name, &message) {
        ("ok", None) => Ok(None),
        ("ok", Some(_)) => Err("success has no message".to_owned()),
        ("", _) => Err("behind '->' stands the name of an error, or 'ok'".to_owned()),
        _ => Ok(Some(AskError { name: name.to_owned(), message })),
    }
}

/// Reads `PATH=VALUE ...`.
pub(super) fn parse_answer(text: &str) -> Result<AnswerWanted, String> {
    let mut lexer = Lexer::new(text, false);
    let mut wanted = Vec::new();
    loop {
        lexer.skip_blanks();
        if lexer.rest().is_empty() {
            break;
        }
        let path = lexer.text(&['='])?.fill_text(&Fill::PLAIN)?;
        if !lexer.eat("=") {
            return Err(format!("'{path}' needs a value"));
        }
        wanted.push((path, parse_member(&mut lexer)?));
    }
    if wanted.is_empty() { Err("PATH=VALUE is missing".to_owned()) } else { Ok(wanted) }
}

impl AskWritten {
    /// The members of the request of one count.
    ///
    /// # Errors
    /// A placeholder that stands for nothing.
    pub fn fill(&self, count: u64, notes: &Notes) -> Result<Json, String> {
        let mut filled = fill_json(&self.parameters, self.counted.then_some(count), notes)?;
        for name in TEXTS_OF_JSON {
            if let Some(document) = filled.get_mut(*name).filter(|document| document.is_object()) {
                *document = document.to_string().into();
            }
        }
        Ok(filled)
    }
}

impl AskError {
    /// The message of one count.
    ///
    /// # Errors
    /// A placeholder that stands for nothing.
    pub fn fill(&self, notes: &Notes) -> Result<Option<String>, String> {
        self.message.as_deref().map(|text| fill_text(text, None, notes)).transpose()
    }
}

/// The members of an answer that are others than wanted, in words.
pub fn answer_mismatches(
    wanted: &AnswerWanted,
    answer: &Json,
    fill: &Fill<'_>,
    notes: &mut Notes,
) -> Vec<String> {
    let mut words = Vec::new();
    for (path, wanted) in wanted {
        let found = member_at(answer, path);
        if !same_member(wanted, found, fill, notes) {
            words.push(match found {
                Some(found) => format!("{path}={found}"),
                None => format!("no {path}"),
            });
        }
    }
    words
}

/// `thingGroupMetadata.rootToParentThingGroups.0.groupName`; a member's own name may have dots.
pub(super) fn member_at<'j>(value: &'j Json, path: &str) -> Option<&'j Json> {
    if let Some(found) = value.get(path) {
        return Some(found);
    }
    let ends = path.match_indices('.').map(|(at, _)| at);
    ends.into_iter()
        .find_map(|at| {
            let (first, rest) = (&path[..at], &path[at + 1..]);
            let inner = match value {
                Json::Array(items) => items.get(first.parse::<usize>().ok()?)?,
                other => other.get(first)?,
            };
            member_at(inner, rest)
        })
        .or_else(|| value.as_array()?.get(path.parse::<usize>().ok()?))
}
