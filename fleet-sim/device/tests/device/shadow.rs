//! Devices that report to their shadows and follow them.

use core::time::Duration;

use squall_codec::{Packet, PacketId, Publish, ReasonCode, SubAck};
use squall_device::{
    DeviceProfile, OnConflict, OnDelta, ShadowHabits, ShadowListens, ShadowRequest, TimerToken,
};
use squall_types::{ProtocolVersion, QoS, Timestamp};

use crate::script::*;

pub(crate) const PREFIX: &str = "$aws/things/pumps-4/shadow";

/// Listens to everything, gets nothing, applies deltas after 2 s.
pub(crate) fn habits() -> ShadowHabits {
    ShadowHabits {
        thing: template("{{thing}}"),
        name: None,
        reported: template(r#"{"target":20,"n":{{counter}}}"#),
        report_on_connect: true,
        report_every: None,
        get_on_connect: false,
        listens: ShadowListens::ALL,
        on_delta: OnDelta::Apply(Duration::from_secs(2)),
        sends_version: false,
        on_conflict: OnConflict::GiveUp,
        keeps_applied: false,
        qos: QoS::AtLeastOnce,
        answer_timeout: Duration::from_secs(5),
    }
}

pub(crate) fn with(change: impl FnOnce(&mut ShadowHabits)) -> DeviceProfile {
    let mut habits = habits();
    change(&mut habits);
    DeviceProfile { shadows: vec![habits], ..profile(ProtocolVersion::V5) }
}

/// What the device published, without topics' prefix and packet ids.
pub(crate) fn requests(sent: Vec<Sent>) -> Vec<(String, String)> {
    let requests = sent.into_iter().filter_map(|sent| match sent {
        Sent::Publish { topic, payload, .. } => Some((topic.strip_prefix(PREFIX)?.to_owned(), payload)),
        _ => None,
    });
    requests.collect()
}

pub(crate) fn update(payload: &str) -> (String, String) {
    ("/update".to_owned(), payload.to_owned())
}

pub(crate) fn get(token: &str) -> (String, String) {
    ("/get".to_owned(), format!(r#"{{"clientToken":"{token}"}}"#))
}

impl Script {
    /// Connected in a new session, and every SUBSCRIBE is granted.
    pub(crate) fn connect_and_grant(&mut self) {
        self.accept(false);
        let subscribes: Vec<(u16, usize)> = self
            .sent
            .iter()
            .filter_map(|(_, sent)| match sent {
                Sent::Subscribe { packet_id, filters } => Some((*packet_id, filters.len())),
                _ => None,
            })
            .collect();
        for (packet_id, filters) in subscribes {
            let codes = vec![ReasonCode::GrantedQos1; filters];
            self.receive(&[Packet::SubAck(SubAck::new(id(packet_id), &codes))]);
        }
    }

    /// The service publishes on a topic of the shadow.
    pub(crate) fn say(&mut self, end: &str, payload: &str) {
        let topic = format!("{PREFIX}{end}");
        let publish = Publish::new(&topic, payload.as_bytes());
        self.receive(&[Packet::Publish(Publish {
            qos: QoS::AtLeastOnce,
            packet_id: PacketId::new(99),
            ..publish
        })]);
    }

    pub(crate) fn accept_update(&mut self, token: &str, version: u64) {
        self.say("/update/accepted", &format!(r#"{{"version":{version},"clientToken":"{token}"}}"#));
    }

    pub(crate) fn requests(&mut self) -> Vec<(String, String)> {
        requests(self.sent())
    }

    /// What it told of its first shadow.
    pub(crate) fn of_shadow(&mut self) -> Vec<OfShadow> {
        let told = self.told().into_iter().filter_map(|told| match told {
            Told::Shadow(0, fact) => Some(fact),
            _ => None,
        });
        told.collect()
    }
}

#[test]
fn a_device_subscribes_to_what_it_listens_to_and_reports_once_that_is_granted() {
    for version in VERSIONS {
        let mut script = Script::start(DeviceProfile { version, ..with(|_| {}) });
        script.accept(false);
        let filters =
            ["/update/delta", "/update/accepted", "/update/rejected", "/get/accepted", "/get/rejected"]
                .map(|end| (format!("{PREFIX}{end}"), 1));
        assert_eq!(
            script.sent.back().map(|(_, sent)| sent),
            Some(&Sent::Subscribe { packet_id: 1, filters: filters.to_vec() })
        );
        script.sent();
        script.told();
        script.advance(1);
        assert_eq!(script.sent(), [], "an answer would not be heard yet");
        script.receive(&[Packet::SubAck(SubAck::new(id(1), &[ReasonCode::GrantedQos1; 5]))]);
        let payload = r#"{"state":{"reported":{"target":20,"n":0}},"clientToken":"4.0.0"}"#;
        assert_eq!(script.requests(), [update(payload)]);
        script.acknowledge(2);
        script.accept_update("4.0.0", 1);
        let intended = Timestamp(SECOND);
        let request = ShadowRequest::Report;
        assert_eq!(
            script.of_shadow(),
            [
                OfShadow::Sent { request, version: None, intended, first: true },
                OfShadow::Acked(ReasonCode::Success),
                OfShadow::Accepted { request, version: 1, intended },
            ]
        );
        assert_eq!(script.device.unfinished_shadow_requests().count(), 0);
    }
}

#[test]
fn a_delta_is_applied_after_its_delay_and_only_what_it_changed_is_reported() {
    let mut script = Script::start(with(|_| {}));
    script.connect_and_grant();
    script.accept_update("4.0.0", 1);
    script.sent();
    script.told();
    script.say("/update/delta", r#"{"version":2,"timestamp":9,"state":{"target":23},"metadata":{}}"#);
    script.advance_nanos(2 * SECOND - 1);
    assert_eq!(script.requests(), []);
    script.advance_nanos(1);
    let applied = r#"{"state":{"reported":{"target":23}},"clientToken":"4.0.1"}"#;
    assert_eq!(script.requests(), [update(applied)]);
    let state = r#"{"target":23}"#.to_owned();
    let (request, intended) = (ShadowRequest::ReportApplied, Timestamp(2 * SECOND));
    assert_eq!(
        script.of_shadow(),
        [
            OfShadow::DeltaReceived { version: 2, state, taken: true },
            OfShadow::DeltaApplied { version: 2, received: Timestamp::ZERO },
            OfShadow::Sent { request, version: None, intended, first: true },
        ]
    );
    script.accept_update("4.0.1", 3);
    // From now on that is what it reports of itself.
    script.lose();
    script.advance(1);
    script.connect_and_grant();
    let everything = r#"{"state":{"reported":{"target":23,"n":1}},"clientToken":"4.0.2"}"#;
    assert_eq!(script.requests(), [update(everything)]);
}

#[test]
fn the_latest_delta_counts_at_the_time_of_the_first_and_an_older_one_is_dropped() {
    let mut script = Script::start(with(|habits| habits.report_on_connect = false));
    script.connect_and_grant();
    script.say("/update/delta", r#"{"version":5,"state":{"target":23}}"#);
    script.advance(1);
    script.say("/update/delta", r#"{"version":6,"state":{"target":24,"fan":{"on":true}}}"#);
    script.say("/update/delta", r#"{"version":4,"state":{"target":1}}"#);
    script.advance(1);
    let applied = r#"{"state":{"reported":{"target":24,"fan":{"on":true}}},"clientToken":"4.0.0"}"#;
    assert_eq!(script.requests(), [update(applied)]);
    let told = script.of_shadow();
    assert!(told.contains(&OfShadow::DeltaReceived {
        version: 4,
        state: r#"{"target":1}"#.to_owned(),
        taken: false
    }));
    assert!(told.contains(&OfShadow::DeltaApplied { version: 6, received: Timestamp::ZERO }));
}

#[test]
fn firmware_that_ignores_deltas_says_that_it_saw_them_and_does_nothing() {
    let mut script = Script::start(with(|habits| {
        habits.report_on_connect = false;
        habits.on_delta = OnDelta::Ignore;
    }));
    script.connect_and_grant();
    script.say("/update/delta", r#"{"version":5,"state":{"target":23}}"#);
    script.advance(60);
    assert_eq!(script.requests(), []);
    let state = r#"{"target":23}"#.to_owned();
    assert_eq!(script.of_shadow(), [OfShadow::DeltaReceived { version: 5, state, taken: false }]);
}

#[test]
fn a_device_gets_its_shadow_before_it_reports_and_takes_the_delta_in_it() {
    let mut script = Script::start(with(|habits| habits.get_on_connect = true));
    script.connect_and_grant();
    assert_eq!(script.requests(), [get("4.0.0")]);
    script.say(
        "/get/accepted",
        r#"{"state":{"desired":{"target":25},"reported":{"target":20},"delta":{"target":25}},"version":8,"timestamp":1,"clientToken":"4.0.0"}"#,
    );
    let report = r#"{"state":{"reported":{"target":20,"n":0}},"clientToken":"4.0.1"}"#;
    assert_eq!(script.requests(), [update(report)], "the delta waits for its time");
    script.accept_update("4.0.1", 9);
    script.advance(2);
    let applied = r#"{"state":{"reported":{"target":25}},"clientToken":"4.0.2"}"#;
    assert_eq!(script.requests(), [update(applied)]);
}

#[test]
fn a_shadow_that_is_not_there_is_no_trouble() {
    let mut script = Script::start(with(|habits| habits.get_on_connect = true));
    script.connect_and_grant();
    script.requests();
    script.say(
        "/get/rejected",
        r#"{"code":404,"message":"No shadow exists with name: 'pumps-4'","clientToken":"4.0.0"}"#,
    );
    assert_eq!(script.requests().len(), 1, "the report");
    let request = ShadowRequest::Get;
    assert!(script.of_shadow().contains(&OfShadow::Rejected { request, code: 404, repeats: false }));
}

#[test]
fn a_device_reports_in_its_rhythm_and_once_for_all_that_it_missed() {
    let mut script = Script::start(with(|habits| {
        habits.report_on_connect = false;
        habits.report_every = Some(Duration::from_secs(10));
        habits.listens = ShadowListens::NONE;
    }));
    script.connect_and_grant();
    script.advance(30);
    let sent: Vec<_> = script.sent.drain(..).collect();
    let times: Vec<u64> =
        sent.iter().filter(|(_, sent)| matches!(sent, Sent::Publish { .. })).map(|(at, _)| at.0).collect();
    // It listens to no answer, so it is the PUBACK that lets it go on.
    assert_eq!(times.len(), 1);
    for (packet_id, number) in [(1, 1), (2, 2)] {
        script.acknowledge(packet_id);
        let payload = format!(
            r#"{{"state":{{"reported":{{"target":20,"n":{number}}}}},"clientToken":"4.0.{number}"}}"#
        );
        let due = if number == 1 { vec![update(&payload)] } else { Vec::new() };
        assert_eq!(script.requests(), due, "reports that fell due meanwhile are one");
    }
    script.advance_nanos(times[0] + 30 * SECOND - script.now.0);
    assert_eq!(script.requests().len(), 1, "in the same rhythm");
}

#[test]
fn firmware_that_listens_to_nothing_sends_and_goes_on_at_qos_0() {
    let mut script = Script::start(with(|habits| {
        habits.listens = ShadowListens::NONE;
        habits.qos = QoS::AtMostOnce;
        habits.get_on_connect = true;
    }));
    script.accept(false);
    let topics: Vec<String> = script.requests().into_iter().map(|(topic, _)| topic).collect();
    assert_eq!(topics, ["/get", "/update"]);
    script.advance(600);
    let told = script.of_shadow();
    assert!(told.iter().all(|fact| matches!(fact, OfShadow::Sent { .. })), "{told:?}");
    assert_eq!(script.device.unfinished_shadow_requests().count(), 0);
}

#[test]
fn an_answer_that_does_not_come_is_waited_for_and_given_up() {
    let mut script = Script::start(with(|habits| habits.get_on_connect = true));
    script.connect_and_grant();
    script.requests();
    script.acknowledge(2);
    script.advance(4);
    assert_eq!(script.requests(), []);
    assert_eq!(script.device.unfinished_shadow_requests().next(), Some((0, Timestamp::ZERO)));
    script.advance(1);
    assert_eq!(script.requests().len(), 1, "the report is next");
    assert!(script.of_shadow().contains(&OfShadow::Unanswered(ShadowRequest::Get)));
    // Too late, and its token is that of no request under way.
    script.say("/get/accepted", r#"{"state":{},"version":8,"clientToken":"4.0.0"}"#);
    assert_eq!(script.of_shadow(), []);
}

#[test]
fn answers_to_others_teach_the_version_and_settle_nothing() {
    let mut script = Script::start(with(|habits| habits.sends_version = true));
    script.connect_and_grant();
    script.told();
    script.accept_update("somebody-else", 7);
    script.say("/update/rejected", r#"{"code":400,"message":"-","clientToken":"somebody-else"}"#);
    assert_eq!(script.of_shadow(), []);
    script.accept_update("4.0.0", 6);
    script.say("/update/delta", r#"{"version":7,"state":{"target":23}}"#);
    script.sent();
    script.advance(2);
    let applied = r#"{"state":{"reported":{"target":23}},"version":7,"clientToken":"4.0.1"}"#;
    assert_eq!(script.requests(), [update(applied)]);
}

#[test]
fn what_is_no_document_is_told_and_breaks_nothing() {
    let mut script = Script::start(with(|_| {}));
    script.connect_and_grant();
    script.told();
    script.say("/update/delta", "{");
    script.say("/update/accepted", r#"{"version":"one"}"#);
    script.say("/update/delta", r#"{"version":3}"#);
    script.say("/update/documents", "{");
    script.say("/name/other/update/delta", "{");
    assert_eq!(script.of_shadow(), [OfShadow::Unreadable, OfShadow::Unreadable]);
    assert!(script.device.is_connected());
}

#[test]
fn several_shadows_are_told_apart() {
    let named = ShadowHabits { name: Some("config".to_owned()), ..habits() };
    let shadows = vec![ShadowHabits { report_on_connect: false, ..habits() }, named];
    let mut script = Script::start(DeviceProfile { shadows, ..profile(ProtocolVersion::V5) });
    script.connect_and_grant();
    let sent = script.sent();
    let subscribed = |sent: &Sent| if let Sent::Subscribe { filters, .. } = sent { filters.len() } else { 0 };
    assert_eq!(sent.iter().map(subscribed).collect::<Vec<_>>(), [0, 8, 2, 0], "eight filters a SUBSCRIBE");
    let report = r#"{"state":{"reported":{"target":20,"n":0}},"clientToken":"4.1.0"}"#;
    assert_eq!(requests(sent), [("/name/config/update".to_owned(), report.to_owned())]);
    script.told();
    script.say("/name/config/update/delta", r#"{"version":2,"state":{"target":1}}"#);
    let state = r#"{"target":1}"#.to_owned();
    let delta = |version, state| OfShadow::DeltaReceived { version, state, taken: true };
    let shown: Vec<Told> = script.told();
    assert!(shown.contains(&Told::Shadow(1, delta(2, state))), "{shown:?}");
}

#[test]
fn requests_of_shadows_and_publishes_share_the_receive_maximum() {
    let profile = publishing(ProtocolVersion::V5, QoS::AtLeastOnce);
    let mut script = Script::start(DeviceProfile { shadows: vec![habits()], ..profile });
    script.input(squall_device::DeviceInput::Up);
    let mut connack = squall_codec::ConnAck::accepted(ProtocolVersion::V5, false);
    connack.properties.receive_maximum = core::num::NonZeroU16::new(1);
    script.receive(&[Packet::ConnAck(connack)]);
    script.receive(&[Packet::SubAck(SubAck::new(id(1), &[ReasonCode::GrantedQos1; 5]))]);
    script.advance(1);
    let publishes = |script: &mut Script| {
        let sent = script.sent().into_iter();
        sent.filter(|sent| matches!(sent, Sent::Publish { .. })).count()
    };
    assert_eq!(publishes(&mut script), 1, "the report took the one place");
    script.acknowledge(2);
    assert_eq!(publishes(&mut script), 1, "then the publish");
}

#[test]
fn a_run_of_timers_that_are_stale_changes_nothing() {
    let mut script = Script::start(with(|_| {}));
    script.connect_and_grant();
    script.accept_update("4.0.0", 1);
    script.told();
    for kind in [4_u32, 5, 6] {
        // Kind, shadow, and a generation that was never given out.
        let token = TimerToken((kind << 24) | 0x7777);
        script.input(squall_device::DeviceInput::Timer(token));
    }
    assert_eq!(script.of_shadow(), []);
}
