//! Calls of the account, from the words of a case to those of the broker.

use serde_json::Value as Json;
use squall_core::{Call, Caller, Input, Reply, RequestId, ShadowReply};
use squall_services::api_error::ApiError;
use squall_services::provisioning::{
    OwnedTemplateCall, OwnedTemplateQuery, TEMPLATE_CALLS, TEMPLATE_QUERIES,
};
use squall_services::registry::{
    CALLS, ControlCall, OwnedCall, OwnedQuery, PolicyTarget, PrincipalKind, ThingConfiguration,
    ThingGroupProperties, X509Certificate,
};
use squall_services::shadow::{OwnedShadowCall, SHADOW_CALLS};
use squall_types::QoS;

use super::{SimWorld, TAG};
use crate::case::{Names, certificate_id, document, status};
use crate::target::Answered;
use crate::wire_text::{CallWritten, Fill};

/// The arguments of one call.
struct Arguments<'c> {
    call: &'c CallWritten,
    fill: Fill<'c>,
}

impl Arguments<'_> {
    fn bytes(&self, name: &str) -> Result<Option<Vec<u8>>, String> {
        let found = self.call.arguments.iter().find(|(found, _)| found == name);
        found.map(|(_, value)| value.fill(&self.fill)).transpose()
    }

    fn text(&self, name: &str) -> Result<Option<String>, String> {
        let bytes = self.bytes(name)?;
        bytes.map(|bytes| String::from_utf8(bytes).map_err(|_| format!("'{name}' is not UTF-8"))).transpose()
    }

    fn need(&self, name: &str) -> Result<String, String> {
        self.text(name)?.ok_or_else(|| format!("{} needs '{name}'", self.call.operation))
    }

    fn flag(&self, name: &str) -> Result<bool, String> {
        Ok(self.text(name)?.is_some_and(|value| value != "0"))
    }

    fn number(&self, name: &str) -> Result<u32, String> {
        self.need(name)?.parse().map_err(|_| format!("'{name}' is a number"))
    }
}

/// What was read from JSON.
enum Asked {
    Control(OwnedCall),
    Query(OwnedQuery),
    Template(OwnedTemplateCall),
    TemplateQuery(OwnedTemplateQuery),
    Shadow(OwnedShadowCall),
}

impl Asked {
    fn read(operation: &str, parameters: &Json) -> Result<Self, ApiError> {
        if CALLS.contains(&operation) {
            OwnedCall::read(operation, parameters).map(Self::Control)
        } else if TEMPLATE_CALLS.contains(&operation) {
            OwnedTemplateCall::read(operation, parameters).map(Self::Template)
        } else if TEMPLATE_QUERIES.contains(&operation) {
            OwnedTemplateQuery::read(operation, parameters).map(Self::TemplateQuery)
        } else if SHADOW_CALLS.contains(&operation) {
            OwnedShadowCall::read(operation, parameters).map(Self::Shadow)
        } else {
            OwnedQuery::read(operation, parameters).map(Self::Query)
        }
    }

    fn as_call(&self) -> Call<'_> {
        match self {
            Self::Control(call) => Call::Control(call.as_call()),
            Self::Query(query) => Call::Query(query.as_query()),
            Self::Template(call) => Call::Template(call.as_call()),
            Self::TemplateQuery(query) => Call::TemplateQuery(query.as_query()),
            Self::Shadow(call) => Call::Shadow(call.as_call()),
        }
    }
}

