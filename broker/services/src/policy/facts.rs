//! What is known of whoever asks: the values that variables and conditions draw on.

use core::fmt::Write as _;
use core::net::IpAddr;

use squall_types::CertificateId;

use super::arn::{Account, ResourceKind};
use super::certificate::CertificateFacts;
use super::variable::{Pick, Variable};

/// Who asks, from where, and with which certificate and thing.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The account whose ARNs are meant.
    pub account: &'a Account,
    /// The MQTT client id; none over HTTPS, where neither it nor the thing's variables resolve (`broker.md` 9.4).
    pub client_id: Option<&'a str>,
    /// Where the connection comes from.
    pub source_ip: IpAddr,
    /// The id of the certificate that it showed.
    pub certificate_id: Option<&'a CertificateId>,
    /// What else is known of that certificate.
    pub certificate: Option<&'a CertificateFacts>,
    /// The thing that the principal is attached to.
    pub thing: Option<ThingFacts<'a>>,
    /// What the CONNECT asked for.
    pub connect: ConnectFacts<'a>,
}

/// A thing that the principal is attached to.
#[derive(Clone, Copy, Debug)]
pub struct ThingFacts<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its type, if it has one.
    pub type_name: Option<&'a str>,
    /// Its attributes.
    pub attributes: &'a [(Box<str>, Box<str>)],
    /// Attached as `EXCLUSIVE_THING`: its variables resolve for any client id (`broker.md` 9.5).
    pub exclusive: bool,
}

/// What of a CONNECT conditions can ask for.
#[derive(Clone, Copy, Debug, Default)]
pub struct ConnectFacts<'a> {
    /// The session outlives the connection: 3.1.1 clean session 0, MQTT 5 session expiry above 0.
    pub persistent: bool,
    /// The topic of the will, if there is one.
    pub will_topic: Option<&'a str>,
}

/// Text that is made on the spot and stays on the stack. The longest is a certificate's id.
#[derive(Clone, Copy)]
pub(super) struct InlineText {
    bytes: [u8; 64],
    length: u8,
}

impl InlineText {
    fn of(shown: impl core::fmt::Display) -> Self {
        let mut text = Self { bytes: [0; 64], length: 0 };
        // Nothing that is shown here is longer than the buffer; what is would be cut, not lost track of.
        let _ = write!(text, "{shown}");
        text
    }

    pub(super) fn as_str(&self) -> &str {
        core::str::from_utf8(&self.bytes[..usize::from(self.length)]).unwrap_or_default()
    }
}

impl core::fmt::Write for InlineText {
    fn write_str(&mut self, piece: &str) -> core::fmt::Result {
        let start = usize::from(self.length);
        let target = self.bytes.get_mut(start..start + piece.len()).ok_or(core::fmt::Error)?;
        target.copy_from_slice(piece.as_bytes());
        self.length += u8::try_from(piece.len()).map_err(|_| core::fmt::Error)?;
        Ok(())
    }
}

/// One value of a variable: text in two pieces, the first of which is most often empty.
#[derive(Clone, Copy)]
pub(super) enum Value<'a> {
    Text([&'a str; 2]),
    Inline(InlineText),
}

impl<'a> Value<'a> {
    fn text(text: &'a str) -> Self {
        Self::Text(["", text])
    }

    /// The text, in two pieces.
    pub(super) fn pieces(&self) -> [&str; 2] {
        match self {
            Self::Text(pieces) => *pieces,
            Self::Inline(inline) => ["", inline.as_str()],
        }
    }
}

impl<'a> Facts<'a> {
    /// The thing, if its variables resolve for this client: attached, and either exclusive or of the client's own name.
    fn thing_of_client(&self) -> Option<ThingFacts<'a>> {
        let client_id = self.client_id?;
        self.thing.filter(|thing| thing.exclusive || thing.name == client_id)
    }

    /// The value of a variable that is there as text; `None` if it has none, or for one whose text is
    /// [made on the spot](Self::inline).
    #[inline]
    pub(super) fn text(&self, variable: &Variable) -> Option<&'a str> {
        match variable {
            Variable::ClientId => self.client_id,
            Variable::ThingName => Some(self.thing_of_client()?.name),
            Variable::ThingTypeName => self.thing_of_client()?.type_name,
            Variable::ThingAttribute(name) => {
                let thing = self.thing_of_client()?;
                thing.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| &**value)
            }
            Variable::ThingIsAttached => {
                self.client_id?;
                Some(if self.thing_of_client().is_some() { "true" } else { "false" })
            }
            Variable::CertificateSerialNumber => {
                Some(self.certificate?.serial_number()).filter(|number| !number.is_empty())
            }
            Variable::Certificate(attribute, Pick::At(wanted)) => {
                let mut values = self.certificate?.values(*attribute);
                values.find(|(place, _)| *place == usize::from(*wanted)).map(|(_, value)| value)
            }
            Variable::SourceIp
            | Variable::CertificateId
            | Variable::LastWillTopic
            | Variable::Certificate(_, Pick::All)
            | Variable::CertificateAvailableKeys
            | Variable::ConnectAttributes
            | Variable::VpcEndpoint => None,
        }
    }

    /// The value of a variable whose text is made on the spot: the address that the connection comes from, the id of
    /// its certificate.
    pub(super) fn inline(&self, variable: &Variable) -> Option<InlineText> {
        match variable {
            Variable::SourceIp => Some(InlineText::of(self.source_ip)),
            Variable::CertificateId => self.certificate_id.map(InlineText::of),
            _ => None,
        }
    }

    /// The one value of a variable; `None` leaves it unresolved.
    pub(super) fn value(&self, variable: &Variable) -> Option<Value<'a>> {
        match variable {
            Variable::SourceIp | Variable::CertificateId => self.inline(variable).map(Value::Inline),
            Variable::LastWillTopic => {
                Some(Value::Text([self.account.head(ResourceKind::Topic), self.connect.will_topic?]))
            }
            other => self.text(other).map(Value::text),
        }
    }

    /// Every value that a condition on `variable` looks at.
    pub(super) fn each_value(&self, variable: &Variable, mut look: impl FnMut(Value<'a>)) {
        match variable {
            Variable::ConnectAttributes => {
                if self.connect.persistent {
                    look(Value::text("PersistentConnect"));
                }
                if self.connect.will_topic.is_some() {
                    look(Value::text("LastWill"));
                }
            }
            Variable::CertificateAvailableKeys => {
                if self.certificate_id.is_some() {
                    look(Value::text("iot:CertificateId"));
                }
                self.certificate.into_iter().flat_map(CertificateFacts::available_keys).for_each(|name| {
                    look(Value::text(name));
                });
            }
            Variable::Certificate(attribute, Pick::All) => {
                self.certificate.into_iter().flat_map(|known| known.values(*attribute)).for_each(
                    |(_, value)| {
                        look(Value::text(value));
                    },
                );
            }
            Variable::ClientId
            | Variable::ThingName
            | Variable::ThingTypeName
            | Variable::ThingAttribute(_)
            | Variable::ThingIsAttached
            | Variable::SourceIp
            | Variable::CertificateId
            | Variable::CertificateSerialNumber
            | Variable::Certificate(_, Pick::At(_))
            | Variable::LastWillTopic
            | Variable::VpcEndpoint => {
                if let Some(value) = self.value(variable) {
                    look(value);
                }
            }
        }
    }
}
