//! Pages: what is in them, and what must never be.

use squall_render::html;
use squall_results::{FaultWindow, Host, RunResults, Seconds};

mod support;

/// Writes the pages where a person can look at them.
fn keep(name: &str, page: &str) {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    std::fs::write(folder.join(name), page).unwrap();
}

fn without_host(page: &str) -> String {
    let (before, rest) = page.split_once("<section id=\"host\">").unwrap();
    let (_, after) = rest.split_once("</section>").unwrap();
    assert!(!after.contains("id=\"host\""));
    format!("{before}{after}")
}

fn assert_self_contained(page: &str) {
    assert_eq!(page.matches("://").count(), page.matches("xmlns=\"http://www.w3.org/2000/svg\"").count());
    for forbidden in ["<script", "<link", "<img", "@import", "url(", "javascript:"] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
}

/// Every opened element is closed, in order.
fn assert_well_formed(page: &str) {
    let mut open: Vec<&str> = Vec::new();
    for part in page.split('<').skip(1) {
        let tag = part.split_once('>').expect("a tag ends").0;
        let name = tag.split([' ', '/', '\n']).find(|word| !word.is_empty()).unwrap();
        if let Some(closed) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(closed));
        } else if !tag.starts_with('!') && !tag.ends_with('/') && name != "meta" {
            open.push(name);
        }
    }
    assert_eq!(open, Vec::<&str>::new());
}

#[test]
fn a_report_holds_its_parts_in_order() {
    let page = html::report(&support::passing());
    keep("passing.html", &page);
    assert_self_contained(&page);
    assert_well_formed(&page);
    assert_eq!(page.matches("<svg ").count(), 3);
    assert_eq!(page.matches("role=\"img\" aria-label=").count(), 3);
    let parts = [
        "expectations",
        "oracles",
        "fleet",
        "latency",
        "cost",
        "reproduce",
        "usage",
        "counters",
        "assumptions",
        "scenario",
        "host",
    ];
    let places: Vec<usize> =
        parts.iter().map(|part| page.find(&format!("<section id=\"{part}\">")).unwrap()).collect();
    assert!(places.is_sorted(), "{places:?}");
    assert!(page.contains("prefers-color-scheme: dark"));
    assert!(page.contains("<details><summary>Resolved"));
}

#[test]
fn a_failing_report_says_what_failed() {
    let page = html::report(&support::failing());
    keep("failing.html", &page);
    assert_self_contained(&page);
    assert_well_formed(&page);
    for text in ["1,234 violations", "and 1,214 more", "Not modelled", "never recovered", "✗ failed"] {
        assert!(page.contains(text), "{text}");
    }
}

#[test]
fn charts_take_their_colours_from_the_page() {
    let page = html::report(&support::passing());
    let drawings: Vec<&str> = page.split("<svg ").skip(1).collect();
    for drawing in drawings {
        let drawing = drawing.split_once("</svg>").unwrap().0;
        assert!(!drawing.contains("=\"#"), "a colour that no page can change");
        assert!(drawing.contains("var(--line-0)"));
        assert!(drawing.contains("<title>"));
    }
}

#[test]
fn no_name_becomes_markup() {
    let nasty = "<script>alert('x')</script>\"onload=\"";
    let poison = |mut results: RunResults| {
        results.scenario = nasty.into();
        results.about = nasty.into();
        results.seed = nasty.into();
        results.reproduce = nasty.into();
        results.fingerprint = nasty.into();
        results.resolved = serde_json::json!({ nasty: nasty });
        results.counters.insert(nasty.into(), 1);
        results.faults[0].kind = nasty.into();
        results.faults[0].mode = nasty.into();
        results.latency[0].operation = nasty.into();
        results.usage.run[0].fleet = nasty.into();
        results.assumptions[0].taken = nasty.into();
        results.inputs[0].path = nasty.into();
        for label in &mut results.cell {
            label.value = nasty.into();
        }
        for expectation in &mut results.expectations {
            expectation.that = nasty.into();
            expectation.found = nasty.into();
        }
        for oracle in &mut results.oracles {
            oracle.name = nasty.into();
            oracle.about = nasty.into();
            for violation in &mut oracle.violations {
                violation.text = nasty.into();
                violation.client = Some(nasty.into());
            }
        }
        results
    };
    let cells: Vec<RunResults> = support::matrix().into_iter().map(poison).collect();
    let pages = [html::report(&poison(support::failing())), html::matrix(&cells, &[nasty.to_owned()])];
    for page in pages {
        assert_self_contained(&page);
        assert_well_formed(&page);
        assert!(!page.contains("\"onload="));
    }
}

