//! Shadows of devices: what the firmware of a fleet does with them, what the judges see, and how long it takes until
//! devices are as they are desired.

use core::time::Duration;

use hashbrown::HashMap;
use squall_codec::{Packet, decode};
use squall_device::{OnConflict, OnDelta, ShadowFact, ShadowHabits, ShadowListens};
use squall_oracle::{DeviceKey, ShadowOracles};
use squall_results::Operation;
use squall_scenario::{Call, Fleet, OnConflict as ConflictRule, OnDelta as DeltaRule, Scenario};
use squall_services::shadow::{
    Operation as Asked, OwnedShadowCall, SHADOW_CALLS, ShadowCall, ShadowId, ShadowTopic,
};
use squall_types::{ProtocolVersion, Timestamp};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::fleet::FleetRun;
use crate::measure::Measure;
use crate::world::World;

/// What every topic of a shadow begins with.
const THINGS: &str = "$aws/things/";

/// How long after its habit's own time a device may take to be as desired, while it is connected: for latency, queues and
/// repeats.
const CONVERGENCE_GRACE: Duration = Duration::from_secs(60);

/// What the firmware of a fleet does with shadows.
pub(crate) fn habits(fleet: &Fleet) -> Vec<ShadowHabits> {
    let of_one = |habits: &squall_scenario::ShadowHabits| ShadowHabits {
        thing: habits.thing.clone(),
        name: habits.name.clone(),
        reported: habits.reported.clone(),
        report_on_connect: habits.report_on_connect,
        report_every: habits.report_every,
        get_on_connect: habits.get_on_connect,
        listens: ShadowListens {
            delta: habits.listens.delta,
            update_accepted: habits.listens.update_accepted,
            update_rejected: habits.listens.update_rejected,
            get_accepted: habits.listens.get_accepted,
            get_rejected: habits.listens.get_rejected,
        },
        on_delta: match habits.on_delta {
            DeltaRule::Ignore => OnDelta::Ignore,
            DeltaRule::Apply(after) => OnDelta::Apply(after),
        },
        sends_version: habits.sends_version,
        on_conflict: match habits.on_conflict {
            ConflictRule::GiveUp => OnConflict::GiveUp,
            ConflictRule::GetAndRepeat { at_most } => OnConflict::GetAndRepeat { at_most },
        },
        keeps_applied: habits.keeps_applied,
        qos: habits.qos,
        answer_timeout: habits.answer_timeout,
    };
    fleet.shadows.iter().map(of_one).collect()
}

/// Tells the judges whose devices are to end as desired: those whose habits leave nothing to luck. A device that hears no
/// delta, loses an update without noticing or gives one up may end otherwise, and so may one that policies hold.
pub(crate) fn introduce(oracles: &mut ShadowOracles, fleets: &[FleetRun]) {
    for fleet in fleets.iter().filter(|fleet| fleet.rights.is_none()) {
        for habits in &fleet.profile.shadows {
            let OnDelta::Apply(after) = habits.on_delta else { continue };
            let hears = habits.listens.delta && (habits.get_on_connect || !fleet.session_expiry.is_zero());
            let repeats = !habits.sends_version
                || habits.listens.update_rejected
                    && matches!(habits.on_conflict, OnConflict::GetAndRepeat { .. });
            if !(hears && repeats) {
                continue;
            }
            for index in 0..fleet.devices {
                let prefix = prefix(&fleet.rendered(&habits.thing, index), habits.name.as_deref());
                oracles.follow(DeviceKey(fleet.first + index), &prefix, after + CONVERGENCE_GRACE);
            }
        }
    }
}

/// Whether anything in a scenario has to do with shadows, so that somebody has to watch.
pub(crate) fn are_used(scenario: &Scenario) -> bool {
    let publishes = scenario.fleets.iter().flat_map(|fleet| &fleet.publishes);
    scenario.fleets.iter().any(|fleet| !fleet.shadows.is_empty())
        || publishes.map(|publish| publish.topic.source()).any(|topic| topic.starts_with(THINGS))
        || scenario.app_calls.iter().any(|call| is_about_shadows(&call.call))
}

fn is_about_shadows(call: &Call) -> bool {
    match call {
        Call::PublishToTopic { topic, .. } => topic.starts_with(THINGS),
        Call::Api(call) => SHADOW_CALLS.contains(&call.operation.as_str()),
        _ => false,
    }
}

fn prefix(thing: &str, name: Option<&str>) -> String {
    let mut topic = String::new();
    let shadow = ShadowId { thing, name };
    ShadowTopic::request(shadow, Asked::Get).write(&mut topic);
    topic.truncate(topic.len() - "/get".len());
    topic
}

/// When shadows were written last, and since when they differ from what is desired.
#[derive(Debug)]
pub(crate) struct ShadowClock {
    shadows: HashMap<u64, Written, foldhash::fast::FixedState>,
}

#[derive(Clone, Copy, Debug)]
struct Written {
    version: u64,
    at: Timestamp,
    differs_since: Option<Timestamp>,
}

