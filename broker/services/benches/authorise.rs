//! What one authorisation takes, with a policy of six statements with variables.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use squall_profile::Profile;
use squall_services::policy::{Account, Action, OwnedFacts, Policy, Request, Semantics, evaluate};

const PER_DEVICE: &str = include_str!("../../../fixtures/policies/per-device.json");

fn authorise(criterion: &mut Criterion) {
    let account = Account::default();
    let profile = Profile::named("aws-current").expect("a profile of the binary");
    let semantics = Semantics::from(&profile.switches);
    let policy = Policy::parse(PER_DEVICE, &account).expect("a policy of the fixtures");
    let owned = OwnedFacts::parse("client-id=sensors-104729 thing=sensors-104729").expect("facts");
    let facts = owned.facts(&account);
    for (name, action, resource) in [
        ("connect", Action::Connect, "sensors-104729"),
        ("publish", Action::Publish, "sensors/sensors-104729/telemetry"),
        ("publish_denied", Action::Publish, "sensors/sensors-104730/telemetry"),
        ("subscribe", Action::Subscribe, "commands/sensors-104729"),
        ("receive", Action::Receive, "commands/sensors-104729"),
    ] {
        let request = Request::new(action, resource);
        criterion.bench_function(&format!("authorise/{name}"), |bencher| {
            bencher.iter(|| evaluate([&policy], black_box(request), black_box(&facts), semantics));
        });
    }
}

criterion_group!(benches, authorise);
criterion_main!(benches);
