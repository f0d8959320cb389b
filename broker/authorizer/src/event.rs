//! The JSON that the authorizer's Lambda is invoked with.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};

/// What is known of the connection. Parts that are absent leave no trace in the event (8.3, "Event to the Lambda").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AuthorizerEvent<'a> {
    /// The token, if the client sent one under the authorizer's token key.
    pub token: Option<&'a str>,
    /// Whether the token's signature was checked; false where signing is disabled.
    pub signature_verified: bool,
    /// The TLS connection.
    pub tls: Option<TlsPart<'a>>,
    /// The HTTP request or WebSocket upgrade.
    pub http: Option<HttpPart<'a>>,
    /// The CONNECT packet.
    pub mqtt: Option<MqttPart<'a>>,
    /// The connection's UUID.
    pub connection_id: Option<&'a str>,
}

/// What TLS says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TlsPart<'a> {
    /// The name that the client asked for.
    pub server_name: Option<&'a str>,
    /// The client's certificate; only for `CUSTOM_AUTH_X509`.
    pub certificate_pem: Option<&'a str>,
    /// The certificate's id; only for `CUSTOM_AUTH_X509`.
    pub principal_id: Option<&'a str>,
}

/// What the HTTP request says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HttpPart<'a> {
    /// The headers, in the order in which they came.
    pub headers: &'a [(&'a str, &'a str)],
    /// The query, with its question mark.
    pub query_string: Option<&'a str>,
}

/// What the CONNECT packet says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MqttPart<'a> {
    /// The user name.
    pub username: Option<&'a str>,
    /// The password; the event has it in base64 (check 135).
    pub password: Option<&'a [u8]>,
    /// The client id, if the client sent one.
    pub client_id: Option<&'a str>,
}

impl AuthorizerEvent<'_> {
    /// The event. Its keys are in the order of the documentation.
    pub fn to_json(&self) -> Value {
        let mut event = Map::new();
        put(&mut event, "token", self.token);
        event.insert("signatureVerified".into(), self.signature_verified.into());
        let parts = [
            ("tls", self.tls.map(TlsPart::to_json)),
            ("http", self.http.map(HttpPart::to_json)),
            ("mqtt", self.mqtt.map(MqttPart::to_json)),
        ];
        let parts = parts.into_iter().filter_map(|(protocol, part)| Some((protocol, part?)));
        let (mut protocols, mut data) = (Vec::new(), Map::new());
        for (protocol, part) in parts {
            protocols.push(Value::from(protocol));
            if !part.is_empty() {
                data.insert(protocol.into(), part.into());
            }
        }
        event.insert("protocols".into(), protocols.into());
        event.insert("protocolData".into(), data.into());
        put(&mut event, "connectionMetadata", self.connection_id.map(|id| json!({ "id": id })));
        event.into()
    }
}

impl TlsPart<'_> {
    fn to_json(self) -> Map<String, Value> {
        let mut part = Map::new();
        put(&mut part, "serverName", self.server_name);
        put(&mut part, "x509CertificatePem", self.certificate_pem);
        put(&mut part, "principalId", self.principal_id);
        part
    }
}

impl HttpPart<'_> {
    fn to_json(self) -> Map<String, Value> {
        let mut part = Map::new();
        if !self.headers.is_empty() {
            let headers = self.headers.iter();
            let headers = headers.map(|(name, value)| ((*name).to_owned(), Value::from(*value)));
            part.insert("headers".into(), headers.collect::<Map<_, _>>().into());
        }
        put(&mut part, "queryString", self.query_string);
        part
    }
}

impl MqttPart<'_> {
    fn to_json(self) -> Map<String, Value> {
        let mut part = Map::new();
        put(&mut part, "username", self.username);
        put(&mut part, "password", self.password.map(|password| BASE64_STANDARD.encode(password)));
        put(&mut part, "clientId", self.client_id);
        part
    }
}

fn put(map: &mut Map<String, Value>, key: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        map.insert(key.to_owned(), value.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_event_has_every_key_in_order() {
        let event = AuthorizerEvent {
            token: Some("aToken"),
            signature_verified: true,
            tls: Some(TlsPart {
                server_name: Some("example.com"),
                certificate_pem: Some("PEM"),
                principal_id: Some("abc"),
            }),
            http: Some(HttpPart { headers: &[("z", "1"), ("a", "2")], query_string: Some("?k=v") }),
            mqtt: Some(MqttPart {
                username: Some("ada"),
                password: Some(b"test"),
                client_id: Some("sensor-1"),
            }),
            connection_id: Some("2c8f2a1e-0000-4000-8000-000000000001"),
        };
        let text = concat!(
            r#"{"token":"aToken","signatureVerified":true,"protocols":["tls","http","mqtt"],"#,
            r#""protocolData":{"tls":{"serverName":"example.com","x509CertificatePem":"PEM","principalId":"abc"},"#,
            r#""http":{"headers":{"z":"1","a":"2"},"queryString":"?k=v"},"#,
            r#""mqtt":{"username":"ada","password":"dGVzdA==","clientId":"sensor-1"}},"#,
            r#""connectionMetadata":{"id":"2c8f2a1e-0000-4000-8000-000000000001"}}"#,
        );
        assert_eq!(event.to_json().to_string(), text);
    }

    #[test]
    fn absent_parts_leave_no_trace() {
        let tls = TlsPart::default();
        let mqtt = MqttPart { password: Some(b""), ..MqttPart::default() };
        let bare = AuthorizerEvent { connection_id: Some("id"), ..AuthorizerEvent::default() };
        for (event, text) in [
            (AuthorizerEvent::default(), r#"{"signatureVerified":false,"protocols":[],"protocolData":{}}"#),
            (
                bare,
                r#"{"signatureVerified":false,"protocols":[],"protocolData":{},"connectionMetadata":{"id":"id"}}"#,
            ),
            (
                AuthorizerEvent { tls: Some(tls), mqtt: Some(mqtt), ..bare },
                r#"{"signatureVerified":false,"protocols":["tls","mqtt"],"protocolData":{"mqtt":{"password":""}},"connectionMetadata":{"id":"id"}}"#,
            ),
        ] {
            assert_eq!(event.to_json().to_string(), text);
        }
    }
}
