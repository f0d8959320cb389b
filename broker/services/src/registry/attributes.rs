//! Attributes of things and groups: names with values, in the order of their names (`state.md` 2.2, 2.4).

use super::invalid;
use crate::api_error::ApiError;
use crate::bounds::fits;

/// A name with its value.
pub(super) type Attribute = (Box<str>, Box<str>);

/// What a call says about attributes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AttributePayload {
    /// Names and values; an empty value takes an attribute away.
    pub attributes: Vec<(Box<str>, Box<str>)>,
    /// Whether those that are not named stay.
    pub merge: bool,
}

impl AttributePayload {
    /// The attributes that are there once the payload is taken in.
    pub(super) fn apply(&self, held: &[Attribute]) -> Vec<Attribute> {
        let named = |name: &str| self.attributes.iter().any(|(known, _)| **known == *name);
        let kept = held.iter().filter(|(name, _)| self.merge && !named(name));
        let given = self.attributes.iter().filter(|(_, value)| !value.is_empty());
        kept.chain(given).cloned().collect()
    }
}

/// Puts attributes in order, having looked at each. That all together may be 47 KB needs no looking at: fifty of the
/// longest are 45.
pub(super) fn sorted(
    mut attributes: Vec<Attribute>,
    most: usize,
    hint: &str,
) -> Result<Box<[Attribute]>, ApiError> {
    let found = attributes.len();
    if found > most {
        return Err(invalid(format!("{found} attributes, at most {most} are allowed{hint}")));
    }
    for (name, value) in &attributes {
        validate_name(name)?;
        if !fits(value, 0..=800, b"_.,@/:#=[]-") {
            return Err(invalid(format!(
                "value of attribute {name}: at most 800 letters, digits and _.,@/:#=[]- are allowed"
            )));
        }
    }
    attributes.sort();
    if let Some(pair) = attributes.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        return Err(invalid(format!("attribute {} is given twice", pair[0].0)));
    }
    Ok(attributes.into())
}

/// Bytes of all names and values.
pub(super) fn size(attributes: &[Attribute]) -> usize {
    attributes.iter().map(|(name, value)| name.len() + value.len()).sum()
}

pub(super) fn validate_name(name: &str) -> Result<(), ApiError> {
    if fits(name, 1..=128, b"_.,@/:#-") {
        return Ok(());
    }
    Err(invalid(format!("attribute name {name:?}: 1 to 128 letters, digits and _.,@/:#- are allowed")))
}
