//! The service's log of a world. Off unless asked for; it draws nothing that a run depends on.

use squall_core::{ConnectionId, Identity, Source};
use squall_logs::ServiceLog;
use squall_services::policy::Account;

use crate::event::LinkKey;
use crate::world::World;

impl World {
    /// Switches the service's log on; before the first step, or connections that stand go unnamed in it.
    pub fn log_service(&mut self) {
        self.service_log = Some(Box::new(ServiceLog::new(Account::DEFAULT_ID, self.chance)));
    }

    /// The records since the last time, as JSON lines; none while the log is off. They pile up until they are taken.
    pub fn take_log(&mut self) -> Vec<u8> {
        self.service_log.as_mut().map(|log| log.take()).unwrap_or_default()
    }

    /// A link's handshake has come to its end.
    pub(crate) fn log_opened(&mut self, key: LinkKey, identity: Identity<'_>, source: Source) {
        if let Some(log) = &mut self.service_log {
            log.opened(key.connection(), &identity, source);
        }
    }

    /// An authorizer has let a client in.
    pub(crate) fn log_named(&mut self, connection: ConnectionId, principal: &str) {
        if let Some(log) = &mut self.service_log {
            log.named(connection, principal);
        }
    }

    /// The service has no end of a link any more.
    pub(crate) fn log_closed(&mut self, key: LinkKey) {
        if let Some(log) = &mut self.service_log {
            log.closed(key.connection());
        }
    }
}

#[cfg(test)]
mod tests {
    use squall_results::{Counter, RunResults};
    use squall_scenario::{LoadOptions, Scenario, parse};

    use crate::world::{Progress, World};

    /// Some come with certificates, some past an authorizer that turns one of them away, one without permission; all
    /// lose their connections once, and the account changes.
    const SCENARIO: &str = r#"
name = "logged"
about = "A test."
duration = "2m"
seed = "3"

[[policy]]
name = "quiet"
document = '''{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["iot:Connect","iot:Publish"],"Resource":"*"}}'''

[[authorizer]]
name = "by-name"
default = true
script = '''
fn handler(event) {
    let user = event.protocolData.mqtt.username;
    #{
        isAuthenticated: user != "user1", principalId: user, disconnectAfterInSeconds: 3600, refreshAfterInSeconds: 600,
        policyDocuments: [#{ Version: "2012-10-17", Statement: [#{ Effect: "Allow", Action: "iot:*", Resource: "*" }] }]
    }
}
'''

[[fleet]]
name = "pumps"
devices = 3
network = "lan"
policies = ["quiet"]
subscribe = [{ filter = "commands/#", qos = 1 }]

[[fleet.publish]]
topic = "pumps/{{thing}}"
every = "10s"
payload = "{{counter}}"

[[fleet]]
name = "guests"
devices = 2
network = "lan"
identity = "custom-authorizer"
username = "user{{index}}"
password = "x"

[[fault]]
at = "1m"
kind = "gateway-outage"
mode = "reset"
lasts = "5s"

[[app]]
at = "90s"
call = "UpdateCertificate"
with = { fleet = "pumps", devices = "0..1", status = "INACTIVE" }
"#;

    fn scenario() -> Scenario {
        match parse("test.toml", SCENARIO, LoadOptions::default()) {
            Ok(plan) => plan.cells[0].scenario.clone(),
            Err(errors) => panic!("{errors}"),
        }
    }

    /// What came of the run, its log and the connections that the log still knows.
    fn run(with_log: bool) -> (RunResults, String, usize) {
        let scenario = scenario();
        let mut world = World::new(&scenario).unwrap();
        if with_log {
            world.log_service();
        }
        let mut log = Vec::new();
        while world.step(500) == Progress::Running {
            log.extend(world.take_log());
        }
        log.extend(world.take_log());
        let known = world.service_log.as_ref().map_or(0, |log| log.connections());
        (world.finish(&scenario, None, None), String::from_utf8(log).unwrap(), known)
    }

    #[test]
    fn a_log_changes_nothing_and_says_what_happened() {
        let (plain, nothing, _) = run(false);
        assert_eq!(nothing, "");
        let (logged, text, known) = run(true);
        assert_eq!(plain, logged);
        // Nobody is kept who is gone.
        assert_eq!(known as u64, logged.counter(Counter::DevicesConnectedAtEnd.name()));

        let lines: Vec<serde_json::Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let count = |pairs: &[(&str, &str)]| {
            lines.iter().filter(|line| pairs.iter().all(|(key, value)| line[*key] == *value)).count()
        };
        let metric = |name: &str| logged.service_metrics[name];
        let success = |event| count(&[("eventType", event), ("status", "Success")]) as u64;
        assert_eq!(success("Connect"), metric("Connect.Success"));
        assert_eq!(success("Publish-In"), metric("PublishIn.Success"));
        assert!(success("Connect") > 6);
        assert_eq!(count(&[("disconnectReason", "CONNECTION_LOST")]), 4);
        assert!(count(&[("eventType", "Subscribe"), ("reason", "AUTHORIZATION_FAILURE")]) > 0);
        let authn = [("eventType", "Connection.AuthNError"), ("authenticationType", "CUSTOM_AUTH")];
        assert!(count(&authn) > 0);
        assert!(count(&[("eventType", "Connect"), ("principalId", "user0"), ("clientId", "guests-0")]) > 0);
        assert_eq!(count(&[("eventName", "UpdateCertificate")]), 1);
        assert_eq!(count(&[("timestamp", "2026-01-01 00:00:00.000")]), 0, "nobody is there at once");
    }

    #[test]
    fn the_same_run_logs_the_same() {
        assert_eq!(run(true).1, run(true).1);
    }
}
