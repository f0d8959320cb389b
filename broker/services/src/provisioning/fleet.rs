//! Fleet provisioning over MQTT (`state.md` 3.3): a state machine that asks for keys, signatures and a hook's answer.
//!
//! ```text
//! create            --request--> NeedsKeys --finish_certificate--> accepted: certificate, key, ownership token
//! create-from-csr   --request--> NeedsSignature --finish_certificate--> accepted: certificate, ownership token
//! provision         --request--> (NeedsHook --finish_hook-->) accepted: thing name, device configuration
//!                       any of them may answer rejected instead
//! ```

use std::sync::Arc;

use serde_json::{Map, Value};
use squall_profile::Limits;
use squall_types::{CertificateId, Now, Timestamp, TokenBucket};

use super::answer::{FleetAnswer, Outcome};
use super::apply::apply;
use super::control::Control;
use super::hook::{HookEvent, apply_answer};
use super::payload::decode;
use super::rejection::{HookFailure, Rejection};
use super::store::{ProvisioningTemplate, Templates};
use super::token::OwnershipTokens;
use super::topic::{FleetApi, FleetTopic, PayloadFormat};
use crate::registry::{CertificateStatus, Registry, X509Certificate};
use crate::template::Parameters;
use crate::template::{CERTIFICATE_ID, Template, TemplateKind};

const SECOND: u64 = 1_000_000_000;

/// A request that a device published.
#[derive(Clone, Copy, Debug)]
pub struct FleetRequest<'a> {
    /// Where to.
    pub topic: FleetTopic<'a>,
    /// What.
    pub payload: &'a [u8],
    /// The device's client id.
    pub client_id: &'a str,
    /// The certificate that it is connected with.
    pub claim: Option<CertificateId>,
    /// When it connected, if that certificate is a temporary one of a trusted user.
    pub temporary_claim_since: Option<Timestamp>,
}

/// What a request came to so far.
#[derive(Clone, Debug)]
pub enum Begun {
    /// It is answered.
    Answered(FleetAnswer),
    /// A key pair and a certificate for it are needed.
    NeedsKeys(PendingCertificate),
    /// A certificate for a signing request is needed.
    NeedsSignature {
        /// The request, PEM text that nobody has looked into yet.
        signing_request: Box<str>,
        /// To go on with.
        pending: PendingCertificate,
    },
    /// The template's hook must be called.
    NeedsHook(Box<PendingRegistration>),
}

/// A certificate that is being made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PendingCertificate {
    format: PayloadFormat,
    with_keys: bool,
}

/// A certificate that was made.
#[derive(Clone, Copy, Debug)]
pub struct IssuedCertificate<'a> {
    /// Its fields, with its PEM text.
    pub certificate: &'a X509Certificate,
    /// The private key, PEM text; none for a signing request.
    pub private_key: Option<&'a str>,
    /// The text of its ownership token: at least 128 bits of chance, never given before.
    pub ownership_token: &'a str,
}

/// A thing whose registration waits for its hook.
#[derive(Clone, Debug)]
pub struct PendingRegistration {
    format: PayloadFormat,
    /// The ARN of the function.
    pub function_arn: Box<str>,
    /// What it is sent, JSON text.
    pub event: Box<str>,
    /// Name of the template.
    pub template_name: Box<str>,
    template: Arc<Template>,
    token: Box<str>,
    certificate: CertificateId,
    parameters: Parameters,
}

/// What the account knows of fleet provisioning beside its registry: rates and ownership tokens.
#[derive(Clone, Debug)]
pub struct FleetProvisioning {
    create_keys: TokenBucket,
    create_from_csr: TokenBucket,
    register: TokenBucket,
    tokens: OwnershipTokens,
    token_nanos: u64,
    claim_nanos: u64,
}

