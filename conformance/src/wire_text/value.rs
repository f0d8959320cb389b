//! Values of keys: as they are on the wire ([`Value`]), as a step sends them ([`Written`]), and as an expectation
//! wants them ([`Wanted`]).

use std::collections::BTreeMap;
use std::fmt;

use squall_codec::{RetainHandling, SubscriptionOptions};
use squall_types::QoS;

use super::document::Document;
use super::keys::{Key, Kind, Role};
use super::lexer::{Lexer, hex, outside_quotes};
use super::print;
use super::template::{Fill, Template};
use crate::case::Names;

/// A value as it is on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Value {
    Flag(bool),
    Number(u64),
    Code(u8),
    Codes(Vec<u8>),
    Text(String),
    Bytes(Vec<u8>),
    Pair(String, String),
    Filter(String, SubscriptionOptions),
}

/// Prints it as it stands after `=`.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "{}", u8::from(*flag)),
            Self::Number(number) => write!(f, "{number}"),
            Self::Code(code) => write!(f, "{code:02x}"),
            Self::Codes(codes) => {
                let codes: Vec<String> = codes.iter().map(|code| format!("{code:02x}")).collect();
                f.write_str(&codes.join(","))
            }
            Self::Text(text) => f.write_str(&print::text(text)),
            Self::Bytes(bytes) => f.write_str(&print::bytes(bytes)),
            Self::Pair(name, value) => write!(f, "{}:{}", print::text(name), print::text(value)),
            Self::Filter(filter, options) => {
                write!(f, "{}:{}", print::text(filter), print::options(*options))
            }
        }
    }
}

/// Values noted as `$name` so far.
pub type Notes = BTreeMap<String, Value>;

/// A value as a step gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    /// To be filled in and read as the key's kind.
    Template(Template),
    /// `NAME:VALUE`.
    Pair(Template, Template),
    /// `FILTER:OPTIONS`.
    Filter(Template, SubscriptionOptions),
    /// `$name`, noted earlier.
    Noted(String),
    /// An object, of `json=` or `cbor=`.
    Document(Document),
}

/// What an expectation wants of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// `*`: there, whatever it is.
    Present,
    /// `-`: not there.
    Absent,
    /// `a|b`: one of these.
    OneOf(Vec<Choice>),
    /// `codes=00,80|87`: for each place the codes that may stand there.
    Codes(Vec<Vec<u8>>),
}

/// One of the values that an expectation allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Equal to this.
    Equal(Written),
    /// `1..5`, both ends included.
    Range(u64, u64),
}

impl Written {
    /// Reads what stands after `key=`, up to a blank or a stop.
    pub(crate) fn parse(key: &Key, lexer: &mut Lexer<'_>, stops: &[char]) -> Result<Self, String> {
        if let Some(name) = noted_name(lexer) {
            return Ok(Self::Noted(name));
        }
        let written = match key.kind {
            Kind::Pair => {
                let with_colon = [stops, &[':']].concat();
                let name = lexer.text(&with_colon)?;
                if !lexer.eat(":") {
                    return Err(format!("'{}' is written NAME:VALUE", key.name));
                }
                Self::Pair(name, lexer.text(stops)?)
            }
            Kind::FilterWithOptions => {
                let (filter, options) = parse_filter(lexer)?;
                Self::Filter(filter, options)
            }
            Kind::Bytes if lexer.rest().starts_with("0x") => {
                lexer.eat("0x");
                let digits = lexer.text(stops)?.fill_text(&Fill::PLAIN)?;
                let bytes = if digits.is_empty() { Some(Vec::new()) } else { hex(&digits) };
                Self::Template(Template::literal(bytes.ok_or("after 0x stand hex pairs")?))
            }
            _ => Self::Template(lexer.text(stops)?),
        };
        Ok(written)
    }

    /// The value, filled in.
    ///
    /// # Errors
    /// It is none of the key's kind, or a name that nothing was noted under.
    pub fn fill(&self, key: &Key, fill: &Fill<'_>, notes: &Notes) -> Result<Value, String> {
        match self {
            Self::Noted(name) => {
                notes.get(name).cloned().ok_or_else(|| format!("nothing was noted as ${name} so far"))
            }
            Self::Pair(name, value) => Ok(Value::Pair(name.fill_text(fill)?, value.fill_text(fill)?)),
            Self::Filter(filter, options) => {
                Ok(Value::Filter(prefixed(filter.fill_text(fill)?, key.role, fill), *options))
            }
            Self::Template(template) => read(key, template.fill(fill)?, fill),
            Self::Document(document) => Ok(Value::Bytes(document.fill(fill, notes)?)),
        }
    }

