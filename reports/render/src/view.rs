//! What the views have in common: the words, not the marks on the page.

use squall_results::{CellLabel, Expectation, OperationLatency, RunResults, Stat, Verdict, text};

/// How a run came out, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Interrupted,
    Violated,
    Failed,
    Unjudged,
    Good,
}

impl Outcome {
    /// All of them, the worst first.
    pub(crate) const ALL: [Self; 5] =
        [Self::Interrupted, Self::Violated, Self::Failed, Self::Unjudged, Self::Good];

    pub(crate) fn of(results: &RunResults) -> Self {
        if results.interrupted.is_some() {
            Self::Interrupted
        } else if results.violation_count() > 0 {
            Self::Violated
        } else if results.count_expectations(Verdict::Failed) > 0 {
            Self::Failed
        } else if results.count_expectations(Verdict::Held) == 0 {
            Self::Unjudged
        } else {
            Self::Good
        }
    }

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Interrupted => "interrupted",
            Self::Violated => "violated",
            Self::Failed => "failed",
            Self::Unjudged => "not judged",
            Self::Good => "passed",
        }
    }

    pub(crate) const fn mark(self) -> &'static str {
        match self {
            Self::Interrupted => "!",
            Self::Violated | Self::Failed => "✗",
            Self::Unjudged => "–",
            Self::Good => "✓",
        }
    }
}

/// "1 failed, 2 passed": how the cells of a matrix came out.
pub(crate) fn cell_tally(cells: &[RunResults]) -> String {
    let count = |outcome| cells.iter().filter(|cell| Outcome::of(cell) == outcome).count();
    let parts: Vec<String> = Outcome::ALL
        .into_iter()
        .filter(|outcome| count(*outcome) > 0)
        .map(|outcome| format!("{} {}", count(outcome), outcome.word()))
        .collect();
    format!("{} cells: {}", cells.len(), parts.join(", "))
}

/// The worst outcome of several runs.
pub(crate) fn worst(cells: &[RunResults]) -> Outcome {
    let of_any = |outcome: &Outcome| cells.iter().any(|cell| Outcome::of(cell) == *outcome);
    Outcome::ALL.into_iter().find(of_any).unwrap_or(Outcome::Unjudged)
}

/// "2 held, 1 failed, 1 not judged"; the failed first.
pub(crate) fn expectation_tally(results: &RunResults) -> String {
    if results.expectations.is_empty() {
        return "none stated".to_owned();
    }
    let parts = [(Verdict::Failed, "failed"), (Verdict::Held, "held"), (Verdict::NotJudged, "not judged")];
    let parts: Vec<String> = parts
        .into_iter()
        .map(|(verdict, word)| (results.count_expectations(verdict), word))
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    parts.join(", ")
}

/// "no violation in 1,234 checks"
pub(crate) fn oracle_tally(results: &RunResults) -> String {
    let checks: u64 = results.oracles.iter().map(|oracle| oracle.checks).sum();
    let violations = match results.violation_count() {
        0 => "no violation".to_owned(),
        n => plural(n, "violation", "violations"),
    };
    match results.oracles.len() {
        0 => "none watched".to_owned(),
        _ => format!("{violations} in {}", plural(checks, "check", "checks")),
    }
}

/// "1,203 denials, 2 reasons"
pub(crate) fn denial_tally(results: &RunResults) -> String {
    let times: u64 = results.denials.iter().map(|denials| denials.count).sum();
    let reasons = results.denials.len() as u64;
    format!("{}, {}", plural(times, "denial", "denials"), plural(reasons, "reason", "reasons"))
}

/// "1,203 failures, 2 reasons"
pub(crate) fn shadow_tally(results: &RunResults) -> String {
    let times: u64 = results.shadow_troubles.iter().map(|trouble| trouble.count).sum();
    let reasons = results.shadow_troubles.len() as u64;
    format!("{}, {}", plural(times, "refusal", "refusals"), plural(reasons, "reason", "reasons"))
}

/// How much provisioning came to nothing.
pub(crate) fn provisioning_tally(results: &RunResults) -> String {
    let times: u64 = results.provisioning_failures.iter().map(|failures| failures.count).sum();
    let reasons = results.provisioning_failures.len() as u64;
    format!("{}, {}", plural(times, "failure", "failures"), plural(reasons, "reason", "reasons"))
}

/// "1 device", "2,000 devices"
pub(crate) fn plural(count: u64, one: &str, many: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        _ => format!("{} {many}", text::count(count)),
    }
}

