//! Reading requests, in the service's order of checks (`state.md` 1.2, 1.3).

use super::flat::{Builder, Kind};
use super::json::{self, Text};
use super::{Rejection, Settings};

/// What an update says of one section.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Change {
    /// Nothing.
    #[default]
    Keep,
    /// It goes: `null`.
    Remove,
    /// It is merged with what was sent.
    Merge,
}

/// What an update says of the state, in flat form with its nulls.
#[derive(Clone, Debug, Default)]
pub(super) struct Patch {
    /// The whole state was null.
    pub(super) state_is_null: bool,
    /// Of desired and reported.
    pub(super) changes: [Change; 2],
    /// What is merged into them.
    pub(super) sections: [Builder; 2],
    /// The request had reported before desired.
    pub(super) reported_first: bool,
    /// There is null, or an object without keys, somewhere.
    pub(super) has_nothings: bool,
    /// There is an object without keys.
    pub(super) has_empty_object: bool,
    too_deep: bool,
    invalid_node: bool,
}

/// The rest of an update, once it passed.
#[derive(Clone, Debug)]
pub(super) struct UpdateHead<'p> {
    pub(super) token: Option<Text<'p>>,
    pub(super) version: Option<u64>,
}

/// A refused update, with the token that it is told by.
pub(super) type Refused<'p> = (Rejection, Option<Text<'p>>);

/// The client token of a payload that need not be JSON at all; one that breaks a rule is none.
pub(super) fn token_of<'p>(payload: &'p [u8], settings: &Settings) -> Option<Text<'p>> {
    if payload.is_empty() {
        return None;
    }
    let members = json::members(str::from_utf8(payload).ok()?).ok()?;
    let (_, raw) = members.into_iter().find(|(key, _)| **key == *"clientToken")?;
    read_token(raw, settings)
}

fn read_token<'p>(raw: &'p str, settings: &Settings) -> Option<Text<'p>> {
    let token = json::string(raw).ok()?;
    (token.len() <= settings.client_token_bytes).then_some(token)
}

