//! From a file to a plan: the tree, the arguments, the matrix, and one resolved scenario for each cell.
//!
//! ```text
//! file ──► tree ──► --set, --seed ──► [matrix] ──► cell ──► resolve ──► Scenario
//!                                        └───────► cell ──► resolve ──► Scenario
//! ```

use std::path::Path;

use squall_results::{InputFile, Override};
use squall_types::Seed;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use crate::error::{ScenarioError, ScenarioErrors};
use crate::files::{FileStore, Files};
use crate::matrix::Matrix;
use crate::path::{canonical, parse_path, set};
use crate::read::Report;
use crate::resolve::{Context, resolve};
use crate::resolved::Scenario;
use crate::tree::{Node, Origin, from_json, parse_argument_value, parse_toml};

/// What the command says beside the file.
#[derive(Clone, Copy, Debug, Default)]
pub struct LoadOptions<'a> {
    /// The `KEY=VALUE` of each `--set`.
    pub sets: &'a [String],
    /// The seed of `--seed`.
    pub seed: Option<Seed>,
    /// The names of the price books; if there are none, a scenario's is not checked.
    pub price_books: &'a [&'a str],
    /// Where the files are that the scenario names; [`load`] looks beside the scenario file.
    pub files: Files<'a>,
}

/// All runs that a file asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The scenario's name.
    pub name: String,
    /// What it shows.
    pub about: String,
    /// The runs, at least one.
    pub cells: Vec<Cell>,
    /// The files that were read: the scenario, then those that it names.
    pub inputs: Vec<InputFile>,
    /// What the arguments changed.
    pub overrides: Vec<Override>,
    /// The keys that vary from cell to cell, the slowest first.
    pub matrix_keys: Vec<String>,
}

/// One run of a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// The key and the value of everything that varies; empty where there is no matrix.
    pub labels: Vec<(String, String)>,
    /// What to run.
    pub scenario: Scenario,
}

/// Reads the scenario file at `path`.
///
/// # Errors
/// Everything that is wrong with it, ordered by position.
pub fn load(path: &Path, options: LoadOptions<'_>) -> Result<Plan, ScenarioErrors> {
    let file = path.display().to_string();
    let whole =
        |problem: String| ScenarioErrors::from(ScenarioError::new(&file, &Origin::Whole, "", problem));
    let bytes = std::fs::read(path).map_err(|error| whole(format!("cannot be read: {error}")))?;
    match core::str::from_utf8(&bytes) {
        Ok(text) => {
            // The folder of a file without one is where the command runs.
            let folder = path.parent().unwrap_or(Path::new(""));
            parse(&file, text, LoadOptions { files: Files::Folder(folder), ..options })
        }
        Err(error) => {
            let line = bytes[..error.valid_up_to()].split(|&byte| byte == b'\n').count();
            Err(whole(format!("not valid TOML: line {line} is not UTF-8")))
        }
    }
}

/// Reads a scenario from `text`; errors call it `file_name`.
///
/// # Errors
/// Everything that is wrong with it, ordered by position.
pub fn parse(file_name: &str, text: &str, options: LoadOptions<'_>) -> Result<Plan, ScenarioErrors> {
    let mut root = parse_toml(file_name, text)?;
    let report = Report::new(file_name, false);
    let arguments = apply_arguments(&mut root, options, &report);
    let given: Vec<(String, Node)> =
        arguments.iter().map(|argument| (argument.path.clone(), argument.value.clone())).collect();
    let matrix = Matrix::take(&mut root, &given, &report);
    let files = FileStore::new(options.files);
    let (cells, errors) = resolve_cells(file_name, &root, matrix.as_ref(), options.price_books, &files);
    let errors: Vec<ScenarioError> = report.into_errors().into_iter().chain(errors).collect();
    let Some(first) = cells.first().filter(|_| errors.is_empty()) else {
        return Err(ScenarioErrors::new(errors));
    };
    let hash = format!("{:032x}", xxh3_128(text.as_bytes()));
    let scenario = InputFile { path: file_name.to_owned(), hash };
    Ok(Plan {
        name: first.scenario.name.clone(),
        about: first.scenario.about.clone(),
        inputs: [scenario].into_iter().chain(files.inputs()).collect(),
        overrides: arguments.into_iter().map(Argument::into_override).collect(),
        matrix_keys: matrix.into_iter().flat_map(|matrix| matrix.axes).map(|axis| axis.path).collect(),
        cells,
    })
}

