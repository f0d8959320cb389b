//! Devices that exchange a claim for an identity.

use core::time::Duration;

use proptest::prelude::*;
use squall_codec::{Ack, ConnAck, Disconnect, Packet, PacketId, Publish, ReasonCode, SubAck};
use squall_device::{
    AfterRejection, Claim, Credential, DeviceInput, DeviceProfile, PayloadFormat, Provisioning,
    ProvisioningStep, Way,
};
use squall_types::{CertificateId, ProtocolVersion, QoS, Timestamp};

use crate::script::*;

const ID: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
const CREATE: &str = "$aws/certificates/create/json";
const PROVISION: &str = "$aws/provisioning-templates/line-1/provision/json";

fn claim() -> Claim {
    Claim {
        template: "line-1".to_owned(),
        parameters: vec![("SerialNumber".to_owned(), template("sn-{{index}}"))],
        format: PayloadFormat::Json,
        csr: false,
        client_id: template("claim-{{thing}}"),
        timeout: Duration::from_secs(30),
    }
}

fn claiming(version: ProtocolVersion, claim: Claim) -> DeviceProfile {
    let provisioning = Provisioning {
        way: Way::Claim(claim),
        after_rejection: AfterRejection::BackOff,
        gives_up_per_million: 0,
        keeps_certificate: true,
    };
    DeviceProfile { provisioning: Some(provisioning), ..publishing(version, QoS::AtLeastOnce) }
}

fn habits(change: impl FnOnce(&mut Provisioning)) -> DeviceProfile {
    let mut profile = claiming(ProtocolVersion::V5, claim());
    change(profile.provisioning.as_mut().expect("a device that claims"));
    profile
}

fn certificate_id() -> CertificateId {
    ID.parse().expect("a certificate id")
}

impl Script {
    /// The claim is let in.
    fn accept_claim(&mut self) {
        assert_eq!(self.credential, Some(Credential::Claim));
        self.input(DeviceInput::Up);
        self.receive(&[Packet::ConnAck(ConnAck::accepted(self.profile.version, false))]);
    }

    /// Grants the SUBSCRIBE that was sent last.
    fn grant(&mut self) {
        let Some((_, Sent::Subscribe { packet_id, .. })) = self.sent.back() else {
            panic!("{:?} is no SUBSCRIBE", self.sent.back())
        };
        let packet_id = id(*packet_id);
        self.receive(&[Packet::SubAck(SubAck::new(packet_id, &[ReasonCode::GrantedQos1; 2]))]);
    }

    fn answer(&mut self, topic: &str, payload: &[u8]) {
        let packet_id = PacketId::new(77);
        self.receive(&[Packet::Publish(Publish {
            qos: QoS::AtLeastOnce,
            packet_id,
            ..Publish::new(topic, payload)
        })]);
    }

    fn give_certificate(&mut self) {
        let payload = format!(
            r#"{{"certificateId":"{ID}","certificatePem":"-","privateKey":"-","certificateOwnershipToken":"tok"}}"#
        );
        self.answer(&format!("{CREATE}/accepted"), payload.as_bytes());
    }

    fn register(&mut self) {
        self.answer(
            &format!("{PROVISION}/accepted"),
            br#"{"deviceConfiguration":{"a":"b"},"thingName":"pump-4"}"#,
        );
    }
}

fn subscribe(packet_id: u16, topic: &str) -> Sent {
    let filters = ["/accepted", "/rejected"].map(|end| (topic.to_owned() + end, 1));
    Sent::Subscribe { packet_id, filters: filters.to_vec() }
}

fn request(packet_id: u16, topic: &str, payload: &str) -> Sent {
    Sent::Publish { packet_id, dup: false, topic: topic.to_owned(), payload: payload.to_owned(), qos: 1 }
}