impl Patch {
    /// Reads an update into `self` and stamps its leaves with `stamp`.
    pub(super) fn read<'p>(
        &mut self,
        payload: &'p [u8],
        settings: &Settings,
        stamp: u32,
    ) -> Result<UpdateHead<'p>, Refused<'p>> {
        self.reset();
        let text = str::from_utf8(payload).map_err(|_| (Rejection::NotUtf8, None))?;
        let members = json::members(text).map_err(|_| (Rejection::InvalidJson, None))?;
        let (mut state, mut version, mut raw_token) = (None, None, None);
        for (key, value) in &members {
            match &**key {
                "state" => state = Some(*value),
                "version" => version = Some(*value),
                "clientToken" => raw_token = Some(*value),
                _ => {}
            }
        }
        let token = raw_token.and_then(|raw| read_token(raw, settings));
        match self.check(state, version, raw_token.is_some() && token.is_none(), settings, stamp) {
            Ok(version) => Ok(UpdateHead { token, version }),
            // Half of it cannot be read: there is no knowing whose it was.
            Err(Rejection::InvalidJson) => Err((Rejection::InvalidJson, None)),
            Err(rejection) => Err((rejection, token)),
        }
    }

    fn check(
        &mut self,
        state: Option<&str>,
        version: Option<&str>,
        bad_token: bool,
        settings: &Settings,
        stamp: u32,
    ) -> Result<Option<u64>, Rejection> {
        self.read_state(state.ok_or(Rejection::MissingState)?, settings, stamp)?;
        if bad_token {
            return Err(Rejection::InvalidClientToken);
        }
        let version = version.map(read_version).transpose()?;
        if self.too_deep {
            return Err(Rejection::TooDeep);
        }
        if self.invalid_node {
            return Err(Rejection::InvalidNode);
        }
        Ok(version)
    }

    fn reset(&mut self) {
        let sections = core::mem::take(&mut self.sections);
        *self = Self { sections, ..Self::default() };
    }

    fn read_state(&mut self, state: &str, settings: &Settings, stamp: u32) -> Result<(), Rejection> {
        if state == "null" {
            self.state_is_null = true;
            self.changes = [Change::Remove; 2];
            return Ok(());
        }
        if !state.starts_with('{') {
            return Err(Rejection::StateNotObject);
        }
        let members = json::members(state).map_err(|_| Rejection::InvalidJson)?;
        let mut sections: [Option<&str>; 2] = [None; 2];
        for (key, value) in &members {
            let section = match &**key {
                "desired" => 0,
                "reported" => 1,
                _ => continue,
            };
            self.reported_first |= section == 1 && sections[0].is_none();
            sections[section] = Some(value);
        }
        for (section, (raw, wrong)) in
            sections.into_iter().zip([Rejection::DesiredNotObject, Rejection::ReportedNotObject]).enumerate()
        {
            self.changes[section] = match raw {
                None => Change::Keep,
                Some("null") => Change::Remove,
                Some(raw) if raw.starts_with('{') => Change::Merge,
                Some(_) => return Err(wrong),
            };
        }
        let mut builders = core::mem::take(&mut self.sections);
        let mut read = Ok(());
        for (builder, raw) in builders.iter_mut().zip(sections) {
            if let (Some(raw), Ok(())) = (raw.filter(|raw| raw.starts_with('{')), &read) {
                builder.begin();
                read = self.read_object(builder, raw, 1, settings.levels, stamp);
                builder.end();
            }
        }
        self.sections = builders;
        read
    }

    /// `level` is that of the object's keys.
    fn read_object(
        &mut self,
        out: &mut Builder,
        raw: &str,
        level: u32,
        levels: u32,
        stamp: u32,
    ) -> Result<(), Rejection> {
        let members = json::members(raw).map_err(|_| Rejection::InvalidJson)?;
        if members.is_empty() {
            (self.has_nothings, self.has_empty_object) = (true, true);
        } else if level > levels {
            self.too_deep = true;
            return Ok(());
        }
        for (key, value) in &members {
            let write_key = |text: &mut Vec<u8>| key.write(text);
            if value.starts_with('{') {
                let open = out.open(write_key);
                self.read_object(out, value, level + 1, levels, stamp)?;
                out.close(open, stamp);
                continue;
            }
            let key_len = out.key(write_key);
            let start = out.text.len();
            let (kind, count) = match value.as_bytes() {
                [b'[', ..] => self.write_array(value, level, levels, &mut out.text)?,
                b"null" => {
                    self.has_nothings = true;
                    out.text.extend_from_slice(b"null");
                    (Kind::Null, 0)
                }
                _ => {
                    write_scalar(value, &mut out.text)?;
                    (Kind::Scalar, 0)
                }
            };
            out.leaf(key_len, start, kind, count, stamp);
        }
        Ok(())
    }

    /// An array in canonical form. Arrays in arrays count as levels, as keys do, and so do the keys of objects in them.
    fn write_array(
        &mut self,
        raw: &str,
        level: u32,
        levels: u32,
        out: &mut Vec<u8>,
    ) -> Result<(Kind, usize), Rejection> {
        let elements = json::elements(raw).map_err(|_| Rejection::InvalidJson)?;
        let mut kind = Kind::Array;
        out.push(b'[');
        for (place, value) in elements.iter().enumerate() {
            if place > 0 {
                out.push(b',');
            }
            if value.starts_with(['[', '{']) {
                kind = Kind::DeepArray;
            }
            self.write_in_array(value, level, levels, out)?;
        }
        out.push(b']');
        Ok((kind, elements.len()))
    }

    fn write_in_array(
        &mut self,
        raw: &str,
        level: u32,
        levels: u32,
        out: &mut Vec<u8>,
    ) -> Result<(), Rejection> {
        match raw.as_bytes() {
            b"null" => self.invalid_node = true,
            [b'[' | b'{', ..] if level >= levels => self.too_deep = true,
            [b'[', ..] => {
                self.write_array(raw, level + 1, levels, out)?;
            }
            [b'{', ..] => {
                let members = json::members(raw).map_err(|_| Rejection::InvalidJson)?;
                out.push(b'{');
                for (place, (key, value)) in members.iter().enumerate() {
                    if place > 0 {
                        out.push(b',');
                    }
                    key.write(out);
                    out.push(b':');
                    self.write_in_array(value, level + 1, levels, out)?;
                }
                out.push(b'}');
            }
            _ => write_scalar(raw, out)?,
        }
        Ok(())
    }
}

/// A string, number or boolean in canonical form.
fn write_scalar(raw: &str, out: &mut Vec<u8>) -> Result<(), Rejection> {
    if raw.starts_with('"') && raw.contains('\\') {
        let text = json::string(raw).map_err(|_| Rejection::InvalidJson)?;
        text.write(out);
    } else {
        out.extend_from_slice(raw.as_bytes());
    }
    Ok(())
}

/// A whole number from 0 on. One beyond 64 bits is one that no shadow has.
fn read_version(raw: &str) -> Result<u64, Rejection> {
    if !raw.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Rejection::InvalidVersion);
    }
    Ok(raw.parse().unwrap_or(u64::MAX))
}
