//! Worlds in small: what the engine promises, seen on whole runs.

use squall_results::{Counter, RunResults};
use squall_scenario::{LoadOptions, Scenario, parse};
use squall_types::Seed;

use crate::fingerprint::ItemKind;
use crate::world::{Progress, World};

/// A scenario of one fleet of 20 devices and what `more` adds; small limits are the test's to set.
fn scenario(more: &str) -> Scenario {
    let text = format!(
        r#"
name = "test"
about = "A test."
duration = "5m"
seed = "3"

{more}

[[fleet]]
name = "pumps"
devices = 20
start = {{ over = "10s" }}
network = "lan"
subscribe = [{{ filter = "commands/{{{{thing}}}}", qos = 1 }}]

[[fleet.publish]]
topic = "pumps/{{{{thing}}}}"
every = "10s"
qos = 1
payload = "{{{{counter}}}}"
"#
    );
    resolve(&text)
}

fn resolve(text: &str) -> Scenario {
    match parse("test.toml", text, LoadOptions::default()) {
        Ok(plan) => plan.cells[0].scenario.clone(),
        Err(errors) => panic!("{errors}"),
    }
}

fn run_world(scenario: &Scenario) -> World {
    let mut world = World::new(scenario).unwrap();
    while world.step(1_000) == Progress::Running {}
    world
}

fn run(scenario: &Scenario) -> RunResults {
    run_world(scenario).finish(scenario, None, None)
}

fn count(results: &RunResults, counter: Counter) -> u64 {
    results.counter(counter.name())
}

fn violations(results: &RunResults, oracle: &str) -> u64 {
    results.oracles.iter().find(|verdict| verdict.name == oracle).unwrap().violation_count
}

#[test]
fn what_the_rates_of_the_account_discard_is_no_violation() {
    let ears = "[[fleet]]\nname = \"ears\"\ndevices = 3\nnetwork = \"lan\"\nsubscribe = [{ filter = \"pumps/#\", qos = 1 }]";
    let calls = "[[app]]\nat = \"1m\"\nevery = \"1ms\"\ntimes = 9\ncall = \"PublishToTopic\"\n\
                 with = { topic = \"commands/pumps-{{call}}\", payload = \"go\" }";
    for limit in ["inbound_publishes_per_second", "outbound_publishes_per_second"] {
        let results = run(&scenario(&format!("[service]\nlimits.{limit} = 2\n{ears}\n{calls}")));
        assert!(count(&results, Counter::ThrottleExceeded) > 5, "{limit}");
        assert_eq!(results.violation_count(), 0, "{limit}: {:?}", results.oracles);
        let refused = count(&results, Counter::CallsRefused);
        assert_eq!(refused > 0, limit.starts_with("inbound"), "{refused}");
    }
}

#[test]
fn a_group_shares_its_messages_and_nobody_is_accused() {
    let workers = "[[fleet]]\nname = \"workers\"\ndevices = 4\nnetwork = \"lan\"\n\
                   subscribe = [{ filter = \"$share/crew/pumps/#\", qos = 1 }]";
    for outage in ["", "[[fault]]\nat = \"1m\"\nkind = \"gateway-outage\"\nmode = \"reset\"\nlasts = \"20s\""]
    {
        let results = run(&scenario(&format!("{workers}\n{outage}")));
        assert_eq!(results.violation_count(), 0, "{:?}", results.oracles);
        let (sent, received) =
            (count(&results, Counter::PublishAcked), count(&results, Counter::DeliveryReceived));
        // One copy each, and a few again for members whose connections were reset.
        assert!((sent..=sent + 40).contains(&received), "{received} of {sent}");
    }
    let planted = run(&scenario(&format!("[service]\nmutant = \"misdeliver\"\n{workers}")));
    assert!(violations(&planted, "subscription") > 0);
}

#[test]
fn a_quiet_fleet_connects_publishes_and_is_billed() {
    let results = run(&scenario(""));
    assert_eq!(count(&results, Counter::DevicesConnectedAtEnd), 20);
    assert_eq!(count(&results, Counter::ConnectAttempts), 20);
    // 290 to 300 s of one publish every 10 s from each device.
    let sent = count(&results, Counter::PublishSent);
    assert!((20 * 29..=20 * 30).contains(&sent), "{sent}");
    assert!(sent - count(&results, Counter::PublishAcked) <= 20, "only the last may be under way");
    assert_eq!(results.violation_count(), 0);
    let minutes: u64 = results
        .usage
        .run
        .iter()
        .filter(|line| line.dimension == "connectivity_minutes")
        .map(|line| line.units)
        .sum();
    assert_eq!(minutes, 20 * 5, "a part of a minute counts whole");
}

