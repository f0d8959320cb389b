//! One account's shadows at a time that a test moves.

use squall_profile::Profile;
use squall_services::shadow::{
    Answer, CallOutcome, Operation, Outcome, Rejection, Settings, ShadowCall, ShadowId, Shadows,
};
use squall_types::{Now, Timestamp, WallTime};

/// The wall time at which tests begin.
pub(crate) const START: u64 = 1_591_141_596;

pub(crate) fn settings(profile: &str) -> Settings {
    Settings::from(&Profile::named(profile).unwrap())
}

/// What was published: the topic's end and the payload.
pub(crate) type Published = Vec<(String, String)>;

pub(crate) struct Bench {
    pub(crate) shadows: Shadows,
    /// Seconds since the start.
    pub(crate) seconds: u64,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::with(settings("aws-current"))
    }

    pub(crate) fn with(settings: Settings) -> Self {
        Self { shadows: Shadows::new(settings), seconds: 0 }
    }

    pub(crate) fn now(&self) -> Now {
        Now::at(Timestamp::from_secs(self.seconds), WallTime::from_unix_secs(START))
    }

    /// One request, one second after the last one.
    pub(crate) fn ask(&mut self, shadow: ShadowId<'_>, operation: Operation, payload: &[u8]) -> Published {
        self.seconds += 1;
        let now = self.now();
        published(&self.shadows.handle(shadow, operation, payload, now))
    }

    /// The same for the classic shadow of `t`.
    pub(crate) fn update(&mut self, payload: &str) -> Published {
        self.ask(T, Operation::Update, payload.as_bytes())
    }

    pub(crate) fn get(&mut self) -> String {
        let published = self.ask(T, Operation::Get, b"");
        assert_eq!(published.len(), 1);
        published[0].1.clone()
    }

    pub(crate) fn delete(&mut self) -> String {
        self.ask(T, Operation::Delete, b"")[0].1.clone()
    }

    /// An update that must be accepted; the version.
    pub(crate) fn accept(&mut self, payload: &str) -> u64 {
        self.seconds += 1;
        let now = self.now();
        self.shadows
            .handle(T, Operation::Update, payload.as_bytes(), now)
            .version()
            .unwrap_or_else(|rejection| panic!("{rejection:?}: {payload}"))
    }

    /// An update that must not be.
    pub(crate) fn refuse(&mut self, payload: impl AsRef<[u8]>) -> Rejection {
        self.seconds += 1;
        let now = self.now();
        self.shadows.handle(T, Operation::Update, payload.as_ref(), now).version().unwrap_err()
    }

    /// A call over HTTPS: its rejection, its body, and what it has published.
    pub(crate) fn call(&mut self, call: ShadowCall<'_>) -> (Option<Rejection>, String, Published) {
        self.seconds += 1;
        let now = self.now();
        let outcome = self.shadows.call(call, now);
        let mut body = Vec::new();
        outcome.write_body(&mut body);
        let published = match &outcome {
            CallOutcome::Shadow(outcome) => published(outcome),
            CallOutcome::List(_) => Vec::new(),
        };
        (outcome.rejection(), String::from_utf8(body).unwrap(), published)
    }

    /// Desired and reported as they are stored.
    pub(crate) fn state(&self) -> (String, String) {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        self.shadows
            .current(T)
            .map(|current| (text(current.desired()), text(current.reported())))
            .unwrap_or_default()
    }
}

/// The classic shadow of thing `t`.
pub(crate) const T: ShadowId<'static> = ShadowId::classic("t");

pub(crate) fn published(outcome: &Outcome<'_>) -> Published {
    let answers = outcome.answers(0);
    answers
        .map(|answer| {
            let topic = outcome.topic(answer).to_string();
            let end = topic.split_once("/shadow/").unwrap().1.to_owned();
            (end, text(outcome, answer))
        })
        .collect()
}

pub(crate) fn text(outcome: &Outcome<'_>, answer: Answer) -> String {
    let mut out = Vec::new();
    outcome.write(answer, &mut out);
    String::from_utf8(out).unwrap()
}

/// The payload published to `end`, if any was.
pub(crate) fn of<'a>(published: &'a Published, end: &str) -> Option<&'a str> {
    published.iter().find(|(topic, _)| topic == end).map(|(_, payload)| &**payload)
}
