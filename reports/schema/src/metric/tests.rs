use super::names::every_metric;
use super::*;
use crate::{Bill, Interrupted, LatencyHistogram, OracleVerdict, Verdict, Violation};

fn results() -> RunResults {
    let mut histogram = LatencyHistogram::default();
    (1..=1_000).for_each(|n| histogram.record_us(n * 1_000));
    let mut tail = histogram.clone();
    (0..50).for_each(|_| tail.add_unfinished(120_000_000));
    let mut bill = Bill::default();
    bill.run.total = "0.125".parse().unwrap();
    bill.month.total = "12.5".parse().unwrap();
    let mut oracle = OracleVerdict::default();
    oracle.add_violation(Violation::default());
    RunResults {
        latency: vec![histogram.summary("publish.ack", "run"), tail.summary("publish.ack", "fault.1.during")],
        faults: vec![
            FaultWindow {
                number: 1,
                recovery_us: Some(299_980_000),
                disconnected: 100_000,
                ..FaultWindow::default()
            },
            FaultWindow { number: 2, ..FaultWindow::default() },
        ],
        counters: [("takeovers".to_owned(), 3)].into(),
        bill: Some(bill),
        oracles: vec![oracle],
        ..RunResults::default()
    }
}

fn judged(that: &str, is: &str) -> (Verdict, String) {
    let metric = Metric::parse(that).unwrap();
    let comparison = Comparison::parse(is, metric.unit()).unwrap();
    let expectation = judge(&metric, &comparison, &results());
    assert_eq!((expectation.that.as_str(), expectation.is.as_str()), (that, is));
    (expectation.verdict, expectation.found)
}

#[test]
fn every_name_reads_back() {
    for metric in every_metric(3) {
        assert_eq!(Metric::parse(&metric.to_string()), Ok(metric));
        assert!(!metric.about().is_empty());
    }
}

#[test]
fn unknown_names_come_with_suggestions() {
    for (name, suggestion) in [
        ("fault.1.recovry", Some("fault.1.recovery")),
        ("fault.3.afer.publish.ack.p99", Some("fault.3.after.publish.ack.p99")),
        ("mesure.delivery.max", Some("measure.delivery.max")),
        ("conect.attempts", Some("connect.attempts")),
        ("bill.months.total", Some("bill.month.total")),
        ("takeover", Some("takeovers")),
        ("weather", None),
        ("fault.0.recovery", Some("fault.1.recovery")),
    ] {
        let error = Metric::parse(name).unwrap_err();
        assert_eq!(error.suggestions.first().map(String::as_str), suggestion, "{name}");
    }
}

#[test]
fn a_bound_is_held_against_the_value() {
    for (that, is, verdict, found) in [
        ("publish.ack.count", "== 1_000", Verdict::Held, "1,000"),
        ("publish.ack.max", "<= 1s", Verdict::Held, "1 s"),
        ("publish.ack.max", "< 1s", Verdict::Failed, "1 s"),
        ("publish.ack.p50", "< 0.5s", Verdict::Failed, "501.759 ms"),
        ("fault.1.recovery", "< 300s", Verdict::Held, "299.98 s"),
        ("fault.1.recovery", "< 4m30s", Verdict::Failed, "299.98 s"),
        ("fault.1.disconnected", "> 0", Verdict::Held, "100,000"),
        ("fault.2.recovery", "< 300s", Verdict::Failed, "never recovered"),
        ("fault.2.recovery", "> 300s", Verdict::Held, "never recovered"),
        ("fault.3.recovery", "> 1s", Verdict::Failed, "the run has no fault 3"),
        ("delivery.p99", "> 1s", Verdict::Failed, "no delivery in this window"),
        ("delivery.count", "== 0", Verdict::Held, "0"),
        ("fault.1.during.publish.ack.p99", "< 60s", Verdict::Failed, "at least 120 s"),
        ("takeovers", "!= 3", Verdict::Failed, "3"),
        ("oracle.violations", "= 0", Verdict::Failed, "1"),
        ("bill.month.total", "< $12.50", Verdict::Failed, "$12.50"),
        ("bill.run.total", "<= 0.124", Verdict::Failed, "$0.125"),
        ("bill.run.total", "< 0.13", Verdict::Held, "$0.125"),
    ] {
        assert_eq!(judged(that, is), (verdict, found.to_owned()), "{that} {is}");
    }
}

