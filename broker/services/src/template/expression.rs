//! Values of a template: texts, `Ref` and the intrinsic functions (`state.md` 3.7).
//!
//! ```text
//! {"Ref": NAME}                            a parameter
//! {"Fn::Join": [DELIMITER, LIST]}          one text of many; not in policies
//! {"Fn::Select": [INDEX, LIST]}            one of a list
//! {"Fn::Split": [DELIMITER, TEXT]}         a list; only where a list is expected
//! {"Fn::FindInMap": [MAP, KEY, KEY]}       a value of Mappings
//! {"Fn::Sub": TEXT or [TEXT, {NAME: ..}]}  a text with ${NAME} in it
//! ```

use serde_json::{Map, Value};

use super::place::Place;
use super::{CERTIFICATE_ID, Declared};
use crate::api_error::ApiError;

const FUNCTIONS: &str = "Ref, Fn::Join, Fn::Select, Fn::FindInMap, Fn::Split, Fn::Sub";

/// What gives a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Expression {
    Text(Box<str>),
    Parameter(Box<str>),
    Join { delimiter: Box<Expression>, list: ListExpression },
    Select { index: Box<Expression>, list: ListExpression },
    FindInMap(Box<[Expression; 3]>),
    Substitute { pieces: Vec<Piece>, variables: Vec<(Box<str>, Expression)> },
}

/// What gives a list of texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ListExpression {
    /// `None` stands for null, which may be in a list and may not be selected.
    Items(Vec<Option<Expression>>),
    Split {
        delimiter: Box<str>,
        text: Box<Expression>,
    },
}

/// A part of the text of `Fn::Sub`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    Text(Box<str>),
    /// One of the function's own variables.
    Variable(usize),
    Parameter(Box<str>),
}

impl Expression {
    /// Whether it is a reference to the certificate that is being provisioned.
    pub(super) fn is_certificate_id(&self) -> bool {
        matches!(self, Self::Parameter(name) if **name == *CERTIFICATE_ID)
    }

    /// Whether it gives the same text whatever the parameters are.
    pub(super) fn is_constant(&self) -> bool {
        match self {
            Self::Text(_) => true,
            Self::Parameter(_) => false,
            Self::Join { delimiter, list } => delimiter.is_constant() && list.is_constant(),
            Self::Select { index, list } => index.is_constant() && list.is_constant(),
            Self::FindInMap(keys) => keys.iter().all(Self::is_constant),
            Self::Substitute { pieces, variables } => {
                pieces.iter().all(|piece| !matches!(piece, Piece::Parameter(_)))
                    && variables.iter().all(|(_, value)| value.is_constant())
            }
        }
    }

    pub(super) fn literal(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl ListExpression {
    fn is_constant(&self) -> bool {
        match self {
            Self::Items(items) => items.iter().flatten().all(Expression::is_constant),
            Self::Split { text, .. } => text.is_constant(),
        }
    }
}

/// The function that an object is, if it is one: exactly one key, `Ref` or `Fn::...`.
pub(super) fn function(object: &Map<String, Value>) -> Option<(&str, &Value)> {
    let mut entries = object.iter();
    let (name, argument) = entries.next()?;
    let is_function = entries.next().is_none() && (name == "Ref" || name.starts_with("Fn::"));
    is_function.then_some((name.as_str(), argument))
}

/// Reads values against what the template declares.
#[derive(Clone, Copy)]
pub(super) struct Reader<'d> {
    pub(super) declared: &'d Declared,
    /// `Fn::Join` is not supported for policies.
    pub(super) in_policy: bool,
}

impl Reader<'_> {
    pub(super) fn expression(self, place: &Place<'_>, value: &Value) -> Result<Expression, ApiError> {
        let object = match value {
            Value::String(text) => return Ok(Expression::Text(text.as_str().into())),
            Value::Object(object) => object,
            other => return Err(place.expected("a text or a function", other)),
        };
        let Some((name, argument)) = function(object) else {
            return Err(place.invalid(format_args!("a text or one of the functions {FUNCTIONS} is expected")));
        };
        let at = place.key(name);
        match name {
            "Ref" => Ok(Expression::Parameter(self.parameter(&at, at.text(argument)?)?)),
            "Fn::Join" if self.in_policy => Err(at.invalid("Fn::Join is not supported for policies")),
            "Fn::Join" => {
                let [delimiter, list] = arguments(&at, argument, "a delimiter and a list")?;
                Ok(Expression::Join {
                    delimiter: Box::new(self.expression(&at.index(0), delimiter)?),
                    list: self.list(&at.index(1), list)?,
                })
            }
            "Fn::Select" => {
                let [index, list] = arguments(&at, argument, "an index and a list")?;
                Ok(Expression::Select {
                    index: Box::new(self.index(&at.index(0), index)?),
                    list: self.list(&at.index(1), list)?,
                })
            }
            "Fn::FindInMap" => self.find_in_map(&at, argument),
            "Fn::Sub" => self.substitute(&at, argument),
            "Fn::Split" => Err(at.invalid("Fn::Split gives a list; Fn::Select takes one text from it")),
            _ => Err(at.invalid(format_args!("unknown function; known are {FUNCTIONS}"))),
        }
    }

