//! `squall conform`: conformance cases against a target.

use std::cell::Cell;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail};
use clap::{Args, ValueEnum};
use squall_conformance::case::Case;
use squall_conformance::coverage::{Status, coverage};
use squall_conformance::deviation::Deviations;
use squall_conformance::run::{RunName, RunOptions};
use squall_conformance::suite::{self, Suite};
use squall_conformance::target::{DEFAULT_PATIENCE, Sim, Socket, Target};
use squall_conformance::verdict;
use squall_render::terminal::Colour;
use squall_results::ConformanceResults;

use crate::exit::Exit;
use crate::interrupt;
use crate::stdout::{print, print_line};

/// Arguments of `squall conform`.
#[derive(Debug, Args)]
pub(crate) struct ConformArguments {
    /// Only cases whose address begins with one of these: mqtt5/3.3, aws-broker/quotas/7
    #[arg(value_name = "ADDRESS")]
    addresses: Vec<String>,

    /// Only this suite: mqtt311, mqtt5, aws-broker, aws-policy, aws-identity, aws-registry, aws-provisioning, aws-shadow or bytes; may stand several times [default: all]
    #[arg(long = "suite", value_name = "SUITE", value_parser = parse_suite)]
    suites: Vec<Suite>,

    /// What is judged: the simulated service, or a broker at mqtt://HOST:PORT over plain TCP
    #[arg(long, value_name = "TARGET", default_value = "sim")]
    target: String,

    /// List the cases and run none
    #[arg(long)]
    list: bool,

    /// List every numbered statement with what becomes of it, and run nothing
    #[arg(long, conflicts_with = "list")]
    statements: bool,

    /// Take the cases of this folder in place of the built-in ones
    #[arg(long, value_name = "DIR")]
    cases: Option<PathBuf>,

    /// Declared deviations of the target: a file, or the name of a built-in one [default: sim for the target sim]
    #[arg(long, value_name = "FILE")]
    deviations: Option<String>,

    /// The profile of the simulated service, for cases that name none
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,

    /// On a target with a real clock, wait where a case lets time pass, in place of skipping it
    #[arg(long)]
    real_time: bool,

    /// On a target with a real clock, how long to wait for what must come [default: 3s]
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    patience: Option<Duration>,

    /// What goes to standard output
    #[arg(long, value_enum, default_value_t = Format::Terminal)]
    format: Format,

    /// Also write the results as JUnit XML to this file
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Totals, and each failure with its packets
    Terminal,
    /// One JSON object: summary and cases
    Json,
}

fn parse_suite(name: &str) -> Result<Suite, String> {
    Suite::find(name).ok_or_else(|| Suite::unknown(name))
}

pub(crate) fn conform(arguments: &ConformArguments) -> anyhow::Result<Exit> {
    let all = match &arguments.cases {
        None => suite::embedded(),
        Some(folder) => suite::from_folder(folder),
    }
    .map_err(|error| anyhow!("{error}"))?;
    if arguments.statements {
        return statements(&all);
    }
    let chosen = choose(arguments, &all)?;
    if arguments.list {
        list(&chosen)?;
        return Ok(Exit::Held);
    }
    let target = target(arguments)?;
    let deviations = deviations(arguments, &all)?;
    interrupt::listen()?;
    let results = run(arguments, &chosen, &*target, &deviations)?;
    let interrupted = results.cases.len() < chosen.len();
    if let Some(file) = &arguments.junit {
        write(file, &squall_render::junit::conformance(&results)?)?;
    }
    show(arguments, &results)?;
    if interrupted {
        eprintln!("interrupted after {} of {} cases", results.cases.len(), chosen.len());
        return Ok(Exit::Interrupted);
    }
    Ok(if results.summary.failed > 0 { Exit::Failed } else { Exit::Held })
}

/// The cases that suites and addresses leave.
fn choose<'c>(arguments: &ConformArguments, all: &'c [Case]) -> anyhow::Result<Vec<&'c Case>> {
    for address in &arguments.addresses {
        if !all.iter().any(|case| case.address.starts_with(address.as_str())) {
            bail!("no case has an address that begins with '{address}'; 'squall conform --list' shows them");
        }
    }
    let wanted = |case: &&Case| {
        (arguments.suites.is_empty() || arguments.suites.contains(&case.suite))
            && (arguments.addresses.is_empty()
                || arguments.addresses.iter().any(|address| case.address.starts_with(address.as_str())))
    };
    let chosen: Vec<&Case> = all.iter().filter(wanted).collect();
    if chosen.is_empty() {
        bail!(
            "no case is in these suites and begins with these addresses; 'squall conform --list' shows them"
        );
    }
    Ok(chosen)
}

