use serde_json::json;
use squall_profile::Profile;
use squall_services::registry::RegistryRules;

use crate::support::Bench;

/// state.md 2.10: what is over a second's rate is refused and leaves nothing, and the next second has its own.
#[test]
fn an_operation_is_called_so_often_and_no_more() {
    for (profile, operation, rate) in [
        ("aws-current", "CreateThing", 100),
        ("aws-select-region", "CreateThing", 50),
        ("aws-2019", "CreateThing", 15),
        ("aws-current", "CreateThingType", 15),
        ("aws-current", "CreateThingGroup", 25),
        ("aws-current", "DescribeThing", 350),
        ("aws-2019", "DescribeThing", 350),
        ("aws-current", "GetRegistrationCode", 10),
    ] {
        let mut bench = Bench::new();
        bench.registry.create_thing("T", Default::default()).unwrap();
        bench.registry.set_rules(RegistryRules::from(&Profile::named(profile).unwrap()));
        let call = |bench: &mut Bench, n: u32| {
            let member = match operation {
                "CreateThing" => "thingName",
                "CreateThingType" => "thingTypeName",
                "CreateThingGroup" => "thingGroupName",
                "DescribeThing" => return bench.ask_now(operation, &json!({"thingName": "T"})),
                _ => return bench.ask_now(operation, &json!({})),
            };
            bench.ask_now(operation, &json!({member: format!("n{n}")}))
        };
        for n in 0..rate {
            call(&mut bench, n).unwrap();
        }
        let before = bench.dump();
        let error = call(&mut bench, rate).unwrap_err();
        assert_eq!(error.to_string(), "ThrottlingException: Rate exceeded", "{profile} {operation}");
        assert_eq!(error.exception.status(), 400);
        assert_eq!(bench.dump(), before);
        // One token comes back in a part of a second, all of them in a whole one.
        bench.advance(1_000_000_000 / u64::from(rate) + 1);
        call(&mut bench, rate).unwrap();
        call(&mut bench, rate + 1).unwrap_err();
        bench.advance(3_000_000_000);
        for n in 0..rate {
            call(&mut bench, 1_000 + n).unwrap();
        }
        call(&mut bench, 2_000).unwrap_err();
        // Each operation has its own.
        bench.ask_now("DeleteThing", &json!({"thingName": "n0"})).unwrap();
    }
}

/// A call that fails counts as well.
#[test]
fn refused_calls_count() {
    let mut bench = Bench::new();
    for _ in 0..10 {
        let error =
            bench.ask_now("DescribeCertificate", &json!({"certificateId": "0".repeat(64)})).unwrap_err();
        assert_eq!(error.exception.name(), "ResourceNotFoundException");
    }
    let error = bench.ask_now("DescribeCertificate", &json!({"certificateId": "0".repeat(64)})).unwrap_err();
    assert_eq!(error.exception.name(), "ThrottlingException");
}
