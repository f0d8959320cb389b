//! What the account has of provisioning when the run begins: authorities, templates, rules, claims.

use squall_core::LambdaRule;
use squall_scenario::{
    AuthorityStatus, CertificateAuthority, CertificateMode as Mode, Identity, Scenario, TemplateKind as Kind,
};
use squall_services::api_error::ApiError;
use squall_services::policy::{
    Account, CertificateAttribute, CertificateFacts, CertificateField, CertificateHolder,
};
use squall_services::provisioning::{NewHook, NewTemplate, TemplateKind, Templates};
use squall_services::registry::{
    CaRegistration, CertificateMode, CertificateStatus, RegistrationConfig, RegistrationTemplate, Registry,
    X509Certificate,
};
use squall_types::{CertificateId, Owner, WallTime};

use crate::account::{SetupError, serial_number};
use crate::fleet::FleetRun;
use crate::identities::claim_of;

/// The role that provisions; nothing is asked of it.
const ROLE: &str = "arn:aws:iam::123456789012:role/squall-provisioning";

/// The CA certificate of an authority.
pub(crate) fn authority_of(name: &str) -> CertificateId {
    CertificateId::of(Owner(Owner::named(name).0 ^ Owner::named("authority").0))
}

/// The ARN of a function.
fn function_arn(name: &str) -> String {
    format!("arn:aws:lambda:us-east-1:{}:function:{name}", Account::DEFAULT_ID)
}

/// Templates of the account.
pub(crate) fn templates(scenario: &Scenario, now: WallTime) -> Result<Templates, SetupError> {
    let mut templates = Templates::new(&Account::default());
    for one in &scenario.provisioning_templates {
        let hook = one.hook.as_deref().map(function_arn);
        let new = NewTemplate {
            name: &one.name,
            description: None,
            body: &one.body,
            enabled: one.is_enabled,
            role_arn: ROLE,
            hook: hook.as_deref().map(|target_arn| NewHook { payload_version: None, target_arn }),
            kind: match one.kind {
                Kind::Fleet => TemplateKind::Fleet,
                Kind::Jitp => TemplateKind::Jitp,
            },
        };
        templates.create(now, &new).map_err(|error| {
            let source = one.source.as_deref().map(|path| format!(" ({path})")).unwrap_or_default();
            SetupError::new(format!("provisioning_template {}{source}", one.name), error)
        })?;
    }
    Ok(templates)
}

/// Rules of the account.
pub(crate) fn rules(scenario: &Scenario) -> Vec<LambdaRule> {
    let rules = scenario.rules.iter().map(|rule| LambdaRule {
        name: rule.name.as_str().into(),
        filter: rule.filter.as_str().into(),
        function: rule.lambda.as_str().into(),
    });
    rules.collect()
}

/// Registers the authorities, and the claims that fleets share.
pub(crate) fn register(
    registry: &mut Registry,
    scenario: &Scenario,
    fleets: &[FleetRun],
) -> Result<(), SetupError> {
    for authority in &scenario.certificate_authorities {
        register_authority(registry, authority)
            .map_err(|error| SetupError::new(format!("certificate_authority {}", authority.name), error))?;
    }
    for (fleet, run) in scenario.fleets.iter().zip(fleets) {
        let Identity::Claim(asked) = &fleet.identity else { continue };
        let claim = claim_of(run.owner);
        register_claim(registry, claim, &asked.claim_policies)
            .map_err(|error| SetupError::new(format!("claim of fleet {}", fleet.name), error))?;
    }
    Ok(())
}

fn register_claim(registry: &mut Registry, id: CertificateId, policies: &[String]) -> Result<(), ApiError> {
    let facts = CertificateFacts::new(&serial_number(id));
    registry.register_certificate(id, facts, CertificateStatus::Active)?;
    policies.iter().try_for_each(|policy| registry.attach_policy_to_certificate(policy, id))
}

fn register_authority(registry: &mut Registry, authority: &CertificateAuthority) -> Result<(), ApiError> {
    let id = authority_of(&authority.name);
    let named = |id: CertificateId, common_name: &str| {
        let mut certificate = X509Certificate::new(id);
        let field = CertificateField::CommonName;
        let attribute = CertificateAttribute { holder: CertificateHolder::Subject, field };
        certificate.facts.add(attribute, common_name);
        certificate
    };
    let ca = named(id, &authority.name);
    let (mode, verification) = match authority.mode {
        Mode::SniOnly => (CertificateMode::SniOnly, None),
        Mode::Default => {
            let signed = CertificateId::of(Owner(Owner::named(&authority.name).0 ^ 1));
            let verification = named(signed, &registry.registration_code());
            (CertificateMode::Default, Some(X509Certificate { issuer: Some(id), ..verification }))
        }
    };
    let registration = authority.template.as_deref().map(|name| RegistrationConfig {
        template: RegistrationTemplate::Name(name.into()),
        role_arn: Some(ROLE.into()),
    });
    registry.register_ca_certificate(&CaRegistration {
        certificate: &ca,
        verification: verification.as_ref(),
        mode,
        set_as_active: authority.status == AuthorityStatus::Active,
        allow_auto_registration: authority.auto_registration,
        registration: registration.as_ref(),
    })
}