#[test]
fn the_same_seed_gives_the_same_run_and_another_seed_another() {
    let base = scenario("");
    let (first, again) = (run(&base), run(&base));
    assert_eq!(first, again);
    let other = run(&Scenario { seed: Seed(4), ..base });
    assert_ne!(first.fingerprint, other.fingerprint);
}

#[test]
fn the_size_of_a_step_changes_nothing() {
    let scenario = scenario("");
    let mut world = World::new(&scenario).unwrap();
    while world.step(7) == Progress::Running {}
    assert_eq!(world.finish(&scenario, None, None), run(&scenario));
}

#[test]
fn a_second_fleet_does_not_change_what_the_first_draws() {
    // Enough servers that nobody waits for anybody, and a draw-hungry second fleet.
    let station = r#"[service]
station = { servers = 100000 }"#;
    let alone = scenario(station);
    let mut both = alone.clone();
    let mut second = both.fleets[0].clone();
    second.name = "fans".into();
    second.devices = 50;
    both.fleets.insert(0, second);
    let log = |scenario: &Scenario, first: u32| {
        let world = run_world(scenario);
        let ours = first..first + 20;
        world
            .log
            .into_iter()
            .filter(|item| ours.contains(&item.1))
            .map(|(at, device, kind, hash)| (at, device - first, kind, hash))
            .collect::<Vec<_>>()
    };
    let (before, after) = (log(&alone, 0), log(&both, 50));
    assert!(before.len() > 1_000, "{}", before.len());
    assert!(before == after, "one of {} items differs", before.len());
}

const OUTAGE: &str = r#"
[[fault]]
at = "2m"
kind = "gateway-outage"
mode = "MODE"
lasts = "30s"
"#;

#[test]
fn a_reset_outage_loses_every_connection_and_all_come_back() {
    let results = run(&scenario(&OUTAGE.replace("MODE", "reset")));
    assert_eq!(results.faults[0].disconnected, 20);
    assert_eq!(count(&results, Counter::ConnectionsLost), 20);
    assert!(count(&results, Counter::ConnectRefused) >= 20, "attempts during the outage are refused");
    assert_eq!(count(&results, Counter::DevicesConnectedAtEnd), 20);
    assert!(results.faults[0].recovery_us.is_some_and(|us| us > 0 && us <= 60_000_000));
    assert_eq!(results.violation_count(), 0);
}

#[test]
fn a_refusing_outage_leaves_established_connections_alone() {
    let results = run(&scenario(&OUTAGE.replace("MODE", "refuse")));
    assert_eq!(count(&results, Counter::ConnectionsLost), 0);
    assert_eq!(count(&results, Counter::ConnectAttempts), 20);
    assert_eq!(results.faults[0].recovery_us, Some(0));
    // But one that comes during it is refused.
    let late = OUTAGE.replace("MODE", "refuse").replace("2m", "1s");
    let results = run(&scenario(&late));
    assert!(count(&results, Counter::ConnectRefused) > 0);
    assert_eq!(count(&results, Counter::DevicesConnectedAtEnd), 20);
}

#[test]
fn a_silent_outage_delays_what_was_sent_and_tells_nobody() {
    let results = run(&scenario(&OUTAGE.replace("MODE", "silent")));
    assert_eq!(count(&results, Counter::ConnectionsLost), 0, "30 s are less than any keep alive");
    let during = results
        .latency
        .iter()
        .find(|row| row.operation == "publish.wire" && row.window == "fault.1.during")
        .unwrap();
    // The last of them falls due just before the end and needs one retransmission at least.
    assert!(during.p50 > 10_000_000, "{}", during.p50);
    assert_eq!(count(&results, Counter::PublishAcked), count(&results, Counter::PublishSent));
    assert_eq!(results.violation_count(), 0);
}

