//! Whatever texts a fact holds, a line is one JSON object.

use proptest::prelude::*;
use serde_json::Value;
use squall_core::{AuditedCall, ConnectionId, DiscardRule, DisconnectReason, Fact, Identity};
use squall_services::registry::ControlCall;
use squall_types::ProtocolVersion;

use crate::records::{SOURCE, TAG, lines, log, now};

/// Texts with all that JSON escapes, line ends of every kind and characters beyond the first plane.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        proptest::collection::vec(
            proptest::sample::select(vec![
                '"',
                '\\',
                '/',
                '\n',
                '\r',
                '\u{0}',
                '\u{1f}',
                '\u{7f}',
                '\u{85}',
                '\u{2028}',
                '\u{2029}',
                '\u{fffd}',
                '𝄞',
                '🌊',
                '\u{10ffff}',
                'é',
            ]),
            0..20
        )
        .prop_map(|characters| characters.into_iter().collect()),
    ]
}

proptest! {
    #[test]
    fn every_line_is_read_back(client_id in text(), topic in text(), principal in text(), retain: bool) {
        let (client_id, topic) = (client_id.as_str(), topic.as_str());
        let connection = ConnectionId(1);
        let mut log = log();
        log.opened(connection, &Identity::CustomAuthorizer { server_name: None }, SOURCE);
        log.named(connection, &principal);
        let call = ControlCall::CreatePolicy { name: client_id, document: topic };
        let (version, reason) = (ProtocolVersion::V311, DisconnectReason::ClientError);
        for fact in [
            Fact::Connected { connection, tag: TAG, client_id, version, session_present: true },
            Fact::PublishIn { connection: Some(connection), tag: TAG, topic, retain },
            Fact::WillPublished { tag: TAG, client_id, topic },
            Fact::PublishOut { connection, tag: TAG, topic },
            Fact::Subscribed { connection, tag: TAG, filter: topic },
            Fact::Queued { tag: TAG, receiver: client_id, topic },
            Fact::Discarded { tag: TAG, client_id, topic, rule: DiscardRule::RetryWindow },
            Fact::Audit { tag: TAG, call: AuditedCall::Registry(&call), error: None },
            Fact::Disconnected { connection, tag: TAG, client_id, reason },
        ] {
            log.fact(now(), &fact);
        }
        let bytes = log.take();
        // A line ends where JSON does, and nowhere else.
        prop_assert_eq!(bytes.iter().filter(|&&byte| byte < 0x20).count(), 9);
        let all: Vec<Value> = bytes
            .split(|&byte| byte == b'\n')
            .filter(|line| !line.is_empty())
            .map(|line| serde_json::from_slice(line).unwrap())
            .collect();
        prop_assert_eq!(all.len(), 9);
        prop_assert!(all.iter().all(Value::is_object));
        // An empty text says nothing, so its key is left out where it might be unknown.
        let known = |text: &str| if text.is_empty() { Value::Null } else { text.into() };
        prop_assert_eq!(&all[1]["clientId"], &known(client_id));
        prop_assert_eq!(&all[1]["principalId"], &known(&principal));
        prop_assert_eq!(&all[1]["topicName"], topic);
        prop_assert_eq!(&all[5]["clientId"], client_id);
        prop_assert_eq!(&all[7]["requestParameters"]["policyDocument"], topic);
        prop_assert_eq!(&all[8]["clientId"], client_id);
        prop_assert!(lines(&mut log).is_empty());
    }
}
