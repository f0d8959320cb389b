use serde_json::json;
use squall_services::registry::{CALLS, OwnedCall, OwnedQuery, QUERIES};

use crate::support::{Bench, arn, id};

#[test]
fn what_is_not_known_is_told_with_what_is() {
    let read = |operation: &str, parameters| OwnedCall::read(operation, &parameters).unwrap_err().to_string();
    assert_eq!(
        read("DeleteThing", json!({"thingName": "T", "force": true})),
        "InvalidRequestException: DeleteThing has no member 'force'; it has expectedVersion, thingName"
    );
    assert_eq!(read("DeleteThing", json!({})), "InvalidRequestException: DeleteThing: thingName is missing");
    assert_eq!(
        read("UpdateCertificate", json!({"certificateId": id(1).to_string(), "newStatus": "ON"})),
        "InvalidRequestException: UpdateCertificate: newStatus must be one of ACTIVE, INACTIVE, REVOKED, \
         PENDING_TRANSFER, PENDING_ACTIVATION, REGISTER_INACTIVE"
    );
    assert!(
        read("CreateTing", json!({}))
            .starts_with("InvalidRequestException: there is no operation 'CreateTing'; there is AddThing")
    );
    assert_eq!(
        read("TransferCertificate", json!({})),
        "NotModelledException: Squall does not model TransferCertificate"
    );
    assert!(read("CreateThing", json!([])).ends_with("CreateThing must be a JSON object"));
    assert!(read("CreatePolicy", json!({"policyName": "p", "tags": []})).starts_with("NotModelledException"));
    assert!(
        read("RegisterCertificateWithoutCA", json!({"certificatePem": "-----BEGIN"}))
            .starts_with("NotModelledException")
    );
    let error = OwnedQuery::read("ListThing", &json!({})).unwrap_err();
    assert!(error.message.contains("there is DescribeBillingGroup, "));
    for names in [CALLS, QUERIES] {
        assert!(names.is_sorted(), "people look a name up");
    }
}

/// What an audit record shows of a call is the call.
#[test]
fn a_call_that_is_written_is_read_again() {
    let hex = id(1).to_string();
    let certificate = json!({
        "certificateId": hex, "serialNumber": "4711", "caCertificateId": id(2).to_string(), "notBefore": 5, "notAfter": 9,
        "subject": {"CommonName": ["x"], "Country": ["DE", "US"]}, "issuer": {"Organization": ["o"]},
    });
    let payload = json!({"attributes": {"a": "1"}, "merge": true});
    for (operation, parameters) in [
        ("CreatePolicy", json!({"policyName": "p", "policyDocument": "{}"})),
        ("CreatePolicyVersion", json!({"policyName": "p", "policyDocument": "{}", "setAsDefault": true})),
        ("SetDefaultPolicyVersion", json!({"policyName": "p", "policyVersionId": "2"})),
        ("DeletePolicyVersion", json!({"policyName": "p", "policyVersionId": "2"})),
        ("DeletePolicy", json!({"policyName": "p"})),
        ("AttachPolicy", json!({"policyName": "p", "target": format!("cert/{hex}")})),
        ("DetachPolicy", json!({"policyName": "p", "target": "thinggroup/g"})),
        ("AttachPolicy", json!({"policyName": "p", "target": "us-east-1:1"})),
        (
            "RegisterCertificate",
            json!({"certificatePem": certificate, "caCertificatePem": {"certificateId": id(2).to_string()}, "status": "ACTIVE"}),
        ),
        ("RegisterCertificateWithoutCA", json!({"certificatePem": certificate, "status": "INACTIVE"})),
        ("CreateKeysAndCertificate", json!({"setAsActive": true})),
        ("CreateCertificateFromCsr", json!({"certificateSigningRequest": "CSR", "setAsActive": false})),
        ("UpdateCertificate", json!({"certificateId": hex, "newStatus": "REVOKED"})),
        ("DeleteCertificate", json!({"certificateId": hex, "forceDelete": true})),
        (
            "RegisterCACertificate",
            json!({
                "caCertificate": certificate, "verificationCertificate": certificate, "certificateMode": "DEFAULT",
                "setAsActive": true, "allowAutoRegistration": false, "registrationConfig": {"templateBody": "{}", "roleArn": "r"},
            }),
        ),
        (
            "UpdateCACertificate",
            json!({
                "certificateId": hex, "newStatus": "INACTIVE", "newAutoRegistrationStatus": "DISABLE",
                "registrationConfig": {"templateName": "t"}, "removeAutoRegistration": true,
            }),
        ),
        ("DeleteCACertificate", json!({"certificateId": hex})),
        ("DeleteRegistrationCode", json!({})),
        (
            "CreateThing",
            json!({"thingName": "T", "thingTypeName": "P", "attributePayload": {"attributes": {"a": "1"}}, "billingGroupName": "B"}),
        ),
        (
            "UpdateThing",
            json!({"thingName": "T", "removeThingType": true, "attributePayload": payload, "expectedVersion": 3}),
        ),
        ("DeleteThing", json!({"thingName": "T", "expectedVersion": 3})),
        (
            "CreateThingType",
            json!({"thingTypeName": "P", "thingTypeProperties": {"thingTypeDescription": "d", "searchableAttributes": ["a"]}}),
        ),
        ("UpdateThingType", json!({"thingTypeName": "P"})),
        ("DeprecateThingType", json!({"thingTypeName": "P", "undoDeprecate": true})),
        ("DeleteThingType", json!({"thingTypeName": "P"})),
        (
            "AttachThingPrincipal",
            json!({"thingName": "T", "principal": format!("cert/{hex}"), "thingPrincipalType": "EXCLUSIVE_THING"}),
        ),
        ("DetachThingPrincipal", json!({"thingName": "T", "principal": format!("cert/{hex}")})),
        (
            "CreateThingGroup",
            json!({"thingGroupName": "G", "parentGroupName": "H", "thingGroupProperties": {"thingGroupDescription": "d"}}),
        ),
        (
            "UpdateThingGroup",
            json!({"thingGroupName": "G", "thingGroupProperties": {"attributePayload": payload}, "expectedVersion": 1}),
        ),
        ("DeleteThingGroup", json!({"thingGroupName": "G", "expectedVersion": 1})),
        ("AddThingToThingGroup", json!({"thingName": "T", "thingGroupName": "G"})),
        ("RemoveThingFromThingGroup", json!({"thingName": "T", "thingGroupName": "G"})),
        (
            "UpdateThingGroupsForThing",
            json!({"thingName": "T", "thingGroupsToRemove": ["G"], "thingGroupsToAdd": ["H"]}),
        ),
        (
            "CreateBillingGroup",
            json!({"billingGroupName": "B", "billingGroupProperties": {"billingGroupDescription": "d"}}),
        ),
        ("UpdateBillingGroup", json!({"billingGroupName": "B", "expectedVersion": 1})),
        ("DeleteBillingGroup", json!({"billingGroupName": "B", "expectedVersion": 1})),
        ("AddThingToBillingGroup", json!({"thingName": "T", "billingGroupName": "B"})),
        ("RemoveThingFromBillingGroup", json!({"thingName": "T", "billingGroupName": "B"})),
        ("UpdateEventConfigurations", json!({"eventConfigurations": {"THING": {"Enabled": true}}})),
    ] {
        let owned = OwnedCall::read(operation, &parameters).unwrap();
        assert_eq!(owned.as_call().parameters(), parameters, "{operation}");
        let again = OwnedCall::read(operation, &owned.as_call().parameters()).unwrap();
        assert_eq!(again, owned);
    }
}