#[test]
fn a_full_queue_refuses_or_drops_the_syn() {
    let station = |overflow: &str| {
        scenario(&format!(
            "[service]\nstation = {{ servers = 1, queue = 1, overflow = \"{overflow}\", connect = \"3s\" }}"
        ))
    };
    let refused = run(&station("refuse"));
    assert!(count(&refused, Counter::ConnectRefused) > 0);
    let dropped = run(&station("drop-syn"));
    assert_eq!(count(&dropped, Counter::ConnectRefused), 0, "a dropped SYN is silence");
    assert!(count(&dropped, Counter::ConnectTimeouts) > 0);
    for results in [&refused, &dropped] {
        assert_eq!(count(results, Counter::DevicesConnectedAtEnd), 20);
        assert_eq!(results.violation_count(), 0);
    }
}

#[test]
fn service_takes_its_time_and_refusing_costs_too() {
    let slow = run(&scenario("[service]\nstation = { publish = \"2s\", servers = 1 }"));
    let wire =
        slow.latency.iter().find(|row| row.operation == "publish.wire" && row.window == "run").unwrap();
    assert!(wire.p50 >= 2_000_000, "a publish is served in 2 s at least: {}", wire.p50);
    let quick = scenario("[service]\nlimits.connect_requests_per_second = 1");
    let costly = scenario(
        "[service]\nlimits.connect_requests_per_second = 1\nstation = { connect_refused = \"3s\", servers = 1 }",
    );
    let last = |scenario: &Scenario| {
        let results = run(scenario);
        assert!(count(&results, Counter::ConnectThrottled) > 0);
        let row = results.latency.iter().find(|row| row.operation == "connect.session");
        row.unwrap().max
    };
    assert!(last(&costly) > last(&quick), "refusals keep the only server from accepting");
}

#[test]
fn equal_client_ids_take_each_other_over() {
    let mut twins = scenario("");
    twins.fleets[0].client_id = squall_types::Template::parse("twin").unwrap();
    twins.fleets[0].devices = 2;
    let results = run(&twins);
    assert!(count(&results, Counter::Takeovers) > 5, "they flap");
    assert_eq!(violations(&results, "single-connection"), 0);
    assert_eq!(results.violation_count(), 0);
}

/// Every device gets a command every second: something to lose.
fn commands(mutant: &str) -> Scenario {
    let calls: String = (60..200)
        .map(|second| {
            format!(
                "[[app]]\nat = \"{second}s\"\ncall = \"PublishToTopic\"\nwith = {{ topic = \"commands/pumps-{}\", payload = \"{second}\", qos = 1 }}\n",
                second % 20
            )
        })
        .collect();
    scenario(&format!("[service]\nmutant = \"{mutant}\"\n{calls}"))
}

#[test]
fn without_a_planted_bug_the_judges_are_content() {
    let results = run(&commands("none"));
    assert_eq!(count(&results, Counter::DeliveryReceived), 140);
    assert_eq!(results.violation_count(), 0);
    let idle = results.oracles.iter().filter(|oracle| oracle.checks == 0).map(|oracle| oracle.name.as_str());
    assert_eq!(idle.collect::<Vec<_>>(), ["authorization"], "nobody is held to a policy");
}

/// Ten pumps that may receive nothing but what is said to all, a caller who speaks to all and to each, and changes of who
/// may what.
fn restricted(mutant: &str) -> Scenario {
    resolve(&format!(
        r#"
name = "restricted"
about = "policies at work"
duration = "6m"
seed = "7"
heals = false

[service]
mutant = "{mutant}"

[[policy]]
name = "pumps"
document = '''{{"Version": "2012-10-17", "Statement": [
  {{"Effect": "Allow", "Action": ["iot:Connect", "iot:Publish", "iot:Subscribe"], "Resource": "*"}},
  {{"Effect": "Allow", "Action": "iot:Receive", "Resource": "arn:aws:iot:*:*:topic/commands/all"}}]}}'''

[[policy]]
name = "own"
document = '''{{"Version": "2012-10-17", "Statement":
  {{"Effect": "Allow", "Action": "iot:Receive", "Resource": "arn:aws:iot:*:*:topic/commands/${{iot:Connection.Thing.ThingName}}"}}}}'''

[[fleet]]
name = "pumps"
devices = 10
policies = ["pumps"]
subscribe = [{{ filter = "commands/{{{{thing}}}}", qos = 1 }}, {{ filter = "commands/all", qos = 1 }}]

[[fleet.publish]]
topic = "pumps/{{{{thing}}}}"
every = "30s"
qos = 1
payload = "x"

[[app]]
at = "30s"
every = "10s"
times = 30
call = "PublishToTopic"
with = {{ topic = "commands/pumps-1", payload = "{{{{call}}}}", qos = 1 }}

[[app]]
at = "35s"
every = "10s"
times = 30
call = "PublishToTopic"
with = {{ topic = "commands/all", payload = "{{{{call}}}}", qos = 1 }}

[[app]]
at = "2m"
call = "AttachPolicy"
with = {{ policy = "own", fleet = "pumps", devices = "0..5" }}

[[app]]
at = "3m"
call = "UpdateCertificate"
with = {{ fleet = "pumps", devices = "8..10", status = "REVOKED" }}
"#
    ))
}

