//! Every verdict, from a set of cases made for it, and what a person sees of it.

use std::path::Path;

use squall_conformance::case::Case;
use squall_conformance::deviation::Deviations;
use squall_conformance::run::RunOptions;
use squall_conformance::suite;
use squall_conformance::target::Sim;
use squall_conformance::verdict::judge;
use squall_results::{CaseResult, CaseVerdict, ConformanceResults};

fn cases() -> Vec<Case> {
    suite::from_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases")).unwrap()
}

fn run(cases: &[Case], sim: &Sim, deviations: &Deviations) -> Vec<CaseResult> {
    let cases: Vec<&Case> = cases.iter().collect();
    judge(&cases, sim, deviations, &RunOptions::default(), |_| true).unwrap()
}

fn declared(cases: &[Case]) -> Deviations {
    Deviations::parse("deviations.txt", include_str!("cases/deviations.txt"), cases).unwrap()
}

#[test]
fn every_verdict_comes_about() {
    let cases = cases();
    let results = run(&cases, &Sim::default(), &declared(&cases));
    for (address, verdict) in [
        ("mqtt311/verdict/ok", CaseVerdict::Ok),
        ("mqtt311/verdict/failed", CaseVerdict::Failed),
        ("mqtt311/verdict/non-strict", CaseVerdict::NonStrict),
        ("mqtt311/verdict/stale", CaseVerdict::Failed),
        ("mqtt311/verdict/informational", CaseVerdict::Informational),
        ("mqtt311/verdict/unimplemented", CaseVerdict::Unimplemented),
        ("mqtt311/verdict/unusable", CaseVerdict::Failed),
    ] {
        let result = results.iter().find(|result| result.address == address).unwrap();
        assert_eq!(result.verdict, verdict, "{address}: {:?}", result.failure);
    }
    let stale = results.iter().find(|result| result.address == "mqtt311/verdict/stale").unwrap();
    assert!(stale.why.as_ref().unwrap().contains("stale"), "{:?}", stale.why);
}

#[test]
fn vectors_are_met_or_missed() {
    let results = run(&cases(), &Sim::default(), &Deviations::none());
    let of = |group: &str| -> Vec<(String, CaseVerdict)> {
        let members = results.iter().filter(|result| result.address.starts_with(group));
        members.map(|result| (format!("{}: {:?}", result.address, result.failure), result.verdict)).collect()
    };
    let (met, missed) = (of("bytes/met/"), of("bytes/missed/"));
    assert_eq!((met.len(), missed.len()), (9, 5));
    for (text, verdict) in met {
        assert_eq!(verdict, CaseVerdict::Ok, "{text}");
    }
    for (text, verdict) in missed {
        assert_eq!(verdict, CaseVerdict::Failed, "{text}");
    }
}

#[test]
fn a_deviation_of_a_group_of_vectors_is_stale_when_all_of_them_hold() {
    let cases = cases();
    let declare = |group: &str| {
        let text = format!(
            "target = \"t\"\n[[deviation]]\naddress = [\"{group}\"]\nreason = \"r\"\nsource = \"s\"\n"
        );
        run(&cases, &Sim::default(), &Deviations::parse("d.toml", &text, &cases).unwrap())
    };
    let count = |results: &[CaseResult], group: &str, verdict: CaseVerdict| {
        let members = results.iter().filter(|result| result.address.starts_with(group));
        members.filter(|result| result.verdict == verdict).count()
    };
    assert_eq!(count(&declare("bytes/met"), "bytes/met/", CaseVerdict::Failed), 1);
    assert_eq!(count(&declare("bytes/missed"), "bytes/missed/", CaseVerdict::NonStrict), 5);
}

#[test]
fn a_deviation_names_a_case_that_there_is_and_says_why() {
    let cases = cases();
    let problem = |text: &str| Deviations::parse("d.toml", text, &cases).unwrap_err().to_string();
    let unknown =
        "target = \"t\"\n\n[[deviation]]\naddress = \"mqtt5/1/1\"\nreason = \"r\"\nsource = \"s\"\n";
    assert_eq!(problem(unknown), "d.toml:4: address: no case is called 'mqtt5/1/1'");
    let bare = "target = \"t\"\n[[deviation]]\naddress = \"mqtt311/verdict/ok\"\nreason = \"r\"\n";
    assert!(problem(bare).contains("missing field `source`"), "{}", problem(bare));
}

#[test]
fn a_planted_fault_is_caught() {
    // The service hands a/# what is published to a, as the standard has it: the case of the standard holds then, and
    // one that says what AWS does would not.
    let fault = r#"
suite = "aws-broker"
about = "A fault that a switch plants."

[[case]]
address = "aws-broker/planted/1"
requirement = ["broker.md check 51"]
level = "aws-differs"
about = "sensor/# does not take sensor."
FAULT
steps = '''
s > CONNECT id=s clean
s < CONNACK code=00
s > SUBSCRIBE id=1 filter=sensor/#:0
s < SUBACK id=1 codes=00
s > PUBLISH topic=sensor payload="m"
s < nothing
'''
"#;
    let verdict = |service: &str| {
        let cases =
            squall_conformance::case::parse("planted.toml", &fault.replace("FAULT", service)).unwrap();
        run(&cases, &Sim::default(), &Deviations::none())[0].verdict
    };
    assert_eq!(verdict(""), CaseVerdict::Ok);
    assert_eq!(verdict("service = { switches.hash_matches_parent = \"yes\" }"), CaseVerdict::Failed);
}

#[test]
fn what_a_person_sees_of_a_failure() {
    let cases = cases();
    let mut results = run(&cases, &Sim::default(), &declared(&cases));
    results.retain(|result| result.suite == "mqtt311");
    let folder = format!("{}/", env!("CARGO_MANIFEST_DIR"));
    for result in &mut results {
        result.file = result.file.replace(&folder, "");
    }
    let results = ConformanceResults::new("sim".to_owned(), results);
    insta::assert_snapshot!(squall_render::terminal::conformance(
        &results,
        squall_render::terminal::Colour::Off
    ));
}