impl SimWorld<'_> {
    /// Makes a call; the name of the error that it is answered with.
    pub(super) fn make_call(
        &mut self,
        call: &CallWritten,
        count: u64,
        prefix: &str,
    ) -> Result<Option<String>, String> {
        self.meet_deadlines(self.now);
        let arguments = Arguments { call, fill: Fill { count, prefix, names: Names::None } };
        match call.operation.as_str() {
            "Publish" => self.publish(&arguments),
            "CreateAuthorizer" | "UpdateAuthorizer" | "SetDefaultAuthorizer" => {
                Ok(name_of(&self.call_authorizers(&arguments)?))
            }
            "AttachPolicy" | "DetachPolicy" => self.attach_or_detach(&arguments),
            operation if operation.ends_with("Policy") || operation.ends_with("PolicyVersion") => {
                self.call_policies(&arguments)
            }
            operation if operation.contains("Certificate") => self.call_certificates(&arguments),
            operation if operation.contains("Thing") => self.call_things(&arguments),
            operation => Err(format!("the simulated service has no {operation} yet")),
        }
    }

    fn request(&mut self, call: Call<'_>) -> Result<Option<String>, String> {
        Ok(match self.reply(call)? {
            Reply::Ok
            | Reply::Control(_)
            | Reply::Answer(_)
            | Reply::Template(_)
            | Reply::TemplateAnswer(_) => None,
            Reply::Shadow(reply) => reply.rejection.map(|rejection| rejection.exception().to_owned()),
            Reply::InvalidRequest(_) => Some("InvalidRequestException".to_owned()),
            Reply::Throttling => Some("ThrottlingException".to_owned()),
            Reply::Failed(error) => Some(error.exception.name().to_owned()),
        })
    }

    /// Makes a call in the API's JSON; what it is answered with.
    pub(super) fn ask_in_json(&mut self, operation: &str, parameters: &Json) -> Result<Answered, String> {
        self.meet_deadlines(self.now);
        let asked = match Asked::read(operation, parameters) {
            Ok(asked) => asked,
            Err(error) => return Ok(Err(error).into()),
        };
        let call = asked.as_call();
        let answer = match (self.reply(call)?, call) {
            (Reply::Control(reply), Call::Control(call)) => reply.to_json(&call),
            (Reply::Answer(answer), _) => answer.to_json(),
            (Reply::Template(reply), _) => reply.to_json(),
            (Reply::TemplateAnswer(answer), _) => answer.to_json(),
            (Reply::Shadow(reply), _) => return answered_of_shadow(&reply),
            (Reply::Failed(error), _) => return Ok(Err(error).into()),
            (other, _) => return Err(format!("{operation} is answered with {other:?}")),
        };
        Ok(Ok(answer).into())
    }

    fn reply(&mut self, call: Call<'_>) -> Result<Reply, String> {
        self.requests += 1;
        let caller = Caller::Account { tag: TAG };
        let reply = self.input(Input::Request { id: RequestId(self.requests), caller, call });
        reply.ok_or_else(|| "the service did not answer".to_owned())
    }

    fn control(&mut self, call: ControlCall<'_>) -> Result<Option<String>, String> {
        self.request(Call::Control(call))
    }

    fn publish(&mut self, arguments: &Arguments<'_>) -> Result<Option<String>, String> {
        let topic = arguments.text("topic")?.unwrap_or_default();
        let payload = arguments.bytes("payload")?.unwrap_or_default();
        let qos = arguments.text("qos")?.unwrap_or_else(|| "0".to_owned());
        let qos = qos.parse().ok().and_then(QoS::from_bits).ok_or("'qos' is 0, 1 or 2")?;
        let retain = arguments.flag("retain")?;
        self.request(Call::Publish { topic: &topic, payload: &payload, qos, retain })
    }

    fn call_policies(&mut self, arguments: &Arguments<'_>) -> Result<Option<String>, String> {
        let name = &*arguments.need("name")?;
        let text = || document(&arguments.need("document")?);
        let version = || arguments.number("version");
        match arguments.call.operation.as_str() {
            "CreatePolicy" => self.control(ControlCall::CreatePolicy { name, document: &text()? }),
            "CreatePolicyVersion" => {
                let set_as_default = arguments.flag("set_as_default")?;
                let document = &*text()?;
                self.control(ControlCall::CreatePolicyVersion { name, document, set_as_default })
            }
            "SetDefaultPolicyVersion" => {
                self.control(ControlCall::SetDefaultPolicyVersion { name, version: version()? })
            }
            "DeletePolicyVersion" => {
                self.control(ControlCall::DeletePolicyVersion { name, version: version()? })
            }
            _ => self.control(ControlCall::DeletePolicy { name }),
        }
    }

    fn attach_or_detach(&mut self, arguments: &Arguments<'_>) -> Result<Option<String>, String> {
        let policy = &*arguments.need("policy")?;
        let [certificate, group, cognito] =
            ["certificate", "group", "cognito"].map(|name| arguments.text(name));
        let (certificate, group, cognito) = (certificate?, group?, cognito?);
        let target = match (&certificate, &group, &cognito) {
            (Some(name), None, None) => PolicyTarget::Certificate(certificate_id(name)),
            (None, Some(name), None) => PolicyTarget::ThingGroup(name),
            (None, None, Some(id)) => PolicyTarget::CognitoIdentity(id),
            _ => return Err("one of certificate, group and cognito is needed".to_owned()),
        };
        self.control(match arguments.call.operation.as_str() {
            "AttachPolicy" => ControlCall::AttachPolicy { policy, target },
            _ => ControlCall::DetachPolicy { policy, target },
        })
    }

    fn call_certificates(&mut self, arguments: &Arguments<'_>) -> Result<Option<String>, String> {
        let id = certificate_id(&arguments.need("certificate")?);
        let new_status = || status(&arguments.need("status")?);
        match arguments.call.operation.as_str() {
            "RegisterCertificateWithoutCA" => {
                let certificate = &X509Certificate::new(id);
                let status = new_status()?;
                self.control(ControlCall::RegisterCertificateWithoutCa { certificate, status })
            }
            "UpdateCertificate" => self.control(ControlCall::UpdateCertificate { id, status: new_status()? }),
            _ => self.control(ControlCall::DeleteCertificate { id, force: arguments.flag("force")? }),
        }
    }

    fn call_things(&mut self, arguments: &Arguments<'_>) -> Result<Option<String>, String> {
        let thing = arguments.text("thing")?.unwrap_or_default();
        let thing = &*thing;
        let group = arguments.text("group")?.unwrap_or_default();
        let group = &*group;
        let name = arguments.text("name")?.unwrap_or_default();
        let name = &*name;
        let id = certificate_id(&arguments.text("certificate")?.unwrap_or_default());
        match arguments.call.operation.as_str() {
            "CreateThing" => {
                let configuration = &configuration(arguments)?;
                self.control(ControlCall::CreateThing { name, configuration })
            }
            "DeleteThing" => self.control(ControlCall::DeleteThing { name, expected_version: None }),
            "AttachThingPrincipal" => {
                let exclusive = arguments.flag("exclusive")?;
                let kind = if exclusive { PrincipalKind::Exclusive } else { PrincipalKind::NonExclusive };
                self.control(ControlCall::AttachThingPrincipal { thing, id, kind })
            }
            "DetachThingPrincipal" => self.control(ControlCall::DetachThingPrincipal { thing, id }),
            "CreateThingGroup" => {
                let parent = arguments.text("parent")?;
                let (parent, properties) = (parent.as_deref(), &ThingGroupProperties::default());
                self.control(ControlCall::CreateThingGroup { name, parent, properties })
            }
            "AddThingToThingGroup" => self.control(ControlCall::AddThingToThingGroup { thing, group }),
            _ => self.control(ControlCall::RemoveThingFromThingGroup { thing, group }),
        }
    }

    /// Authorizers live beside the broker: these calls do not reach it.
    fn call_authorizers(&mut self, arguments: &Arguments<'_>) -> Result<Result<(), ApiError>, String> {
        let name = arguments.need("name")?;
        let active = || match arguments.text("status")?.as_deref() {
            Some("ACTIVE") => Ok(true),
            Some("INACTIVE") | None => Ok(false),
            Some(other) => Err(format!("'{other}' is neither ACTIVE nor INACTIVE")),
        };
        match arguments.call.operation.as_str() {
            "CreateAuthorizer" => self.functions.create(&name, active()?, false),
            "UpdateAuthorizer" => Ok(self.functions.update(&name, active()?)),
            _ => Ok(self.functions.set_default(&name)),
        }
    }
}

