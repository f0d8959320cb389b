//! The worked examples of the pricing reference, section 5, by their ids there.

use squall_billing::{book, compute, units};
use squall_results::{Bill, Money, Quantity, Seconds, Usage, UsageLine, cause, dimension};

type Row = (&'static str, &'static str, u64);

const M: u64 = 1_000_000;

fn messages(units: u64) -> Row {
    (dimension::MESSAGES, cause::PUBLISH_IN, units)
}

fn minutes(units: u64) -> Row {
    (dimension::CONNECTIVITY_MINUTES, cause::CONNECTED, units)
}

fn other(dimension: &'static str, units: u64) -> Row {
    (dimension, "given", units)
}

fn bill(book_name: &str, rows: &[Row]) -> Bill {
    let lines: Vec<UsageLine> = rows
        .iter()
        .map(|(dimension, cause, units)| UsageLine::new(dimension, cause, "sensors", *units))
        .collect();
    let usage =
        Usage { window_seconds: Seconds::from_secs(30 * 86_400), run: lines.clone(), measured: lines };
    compute(&usage, &book(book_name).unwrap()).unwrap()
}

#[test]
fn worked_examples_come_out_to_the_last_digit() {
    let (rules, actions, shadow) =
        (dimension::RULES_TRIGGERED, dimension::ACTIONS, dimension::SHADOW_OPERATIONS);
    let hourly = [messages(7_200_000), minutes(432 * M), other(rules, 7_200_000), other(actions, 7_200_000)];
    let connects = (dimension::MESSAGES, cause::CONNECT, 10_000);
    let mut hourly_with_connects = hourly.to_vec();
    hourly_with_connects.push(connects);
    let basic_ingest = [
        other(dimension::BASIC_INGEST_MESSAGES, 7_200_000),
        minutes(432 * M),
        other(rules, 7_200_000),
        other(actions, 7_200_000),
    ];
    let by_minute = [messages(43_200_000), minutes(43_200_000)];
    let with_shadow = |operations| [by_minute[0], by_minute[1], other(shadow, operations)];

    let examples: &[(&str, &str, &[Row], &str)] = &[
        ("P01", "seed-001", &hourly, "43.92"),
        ("P01 with connects", "seed-001", &hourly_with_connects, "43.92"),
        ("P02", "aws-use1", &hourly_with_connects, "43.93"),
        ("P03", "seed-000", &hourly, "27.504"),
        ("P04", "seed-003", &hourly, "42.84"),
        ("P05", "aws-use1", &basic_ingest, "36.72"),
        ("P06", "aws-use1", &by_minute[..1], "43.20"),
        ("P06", "seed-000", &by_minute[..1], "43.20"),
        ("P06", "seed-001", &by_minute[..1], "43.20"),
        ("P06", "seed-003", &by_minute[..1], "43.20"),
        ("P07", "aws-use1", &by_minute, "46.656"),
        ("P08", "aws-use1", &with_shadow(43_200_000), "100.656"),
        ("P09", "aws-use1", &with_shadow(8_640_000), "57.456"),
        ("P14", "seed-001", &[messages(7_200_000), hourly[2], hourly[3]], "9.36"),
        ("P15", "aws-use1", &[messages(14_400_000), hourly[2], hourly[3]], "16.56"),
        ("P16", "aws-use1", &[messages(14_400_000), minutes(7_200_000), hourly[2], hourly[3]], "17.136"),
        ("P20", "aws-use1", &[messages(25_920 * M)], "18844.00"),
        ("P21", "aws-use1", &[messages(518_400_000)], "518.40"),
        ("P22", "aws-use1", &[messages(432 * M)], "432.00"),
        (
            "P23",
            "aws-use1",
            &[
                messages(975 * M),
                minutes(4_320 * M),
                other(shadow, 300 * M),
                other(rules, 600 * M),
                other(actions, 600 * M),
            ],
            "1875.60",
        ),
        ("P24", "aws-use1", &[minutes(525_600)], "0.042048"),
        ("P27", "aws-use1", &[messages(1_000 * M)], "1000.00"),
        ("P27", "aws-use1", &[messages(5_000 * M)], "4200.00"),
        ("P27", "aws-use1", &[messages(6_000 * M)], "4900.00"),
        ("P29", "aws-use1", &[other(shadow, 8 * M)], "10.00"),
        ("P32", "aws-use1", &[other(dimension::JOB_ACTIONS, 300_000)], "825.00"),
        ("P33", "aws-use1", &[other(dimension::BULK_THINGS, 10_000)], "1.00"),
        ("P39", "aws-use1", &[other(rules, 2), other(actions, 6)], "0.0000012"),
        ("P40", "aws-use1", &[messages(1_000), other(rules, 1_000), other(actions, 1_000)], "0.0013"),
    ];
    for (id, book_name, rows, total) in examples {
        let bill = bill(book_name, rows);
        let expected: Money = total.parse().unwrap();
        assert_eq!(bill.run.total, expected, "{id}");
        // A window of 30 days is its own month.
        assert_eq!(bill.month.total, expected, "{id}");
        assert_eq!(bill.run.total_cents, expected.cents(), "{id}");
    }
}