#[test]
fn policies_decide_who_gets_what_and_the_judges_agree() {
    let results = run(&restricted("none"));
    assert_eq!(results.violation_count(), 0, "{:#?}", results.oracles);
    // Attached at 2 m, in force from 3 m: of 30 commands the first 15 are denied, those at 3 m 00 s among them or not.
    let denied = count(&results, Counter::DeliveryDenied);
    assert!((15..=16).contains(&denied), "{denied}");
    assert_eq!(count(&results, Counter::ConnectionsUnauthorized), 2);
    assert_eq!(count(&results, Counter::DevicesConnectedAtEnd), 8);
    assert_eq!(results.denials.len(), 1);
    let denials = &results.denials[0];
    assert_eq!((denials.action.as_str(), denials.devices, denials.count), ("iot:Receive", 1, denied));
    assert_eq!(denials.name, "commands/pumps-1");
    assert_eq!(results.service_metrics["PublishOut.AuthError"], denied);
    let excused = &results.oracles.iter().find(|oracle| oracle.name == "delivery").unwrap().excused;
    assert_eq!(excused["not-authorized"], denied);
}

#[test]
fn a_broker_that_ignores_policies_is_caught() {
    let results = run(&restricted("ignore-policies"));
    assert!(violations(&results, "authorization") > 0);
    assert_eq!(violations(&results, "subscription"), 0);
    // It shows in what devices are let do as well as in what they are given.
    let mut mute = restricted("ignore-policies");
    mute.app_calls.clear();
    mute.policies[0].document = mute.policies[0].document.replace("\"iot:Publish\", ", "");
    assert!(violations(&run(&mute), "authorization") > 0);
}

#[test]
fn a_scenario_whose_account_cannot_be_set_up_is_refused() {
    let mut scenario = restricted("none");
    if let squall_scenario::Identity::Registered(registered) = &mut scenario.fleets[0].identity {
        let rights = registered.rights.as_mut().unwrap();
        rights.thing = squall_types::Template::parse("no/thing").unwrap();
    }
    let error = World::new(&scenario).unwrap_err().to_string();
    assert!(error.starts_with("device 0 of fleet pumps: InvalidRequestException: thing name"), "{error}");
}

#[test]
fn a_lost_delivery_is_caught() {
    let results = run(&commands("lose-delivery"));
    assert!(count(&results, Counter::DeliveryReceived) < 140);
    assert!(count(&results, Counter::DeliveryRedelivered) > 0, "the service tries again, in vain");
    assert!(violations(&results, "delivery") > 0);
}

#[test]
fn a_misdelivery_is_caught() {
    assert!(violations(&run(&commands("misdeliver")), "subscription") > 0);
}

#[test]
fn a_connection_left_standing_after_a_takeover_is_caught() {
    let mut twins = scenario("[service]\nmutant = \"keep-taken-over\"");
    twins.fleets[0].client_id = squall_types::Template::parse("twin").unwrap();
    twins.fleets[0].devices = 2;
    assert!(violations(&run(&twins), "single-connection") > 0);
}