/// Reads a scenario that [`Scenario::to_json`] wrote.
///
/// # Errors
/// Everything that is wrong with it.
pub fn parse_json(value: &serde_json::Value) -> Result<Scenario, ScenarioErrors> {
    const NAME: &str = "resolved scenario";
    let Some(root) = from_json(value) else {
        let problem = "holds null, or a number that does not fit";
        return Err(ScenarioError::new(NAME, &Origin::Whole, "", problem).into());
    };
    let report = Report::new(NAME, true);
    let files = FileStore::new(Files::None);
    let context = Context { report: &report, price_books: &[], files: &files, matrix: None, cell: &[] };
    let scenario = resolve(&root, context);
    let errors = report.into_errors();
    match scenario {
        Some(scenario) if errors.is_empty() => Ok(scenario),
        _ => Err(ScenarioErrors::new(errors)),
    }
}

/// A `--set` or a `--seed`.
struct Argument {
    path: String,
    value: Node,
    written: String,
    option: &'static str,
}

impl Argument {
    fn into_override(self) -> Override {
        Override { key: self.path, value: self.written, origin: self.option.to_owned() }
    }
}

fn apply_arguments(root: &mut Node, options: LoadOptions<'_>, report: &Report) -> Vec<Argument> {
    let mut arguments = Vec::new();
    let sets = options.sets.iter().map(|text| ("--set", text.clone(), format!("--set {text}")));
    let seed = options.seed.map(|seed| ("--seed", format!("seed={seed}"), format!("--seed {seed}")));
    for (option, text, shown) in sets.chain(seed) {
        let origin = Origin::Argument(shown.into());
        arguments.extend(apply_argument(root, option, &text, &origin, report));
    }
    arguments
}

fn apply_argument(
    root: &mut Node,
    option: &'static str,
    text: &str,
    origin: &Origin,
    report: &Report,
) -> Option<Argument> {
    let bad = |problem: String| report.error(origin, "", problem).allowed(SET_FORM);
    let Some((key, value)) = split_set(text) else {
        report.push(bad("there is no '='".to_owned()));
        return None;
    };
    let parts = match parse_path(key) {
        Ok(parts) => parts,
        Err(message) => {
            let error = bad(format!("not a path: {message}"));
            report.push(if key.is_empty() { error } else { error.found(key) });
            return None;
        }
    };
    let node = parse_argument_value(value, origin);
    set(root, &parts, node.clone(), origin, report)?;
    let path = canonical(root, &parts);
    Some(Argument { path, value: node, written: value.to_owned(), option })
}

const SET_FORM: &str = "KEY=VALUE, as duration=5m or fleet.sensors.devices=1000";

/// Splits at the first `=` outside quotes, which a key in quotes may hold.
fn split_set(text: &str) -> Option<(&str, &str)> {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if c == '"' || c == '\'' => quote = Some(c),
            None if c == '=' => return Some((text[..at].trim(), text[at + 1..].trim())),
            None => {}
        }
    }
    None
}

