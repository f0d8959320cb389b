//! Link models: how long a segment takes between a device and the service, and how often it is lost.
//!
//! Each is a file of `fixtures/link-models`, embedded here, in which every value has its source beside it.

use std::sync::LazyLock;

use crate::error::{ScenarioError, ScenarioErrors};
use crate::keys::LINK_MODEL;
use crate::read::{Cursor, Report};
use crate::resolved::LinkModel;
use crate::tree::{Entry, Node, Origin, Value, parse_toml};
use crate::value::duration_text;

/// A link model with what its file says about it.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkModelFile {
    /// What it stands for, in a sentence.
    pub about: String,
    /// The values.
    pub model: LinkModel,
    /// Where each value comes from, by key.
    pub sources: Vec<(String, String)>,
}

macro_rules! embedded {
    ($($name:literal,)+) => {
        const EMBEDDED: &[(&str, &str)] = &[
            $(($name, include_str!(concat!("../../../fixtures/link-models/", $name, ".toml"))),)+
        ];
    };
}

embedded!["ideal", "lan", "broadband", "lte-m", "nb-iot", "satellite",];

static MODELS: LazyLock<Vec<LinkModelFile>> = LazyLock::new(|| {
    let parse = |(name, text): &(&str, &str)| match parse_link_model(name, text) {
        Ok(model) => model,
        Err(errors) => panic!("{errors}"),
    };
    EMBEDDED.iter().map(parse).collect()
});

/// Every embedded link model, from the best network to the worst.
pub fn link_models() -> &'static [LinkModelFile] {
    &MODELS
}

/// The names of the embedded link models.
pub(crate) fn names() -> Vec<&'static str> {
    EMBEDDED.iter().map(|(name, _)| *name).collect()
}

/// The embedded link model called `name`.
pub(crate) fn find(name: &str) -> Option<&'static LinkModelFile> {
    MODELS.iter().find(|model| model.model.name == name)
}

/// Reads a link model file.
fn parse_link_model(file: &str, text: &str) -> Result<LinkModelFile, ScenarioErrors> {
    let root = parse_toml(file, text)?;
    let report = Report::new(file, false);
    let mut about = None;
    let mut sources = Vec::new();
    let mut plain = Vec::new();
    for entry in root.as_table().unwrap_or_default() {
        match entry.key.as_str() {
            "about" => about = entry.node.as_text().map(str::to_owned),
            "name" => plain.push(entry.clone()),
            key => match (entry.node.get("value"), entry.node.get("source").and_then(Node::as_text)) {
                (Some(value), Some(source)) => {
                    sources.push((key.to_owned(), source.to_owned()));
                    plain.push(Entry { node: value.clone(), ..entry.clone() });
                }
                _ => report.push(report.error(&entry.key_origin, key, "wants a value and a source")),
            },
        }
    }
    let plain = Node::new(Value::Table(plain), Origin::Whole);
    let model = Cursor::open(&report, &LINK_MODEL, &plain, String::new()).and_then(|cursor| read(&cursor));
    match (model, about, report.into_errors()) {
        (Some(model), Some(about), errors) if errors.is_empty() => {
            Ok(LinkModelFile { about, model, sources })
        }
        (_, about, mut errors) => {
            if about.is_none() {
                errors.push(ScenarioError::new(file, &Origin::Whole, "about", "is missing"));
            }
            Err(ScenarioErrors::new(errors))
        }
    }
}

/// Reads a link model that is written out.
pub(crate) fn read(cursor: &Cursor<'_>) -> Option<LinkModel> {
    let name = cursor.text("name");
    let uplink_us = cursor.curve("uplink_us");
    let downlink_us = cursor.curve("downlink_us");
    let loss_per_million = cursor.whole_u32("loss_per_million");
    let retransmission_timeout = cursor.duration("retransmission_timeout");
    let uplink_bits_per_second = cursor.whole("uplink_bits_per_second");
    let downlink_bits_per_second = cursor.whole("downlink_bits_per_second");
    let handshake_round_trips = cursor.whole_u32("handshake_round_trips");
    Some(LinkModel {
        name: name?,
        uplink_us: uplink_us?,
        downlink_us: downlink_us?,
        loss_per_million: loss_per_million?,
        retransmission_timeout: retransmission_timeout?,
        uplink_bits_per_second: uplink_bits_per_second?,
        downlink_bits_per_second: downlink_bits_per_second?,
        handshake_round_trips: handshake_round_trips?,
    })
}

/// The model written out as a file would, under another name.
pub(crate) fn to_node(model: &LinkModel, name: &str, origin: &Origin) -> Node {
    let node = |value| Node::new(value, origin.clone());
    let whole = |number: u64| node(Value::Whole(i64::try_from(number).unwrap_or(i64::MAX)));
    let curve =
        |points: &[u32]| node(Value::List(points.iter().map(|&point| whole(u64::from(point))).collect()));
    let entries = [
        ("name", node(Value::Text(name.to_owned()))),
        ("uplink_us", curve(&model.uplink_us)),
        ("downlink_us", curve(&model.downlink_us)),
        ("loss_per_million", whole(u64::from(model.loss_per_million))),
        ("retransmission_timeout", node(Value::Text(duration_text(model.retransmission_timeout)))),
        ("uplink_bits_per_second", whole(model.uplink_bits_per_second)),
        ("downlink_bits_per_second", whole(model.downlink_bits_per_second)),
        ("handshake_round_trips", whole(u64::from(model.handshake_round_trips))),
    ];
    let entry = |(key, node): (&str, Node)| Entry { key: key.to_owned(), key_origin: origin.clone(), node };
    node(Value::Table(entries.map(entry).into_iter().collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_model_reads_bears_its_name_and_names_its_sources() {
        for ((name, _), file) in EMBEDDED.iter().zip(link_models()) {
            assert_eq!(file.model.name, *name);
            assert_eq!(file.sources.len(), LINK_MODEL.keys.len() - 1, "{name}");
            for curve in [&file.model.uplink_us, &file.model.downlink_us] {
                assert_eq!(curve.len(), 17, "{name}");
            }
        }
    }

    #[test]
    fn a_file_without_sources_is_refused() {
        let text = EMBEDDED[0].1.replace("source", "sauce");
        let errors = parse_link_model("ideal", &text).unwrap_err();
        assert!(errors.to_string().contains("wants a value and a source"));
    }
}
