//! What the judge of policies must catch, and what it must not mistake for a violation.

#[allow(dead_code, reason = "each test file uses a part of it")]
mod support;

use squall_oracle::{ClientKey, DeviceKey, Subject};
use squall_profile::Profile;
use squall_profile::switch::{SharedReceiveArn, SubstitutedWildcard, UnresolvedVariable};
use squall_types::QoS;
use support::{Bench, Verdicts, subject};

/// A document that allows actions on `KIND/NAME`, such as `Receive topic/a`.
fn document(statements: &[&str]) -> String {
    let statements: Vec<String> = statements
        .iter()
        .map(|statement| {
            let (action, name) = statement.split_once(' ').unwrap();
            format!(
                r#"{{"Effect":"Allow","Action":"iot:{action}","Resource":"arn:aws:iot:us-east-1:123456789012:{name}"}}"#
            )
        })
        .collect();
    format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","))
}

/// Client 0 is held to policy `p`; the others are allowed everything. 0 listens to everything, 1 publishes.
fn bench(statements: &[&str]) -> Bench {
    bench_of("aws-current", statements)
}

fn bench_of(profile: &str, statements: &[&str]) -> Bench {
    bench_with(&Profile::named(profile).unwrap(), &document(statements))
}

fn bench_with(profile: &Profile, document: &str) -> Bench {
    let mut bench = Bench::of_profile(profile);
    bench.oracles.policy_in_force(bench.now(), "p", document);
    bench.oracles.restrict(0..1, &["p"]);
    bench.wait(600);
    for device in 0..2 {
        bench.connect(device, false);
    }
    bench.subscribe(0, "#", 1);
    bench
}

#[track_caller]
fn expect(verdicts: &Verdicts, authorization: u64, delivery: u64) {
    let found = ["authorization", "delivery"].map(|name| verdicts.of(name).violations);
    assert_eq!(found, [authorization, delivery], "{:#?}", verdicts.0);
}

#[test]
fn what_the_policies_allow_may_arrive_and_what_they_do_not_may_be_missing() {
    let mut bench = bench(&["Receive topic/${iot:Connection.Thing.ThingName}/*"]);
    bench.publish(1, "client-0/a", "1");
    bench.receive(0, "client-0/a", "1");
    bench.publish(1, "client-1/a", "2");
    bench.denied(0, "iot:Receive", "client-1/a");
    let verdicts = bench.finish_later();
    expect(&verdicts, 0, 0);
    assert_eq!(verdicts.of("delivery").excused["not-authorized"], 1);
    assert_eq!(verdicts.of("authorization").checks, 2);
}

#[test]
fn a_delivery_that_no_policy_allows_is_caught() {
    let mut bench = bench(&["Receive topic/mine"]);
    bench.publish(1, "theirs", "1");
    bench.receive(0, "theirs", "1");
    let verdicts = bench.finish_later();
    expect(&verdicts, 1, 0);
    assert!(verdicts.of("authorization").examples[0].text.contains("received theirs"));
}

#[test]
fn a_denial_of_what_is_allowed_is_caught_and_excuses_nothing() {
    let mut bench = bench(&["Receive topic/mine"]);
    bench.publish(1, "mine", "1");
    bench.denied(0, "iot:Receive", "mine");
    // One that is held to no policy cannot be denied anything.
    bench.denied(1, "iot:Publish", "mine");
    bench.oracles.denied(bench.now(), None, "iot:Publish", "mine", || unreachable!("nobody is asked about"));
    expect(&bench.finish_later(), 3, 1);
}

#[test]
fn a_denial_excuses_one_delivery_of_its_topic() {
    let mut bench = bench(&["Receive topic/mine"]);
    for payload in ["1", "2"] {
        bench.publish(1, "theirs", payload);
    }
    bench.publish(1, "others", "3");
    bench.denied(0, "iot:Receive", "theirs");
    expect(&bench.finish_later(), 0, 2);
}

#[test]
fn a_change_takes_its_time_to_get_round_and_no_longer() {
    let narrow = document(&["Receive topic/other"]);
    for change in ["detach", "version"] {
        for (seconds, arrives, caught) in
            [(0, true, 0), (89, true, 0), (89, false, 0), (91, true, 1), (91, false, 0)]
        {
            let mut bench = bench(&["Receive topic/mine"]);
            match change {
                "detach" => bench.oracles.policy_changed(bench.now(), ClientKey(0), "p", false),
                _ => bench.oracles.policy_in_force(bench.now(), "p", &narrow),
            }
            bench.wait(seconds);
            bench.publish(1, "mine", "1");
            if arrives {
                bench.receive(0, "mine", "1");
            } else {
                bench.denied(0, "iot:Receive", "mine");
            }
            expect(&bench.finish_later(), caught, 0);
        }
    }
}

