//! Return codes of a 3.1.1 CONNACK.

use core::fmt;

/// How a 3.1.1 server answers CONNECT (3.1.1 3.2.2.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum ConnectReturnCode {
    /// `0x00`.
    #[default]
    Accepted = 0,
    /// `0x01`: the protocol level is not spoken here.
    UnacceptableProtocolVersion = 1,
    /// `0x02`: the client id is well formed but refused.
    IdentifierRejected = 2,
    /// `0x03`.
    ServerUnavailable = 3,
    /// `0x04`.
    BadUserNameOrPassword = 4,
    /// `0x05`.
    NotAuthorized = 5,
}

impl ConnectReturnCode {
    /// The return code of a byte; `None` for the reserved ones.
    pub const fn from_u8(code: u8) -> Option<Self> {
        Some(match code {
            0 => Self::Accepted,
            1 => Self::UnacceptableProtocolVersion,
            2 => Self::IdentifierRejected,
            3 => Self::ServerUnavailable,
            4 => Self::BadUserNameOrPassword,
            5 => Self::NotAuthorized,
            _ => return None,
        })
    }

    /// The byte on the wire.
    pub const fn to_u8(self) -> u8 {
        self as u8
    }
}

/// Prints the standard's name: `Identifier rejected`.
impl fmt::Display for ConnectReturnCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Accepted => "Connection accepted",
            Self::UnacceptableProtocolVersion => "Unacceptable protocol version",
            Self::IdentifierRejected => "Identifier rejected",
            Self::ServerUnavailable => "Server unavailable",
            Self::BadUserNameOrPassword => "Bad user name or password",
            Self::NotAuthorized => "Not authorized",
        })
    }
}