/// Resolves every cell. An error that only some cells show names the first of them.
fn resolve_cells(
    file: &str,
    root: &Node,
    matrix: Option<&Matrix>,
    price_books: &[&str],
    files: &FileStore<'_>,
) -> (Vec<Cell>, Vec<ScenarioError>) {
    let none = Matrix::default();
    let axes = matrix.unwrap_or(&none);
    let choices = axes.cells();
    let mut cells = Vec::new();
    let mut seen: Vec<(ScenarioError, usize)> = Vec::new();
    for choice in &choices {
        let report = Report::new(file, false);
        let mut tree = root.clone();
        axes.apply(&mut tree, choice, &report);
        let context = Context { report: &report, price_books, files, matrix, cell: choice };
        let scenario = resolve(&tree, context);
        let labels = axes.labels(choice);
        for mut error in report.into_errors() {
            match seen.iter_mut().find(|(known, _)| known.is_same(&error)) {
                Some((_, count)) => *count += 1,
                None => {
                    let label = |(key, value): &(String, String)| format!("{key} = {value}");
                    error.cell = Some(labels.iter().map(label).collect::<Vec<_>>().join(", "));
                    seen.push((error, 1));
                }
            }
        }
        if let Some(scenario) = scenario {
            cells.push(Cell { labels, scenario });
        }
    }
    let everywhere = choices.len();
    let errors = seen.into_iter().map(|(mut error, count)| {
        if count >= everywhere {
            error.cell = None;
        } else if count > 1
            && let Some(cell) = &mut error.cell
        {
            cell.push_str(&format!(" (and {} more)", count - 1));
        }
        error
    });
    (cells, errors.collect())
}

impl Cell {
    /// A name for the cell's folder: short, of plain characters, and different from that of every other cell.
    /// Empty where there is no matrix.
    pub fn slug(&self) -> String {
        let last = |key: &str| key.rsplit('.').next().unwrap_or(key).to_owned();
        let mut parts = Vec::new();
        let mut lossless = true;
        for (key, value) in &self.labels {
            let shared = self.labels.iter().filter(|(other, _)| last(other) == last(key)).count() > 1;
            let (plain_key, _) = plain(&if shared { key.clone() } else { last(key) });
            let (plain_value, same) = plain(value);
            lossless &= same;
            parts.push(format!("{plain_key}={plain_value}"));
        }
        let slug = parts.join(",");
        if lossless && slug.len() <= SLUG_MAX {
            return slug;
        }
        let labels: Vec<String> =
            self.labels.iter().map(|(key, value)| format!("{key}\0{value}\0")).collect();
        let hash = xxh3_64(labels.concat().as_bytes()) as u32;
        let cut: String = slug.chars().take(SLUG_MAX).collect();
        format!("{cut},{hash:08x}")
    }
}

const SLUG_MAX: usize = 100;

/// `text` in characters that every file system takes, and whether nothing was lost.
fn plain(text: &str) -> (String, bool) {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
    let kept = !text.is_empty() && text.chars().all(allowed);
    let lower = text.to_ascii_lowercase();
    (lower.chars().map(|c| if allowed(c) { c } else { '-' }).collect(), kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(labels: &[(&str, &str)]) -> String {
        let labels = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let example = include_str!("../../library/smoke/hello.toml");
        let scenario = parse("hello.toml", example, LoadOptions::default()).unwrap().cells.remove(0).scenario;
        Cell { labels, scenario }.slug()
    }

    #[test]
    fn a_slug_is_plain_and_tells_cells_apart() {
        assert_eq!(cell(&[]), "");
        assert_eq!(cell(&[("fleet.a.reconnect.strategy", "full-jitter")]), "strategy=full-jitter");
        assert_eq!(
            cell(&[("fleet.a.devices", "10"), ("fleet.b.devices", "20"), ("duration", "5m")]),
            "fleet.a.devices=10,fleet.b.devices=20,duration=5m"
        );
        let spaced = cell(&[("about", "a b")]);
        assert_ne!(spaced, cell(&[("about", "a/b")]));
        assert!(spaced.starts_with("about=a-b,"), "{spaced}");
        assert_ne!(cell(&[("name", "A")]), cell(&[("name", "a")]));
    }

    #[test]
    fn a_set_is_split_outside_quotes() {
        assert_eq!(split_set("a.\"b=c\" = d=e"), Some(("a.\"b=c\"", "d=e")));
        assert_eq!(split_set("a"), None);
    }
}
