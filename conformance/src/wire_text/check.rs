//! What only the whole list of steps shows, before any of them runs.

use std::collections::{BTreeMap, BTreeSet};

use squall_codec::PacketType;
use squall_types::ProtocolVersion;

use super::encode::encode;
use super::hook::HookSays;
use super::step::{Action, Expected, Sent, Step, StepError};
use super::template::Fill;
use super::value::{Choice, Notes, Wanted, Written};

/// Finds links that receive before they are there, names used before they are noted,
/// packets that the codec would not write.
pub(super) fn check_order(steps: &[Step]) -> Result<(), StepError> {
    let mut opened: BTreeMap<&str, ProtocolVersion> = BTreeMap::new();
    let mut noted: BTreeSet<&str> = BTreeSet::new();
    for step in steps {
        check_step(&step.action, &mut opened, &mut noted)
            .map_err(|problem| StepError { line: step.line, problem })?;
    }
    Ok(())
}

fn check_step<'s>(
    action: &'s Action,
    opened: &mut BTreeMap<&'s str, ProtocolVersion>,
    noted: &mut BTreeSet<&'s str>,
) -> Result<(), String> {
    match action {
        Action::Open(link) => {
            let version = version_of(link, opened).unwrap_or(ProtocolVersion::V311);
            opened.insert(link, version);
        }
        Action::Send { link, what, .. } => {
            let before = version_of(link, opened).unwrap_or(ProtocolVersion::V311);
            let version = opened.entry(link).or_insert(before);
            let Sent::Packet(packet) = what else { return Ok(()) };
            if packet.packet_type == PacketType::Connect {
                *version = packet.version.unwrap_or(*version);
            }
            let mut unknown = false;
            for (_, written) in &packet.fields {
                for name in written.noted_names() {
                    unknown = true;
                    if !noted.contains(name) {
                        return Err(format!("${name} stands here before anything is noted under it"));
                    }
                }
            }
            if !unknown {
                encode(&packet.fill(&Fill::PLAIN, &Notes::new())?, *version, &mut Vec::new())?;
            }
        }
        Action::Expect { link, allowed, .. } => {
            known_link(link, opened)?;
            for one in allowed {
                if let Expected::Packet(packet) = one {
                    noted.extend(packet.fields.iter().flat_map(|(_, wanted)| names(wanted)));
                    noted.extend(packet.document.wanted().flat_map(names));
                }
            }
        }
        Action::End(link) | Action::Drop(link) | Action::Acknowledge { link, .. } => {
            known_link(link, opened)?;
        }
        Action::Authorizer { link, .. } => known_link(link, opened)?,
        Action::Hook { says: HookSays::Heard(wanted), .. } | Action::Answer(wanted) => {
            noted.extend(wanted.iter().flat_map(|(_, wanted)| names(wanted)));
        }
        Action::Advance(_)
        | Action::Call { .. }
        | Action::Ask { .. }
        | Action::Hook { .. }
        | Action::Count { .. } => {}
    }
    Ok(())
}

fn known_link(link: &str, opened: &BTreeMap<&str, ProtocolVersion>) -> Result<(), String> {
    if version_of(link, opened).is_some() {
        Ok(())
    } else {
        Err(format!("'{link}' is no open link yet; it opens at '{link} open' or its first '>'"))
    }
}

/// The version of a link, or of the links of a count that it is one of: `c4` of `c#`.
fn version_of(link: &str, opened: &BTreeMap<&str, ProtocolVersion>) -> Option<ProtocolVersion> {
    let of_count = format!("{}#", link.trim_end_matches(|last: char| last.is_ascii_digit()));
    opened.get(link).or_else(|| opened.get(of_count.as_str())).copied()
}

fn names(wanted: &Wanted) -> Vec<&str> {
    let Wanted::OneOf(choices) = wanted else { return Vec::new() };
    choices
        .iter()
        .filter_map(|choice| match choice {
            Choice::Equal(Written::Noted(name)) => Some(name.as_str()),
            _ => None,
        })
        .collect()
}
