//! Where in a template something stands, and what is wrong there.

use core::fmt;

use serde_json::{Map, Value};

use crate::api_error::{ApiError, Exception};

/// A path into the template: `Resources.thing.Properties.ThingGroups[1]`.
#[derive(Clone, Copy)]
pub(super) struct Place<'p> {
    parent: Option<&'p Place<'p>>,
    step: Step<'p>,
}

#[derive(Clone, Copy)]
enum Step<'p> {
    Key(&'p str),
    Index(usize),
}

impl<'p> Place<'p> {
    pub(super) const fn section(name: &'p str) -> Self {
        Self { parent: None, step: Step::Key(name) }
    }

    pub(super) const fn key(&'p self, name: &'p str) -> Place<'p> {
        Place { parent: Some(self), step: Step::Key(name) }
    }

    pub(super) const fn index(&'p self, index: usize) -> Place<'p> {
        Place { parent: Some(self), step: Step::Index(index) }
    }

    /// `InvalidRequest` with the place before the message.
    pub(super) fn invalid(&self, message: impl fmt::Display) -> ApiError {
        ApiError::new(Exception::InvalidRequest, format!("{self}: {message}"))
    }

    pub(super) fn not_modelled(&self, message: impl fmt::Display) -> ApiError {
        ApiError::new(Exception::NotModelled, format!("{self}: {message}"))
    }

    pub(super) fn object<'v>(&self, value: &'v Value) -> Result<&'v Map<String, Value>, ApiError> {
        value.as_object().ok_or_else(|| self.expected("an object", value))
    }

    pub(super) fn text<'v>(&self, value: &'v Value) -> Result<&'v str, ApiError> {
        value.as_str().ok_or_else(|| self.expected("a text", value))
    }

    /// "X is expected, Y is given".
    pub(super) fn expected(&self, what: &str, found: &Value) -> ApiError {
        let found = match found {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "a text",
            Value::Array(_) => "a list",
            Value::Object(_) => "an object",
        };
        self.invalid(format_args!("{what} is expected, {found} is given"))
    }

    /// Refuses any key that is not `allowed`.
    pub(super) fn only(&self, object: &Map<String, Value>, allowed: &[&str]) -> Result<(), ApiError> {
        match object.keys().find(|key| !allowed.contains(&key.as_str())) {
            Some(key) => {
                Err(self.key(key).invalid(format_args!("unknown key; allowed are {}", allowed.join(", "))))
            }
            None => Ok(()),
        }
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
        }
        match self.step {
            Step::Key(name) if self.parent.is_none() => f.write_str(name),
            Step::Key(name) => write!(f, ".{name}"),
            Step::Index(index) => write!(f, "[{index}]"),
        }
    }
}