impl FleetProvisioning {
    /// Nobody was provisioned yet.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        Self {
            create_keys: TokenBucket::new(limits.fleet_create_keys_per_second),
            create_from_csr: TokenBucket::new(limits.fleet_create_from_csr_per_second),
            register: TokenBucket::new(limits.fleet_register_thing_per_second),
            tokens: OwnershipTokens::default(),
            token_nanos: u64::from(limits.ownership_token_seconds) * SECOND,
            claim_nanos: u64::from(limits.provisioning_claim_seconds) * SECOND,
        }
    }

    /// A device asks for something.
    pub fn request(
        &mut self,
        control: &mut Control<'_>,
        templates: &Templates,
        request: &FleetRequest<'_>,
    ) -> Begun {
        let format = request.topic.format;
        self.begin(control, templates, request)
            .unwrap_or_else(|rejection| Begun::Answered(FleetAnswer::rejected(format, rejection)))
    }

    /// The certificate is made, or cannot be: why.
    pub fn finish_certificate(
        &mut self,
        control: &mut Control<'_>,
        pending: PendingCertificate,
        issued: Result<IssuedCertificate<'_>, &str>,
    ) -> FleetAnswer {
        let PendingCertificate { format, with_keys } = pending;
        let issued = match issued {
            Ok(issued) => issued,
            Err(what) if with_keys => {
                return FleetAnswer::rejected(format, Rejection::Certificate(what.into()));
            }
            Err(what) => return FleetAnswer::rejected(format, Rejection::SigningRequest(what.into())),
        };
        debug_assert!(!self.tokens.is_issued(issued.ownership_token), "a token's text is given twice");
        control.registry.set_time(control.now);
        let status = CertificateStatus::PendingActivation;
        if let Err(error) = control.registry.issue_certificate(Some(issued.certificate), status) {
            return FleetAnswer::rejected(format, Rejection::Certificate(error.message.into()));
        }
        let id = issued.certificate.id;
        let ends = control.now.mono.plus_nanos(self.token_nanos);
        self.tokens.issue(issued.ownership_token, id, ends);
        let pem = issued.certificate.pem.as_deref().unwrap_or_default();
        let (id_text, token) = (Value::from(id.to_string()), Value::from(issued.ownership_token));
        let entries = if with_keys {
            let key = Value::from(issued.private_key.unwrap_or_default());
            vec![
                ("certificateId", id_text),
                ("certificatePem", pem.into()),
                ("privateKey", key),
                ("certificateOwnershipToken", token),
            ]
        } else {
            vec![
                ("certificateOwnershipToken", token),
                ("certificateId", id_text),
                ("certificatePem", pem.into()),
            ]
        };
        FleetAnswer::accepted(format, Outcome::Issued(id), entries)
    }

    /// The hook has answered, or has not.
    pub fn finish_hook(
        &mut self,
        control: &mut Control<'_>,
        pending: PendingRegistration,
        answer: Result<&str, HookFailure>,
    ) -> FleetAnswer {
        let PendingRegistration { format, template, token, certificate, mut parameters, .. } = pending;
        if !self.tokens.release(&token) {
            // Its hour ended meanwhile, and the certificate with it.
            return FleetAnswer::rejected(format, Rejection::InvalidToken);
        }
        match answer.and_then(|answer| apply_answer(&mut parameters, answer)) {
            Ok(()) => self.register(control, format, &template, &token, certificate, parameters),
            Err(failure) => FleetAnswer::rejected(format, Rejection::Hook(failure)),
        }
    }

    /// When [`expire`](Self::expire) has something to do.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.tokens.next_end()
    }

    /// Deletes the certificates whose hour is over and that were neither activated nor attached to anything: their ids.
    pub fn expire(&mut self, registry: &mut Registry, now: Now) -> Vec<CertificateId> {
        let mut deleted = Vec::new();
        while let Some(certificate) = self.tokens.pop_ended(now.mono) {
            // The registry refuses to delete what is active or attached: that is what was provisioned.
            if registry.delete_certificate(certificate, false).is_ok() {
                deleted.push(certificate);
            }
        }
        deleted
    }

    fn begin(
        &mut self,
        control: &mut Control<'_>,
        templates: &Templates,
        request: &FleetRequest<'_>,
    ) -> Result<Begun, Rejection> {
        let FleetRequest { topic, payload, .. } = *request;
        let now = control.now.mono;
        let bucket = match topic.api {
            FleetApi::CreateKeysAndCertificate => &mut self.create_keys,
            FleetApi::CreateCertificateFromCsr => &mut self.create_from_csr,
            FleetApi::RegisterThing { .. } => &mut self.register,
        };
        if !bucket.take(now) {
            return Err(Rejection::Throttled);
        }
        let template = match topic.api {
            FleetApi::RegisterThing { template } => template,
            FleetApi::CreateKeysAndCertificate | FleetApi::CreateCertificateFromCsr => {
                return self.begin_certificate(now, request);
            }
        };
        let object = decode(topic.format, payload).map_err(|what| Rejection::Payload(what.into()))?;
        let token = text(&object, "certificateOwnershipToken")?.unwrap_or_default();
        let parameters = device_parameters(&object)?;
        let held = fleet_template(templates, template)?;
        if token.is_empty() {
            return Err(Rejection::EmptyToken);
        }
        let certificate = self.tokens.certificate(token).ok_or(Rejection::InvalidToken)?;
        let version = Arc::clone(&held.default_version().template);
        let Some(hook) = &held.hook else {
            let answer = self.register(control, topic.format, &version, token, certificate, parameters);
            return Ok(Begun::Answered(answer));
        };
        let event = HookEvent {
            claim: request.claim,
            certificate,
            certificate_pem: control.registry.certificate_pem(certificate).unwrap_or_default(),
            template_arn: &held.arn,
            client_id: request.client_id,
            parameters: &parameters,
        };
        let event = event.to_json().into();
        self.tokens.hold(token);
        Ok(Begun::NeedsHook(Box::new(PendingRegistration {
            format: topic.format,
            function_arn: hook.target_arn.clone(),
            event,
            template_name: held.name.clone(),
            template: version,
            token: token.into(),
            certificate,
            parameters,
        })))
    }

    fn begin_certificate(&self, now: Timestamp, request: &FleetRequest<'_>) -> Result<Begun, Rejection> {
        // Check 89: create must come within the claim's time, counted from connecting.
        if request.temporary_claim_since.is_some_and(|since| now > since.plus_nanos(self.claim_nanos)) {
            return Err(Rejection::ClaimEnded);
        }
        let FleetTopic { api, format, .. } = request.topic;
        let with_keys = api == FleetApi::CreateKeysAndCertificate;
        let pending = PendingCertificate { format, with_keys };
        if with_keys {
            // The documents ask for an empty payload; what another one does is not documented: nothing.
            return Ok(Begun::NeedsKeys(pending));
        }
        let object = decode(format, request.payload).map_err(|what| Rejection::Payload(what.into()))?;
        match text(&object, "certificateSigningRequest")? {
            Some(csr) if !csr.is_empty() => {
                Ok(Begun::NeedsSignature { signing_request: csr.into(), pending })
            }
            _ => Err(Rejection::SigningRequest("it is missing".into())),
        }
    }

    /// A token is used up by success alone (unverified): a device whose registration is throttled tries again with it.
    fn register(
        &mut self,
        control: &mut Control<'_>,
        format: PayloadFormat,
        template: &Template,
        token: &str,
        certificate: CertificateId,
        mut parameters: Parameters,
    ) -> FleetAnswer {
        parameters.set(CERTIFICATE_ID, &certificate.to_string());
        let plan = match template.expand(&parameters) {
            Ok(plan) => plan,
            Err(error) => return FleetAnswer::rejected(format, Rejection::Provisioning(error)),
        };
        let provisioned = match apply(control, certificate, &plan) {
            Ok(provisioned) => provisioned,
            Err(failure) => {
                let details = failure.to_string();
                return FleetAnswer::rejected_with(format, Rejection::Provisioning(failure.error), details);
            }
        };
        self.tokens.use_up(token);
        let configuration: Map<String, Value> = plan
            .device_configuration
            .into_iter()
            .map(|(name, value)| (name.into_string(), value.into_string().into()))
            .collect();
        let mut entries = vec![("deviceConfiguration", Value::Object(configuration))];
        entries.extend(provisioned.thing.as_deref().map(|name| ("thingName", name.into())));
        FleetAnswer::accepted(format, Outcome::Registered { certificate, provisioned }, entries)
    }
}

