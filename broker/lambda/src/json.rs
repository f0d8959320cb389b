//! JSON to a script's values and back, with an error where one side cannot hold what the other can.

use rhai::{Array, Dynamic, FLOAT, INT, Map};
use serde_json::{Number, Value};

/// Levels of arrays and objects inside each other. AWS names no limit; serde_json reads 128.
const MAX_LEVELS: usize = 128;

/// The script's value for `value`, or what it cannot hold and where that is.
pub(crate) fn to_dynamic(value: &Value) -> Result<Dynamic, String> {
    dynamic_at(value, &Path::Root)
}

/// The JSON for a script's value, or what JSON cannot hold and where that is.
pub(crate) fn from_dynamic(value: &Dynamic) -> Result<Value, String> {
    json_at(value, &Path::Root)
}

/// Where in the value one is; text is made only for an error.
enum Path<'a> {
    Root,
    Key(&'a Path<'a>, &'a str),
    Index(&'a Path<'a>, usize),
}

impl Path<'_> {
    fn levels(&self) -> usize {
        match self {
            Self::Root => 0,
            Self::Key(parent, _) | Self::Index(parent, _) => 1 + parent.levels(),
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Root => "$".to_owned(),
            Self::Key(parent, key) => format!("{}.{key}", parent.text()),
            Self::Index(parent, index) => format!("{}[{index}]", parent.text()),
        }
    }

    fn check_levels(&self) -> Result<(), String> {
        if self.levels() > MAX_LEVELS {
            return Err(format!("it is nested more than {MAX_LEVELS} levels deep"));
        }
        Ok(())
    }
}

fn dynamic_at(value: &Value, path: &Path<'_>) -> Result<Dynamic, String> {
    path.check_levels()?;
    Ok(match value {
        Value::Null => Dynamic::UNIT,
        Value::Bool(flag) => (*flag).into(),
        Value::Number(number) => dynamic_number(number, path)?,
        Value::String(text) => text.clone().into(),
        Value::Array(items) => {
            let items = items.iter().enumerate();
            let items = items.map(|(index, item)| dynamic_at(item, &Path::Index(path, index)));
            items.collect::<Result<Array, _>>()?.into()
        }
        Value::Object(entries) => {
            let entries = entries.iter();
            let entries = entries.map(|(key, item)| {
                Ok::<_, String>((key.as_str().into(), dynamic_at(item, &Path::Key(path, key))?))
            });
            entries.collect::<Result<Map, _>>()?.into()
        }
    })
}

fn dynamic_number(number: &Number, path: &Path<'_>) -> Result<Dynamic, String> {
    if let Some(integer) = number.as_i64() {
        return Ok(Dynamic::from_int(integer));
    }
    if number.is_u64() {
        return Err(format!("{}: {number} is beyond the largest integer, {}", path.text(), INT::MAX));
    }
    match number.as_f64() {
        Some(float) => Ok(Dynamic::from_float(float)),
        None => Err(format!("{}: {number} is no number of 64 bits", path.text())),
    }
}

fn json_at(value: &Dynamic, path: &Path<'_>) -> Result<Value, String> {
    path.check_levels()?;
    if value.is_unit() {
        return Ok(Value::Null);
    }
    if let Ok(flag) = value.as_bool() {
        return Ok(flag.into());
    }
    if let Ok(integer) = value.as_int() {
        return Ok(integer.into());
    }
    if let Ok(float) = value.as_float() {
        return json_float(float, path);
    }
    if let Ok(character) = value.as_char() {
        return Ok(character.to_string().into());
    }
    if let Ok(text) = value.as_immutable_string_ref() {
        return Ok(text.as_str().into());
    }
    if let Ok(items) = value.as_array_ref() {
        let items = items.iter().enumerate();
        return items.map(|(index, item)| json_at(item, &Path::Index(path, index))).collect();
    }
    if let Ok(entries) = value.as_map_ref() {
        let entries = entries.iter();
        let entries = entries.map(|(key, item)| Ok((key.to_string(), json_at(item, &Path::Key(path, key))?)));
        return entries.collect::<Result<_, String>>().map(Value::Object);
    }
    Err(format!("{}: a value of type {} has no JSON form", path.text(), value.type_name()))
}

fn json_float(float: FLOAT, path: &Path<'_>) -> Result<Value, String> {
    Number::from_f64(float)
        .map(Value::Number)
        .ok_or_else(|| format!("{}: {float} has no JSON form", path.text()))
}