#[test]
fn an_interrupted_run_is_not_judged() {
    let interrupted = RunResults { interrupted: Some(Interrupted::default()), ..results() };
    let metric = Metric::Counter(Counter::Takeovers);
    let comparison = Comparison::parse("== 3", Unit::Count).unwrap();
    assert_eq!(judge(&metric, &comparison, &interrupted).verdict, Verdict::NotJudged);
}

#[test]
fn bounds_are_read_in_the_words_of_their_unit() {
    for (text, unit, bound) in [
        ("< 300s", Unit::Duration, MetricValue::Duration(300_000_000)),
        (">=1.5ms", Unit::Duration, MetricValue::Duration(1_500)),
        ("< 1h 30m", Unit::Duration, MetricValue::Duration(5_400_000_000)),
        ("< 0.25 d", Unit::Duration, MetricValue::Duration(21_600_000_000)),
        ("> 2000ns", Unit::Duration, MetricValue::Duration(2)),
        ("!= 100_000", Unit::Count, MetricValue::Count(100_000)),
        ("< $1_000", Unit::Money, MetricValue::Money("1000".parse().unwrap())),
        ("< 12.50", Unit::Money, MetricValue::Money("12.5".parse().unwrap())),
        ("> 99.9%", Unit::Ratio, MetricValue::Ratio(999_000_000)),
        ("> 0.5", Unit::Ratio, MetricValue::Ratio(500_000_000)),
    ] {
        let comparison = Comparison::parse(text, unit).unwrap();
        assert_eq!(comparison.bound, bound, "{text}");
        assert_eq!(comparison.text(), text);
    }
    assert_eq!(MetricValue::Ratio(999_000_000).to_string(), "99.9 %");
}

#[test]
fn a_wrong_bound_says_what_was_expected() {
    for (text, unit, message) in [
        ("300s", Unit::Duration, "'300s' does not begin with one of < <= > >= == !="),
        (
            "< 300",
            Unit::Duration,
            "'300' is no duration such as 300s, 1.5ms or 1m30s; units are ns us ms s m h d",
        ),
        ("< ", Unit::Duration, "'' is no duration such as 300s, 1.5ms or 1m30s; units are ns us ms s m h d"),
        (
            "< 300 parsecs",
            Unit::Duration,
            "'300 parsecs' is no duration such as 300s, 1.5ms or 1m30s; units are ns us ms s m h d",
        ),
        (
            "< 1500ns",
            Unit::Duration,
            "'1500ns' is finer than a microsecond, which is as fine as durations are kept",
        ),
        ("< 1.5", Unit::Count, "'1.5' is no whole number such as 100 or 100_000"),
        ("< -1", Unit::Count, "'-1' is no whole number such as 100 or 100_000"),
        ("< 12,50", Unit::Money, "'12,50' is no amount such as 12.50 or $12.50"),
        ("< lots", Unit::Ratio, "'lots' is no ratio such as 99.9% or 0.999"),
    ] {
        assert_eq!(Comparison::parse(text, unit).unwrap_err().to_string(), message);
    }
}

#[test]
fn the_documentation_covers_every_name() {
    let docs = all_metrics();
    let covers = |pattern: &str, name: &str| {
        let mut patterns = vec![String::new()];
        for word in pattern.replace(".N.", ".1.").split('.') {
            patterns = patterns
                .iter()
                .flat_map(|start| word.split('|').map(move |word| format!("{start}{word}.")))
                .collect();
        }
        patterns.iter().any(|known| known.trim_end_matches('.') == name)
    };
    for metric in every_metric(1) {
        let name = metric.to_string();
        let matching: Vec<_> = docs.iter().filter(|doc| covers(&doc.pattern, &name)).collect();
        assert_eq!(matching.len(), 1, "{name}");
        assert_eq!(matching[0].unit, metric.unit(), "{name}");
    }
}
