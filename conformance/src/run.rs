//! One case against one target.

mod calls;
mod cleaning;
mod expect;
mod links;
mod vectors;

use std::any::Any;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use serde_json::Value as Json;
use squall_results::CaseFailure;

use crate::case::{Account, Case, Names, Script};
use crate::ladder::Ladder;
use crate::target::{Target, TargetError, World};
use crate::wire_text::{Action, Fill, Notes, Sent, Step, answer_mismatches, encode};
use expect::{actual, expectation};
use links::{Link, Received};

/// How cases are run.
#[derive(Clone, Copy, Debug, Default)]
pub struct RunOptions {
    /// Wait in real time where a case lets time pass on a target that has no virtual time.
    pub real_time: bool,
    /// A word that no other run has; empty where nobody else uses the target.
    pub run: RunName,
}

/// What stands before names so that runs and cases do not meet.
#[derive(Clone, Copy, Debug, Default)]
pub struct RunName(pub u32);

/// How a case went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All was as written.
    Passed,
    /// Something was not.
    Failed(Box<CaseFailure>),
    /// It wants a service that there is not, so it can say nothing.
    Unusable(Box<CaseFailure>),
    /// It was not run.
    Skipped(String),
}

/// Runs one case. `number` tells its names from those of other cases of the run.
///
/// # Errors
/// The target cannot be reached.
pub fn run_case(
    case: &Case,
    number: usize,
    target: &dyn Target,
    options: &RunOptions,
) -> Result<Outcome, TargetError> {
    if let Some(why) = reason_to_skip(case, target, options) {
        return Ok(Outcome::Skipped(why));
    }
    let world = match target.begin(&case.service, &case.account) {
        Ok(world) => world,
        // A profile or limit that the case wants and the service has not is the case's failure.
        Err(TargetError::Service(problem)) => {
            return Ok(Outcome::Unusable(Box::new(CaseFailure {
                step: "service".to_owned(),
                line: line(case.place.line),
                expected: "a service that can be set up like this".to_owned(),
                actual: problem,
                ladder: Vec::new(),
            })));
        }
        Err(error) => return Err(error),
    };
    let prefix = if target.is_virtual() { String::new() } else { prefix(options.run, number) };
    let mut runner = Runner {
        world,
        account: &case.account,
        links: BTreeMap::new(),
        notes: Notes::new(),
        answer: None,
        ladder: Ladder::default(),
        prefix,
        names: case.names,
        virtual_time: target.is_virtual(),
        lets_time_pass: lets_time_pass(case),
        retained: BTreeSet::new(),
    };
    // An assertion that fires in the broker is a finding of this case, and no reason to run no other.
    let script = catch_unwind(AssertUnwindSafe(|| match &case.script {
        Script::Steps(steps) => runner.steps(steps),
        Script::Vector(vector) => runner.vector(vector),
    }));
    let failed = script.unwrap_or_else(|panic| Err(Stop::Failed(Failed::panicked(&*panic))));
    let outcome = match failed {
        Ok(()) => Outcome::Passed,
        Err(Stop::Target(error)) => return Err(error),
        Err(Stop::Failed(failed)) => Outcome::Failed(Box::new(CaseFailure {
            step: failed.step,
            line: line(case.place.script_line + 1 + failed.line),
            expected: failed.expected,
            actual: failed.actual,
            ladder: runner.ladder.rows(),
        })),
    };
    runner.leave_nothing_retained();
    Ok(outcome)
}

fn line(line: usize) -> u32 {
    u32::try_from(line).unwrap_or(u32::MAX)
}

fn lets_time_pass(case: &Case) -> bool {
    let Script::Steps(steps) = &case.script else { return false };
    steps.iter().any(|step| matches!(step.action, Action::Advance(_)))
}

/// Why a case makes no sense against a target, if it makes none.
fn reason_to_skip(case: &Case, target: &dyn Target, options: &RunOptions) -> Option<String> {
    if target.is_ours() {
        return None;
    }
    if let Some(why) = &case.sim_only {
        return Some(format!("for the simulated target: {why}"));
    }
    if !case.service.is_default() {
        return Some("needs a service that is set up for it".to_owned());
    }
    if !case.account.is_empty() {
        return Some("needs an account of its own: policies, certificates, authorizers".to_owned());
    }
    if lets_time_pass(case) && !options.real_time {
        return Some("lets time pass; --real-time waits".to_owned());
    }
    let Script::Steps(steps) = &case.script else { return None };
    steps
        .iter()
        .any(|step| matches!(step.action, Action::Call { .. } | Action::Ask { .. }))
        .then(|| "makes a call over HTTPS".to_owned())
}

/// `k3f9-2a-`: few bytes, no slash, and allowed in a client id of 3.1.1.
fn prefix(run: RunName, number: usize) -> String {
    format!("{}{}x", base36(u64::from(run.0)), base36(number as u64))
}

fn base36(mut number: u64) -> String {
    let mut digits = Vec::new();
    loop {
        digits.push(b"0123456789abcdefghijklmnopqrstuvwxyz"[(number % 36) as usize]);
        number /= 36;
        if number == 0 {
            break;
        }
    }
    digits.iter().rev().map(|digit| char::from(*digit)).collect()
}

/// Why a case ends before its last step.
enum Stop {
    Failed(Failed),
    Target(TargetError),
}