impl Default for ShadowClock {
    fn default() -> Self {
        Self { shadows: HashMap::with_hasher(foldhash::fast::FixedState::with_seed(4)) }
    }
}

pub(crate) fn key(shadow: ShadowId<'_>) -> u64 {
    let name = shadow.name.map_or(1, |name| xxh3_64_with_seed(name.as_bytes(), 2));
    xxh3_64_with_seed(shadow.thing.as_bytes(), name)
}

impl ShadowClock {
    /// An update was accepted; since when the shadow had differed, if it is as desired now.
    pub(crate) fn updated(
        &mut self,
        now: Timestamp,
        shadow: ShadowId<'_>,
        version: u64,
        differs: bool,
    ) -> Option<Timestamp> {
        let fresh = Written { version, at: now, differs_since: None };
        let written = self.shadows.entry(key(shadow)).or_insert(fresh);
        (written.version, written.at) = (version, now);
        match (written.differs_since, differs) {
            (None, true) => {
                written.differs_since = Some(now);
                None
            }
            (Some(since), false) => {
                written.differs_since = None;
                Some(since)
            }
            (Some(_), true) | (None, false) => None,
        }
    }

    /// When the version of a shadow was written, if that was the last.
    fn written(&self, shadow: ShadowId<'_>, version: u64) -> Option<Timestamp> {
        self.shadows.get(&key(shadow)).filter(|written| written.version == version).map(|written| written.at)
    }

    /// Since when shadows differ that do at the end.
    pub(crate) fn differing(&self) -> impl Iterator<Item = Timestamp> {
        self.shadows.values().filter_map(|written| written.differs_since)
    }
}

/// Takes what a device did or saw with a shadow.
pub(crate) fn device_fact(
    now: Timestamp,
    fleet: &FleetRun,
    index: u32,
    number: u8,
    fact: &ShadowFact<'_>,
    measure: &mut Measure,
) {
    match *fact {
        ShadowFact::Accepted { request, intended, .. } if request.is_update() => {
            measure.record(Operation::ShadowUpdate, intended, now);
        }
        ShadowFact::DeltaReceived { version, .. } => {
            let habits = &fleet.profile.shadows[usize::from(number)];
            let thing = fleet.rendered(&habits.thing, index);
            let shadow = ShadowId { thing: &thing, name: habits.name.as_deref() };
            if let Some(written) = measure.shadows.written(shadow, version) {
                measure.record(Operation::ShadowDelta, written, now);
            }
        }
        _ => {}
    }
}

impl World {
    /// Shows the judges of shadows what the service sends, if it is about one.
    pub(crate) fn observe_shadow(&mut self, version: ProtocolVersion, bytes: &[u8]) {
        let Some(oracles) = &mut self.shadow_oracles else { return };
        if bytes.first().is_none_or(|byte| byte >> 4 != 3) {
            return;
        }
        if let Ok(Some((Packet::Publish(publish), _))) = decode(version, bytes, u32::MAX)
            && publish.topic.starts_with(THINGS)
        {
            oracles.answer_seen(self.now, publish.topic, publish.payload);
        }
    }

    /// A call about shadows: made, shown to the judges with what it is answered, and counted.
    pub(crate) fn call_shadow(&mut self, shown: &str, call: &OwnedShadowCall) {
        let call = call.as_call();
        let topic = match call {
            ShadowCall::UpdateThingShadow { shadow, payload } => {
                let topic = ShadowTopic::request(shadow, Asked::Update).to_string();
                if let Some(oracles) = &mut self.shadow_oracles {
                    oracles.request_sent(self.now, &topic, payload, true);
                }
                topic
            }
            ShadowCall::GetThingShadow { shadow } => ShadowTopic::request(shadow, Asked::Get).to_string(),
            ShadowCall::DeleteThingShadow { shadow } => {
                ShadowTopic::request(shadow, Asked::Delete).to_string()
            }
            ShadowCall::ListNamedShadowsForThing { .. } => String::new(),
        };
        let Some(reply) = self.request_shadow(shown.as_bytes(), call) else { return };
        if reply.rejection.is_none()
            && !topic.is_empty()
            && let Some(oracles) = &mut self.shadow_oracles
        {
            oracles.answer_seen(self.now, &format!("{topic}/accepted"), &reply.body);
        }
    }

    /// A message that may be a request of a shadow's was published by a cloud-side actor.
    pub(crate) fn show_request(&mut self, topic: &str, payload: &[u8]) {
        if topic.starts_with(THINGS)
            && let Some(oracles) = &mut self.shadow_oracles
        {
            oracles.request_sent(self.now, topic, payload, true);
        }
    }
}

/// Shows the judges a request that a device sends.
pub(crate) fn show_publish(
    oracles: Option<&mut ShadowOracles>,
    now: Timestamp,
    topic: &str,
    payload: &[u8],
    first: bool,
) {
    if topic.starts_with(THINGS)
        && let Some(oracles) = oracles
    {
        oracles.request_sent(now, topic, payload, first);
    }
}
