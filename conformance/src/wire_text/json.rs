//! Members of a JSON object, as an expectation names them: `json.NAME=VALUE`, or `answer NAME=VALUE`.

use serde_json::Value as Json;

use super::keys::{Key, Kind, Role};
use super::lexer::Lexer;
use super::packet::check_wanted;
use super::template::Fill;
use super::value::{Notes, Value, Wanted};

/// A member is looked at as a text: a string as what it says, anything else as compact JSON.
const MEMBER: &Key = &Key { name: "json", kind: Kind::Text, role: Role::Plain, many: false };

/// Reads what stands after `PATH=`.
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
