//! What the judges of subscriptions and of connections must catch, and what they must not mistake for a violation.

#[allow(dead_code, reason = "each test file uses a part of it")]
mod support;

use support::{Bench, HOUR};

#[test]
fn what_was_asked_for_may_arrive_even_before_its_suback() {
    let mut bench = Bench::new();
    bench.connect(0, false);
    bench.request(0, "a/+", 1);
    bench.receive(0, "a/b", "x");
    bench.subscribe(0, "c/#", 0);
    bench.receive_at(0, "c/d/e", "x", 0);
    bench.finish_later().expect(0, 0, 0);
}

#[test]
fn what_the_service_itself_publishes_may_arrive_and_be_throttled() {
    let mut bench = Bench::new();
    bench.connect(0, false);
    bench.subscribe(0, "$aws/events/presence/+/#", 1);
    bench.subscribe(0, "t", 1);
    bench.connect(1, false);
    bench.receive_at(0, "$aws/events/presence/connected/1", "{}", 0);
    bench.discarded(0, "$aws/events/presence/disconnected/2", "publish-rate-out");
    // It shares the rate with what others publish.
    bench.publish(1, "t", "lost");
    bench.discarded(0, "t", "publish-rate-out");
    // Who does not listen has no such excuse, and gets none of it.
    bench.subscribe(1, "u", 1);
    bench.discarded(1, "u", "publish-rate-out");
    bench.receive_at(1, "$aws/events/presence/connected/1", "{}", 0);
    let verdicts = bench.finish_later();
    verdicts.expect(1, 1, 0);
    assert_eq!(verdicts.of("delivery").excused["publish-rate-out"], 1);
}

#[test]
fn a_delivery_to_a_stranger_is_caught() {
    let mut bench = Bench::new();
    bench.connect(0, false);
    bench.subscribe(0, "a/+", 1);
    bench.connect(1, false);
    bench.receive(1, "a/b", "x");
    bench.receive(0, "a", "x");
    bench.receive(0, "a/b/c", "x");
    bench.finish_later().expect(0, 3, 0);
}

#[test]
fn a_delivery_above_the_granted_qos_is_caught() {
    let mut bench = Bench::new();
    bench.connect(0, false);
    bench.subscribe(0, "a", 0);
    bench.receive(0, "a", "x");
    let verdicts = bench.finish_later();
    verdicts.expect(0, 1, 0);
    assert!(verdicts.of("subscription").examples[0].text.contains("more than was granted"));
}

#[test]
fn a_refused_subscription_allows_nothing() {
    let mut bench = Bench::new();
    bench.connect(0, false);
    bench.request(0, "a", 1);
    let now = bench.now();
    bench.oracles.subscribed(now, squall_oracle::DeviceKey(0), "a", None);
    bench.receive(0, "a", "x");
    bench.finish_later().expect(0, 1, 0);
}

#[test]
fn a_subscription_ends_with_its_session() {
    let mut bench = Bench::new();
    bench.connect(0, false);
    bench.subscribe(0, "a", 1);
    bench.disconnect(0);
    bench.wait(HOUR + 1);
    bench.connect(0, false);
    bench.receive(0, "a", "x");
    bench.finish_later().expect(0, 1, 0);
}

#[test]
fn a_subscription_lives_on_in_a_resumed_session_and_may_be_made_again_at_another_qos() {
    let mut bench = Bench::new();
    bench.connect(0, false);
    bench.subscribe(0, "a", 0);
    bench.subscribe(0, "a", 1);
    bench.disconnect(0);
    bench.wait(60);
    bench.connect(0, true);
    bench.receive(0, "a", "x");
    bench.subscribe(0, "a", 0);
    bench.receive_at(0, "a", "x", 0);
    bench.finish_later().expect(0, 0, 0);
}

#[test]
fn a_takeover_closes_the_first_connection_before_the_second_is_accepted() {
    let mut bench = Bench::new().same_client(0, 1);
    bench.connect(0, false);
    bench.subscribe(0, "a", 1);
    bench.service_sends(0);
    bench.close_at_service(0);
    bench.connect(1, true);
    bench.service_sends(1);
    // What was under way reaches the first device after all.
    bench.receive(0, "a", "x");
    bench.receive(1, "a", "x");
    bench.finish_later().expect(0, 0, 0);
}

#[test]
fn a_second_connection_while_the_first_stands_is_caught() {
    let mut bench = Bench::new().same_client(0, 1);
    bench.connect(0, false);
    bench.connect(1, true);
    bench.finish_later().expect(0, 0, 1);
}

#[test]
fn a_packet_on_a_connection_that_was_taken_over_is_caught() {
    let mut bench = Bench::new().same_client(0, 1);
    bench.connect(0, false);
    bench.close_at_service(0);
    bench.connect(1, true);
    bench.service_sends(0);
    bench.finish_later().expect(0, 0, 1);
}

#[test]
fn three_takeovers_in_a_row_are_fine_and_a_missing_close_among_them_is_caught() {
    for forgotten in [None, Some(1)] {
        let mut bench = Bench::new().same_client(0, 1).same_client(0, 2);
        for device in 0..3 {
            bench.connect(device, device > 0);
            if forgotten != Some(device) {
                bench.close_at_service(device);
            }
        }
        bench.finish_later().expect(0, 0, forgotten.map_or(0, |_| 1));
    }
}

#[test]
fn the_later_connect_takes_over_whichever_connection_was_opened_first() {
    let client = squall_oracle::ClientKey(0);
    let [early, late] = [7, 99].map(squall_oracle::ConnectionNumber);
    for sends in [early, late] {
        let mut bench = Bench::new();
        let now = bench.now();
        bench.oracles.service_accepted(now, late, client);
        bench.oracles.connection_closed(now, late, client);
        bench.oracles.service_accepted(now, early, client);
        bench.oracles.service_sent(now, sends, client);
        bench.finish_later().expect(0, 0, u64::from(sends == late));
    }
}

#[test]
fn a_connection_that_the_network_broke_may_be_followed_by_another() {
    let mut bench = Bench::new();
    for round in 0..3 {
        bench.connect(0, round > 0);
        bench.service_sends(0);
        bench.disconnect(0);
        bench.wait(1);
    }
    bench.finish_later().expect(0, 0, 0);
}
