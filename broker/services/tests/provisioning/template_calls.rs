//! Calls and queries about templates, by the public API's JSON.

use std::borrow::Borrow;

use serde_json::{Value, json};
use squall_services::api_error::ApiError;
use squall_services::policy::CertificateFacts;
use squall_services::provisioning::{
    OwnedTemplateCall, OwnedTemplateQuery, ProvisioningClaims, TEMPLATE_CALLS, TemplateCall, TemplateControl,
    TemplateReply, Templates,
};
use squall_services::registry::{CertificateStatus, ControlCall, Registry, X509Certificate};
use squall_types::{CertificateId, Now};

use super::support::{CLAIM, DEVICE, ROLE, at, fleet_body, jitp_body};

pub(crate) const HOOK: &str = "arn:aws:lambda:us-east-1:123456789012:function:hook";
const ARN: &str = "arn:aws:iot:us-east-1:123456789012:provisioningtemplate/";

pub(crate) struct Bench {
    registry: Registry,
    templates: Templates,
    claims: ProvisioningClaims,
    pub(crate) seconds: u64,
}

impl Bench {
    fn new() -> Self {
        let (templates, claims) = (Templates::default(), ProvisioningClaims::default());
        Self { registry: super::support::registry(), templates, claims, seconds: 0 }
    }

    /// Templates `fleet` with a hook and two versions, `off`, and `jitp`.
    pub(crate) fn furnished() -> Self {
        let mut bench = Self::new();
        bench.ok(
            "CreateProvisioningTemplate",
            with(create("fleet"), json!({"enabled": true, "preProvisioningHook": {"targetArn": HOOK}})),
        );
        bench.ok("CreateProvisioningTemplateVersion", version("fleet"));
        bench.ok("CreateProvisioningTemplate", create("off"));
        let jitp = json!({"type": "JITP", "templateBody": jitp_body().to_string(), "enabled": true});
        bench.ok("CreateProvisioningTemplate", with(create("jitp"), jitp));
        bench
    }

    pub(crate) fn control(&mut self) -> TemplateControl<'_> {
        let Self { registry, templates, claims, .. } = self;
        TemplateControl { registry, templates, claims, claim_seconds: 300 }
    }

    fn now(&self) -> Now {
        at(self.seconds)
    }

    /// Calls or asks, a second after the last time, so that no rate is in the way.
    pub(crate) fn ask(&mut self, operation: &str, parameters: &Value) -> Result<Value, ApiError> {
        self.seconds += 1;
        self.ask_now(operation, parameters)
    }

    pub(crate) fn ask_now(&mut self, operation: &str, parameters: &Value) -> Result<Value, ApiError> {
        let now = self.now();
        if TEMPLATE_CALLS.contains(&operation) {
            let owned = OwnedTemplateCall::read(operation, parameters)?;
            assert_eq!(owned.as_call().operation(), operation);
            return Ok(self.control().call(now, &owned.as_call())?.to_json());
        }
        let owned = OwnedTemplateQuery::read(operation, parameters)?;
        assert_eq!(owned.as_query().operation(), operation);
        Ok(self.control().query(now, &owned.as_query())?.to_json())
    }

    pub(crate) fn ok(&mut self, operation: &str, parameters: impl Borrow<Value>) -> Value {
        let parameters = parameters.borrow();
        match self.ask(operation, parameters) {
            Ok(reply) => reply,
            Err(error) => panic!("{operation} {parameters}: {error}"),
        }
    }

    /// Asks for what must fail, and change nothing.
    pub(crate) fn refused(&mut self, operation: &str, parameters: &Value) -> ApiError {
        let before = self.dump();
        let error = match self.ask(operation, parameters) {
            Ok(reply) => panic!("{operation} {parameters} is answered with {reply}"),
            Err(error) => error,
        };
        assert_eq!(self.dump(), before, "{operation} {parameters} fails and changes something");
        error
    }

    pub(crate) fn dump(&self) -> String {
        format!("{:#?}{:#?}{:#?}", self.registry, self.templates, self.claims)
    }
}

pub(crate) fn create(name: &str) -> Value {
    json!({"templateName": name, "templateBody": fleet_body().to_string(), "provisioningRoleArn": ROLE})
}