/// An error of the data API is a document too, with its code and what it says.
fn answered_of_shadow(reply: &ShadowReply) -> Result<Answered, String> {
    let body = match &*reply.body {
        [] => Json::Null,
        body => serde_json::from_slice(body).map_err(|error| format!("the body is no JSON: {error}"))?,
    };
    let said = body.get("message").and_then(Json::as_str).unwrap_or_default().to_owned();
    Ok(Answered { error: reply.rejection.map(|rejection| (rejection.exception(), said)), body })
}

fn name_of(result: &Result<(), ApiError>) -> Option<String> {
    result.as_ref().err().map(|error| error.exception.name().to_owned())
}

/// `type=T attributes=a=1,b=2`
fn configuration(arguments: &Arguments<'_>) -> Result<ThingConfiguration, String> {
    let attributes = arguments.text("attributes")?.unwrap_or_default();
    let pair = |text: &str| {
        let (name, value) = text.split_once('=').ok_or("attributes are NAME=VALUE,NAME=VALUE")?;
        Ok((name.into(), value.into()))
    };
    Ok(ThingConfiguration {
        billing_group: None,
        type_name: arguments.text("type")?.map(Into::into),
        attributes: attributes
            .split(',')
            .filter(|text| !text.is_empty())
            .map(pair)
            .collect::<Result<_, &str>>()
            .map_err(str::to_owned)?,
    })
}
