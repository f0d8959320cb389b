//! What the judge of policies must catch, and what it must not mistake for a violation.

#[allow(dead_code, reason = "each test file uses a part of it")]
mod support;

use squall_oracle::ClientKey;
use support::{Bench, Verdicts};

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
    let mut bench = Bench::new();
    bench.oracles.policy_in_force(bench.now(), "p", &document(statements));
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
        let mut bench = bench(&["Publish topic/mine"]);
        bench.subscribe(1, "#", 1);
        bench.send(0, "theirs", "1");
        bench.denied(0, "iot:Publish", "theirs");
        if acknowledged {
            bench.ack(0, "theirs", "1");
        } else {
            bench.refuse(0, "theirs", "1");
        }
        // What is allowed is owed as ever.
        bench.publish(0, "mine", "2");
        expect(&bench.finish_later(), 0, 1);
    }
}

#[test]
fn a_member_of_a_group_may_be_allowed_under_the_groups_topic() {
    for (group, caught) in [("g", 0), ("h", 1)] {
        let mut bench = bench(&[&format!("Receive topic/$share/{group}/t")]);
        bench.subscribe(0, "$share/g/t", 1);
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