struct Failed {
    step: String,
    /// The line of the steps, 0 for the first.
    line: usize,
    expected: String,
    actual: String,
}

impl Failed {
    fn panicked(panic: &(dyn Any + Send)) -> Self {
        let message = panic.downcast_ref::<&str>().copied();
        let message = message.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        Self {
            step: "an assertion inside the broker".to_owned(),
            line: 0,
            expected: "that it holds".to_owned(),
            actual: message.unwrap_or("a panic").to_owned(),
        }
    }
}

/// The state of one case.
struct Runner<'t> {
    world: Box<dyn World + 't>,
    account: &'t Account,
    links: BTreeMap<String, Link>,
    notes: Notes,
    /// What the last call in JSON was answered with.
    answer: Option<Json>,
    ladder: Ladder,
    prefix: String,
    names: Names,
    virtual_time: bool,
    /// On a target without virtual time a PINGREQ would keep alive what is to lapse.
    lets_time_pass: bool,
    /// Topics under which the case may have left a message, on a target that outlives it.
    retained: BTreeSet<String>,
}

impl Runner<'_> {
    fn steps(&mut self, steps: &[Step]) -> Result<(), Stop> {
        let mut at = 0;
        while at < steps.len() {
            let group = steps[at..].iter().take_while(|step| is_any_order(step)).count();
            if group > 1 {
                self.any_order(&steps[at..at + group])?;
                at += group;
            } else {
                self.step(&steps[at])?;
                at += 1;
            }
        }
        Ok(())
    }

    fn step(&mut self, step: &Step) -> Result<(), Stop> {
        let failed = |expected: String, actual: String| {
            Stop::Failed(Failed { step: step.text.clone(), line: step.line, expected, actual })
        };
        match &step.action {
            Action::Open(link) => {
                self.open(link)?.map_err(|problem| failed("a new transport".to_owned(), problem))
            }
            Action::Send { link, times, what, in_one_piece } => {
                let cannot = |problem| failed("the client can send this".to_owned(), problem);
                if *in_one_piece {
                    return self.send(link, 1..=*times, what)?.map_err(cannot);
                }
                for count in 1..=*times {
                    self.send(&numbered(link, count), count..=count, what)?.map_err(cannot)?;
                }
                Ok(())
            }
            Action::Expect { link, times, allowed, any_order: _ } => {
                self.expect(link, *times, allowed).map_err(|actual| failed(expectation(&step.text), actual))
            }
            Action::End(link) => {
                self.let_go(link, false);
                Ok(())
            }
            Action::Drop(link) => {
                self.let_go(link, true);
                Ok(())
            }
            Action::Acknowledge { link, all } => self
                .acknowledge(link, *all)
                .map_err(|problem| failed("a QoS 1 message to acknowledge".to_owned(), problem)),
            Action::Advance(duration) => {
                self.advance(*duration);
                Ok(())
            }
            Action::Call { times, call } => (1..=*times).try_for_each(|count| {
                self.call(call, count).map_err(|(expected, actual)| failed(expected, actual))
            }),
            Action::Ask { times, ask } => (1..=*times).try_for_each(|count| {
                self.ask(ask, count).map_err(|(expected, actual)| failed(expected, actual))
            }),
            Action::Answer(wanted) => {
                let fill = Fill { count: 1, prefix: &self.prefix, names: self.names };
                let words = match &self.answer {
                    Some(answer) => answer_mismatches(wanted, answer, &fill, &mut self.notes),
                    None => vec!["no call in JSON so far".to_owned()],
                };
                if words.is_empty() { Ok(()) } else { Err(failed(step.text.clone(), words.join(", "))) }
            }
            Action::Authorizer { link, says } => self.authorizer(link, says, step).map_err(Stop::Failed),
            Action::Hook { function, says } => self.hook(function, says, step).map_err(Stop::Failed),
            Action::Count { counter, comparison, value } => match self.world.count(counter) {
                Some(found) if !comparison.holds(found, *value) => {
                    Err(failed(step.text.clone(), found.to_string()))
                }
                // Met, or nothing to look at.
                _ => Ok(()),
            },
        }
    }

    fn fill(&self, count: u64) -> Fill<'_> {
        Fill { count, prefix: &self.prefix, names: self.names }
    }

    fn advance(&mut self, duration: Duration) {
        self.world.advance(duration);
        let text = format!("{} pass", humantime::format_duration(duration));
        self.ladder.note(self.world.now(), "", text);
    }
}

/// The link of one count: `c#` is `c1`, `c2`, ...
fn numbered(link: &str, count: u64) -> Cow<'_, str> {
    match link.strip_suffix('#') {
        None => Cow::Borrowed(link),
        Some(name) => Cow::Owned(format!("{name}{count}")),
    }
}

fn is_any_order(step: &Step) -> bool {
    matches!(step.action, Action::Expect { any_order: true, .. })
}

/// What a step sends, as bytes.
fn bytes_of(
    what: &Sent,
    version: squall_types::ProtocolVersion,
    fill: &Fill<'_>,
    notes: &Notes,
) -> Result<Vec<u8>, String> {
    match what {
        Sent::Raw(template) => template.fill(fill),
        Sent::Packet(packet) => {
            let mut bytes = Vec::new();
            encode(&packet.fill(fill, notes)?, version, &mut bytes)?;
            Ok(bytes)
        }
    }
}
