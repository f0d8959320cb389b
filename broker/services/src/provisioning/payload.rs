//! Payloads of fleet provisioning: the same objects as JSON and as CBOR (`state.md` 3.3).

use minicbor::data::Type;
use minicbor::{Decoder, Encoder};
use serde_json::{Map, Value};

use super::topic::PayloadFormat;

/// How deep a payload may be nested. What is read of one is two deep; a JSON reader stops by itself.
const MAX_DEPTH: usize = 32;

/// Reads a payload as an object. An empty one is an empty object.
pub(super) fn decode(format: PayloadFormat, payload: &[u8]) -> Result<Map<String, Value>, String> {
    if payload.is_empty() {
        return Ok(Map::new());
    }
    let value = match format {
        PayloadFormat::Json => serde_json::from_slice(payload).map_err(|error| error.to_string())?,
        PayloadFormat::Cbor => {
            let mut decoder = Decoder::new(payload);
            let value = item(&mut decoder, MAX_DEPTH).map_err(|error| error.to_string())?;
            if decoder.position() < payload.len() {
                return Err(format!("{} bytes follow the object", payload.len() - decoder.position()));
            }
            value
        }
    };
    match value {
        Value::Object(object) => Ok(object),
        _ => Err("an object is expected".to_owned()),
    }
}

/// Writes an object with its keys in their order.
pub(super) fn encode(format: PayloadFormat, object: Map<String, Value>) -> Vec<u8> {
    match format {
        PayloadFormat::Json => Value::Object(object).to_string().into_bytes(),
        PayloadFormat::Cbor => {
            let mut encoder = Encoder::new(Vec::new());
            // Writing to memory cannot fail.
            let _ = write(&mut encoder, &Value::Object(object));
            encoder.into_writer()
        }
    }
}

type Decoded<T> = Result<T, minicbor::decode::Error>;

/// One item. What JSON does not have becomes null: nothing that is asked for may be that.
fn item(decoder: &mut Decoder<'_>, depth: usize) -> Decoded<Value> {
    if depth == 0 {
        return Err(minicbor::decode::Error::message("nested too deeply"));
    }
    Ok(match decoder.datatype()? {
        Type::Bool => Value::Bool(decoder.bool()?),
        Type::U8 | Type::U16 | Type::U32 | Type::U64 => decoder.u64()?.into(),
        Type::I8 | Type::I16 | Type::I32 | Type::I64 => decoder.i64()?.into(),
        Type::String | Type::StringIndef => Value::String(text(decoder)?),
        Type::Array | Type::ArrayIndef => {
            let mut left = decoder.array()?;
            let mut items = Vec::new();
            while more(decoder, &mut left)? {
                items.push(item(decoder, depth - 1)?);
            }
            Value::Array(items)
        }
        Type::Map | Type::MapIndef => {
            let mut left = decoder.map()?;
            let mut entries = Map::new();
            while more(decoder, &mut left)? {
                let key = text(decoder)?;
                let value = item(decoder, depth - 1)?;
                if entries.insert(key, value).is_some() {
                    return Err(minicbor::decode::Error::message("a key is given twice"));
                }
            }
            Value::Object(entries)
        }
        _ => {
            decoder.skip()?;
            Value::Null
        }
    })
}

/// Whether a list or an object has one more item: its length says so, or no end has come.
fn more(decoder: &mut Decoder<'_>, left: &mut Option<u64>) -> Decoded<bool> {
    match left {
        Some(0) => Ok(false),
        Some(left) => {
            *left -= 1;
            Ok(true)
        }
        None if decoder.datatype()? == Type::Break => {
            decoder.skip()?;
            Ok(false)
        }
        None => Ok(true),
    }
}

fn text(decoder: &mut Decoder<'_>) -> Decoded<String> {
    let mut whole = String::new();
    for piece in decoder.str_iter()? {
        whole.push_str(piece?);
    }
    Ok(whole)
}

type Encoded = Result<(), minicbor::encode::Error<core::convert::Infallible>>;

fn write(encoder: &mut Encoder<Vec<u8>>, value: &Value) -> Encoded {
    match value {
        Value::Null => encoder.null().map(|_| ()),
        Value::Bool(value) => encoder.bool(*value).map(|_| ()),
        Value::String(text) => encoder.str(text).map(|_| ()),
        Value::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(number), _) => encoder.u64(number).map(|_| ()),
            (None, Some(number)) => encoder.i64(number).map(|_| ()),
            (None, None) => encoder.f64(number.as_f64().unwrap_or_default()).map(|_| ()),
        },
        Value::Array(items) => {
            encoder.array(items.len() as u64)?;
            items.iter().try_for_each(|item| write(encoder, item))
        }
        Value::Object(entries) => {
            encoder.map(entries.len() as u64)?;
            entries.iter().try_for_each(|(key, value)| {
                encoder.str(key)?;
                write(encoder, value)
            })
        }
    }
}
