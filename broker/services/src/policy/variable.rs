//! Policy variables and condition keys: one vocabulary (`broker.md` 9.3, 9.4).

use super::certificate::CertificateAttribute;

/// Which of several values is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pick {
    /// The value at this place: the bare name is the first, `.1` the second.
    At(u8),
    /// All of them: `.List`.
    All,
}

/// Something that is known of a connection and that a policy can name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Variable {
    ClientId,
    ThingName,
    ThingTypeName,
    ThingAttribute(Box<str>),
    ThingIsAttached,
    SourceIp,
    CertificateId,
    CertificateSerialNumber,
    CertificateAvailableKeys,
    Certificate(CertificateAttribute, Pick),
    ConnectAttributes,
    LastWillTopic,
    /// `aws:SourceVpc`, `aws:SourceVpce`, `aws:VpcSourceIp`: of clients behind a VPC endpoint, which no connection here
    /// comes through, so it never has a value.
    VpcEndpoint,
}

const PLAIN: &[(&str, Variable)] = &[
    ("iot:ClientId", Variable::ClientId),
    ("iot:Connection.Thing.ThingName", Variable::ThingName),
    // The older spelling of samples, taken as an alias (9.4, unverified there).
    ("iot:Thing.ThingName", Variable::ThingName),
    ("iot:Connection.Thing.ThingTypeName", Variable::ThingTypeName),
    ("iot:Connection.Thing.IsAttached", Variable::ThingIsAttached),
    ("aws:SourceIp", Variable::SourceIp),
    ("iot:CertificateId", Variable::CertificateId),
    ("iot:Certificate.SerialNumber", Variable::CertificateSerialNumber),
    ("iot:Certificate.AvailableKeys", Variable::CertificateAvailableKeys),
];

const KEYS_ONLY: &[(&str, Variable)] = &[
    ("iot:ConnectAttributes", Variable::ConnectAttributes),
    ("iot:LastWillTopic", Variable::LastWillTopic),
    ("aws:SourceVpc", Variable::VpcEndpoint),
    ("aws:SourceVpce", Variable::VpcEndpoint),
    ("aws:VpcSourceIp", Variable::VpcEndpoint),
];

/// What a message says of the names that are known.
pub(super) const KNOWN: &str = "iot:ClientId, iot:Connection.Thing.{ThingName,ThingTypeName,Attributes[NAME],IsAttached}, \
     aws:SourceIp, iot:CertificateId, iot:Certificate.{SerialNumber,AvailableKeys}, \
     iot:Certificate.{Subject,Issuer}.{Country,CommonName,...} with .1 to .4 or .List";

impl Variable {
    /// The variable that `${TEXT}` names.
    pub(super) fn from_text(text: &str) -> Option<Self> {
        if let Some((_, variable)) = PLAIN.iter().find(|(name, _)| *name == text) {
            return Some(variable.clone());
        }
        if let Some(rest) = text.strip_prefix("iot:Connection.Thing.Attributes[") {
            let name = rest.strip_suffix(']').filter(|name| !name.is_empty())?;
            return Some(Self::ThingAttribute(name.into()));
        }
        if let Some(attribute) = CertificateAttribute::from_variable(text) {
            return Some(Self::Certificate(attribute, Pick::At(0)));
        }
        let (name, pick) = text.rsplit_once('.')?;
        let pick = match pick {
            "List" => Pick::All,
            digit => Pick::At(digit.parse().ok().filter(|_| digit.len() == 1 && digit != "0")?),
        };
        Some(Self::Certificate(CertificateAttribute::from_variable(name)?, pick))
    }

    /// The variable that a condition's key names.
    pub(super) fn from_key(text: &str) -> Option<Self> {
        let only = KEYS_ONLY.iter().find(|(name, _)| *name == text).map(|(_, variable)| variable.clone());
        only.or_else(|| Self::from_text(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{CertificateField, CertificateHolder};

    #[test]
    fn names_are_read() {
        let country =
            CertificateAttribute { holder: CertificateHolder::Subject, field: CertificateField::Country };
        for (text, expected) in [
            ("iot:ClientId", Some(Variable::ClientId)),
            ("iot:Thing.ThingName", Some(Variable::ThingName)),
            ("iot:Connection.Thing.Attributes[site]", Some(Variable::ThingAttribute("site".into()))),
            ("iot:Connection.Thing.Attributes[]", None),
            ("iot:Certificate.Subject.Country", Some(Variable::Certificate(country, Pick::At(0)))),
            ("iot:Certificate.Subject.Country.1", Some(Variable::Certificate(country, Pick::At(1)))),
            ("iot:Certificate.Subject.Country.0", None),
            ("iot:Certificate.Subject.Country.+1", None),
            ("iot:Certificate.Subject.Country.List", Some(Variable::Certificate(country, Pick::All))),
            ("iot:ConnectAttributes", None),
            ("iot:clientid", None),
            ("", None),
        ] {
            assert_eq!(Variable::from_text(text), expected, "{text}");
        }
        assert_eq!(Variable::from_key("iot:ConnectAttributes"), Some(Variable::ConnectAttributes));
        assert_eq!(Variable::from_key("aws:SourceVpc"), Some(Variable::VpcEndpoint));
    }
}
