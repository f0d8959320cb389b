//! What the delivery judge must catch, and what it must not mistake for a loss.

#[allow(dead_code, reason = "each test file uses a part of it")]
mod support;

use support::{Bench, HOUR};

/// Device 0 publishes, device 1 is subscribed to `t` at QoS 1.
fn subscribed() -> Bench {
    let mut bench = Bench::new();
    bench.connect(0, false);
    bench.connect(1, false);
    bench.subscribe(1, "t", 1);
    bench
}

#[test]
fn a_delivery_that_arrives_is_fine_before_or_after_the_acknowledgement() {
    let mut bench = subscribed();
    bench.publish(0, "t", "after");
    bench.receive(1, "t", "after");
    bench.send(0, "t", "before");
    bench.receive(1, "t", "before");
    bench.ack(0, "t", "before");
    bench.finish_later().expect(0, 0, 0);
}

#[test]
fn a_lost_delivery_is_caught() {
    let mut bench = subscribed();
    bench.publish(0, "t", "x");
    bench.finish_later().expect(1, 0, 0);
}

#[test]
fn one_of_two_equal_messages_lost_is_caught() {
    let mut bench = subscribed();
    bench.publish(0, "t", "x");
    bench.receive(1, "t", "x");
    bench.publish(0, "t", "x");
    bench.finish_later().expect(1, 0, 0);
}

#[test]
fn equal_messages_of_two_publishers_are_both_due() {
    let mut bench = subscribed();
    bench.connect(2, false);
    bench.publish(0, "t", "x");
    bench.publish(2, "t", "x");
    bench.receive(1, "t", "x");
    bench.finish_later().expect(1, 0, 0);
}

#[test]
fn a_repeated_delivery_is_fine_and_counted() {
    let mut bench = subscribed();
    bench.publish(0, "t", "x");
    bench.receive(1, "t", "x");
    bench.receive(1, "t", "x");
    assert_eq!(bench.oracles.duplicates(), 1);
    bench.finish_later().expect(0, 0, 0);
}

#[test]
fn a_publish_without_an_answer_may_arrive_or_not() {
    let mut bench = subscribed();
    bench.send(0, "t", "lost");
    bench.send(0, "t", "found");
    bench.receive(1, "t", "found");
    bench.finish_later().expect(0, 0, 0);
}

#[test]
fn a_refused_publish_is_not_due() {
    let mut bench = subscribed();
    bench.send(0, "t", "x");
    bench.refuse(0, "t", "x");
    bench.finish_later().expect(0, 0, 0);
}

#[test]
fn a_refused_publish_leaves_its_equal_due() {
    let mut bench = subscribed();
    bench.send(0, "t", "x");
    bench.send(0, "t", "x");
    bench.refuse(0, "t", "x");
    bench.ack(0, "t", "x");
    bench.finish_later().expect(1, 0, 0);
}

#[test]
fn qos_0_promises_nothing() {
    let mut bench = subscribed();
    bench.send_at(0, "t", "x", 0);
    bench.connect(2, false);
    bench.subscribe(2, "u", 0);
    bench.publish(0, "u", "x");
    bench.finish_later().expect(0, 0, 0);
}

#[test]
fn who_asked_and_has_no_answer_is_not_entitled() {
    let mut bench = Bench::new();
    bench.connect(0, false);
    bench.connect(1, false);
    bench.request(1, "t", 1);
    bench.publish(0, "t", "x");
    bench.finish_later().expect(0, 0, 0);
}

#[test]
fn overlapping_filters_ask_for_one_copy_and_allow_two() {
    for copies in [1, 2] {
        let mut bench = subscribed();
        bench.subscribe(1, "+", 1);
        bench.publish(0, "t", "x");
        for _ in 0..copies {
            bench.receive(1, "t", "x");
        }
        bench.finish_later().expect(0, 0, 0);
    }
}

#[test]
fn a_stored_message_is_due_once_the_subscriber_is_back() {
    for arrives in [true, false] {
        let mut bench = subscribed();
        bench.disconnect(1);
        bench.publish(0, "t", "x");
        bench.wait(60);
        bench.connect(1, true);
        if arrives {
            bench.receive(1, "t", "x");
        }
        bench.finish_later().expect(u64::from(!arrives), 0, 0);
    }
}

#[test]
fn who_is_offline_at_the_end_may_still_get_it() {
    let mut bench = subscribed();
    bench.disconnect(1);
    bench.publish(0, "t", "x");
    bench.finish_later().excused("under-way-at-the-end", 1);
}

#[test]
fn a_resumed_session_is_given_the_time_that_its_store_takes() {
    let mut bench = subscribed();
    bench.disconnect(1);
    for n in 0..50 {
        bench.publish(0, "t", &n.to_string());
    }
    bench.wait(60);
    bench.connect(1, true);
    // 30 s of grace and a tenth of a second for each of fifty messages.
    bench.wait(34);
    bench.finish().excused("under-way-at-the-end", 50);
}

#[test]
fn what_is_published_just_before_the_end_is_under_way() {
    let mut bench = subscribed();
    bench.wait(600);
    bench.publish(0, "t", "x");
    bench.wait(1);
    bench.finish().excused("under-way-at-the-end", 1);
}

