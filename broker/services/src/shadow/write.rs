//! Writing documents: state, metadata and what stands around them.

use smallvec::SmallVec;

use super::flat::{Kind, Member, Object};
use super::json;

/// `{"timestamp":SECONDS}` of the last second asked for: most leaves of a document share a few.
#[derive(Clone, Debug)]
pub(super) struct Stamps {
    seconds: Option<u32>,
    text: SmallVec<[u8; 32]>,
}

impl Stamps {
    pub(super) fn new() -> Self {
        Self { seconds: None, text: SmallVec::new() }
    }

    pub(super) fn write(&mut self, seconds: u32, out: &mut Vec<u8>) {
        if self.seconds != Some(seconds) {
            self.seconds = Some(seconds);
            self.text.clear();
            self.text.extend_from_slice(b"{\"timestamp\":");
            self.text.extend_from_slice(itoa::Buffer::new().format(seconds).as_bytes());
            self.text.push(b'}');
        }
        out.extend_from_slice(&self.text);
    }
}

pub(super) fn number(number: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// Begins a member: a comma, if one is due, and the key.
pub(super) fn key(name: &str, out: &mut Vec<u8>) {
    if out.last() != Some(&b'{') {
        out.push(b',');
    }
    out.push(b'"');
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
}

/// The part of an object that `marks` says, one mark for each node.
pub(super) fn marked_state(object: Object<'_>, marks: &[bool], out: &mut Vec<u8>) {
    out.push(b'{');
    for member in marked(object, marks) {
        member_key(&member, out);
        match member.object() {
            Some(inside) => marked_state(inside, &marks[member.index + 1..member.end], out),
            None => out.extend_from_slice(member.value),
        }
    }
    out.push(b'}');
}

/// The metadata of an object, or of the part of it that `marks` says: its shape with a timestamp for each leaf.
pub(super) fn metadata(object: Object<'_>, marks: Option<&[bool]>, stamps: &mut Stamps, out: &mut Vec<u8>) {
    out.push(b'{');
    match marks {
        None => {
            for member in object.members() {
                member_key(&member, out);
                member_metadata(&member, None, stamps, out);
            }
        }
        Some(marks) => {
            for member in marked(object, marks) {
                member_key(&member, out);
                member_metadata(&member, Some(&marks[member.index + 1..member.end]), stamps, out);
            }
        }
    }
    out.push(b'}');
}

fn marked<'a>(object: Object<'a>, marks: &[bool]) -> impl Iterator<Item = Member<'a>> {
    object.members().filter(|member| marks[member.index])
}

fn member_key(member: &Member<'_>, out: &mut Vec<u8>) {
    if out.last() != Some(&b'{') {
        out.push(b',');
    }
    out.extend_from_slice(member.key);
    out.push(b':');
}

fn member_metadata(member: &Member<'_>, marks: Option<&[bool]>, stamps: &mut Stamps, out: &mut Vec<u8>) {
    let stamp = member.node.stamp;
    match member.kind() {
        Kind::Scalar | Kind::Null => stamps.write(stamp, out),
        Kind::Array => {
            out.push(b'[');
            for place in 0..member.node.count() {
                if place > 0 {
                    out.push(b',');
                }
                stamps.write(stamp, out);
            }
            out.push(b']');
        }
        Kind::DeepArray => deep_metadata(member.value, stamp, stamps, out),
        Kind::Object => {
            if let Some(object) = member.object() {
                metadata(object, marks, stamps, out);
            }
        }
    }
}

/// Metadata of a value in an array, which has one timestamp for all of it.
fn deep_metadata(value: &[u8], stamp: u32, stamps: &mut Stamps, out: &mut Vec<u8>) {
    let text = str::from_utf8(value).unwrap_or_default();
    if let Ok(elements) = json::elements(text) {
        out.push(b'[');
        for (place, element) in elements.iter().enumerate() {
            if place > 0 {
                out.push(b',');
            }
            deep_metadata(element.as_bytes(), stamp, stamps, out);
        }
        out.push(b']');
    } else if let Ok(members) = json::members(text) {
        out.push(b'{');
        for (place, (key, element)) in members.iter().enumerate() {
            if place > 0 {
                out.push(b',');
            }
            key.write(out);
            out.push(b':');
            deep_metadata(element.as_bytes(), stamp, stamps, out);
        }
        out.push(b'}');
    } else {
        stamps.write(stamp, out);
    }
}
