//! The reserved topics of fleet provisioning (`state.md` 3.3).

use core::fmt;

/// How payloads are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayloadFormat {
    /// RFC 8259.
    Json,
    /// RFC 8949.
    Cbor,
}

impl PayloadFormat {
    /// As topics spell it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Cbor => "cbor",
        }
    }
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FleetApi<'a> {
    /// `CreateKeysAndCertificate`.
    CreateKeysAndCertificate,
    /// `CreateCertificateFromCsr`.
    CreateCertificateFromCsr,
    /// `RegisterThing`.
    RegisterThing {
        /// Name of the template.
        template: &'a str,
    },
}

impl FleetApi<'_> {
    /// As the API spells it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CreateKeysAndCertificate => "CreateKeysAndCertificate",
            Self::CreateCertificateFromCsr => "CreateCertificateFromCsr",
            Self::RegisterThing { .. } => "RegisterThing",
        }
    }
}

/// Which way a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the device.
    Request,
    /// To the device: what it asked for.
    Accepted,
    /// To the device: why not.
    Rejected,
}

/// A topic of fleet provisioning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FleetTopic<'a> {
    /// What is asked for.
    pub api: FleetApi<'a>,
    /// How payloads are written.
    pub format: PayloadFormat,
    /// Which way it goes.
    pub direction: Direction,
}

impl<'a> FleetTopic<'a> {
    /// Reads a topic name; `None` if it is none of these.
    #[must_use]
    pub fn parse(topic: &'a str) -> Option<Self> {
        let rest = topic.strip_prefix("$aws/")?;
        let (api, rest) = if let Some(rest) = rest.strip_prefix("certificates/create/") {
            (FleetApi::CreateKeysAndCertificate, rest)
        } else if let Some(rest) = rest.strip_prefix("certificates/create-from-csr/") {
            (FleetApi::CreateCertificateFromCsr, rest)
        } else {
            let (template, rest) = rest.strip_prefix("provisioning-templates/")?.split_once('/')?;
            (FleetApi::RegisterThing { template }, rest.strip_prefix("provision/")?)
        };
        let (format, direction) = match rest.split_once('/') {
            None => (rest, Direction::Request),
            Some((format, "accepted")) => (format, Direction::Accepted),
            Some((format, "rejected")) => (format, Direction::Rejected),
            Some(_) => return None,
        };
        let format = match format {
            "json" => PayloadFormat::Json,
            "cbor" => PayloadFormat::Cbor,
            _ => return None,
        };
        Some(Self { api, format, direction })
    }

    /// The topic of the same API that goes another way.
    #[must_use]
    pub const fn toward(self, direction: Direction) -> Self {
        Self { direction, ..self }
    }
}

impl fmt::Display for FleetTopic<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.api {
            FleetApi::CreateKeysAndCertificate => f.write_str("$aws/certificates/create/")?,
            FleetApi::CreateCertificateFromCsr => f.write_str("$aws/certificates/create-from-csr/")?,
            FleetApi::RegisterThing { template } => {
                write!(f, "$aws/provisioning-templates/{template}/provision/")?;
            }
        }
        f.write_str(self.format.as_str())?;
        f.write_str(match self.direction {
            Direction::Request => "",
            Direction::Accepted => "/accepted",
            Direction::Rejected => "/rejected",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_read_back_as_it_is_written() {
        let apis = [
            FleetApi::CreateKeysAndCertificate,
            FleetApi::CreateCertificateFromCsr,
            FleetApi::RegisterThing { template: "T-1" },
        ];
        for api in apis {
            for format in [PayloadFormat::Json, PayloadFormat::Cbor] {
                for direction in [Direction::Request, Direction::Accepted, Direction::Rejected] {
                    let topic = FleetTopic { api, format, direction };
                    assert_eq!(FleetTopic::parse(&topic.to_string()), Some(topic));
                }
            }
        }
    }

    #[test]
    fn other_topics_are_none() {
        for topic in [
            "",
            "$aws/certificates/create",
            "$aws/certificates/create/",
            "$aws/certificates/create/xml",
            "$aws/certificates/create/json/",
            "$aws/certificates/create/json/accepted/x",
            "$aws/certificates/delete/json",
            "$aws/provisioning-templates/T/provision",
            "$aws/provisioning-templates/T/json",
            "$aws/provisioning-templates/T/x/provision/json",
            "$aws/things/certificates/create/json",
            "certificates/create/json",
        ] {
            assert_eq!(FleetTopic::parse(topic), None, "{topic}");
        }
    }
}
