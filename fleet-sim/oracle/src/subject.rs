//! What the judges may know of a client: the facts that policies are evaluated against.

use crate::naive_policy::Known;

/// What is known of a client that is held to policies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// Its client id.
    pub client_id: String,
    /// The address that it comes from.
    pub source_ip: String,
    /// The id of its certificate.
    pub certificate_id: String,
    /// The serial number of its certificate.
    pub serial_number: String,
    /// The thing that its certificate is attached to.
    pub thing: Option<SubjectThing>,
}

/// The thing of a client's certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SubjectThing {
    /// Its name.
    pub name: String,
    /// Its type.
    pub type_name: String,
    /// Its attributes.
    pub attributes: Vec<(String, String)>,
    /// Whether it is attached as `EXCLUSIVE_THING`.
    pub exclusive: bool,
}

impl Subject {
    /// The values of policy variables (`broker.md` 9.4).
    pub(crate) fn known(&self) -> Known {
        let mut known: Known = Vec::new();
        let mut add = |name: &str, value: &str| known.push((name.to_owned(), vec![value.to_owned()]));
        add("iot:ClientId", &self.client_id);
        add("aws:SourceIp", &self.source_ip);
        add("iot:CertificateId", &self.certificate_id);
        add("iot:Certificate.SerialNumber", &self.serial_number);
        let thing = self.thing.as_ref().filter(|thing| thing.exclusive || thing.name == self.client_id);
        add("iot:Connection.Thing.IsAttached", if thing.is_some() { "true" } else { "false" });
        if let Some(thing) = thing {
            add("iot:Connection.Thing.ThingName", &thing.name);
            add("iot:Thing.ThingName", &thing.name);
            add("iot:Connection.Thing.ThingTypeName", &thing.type_name);
            for (name, value) in &thing.attributes {
                add(&format!("iot:Connection.Thing.Attributes[{name}]"), value);
            }
        }
        known
    }
}