#[test]
fn the_judges_change_nothing_but_their_own_verdicts() {
    let judged = run(&commands("none"));
    let unjudged = run(&{
        let mut scenario = commands("none");
        scenario.service.oracles = false;
        scenario
    });
    assert_eq!(judged.fingerprint, unjudged.fingerprint);
    assert_eq!(judged.counters, unjudged.counters);
    assert_eq!(judged.latency, unjudged.latency);
}

#[test]
fn a_world_that_is_cut_short_says_so() {
    let scenario = scenario("");
    let mut world = World::new(&scenario).unwrap();
    let _ = world.step(100);
    let results = world.finish(&scenario, Some("an assertion fired"), Some("left != right"));
    assert_eq!(violations(&results, "invariant"), 1);
    assert!(results.interrupted.is_some());
}

#[test]
fn every_kind_of_item_but_calls_occurs_in_a_storm() {
    let world = run_world(&scenario(&OUTAGE.replace("MODE", "reset")));
    for kind in [
        ItemKind::AttemptBegan,
        ItemKind::HandshakeDone,
        ItemKind::AttemptRefused,
        ItemKind::UplinkSent,
        ItemKind::UplinkDelivered,
        ItemKind::DownlinkSent,
        ItemKind::DownlinkDelivered,
        ItemKind::CloseSeenByDevice,
        ItemKind::CloseSeenByService,
    ] {
        assert!(world.log.iter().any(|item| item.2 == kind), "{kind:?}");
    }
}

#[test]
fn devices_that_lose_their_power_come_back_with_it() {
    let crash = |share: &str, lasts: &str| {
        scenario(&format!(
            "[[fault]]\nat = \"2m\"\nkind = \"device-crash\"\nfleet = \"pumps\"\nshare = \"{share}\"\nlasts = \"{lasts}\""
        ))
    };
    let all = run(&crash("100 %", "30s"));
    assert_eq!(count(&all, Counter::ConnectionsLost), 20);
    assert_eq!(count(&all, Counter::DevicesConnectedAtEnd), 20);
    assert_eq!(count(&all, Counter::ConnectAccepted), 40);
    assert_eq!(all.violation_count(), 0, "{:?}", all.oracles);
    let half = run(&crash("50 %", "0s"));
    let lost = count(&half, Counter::ConnectionsLost);
    assert!((3..=17).contains(&lost), "{lost}");
    assert_eq!(count(&half, Counter::DevicesConnectedAtEnd), 20);
    assert_eq!(half, run(&crash("50 %", "0s")));
    let none = run(&crash("0 %", "30s"));
    assert_eq!(count(&none, Counter::ConnectionsLost), 0);
    // A publish every ten seconds: three of each device fall into the half minute without power.
    assert_eq!(count(&none, Counter::PublishSent) - count(&all, Counter::PublishSent), 20 * 3);
}

#[test]
fn a_device_without_power_is_not_switched_on() {
    let late =
        scenario("[[fault]]\nat = \"1s\"\nkind = \"device-crash\"\nfleet = \"pumps\"\nlasts = \"60s\"");
    let world = run_world(&late);
    let attempts = world.log.iter().filter(|item| item.2 == ItemKind::AttemptBegan);
    let (before, after): (Vec<u64>, Vec<u64>) =
        attempts.map(|item| item.0.as_secs()).partition(|seconds| *seconds < 1);
    assert!(after.iter().all(|seconds| *seconds >= 61), "{before:?} {after:?}");
    assert_eq!(after.len(), 20, "all are switched on when it is back");
}

#[test]
fn what_waited_in_a_device_is_forgotten_with_its_power() {
    let outage = "[[fault]]\nat = \"2m\"\nkind = \"gateway-outage\"\nmode = \"reset\"\nlasts = \"60s\"\n";
    let crash = "[[fault]]\nat = \"2m35s\"\nkind = \"device-crash\"\nfleet = \"pumps\"\nlasts = \"0s\"";
    let calm = run(&scenario(outage));
    assert_eq!(count(&calm, Counter::PublishForgotten), 0);
    let crashed = run(&scenario(&format!("{outage}{crash}")));
    // A publish every ten seconds: each device holds three or four after 35 seconds without the gateway.
    let forgotten = count(&crashed, Counter::PublishForgotten);
    assert!((60..=80).contains(&forgotten), "{forgotten}");
    assert_eq!(count(&calm, Counter::PublishSent) - count(&crashed, Counter::PublishSent), forgotten);
}
