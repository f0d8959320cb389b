//! Policy documents as a case writes them: JSON, or statements such as `Allow iot:Publish topic/a/*`.

use serde_json::{Value, json};

/// What stands before a resource that is written without it.
const ARN: &str = "arn:aws:iot:us-east-1:123456789012:";

/// The JSON of a policy: a text that begins with `{` as it is, statements with `;` between them made into a document.
///
/// # Errors
/// A statement that is none.
pub fn document(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.starts_with('{') {
        return Ok(text.to_owned());
    }
    let statements = text.split(';').map(statement).collect::<Result<Vec<Value>, String>>()?;
    Ok(json!({ "Version": "2012-10-17", "Statement": statements }).to_string())
}

/// `EFFECT ACTION[,ACTION] RESOURCE ...`
fn statement(text: &str) -> Result<Value, String> {
    let mut words = text.split_whitespace();
    let (Some(effect), Some(actions)) = (words.next(), words.next()) else {
        return Err(bad(text));
    };
    let resources: Vec<String> = words.map(resource).collect();
    if !["Allow", "Deny"].contains(&effect) || resources.is_empty() {
        return Err(bad(text));
    }
    let actions: Vec<&str> = actions.split(',').collect();
    Ok(json!({ "Effect": effect, "Action": actions, "Resource": resources }))
}

fn resource(text: &str) -> String {
    if text == "*" || text.starts_with("arn:") { text.to_owned() } else { format!("{ARN}{text}") }
}

fn bad(text: &str) -> String {
    format!(
        "'{}' is no statement; write Allow iot:Publish,iot:Receive topic/a/* topic/b, statements with ';' between \
         them, or a whole document in JSON",
        text.trim()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_become_a_document() {
        let text = document("Allow iot:Connect *; Deny iot:Publish,iot:Receive topic/a/* arn:x").unwrap();
        let found: Value = serde_json::from_str(&text).unwrap();
        let expected = json!({ "Version": "2012-10-17", "Statement": [
            { "Effect": "Allow", "Action": ["iot:Connect"], "Resource": ["*"] },
            { "Effect": "Deny", "Action": ["iot:Publish", "iot:Receive"],
              "Resource": ["arn:aws:iot:us-east-1:123456789012:topic/a/*", "arn:x"] },
        ]});
        assert_eq!(found, expected);
        assert_eq!(document(" {\"a\":1} ").unwrap(), "{\"a\":1}");
    }

    #[test]
    fn what_is_no_statement_is_told() {
        for text in ["", "Allow", "Allow iot:Connect", "Grant iot:Connect *", "Allow iot:Connect *;"] {
            assert!(document(text).unwrap_err().contains("is no statement"), "{text}");
        }
    }
}
