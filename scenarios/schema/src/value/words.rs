//! The words that keys allow.

use squall_services::registry::CertificateStatus;

use crate::resolved::{
    AuthorityStatus, BackOffStrategy, CallKind, CertificateMode, ConflictHabit, DeltaHabit, IdentityKind,
    Mutant, OutageMode, Overflow, PayloadFormat, TemplateKind,
};

/// One of the words that a key allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    /// The spelling.
    pub(crate) word: &'static str,
    /// What it means.
    pub(crate) about: &'static str,
}

impl Choice {
    pub(crate) const fn new(word: &'static str, about: &'static str) -> Self {
        Self { word, about }
    }
}

/// An enum whose variants are words of the file.
pub(crate) trait Words: Copy + 'static {
    /// The words.
    const CHOICES: &'static [Choice];
    /// The value of each word.
    const VALUES: &'static [Self];
}

macro_rules! words {
    ($($kind:ident { $($variant:ident = $word:literal, $about:literal;)+ })+) => {
        $(
            impl Words for $kind {
                const CHOICES: &'static [Choice] = &[$(Choice::new($word, $about),)+];
                const VALUES: &'static [Self] = &[$(Self::$variant,)+];
            }

            impl $kind {
                /// The word that a scenario writes.
                pub const fn as_str(self) -> &'static str {
                    match self { $(Self::$variant => $word,)+ }
                }
            }
        )+
    };
}

words! {
    Overflow {
        Refuse = "refuse", "the new connection is reset at once, the device sees a refused connection";
        DropSyn = "drop-syn", "its SYN is dropped, the device retransmits until its connect_timeout";
    }
    Mutant {
        None = "none", "no bug";
        LoseDelivery = "lose-delivery", "every fifth PUBLISH to a device is lost without a word";
        Misdeliver = "misdeliver", "every fifth PUBLISH to a device goes to the next device instead";
        KeepTakenOver = "keep-taken-over", "a connection that was taken over is not closed";
        IgnorePolicies = "ignore-policies", "devices that are held to policies are let in as if they were not";
    }
    IdentityKind {
        Registered = "registered", "a certificate that the account knows";
        CustomAuthorizer = "custom-authorizer", "a custom authorizer";
        Jitp = "jitp", "a certificate of a registered authority, which the first connection registers and a template provides with everything";
        Jitr = "jitr", "a certificate of a registered authority, which the first connection registers and somebody activates, such as a Lambda";
        Claim = "claim", "a certificate that it gets over MQTT, with the claim certificate that the fleet shares";
        TrustedUser = "trusted-user", "a certificate that it gets over MQTT, with a claim that a trusted user made for it when it first connects";
    }
    CallKind {
        PublishToTopic = "PublishToTopic", "publishes a message, as the data plane's Publish does";
        UpdateCertificate = "UpdateCertificate", "gives the certificates of devices another status";
        AttachPolicy = "AttachPolicy", "attaches a policy to the certificates of devices";
        DetachPolicy = "DetachPolicy", "detaches a policy from the certificates of devices";
        CreatePolicy = "CreatePolicy", "makes a policy";
        CreatePolicyVersion = "CreatePolicyVersion", "gives a policy another version";
        SetDefaultPolicyVersion = "SetDefaultPolicyVersion", "brings a version of a policy into force";
    }
    BackOffStrategy {
        None = "none", "no wait at all";
        Fixed = "fixed", "always base";
        Exponential = "exponential", "min(cap, base * 2^n) after n failed attempts in a row";
        EqualJitter = "equal-jitter", "half of the exponential wait, plus a uniform draw up to the other half";
        FullJitter = "full-jitter", "a uniform draw from 0 to the exponential wait";
        DecorrelatedJitter = "decorrelated-jitter", "a uniform draw from base to three times the previous wait, at most cap";
    }
    AuthorityStatus {
        Active = "active", "certificates of it may be registered";
        Inactive = "inactive", "none may; those that are registered go on as before";
    }
    CertificateMode {
        Default = "default", "with a verification certificate";
        SniOnly = "sni-only", "without one; its devices must send a server name";
    }
    TemplateKind {
        Fleet = "fleet", "for claims: `FLEET_PROVISIONING`";
        Jitp = "jitp", "for just-in-time provisioning";
    }
    PayloadFormat {
        Json = "json", "JSON";
        Cbor = "cbor", "CBOR";
    }
    DeltaHabit {
        Apply = "apply", "it takes the desired values for its own, and reports what it applied";
        Ignore = "ignore", "nothing";
    }
    ConflictHabit {
        GetAndRepeat = "get-and-repeat", "it gets the shadow, takes what is desired as from a delta, and sends the same update with the version that it was told";
        GiveUp = "give-up", "it drops the update";
    }
    OutageMode {
        Refuse = "refuse", "new connections are refused, established ones live on";
        Reset = "reset", "established connections are reset at its start, new ones are refused while it lasts";
        Silent = "silent", "nothing passes either way and nobody is told; TCP retransmits what was sent once it is over";
    }
}

/// The states of a certificate, in the order of [`CertificateStatus::ALL`].
pub(crate) const CERTIFICATE_STATUS: &[Choice] = &[
    Choice::new(CertificateStatus::Active.as_str(), "it may connect"),
    Choice::new(CertificateStatus::Inactive.as_str(), "it is switched off"),
    Choice::new(CertificateStatus::Revoked.as_str(), "it is withdrawn for good"),
    Choice::new(CertificateStatus::PendingTransfer.as_str(), "it is on its way to another account"),
    Choice::new(
        CertificateStatus::PendingActivation.as_str(),
        "its first connection registered it, nobody activated it",
    ),
    Choice::new(CertificateStatus::RegisterInactive.as_str(), "the service calls it deprecated"),
];

impl Words for CertificateStatus {
    const CHOICES: &'static [Choice] = CERTIFICATE_STATUS;
    const VALUES: &'static [Self] = Self::ALL;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_have_the_states_of_the_service() {
        let words: Vec<&str> = CERTIFICATE_STATUS.iter().map(|choice| choice.word).collect();
        let states: Vec<&str> = CertificateStatus::ALL.iter().map(|state| state.as_str()).collect();
        assert_eq!(words, states);
    }
}
