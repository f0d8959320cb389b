//! Facts as a person writes them: `client-id=pump-7 thing=pump-7 attribute.site=A subject.Country=US`.

use core::net::{IpAddr, Ipv4Addr};

use squall_types::CertificateId;

use super::arn::Account;
use super::certificate::{CertificateAttribute, CertificateFacts};
use super::facts::{ConnectFacts, Facts, ThingFacts};

/// The words that [`OwnedFacts::parse`] knows, for a help text.
pub const FACTS_HELP: &str = "\
client-id=ID          the MQTT client id; without it the request comes over HTTPS
thing=NAME            the thing that the principal is attached to
exclusive             it is attached as EXCLUSIVE_THING
thing-type=NAME       its type
attribute.NAME=VALUE  one of its attributes
source-ip=ADDRESS     where the connection comes from; 192.0.2.1 if not given
certificate-id=HEX    the certificate's id, 64 hex digits
serial-number=TEXT    the certificate's serial number
subject.FIELD=VALUE   a value of its subject (CommonName, ...), again for a second
issuer.FIELD=VALUE    a value of its issuer
persistent            the session outlives the connection
will=TOPIC            the topic of the will";

/// [`Facts`] that own what they say.
#[derive(Clone, Debug)]
pub struct OwnedFacts {
    client_id: Option<String>,
    source_ip: IpAddr,
    certificate_id: Option<CertificateId>,
    certificate: Option<CertificateFacts>,
    thing: Option<String>,
    thing_type: Option<String>,
    attributes: Vec<(Box<str>, Box<str>)>,
    exclusive: bool,
    persistent: bool,
    will_topic: Option<String>,
}

impl OwnedFacts {
    /// Reads facts that are separated by white space.
    ///
    /// # Errors
    /// A sentence that names the word and what is allowed.
    pub fn parse(text: &str) -> Result<Self, String> {
        let words = text.split_whitespace().map(|word| match word.split_once('=') {
            Some((key, value)) => (key, Some(value)),
            None => (word, None),
        });
        let mut facts = Self {
            client_id: None,
            source_ip: IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
            certificate_id: None,
            certificate: None,
            thing: None,
            thing_type: None,
            attributes: Vec::new(),
            exclusive: false,
            persistent: false,
            will_topic: None,
        };
        let mut serial = "";
        let mut named = Vec::new();
        for (key, value) in words {
            match (key, value) {
                ("exclusive", None) => facts.exclusive = true,
                ("persistent", None) => facts.persistent = true,
                ("client-id", Some(value)) => facts.client_id = Some(value.into()),
                ("thing", Some(value)) => facts.thing = Some(value.into()),
                ("thing-type", Some(value)) => facts.thing_type = Some(value.into()),
                ("will", Some(value)) => facts.will_topic = Some(value.into()),
                ("certificate-id", Some(value)) => {
                    let id = value.parse().map_err(|error| format!("certificate-id {value:?}: {error}"))?;
                    facts.certificate_id = Some(id);
                }
                ("serial-number", Some(value)) => serial = value,
                ("source-ip", Some(value)) => {
                    facts.source_ip = value.parse().map_err(|_| format!("{value:?} is no address"))?;
                }
                (key, Some(value)) => {
                    if let Some(name) = key.strip_prefix("attribute.") {
                        facts.attributes.push((name.into(), value.into()));
                    } else {
                        named.push((certificate_attribute(key).ok_or_else(|| unknown(key))?, value));
                    }
                }
                (key, None) => return Err(unknown(key)),
            }
        }
        if !(serial.is_empty() && named.is_empty()) {
            let mut certificate = CertificateFacts::new(serial);
            named.into_iter().for_each(|(attribute, value)| certificate.add(attribute, value));
            facts.certificate = Some(certificate);
        }
        let needs_thing = facts.exclusive || facts.thing_type.is_some() || !facts.attributes.is_empty();
        if facts.thing.is_none() && needs_thing {
            return Err(
                "exclusive, thing-type and attribute say something of a thing: thing=NAME is missing".into(),
            );
        }
        Ok(facts)
    }

    /// The facts, for an account.
    #[must_use]
    pub fn facts<'a>(&'a self, account: &'a Account) -> Facts<'a> {
        Facts {
            account,
            client_id: self.client_id.as_deref(),
            source_ip: self.source_ip,
            certificate_id: self.certificate_id.as_ref(),
            certificate: self.certificate.as_ref(),
            thing: self.thing.as_deref().map(|name| ThingFacts {
                name,
                type_name: self.thing_type.as_deref(),
                attributes: &self.attributes,
                exclusive: self.exclusive,
            }),
            connect: ConnectFacts { persistent: self.persistent, will_topic: self.will_topic.as_deref() },
        }
    }
}

fn certificate_attribute(key: &str) -> Option<CertificateAttribute> {
    let (holder, field) = key.split_once('.')?;
    let holder = match holder {
        "subject" => "Subject",
        "issuer" => "Issuer",
        _ => return None,
    };
    CertificateAttribute::from_variable(&format!("iot:Certificate.{holder}.{field}"))
}

fn unknown(key: &str) -> String {
    format!("unknown fact {key:?}; known are\n{FACTS_HELP}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_facts() {
        let text =
            "client-id=a thing=b exclusive attribute.site=x=y subject.Country=US subject.Country=DE will=w/t";
        let owned = OwnedFacts::parse(text).unwrap();
        let account = Account::default();
        let facts = owned.facts(&account);
        assert_eq!(facts.client_id, Some("a"));
        let thing = facts.thing.unwrap();
        assert!(thing.exclusive && thing.name == "b" && thing.attributes == [("site".into(), "x=y".into())]);
        assert_eq!(facts.connect.will_topic, Some("w/t"));
        let country = CertificateAttribute::from_variable("iot:Certificate.Subject.Country").unwrap();
        assert_eq!(facts.certificate.unwrap().values(country).count(), 2);
    }

    #[test]
    fn what_is_no_fact_is_named() {
        for (text, needle) in [
            ("client=a", "unknown fact \"client\""),
            ("persistent=yes", "unknown fact \"persistent\""),
            ("source-ip=here", "\"here\" is no address"),
            ("certificate-id=ab", "certificate-id \"ab\": a certificate id is 64 lower-case hex digits"),
            ("subject.Shoe=44", "unknown fact \"subject.Shoe\""),
            ("exclusive", "thing=NAME is missing"),
        ] {
            let error = OwnedFacts::parse(text).unwrap_err();
            assert!(error.contains(needle), "{text}: {error}");
        }
    }
}