#[test]
fn a_claim_is_exchanged_for_an_identity() {
    for version in VERSIONS {
        let mut script = Script::start(claiming(version, claim()));
        script.advance(2);
        script.accept_claim();
        let connect = Sent::Connect {
            client_id: "claim-pumps-4".to_owned(),
            clean_start: true,
            keep_alive: 60,
            session_expiry: None,
        };
        assert_eq!(
            script.sent.iter().map(|(_, sent)| sent.clone()).collect::<Vec<_>>(),
            [connect, subscribe(1, CREATE)]
        );
        assert!(!script.device.is_connected(), "not as itself");
        script.grant();
        script.sent.drain(..2);
        assert_eq!(script.sent(), [request(2, CREATE, "")]);
        script.acknowledge(2);
        script.give_certificate();
        assert_eq!(
            script.sent.iter().map(|(_, sent)| sent.clone()).collect::<Vec<_>>(),
            [Sent::PubAck(77), subscribe(3, PROVISION)]
        );
        script.grant();
        let registration = r#"{"certificateOwnershipToken":"tok","parameters":{"SerialNumber":"sn-4"}}"#;
        script.sent.drain(..2);
        assert_eq!(script.sent(), [request(4, PROVISION, registration)]);
        // The answer may overtake the acknowledgement.
        script.register();
        assert_eq!(script.sent(), [Sent::PubAck(77), Sent::Disconnect]);
        assert!(!script.transport);
        let provisioned = Told::Provisioned {
            since: Timestamp::ZERO,
            certificate_id: Some(certificate_id()),
            thing_name: Some("pump-4".to_owned()),
        };
        assert_eq!(
            script.told(),
            [
                Told::AttemptBegan,
                Told::ClaimConnected,
                Told::CertificateReceived(certificate_id()),
                provisioned
            ],
            "what is said on a connection with a claim is told by facts of its own"
        );
        // Then it comes as itself, at once, with what fell due meanwhile.
        script.advance_nanos(0);
        assert_eq!(script.credential, Some(Credential::Own));
        script.accept(false);
        let sent = script.sent();
        let Sent::Connect { client_id, clean_start: false, .. } = &sent[0] else { panic!("{sent:?}") };
        assert_eq!(client_id, "pumps-4");
        assert_eq!(sent[1..], [published(5, false, "0"), published(6, false, "1")]);
        let wanted = Timestamp::from_secs(2);
        assert!(matches!(script.told()[1], Told::Connected { wanted: since, .. } if since == wanted));
    }
}

#[test]
fn signing_requests_and_cbor_have_topics_of_their_own() {
    let asked = Claim { format: PayloadFormat::Cbor, csr: true, ..claim() };
    let mut script = Script::start(claiming(ProtocolVersion::V5, asked));
    script.accept_claim();
    let topic = "$aws/certificates/create-from-csr/cbor";
    assert_eq!(script.sent.back().map(|(_, sent)| sent), Some(&subscribe(1, topic)));
    script.grant();
    let Some((_, Sent::Publish { payload, topic: asked, .. })) = script.sent.back() else {
        panic!("{:?}", script.sent)
    };
    assert_eq!(asked, topic);
    assert!(
        payload.contains("certificateSigningRequest") && payload.contains("-----BEGIN CERTIFICATE REQUEST")
    );
    let mut answer = minicbor::Encoder::new(Vec::new());
    answer.map(2).unwrap().str("certificateOwnershipToken").unwrap().str("tok").unwrap();
    answer.str("certificateId").unwrap().str(ID).unwrap();
    script.answer(&format!("{topic}/accepted"), &answer.into_writer());
    let topic = "$aws/provisioning-templates/line-1/provision/cbor";
    assert_eq!(script.sent.back().map(|(_, sent)| sent), Some(&subscribe(3, topic)));
    script.grant();
    let mut answer = minicbor::Encoder::new(Vec::new());
    answer.map(1).unwrap().str("thingName").unwrap().str("pump-4").unwrap();
    script.answer(&format!("{topic}/accepted"), &answer.into_writer());
    assert!(script.device.is_provisioned());
}