fn list(cases: &[&Case]) -> anyhow::Result<()> {
    for case in cases {
        let waits = case.waits_for.as_ref().map(|subject| format!(" (waits for {subject})"));
        let waits = waits.unwrap_or_default();
        print_line(format_args!("{}  {}  {}{waits}", case.address, case.level, case.about))?;
    }
    Ok(())
}

/// Every statement with the cases that exercise it, or why none does.
fn statements(cases: &[Case]) -> anyhow::Result<Exit> {
    for (statement, status) in coverage(cases)? {
        match status {
            Status::Exercised(cases) => {
                print_line(format_args!("{statement}  exercised  {}", cases.join(" ")))
            }
            Status::Waiting(cases) => {
                print_line(format_args!("{statement}  unimplemented  {}", cases.join(" ")))
            }
            Status::Untestable(why) => print_line(format_args!("{statement}  untestable  {why}")),
            Status::Missing => print_line(format_args!("{statement}  missing")),
        }?;
    }
    Ok(Exit::Held)
}

fn target(arguments: &ConformArguments) -> anyhow::Result<Box<dyn Target>> {
    if arguments.target == "sim" {
        return Ok(match &arguments.profile {
            None => Box::new(Sim::default()),
            Some(profile) => Box::new(Sim::with_profile(profile)?),
        });
    }
    if arguments.profile.is_some() {
        bail!("--profile sets up the simulated service; the target is {}", arguments.target);
    }
    let socket = Socket::new(&arguments.target)?;
    Ok(Box::new(socket.with_patience(arguments.patience.unwrap_or(DEFAULT_PATIENCE))))
}

fn deviations(arguments: &ConformArguments, cases: &[Case]) -> anyhow::Result<Deviations> {
    let Some(named) = &arguments.deviations else {
        // Cases of one's own are not what the built-in deviations speak of.
        if arguments.target != "sim" || arguments.cases.is_some() {
            return Ok(Deviations::none());
        }
        return Ok(Deviations::embedded("sim", cases).transpose()?.unwrap_or_else(Deviations::none));
    };
    if let Some(embedded) = Deviations::embedded(named, cases) {
        return Ok(embedded?);
    }
    if !Path::new(named).is_file() {
        let names: Vec<&str> = Deviations::embedded_names().collect();
        bail!("--deviations: '{named}' is neither a file nor built in; built in are {}", names.join(", "));
    }
    Ok(Deviations::read(Path::new(named), cases)?)
}

fn run(
    arguments: &ConformArguments,
    cases: &[&Case],
    target: &dyn Target,
    deviations: &Deviations,
) -> anyhow::Result<ConformanceResults> {
    let progress = Progress::new(cases.len(), arguments.format == Format::Json);
    let options = RunOptions { real_time: arguments.real_time, run: RunName(fresh_number()) };
    let judged = verdict::judge(cases, target, deviations, &options, |done| {
        progress.update(done);
        !interrupt::came()
    });
    progress.end();
    Ok(ConformanceResults::new(target.name(), judged?))
}

/// A number that no other run against the same broker has: names of clients and topics are made of it. It changes
/// no verdict.
fn fresh_number() -> u32 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    (since.as_millis() as u32) ^ std::process::id().rotate_left(20)
}

/// A bar on a terminal, elsewhere a line for each tenth of a run that lasts.
enum Progress {
    Bar(indicatif::ProgressBar),
    Lines { cases: usize, began: Instant, next: Cell<usize> },
    Quiet,
}

/// Shorter runs are over before a line would help.
const WORTH_A_LINE: Duration = Duration::from_secs(3);

impl Progress {
    fn new(cases: usize, quiet: bool) -> Self {
        if quiet {
            return Self::Quiet;
        }
        if !std::io::stderr().is_terminal() {
            return Self::Lines { cases, began: Instant::now(), next: Cell::new(0) };
        }
        let bar = indicatif::ProgressBar::new(cases as u64);
        if let Ok(style) = indicatif::ProgressStyle::with_template("{bar:24} {pos} of {len} cases") {
            bar.set_style(style.progress_chars("━╸─"));
        }
        Self::Bar(bar)
    }

    fn update(&self, done: usize) {
        match self {
            Self::Quiet => {}
            Self::Bar(bar) => bar.set_position(done as u64),
            Self::Lines { cases, began, next } => {
                if done >= next.get() && began.elapsed() >= WORTH_A_LINE {
                    eprintln!("{done} of {cases} cases");
                    next.set(done + cases.div_ceil(10));
                }
            }
        }
    }

    fn end(&self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}

fn write(file: &Path, text: &str) -> anyhow::Result<()> {
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}

fn show(arguments: &ConformArguments, results: &ConformanceResults) -> anyhow::Result<()> {
    match arguments.format {
        Format::Json => print_line(serde_json::to_string_pretty(results)?),
        Format::Terminal => {
            let colour = if std::io::stdout().is_terminal() { Colour::On } else { Colour::Off };
            print(squall_render::terminal::conformance(results, colour))
        }
    }
}
