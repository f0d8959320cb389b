//! What a policy can ask of a certificate (`broker.md` 9.4).

/// Whose part of the certificate a value stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CertificateHolder {
    /// The device.
    Subject,
    /// The CA that signed.
    Issuer,
}

macro_rules! fields {
    ($($(#[$doc:meta])* $name:ident => $text:literal,)+) => {
        /// A part of a distinguished name, or an alternative name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum CertificateField {
            $($(#[$doc])* $name,)+
        }

        impl CertificateField {
            /// Every field.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// As a variable spells it behind `Subject.` or `Issuer.`.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }
        }

        impl CertificateAttribute {
            /// The whole variable's name.
            #[must_use]
            pub const fn variable(self) -> &'static str {
                match (self.holder, self.field) {
                    $((CertificateHolder::Subject, CertificateField::$name) =>
                        concat!("iot:Certificate.Subject.", $text),)+
                    $((CertificateHolder::Issuer, CertificateField::$name) =>
                        concat!("iot:Certificate.Issuer.", $text),)+
                }
            }
        }
    };
}

/// A value of a certificate that a policy variable names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CertificateAttribute {
    /// In whose part.
    pub holder: CertificateHolder,
    /// Which field of it.
    pub field: CertificateField,
}

fields! {
    /// `dnQualifier`.
    DistinguishedNameQualifier => "DistinguishedNameQualifier",
    /// `C`.
    Country => "Country",
    /// `O`.
    Organization => "Organization",
    /// `OU`.
    OrganizationalUnit => "OrganizationalUnit",
    /// `ST`.
    State => "State",
    /// `CN`.
    CommonName => "CommonName",
    /// `serialNumber` of the name, which is not the certificate's own.
    SerialNumber => "SerialNumber",
    /// `title`.
    Title => "Title",
    /// `SN`.
    Surname => "Surname",
    /// `GN`.
    GivenName => "GivenName",
    /// `initials`.
    Initials => "Initials",
    /// `pseudonym`.
    Pseudonym => "Pseudonym",
    /// `generationQualifier`.
    GenerationQualifier => "GenerationQualifier",
    /// An alternative name that is a mail address.
    Rfc822Name => "AlternativeName.RFC822Name",
    /// An alternative name that is a host.
    DnsName => "AlternativeName.DNSName",
    /// An alternative name that is a directory name.
    DirectoryName => "AlternativeName.DirectoryName",
    /// An alternative name that is a URI.
    UniformResourceIdentifier => "AlternativeName.UniformResourceIdentifier",
    /// An alternative name that is an address.
    IpAddress => "AlternativeName.IPAddress",
}

impl CertificateAttribute {
    /// The attribute whose variable has this name.
    #[must_use]
    pub fn from_variable(text: &str) -> Option<Self> {
        let (holder, field) = text.strip_prefix("iot:Certificate.")?.split_once('.')?;
        let holder = match holder {
            "Subject" => CertificateHolder::Subject,
            "Issuer" => CertificateHolder::Issuer,
            _ => return None,
        };
        let field = CertificateField::ALL.iter().copied().find(|known| known.text() == field)?;
        Some(Self { holder, field })
    }
}

/// The most values of one attribute that variables reach.
const MAX_VALUES: usize = 5;
/// The longest value that is put in place.
const MAX_VALUE_CHARACTERS: usize = 1024;

/// The values of one certificate that policies can ask for, beside its id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CertificateFacts {
    serial_number: Box<str>,
    attributes: Vec<(CertificateAttribute, Vec<FieldValue>)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct FieldValue {
    text: Box<str>,
    /// Whether it may be put into a policy.
    usable: bool,
}

impl CertificateFacts {
    /// A certificate with a serial number, without names so far.
    #[must_use]
    pub fn new(serial_number: &str) -> Self {
        Self { serial_number: serial_number.into(), attributes: Vec::new() }
    }

    /// Adds a value behind those that the attribute already has.
    ///
    /// A value with one of `* $ + ? #` or of more than 1,024 characters keeps its place and is never put into a policy;
    /// a sixth value is beyond reach (`broker.md` 9.4).
    pub fn add(&mut self, attribute: CertificateAttribute, value: &str) {
        let index = match self.attributes.binary_search_by_key(&attribute, |(known, _)| *known) {
            Ok(index) => index,
            Err(index) => {
                self.attributes.insert(index, (attribute, Vec::new()));
                index
            }
        };
        let values = &mut self.attributes[index].1;
        if values.len() < MAX_VALUES {
            let usable =
                !value.contains(['*', '$', '+', '?', '#']) && value.chars().count() <= MAX_VALUE_CHARACTERS;
            values.push(FieldValue { text: value.into(), usable });
        }
    }

    /// Serial number, as text.
    #[must_use]
    pub fn serial_number(&self) -> &str {
        &self.serial_number
    }

    /// The values of an attribute that can be put into a policy, each with its place.
    pub fn values(&self, attribute: CertificateAttribute) -> impl Iterator<Item = (usize, &str)> {
        let held = self.held(attribute).iter().enumerate();
        held.filter(|(_, value)| value.usable).map(|(place, value)| (place, &*value.text))
    }

    /// The values of an attribute as they stand in the certificate, whatever is in them.
    pub fn texts(&self, attribute: CertificateAttribute) -> impl Iterator<Item = &str> {
        self.held(attribute).iter().map(|value| &*value.text)
    }

    fn held(&self, attribute: CertificateAttribute) -> &[FieldValue] {
        let found = self.attributes.binary_search_by_key(&attribute, |(known, _)| *known);
        found.map_or(&[], |index| &self.attributes[index].1)
    }

    /// The names of the variables that have a value.
    pub(super) fn available_keys(&self) -> impl Iterator<Item = &'static str> {
        let own = (!self.serial_number.is_empty()).then_some("iot:Certificate.SerialNumber");
        let named = self.attributes.iter().filter(|(_, values)| values.iter().any(|value| value.usable));
        own.into_iter().chain(named.map(|(attribute, _)| attribute.variable()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COUNTRY: CertificateAttribute =
        CertificateAttribute { holder: CertificateHolder::Subject, field: CertificateField::Country };

    #[test]
    fn every_attribute_is_found_by_the_name_of_its_variable() {
        for holder in [CertificateHolder::Subject, CertificateHolder::Issuer] {
            for &field in CertificateField::ALL {
                let attribute = CertificateAttribute { holder, field };
                assert_eq!(CertificateAttribute::from_variable(attribute.variable()), Some(attribute));
            }
        }
        assert_eq!(CertificateAttribute::from_variable("iot:Certificate.Subject.Shoe"), None);
    }

    #[test]
    fn values_that_would_act_as_wildcards_keep_their_place_and_are_not_used() {
        let mut facts = CertificateFacts::new("7");
        let long = "x".repeat(1025);
        for value in ["US", "D*", &long, "FR", "IT", "SIXTH"] {
            facts.add(COUNTRY, value);
        }
        assert_eq!(facts.texts(COUNTRY).collect::<Vec<_>>(), ["US", "D*", &long, "FR", "IT"]);
        assert_eq!(facts.values(COUNTRY).collect::<Vec<_>>(), [(0, "US"), (3, "FR"), (4, "IT")]);
        assert_eq!(
            facts.available_keys().collect::<Vec<_>>(),
            ["iot:Certificate.SerialNumber", "iot:Certificate.Subject.Country"]
        );
    }
}
