//! What is wrong with a scenario, in one stable form.
//!
//! ```text
//! scenarios/x.toml:12:1: fleet.sensors.reconect: unknown key
//!   found    reconect
//!   allowed  client_id, connect_timeout, ...
//!   hint     did you mean 'reconnect'?
//! ```

use core::fmt;

use thiserror::Error;

use crate::tree::Origin;

/// Everything that is wrong with a scenario, ordered by position.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub struct ScenarioErrors {
    errors: Vec<ScenarioError>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScenarioError {
    /// Where.
    pub place: Place,
    /// The key, in the grammar of `--set`; empty if no key is to blame.
    pub key: String,
    /// What is wrong.
    pub problem: String,
    /// What was found.
    pub found: Option<String>,
    /// What is allowed instead.
    pub allowed: Option<String>,
    /// How to mend it.
    pub hint: Option<String>,
    /// The first cell of the matrix that shows it, if not every cell does.
    pub cell: Option<String>,
}

/// Where something wrong stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// In a file as a whole.
    File(String),
    /// On a line of a file.
    Line {
        /// The file, as it was named.
        file: String,
        /// The line, 1 for the first.
        line: u32,
        /// The character in the line, 1 for the first.
        column: u32,
    },
    /// In an argument of the command, such as `--set duration=5m`.
    Argument(String),
}

impl ScenarioErrors {
    /// Sorts `errors` by position and drops repetitions.
    pub(crate) fn new(mut errors: Vec<ScenarioError>) -> Self {
        // Stable, so that errors of one position keep the order in which they were found.
        errors.sort_by(|a, b| a.place.cmp(&b.place));
        let mut kept: Vec<ScenarioError> = Vec::with_capacity(errors.len());
        for error in errors {
            let repeated = kept.iter().rev().take_while(|known| known.place == error.place).any(|known| {
                known.key == error.key && known.problem == error.problem && known.found == error.found
            });
            if !repeated {
                kept.push(error);
            }
        }
        Self { errors: kept }
    }

    /// The errors, ordered by position.
    pub fn iter(&self) -> impl Iterator<Item = &ScenarioError> {
        self.errors.iter()
    }

    /// How many there are; never zero.
    pub fn count(&self) -> usize {
        self.errors.len()
    }
}

impl From<ScenarioError> for ScenarioErrors {
    fn from(error: ScenarioError) -> Self {
        Self { errors: vec![error] }
    }
}

impl fmt::Display for ScenarioErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.errors.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{error}")?;
        }
        Ok(())
    }
}

impl ScenarioError {
    /// An error at `origin` of `file`.
    pub(crate) fn new(file: &str, origin: &Origin, key: &str, problem: impl Into<String>) -> Self {
        let place = match origin {
            Origin::Whole => Place::File(file.to_owned()),
            Origin::Line { line, column } => {
                Place::Line { file: file.to_owned(), line: *line, column: *column }
            }
            Origin::Argument(text) => Place::Argument(text.to_string()),
        };
        Self {
            place,
            key: key.to_owned(),
            problem: problem.into(),
            found: None,
            allowed: None,
            hint: None,
            cell: None,
        }
    }

    pub(crate) fn found(mut self, found: impl Into<String>) -> Self {
        self.found = Some(found.into());
        self
    }

    pub(crate) fn allowed(mut self, allowed: impl Into<String>) -> Self {
        self.allowed = Some(allowed.into());
        self
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Whether both say the same of the same place, whatever cell they come from.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.place == other.place
            && self.key == other.key
            && self.problem == other.problem
            && self.found == other.found
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => f.write_str(file),
            Self::Line { file, line, column } => write!(f, "{file}:{line}:{column}"),
            Self::Argument(text) => f.write_str(text),
        }
    }
}

impl fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.place)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.problem)?;
        let rows =
            [("found", &self.found), ("allowed", &self.allowed), ("hint", &self.hint), ("cell", &self.cell)];
        for (label, text) in rows {
            if let Some(text) = text {
                write!(f, "\n  {label:<7}  {}", wrapped(text))?;
            }
        }
        Ok(())
    }
}

const INDENT: &str = "\n           ";
const WIDTH: usize = 96;

/// Breaks long lists between their members.
fn wrapped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut column = 0;
    for word in text.split_inclusive(' ') {
        let width = word.chars().count();
        if column > 0 && column + width > WIDTH {
            out.truncate(out.trim_end_matches(' ').len());
            out.push_str(INDENT);
            column = 0;
        }
        out.push_str(word);
        column += width;
    }
    out
}

/// The name of `candidates` that was probably meant by `name`: a slip of the keys, a name cut short or drawn out,
/// or one that shares most of its words.
pub(crate) fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = plain(name);
    let known: Vec<(String, &str)> = candidates.into_iter().map(|known| (plain(known), known)).collect();
    let reach = (wanted.chars().count() / 4).max(1);
    let slip = known
        .iter()
        .map(|(plain, known)| (strsim::damerau_levenshtein(&wanted, plain), *known))
        .filter(|(distance, known)| *distance <= reach && *distance < known.len())
        .min_by_key(|(distance, _)| *distance);
    if let Some((_, known)) = slip {
        return Some(known);
    }
    let cut = |plain: &str| plain.starts_with(&wanted) || wanted.starts_with(plain);
    only(known.iter().filter(|(plain, _)| plain.len().min(wanted.len()) >= 3 && cut(plain)))
        .or_else(|| only(known.iter().filter(|(plain, _)| shares_words(&wanted, plain))))
}

fn plain(name: &str) -> String {
    name.to_lowercase().replace(['-', ' '], "_")
}

/// The one member; a guess among several would be no help.
fn only<'a, 'b>(mut members: impl Iterator<Item = &'b (String, &'a str)>) -> Option<&'a str>
where
    'a: 'b,
{
    let (_, first) = members.next()?;
    members.next().is_none().then_some(*first)
}

/// Whether most of the words of the longer name occur in the other.
fn shares_words(a: &str, b: &str) -> bool {
    let words = |name: &str| -> Vec<String> {
        name.split('_').map(|word| word.trim_end_matches('s').to_owned()).collect()
    };
    let (a, b) = (words(a), words(b));
    let shared = a.iter().filter(|word| !word.is_empty() && b.contains(word)).count();
    3 * shared > 2 * a.len().max(b.len())
}

/// `did you mean 'x'?`, if something near exists.
pub(crate) fn did_you_mean<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(name, candidates).map(|known| format!("did you mean '{known}'?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_misses_are_found_and_far_ones_are_not() {
        let keys = ["reconnect", "client_id", "offline", "network", "at"];
        for (name, expected) in [
            ("reconect", Some("reconnect")),
            ("clientId", Some("client_id")),
            ("client-id", Some("client_id")),
            ("Offline", Some("offline")),
            ("netwrok", Some("network")),
            ("off", Some("offline")),
            ("networks_of_devices", Some("network")),
            ("xy", None),
            ("weather", None),
            ("", None),
        ] {
            assert_eq!(nearest(name, keys), expected, "{name}");
        }
        let limits =
            ["connect_requests_per_second", "connect_packet_seconds", "topic_bytes", "topic_slashes"];
        assert_eq!(nearest("connects_per_second", limits), Some(limits[0]));
        assert_eq!(nearest("topic", limits), None);
    }

    #[test]
    fn long_lists_are_wrapped_between_members() {
        let text = ["abcdefghi"; 12].join(", ");
        assert_eq!(
            wrapped(&text),
            format!(
                "{},\n           abcdefghi, abcdefghi, abcdefghi, abcdefghi",
                ["abcdefghi"; 8].join(", ")
            )
        );
    }
}