#[test]
fn cents_are_rounded_half_up_as_the_reference_prints_them() {
    for (total, cents) in
        [("27.504", 2_750), ("46.656", 4_666), ("100.656", 10_066), ("57.456", 5_746), ("17.136", 1_714)]
    {
        assert_eq!(total.parse::<Money>().unwrap().cents(), cents);
    }
}

#[test]
fn messages_are_counted_in_begun_units() {
    // P10, P13 and the least there is.
    assert_eq!(units(131_072, 5_120), 26);
    assert_eq!(units(8 * 1_024, 5_120), 2);
    assert_eq!(units(0, 5_120), 1);
    // P11: the source documents look at the payload alone.
    for name in ["seed-000", "seed-001", "seed-003"] {
        let book = book(name).unwrap();
        assert_eq!(book.message_units(1, 10), 1, "{name}");
        assert_eq!(book.message_units(5_120, 10), 1, "{name}");
    }
    assert_eq!(book("seed-000").unwrap().message_units(131_072, 10), 26);
    // P12: AWS counts the topic as well.
    assert_eq!(book("aws-use1").unwrap().message_units(5_120, 10), 2);
    assert_eq!(book("aws-use1").unwrap().message_units(131_072, 256), 26);
}

#[test]
fn what_a_book_does_not_charge_is_shown_and_costs_nothing() {
    let rows = [
        messages(7),
        (dimension::MESSAGES, cause::CONNECT, 5),
        other(dimension::ACTIONS, 9),
        other("weather_forecasts", 1),
    ];
    let bill = bill("seed-003", &rows);
    let lines: Vec<_> = bill
        .run
        .lines
        .iter()
        .map(|line| (line.dimension.as_str(), line.quantity, line.unit_price.as_deref()))
        .collect();
    assert_eq!(
        lines,
        [
            ("messages", Quantity::whole(7), Some("1.00 per 1,000,000")),
            ("actions", Quantity::whole(9), None),
            ("weather_forecasts", Quantity::whole(1), None),
        ]
    );
    let charged: Vec<_> =
        bill.run.lines[0].causes.iter().map(|cause| (cause.cause.as_str(), cause.charged)).collect();
    assert_eq!(charged, [("publish_in", true), ("connect", false)]);
    assert_eq!(bill.run.total, "0.000007".parse().unwrap());
}

#[test]
fn a_month_is_scaled_before_its_bands_are_applied() {
    let usage = Usage {
        window_seconds: Seconds::from_secs(600),
        run: vec![],
        measured: vec![
            UsageLine::new("messages", "publish_in", "sensors", 500_000),
            UsageLine::new("messages", "publish_in", "meters", 100_000),
        ],
    };
    let bill = compute(&usage, &book("aws-use1").unwrap()).unwrap();
    assert_eq!(bill.month.label, "scaled from a measured window of 600 s to 30 days");
    // 600,000 x 4,320 = 2,592,000,000: a thousand millions at 1.00, the rest at 0.80.
    let line = &bill.month.lines[0];
    assert_eq!(line.quantity, Quantity::whole(2_592_000_000));
    assert_eq!(line.causes.len(), 1);
    assert_eq!(bill.month.total, "2273.60".parse().unwrap());
    let bands: Vec<_> = line.bands.iter().map(|band| (band.price.as_str(), band.cost.to_string())).collect();
    assert_eq!(
        bands,
        [("1.00 per 1,000,000", "1000.00".to_owned()), ("0.80 per 1,000,000", "1273.60".to_owned()),]
    );
    assert_eq!(bill.run.total, Money::default());
}

#[test]
fn a_window_that_does_not_divide_a_month_stays_exact() {
    let usage = Usage {
        window_seconds: Seconds::from_micros(7_000_000),
        run: vec![],
        measured: vec![UsageLine::new("messages", "publish_in", "sensors", 1)],
    };
    let bill = compute(&usage, &book("aws-use1").unwrap()).unwrap();
    let line = &bill.month.lines[0];
    assert_eq!(line.quantity, Quantity::ratio(2_592_000, 7));
    // 0.37028571428571... rounded at the twelfth decimal.
    assert_eq!(line.cost.to_string(), "0.370285714286");
}

#[test]
fn no_window_means_no_month_and_absurd_numbers_are_an_error() {
    let mut usage = Usage {
        window_seconds: Seconds::default(),
        run: vec![UsageLine::new("messages", "publish_in", "sensors", u64::MAX)],
        measured: vec![UsageLine::new("messages", "publish_in", "sensors", u64::MAX)],
    };
    let aws = book("aws-use1").unwrap();
    let bill = compute(&usage, &aws).unwrap();
    assert!(bill.month.lines.is_empty());
    usage.window_seconds = Seconds::from_micros(1);
    let error = compute(&usage, &aws).unwrap_err();
    assert_eq!(error.to_string(), "the units of messages are too many to bill");
}
