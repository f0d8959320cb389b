//! The service goes down in an orderly way.

use squall_codec::ReasonCode;
use squall_core::{DisconnectReason, Input, Tag};
use squall_types::ProtocolVersion;

use crate::VERSIONS;
use crate::support::Bench;

#[test]
fn every_connection_is_told_and_ended_and_its_session_stays() {
    // broker.md 5, SERVER_INITIATED_DISCONNECT.
    for version in VERSIONS {
        let bench = Bench::plain();
        let devices = bench.devices("d", 3);
        for device in &devices {
            device.with_version(version).persistent().connect().subscribe("a", 1);
        }
        let silent = bench.open_transport(Tag(0));
        bench.input(Input::Shutdown);
        for device in &devices {
            match version {
                ProtocolVersion::V311 => device.expect_close(DisconnectReason::ServerInitiated),
                ProtocolVersion::V5 => device
                    .expect_disconnect(ReasonCode::ServerShuttingDown, DisconnectReason::ServerInitiated),
            }
            device.expect_nothing();
        }
        assert_eq!((bench.connections(), bench.sessions(), bench.subscriptions()), (0, 3, 3));
        // The transport that had not brought its CONNECT is forgotten as well.
        bench.input(Input::Bytes { connection: silent, bytes: &[0x10] });
        bench.advance(3_600);
        bench.expect_empty();
    }
}
