//! The functions that scripts find beside Rhai's packages.
//!
//! `parse_int` and the like stand in for Rhai's package of mathematics, which comes with libm.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rhai::{Array, Dynamic, Engine, EvalAltResult, FLOAT, INT, Map};

use crate::json;

type Answer<T> = Result<T, Box<EvalAltResult>>;

pub(crate) fn register(engine: &mut Engine) {
    engine
        .register_fn("base64_encode", |text: &str| BASE64_STANDARD.encode(text))
        .register_fn("base64_decode", base64_decode)
        .register_fn("parse_json", parse_json)
        .register_fn("to_json", |value: Dynamic| to_json(&value))
        // Rhai has a `to_json` of its own for maps, which writes what is no JSON as text.
        .register_fn("to_json", |map: Map| to_json(&map.into()))
        .register_fn("to_json", |array: Array| to_json(&array.into()));
    register_numbers(engine);
}

fn register_numbers(engine: &mut Engine) {
    engine
        .register_fn("parse_int", parse_int)
        .register_fn("parse_float", parse_float)
        .register_fn("to_int", to_int)
        .register_fn("to_int", |number: INT| number)
        .register_fn("to_float", |number: INT| number as FLOAT)
        .register_fn("floor", FLOAT::floor)
        .register_fn("ceiling", FLOAT::ceil)
        .register_fn("round", FLOAT::round);
    // The operator is disabled; `Fn("**")` must not find it either.
    engine
        .register_fn("**", |_: FLOAT, _: FLOAT| no_power())
        .register_fn("**", |_: FLOAT, _: INT| no_power())
        .register_fn("**", |_: INT, _: FLOAT| no_power());
}

fn base64_decode(text: &str) -> Answer<String> {
    let bytes = BASE64_STANDARD.decode(text).map_err(|error| format!("base64_decode: {error}"))?;
    Ok(String::from_utf8(bytes).map_err(|_| "base64_decode: the bytes are no UTF-8 text")?)
}

fn parse_json(text: &str) -> Answer<Dynamic> {
    let value: serde_json::Value =
        serde_json::from_str(text).map_err(|error| format!("parse_json: {error}"))?;
    Ok(json::to_dynamic(&value).map_err(|message| format!("parse_json: {message}"))?)
}

fn to_json(value: &Dynamic) -> Answer<String> {
    Ok(json::from_dynamic(value).map_err(|message| format!("to_json: {message}"))?.to_string())
}

fn parse_int(text: &str) -> Answer<INT> {
    Ok(text.trim().parse().map_err(|error| format!("parse_int {text:?}: {error}"))?)
}

fn parse_float(text: &str) -> Answer<FLOAT> {
    Ok(text.trim().parse().map_err(|error| format!("parse_float {text:?}: {error}"))?)
}

/// Towards zero, as Rhai's own; an error where `as` would saturate.
fn to_int(number: FLOAT) -> Answer<INT> {
    const BOUND: FLOAT = 9_223_372_036_854_775_808.0;
    if (-BOUND..BOUND).contains(&number) {
        Ok(number as INT)
    } else {
        Err(format!("to_int: {number} is no integer of 64 bits").into())
    }
}

fn no_power() -> Answer<FLOAT> {
    Err("powers of floats are not available".into())
}
