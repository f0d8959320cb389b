//! What `squall conform` found: one result a case, and how many of each verdict.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The results of one run of conformance cases against one target.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConformanceResults {
    /// Cases by verdict.
    pub summary: ConformanceSummary,
    /// What was judged: `sim`, or an address.
    pub target: String,
    /// Each case, in the order of suites and files.
    pub cases: Vec<CaseResult>,
}

/// How many cases came out how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConformanceSummary {
    /// As the case says.
    pub ok: u64,
    /// Otherwise, as a declared deviation says.
    pub non_strict: u64,
    /// Otherwise, where the text leaves it open.
    pub informational: u64,
    /// Not run: waits for a subject that comes later.
    pub unimplemented: u64,
    /// Otherwise, and nothing excuses it.
    pub failed: u64,
    /// Not run: makes no sense against this target.
    pub skipped: u64,
}

/// How a case came out.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum CaseVerdict {
    /// As the case says.
    Ok,
    /// Otherwise, as a declared deviation says.
    NonStrict,
    /// Otherwise, where the text leaves it open.
    Informational,
    /// Not run: waits for a subject that comes later.
    Unimplemented,
    /// Not run: makes no sense against this target.
    #[default]
    Skipped,
    /// Otherwise, and nothing excuses it.
    Failed,
}

/// One case, judged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CaseResult {
    /// `suite/section/number`.
    pub address: String,
    /// The suite.
    pub suite: String,
    /// The statements, checks and sections that it rests on.
    pub requirement: Vec<String>,
    /// `must`, `should`, `may` or `aws-differs`.
    pub level: String,
    /// How it came out.
    pub verdict: CaseVerdict,
    /// What the case is about.
    pub about: String,
    /// The file that it stands in.
    pub file: String,
    /// Its line there, 1 for the first.
    pub line: u32,
    /// Why it was not run, or why what it found is excused, or what is wrong with the excuse.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Where the excuse is taken from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// What was found in place of what the case says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<CaseFailure>,
}

/// Where a case and a target part.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CaseFailure {
    /// The step, as the case writes it.
    pub step: String,
    /// Its line in the file, 1 for the first.
    pub line: u32,
    /// What should have been.
    pub expected: String,
    /// What was.
    pub actual: String,
    /// What passed between clients and service up to there, the oldest first; long ladders lose their beginning.
    pub ladder: Vec<LadderRow>,
}

/// One packet, or one thing that happened to a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LadderRow {
    /// When, in microseconds since the case began.
    pub at_us: u64,
    /// On which link; empty for what concerns all.
    pub link: String,
    /// Which way.
    pub direction: LadderDirection,
    /// The packet in the notation of cases, or what happened.
    pub text: String,
}

/// Which way a row of a ladder points.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LadderDirection {
    /// From the client.
    Sent,
    /// From the service.
    Received,
    /// Neither: a connection opens or ends, time passes.
    #[default]
    Note,
}

impl LadderDirection {
    /// How it is drawn, three characters wide.
    pub const fn arrow(self) -> &'static str {
        match self {
            Self::Sent => "-->",
            Self::Received => "<--",
            Self::Note => "   ",
        }
    }
}

impl ConformanceResults {
    /// Results with their summary.
    pub fn new(target: String, cases: Vec<CaseResult>) -> Self {
        let summary = ConformanceSummary::of(&cases);
        Self { summary, target, cases }
    }
}

impl ConformanceSummary {
    /// Counts cases.
    pub fn of<'c>(cases: impl IntoIterator<Item = &'c CaseResult>) -> Self {
        let mut summary = Self::default();
        for case in cases {
            *summary.slot(case.verdict) += 1;
        }
        summary
    }

    /// How many there are of one verdict.
    pub fn count(mut self, verdict: CaseVerdict) -> u64 {
        *self.slot(verdict)
    }

    /// How many there are.
    pub const fn total(self) -> u64 {
        self.ok + self.non_strict + self.informational + self.unimplemented + self.failed + self.skipped
    }

    const fn slot(&mut self, verdict: CaseVerdict) -> &mut u64 {
        match verdict {
            CaseVerdict::Ok => &mut self.ok,
            CaseVerdict::NonStrict => &mut self.non_strict,
            CaseVerdict::Informational => &mut self.informational,
            CaseVerdict::Unimplemented => &mut self.unimplemented,
            CaseVerdict::Failed => &mut self.failed,
            CaseVerdict::Skipped => &mut self.skipped,
        }
    }
}

impl CaseVerdict {
    /// All verdicts, in the order in which they are shown.
    pub const ALL: [Self; 6] =
        [Self::Ok, Self::NonStrict, Self::Informational, Self::Unimplemented, Self::Skipped, Self::Failed];

    /// The word for people.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::NonStrict => "non-strict",
            Self::Informational => "informational",
            Self::Unimplemented => "unimplemented",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
        }
    }
}
