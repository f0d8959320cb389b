//! Bytes of an enemy: no panic, and whatever decodes is a packet that encodes.
//!
//! What is asked of the codec is the body of a fuzz target; here it meets inputs that proptest makes.

#[path = "../../../fuzz/src/decode.rs"]
mod decode;
mod support;

use decode::survive;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use squall_codec::PacketType;
use squall_types::ProtocolVersion;
use support::{VERSIONS, encoded, packet};

/// A frame with a header that fits `body`, of which `body` need not be the right content.
fn framed(first: u8, body: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    let mut length = body.len();
    loop {
        let more = if length > 0x7f { 0x80 } else { 0 };
        frame.push((length & 0x7f) as u8 | more);
        length >>= 7;
        if length == 0 {
            break;
        }
    }
    frame.extend(body);
    frame
}

/// Bytes that often mean something: small numbers, property identifiers, the letters of a name.
fn plausible() -> impl Strategy<Value = u8> {
    prop_oneof![3 => 0..4_u8, 2 => 1..43_u8, 1 => select(b"MQTT$share/a+#".to_vec()), 1 => any::<u8>()]
}

/// The start of a CONNECT, so that random flags and fields are met behind it.
fn connect_start() -> impl Strategy<Value = Vec<u8>> {
    select(VERSIONS.to_vec()).prop_map(|version: ProtocolVersion| {
        let mut start = b"\x00\x04MQTT".to_vec();
        start.push(version.level());
        start
    })
}

#[derive(Clone, Debug)]
enum Mutation {
    Flip(Index, u8),
    Set(Index, u8),
    Insert(Index, u8),
    Remove(Index),
    Truncate(Index),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    prop_oneof![
        (any::<Index>(), 0..8_u8).prop_map(|(at, bit)| Mutation::Flip(at, 1 << bit)),
        (any::<Index>(), plausible()).prop_map(|(at, byte)| Mutation::Set(at, byte)),
        (any::<Index>(), plausible()).prop_map(|(at, byte)| Mutation::Insert(at, byte)),
        any::<Index>().prop_map(Mutation::Remove),
        any::<Index>().prop_map(Mutation::Truncate),
    ]
}

fn mutate(bytes: &mut Vec<u8>, mutation: &Mutation) {
    if bytes.is_empty() {
        return;
    }
    let length = bytes.len();
    match mutation {
        Mutation::Flip(at, bits) => bytes[at.index(length)] ^= bits,
        Mutation::Set(at, byte) => bytes[at.index(length)] = *byte,
        Mutation::Insert(at, byte) => bytes.insert(at.index(length + 1), *byte),
        Mutation::Remove(at) => drop(bytes.remove(at.index(length))),
        Mutation::Truncate(at) => bytes.truncate(at.index(length)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn arbitrary_bytes_do_no_harm(bytes in vec(any::<u8>(), 0..200)) {
        survive(&bytes);
    }

    #[test]
    fn arbitrary_bodies_do_no_harm(first: u8, body in vec(plausible(), 0..60)) {
        survive(&framed(first, &body));
    }

    #[test]
    fn arbitrary_bodies_of_a_valid_type_do_no_harm(bits in 1..16_u8, body in vec(plausible(), 0..40)) {
        let flags = match PacketType::from_bits(bits) {
            Some(PacketType::PubRel | PacketType::Subscribe | PacketType::Unsubscribe) => 2,
            _ => 0,
        };
        survive(&framed(bits << 4 | flags, &body));
    }

    #[test]
    fn arbitrary_connects_do_no_harm(start in connect_start(), rest in vec(plausible(), 0..60)) {
        survive(&framed(0x10, &[start, rest].concat()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn mutated_packets_do_no_harm((version, packet) in packet(), mutations in vec(mutation(), 1..4)) {
        let mut bytes = encoded(version, &packet);
        for mutation in &mutations {
            mutate(&mut bytes, mutation);
        }
        survive(&bytes);
    }

    #[test]
    fn mutated_packets_of_the_right_length_do_no_harm(
        (version, packet) in packet(),
        mutations in vec(mutation(), 1..4),
    ) {
        let bytes = encoded(version, &packet);
        let header = 2 + bytes[1..].iter().take_while(|byte| **byte >= 0x80).count();
        let mut body = bytes[header..].to_vec();
        for mutation in &mutations {
            mutate(&mut body, mutation);
        }
        survive(&framed(bytes[0], &body));
    }
}
