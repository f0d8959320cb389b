//! Histories of one shadow, as those who take part in it would see them.

use core::time::Duration;

use serde_json::{Value, json};
use squall_oracle::{DeviceKey, ShadowOracleConfig, ShadowOracles, Verdict};
use squall_profile::Profile;
use squall_types::Timestamp;

pub(crate) const PREFIX: &str = "$aws/things/t/shadow";
pub(crate) const DEVICE: DeviceKey = DeviceKey(3);

/// Judges, a clock, and tokens that count themselves.
pub(crate) struct Bench {
    pub(crate) oracles: ShadowOracles,
    pub(crate) now: u64,
    tokens: u32,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let profile = Profile::named("aws-current").unwrap();
        let mut oracles = ShadowOracles::new(ShadowOracleConfig::from(&profile));
        oracles.follow(DEVICE, PREFIX, Duration::from_secs(30));
        Self { oracles, now: 0, tokens: 0 }
    }

    pub(crate) fn at(&self) -> Timestamp {
        Timestamp::from_secs(self.now)
    }

    pub(crate) fn wait(&mut self, seconds: u64) {
        self.now += seconds;
    }

    /// Somebody sends an update; its token.
    pub(crate) fn send(&mut self, state: Value) -> String {
        self.send_for(state, None)
    }

    pub(crate) fn send_for(&mut self, state: Value, version: Option<u64>) -> String {
        self.now += 1;
        self.tokens += 1;
        let token = format!("c{}", self.tokens);
        let mut request = json!({"state": state, "clientToken": token});
        if let Some(version) = version {
            request["version"] = version.into();
        }
        self.send_raw(&request, true);
        token
    }

    pub(crate) fn send_raw(&mut self, request: &Value, first: bool) {
        let payload = request.to_string();
        self.oracles.request_sent(self.at(), &format!("{PREFIX}/update"), payload.as_bytes(), first);
    }

    /// Somebody sees an answer.
    pub(crate) fn see(&mut self, end: &str, answer: &Value) {
        self.now += 1;
        let payload = answer.to_string();
        self.oracles.answer_seen(self.at(), &format!("{PREFIX}/{end}"), payload.as_bytes());
    }

    pub(crate) fn see_accepted(&mut self, token: &str, state: &Value, version: u64) {
        let answer =
            json!({"state": state, "metadata": {}, "version": version, "timestamp": 1, "clientToken": token});
        self.see("update/accepted", &answer);
    }

    pub(crate) fn see_rejected(&mut self, token: &str, code: u16) {
        self.see("update/rejected", &json!({"code": code, "message": "-", "clientToken": token}));
    }

    pub(crate) fn see_delta(&mut self, state: Value, version: u64) {
        self.see("update/delta", &json!({"state": state, "version": version, "timestamp": 1}));
    }

    pub(crate) fn see_document(&mut self, state: Value, version: u64) {
        self.see("get/accepted", &json!({"state": state, "version": version, "timestamp": 1}));
    }

    /// An update that becomes `version`.
    pub(crate) fn update(&mut self, state: Value, version: u64) {
        let token = self.send(state.clone());
        self.see_accepted(&token, &state, version);
    }

    pub(crate) fn finish(self) -> Verdicts {
        let since = Some(Timestamp::ZERO);
        self.finish_with(since)
    }

    pub(crate) fn finish_with(self, since: Option<Timestamp>) -> Verdicts {
        let at = self.at();
        Verdicts(self.oracles.finish(at, |device| since.filter(|_| device == DEVICE)))
    }
}

pub(crate) struct Verdicts(pub(crate) Vec<Verdict>);

impl Verdicts {
    pub(crate) fn of(&self, name: &str) -> &Verdict {
        self.0.iter().find(|verdict| verdict.name == name).unwrap()
    }

    /// Violations of updates, of deltas, of convergence.
    #[track_caller]
    pub(crate) fn expect(&self, updates: u64, delta: u64, convergence: u64) {
        let names = ["shadow-updates", "shadow-delta", "shadow-convergence"];
        let found = names.map(|name| self.of(name).violations);
        assert_eq!(found, [updates, delta, convergence], "{:#?}", self.0);
    }

    #[track_caller]
    pub(crate) fn says(&self, name: &str, text: &str) {
        let examples = &self.of(name).examples;
        assert!(examples.iter().any(|example| example.text.contains(text)), "{examples:#?}");
    }

    #[track_caller]
    pub(crate) fn excused(&self, name: &str, rule: &str) {
        assert_eq!(self.of(name).excused.get(rule), Some(&1), "{:#?}", self.0);
    }
}

pub(crate) fn desired(value: u32) -> Value {
    json!({"desired": {"a": value}})
}

pub(crate) fn reported(value: u32) -> Value {
    json!({"reported": {"a": value}})
}

/// The worked trace of the reference (1.13), up to the device's second report.
pub(crate) fn lamp() -> Bench {
    let mut bench = Bench::new();
    bench.update(json!({"reported": {"ID": "SmartLamp21", "ColorRGB": [128, 128, 128]}}), 1);
    bench.update(json!({"desired": {"ColorRGB": [255, 255, 0]}}), 2);
    bench.see_delta(json!({"ColorRGB": [255, 255, 0]}), 2);
    bench.update(json!({"reported": {"ColorRGB": [255, 255, 0]}}), 3);
    bench
}
