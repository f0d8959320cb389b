//! Who is behind each connection that stands.

use core::net::IpAddr;
use std::collections::BTreeMap;

use squall_core::{ConnectionId, Identity, Source};

use crate::record::ClientEvent;

pub(crate) const MQTT: &str = "MQTT";
pub(crate) const HTTP: &str = "HTTP";

/// Connections by their names; nothing is kept once one ends.
#[derive(Debug, Default)]
pub(crate) struct Clients(BTreeMap<ConnectionId, Client>);

#[derive(Debug)]
struct Client {
    /// Empty until CONNECT is accepted.
    client_id: Box<str>,
    /// Empty until it is known.
    principal: Box<str>,
    ip: IpAddr,
    port: u16,
    authentication: Option<&'static str>,
}

impl Clients {
    pub(crate) fn add(&mut self, connection: ConnectionId, identity: &Identity<'_>, source: Source) {
        // broker.md 8.1.
        let (principal, authentication) = match identity {
            Identity::Certificate(id) | Identity::Trusted(id) => (id.to_string(), Some("AWS_X509")),
            Identity::Presented { certificate, .. } => (certificate.id.to_string(), Some("AWS_X509")),
            Identity::Signed(signed) => (signed.principal.to_owned(), Some("AWS_SIGV4")),
            Identity::CustomAuthorizer { .. } => (String::new(), Some("CUSTOM_AUTH")),
            Identity::Anonymous => (String::new(), None),
        };
        let (client_id, principal) = (Box::default(), principal.into());
        let Source { ip, port } = source;
        self.0.insert(connection, Client { client_id, principal, ip, port, authentication });
    }

    pub(crate) fn name_client(&mut self, connection: ConnectionId, client_id: &str) {
        if let Some(client) = self.0.get_mut(&connection) {
            client.client_id = client_id.into();
        }
    }

    pub(crate) fn name_principal(&mut self, connection: ConnectionId, principal: &str) {
        if let Some(client) = self.0.get_mut(&connection) {
            client.principal = principal.into();
        }
    }

    pub(crate) fn remove(&mut self, connection: ConnectionId) {
        self.0.remove(&connection);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn authentication(&self, connection: ConnectionId) -> Option<&'static str> {
        self.0.get(&connection)?.authentication
    }

    /// The beginning of a record about a publish: over a connection, or over HTTPS.
    pub(crate) fn publisher(&self, connection: Option<ConnectionId>) -> ClientEvent<'_> {
        match connection {
            Some(connection) => self.event(connection),
            None => ClientEvent { protocol: Some(HTTP), ..ClientEvent::default() },
        }
    }

    /// The beginning of a record: what is known of a connection.
    pub(crate) fn event(&self, connection: ConnectionId) -> ClientEvent<'_> {
        let known = |text| Some(text).filter(|text: &&str| !text.is_empty());
        let client = self.0.get(&connection);
        ClientEvent {
            protocol: Some(MQTT),
            client_id: client.and_then(|client| known(&client.client_id)),
            principal_id: client.and_then(|client| known(&client.principal)),
            source_ip: client.map(|client| client.ip),
            source_port: client.map(|client| client.port),
            ..ClientEvent::default()
        }
    }
}