pub(crate) fn version(name: &str) -> Value {
    json!({"templateName": name, "templateBody": fleet_body().to_string()})
}

pub(crate) fn with(mut value: Value, more: Value) -> Value {
    let Value::Object(more) = more else { panic!("{more} is no object") };
    value.as_object_mut().unwrap().extend(more);
    value
}

#[test]
fn replies_and_answers_have_the_names_of_the_api() {
    let mut bench = Bench::new();
    let body = fleet_body().to_string();
    let hook = json!({"payloadVersion": "2020-04-01", "targetArn": HOOK});
    let made = bench.ok(
        "CreateProvisioningTemplate",
        with(create("T"), json!({"preProvisioningHook": hook, "description": "lamps"})),
    );
    assert_eq!(made, json!({"templateArn": format!("{ARN}T"), "templateName": "T", "defaultVersionId": 1}));
    let second =
        bench.ok("CreateProvisioningTemplateVersion", with(version("T"), json!({"setAsDefault": true})));
    assert_eq!(
        second,
        json!({
            "templateArn": format!("{ARN}T"), "templateName": "T", "versionId": 2, "isDefaultVersion": true,
        })
    );
    let update = json!({"templateName": "T", "enabled": true, "defaultVersionId": "1"});
    assert_eq!(bench.ok("UpdateProvisioningTemplate", update), json!({}));
    let summary = json!({
        "templateArn": format!("{ARN}T"),
        "templateName": "T",
        "description": "lamps",
        "creationDate": 1_700_000_001,
        "lastModifiedDate": 1_700_000_003,
        "enabled": true,
        "type": "FLEET_PROVISIONING",
    });
    let more = json!({
        "defaultVersionId": 1,
        "templateBody": body,
        "provisioningRoleArn": ROLE,
        "preProvisioningHook": hook,
    });
    let described = bench.ok("DescribeProvisioningTemplate", json!({"templateName": "T"}));
    assert_eq!(described, with(summary.clone(), more));
    assert_eq!(bench.ok("ListProvisioningTemplates", json!({})), json!({"templates": [summary]}));
    let numbered = json!({"templateName": "T", "versionId": 2});
    let second = json!({"versionId": 2, "creationDate": 1_700_000_002, "isDefaultVersion": false});
    let first = json!({"versionId": 1, "creationDate": 1_700_000_001, "isDefaultVersion": true});
    assert_eq!(
        bench.ok("DescribeProvisioningTemplateVersion", numbered.clone()),
        with(second.clone(), json!({"templateBody": body}))
    );
    let listed = bench.ok("ListProvisioningTemplateVersions", json!({"templateName": "T"}));
    assert_eq!(listed, json!({"versions": [first, second]}));
    assert_eq!(bench.ok("DeleteProvisioningTemplateVersion", numbered), json!({}));
    assert_eq!(bench.ok("DeleteProvisioningTemplate", json!({"templateName": "T"})), json!({}));
    assert_eq!(bench.ok("ListProvisioningTemplates", json!({})), json!({"templates": []}));
}

#[test]
fn lists_come_in_parts() {
    let mut bench = Bench::furnished();
    let mut names: Vec<Vec<Value>> = Vec::new();
    let mut asked = json!({"maxResults": 2});
    loop {
        let part = bench.ok("ListProvisioningTemplates", asked.clone());
        names.push(part["templates"].as_array().unwrap().iter().map(|t| t["templateName"].clone()).collect());
        let Some(token) = part.get("nextToken") else { break };
        asked["nextToken"] = token.clone();
    }
    assert_eq!(names, [vec![json!("fleet"), json!("jitp")], vec![json!("off")]]);
    let first =
        bench.ok("ListProvisioningTemplateVersions", json!({"templateName": "fleet", "maxResults": "1"}));
    assert_eq!((&first["versions"][0]["versionId"], &first["nextToken"]), (&json!(1), &json!("2")));
    // A version that is deleted between two parts is not missed.
    bench.ok("DeleteProvisioningTemplateVersion", json!({"templateName": "fleet", "versionId": 2}));
    bench.ok("CreateProvisioningTemplateVersion", version("fleet"));
    let second =
        bench.ok("ListProvisioningTemplateVersions", json!({"templateName": "fleet", "nextToken": "2"}));
    assert_eq!((&second["versions"][0]["versionId"], second.get("nextToken")), (&json!(3), None));
}