fn fleet_template<'t>(templates: &'t Templates, name: &str) -> Result<&'t ProvisioningTemplate, Rejection> {
    match templates.describe(name) {
        Ok(held) if held.kind != TemplateKind::Fleet => Err(Rejection::UnknownTemplate(name.into())),
        Ok(held) if !held.enabled => Err(Rejection::DisabledTemplate(name.into())),
        Ok(held) => Ok(held),
        Err(_) => Err(Rejection::UnknownTemplate(name.into())),
    }
}

fn text<'o>(object: &'o Map<String, Value>, name: &str) -> Result<Option<&'o str>, Rejection> {
    match object.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Rejection::Payload(format!("{name}: a text is expected").into())),
    }
}

fn device_parameters(object: &Map<String, Value>) -> Result<Parameters, Rejection> {
    let wrong = |what: String| Rejection::Payload(what.into());
    let given = match object.get("parameters") {
        None | Some(Value::Null) => return Ok(Parameters::default()),
        Some(Value::Object(given)) => given,
        Some(_) => return Err(wrong("parameters: an object is expected".to_owned())),
    };
    if let Some((name, _)) = given.iter().find(|(_, value)| !value.is_string()) {
        return Err(wrong(format!("parameters.{name}: a text is expected")));
    }
    Ok(given.iter().map(|(name, value)| (name.as_str(), value.as_str().unwrap_or_default())).collect())
}