#[test]
fn what_is_attached_counts_too_once_it_has_got_round() {
    let mut bench = bench(&["Receive topic/mine"]);
    bench.oracles.policy_in_force(bench.now(), "q", &document(&["Receive topic/theirs"]));
    bench.oracles.policy_changed(bench.now(), ClientKey(0), "q", true);
    bench.publish(1, "theirs", "1");
    bench.denied(0, "iot:Receive", "theirs");
    bench.wait(91);
    bench.publish(1, "theirs", "2");
    bench.denied(0, "iot:Receive", "theirs");
    expect(&bench.finish_later(), 1, 1);
}

#[test]
fn a_denied_publish_is_owed_to_nobody_even_if_it_is_acknowledged() {
    for acknowledged in [true, false] {
        let mut bench = bench_of("seed-blog", &["Publish topic/mine"]);
        bench.send(1, "theirs", "0");
        bench.send(0, "theirs", "1");
        bench.denied(0, "iot:Publish", "theirs");
        if acknowledged {
            bench.ack(0, "theirs", "1");
        } else {
            bench.refuse(0, "theirs", "1");
        }
        expect(&bench.finish_later(), 0, 0);
    }
}

#[test]
fn a_denied_publish_takes_nothing_from_what_is_allowed() {
    let mut bench = bench_of("seed-blog", &["Publish topic/mine"]);
    // Two of one topic, of which one is denied; then one that was sent after the denial, and one on another topic.
    bench.oracles.policy_in_force(bench.now(), "p", &document(&["Publish topic/*"]));
    bench.send(0, "theirs", "1");
    bench.send(0, "theirs", "2");
    bench.denied(0, "iot:Publish", "theirs");
    bench.ack(0, "theirs", "1");
    bench.ack(0, "theirs", "2");
    bench.denied(0, "iot:Publish", "theirs");
    bench.wait(1);
    bench.publish(0, "theirs", "3");
    bench.publish(0, "mine", "4");
    expect(&bench.finish_later(), 0, 3);
}

#[test]
fn a_publish_that_is_denied_and_then_taken_in_is_owed() {
    // The denial ended the connection; the publish was sent again once the policy had got round.
    let mut bench = bench(&["Publish topic/mine"]);
    bench.send(0, "theirs", "1");
    bench.denied(0, "iot:Publish", "theirs");
    bench.oracles.policy_in_force(bench.now(), "p", &document(&["Publish topic/*"]));
    bench.wait(91);
    bench.ack(0, "theirs", "1");
    expect(&bench.finish_later(), 0, 1);
}

#[test]
fn what_is_denied_again_and_again_is_not_taken_for_under_way() {
    // More than a client may have under way, and longer than so many could take.
    let mut bench = bench(&["Receive topic/mine"]);
    for n in 0..300 {
        bench.publish(1, "theirs", &n.to_string());
        bench.denied(0, "iot:Receive", "theirs");
    }
    bench.publish(1, "mine", "lost");
    let verdicts = bench.finish_later();
    expect(&verdicts, 0, 1);
    assert_eq!(verdicts.of("delivery").excused["not-authorized"], 300);
}

#[test]
fn what_a_client_is_let_do_must_be_allowed() {
    let statements = ["Connect client/client-0", "Subscribe topicfilter/a/+", "Publish topic/a/b"];
    for (action, name, caught) in [
        ("iot:Connect", "client-0", 0),
        ("iot:Connect", "client-1", 1),
        ("iot:Subscribe", "a/+", 0),
        ("iot:Subscribe", "a/b", 1),
        ("iot:Publish", "a/b", 0),
        ("iot:Publish", "a/c", 1),
        ("iot:RetainPublish", "a/b", 1),
    ] {
        let mut bench = bench(&statements);
        // Asked again, the answer is the same; nobody else is held to anything.
        for device in [0, 0, 1] {
            bench.let_through(device, action, name);
        }
        expect(&bench.finish_later(), caught * 2, 0);
    }
}

#[test]
fn an_answer_is_asked_for_anew_when_the_account_changes() {
    let mut bench = bench(&["Receive topic/mine"]);
    bench.receive(0, "mine", "1");
    bench.receive(0, "mine", "2");
    bench.oracles.policy_in_force(bench.now(), "p", &document(&["Receive topic/other"]));
    bench.wait(91);
    bench.receive(0, "mine", "3");
    bench.oracles.policy_in_force(bench.now(), "q", &document(&["Receive topic/mine"]));
    bench.oracles.policy_changed(bench.now(), ClientKey(0), "q", true);
    bench.receive(0, "mine", "4");
    bench.oracles.policy_changed(bench.now(), ClientKey(0), "q", false);
    bench.wait(91);
    bench.receive(0, "mine", "5");
    expect(&bench.finish_later(), 2, 0);
}