    /// The names of values noted earlier that it needs.
    pub fn noted_names(&self) -> Vec<&str> {
        match self {
            Self::Noted(name) => vec![name],
            Self::Document(document) => document.noted_names(),
            Self::Template(_) | Self::Pair(..) | Self::Filter(..) => Vec::new(),
        }
    }
}

impl Wanted {
    /// Reads what stands after `key=`.
    pub(crate) fn parse(key: &Key, lexer: &mut Lexer<'_>) -> Result<Self, String> {
        if whole_word(lexer, "*") {
            return Ok(Self::Present);
        }
        if whole_word(lexer, "-") {
            return Ok(Self::Absent);
        }
        if key.kind == Kind::Codes {
            let list = lexer.text(&[])?.fill_text(&Fill::PLAIN)?;
            let places = list.split(',').map(|place| place.split('|').map(code).collect());
            return Ok(Self::Codes(places.collect::<Result<_, String>>()?));
        }
        let mut choices = Vec::new();
        loop {
            choices.push(Choice::parse(key, lexer)?);
            if !lexer.eat("|") {
                return Ok(Self::OneOf(choices));
            }
        }
    }

    /// Whether the values found under a key are what is wanted, together with the values of a repeated key.
    /// Notes what is to be noted.
    pub(crate) fn matches(
        &self,
        key: &Key,
        found: Option<&Value>,
        fill: &Fill<'_>,
        notes: &mut Notes,
    ) -> bool {
        match (self, found) {
            (Self::Absent, found) => found.is_none(),
            (_, None) => false,
            (Self::Present, Some(_)) => true,
            (Self::Codes(places), Some(Value::Codes(codes))) => {
                places.len() == codes.len()
                    && places.iter().zip(codes).all(|(allowed, code)| allowed.contains(code))
            }
            (Self::Codes(_), Some(_)) => false,
            (Self::OneOf(choices), Some(found)) => {
                choices.iter().any(|choice| choice.matches(key, found, fill, notes))
            }
        }
    }
}

impl Choice {
    fn parse(key: &Key, lexer: &mut Lexer<'_>) -> Result<Self, String> {
        let stops: &[char] = &['|'];
        if matches!(key.kind, Kind::Number(_)) {
            let mut ahead = lexer.clone();
            let word = ahead.text(stops)?.fill_text(&Fill::PLAIN)?;
            if let Some((from, to)) = word.split_once("..") {
                *lexer = ahead;
                let end = |text: &str| {
                    text.parse::<u64>().map_err(|_| format!("'{word}' is no range; write it as 1..5"))
                };
                return Ok(Self::Range(end(from)?, end(to)?));
            }
        }
        Written::parse(key, lexer, stops).map(Self::Equal)
    }

    fn matches(&self, key: &Key, found: &Value, fill: &Fill<'_>, notes: &mut Notes) -> bool {
        match self {
            Self::Range(from, to) => matches!(found, Value::Number(found) if (from..=to).contains(&found)),
            Self::Equal(Written::Noted(name)) => match notes.get(name) {
                Some(noted) => same(noted, found),
                None => {
                    notes.insert(name.clone(), found.clone());
                    true
                }
            },
            Self::Equal(written) => written.fill(key, fill, notes).is_ok_and(|wanted| same(&wanted, found)),
        }
    }
}