#[test]
fn a_rejected_request_drops_the_connection_and_all_begins_again() {
    for step in [ProvisioningStep::Certificate, ProvisioningStep::Registration] {
        let mut script = Script::start(claiming(ProtocolVersion::V5, claim()));
        script.accept_claim();
        script.grant();
        let mut topic = CREATE;
        if step == ProvisioningStep::Registration {
            script.give_certificate();
            script.grant();
            topic = PROVISION;
        }
        script.told();
        script.answer(
            &format!("{topic}/rejected"),
            br#"{"statusCode":429,"errorCode":"Throttled","errorMessage":"Rate exceeded"}"#,
        );
        assert_eq!(script.told(), [Told::Rejected(step, 429, "Throttled".to_owned())]);
        assert!(!script.transport);
        script.advance(1);
        script.sent();
        script.accept_claim();
        assert!(
            matches!(script.sent.back(), Some((_, Sent::Subscribe { filters, .. })) if filters[0].0.starts_with(CREATE))
        );
        script.grant();
        script.give_certificate();
        script.grant();
        script.register();
        let told = script.told();
        assert!(matches!(told.last(), Some(Told::Provisioned { since: Timestamp::ZERO, .. })), "{told:?}");
    }
}

#[test]
fn a_rejection_that_cannot_be_read_is_one_and_firmware_may_give_up() {
    let mut script = Script::start(habits(|habits| habits.gives_up_per_million = 1_000_000));
    script.accept_claim();
    script.grant();
    script.told();
    script.answer(&format!("{CREATE}/rejected"), b"\xff");
    let rejected = Told::Rejected(ProvisioningStep::Certificate, 0, String::new());
    assert_eq!(script.told(), [rejected, Told::GaveUp { since: Timestamp::ZERO }]);
    script.advance(100_000);
    assert!(!script.transport);
}

#[test]
fn an_answer_that_does_not_come_is_waited_for_until_the_time_is_up() {
    use ProvisioningStep::{Certificate, CreateSubscription, RegisterSubscription, Registration};
    for (step, waiting_for) in
        [CreateSubscription, Certificate, RegisterSubscription, Registration].into_iter().enumerate()
    {
        let mut script = Script::start(claiming(ProtocolVersion::V311, claim()));
        script.accept_claim();
        if step > 0 {
            script.grant();
            script.acknowledge(2);
        }
        if step > 1 {
            script.advance(20);
            script.give_certificate();
        }
        if step > 2 {
            script.grant();
        }
        script.told();
        script.advance_nanos(30 * SECOND - 1);
        assert!(script.transport, "{waiting_for:?}");
        script.advance_nanos(1);
        assert!(script.told().contains(&Told::AnswerLate(waiting_for)));
        assert!(!script.transport);
        script.advance(1);
        assert!(script.transport, "and again after the back-off");
    }
}

#[test]
fn a_subscription_that_is_refused_leaves_the_device_hanging() {
    let mut script = Script::start(claiming(ProtocolVersion::V311, claim()));
    script.accept_claim();
    script.receive(&[Packet::SubAck(SubAck::new(
        id(1),
        &[ReasonCode::GrantedQos1, ReasonCode::UnspecifiedError],
    ))]);
    script.sent();
    script.told();
    script.advance(29);
    assert_eq!(script.sent(), []);
    script.advance(1);
    assert!(script.told().contains(&Told::AnswerLate(ProvisioningStep::CreateSubscription)));
}