/// pricing.md 1.2: the listed operations, in units of 1 KB of the record.
#[test]
fn listed_operations_are_metered_by_the_size_of_their_record() {
    let mut bench = Bench::new();
    let units = |operation: &str, parameters| {
        OwnedCall::read(operation, &parameters).unwrap().as_call().registry_operations()
    };
    let thing = |bytes: usize| {
        let attributes = json!({"a": "v".repeat(bytes.min(800)), "b": "v".repeat(bytes.saturating_sub(800))});
        json!({"thingName": "T", "attributePayload": {"attributes": attributes}})
    };
    for (bytes, expected) in [(0, 1), (1021, 1), (1022, 2)] {
        assert_eq!(units("CreateThing", thing(bytes)), expected, "{bytes}");
        assert_eq!(units("UpdateThing", thing(bytes)), expected, "{bytes}");
    }
    let metered = |operation: &str| match operation {
        "CreateThingType" => units(operation, json!({"thingTypeName": "P"})),
        "CreateThingGroup" | "UpdateThingGroup" | "DeleteThingGroup" => {
            units(operation, json!({"thingGroupName": "G"}))
        }
        "AddThingToThingGroup" => units(operation, json!({"thingName": "T", "thingGroupName": "G"})),
        "UpdateThingGroupsForThing" | "DeleteThing" => units(operation, json!({"thingName": "T"})),
        _ => units(operation, json!({"thingName": "T", "principal": arn(1)})),
    };
    for operation in [
        "CreateThingType",
        "CreateThingGroup",
        "UpdateThingGroup",
        "AddThingToThingGroup",
        "UpdateThingGroupsForThing",
        "AttachThingPrincipal",
    ] {
        assert_eq!(metered(operation), 1, "{operation}");
    }
    for operation in ["DeleteThing", "DeleteThingGroup", "DetachThingPrincipal"] {
        assert_eq!(metered(operation), 0, "{operation}");
    }
    bench.ok("CreateThing", thing(1_000));
    let query = OwnedQuery::read("DescribeThing", &json!({"thingName": "T"})).unwrap();
    let answer = bench.registry.answer(&query.as_query()).unwrap();
    assert_eq!(query.as_query().registry_operations(&answer), 2);
    let code = OwnedQuery::read("GetRegistrationCode", &json!({})).unwrap();
    let answer = bench.registry.answer(&code.as_query()).unwrap();
    assert_eq!(code.as_query().registry_operations(&answer), 0);
}
