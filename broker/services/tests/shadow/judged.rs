//! The service before the judges that watch runs: whatever is asked, in whatever order the answers are seen, they find
//! nothing; and they find each kind of lie in what the service says.

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};
use squall_oracle::{ShadowOracleConfig, ShadowOracles, Verdict};
use squall_profile::Profile;
use squall_services::shadow::{Operation, Settings, ShadowTopic};
use squall_types::Timestamp;

use crate::support::{Bench, T, published};

/// What a test asks for.
#[derive(Clone, Debug)]
struct Request {
    operation: Operation,
    state: Value,
    /// Above the version of now, if it names one.
    version: Option<i64>,
    /// Nobody sees the answers.
    unheard: bool,
    /// How much later than others they are seen.
    late: usize,
}

fn section() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        1 => Just(Value::Null),
        3 => (0..3_u8).prop_map(Value::from),
        1 => Just(json!(1.0)),
        1 => Just(json!([1, {"a": {}}])),
    ];
    let object =
        |inside| vec(("[a-c]", inside), 0..4).prop_map(|members| members.into_iter().collect::<Value>());
    let value = leaf.prop_recursive(3, 12, 4, object);
    vec(("[a-c]", value), 0..4).prop_map(|members| members.into_iter().collect::<Value>())
}

fn request() -> impl Strategy<Value = Request> {
    let state = prop_oneof![
        1 => Just(Value::Null),
        1 => Just(json!({"desired": null})),
        6 => section().prop_map(|desired| json!({ "desired": desired })),
        6 => section().prop_map(|reported| json!({ "reported": reported })),
        4 => (section(), section()).prop_map(|(desired, reported)| json!({ "reported": reported, "desired": desired })),
    ];
    let operation = prop_oneof![
        12 => Just(Operation::Update),
        3 => Just(Operation::Get),
        1 => Just(Operation::Delete),
    ];
    let version = prop_oneof![3 => Just(None), 1 => (-1..2_i64).prop_map(Some)];
    let late = prop_oneof![2 => Just(0), 1 => 0..4_usize];
    (operation, state, version, prop::bool::weighted(0.1), late).prop_map(
        |(operation, state, version, unheard, late)| Request { operation, state, version, unheard, late },
    )
}

struct Court {
    bench: Bench,
    oracles: ShadowOracles,
    version: i64,
    tokens: u32,
    /// What is still on its way, with how many requests it waits for.
    on_its_way: Vec<(usize, String, String)>,
}

impl Court {
    fn new(profile: &str) -> Self {
        let profile = Profile::named(profile).unwrap();
        Self {
            bench: Bench::with(Settings::from(&profile)),
            oracles: ShadowOracles::new(ShadowOracleConfig::from(&profile)),
            version: 0,
            tokens: 0,
            on_its_way: Vec::new(),
        }
    }

    fn at(&self) -> Timestamp {
        Timestamp::from_secs(self.bench.seconds)
    }

    /// Asks, and gives the judges what is seen of it as `tamper` leaves it.
    fn ask(&mut self, request: &Request, tamper: impl Fn(&str, &mut Value)) {
        self.tokens += 1;
        self.bench.seconds += 1;
        let mut payload = json!({"state": request.state, "clientToken": format!("c{}", self.tokens)});
        if let Some(above) = request.version {
            payload["version"] = json!((self.version + above).max(0));
        }
        let payload = payload.to_string();
        let topic = ShadowTopic::request(T, request.operation).to_string();
        self.oracles.request_sent(self.at(), &topic, payload.as_bytes(), true);
        let now = self.bench.now();
        let outcome = self.bench.shadows.handle(T, request.operation, payload.as_bytes(), now);
        if let Ok(version) = outcome.version() {
            self.version = i64::try_from(version).unwrap();
        }
        for (end, answer) in published(&outcome) {
            if request.unheard {
                continue;
            }
            let mut answer: Value = serde_json::from_str(&answer).unwrap();
            tamper(&end, &mut answer);
            let topic = format!("$aws/things/t/shadow/{end}");
            // The end of a shadow is seen by the caller at once.
            let late = if request.operation == Operation::Delete { 0 } else { request.late };
            self.on_its_way.push((late, topic, answer.to_string()));
        }
        self.arrive(1);
    }