    pub(super) fn list(self, place: &Place<'_>, value: &Value) -> Result<ListExpression, ApiError> {
        match value {
            Value::Array(items) => {
                let item = |(index, item): (usize, &Value)| match item {
                    Value::Null => Ok(None),
                    other => self.expression(&place.index(index), other).map(Some),
                };
                Ok(ListExpression::Items(items.iter().enumerate().map(item).collect::<Result<_, _>>()?))
            }
            Value::Object(object) if matches!(function(object), Some(("Fn::Split", _))) => {
                let at = place.key("Fn::Split");
                let [delimiter, text] = arguments(&at, &object["Fn::Split"], "a delimiter and a text")?;
                let delimiter = at.index(0).text(delimiter)?;
                if delimiter.is_empty() {
                    return Err(at.index(0).invalid("a delimiter is expected, an empty text is given"));
                }
                let text = Box::new(self.expression(&at.index(1), text)?);
                Ok(ListExpression::Split { delimiter: delimiter.into(), text })
            }
            other => Err(place.expected("a list or Fn::Split", other)),
        }
    }

    fn index(self, place: &Place<'_>, value: &Value) -> Result<Expression, ApiError> {
        let index = match value {
            Value::Number(number) => Expression::Text(number.to_string().into()),
            other => self.expression(place, other)?,
        };
        match index.literal() {
            Some(text) if text.parse::<usize>().is_err() => {
                Err(place.invalid(format_args!("an index from 0 is expected, {text:?} is given")))
            }
            _ => Ok(index),
        }
    }

    fn find_in_map(self, place: &Place<'_>, argument: &Value) -> Result<Expression, ApiError> {
        let [map, first, second] = arguments(place, argument, "a mapping and two keys")?;
        let map = self.expression(&place.index(0), map)?;
        let first = self.expression(&place.index(1), first)?;
        let second = self.expression(&place.index(2), second)?;
        if let Some(name) = map.literal() {
            let Some((_, entries)) = self.declared.mappings.iter().find(|(known, _)| **known == *name) else {
                return Err(place.index(0).invalid(format_args!("there is no mapping {name:?}")));
            };
            if let Some(key) = first.literal()
                && !entries.iter().any(|(known, _)| **known == *key)
            {
                return Err(place.index(1).invalid(format_args!("mapping {name:?} has no key {key:?}")));
            }
        }
        Ok(Expression::FindInMap(Box::new([map, first, second])))
    }

    fn substitute(self, place: &Place<'_>, argument: &Value) -> Result<Expression, ApiError> {
        let (text_place, text, given) = match argument {
            Value::String(text) => (*place, text.as_str(), None),
            _ => {
                let [text, variables] = arguments(place, argument, "a text and an object of variables")?;
                (place.index(0), place.index(0).text(text)?, Some(place.index(1).object(variables)?))
            }
        };
        let at = place.index(1);
        let read = |(name, value): (&String, &Value)| {
            Ok((name.as_str().into(), self.expression(&at.key(name), value)?))
        };
        let variables: Vec<(Box<str>, Expression)> =
            given.into_iter().flatten().map(read).collect::<Result<_, ApiError>>()?;
        let pieces = self.pieces(&text_place, text, &variables)?;
        Ok(Expression::Substitute { pieces, variables })
    }

    /// `${NAME}` is a variable or a parameter, `${!NAME}` stands for `${NAME}` itself.
    fn pieces(
        self,
        place: &Place<'_>,
        mut text: &str,
        variables: &[(Box<str>, Expression)],
    ) -> Result<Vec<Piece>, ApiError> {
        let mut pieces = Vec::new();
        while let Some(start) = text.find("${") {
            let Some(length) = text[start..].find('}') else {
                return Err(place.invalid("a ${ has no }"));
            };
            if start > 0 {
                pieces.push(Piece::Text(text[..start].into()));
            }
            let name = &text[start + 2..start + length];
            pieces.push(match name.strip_prefix('!') {
                Some(name) => Piece::Text(format!("${{{name}}}").into()),
                None => match variables.iter().position(|(known, _)| **known == *name) {
                    Some(index) => Piece::Variable(index),
                    None => Piece::Parameter(self.parameter(place, name)?),
                },
            });
            text = &text[start + length + 1..];
        }
        if !text.is_empty() {
            pieces.push(Piece::Text(text.into()));
        }
        Ok(pieces)
    }

    fn parameter(self, place: &Place<'_>, name: &str) -> Result<Box<str>, ApiError> {
        // The service's own samples refer to the certificate's id without declaring it.
        if name == CERTIFICATE_ID || self.declared.parameters.iter().any(|known| *known.name == *name) {
            return Ok(name.into());
        }
        Err(place.invalid(format_args!("there is no parameter {name:?}; Parameters declares them")))
    }
}

fn arguments<'v, const N: usize>(
    place: &Place<'_>,
    value: &'v Value,
    what: &str,
) -> Result<&'v [Value; N], ApiError> {
    let list = value.as_array().ok_or_else(|| place.expected(&format!("a list of {what}"), value))?;
    let found = list.len();
    list.as_slice()
        .try_into()
        .map_err(|_| place.invalid(format_args!("{what} are expected, {found} values are given")))
}