#[test]
fn equal_runs_differ_in_the_host_section_alone() {
    let results = support::failing();
    let page = html::report(&results);
    assert_eq!(page, html::report(&results));
    let elsewhere = RunResults {
        host: Host { wall_seconds: 77.7, cpu_seconds: 12.0, peak_rss_bytes: 1, cores: 64 },
        ..results
    };
    let other = html::report(&elsewhere);
    assert_ne!(page, other);
    assert_eq!(without_host(&page), without_host(&other));
}

#[test]
fn a_run_without_measurements_still_has_a_page() {
    let page = html::report(&RunResults::default());
    assert_self_contained(&page);
    assert_well_formed(&page);
    assert_eq!(page.matches("<svg ").count(), 0);
}

#[test]
fn a_matrix_links_its_cells_and_draws_them_together() {
    let links: Vec<String> = (0..4).map(|cell| format!("cell-{cell}/report.html")).collect();
    let page = html::matrix(&support::matrix(), &links);
    keep("matrix.html", &page);
    assert_self_contained(&page);
    assert_well_formed(&page);
    assert_eq!(page.matches("<svg ").count(), 1);
    for text in ["href=\"cell-3/report.html\"", "decorrelated-jitter", "not judged", "not modelled, 1 event"]
    {
        assert!(page.contains(text), "{text}");
    }
    assert!(page.contains("<polyline fill=\"none\" opacity=\"1\" style=\"stroke:var(--line-3)\""));
}

#[test]
fn a_crowded_run_keeps_its_labels_apart() {
    let mut results = support::failing();
    results.virtual_seconds = Seconds::from_secs(30 * 86_400);
    results.devices = 1_250_000;
    results.series.interval_seconds = 2_880;
    results.faults = (1..=9)
        .map(|number| FaultWindow {
            number,
            kind: "slow-store".into(),
            from_seconds: Seconds::from_secs(u64::from(number * number) * 30_000),
            to_seconds: Seconds::from_secs(u64::from(number * number) * 30_000 + 20_000),
            ..FaultWindow::default()
        })
        .collect();
    let page = html::report(&results);
    keep("crowded.html", &page);
    assert_well_formed(&page);
    // The first two lie too close for words; what does not fit is in the table of faults.
    let drawing = page.split("<svg ").nth(1).unwrap();
    let drawing = drawing.split_once("</svg>").unwrap().0;
    assert_eq!(drawing.matches("var(--band-ink)").count(), 9);
    assert!(drawing.contains("fault 9: slow-store"));
    assert!(!drawing.contains("fault 2: slow-store"));
}

#[test]
fn what_policies_denied_is_on_the_page() {
    let page = html::report(&support::denied());
    assert!(page.contains("412 devices of sensors were not given messages: no statement allows iot:Receive"));
    assert!(page.contains("1 device of pumps could not publish: Statement[5] of policy per-device denies"));
    assert!(page.contains("&lt;pumps-0&gt;") && !page.contains("<pumps-0>"));
    assert!(page.contains("Ping.Success"));
    assert!(!html::report(&support::passing()).contains("Denied by policies"));
}

#[test]
fn provisioning_that_failed_is_on_the_page() {
    let page = html::report(&support::stranded());
    assert_well_formed(&page);
    assert!(page.contains(
        "2,412 devices of sensors failed at UpdateCertificate: ThrottlingException, Rate exceeded"
    ));
    assert!(
        page.contains(
            "1 device of pumps waited in vain for the answer of RegisterThing: nothing came for 30 s"
        )
    );
    assert!(page.contains("&lt;pumps-0&gt;") && !page.contains("<pumps-0>"));
    assert!(!html::report(&support::passing()).contains("Not provisioned"));
}

#[test]
fn refused_requests_of_shadows_are_on_the_page() {
    let page = html::report(&support::troubled());
    assert_well_formed(&page);
    assert!(page.contains("2,414 updates of rooms to 2,412 shadows came too late"));
    assert!(page.contains("12 requests of pumps to 12 shadows were refused"));
    assert!(page.contains("&lt;pumps-0&gt;") && !page.contains("<pumps-0>"));
    assert!(!html::report(&support::passing()).contains("id=\"shadows\""));
}
