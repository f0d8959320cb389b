//! One record of the group `AWSIotLogsV2`: its keys, in the order of `broker.md` 10.2.

use core::fmt;
use core::net::IpAddr;
use std::borrow::Cow;

use serde::{Serialize, Serializer};
use squall_types::{CertificateId, Chance, Now, Owner, Purpose, Uuid};

/// How something ended, which gives level and status.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Outcome {
    /// It succeeded, and few want to read it.
    Detail,
    /// It succeeded.
    Success,
    /// A rule of the service stood in the way.
    Lost,
    /// It was refused for what it is.
    Refused,
}

impl Outcome {
    const fn level(self) -> &'static str {
        match self {
            Self::Detail => "DEBUG",
            Self::Success => "INFO",
            Self::Lost => "WARN",
            Self::Refused => "ERROR",
        }
    }

    const fn status(self) -> &'static str {
        match self {
            Self::Detail | Self::Success => "Success",
            Self::Lost | Self::Refused => "Failure",
        }
    }
}

/// What a record says beyond what all say.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Event<'a> {
    Client(ClientEvent<'a>),
    Queued(Queued<'a>),
    Provisioning(Provisioning<'a>),
    Shadow(Shadow<'a>),
}

/// The keys of everything that happens on a connection. What is not known or does not belong is left out.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ClientEvent<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) protocol: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) client_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) principal_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) source_ip: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) source_port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) topic_name: Option<&'a str>,
    /// `"True"`, only when set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) retain: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) authentication_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) details: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) disconnect_reason: Option<&'static str>,
}

/// The keys of a message stored for later, which have an order of their own.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Queued<'a> {
    pub(crate) topic_name: &'a str,
    pub(crate) client_id: &'a str,
    qos: &'static str,
    protocol: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) details: Option<&'static str>,
}

impl<'a> Queued<'a> {
    pub(crate) const fn new(client_id: &'a str, topic_name: &'a str, details: Option<&'static str>) -> Self {
        // Nothing but QoS 1 is stored.
        Self { topic_name, client_id, qos: "1", protocol: "MQTT", details }
    }
}

/// The keys of a device that was to be provisioned.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Provisioning<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) provisioning_template_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) device_certificate_id: Option<Text<CertificateId>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) details: Option<&'a str>,
}

/// The keys of a request of a shadow.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Shadow<'a> {
    pub(crate) protocol: &'static str,
    /// Of a classic shadow the name of its thing.
    pub(crate) device_shadow_name: &'a str,
    pub(crate) topic_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) details: Option<Cow<'a, str>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Record<'a> {
    timestamp: Text<&'a dyn fmt::Display>,
    log_level: &'static str,
    trace_id: Text<Uuid>,
    account_id: &'a str,
    status: &'static str,
    event_type: &'static str,
    #[serde(flatten)]
    event: &'a Event<'a>,
}

/// What is shown as a text in JSON.
#[derive(Debug)]
pub(crate) struct Text<T>(pub(crate) T);

impl<T: fmt::Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// Lines that nobody has taken yet, and what every line needs.
#[derive(Debug)]
pub(crate) struct Lines {
    pub(crate) account_id: Box<str>,
    chance: Chance,
    owner: Owner,
    drawn: u64,
    pub(crate) text: Vec<u8>,
}

impl Lines {
    pub(crate) fn new(account_id: &str, chance: Chance) -> Self {
        let owner = Owner::named("service log");
        Self { account_id: account_id.into(), chance, owner, drawn: 0, text: Vec::new() }
    }

    /// Appends one record.
    pub(crate) fn record(&mut self, now: Now, outcome: Outcome, event_type: &'static str, event: &Event<'_>) {
        let trace_id = Text(self.next_id());
        let timestamp = now.wall.date_and_time();
        let record = Record {
            timestamp: Text(&timestamp),
            log_level: outcome.level(),
            trace_id,
            account_id: &self.account_id,
            status: outcome.status(),
            event_type,
            event,
        };
        write_line(&mut self.text, &record);
    }

    pub(crate) fn next_id(&mut self) -> Uuid {
        let n = self.drawn;
        self.drawn += 1;
        Uuid::draw(self.chance, self.owner, Purpose::LogRecord, n)
    }
}

/// JSON escapes line ends, so an object is one line.
pub(crate) fn write_line(lines: &mut Vec<u8>, record: &impl Serialize) {
    serde_json::to_writer(&mut *lines, record).expect("a buffer takes whatever is written");
    lines.push(b'\n');
}
