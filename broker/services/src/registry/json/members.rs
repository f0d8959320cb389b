//! Reading the members of one JSON object, each by its name.

use serde_json::{Map, Value};
use squall_types::CertificateId;

use crate::api_error::{ApiError, Exception};
use crate::registry::{AttributePayload, invalid};

/// The members of an object, of which every one must be asked for.
pub(crate) struct Members<'v> {
    /// Where the object stands, for messages.
    place: &'v str,
    object: Option<&'v Map<String, Value>>,
    known: Vec<&'static str>,
}

impl<'v> Members<'v> {
    pub(crate) fn of(place: &'v str, value: &'v Value) -> Result<Self, ApiError> {
        let object = match value {
            Value::Object(object) => Some(object),
            Value::Null => None,
            _ => return Err(invalid(format!("{place} must be a JSON object"))),
        };
        Ok(Self { place, object, known: Vec::new() })
    }

    pub(crate) fn value(&mut self, name: &'static str) -> Option<&'v Value> {
        self.known.push(name);
        self.object?.get(name).filter(|value| !value.is_null())
    }

    fn wrong(&self, name: &str, expected: &str) -> ApiError {
        invalid(format!("{}: {name} must be {expected}", self.place))
    }

    pub(crate) fn text(&mut self, name: &'static str) -> Result<Option<&'v str>, ApiError> {
        let Some(value) = self.value(name) else { return Ok(None) };
        value.as_str().map(Some).ok_or_else(|| self.wrong(name, "a text"))
    }

    pub(crate) fn owned(&mut self, name: &'static str) -> Result<Option<Box<str>>, ApiError> {
        Ok(self.text(name)?.map(Into::into))
    }

    pub(crate) fn need(&mut self, name: &'static str) -> Result<Box<str>, ApiError> {
        self.owned(name)?.ok_or_else(|| invalid(format!("{}: {name} is missing", self.place)))
    }

    pub(crate) fn flag(&mut self, name: &'static str) -> Result<bool, ApiError> {
        Ok(self.choice_of_flag(name)?.unwrap_or_default())
    }

    pub(crate) fn choice_of_flag(&mut self, name: &'static str) -> Result<Option<bool>, ApiError> {
        let Some(value) = self.value(name) else { return Ok(None) };
        value.as_bool().map(Some).ok_or_else(|| self.wrong(name, "true or false"))
    }

    /// A number, which query strings and policy versions write as text.
    pub(crate) fn number(&mut self, name: &'static str) -> Result<Option<u64>, ApiError> {
        let Some(value) = self.value(name) else { return Ok(None) };
        let number = value.as_u64().or_else(|| value.as_str()?.parse().ok());
        number.map(Some).ok_or_else(|| self.wrong(name, "a whole number"))
    }

    pub(crate) fn version(&mut self, name: &'static str) -> Result<u32, ApiError> {
        let number = self.number(name)?.and_then(|number| u32::try_from(number).ok());
        number.ok_or_else(|| self.wrong(name, "the number of a version"))
    }

    pub(crate) fn choice_of_version(&mut self, name: &'static str) -> Result<Option<u32>, ApiError> {
        let Some(number) = self.number(name)? else { return Ok(None) };
        let number = u32::try_from(number).map_err(|_| self.wrong(name, "the number of a version"))?;
        Ok(Some(number))
    }

    /// One of some words.
    pub(crate) fn word<T: Copy>(
        &mut self,
        name: &'static str,
        words: &[T],
        spelling: fn(T) -> &'static str,
    ) -> Result<Option<T>, ApiError> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let found = words.iter().copied().find(|&word| spelling(word) == text);
        let allowed = || words.iter().map(|&word| spelling(word)).collect::<Vec<_>>().join(", ");
        found.map(Some).ok_or_else(|| self.wrong(name, &format!("one of {}", allowed())))
    }

    pub(crate) fn texts(&mut self, name: &'static str) -> Result<Vec<Box<str>>, ApiError> {
        let Some(value) = self.value(name) else { return Ok(Vec::new()) };
        let texts = value.as_array().and_then(|items| {
            items.iter().map(|item| item.as_str().map(Into::into)).collect::<Option<Vec<_>>>()
        });
        texts.ok_or_else(|| self.wrong(name, "a list of texts"))
    }

    /// The id of a certificate.
    pub(crate) fn id(&mut self, name: &'static str) -> Result<CertificateId, ApiError> {
        let text = self.need(name)?;
        text.parse().map_err(|_| self.wrong(name, "64 lower-case hex digits"))
    }

    /// A certificate that is named by its ARN.
    pub(crate) fn principal(&mut self, name: &'static str) -> Result<CertificateId, ApiError> {
        let text = self.need(name)?;
        let id = tail(&text).strip_prefix("cert/").and_then(|id| id.parse().ok());
        id.ok_or_else(|| self.wrong(name, "the ARN of a certificate, ...cert/ID"))
    }

    /// A resource that is named by itself, or by its ARN.
    pub(crate) fn name_or_arn(
        &mut self,
        name: &'static str,
        arn: &'static str,
        kind: &str,
    ) -> Result<Box<str>, ApiError> {
        let (named, by_arn) = (self.owned(name)?, self.text(arn)?);
        let from_arn = by_arn.map(|text| {
            let found = tail(text).strip_prefix(kind).and_then(|rest| rest.strip_prefix('/'));
            found.ok_or_else(|| self.wrong(arn, &format!("an ARN, ...{kind}/NAME")))
        });
        match (named, from_arn.transpose()?) {
            (Some(named), None) => Ok(named),
            (None, Some(found)) => Ok(found.into()),
            _ => Err(invalid(format!("{}: one of {name} and {arn} is needed", self.place))),
        }
    }

    /// `{"attributes":{...},"merge":...}`
    pub(crate) fn attributes(&mut self, name: &'static str) -> Result<Option<AttributePayload>, ApiError> {
        let Some(value) = self.value(name) else { return Ok(None) };
        let mut members = Members::of(name, value)?;
        let (given, merge) = (members.value("attributes"), members.flag("merge")?);
        members.finish()?;
        let Some(given) = given else {
            return Ok(Some(AttributePayload { attributes: Vec::new(), merge }));
        };
        let pair = |(name, value): (&String, &Value)| Some((name.as_str().into(), value.as_str()?.into()));
        let attributes = given.as_object().and_then(|object| object.iter().map(pair).collect());
        let attributes = attributes.ok_or_else(|| self.wrong(name, "texts by name"))?;
        Ok(Some(AttributePayload { attributes, merge }))
    }

    /// What the service knows and Squall does not.
    pub(crate) fn not_modelled(&mut self, name: &'static str) -> Result<(), ApiError> {
        match self.value(name) {
            None => Ok(()),
            Some(_) => {
                let message = format!("{}: Squall does not model {name}", self.place);
                Err(ApiError::new(Exception::NotModelled, message))
            }
        }
    }

    /// Whether there was nothing but what was asked for.
    pub(crate) fn finish(self) -> Result<(), ApiError> {
        let mut names = self.object.into_iter().flat_map(Map::keys);
        match names.find(|name| !self.known.contains(&name.as_str())) {
            None => Ok(()),
            Some(name) => {
                let known = self.known.join(", ");
                Err(invalid(format!("{} has no member '{name}'; it has {known}", self.place)))
            }
        }
    }
}

/// What stands behind the account in an ARN.
pub(super) fn tail(arn: &str) -> &str {
    match arn.strip_prefix("arn:") {
        // arn:PARTITION:iot:REGION:ACCOUNT:KIND/NAME, and a name may have colons.
        Some(rest) => rest.splitn(5, ':').nth(4).unwrap_or(arn),
        None => arn,
    }
}