#[test]
fn a_lost_connection_begins_the_flow_again_with_growing_waits() {
    let mut profile = claiming(ProtocolVersion::V5, claim());
    profile.back_off.strategy = squall_device::Strategy::Exponential;
    let mut script = Script::start(profile);
    for wait in [1, 2, 4] {
        script.accept_claim();
        script.grant();
        script.receive(&[Packet::Disconnect(Disconnect::new(ReasonCode::NotAuthorized))]);
        script.told();
        script.lose();
        let lost = Told::ClaimLost(ProvisioningStep::Certificate, Some(ReasonCode::NotAuthorized));
        assert_eq!(script.told(), [lost], "being let in with a claim ends no row of failures");
        script.advance_nanos(wait * SECOND - 1);
        assert!(!script.transport);
        script.advance_nanos(1);
    }
    // A lost connection is no rejection.
    assert!(!script.device.has_given_up());
}

#[test]
fn a_device_on_a_silent_connection_pings_and_gives_it_up() {
    let patient = Claim { timeout: Duration::from_secs(10_000), ..claim() };
    let mut script = Script::start(claiming(ProtocolVersion::V5, patient));
    script.accept_claim();
    script.sent();
    script.advance(60);
    assert_eq!(script.sent(), [Sent::PingReq]);
    script.receive(&[Packet::PingResp]);
    script.advance(70);
    assert!(script.told().contains(&Told::ClaimLost(ProvisioningStep::CreateSubscription, None)));
}

#[test]
fn a_crash_loses_what_is_not_done_and_the_certificate_if_it_is_not_kept() {
    // Before the registration, whatever the firmware keeps.
    let mut script = Script::start(habits(|_| {}));
    script.accept_claim();
    script.grant();
    script.give_certificate();
    script.told();
    script.lose_power();
    let lost = Told::ClaimLost(ProvisioningStep::RegisterSubscription, None);
    assert_eq!(script.told(), [lost, Told::PowerLost { forgotten: 0, certificate_lost: false }]);
    script.advance(5);
    assert_eq!(script.device.provisioning_since(), None, "it is off");
    script.input(DeviceInput::Start);
    assert_eq!(script.credential, Some(Credential::Claim));
    assert_eq!(script.device.provisioning_since(), Some(Timestamp::ZERO));

    for keeps in [true, false] {
        let mut script = Script::start(habits(|habits| habits.keeps_certificate = keeps));
        script.accept_claim();
        script.grant();
        script.give_certificate();
        script.grant();
        script.register();
        script.advance_nanos(0);
        script.accept(false);
        script.told();
        script.lose_power();
        let lost = Told::PowerLost { forgotten: 0, certificate_lost: !keeps };
        assert_eq!(script.told().last(), Some(&lost));
        assert_eq!(script.device.is_provisioned(), keeps);
        script.input(DeviceInput::Start);
        let expected = if keeps { Credential::Own } else { Credential::Claim };
        assert_eq!(script.credential, Some(expected));
    }
}

/// What a hostile service does to a device that claims.
#[derive(Clone, Debug)]
enum Hostile {
    Up,
    Close,
    CrashAndStart,
    Noise(Vec<u8>),
    ConnAck,
    Grant(u16, u8),
    Answer { topic: usize, end: usize, payload: usize, changes: Vec<(prop::sample::Index, u8)> },
    Ack(u16),
    Wait(u64),
}

fn hostile() -> impl Strategy<Value = Hostile> {
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3);
    prop_oneof![
        4 => Just(Hostile::Up),
        1 => Just(Hostile::Close),
        1 => Just(Hostile::CrashAndStart),
        1 => prop::collection::vec(any::<u8>(), 0..40).prop_map(Hostile::Noise),
        5 => Just(Hostile::ConnAck),
        5 => (1..8_u16, any::<u8>()).prop_map(|(id, code)| Hostile::Grant(id, code)),
        8 => (0..5_usize, 0..3_usize, 0..6_usize, changes)
            .prop_map(|(topic, end, payload, changes)| Hostile::Answer { topic, end, payload, changes }),
        2 => (1..8_u16).prop_map(Hostile::Ack),
        2 => (0..40 * SECOND).prop_map(Hostile::Wait),
    ]
}

