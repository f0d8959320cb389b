//! Devices that get their identity in the field.

use squall_device::{AfterRejection, Claim, PayloadFormat, Provisioning, Way};
use squall_scenario::{
    AfterRejection as AfterRejectionRule, FirmwareHabits, FleetProvisioning, Identity,
    PayloadFormat as PayloadFormatRule,
};

/// How the firmware of a fleet gets its identity; `None` where it has one.
pub(crate) fn firmware(identity: &Identity) -> Option<Provisioning> {
    let (way, habits) = match identity {
        Identity::Registered(_) | Identity::CustomAuthorizer(_) => return None,
        Identity::Jitp(just_in_time) | Identity::Jitr(just_in_time) => (Way::JustInTime, just_in_time.habits),
        Identity::Claim(asked) | Identity::TrustedUser(asked) => (Way::Claim(claim(asked)), asked.habits),
    };
    let FirmwareHabits { after_rejection, gives_up_per_million, keeps_certificate } = habits;
    let after_rejection = match after_rejection {
        AfterRejectionRule::BackOff => AfterRejection::BackOff,
        AfterRejectionRule::Wait(wait) => AfterRejection::Wait(wait),
        AfterRejectionRule::GiveUp => AfterRejection::GiveUp,
    };
    Some(Provisioning { way, after_rejection, gives_up_per_million, keeps_certificate })
}

fn claim(asked: &FleetProvisioning) -> Claim {
    Claim {
        template: asked.template.clone(),
        parameters: asked.parameters.clone(),
        format: match asked.payload_format {
            PayloadFormatRule::Json => PayloadFormat::Json,
            PayloadFormatRule::Cbor => PayloadFormat::Cbor,
        },
        csr: asked.csr,
        client_id: asked.client_id.clone(),
        timeout: asked.timeout,
    }
}
