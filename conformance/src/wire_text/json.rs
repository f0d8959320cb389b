//! Members of a payload that is a JSON object, as an expectation names them: `json.NAME=VALUE`.

use serde_json::Value as Json;
use squall_codec::PacketType;

use super::keys::{Key, Kind, Role};
use super::lexer::Lexer;
use super::packet::{PacketText, check_wanted};
use super::template::Fill;
use super::value::{Notes, Value, Wanted};

/// A member is looked at as a text: a string as what it says, anything else as compact JSON.
const MEMBER: &Key = &Key { name: "json", kind: Kind::Text, role: Role::Plain, many: false };

/// The NAME of a key `json.NAME` of PUBLISH.
pub(super) fn member_of(packet_type: PacketType, key: &str) -> Option<&str> {
    key.strip_prefix("json.").filter(|name| packet_type == PacketType::Publish && !name.is_empty())
}

/// Reads what stands after `json.NAME`.
pub(super) fn parse_wanted(
    name: &str,
    before: &[(String, Wanted)],
    lexer: &mut Lexer<'_>,
) -> Result<(String, Wanted), String> {
    if before.iter().any(|(other, _)| other == name) {
        return Err(format!("'json.{name}' stands twice"));
    }
    if !lexer.eat("=") {
        return Err(format!("'json.{name}' needs a value"));
    }
    let wanted = Wanted::parse(MEMBER, lexer)?;
    check_wanted(MEMBER, &wanted)?;
    Ok((name.to_owned(), wanted))
}

/// Reads what stands after `PATH=` of an answer.
pub(super) fn parse_member(lexer: &mut Lexer<'_>) -> Result<Wanted, String> {
    let wanted = Wanted::parse(MEMBER, lexer)?;
    check_wanted(MEMBER, &wanted)?;
    Ok(wanted)
}

/// Whether a member is as wanted; notes what is to be noted.
pub(super) fn same_member(wanted: &Wanted, found: Option<&Json>, fill: &Fill<'_>, notes: &mut Notes) -> bool {
    let found =
        found.map(|member| Value::Text(member.as_str().map_or_else(|| member.to_string(), str::to_owned)));
    wanted.matches(MEMBER, found.as_ref(), fill, notes)
}

/// The members that are others than wanted, in words: `json.versionNumber=3, no json.ipAddress`. Of a payload that is no
/// JSON object, none is as wanted.
pub(super) fn mismatches(
    wanted: &[(String, Wanted)],
    packet: &PacketText,
    fill: &Fill<'_>,
    notes: &mut Notes,
) -> Vec<String> {
    if wanted.is_empty() {
        return Vec::new();
    }
    let Some(Value::Bytes(payload)) = packet.value("payload") else { return vec!["no payload".to_owned()] };
    let Ok(Json::Object(members)) = serde_json::from_slice(payload) else {
        return vec!["the payload is no JSON object".to_owned()];
    };
    let mut words = Vec::new();
    for (name, wanted) in wanted {
        let found = members
            .get(name)
            .map(|member| Value::Text(member.as_str().map_or_else(|| member.to_string(), str::to_owned)));
        if !wanted.matches(MEMBER, found.as_ref(), fill, notes) {
            words.push(match found {
                Some(found) => format!("json.{name}={found}"),
                None => format!("no json.{name}"),
            });
        }
    }
    words
}
