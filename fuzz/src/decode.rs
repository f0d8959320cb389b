//! What the codec owes to arbitrary bytes. The body of the fuzz target `decode` and of the codec's own test.

use squall_codec::{Packet, decode, decode_connect, frame_length};
use squall_types::ProtocolVersion;

const NO_LIMIT: u32 = u32::MAX;

/// Decodes `data` in both versions: no panic, and what decodes encodes to bytes that decode to the same packet.
///
/// # Panics
/// If the codec breaks a promise.
pub(crate) fn survive(data: &[u8]) {
    for version in [ProtocolVersion::V311, ProtocolVersion::V5] {
        match decode(version, data, NO_LIMIT) {
            Ok(Some((packet, used))) => {
                assert_eq!(frame_length(data, NO_LIMIT), Ok(Some(used)));
                again(version, &packet);
                unfinished(version, &data[..used]);
            }
            Ok(None) => {
                let length = frame_length(data, NO_LIMIT).expect("bytes that may yet become a packet");
                assert!(
                    length.is_none_or(|length| length > data.len()),
                    "a whole packet is decoded or refused"
                );
            }
            Err(error) => {
                assert!(error.reason_code().is_error());
                assert!(!error.requirement(version).is_empty());
                assert!(!error.to_string().is_empty());
            }
        }
    }
    if let Ok(Some((connect, used))) = decode_connect(data, NO_LIMIT) {
        let version = connect.version;
        assert_eq!(decode(version, data, NO_LIMIT), Ok(Some((Packet::Connect(connect), used))));
    }
}

/// Encodes what was decoded, and decodes that.
fn again(version: ProtocolVersion, packet: &Packet<'_>) {
    // Debug walks through every borrowed list.
    assert!(!format!("{packet:?}").is_empty());
    let mut bytes = Vec::new();
    packet.encode(version, &mut bytes).expect("what was decoded can be encoded");
    assert_eq!(bytes.len(), packet.encoded_len(version));
    let (same, used) = decode(version, &bytes, NO_LIMIT).expect("what was encoded").expect("all of it");
    assert_eq!(&same, packet);
    assert_eq!(used, bytes.len());
}

/// No beginning of a good packet is a packet or an error.
fn unfinished(version: ProtocolVersion, packet: &[u8]) {
    for end in [1, 2, packet.len() / 2, packet.len() - 1] {
        assert_eq!(decode(version, &packet[..end.min(packet.len() - 1)], NO_LIMIT), Ok(None));
    }
}
