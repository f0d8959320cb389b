//! An evaluation allocates nothing, whichever variables and conditions the policy has.

use squall_profile::Profile;
use squall_services::policy::{Account, Action, OwnedFacts, Policy, Request, Semantics, evaluate};

const PER_DEVICE: &str = include_str!("../../../fixtures/policies/per-device.json");
const CONDITIONS: &str = r#"{"Version": "2012-10-17", "Statement": {
    "Effect": "Allow", "Action": "*",
    "Resource": "arn:aws:iot:*:*:*/${aws:SourceIp}/${iot:Certificate.Subject.Country.1}/*",
    "Condition": {
        "ArnLike": {"iot:LastWillTopic": "arn:aws:iot:*:*:topic/*/${iot:ClientId}"},
        "IpAddress": {"aws:SourceIp": ["198.51.100.0/24", "2001:db8::/32"]},
        "ForAllValues:StringEqualsIgnoreCase": {"iot:ConnectAttributes": ["lastwill", "persistentconnect"]},
        "ForAnyValue:StringLike": {"iot:Certificate.AvailableKeys": "iot:Certificate.Subject.*"}
    }}}"#;

#[test]
fn an_evaluation_allocates_nothing() {
    let account = Account::default();
    let semantics = Semantics::from(&Profile::named("aws-current").unwrap().switches);
    let policies = [PER_DEVICE, CONDITIONS].map(|text| Policy::parse(text, &account).unwrap());
    let owned = OwnedFacts::parse(
        "client-id=p7 thing=p7 source-ip=2001:db8::7 subject.Country=US subject.Country=DE persistent will=w/p7",
    )
    .unwrap();
    let facts = owned.facts(&account);
    let mut allowed = 0;
    let counted = allocation_counter::measure(|| {
        for (action, name) in [
            (Action::Connect, "p7"),
            (Action::Publish, "sensors/p7/telemetry"),
            (Action::Publish, "sensors/p8/telemetry"),
            (Action::Publish, "2001:db8::7/DE/x"),
            (Action::Subscribe, "a/firmware"),
        ] {
            allowed +=
                usize::from(evaluate(&policies, Request::new(action, name), &facts, semantics).is_allowed());
        }
    });
    assert_eq!(allowed, 3);
    assert_eq!(counted.count_total, 0);
}