#[test]
fn who_a_client_is_need_not_be_said_twice_nor_of_anybody_who_is_held_to_nothing() {
    let mut bench = bench(&["Receive topic/mine"]);
    bench.receive(0, "mine", "1");
    let now = bench.now();
    for device in [0, 1] {
        let nobody = || unreachable!("asked for device {device}");
        let qos = QoS::AtMostOnce;
        bench.oracles.received(now, DeviceKey(device), "mine", b"2", qos, nobody);
    }
    expect(&bench.finish_later(), 0, 0);
}

#[test]
fn the_other_choices_about_variables_are_judged_too() {
    let mut fail = Profile::named("aws-current").unwrap();
    fail.switches.unresolved_variable = UnresolvedVariable::Fail;
    let mut act = Profile::named("aws-current").unwrap();
    act.switches.substituted_wildcard = SubstitutedWildcard::Act;
    let usual = Profile::named("aws-current").unwrap();
    let unresolved = document(&["Receive topic/x"])
        .replace("/x\"", "/x\",\"${iot:Connection.Thing.ThingName}\"]")
        .replace("\"Resource\":", "\"Resource\":[");
    let own = document(&["Receive topic/${iot:ClientId}"]);
    for (profile, document, caught) in
        [(&usual, &unresolved, 0), (&fail, &unresolved, 1), (&usual, &own, 1), (&act, &own, 0)]
    {
        let mut bench = bench_with(profile, document);
        let stars = || Subject { client_id: "*".to_owned(), ..Subject::default() };
        let now = bench.now();
        let qos = QoS::AtMostOnce;
        bench.oracles.received(now, DeviceKey(0), "x", b"1", qos, stars);
        expect(&bench.finish_later(), caught, 0);
    }
}

#[test]
fn a_connect_under_a_document_about_its_attributes_is_not_judged() {
    let about = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iot:Connect","Resource":"*",
        "Condition":{"ForAllValues:StringEquals":{"iot:ConnectAttributes":["LastWill"]}}}}"#;
    let mut bench = bench_with(&Profile::named("aws-current").unwrap(), about);
    bench.denied(0, "iot:Connect", "client-0");
    bench.let_through(0, "iot:Connect", "client-0");
    // Everything later is.
    bench.let_through(0, "iot:Publish", "a");
    expect(&bench.finish_later(), 1, 0);
}

#[test]
fn a_document_that_cannot_be_read_is_caught() {
    let mut bench = bench(&["Receive topic/mine"]);
    bench.oracles.policy_in_force(bench.now(), "p", r#"{"Version":"2012-10-17"}"#);
    expect(&bench.finish_later(), 1, 0);
}

#[test]
fn a_member_of_a_group_may_be_allowed_under_the_groups_topic() {
    let either = Profile::named("aws-current").unwrap();
    let mut topic = Profile::named("aws-current").unwrap();
    topic.switches.shared_receive_arn = SharedReceiveArn::Topic;
    let shared = document(&["Receive topic/$share/g/t"]);
    let denied =
        shared.replace("}]", r#"},{"Effect":"Deny","Action":"iot:Receive","Resource":"arn:*:topic/t"}]"#);
    for (profile, document, filter, caught) in [
        (&either, &shared, "$share/g/t", 0),
        (&either, &shared, "$share/g/+", 0),
        (&either, &shared, "$share/h/t", 1),
        // Not through this one.
        (&either, &shared, "$share/g/u", 1),
        (&either, &denied, "$share/g/t", 1),
        (&topic, &shared, "$share/g/t", 1),
    ] {
        let mut bench = bench_with(profile, document);
        bench.subscribe(0, filter, 1);
        bench.receive(0, "t", "1");
        expect(&bench.finish_later(), caught, 0);
    }
}

#[test]
fn what_an_authorizer_says_is_believed() {
    let mut bench = bench(&[]);
    bench.oracles.leave_to_authorizer(2..3);
    bench.connect(2, false);
    bench.subscribe(2, "a", 1);
    bench.publish(1, "a", "1");
    bench.denied(2, "iot:Receive", "a");
    bench.denied(0, "iot:Receive", "a");
    expect(&bench.finish_later(), 0, 0);
}

#[test]
fn who_is_let_in_needs_the_right_to_connect() {
    for (statement, caught) in [("Connect client/client-0", 0), ("Connect client/client-1", 1)] {
        let mut bench = bench(&[statement]);
        bench.oracles.let_in(bench.now(), DeviceKey(0), || subject(0));
        expect(&bench.finish_later(), caught, 0);
    }
}

/// Of 4,000 clients that are held to policies every second one is looked at; what is given or denied to them, always.
#[test]
fn of_very_many_clients_a_sample_is_looked_at() {
    let mut bench = bench(&["Receive topic/mine"]);
    bench.oracles.restrict(1..4_000, &["p"]);
    bench.connect(2, false);
    for device in 0..3 {
        bench.let_through(device, "iot:Publish", "theirs");
    }
    bench.subscribe(1, "#", 0);
    bench.receive_at(1, "theirs", "1", 0);
    expect(&bench.finish_later(), 3, 0);
}