#[test]
fn a_claim_is_the_certificate_that_was_issued_or_one_that_is_made_up() {
    let mut bench = Bench::furnished();
    let certificate = X509Certificate { pem: Some("PEM".into()), ..X509Certificate::new(CLAIM) };
    let call = |certificate| TemplateCall::CreateProvisioningClaim { template: "fleet", certificate };
    let now = at(9);
    let reply = bench.control().call(now, &call(Some(&certificate))).unwrap();
    assert_eq!(
        reply.to_json(),
        json!({
            "certificateId": CLAIM.to_string(), "certificatePem": "PEM", "expiration": 1_700_000_309,
        })
    );
    assert_eq!(bench.claims.access(CLAIM, now.wall).unwrap().template, "fleet");
    let again = bench.control().call(now, &call(Some(&certificate))).unwrap_err();
    assert_eq!(again.exception.name(), "ResourceAlreadyExistsException");
    let facts = CertificateFacts::default();
    bench.registry.register_certificate(DEVICE, facts, CertificateStatus::Active).unwrap();
    let taken = X509Certificate::new(DEVICE);
    let taken = bench.control().call(now, &call(Some(&taken))).unwrap_err();
    assert_eq!(taken.exception.name(), "ResourceAlreadyExistsException");
    let made_up = |bench: &mut Bench| match bench.control().call(now, &call(None)).unwrap() {
        TemplateReply::Claim { claim, pem: None } => claim.certificate,
        other => panic!("{other:?}"),
    };
    let (one, other) = (made_up(&mut bench), made_up(&mut bench));
    assert_ne!(one, other);
    assert!([one, other].iter().all(|id| bench.claims.access(*id, now.wall).is_some()));
    // Nobody lists it, and no certificate of the registry has its id.
    assert!(bench.registry.certificate_status(one).is_err());
    let issued =
        ControlCall::CreateKeysAndCertificate { certificate: None, status: CertificateStatus::Active };
    bench.registry.call(now, &issued).unwrap();
    assert!(bench.registry.certificate_status(one).is_err());
}

/// What audit records show is what the call would be read from.
#[test]
fn parameters_are_those_of_the_request() {
    let hook = json!({"payloadVersion": "2020-04-01", "targetArn": HOOK});
    let whole = json!({
        "templateName": "T", "description": "lamps", "templateBody": "{}", "enabled": true,
        "provisioningRoleArn": ROLE, "preProvisioningHook": hook, "type": "JITP",
    });
    let update = json!({
        "templateName": "T", "description": "", "enabled": false, "defaultVersionId": 2,
        "provisioningRoleArn": ROLE, "preProvisioningHook": {"targetArn": HOOK},
        "removePreProvisioningHook": true,
    });
    for (operation, given) in [
        ("CreateProvisioningTemplate", whole),
        ("CreateProvisioningTemplateVersion", with(version("T"), json!({"setAsDefault": true}))),
        ("UpdateProvisioningTemplate", update),
        ("UpdateProvisioningTemplate", json!({"templateName": "T"})),
        ("DeleteProvisioningTemplate", json!({"templateName": "T"})),
        ("DeleteProvisioningTemplateVersion", json!({"templateName": "T", "versionId": 3})),
        ("CreateProvisioningClaim", json!({"templateName": "T"})),
    ] {
        let owned = OwnedTemplateCall::read(operation, &given).unwrap();
        assert_eq!(owned.as_call().parameters(), given, "{operation}");
        assert_eq!(OwnedTemplateCall::read(operation, &owned.as_call().parameters()), Ok(owned));
    }
    // What was left out of the request is what the service takes in its place.
    let owned = OwnedTemplateCall::read("CreateProvisioningTemplate", &create("T")).unwrap();
    let defaults = json!({"enabled": false, "type": "FLEET_PROVISIONING"});
    assert_eq!(owned.as_call().parameters(), with(create("T"), defaults));
    let issued = X509Certificate::new(CertificateId([7; 32]));
    let claim = TemplateCall::CreateProvisioningClaim { template: "T", certificate: Some(&issued) };
    assert_eq!(claim.parameters(), json!({"templateName": "T"}));
}
