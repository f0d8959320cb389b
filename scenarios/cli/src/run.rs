//! `squall run`: the main job.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Context;
use clap::{Args, ValueEnum};
use squall_engine::{Progress as WorldProgress, World, run_unwinding};
use squall_render::terminal::Colour;
use squall_results::{
    Build, CellLabel, Comparison, Expectation, Metric, OracleVerdict, RunResults, Seconds, Verdict, judge,
};
use squall_scenario::{Cell, Plan, Scenario};
use squall_types::Timestamp;

use crate::exit::Exit;
use crate::host::Stopwatch;
use crate::interrupt;
use crate::log::LogFile;
use crate::output::OutputFolder;
use crate::plan::{self, PlanArguments};
use crate::progress::Progress;
use crate::stdout::{print, print_line};

/// Arguments of `squall run`.
#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    #[command(flatten)]
    plan: PlanArguments,

    /// Folder for results.json, report.html and junit.xml [default: out/NAME-SEED]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Write what the service logs to FILE, a JSON object a line, while the run goes on; for a single run only
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,

    /// How many runs of a matrix or of several files go on at a time [default: the number of cores]
    #[arg(long, value_name = "N")]
    jobs: Option<std::num::NonZeroUsize>,

    /// Show neither progress nor summaries, only what failed
    #[arg(long)]
    quiet: bool,

    /// What goes to standard output
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Summaries for people
    Text,
    /// One JSON object: for each run its name, seed, cell, fingerprint, verdict and folder
    Json,
}

/// Events between two looks at the interrupt flag: a few milliseconds of work.
const EVENTS_A_STEP: u64 = 20_000;

/// One run that the command was asked for.
struct Task<'p> {
    plan: &'p Plan,
    cell: &'p Cell,
    file: &'p str,
    folder: OutputFolder,
}

/// How one run ended.
enum Ended {
    Finished(Box<RunResults>),
    /// Interrupted at this virtual time; nothing was written.
    Interrupted(Timestamp),
    /// Never begun.
    Skipped,
}

pub(crate) fn run(arguments: &RunArguments) -> anyhow::Result<Exit> {
    let Some(plans) = plan::load(&arguments.plan) else { return Ok(Exit::Usage) };
    let runs: usize = plans.iter().map(|plan| plan.cells.len()).sum();
    if arguments.log.is_some() && runs != 1 {
        eprintln!(
            "--log: takes the records of one run, and these are {runs}; run them one by one, each with its own file"
        );
        return Ok(Exit::Usage);
    }
    interrupt::listen()?;
    let folders = folders(arguments, &plans)?;
    let tasks = tasks(arguments, &plans, &folders)?;
    let progress = Progress::new(arguments.quiet || arguments.format == Format::Json);
    let jobs = arguments.jobs.map_or_else(cores, std::num::NonZeroUsize::get);
    let ended = run_all(arguments, &tasks, jobs, &progress)?;

    let mut exit = Exit::Held;
    let mut finished = Vec::new();
    for (task, ended) in tasks.iter().zip(ended) {
        match ended {
            Ended::Finished(results) => {
                exit = exit.worst(exit_of(&results));
                finished.push((task, *results));
            }
            Ended::Interrupted(at) => {
                exit = exit.worst(Exit::Interrupted);
                eprintln!(
                    "interrupted: {} came to {} of {} virtual time; nothing of this run was written{}",
                    task.title(),
                    squall_results::text::duration(at.as_micros()),
                    squall_results::text::duration(task.cell.scenario.duration.as_micros() as u64),
                    if arguments.log.is_some() { " but its log" } else { "" },
                );
            }
            Ended::Skipped => exit = exit.worst(Exit::Interrupted),
        }
    }
    if exit == Exit::Interrupted {
        tasks.iter().map(|task| &task.folder).chain(&folders).for_each(OutputFolder::remove_if_empty);
    } else {
        write_indexes(&plans, &folders, &finished)?;
    }
    show(arguments, &plans, &folders, &finished)?;
    Ok(exit)
}

impl Task<'_> {
    /// What tells its cell from its neighbours.
    fn cell_labels(&self) -> impl Iterator<Item = CellLabel> {
        let labels = self.cell.labels.iter();
        labels.map(|(key, value)| CellLabel { key: key.clone(), value: value.clone() })
    }

    fn title(&self) -> String {
        let labels: Vec<String> = self.cell_labels().map(|label| label.shown().into_owned()).collect();
        match labels.as_slice() {
            [] => self.plan.name.clone(),
            labels => format!("{} [{}]", self.plan.name, labels.join(", ")),
        }
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get)
}

/// The folder of each plan.
fn folders(arguments: &RunArguments, plans: &[Plan]) -> anyhow::Result<Vec<OutputFolder>> {
    plans
        .iter()
        .map(|plan| {
            let seed = plan.cells.first().map(|cell| cell.scenario.seed).unwrap_or_default();
            let name = format!("{}-{seed}", plan.name);
            OutputFolder::create(match &arguments.out {
                None => Path::new("out").join(name),
                Some(folder) if plans.len() == 1 => folder.clone(),
                Some(folder) => folder.join(name),
            })
        })
        .collect()
}