/// The words for a verdict.
pub(crate) const fn verdict_word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Held => "held",
        Verdict::Failed => "FAILED",
        Verdict::NotJudged => "not judged",
    }
}

/// "found 41 s", or why there is nothing to find.
pub(crate) fn found_words(expectation: &Expectation) -> String {
    match expectation.value {
        Some(_) => format!("found {}", expectation.found),
        None => expectation.found.clone(),
    }
}

/// The sign for a verdict.
pub(crate) const fn verdict_mark(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Held => "✓",
        Verdict::Failed => "✗",
        Verdict::NotJudged => "–",
    }
}

/// A number of a latency row, with the sign for a lower bound where it is one.
pub(crate) fn latency_text(row: &OperationLatency, stat: Stat) -> String {
    match stat {
        Stat::Count | Stat::Unfinished => text::count(row.stat(stat)),
        Stat::P50 | Stat::P90 | Stat::P99 | Stat::P999 | Stat::Max => {
            let bound = if row.is_lower_bound(stat) { "≥ " } else { "" };
            format!("{bound}{}", text::duration(row.stat(stat)))
        }
    }
}

/// "fault 1, during" for `fault.1.during`, "whole run" for `run`.
pub(crate) fn window_words(window: &str) -> String {
    match window {
        "run" => "whole run".to_owned(),
        "measure" => "measured window".to_owned(),
        other => match other.strip_prefix("fault.").and_then(|w| w.split_once('.')) {
            Some((number, phase)) => format!("{phase} fault {number}"),
            None => other.to_owned(),
        },
    }
}

/// How long the run was and how many devices took part.
pub(crate) fn extent(results: &RunResults) -> String {
    format!(
        "{} of virtual time, {}",
        text::duration(results.virtual_seconds.as_micros()),
        plural(results.devices, "device", "devices"),
    )
}

/// What tells a cell from its neighbours: "strategy = none, base = 1s".
pub(crate) fn cell_words(cell: &[CellLabel]) -> String {
    let keys = short_keys(cell);
    let words: Vec<String> =
        keys.iter().zip(cell).map(|(key, label)| format!("{key} = {}", label.shown())).collect();
    words.join(", ")
}

/// The last words of dotted keys, as many as it takes to tell them apart.
pub(crate) fn short_keys(cell: &[CellLabel]) -> Vec<String> {
    let tail = |key: &str, words: usize| {
        let all: Vec<&str> = key.split('.').collect();
        all[all.len().saturating_sub(words)..].join(".")
    };
    cell.iter()
        .map(|label| {
            let most = label.key.split('.').count();
            (1..=most)
                .map(|words| (words, tail(&label.key, words)))
                .find(|(words, short)| {
                    cell.iter().filter(|other| tail(&other.key, *words) == *short).count() == 1
                })
                .map_or_else(|| label.key.clone(), |(_, short)| short)
        })
        .collect()
}

/// The expectations of a matrix, each bound once, in the order of the cells.
pub(crate) fn bounds(cells: &[RunResults]) -> Vec<(&str, &str)> {
    let mut bounds: Vec<(&str, &str)> = Vec::new();
    for expectation in cells.iter().flat_map(|cell| &cell.expectations) {
        let bound = (expectation.that.as_str(), expectation.is.as_str());
        if !bounds.contains(&bound) {
            bounds.push(bound);
        }
    }
    bounds
}

/// The first digits of a fingerprint, enough to tell runs apart at a glance.
pub(crate) fn short_fingerprint(results: &RunResults) -> &str {
    results.fingerprint.get(..8).unwrap_or(&results.fingerprint)
}

/// The ids of the assumptions: "D-14, D-25".
pub(crate) fn assumption_ids(results: &RunResults) -> String {
    let ids: Vec<&str> = results.assumptions.iter().map(|a| a.id.as_str()).collect();
    ids.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_as_short_as_they_can_be() {
        let label = |key: &str| CellLabel { key: key.to_owned(), value: "1s".to_owned() };
        let cell = [
            label("fleet.sensors.reconnect.base"),
            label("fleet.meters.reconnect.base"),
            label("service.nodes"),
        ];
        assert_eq!(short_keys(&cell), ["sensors.reconnect.base", "meters.reconnect.base", "nodes"]);
        assert_eq!(cell_words(&cell[2..]), "nodes = 1s");
    }
}