fn payloads() -> [Vec<u8>; 6] {
    let given = format!(r#"{{"certificateId":"{ID}","certificateOwnershipToken":"tok"}}"#);
    let mut cbor = minicbor::Encoder::new(Vec::new());
    cbor.map(2).unwrap().str("certificateOwnershipToken").unwrap().str("tok").unwrap();
    cbor.str("certificateId").unwrap().str(ID).unwrap();
    [
        given.into_bytes(),
        cbor.into_writer(),
        br#"{"thingName":"pump-4"}"#.to_vec(),
        b"\xa1\x69thingName\x66pump-4".to_vec(),
        br#"{"statusCode":400,"errorCode":"x"}"#.to_vec(),
        Vec::new(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    /// Whatever comes, nothing panics, every packet sent is valid, and the device gets its identity of a sane service.
    #[test]
    fn a_hostile_service_does_no_harm(
        v5: bool,
        cbor: bool,
        csr: bool,
        steps in prop::collection::vec(hostile(), 1..80),
    ) {
        let version = if v5 { ProtocolVersion::V5 } else { ProtocolVersion::V311 };
        let format = if cbor { PayloadFormat::Cbor } else { PayloadFormat::Json };
        let mut script = Script::start(claiming(version, Claim { format, csr, ..claim() }));
        let name = if cbor { "cbor" } else { "json" };
        let topics = [
            format!("$aws/certificates/create/{name}"),
            format!("$aws/certificates/create-from-csr/{name}"),
            format!("$aws/provisioning-templates/line-1/provision/{name}"),
            "$aws/provisioning-templates/line-2/provision/json".to_owned(),
            "t".to_owned(),
        ];
        let payloads = payloads();
        for step in steps {
            match step {
                Hostile::Up => script.input(DeviceInput::Up),
                Hostile::Close => script.lose(),
                Hostile::CrashAndStart => {
                    script.lose_power();
                    script.input(DeviceInput::Start);
                }
                Hostile::Noise(bytes) => script.input(DeviceInput::Bytes(&bytes)),
                Hostile::ConnAck => script.receive(&[Packet::ConnAck(ConnAck::accepted(version, false))]),
                Hostile::Grant(packet_id, code) => {
                    let code = if code < 200 { ReasonCode::GrantedQos1 } else { ReasonCode::UnspecifiedError };
                    script.receive(&[Packet::SubAck(SubAck::new(id(packet_id), &[code; 2]))]);
                }
                Hostile::Answer { topic, end, payload, changes } => {
                    let mut payload = payloads[payload].clone();
                    for (at, byte) in changes.iter().filter(|_| !payload.is_empty()).collect::<Vec<_>>() {
                        let at = at.index(payload.len());
                        payload[at] = *byte;
                    }
                    let topic = topics[topic].clone() + ["", "/accepted", "/rejected"][end];
                    script.answer(&topic, &payload);
                }
                Hostile::Ack(packet_id) => script.receive(&[Packet::PubAck(Ack::new(id(packet_id)))]),
                Hostile::Wait(nanos) => script.advance_nanos(nanos),
            }
        }
        // The service is sane from here on.
        if !script.device.is_provisioned() {
            script.lose();
            while !script.transport {
                script.advance(1);
            }
            script.accept_claim();
            script.grant();
            let create = if csr { &topics[1] } else { &topics[0] };
            script.answer(&format!("{create}/accepted"), &payloads[usize::from(cbor)]);
            script.grant();
            script.answer(&format!("{}/accepted", topics[2]), &payloads[2 + usize::from(cbor)]);
        }
        prop_assert!(script.device.is_provisioned());
        script.lose();
        while !script.transport {
            script.advance(1);
        }
        prop_assert_eq!(script.credential, Some(Credential::Own));
        script.accept(false);
        prop_assert!(script.device.is_connected());
    }
}
