//! What a case rests on: numbered statements of the standards, checks and sections of the reference.

/// Whether `name` is one of the spellings that a case may name: `MQTT-3.1.0-1`, `MQTT5-3.3.4-9`,
/// `broker.md check 44`, `broker.md 2.7`, `broker.md D-07`, `mqtt-normative.md 4`.
///
/// # Errors
/// It is none; says what there is.
pub fn check(name: &str) -> Result<(), String> {
    let spelled = ["MQTT-", "MQTT5-", "broker.md ", "mqtt-normative.md "]
        .iter()
        .any(|start| name.strip_prefix(start).is_some_and(|rest| !rest.is_empty()));
    if spelled {
        return Ok(());
    }
    Err(format!(
        "'{name}' names no statement; write MQTT-3.1.0-1, MQTT5-3.3.4-9, broker.md check 44, broker.md 2.7 or \
         mqtt-normative.md 4"
    ))
}
