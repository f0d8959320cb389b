//! What a pre-provisioning hook says, or is asked: `hook check allows {"Place":"Seattle"}`.

use serde_json::{Value as Json, json};

use super::ask::{AnswerWanted, parse_answer};
use super::step::split_word;

/// What the function of a hook says, or is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HookSays {
    /// It answers this text.
    Answers(String),
    /// It fails.
    Fails,
    /// It was given an event with these members.
    Heard(AnswerWanted),
}

/// Reads what stands behind `hook FUNCTION`.
pub(super) fn parse_hook(text: &str) -> Result<HookSays, String> {
    let (verb, rest) = split_word(text);
    match (verb, rest) {
        ("allows", "") => Ok(HookSays::Answers(json!({ "allowProvisioning": true }).to_string())),
        ("allows", overrides) => {
            let overrides: Json = serde_json::from_str(overrides)
                .map_err(|error| format!("the overrides are no JSON: {error}"))?;
            let answer = json!({ "allowProvisioning": true, "parameterOverrides": overrides });
            Ok(HookSays::Answers(answer.to_string()))
        }
        ("refuses", "") => Ok(HookSays::Answers(json!({ "allowProvisioning": false }).to_string())),
        ("fails", "") => Ok(HookSays::Fails),
        // What is no JSON may be its answer as well.
        ("answers", text) if !text.is_empty() => Ok(HookSays::Answers(text.to_owned())),
        ("heard", members) => parse_answer(members).map(HookSays::Heard),
        _ => Err(
            "a hook 'allows', 'allows {OVERRIDES}', 'refuses', 'fails', 'answers TEXT' or 'heard PATH=VALUE ...'"
                .to_owned(),
        ),
    }
}