    fn arrive(&mut self, steps: usize) {
        let at = self.at();
        for (late, topic, answer) in core::mem::take(&mut self.on_its_way) {
            match late.checked_sub(steps) {
                Some(late) => self.on_its_way.push((late, topic, answer)),
                None => self.oracles.answer_seen(at, &topic, answer.as_bytes()),
            }
        }
    }

    fn finish(mut self) -> Vec<Verdict> {
        self.arrive(usize::MAX);
        let at = self.at();
        self.oracles.finish(at, |_| None)
    }
}

fn violations(verdicts: &[Verdict]) -> u64 {
    verdicts.iter().map(|verdict| verdict.violations).sum()
}

proptest! {
    #[test]
    fn the_judges_find_nothing_wrong_with_the_service(requests in vec(request(), 0..60)) {
        let mut court = Court::new("aws-current");
        for request in &requests {
            // A delete that nobody sees is one that nobody asked for.
            let unheard = request.unheard && request.operation != Operation::Delete;
            if request.operation == Operation::Delete {
                court.arrive(usize::MAX);
            }
            court.ask(&Request { unheard, ..request.clone() }, |_, _| {});
        }
        let verdicts = court.finish();
        prop_assert_eq!(violations(&verdicts), 0, "{:#?}", verdicts);
        if !requests.iter().any(|request| request.unheard) {
            let excused = verdicts.iter().map(|verdict| verdict.excused.len()).sum::<usize>();
            prop_assert_eq!(excused, 0, "all was heard, so all is judged: {:#?}", verdicts);
        }
    }
}

/// Desired and reported in turns, and a get after each.
fn plain() -> Vec<Request> {
    let request = |operation, state| Request { operation, state, version: None, unheard: false, late: 0 };
    let updates = (0..6_u8).map(|n| {
        let section = if n % 2 == 0 { "desired" } else { "reported" };
        request(Operation::Update, json!({section: {"a": n / 2, "b": {"c": n}}}))
    });
    updates.flat_map(|update| [update, request(Operation::Get, Value::Null)]).collect()
}

#[test]
fn the_judges_find_each_lie() {
    type Lie = (&'static str, &'static str, fn(&mut Value));
    let lies: [Lie; 7] = [
        ("a version too high", "update/accepted", |answer| {
            answer["version"] = (answer["version"].as_u64().unwrap() + 1).into();
        }),
        ("the version of before", "update/accepted", |answer| {
            answer["version"] = (answer["version"].as_u64().unwrap().max(2) - 1).into();
        }),
        ("what nobody sent", "update/accepted", |answer| answer["state"]["desired"]["a"] = 77.into()),
        ("a delta with more", "update/delta", |answer| answer["state"]["z"] = 1.into()),
        ("a delta with less", "update/delta", |answer| {
            answer["state"].as_object_mut().unwrap().remove("b");
        }),
        ("a lost leaf", "get/accepted", |answer| {
            if let Some(reported) = answer["state"].get_mut("reported") {
                reported.as_object_mut().unwrap().remove("b");
            }
        }),
        ("documents that skip", "update/documents", |answer| {
            if answer["previous"].is_object() {
                answer["previous"]["version"] = 0.into();
            }
        }),
    ];
    for (lie, of, tell) in lies {
        let mut court = Court::new("aws-current");
        for request in plain() {
            court.ask(&request, |end, answer| {
                if end == of {
                    tell(answer);
                }
            });
        }
        let verdicts = court.finish();
        assert!(violations(&verdicts) > 0, "{lie}: {verdicts:#?}");
    }
    let mut court = Court::new("aws-current");
    plain().iter().for_each(|request| court.ask(request, |_, _| {}));
    let verdicts = court.finish();
    assert_eq!(violations(&verdicts), 0);
    assert!(verdicts[0].checks > 12 && verdicts[1].checks > 6, "{verdicts:#?}");
}
