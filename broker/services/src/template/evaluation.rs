//! Expressions with values: every parameter put in its place.

use super::error::TemplateError;
use super::parameters::Parameters;
use super::{Declared, Expression, ListExpression, Node, Piece};

/// The most text that expanding one template may make on the way: what a device sends is repeated wherever the template
/// refers to it, so the template's own bound is none.
const MAX_EXPANDED_BYTES: usize = 512 * 1024;

/// One expansion: values, and how much text it may still make.
pub(crate) struct Evaluation<'t> {
    declared: &'t Declared,
    parameters: &'t Parameters,
    left: usize,
}

/// What went wrong, before anybody has said where.
pub(crate) type Fault = String;

impl<'t> Evaluation<'t> {
    pub(crate) const fn new(declared: &'t Declared, parameters: &'t Parameters) -> Self {
        Self { declared, parameters, left: MAX_EXPANDED_BYTES }
    }

    /// The text of a property.
    pub(crate) fn text(&mut self, place: &str, expression: &Expression) -> Result<Box<str>, TemplateError> {
        self.evaluate(expression).map(Into::into).map_err(|fault| TemplateError::new(place, fault))
    }

    /// The texts of a property that is a list.
    pub(crate) fn texts(
        &mut self,
        place: &str,
        list: &ListExpression,
    ) -> Result<Vec<Box<str>>, TemplateError> {
        let values = self.list(list).map_err(|fault| TemplateError::new(place, fault))?;
        let text = |(index, value): (usize, Option<String>)| match value {
            Some(text) => Ok(text.into()),
            None => Err(TemplateError::new(format_args!("{place}[{index}]"), "null is no text")),
        };
        values.into_iter().enumerate().map(text).collect()
    }

    /// The value of a parameter: the given one, else the declared default.
    pub(crate) fn parameter(&self, name: &str) -> Option<&'t str> {
        let default = || {
            let declared = self.declared.parameters.iter().find(|known| *known.name == *name);
            declared.and_then(|parameter| parameter.default.as_deref())
        };
        self.parameters.get(name).or_else(default)
    }

    /// A policy document as JSON text; one that is given as a text is that text.
    pub(crate) fn document(&mut self, place: &str, node: &Node) -> Result<Box<str>, TemplateError> {
        let made = match node {
            Node::Text(expression) => self.evaluate(expression),
            other => self.json(other).map(|value| value.to_string()),
        };
        made.map(Into::into).map_err(|fault| TemplateError::new(place, fault))
    }

    fn json(&mut self, node: &Node) -> Result<serde_json::Value, Fault> {
        use serde_json::Value;
        Ok(match node {
            Node::Text(expression) => Value::String(self.evaluate(expression)?),
            Node::Number(number) => Value::Number(number.clone()),
            Node::Bool(value) => Value::Bool(*value),
            Node::Null => Value::Null,
            Node::List(nodes) => {
                Value::Array(nodes.iter().map(|node| self.json(node)).collect::<Result<_, _>>()?)
            }
            Node::Object(entries) => {
                let entry = |(key, node): &(Box<str>, Node)| Ok((key.to_string(), self.json(node)?));
                Value::Object(entries.iter().map(entry).collect::<Result<_, Fault>>()?)
            }
        })
    }

    fn evaluate(&mut self, expression: &Expression) -> Result<String, Fault> {
        let text = match expression {
            Expression::Text(text) => text.to_string(),
            Expression::Parameter(name) => self.value(name)?.to_owned(),
            Expression::Join { delimiter, list } => self.join(delimiter, list)?,
            Expression::Select { index, list } => self.select(index, list)?,
            Expression::FindInMap(keys) => self.find_in_map(keys)?.to_owned(),
            Expression::Substitute { pieces, variables } => self.substitute(pieces, variables)?,
        };
        self.spend(text.len())?;
        Ok(text)
    }

    fn list(&mut self, list: &ListExpression) -> Result<Vec<Option<String>>, Fault> {
        match list {
            ListExpression::Items(items) => {
                items.iter().map(|item| item.as_ref().map(|item| self.evaluate(item)).transpose()).collect()
            }
            ListExpression::Split { delimiter, text } => {
                let text = self.evaluate(text)?;
                self.spend(text.len())?;
                // An empty piece costs as well.
                self.spend(text.matches(&**delimiter).count() * size_of::<String>())?;
                Ok(text.split(&**delimiter).map(|piece| Some(piece.to_owned())).collect())
            }
        }
    }

    fn join(&mut self, delimiter: &Expression, list: &ListExpression) -> Result<String, Fault> {
        let delimiter = self.evaluate(delimiter)?;
        let mut joined = String::new();
        for (index, value) in self.list(list)?.into_iter().enumerate() {
            let value = value.ok_or_else(|| format!("Fn::Join: value {index} of the list is null"))?;
            let between = if index > 0 { delimiter.as_str() } else { "" };
            if joined.len() + between.len() + value.len() > self.left {
                return Err(too_much());
            }
            joined.push_str(between);
            joined.push_str(&value);
        }
        Ok(joined)
    }

    fn select(&mut self, index: &Expression, list: &ListExpression) -> Result<String, Fault> {
        let index = self.evaluate(index)?;
        let Ok(at) = index.parse::<usize>() else {
            return Err(format!("Fn::Select: {index:?} is no index"));
        };
        let mut values = self.list(list)?;
        if at >= values.len() {
            return Err(format!(
                "Fn::Select: index {at} is out of range, the list has {} values",
                values.len()
            ));
        }
        values.swap_remove(at).ok_or_else(|| format!("Fn::Select: value {at} of the list is null"))
    }

    fn find_in_map(&mut self, [map, first, second]: &[Expression; 3]) -> Result<&'t str, Fault> {
        let (map, first, second) = (self.evaluate(map)?, self.evaluate(first)?, self.evaluate(second)?);
        let found = find(&self.declared.mappings, &map)
            .and_then(|entries| find(entries, &first))
            .and_then(|entries| find(entries, &second));
        found
            .map(|value| &**value)
            .ok_or_else(|| format!("Fn::FindInMap: Mappings has no {map}.{first}.{second}"))
    }

    fn substitute(
        &mut self,
        pieces: &[Piece],
        variables: &[(Box<str>, Expression)],
    ) -> Result<String, Fault> {
        let values =
            variables.iter().map(|(_, value)| self.evaluate(value)).collect::<Result<Vec<_>, _>>()?;
        let mut text = String::new();
        for piece in pieces {
            let value = match piece {
                Piece::Text(literal) => literal,
                Piece::Variable(index) => values[*index].as_str(),
                Piece::Parameter(name) => self.value(name)?,
            };
            if text.len() + value.len() > self.left {
                return Err(too_much());
            }
            text.push_str(value);
        }
        Ok(text)
    }

    fn value(&self, name: &str) -> Result<&'t str, Fault> {
        self.parameter(name).ok_or_else(|| format!("parameter {name} has no value"))
    }

    fn spend(&mut self, bytes: usize) -> Result<(), Fault> {
        self.left = self.left.checked_sub(bytes).ok_or_else(too_much)?;
        Ok(())
    }
}

fn too_much() -> Fault {
    format!("the expanded template would have more than {MAX_EXPANDED_BYTES} bytes")
}

fn find<'v, T>(entries: &'v [(Box<str>, T)], name: &str) -> Option<&'v T> {
    entries.iter().find(|(known, _)| **known == *name).map(|(_, value)| value)
}