fn tasks<'p>(
    arguments: &'p RunArguments,
    plans: &'p [Plan],
    folders: &[OutputFolder],
) -> anyhow::Result<Vec<Task<'p>>> {
    let mut tasks = Vec::new();
    for ((plan, file), folder) in plans.iter().zip(&arguments.plan.files).zip(folders) {
        for cell in &plan.cells {
            let slug = cell.slug();
            let folder = folder.subfolder(&slug)?;
            tasks.push(Task { plan, cell, file, folder });
        }
    }
    Ok(tasks)
}

/// Runs all tasks, `jobs` at a time; the results are in the order of the tasks, whatever finishes first.
fn run_all(
    arguments: &RunArguments,
    tasks: &[Task<'_>],
    jobs: usize,
    progress: &Progress,
) -> anyhow::Result<Vec<Ended>> {
    let next = AtomicUsize::new(0);
    let ended: Vec<Mutex<Option<anyhow::Result<Ended>>>> = tasks.iter().map(|_| Mutex::new(None)).collect();
    std::thread::scope(|scope| {
        for _ in 0..jobs.min(tasks.len()) {
            scope.spawn(|| {
                while let Some((task, slot)) = {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    tasks.get(index).zip(ended.get(index))
                } {
                    let outcome = run_one(arguments, task, progress);
                    *slot.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(outcome);
                }
            });
        }
    });
    ended
        .into_iter()
        .map(|slot| {
            let outcome = slot.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
            outcome.unwrap_or(Ok(Ended::Skipped))
        })
        .collect()
}

fn run_one(arguments: &RunArguments, task: &Task<'_>, progress: &Progress) -> anyhow::Result<Ended> {
    if interrupt::came() {
        return Ok(Ended::Skipped);
    }
    let stopwatch = Stopwatch::start();
    let scenario = &task.cell.scenario;
    let mut world = World::new(scenario).with_context(|| task.title())?;
    let mut log = arguments.log.as_deref().map(LogFile::create).transpose()?;
    if log.is_some() {
        world.log_service();
    }
    let mut shown = progress.begin(&task.title(), Timestamp::ZERO + scenario.duration);
    let mut invariant = None;
    loop {
        let outcome = run_unwinding(&mut world, EVENTS_A_STEP);
        if let Some(log) = &mut log
            && let Err(error) = log.drain(&mut world)
        {
            shown.end();
            return Err(error);
        }
        match outcome {
            Ok(WorldProgress::Running) => shown.update(&world),
            Ok(WorldProgress::Done) => break,
            Err(message) => {
                invariant = Some(message);
                break;
            }
        }
        if interrupt::came() {
            shown.end();
            return Ok(Ended::Interrupted(world.now()));
        }
    }
    shown.end();
    let stopped = invariant.as_ref().map(|_| "an assertion fired");
    let mut results = world.finish(scenario, stopped, invariant.as_deref());
    complete(arguments, task, &mut results)?;
    results.host = stopwatch.read();
    task.folder.write_run(&results)?;
    Ok(Ended::Finished(Box::new(results)))
}

/// Adds what the engine cannot know: where the scenario came from, what it cost, what was expected.
fn complete(arguments: &RunArguments, task: &Task<'_>, results: &mut RunResults) -> anyhow::Result<()> {
    results.inputs.clone_from(&task.plan.inputs);
    results.overrides.clone_from(&task.plan.overrides);
    results.cell = task.cell_labels().collect();
    results.build = Build {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        rustc: env!("SQUALL_RUSTC").to_owned(),
        target: env!("SQUALL_TARGET").to_owned(),
        profile: env!("SQUALL_PROFILE").to_owned(),
    };
    results.reproduce = reproduce(arguments, task);
    let book = squall_billing::load(&task.cell.scenario.service.price_book)?;
    results.bill = Some(squall_billing::compute(&results.usage, &book)?);
    results.expectations = expectations(&task.cell.scenario, results)?;
    Ok(())
}

/// The metric that says whether a fleet is whole.
const CONNECTED_AT_END: &str = "devices.connected_at_end";

/// Judges what the scenario expects, and that it ends healed.
fn expectations(scenario: &Scenario, results: &RunResults) -> anyhow::Result<Vec<Expectation>> {
    let mut judged = Vec::new();
    for expectation in &scenario.expectations {
        let found = judge_one(&expectation.that, &expectation.is, results)?;
        let verdict = if expectation.judged { found.verdict } else { Verdict::NotJudged };
        // Line 0 is an expectation that came from the command line.
        let line = Some(expectation.line).filter(|&line| line > 0);
        judged.push(Expectation { verdict, line, ..found });
    }
    if !judged.iter().any(|expectation| expectation.that == CONNECTED_AT_END) {
        let found = judge_one(CONNECTED_AT_END, &format!("== {}", results.devices), results)?;
        let verdict = if scenario.heals { found.verdict } else { Verdict::NotJudged };
        judged.push(Expectation { verdict, ..found });
    }
    Ok(judged)
}

fn judge_one(that: &str, is: &str, results: &RunResults) -> anyhow::Result<Expectation> {
    let metric = Metric::parse(that).with_context(|| format!("metric {that}"))?;
    let comparison = Comparison::parse(is, metric.unit()).with_context(|| format!("comparison {is}"))?;
    Ok(judge(&metric, &comparison, results))
}

/// The command line that gives this run again.
fn reproduce(arguments: &RunArguments, task: &Task<'_>) -> String {
    let mut line = format!("squall run {} --seed {}", quoted(task.file), task.cell.scenario.seed);
    let cell = task.cell.labels.iter().map(|(key, value)| format!("{key}={value}"));
    for set in arguments.plan.sets.iter().cloned().chain(cell) {
        line.push_str(" --set ");
        line.push_str(&quoted(&set));
    }
    line
}

/// A word as a shell reads it back.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

fn exit_of(results: &RunResults) -> Exit {
    let violated = results.oracles.iter().any(|oracle: &OracleVerdict| oracle.violation_count > 0);
    if violated {
        Exit::Violated
    } else if results.count_expectations(Verdict::Failed) > 0 {
        Exit::Failed
    } else {
        Exit::Held
    }
}

/// The table over the cells of each matrix.
fn write_indexes(
    plans: &[Plan],
    folders: &[OutputFolder],
    finished: &[(&Task<'_>, RunResults)],
) -> anyhow::Result<()> {
    for (plan, folder) in plans.iter().zip(folders).filter(|(plan, _)| !plan.matrix_keys.is_empty()) {
        let (runs, links) = cells_of(plan, finished);
        folder.write("index.html", &squall_render::html::matrix(&runs, &links))?;
        folder.write("junit.xml", &squall_render::junit::report(&runs)?)?;
    }
    Ok(())
}

fn cells_of(plan: &Plan, finished: &[(&Task<'_>, RunResults)]) -> (Vec<RunResults>, Vec<String>) {
    finished
        .iter()
        .filter(|(task, _)| std::ptr::eq(task.plan, plan))
        .map(|(task, results)| (results.clone(), format!("{}/report.html", task.cell.slug())))
        .unzip()
}

fn show(
    arguments: &RunArguments,
    plans: &[Plan],
    folders: &[OutputFolder],
    finished: &[(&Task<'_>, RunResults)],
) -> anyhow::Result<()> {
    if arguments.format == Format::Json {
        let runs: Vec<serde_json::Value> =
            finished.iter().map(|(task, results)| brief(task, results)).collect();
        return print_line(serde_json::to_string_pretty(&serde_json::json!({ "runs": runs }))?);
    }
    let colour = if std::io::stdout().is_terminal() { Colour::On } else { Colour::Off };
    for (plan, folder) in plans.iter().zip(folders) {
        let (runs, _) = cells_of(plan, finished);
        let good = runs.iter().all(RunResults::is_good);
        if runs.is_empty() || (arguments.quiet && good) {
            continue;
        }
        if plan.matrix_keys.is_empty() {
            let report = folder.path_of("report.html").display().to_string();
            for results in &runs {
                print(squall_render::terminal::summary(results, Some(&report), colour))?;
                print_line(host_line(results))?;
            }
        } else {
            let index = folder.path_of("index.html").display().to_string();
            print(squall_render::terminal::matrix(&runs, Some(&index), colour))?;
        }
    }
    Ok(())
}

/// The one line of the summary that differs from run to run.
fn host_line(results: &RunResults) -> String {
    let host = &results.host;
    let virtual_seconds = results.virtual_seconds.as_micros() as f64 / 1e6;
    format!(
        "host         {:.1} s wall ({:.0} virtual s a second), {:.1} s CPU, {} MiB",
        host.wall_seconds,
        virtual_seconds / host.wall_seconds.max(1e-9),
        host.cpu_seconds,
        host.peak_rss_bytes >> 20,
    )
}

fn brief(task: &Task<'_>, results: &RunResults) -> serde_json::Value {
    let cell: serde_json::Map<String, serde_json::Value> =
        task.cell.labels.iter().map(|(key, value)| (key.clone(), value.clone().into())).collect();
    serde_json::json!({
        "scenario": results.scenario,
        "seed": results.seed,
        "cell": cell,
        "fingerprint": results.fingerprint,
        "failed": results.count_expectations(Verdict::Failed),
        "violations": results.violation_count(),
        "virtual_seconds": Seconds::as_micros(results.virtual_seconds) as f64 / 1e6,
        "results": task.folder.path_of("results.json").display().to_string(),
    })
}