/// Equal, be it as text or as bytes.
fn same(one: &Value, other: &Value) -> bool {
    fn bytes(value: &Value) -> Option<&[u8]> {
        match value {
            Value::Text(text) => Some(text.as_bytes()),
            Value::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }
    match (bytes(one), bytes(other)) {
        (Some(one), Some(other)) => one == other,
        _ => one == other,
    }
}

/// `$name` that fills the whole value; `$aws/...` and `"$x"` are text.
fn noted_name(lexer: &mut Lexer<'_>) -> Option<String> {
    let rest = lexer.rest().strip_prefix('$')?;
    let end = rest.find(|next: char| next.is_whitespace() || next == '|').unwrap_or(rest.len());
    let name = &rest[..end];
    let is_name = name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if !is_name {
        return None;
    }
    let name = name.to_owned();
    lexer.eat("$");
    lexer.eat(&name);
    Some(name)
}

/// Takes `word` if it is all there is up to the next blank.
fn whole_word(lexer: &mut Lexer<'_>, word: &str) -> bool {
    let mut ahead = lexer.clone();
    let whole = ahead.eat(word) && ahead.rest().chars().next().is_none_or(char::is_whitespace);
    if whole {
        *lexer = ahead;
    }
    whole
}

/// `FILTER:QOS` with options; the last `:` outside quotes parts them.
fn parse_filter(lexer: &mut Lexer<'_>) -> Result<(Template, SubscriptionOptions), String> {
    const HOW: &str = "a filter is written FILTER:QOS, and after it ,nl ,rap ,rh=0 to ,rh=2";
    let word = outside_quotes(lexer.rest()).take_while(|(_, next)| !next.is_whitespace());
    let colons = word.filter(|(_, next)| *next == ':').count();
    let mut filter = lexer.text(&[':'])?;
    for _ in 1..colons {
        lexer.eat(":");
        filter.0.push(super::template::Part::Literal(b":".to_vec()));
        filter.0.extend(lexer.text(&[':'])?.0);
    }
    if colons == 0 {
        return Err(HOW.to_owned());
    }
    lexer.eat(":");
    let options = lexer.text(&[])?.fill_text(&Fill::PLAIN)?;
    let mut words = options.split(',');
    let qos = words.next().and_then(|qos| qos.parse().ok()).and_then(QoS::from_bits).ok_or(HOW)?;
    let mut options = SubscriptionOptions::from(qos);
    for word in words {
        match word {
            "nl" => options.no_local = true,
            "rap" => options.retain_as_published = true,
            "rh=0" => options.retain_handling = RetainHandling::SendAtSubscribe,
            "rh=1" => options.retain_handling = RetainHandling::SendIfNew,
            "rh=2" => options.retain_handling = RetainHandling::DoNotSend,
            other => return Err(format!("'{other}' is no subscription option; {HOW}")),
        }
    }
    Ok((filter, options))
}

/// Two hex digits.
pub(crate) fn code(text: &str) -> Result<u8, String> {
    match hex(text).as_deref() {
        Some([code]) => Ok(*code),
        _ => Err(format!("'{text}' is no code; a code is two hex digits")),
    }
}

/// The bytes of a template as the key's kind.
fn read(key: &Key, bytes: Vec<u8>, fill: &Fill<'_>) -> Result<Value, String> {
    if key.kind == Kind::Bytes {
        return Ok(Value::Bytes(bytes));
    }
    let text = String::from_utf8(bytes).map_err(|_| format!("'{}' is not UTF-8", key.name))?;
    Ok(match key.kind {
        Kind::Flag => match text.as_str() {
            "0" => Value::Flag(false),
            "1" => Value::Flag(true),
            _ => return Err(format!("'{}' is 0 or 1, not '{text}'", key.name)),
        },
        Kind::Number(most) => {
            let number = text.parse::<u64>().ok().filter(|number| *number <= most);
            Value::Number(number.ok_or_else(|| format!("'{}' is 0 to {most}, not '{text}'", key.name))?)
        }
        Kind::Code => Value::Code(code(&text)?),
        Kind::Codes => Value::Codes(text.split(',').map(code).collect::<Result<_, _>>()?),
        Kind::Text | Kind::Bytes => Value::Text(prefixed(text, key.role, fill)),
        Kind::Pair | Kind::FilterWithOptions => {
            return Err(format!("'{}' cannot be written like that", key.name));
        }
    })
}

/// The name with the run's prefix, where names get one. What begins with `$` keeps its meaning, and so does a
/// filter that begins with a wildcard.
fn prefixed(name: String, role: Role, fill: &Fill<'_>) -> String {
    let asked = match fill.names {
        Names::All => role != Role::Plain,
        Names::ClientIds => role == Role::ClientId,
        Names::None => false,
    };
    if !asked || name.is_empty() {
        return name;
    }
    match role {
        Role::Plain => name,
        Role::ClientId | Role::Topic if name.starts_with('$') => name,
        Role::ClientId | Role::Topic => format!("{}{name}", fill.prefix),
        Role::Filter => match name.strip_prefix("$share/").and_then(|rest| rest.split_once('/')) {
            Some((group, filter)) => {
                let filter = prefixed(filter.to_owned(), Role::Filter, fill);
                format!("$share/{group}/{filter}")
            }
            None if name.starts_with(['$', '+', '#']) => name,
            None => format!("{}{name}", fill.prefix),
        },
    }
}
