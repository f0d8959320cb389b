//! From bytes to packets.

use squall_types::ProtocolVersion;

use crate::fixed_header::{self, FixedHeader};
use crate::packet::{
    Ack, Auth, ConnAck, Connect, Disconnect, Packet, Publish, SubAck, Subscribe, UnsubAck, Unsubscribe,
};
use crate::reader::Reader;
use crate::{DecodeError, PacketType};

/// Reads the packet at the front of `buffer` and says how many bytes it takes; `None` if more are needed.
///
/// The packet borrows from `buffer`: nothing is copied or allocated. `max_packet_size` counts the whole packet,
/// header included; an oversized, wrongly flagged or unknown one is refused as soon as its fixed header shows it.
/// A CONNECT is read in the version that it names itself, whatever `version` is.
///
/// In 3.1.1 a remaining length need not be in its shortest form, since nothing there forbids padding; in MQTT 5
/// it must (MQTT-1.5.5-1).
///
/// # Errors
/// The first rule found broken. The connection is then lost: where the next packet begins is not known.
pub fn decode(
    version: ProtocolVersion,
    buffer: &[u8],
    max_packet_size: u32,
) -> Result<Option<(Packet<'_>, usize)>, DecodeError> {
    let Some(&first) = buffer.first() else {
        return Ok(None);
    };
    let packet_type = fixed_header::packet_type(first, version)?;
    // A CONNECT's flags and length form are judged once its version is known.
    if packet_type != PacketType::Connect {
        fixed_header::check_flags(packet_type, first)?;
    }
    let Some(header) = FixedHeader::parse(buffer, max_packet_size)? else {
        return Ok(None);
    };
    if packet_type != PacketType::Connect {
        header.check_minimal(version)?;
    }
    let Some(body) = buffer.get(header.header_length..header.length) else {
        return Ok(None);
    };
    let mut reader = Reader::new(body, packet_type);
    // The two packets of the hot path are built in place; the others may be moved once.
    match packet_type {
        PacketType::Publish => {
            let publish = Publish::decode(version, first, reader)?;
            Ok(Some((Packet::Publish(publish), header.length)))
        }
        // The short form that nearly every PUBACK has.
        PacketType::PubAck if body.len() == 2 => {
            let packet_id = reader.packet_id()?;
            Ok(Some((Packet::PubAck(Ack::new(packet_id)), header.length)))
        }
        _ => decode_rest(version, header, reader).map(|packet| Some((packet, header.length))),
    }
}

/// Reads any packet from its body.
#[inline(never)]
fn decode_rest<'a>(
    version: ProtocolVersion,
    header: FixedHeader,
    reader: Reader<'a>,
) -> Result<Packet<'a>, DecodeError> {
    Ok(match reader.packet_type() {
        PacketType::Connect => Packet::Connect(read_connect(header, reader)?),
        PacketType::ConnAck => Packet::ConnAck(ConnAck::decode(version, reader)?),
        PacketType::Publish => Packet::Publish(Publish::decode(version, header.first, reader)?),
        PacketType::PubAck => Packet::PubAck(Ack::decode(version, reader)?),
        PacketType::PubRec => Packet::PubRec(Ack::decode(version, reader)?),
        PacketType::PubRel => Packet::PubRel(Ack::decode(version, reader)?),
        PacketType::PubComp => Packet::PubComp(Ack::decode(version, reader)?),
        PacketType::Subscribe => Packet::Subscribe(Subscribe::decode(version, reader)?),
        PacketType::SubAck => Packet::SubAck(SubAck::decode(version, reader)?),
        PacketType::Unsubscribe => Packet::Unsubscribe(Unsubscribe::decode(version, reader)?),
        PacketType::UnsubAck => Packet::UnsubAck(UnsubAck::decode(version, reader)?),
        PacketType::PingReq => {
            reader.finish()?;
            Packet::PingReq
        }
        PacketType::PingResp => {
            reader.finish()?;
            Packet::PingResp
        }
        PacketType::Disconnect => Packet::Disconnect(Disconnect::decode(version, reader)?),
        PacketType::Auth => Packet::Auth(Auth::decode(reader)?),
    })
}

/// Reads the first packet of a connection, which is a CONNECT or an error; `None` if more bytes are needed.
///
/// Protocol name and level are judged before anything else inside the packet, so that a client of another
/// version is told so, whatever its CONNECT looks like.
///
/// # Errors
/// The first rule found broken; [`DecodeError::ExpectedConnect`] for any other packet.
pub fn decode_connect(
    buffer: &[u8],
    max_packet_size: u32,
) -> Result<Option<(Connect<'_>, usize)>, DecodeError> {
    let Some(&first) = buffer.first() else {
        return Ok(None);
    };
    let packet_type = fixed_header::packet_type(first, ProtocolVersion::V5)?;
    if packet_type != PacketType::Connect {
        return Err(DecodeError::ExpectedConnect(packet_type));
    }
    let Some(header) = FixedHeader::parse(buffer, max_packet_size)? else {
        return Ok(None);
    };
    let Some(body) = buffer.get(header.header_length..header.length) else {
        return Ok(None);
    };
    let connect = read_connect(header, Reader::new(body, packet_type))?;
    Ok(Some((connect, header.length)))
}

/// Judges protocol name and level first, then the fixed header, then the rest.
fn read_connect<'a>(header: FixedHeader, mut reader: Reader<'a>) -> Result<Connect<'a>, DecodeError> {
    let version = Connect::decode_version(&mut reader)?;
    fixed_header::check_flags(PacketType::Connect, header.first)?;
    header.check_minimal(version)?;
    Connect::decode(version, reader)
}

/// The whole length, header included, of the packet at the front of `buffer`; `None` while its length bytes are
/// incomplete. The packet itself need not have arrived.
///
/// Looks at the length only, in either version: type and flags are [`decode`]'s to judge.
///
/// # Errors
/// The length goes on after its fourth byte or exceeds `max_packet_size`.
#[inline]
pub fn frame_length(buffer: &[u8], max_packet_size: u32) -> Result<Option<usize>, DecodeError> {
    let header = FixedHeader::parse(buffer, max_packet_size)?;
    Ok(header.map(|header| header.length))
}