#[test]
fn a_session_that_ends_takes_its_messages_along() {
    // By its expiry.
    let mut bench = subscribed();
    bench.disconnect(1);
    bench.publish(0, "t", "x");
    bench.wait(HOUR + 1);
    bench.connect(1, false);
    bench.finish_later().excused("session-ended", 1);
    // By a clean start.
    let mut bench = subscribed();
    bench.disconnect(1);
    bench.publish(0, "t", "x");
    bench.connect_with(1, false, HOUR, true);
    bench.finish_later().excused("session-ended", 1);
    // With its connection.
    let mut bench = Bench::new();
    bench.connect(0, false);
    bench.connect_with(1, false, 0, true);
    bench.subscribe(1, "t", 1);
    bench.publish(0, "t", "x");
    bench.disconnect(1);
    bench.finish_later().excused("session-ended", 1);
}

#[test]
fn a_session_that_is_gone_before_its_time_is_caught() {
    let mut bench = subscribed();
    bench.disconnect(1);
    bench.wait(HOUR - 1);
    bench.connect(1, false);
    bench.finish_later().expect(1, 0, 0);
}

#[test]
fn a_session_lost_in_a_takeover_is_caught() {
    let mut bench = subscribed().same_client(1, 2);
    bench.close_at_service(1);
    bench.connect(2, false);
    bench.finish_later().expect(1, 0, 0);
}

#[test]
fn a_declared_loss_excuses_if_its_rule_applied() {
    let mut bench = subscribed();
    for n in 0..120 {
        bench.publish(0, "t", &n.to_string());
        if n < 100 {
            bench.receive(1, "t", &n.to_string());
        } else {
            bench.discarded(1, "t", "publish-rate-out");
        }
    }
    bench.finish_later().excused("publish-rate-out", 20);
}

#[test]
fn a_record_is_not_used_up_by_what_is_under_way() {
    // Found by a storm: the last message, still under way, took the excuse of an earlier one on the same topic.
    let mut bench = subscribed();
    for n in 0..100 {
        bench.publish(0, "t", &n.to_string());
        bench.receive(1, "t", &n.to_string());
    }
    bench.publish(0, "t", "lost");
    bench.discarded(1, "t", "publish-rate-out");
    bench.wait(600);
    bench.publish(0, "t", "under way");
    bench.wait(1);
    let verdicts = bench.finish();
    verdicts.expect(0, 0, 0);
    assert_eq!(verdicts.of("delivery").excused["publish-rate-out"], 1);
    assert_eq!(verdicts.of("delivery").excused["under-way-at-the-end"], 1);
}

#[test]
fn a_record_excuses_nothing_that_was_published_after_it() {
    let mut bench = subscribed();
    for n in 0..100 {
        bench.publish(0, "t", &n.to_string());
        bench.receive(1, "t", &n.to_string());
    }
    bench.discarded(1, "t", "publish-rate-out");
    bench.wait(1);
    bench.publish(0, "t", "lost");
    bench.finish_later().expect(1, 0, 0);
}

#[test]
fn a_refused_publish_of_a_client_excuses_no_delivery_to_it() {
    let mut bench = subscribed();
    for n in 0..100 {
        bench.publish(0, "t", &n.to_string());
        bench.receive(1, "t", &n.to_string());
    }
    bench.publish(0, "t", "lost");
    bench.discarded(1, "t", "publish-rate-in");
    bench.finish_later().expect(1, 0, 0);
}

#[test]
fn a_declared_loss_whose_rule_did_not_apply_is_caught() {
    let mut bench = subscribed();
    bench.publish(0, "t", "x");
    bench.discarded(1, "t", "publish-rate-out");
    // The record is false, and the message is missing without an excuse.
    let verdicts = bench.finish_later();
    verdicts.expect(2, 0, 0);
    let text = &verdicts.of("delivery").examples[0].text;
    assert!(text.contains("publish-rate-out") && text.contains("only 1 publish"), "{text}");
}

#[test]
fn what_the_account_stores_is_recounted() {
    let mut bench = subscribed();
    bench.disconnect(1);
    for n in 0..500 {
        bench.publish(0, "t", &n.to_string());
        bench.oracles.queued(bench.now());
    }
    bench.publish(0, "t", "over");
    bench.discarded(1, "t", "queue-rate");
    bench.wait(1);
    // A second later there is room again.
    bench.publish(0, "t", "room");
    bench.discarded(1, "t", "queue-rate");
    bench.finish_later().expect(1, 0, 0);
}

#[test]
fn an_unknown_rule_and_an_unknown_client_excuse_nothing() {
    let mut bench = subscribed();
    bench.discarded(1, "t", "because");
    bench.oracles.discarded(bench.now(), None, "t", "queue-rate");
    bench.finish_later().expect(2, 0, 0);
}

#[test]
fn a_call_of_an_application_is_a_publish_too() {
    for (accepted, missing) in [(true, 1), (false, 0)] {
        let mut bench = subscribed();
        let now = bench.now();
        bench.oracles.call_published(now, "t", b"x", squall_types::QoS::AtLeastOnce, accepted);
        bench.finish_later().expect(missing, 0, 0);
    }
}

#[test]
fn nothing_is_kept_of_what_is_done() {
    let mut bench = subscribed();
    for n in 0..1_000 {
        bench.publish(0, "t", &n.to_string());
        bench.publish(0, "nobody/listens", &n.to_string());
        bench.receive(1, "t", &n.to_string());
    }
    assert_eq!(bench.oracles.outstanding().count(), 0);
    bench.publish(0, "t", "x");
    assert_eq!(bench.oracles.outstanding().count(), 1);
}
