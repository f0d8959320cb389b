//! The identifier of an X.509 certificate.

use core::fmt;
use core::str::FromStr;

use thiserror::Error;

use crate::chance::{Chance, Owner, Purpose, Seed};

/// A certificate's id: 32 bytes, which the service writes as 64 lower-case hex digits (`broker.md` 5).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CertificateId(pub [u8; 32]);

impl CertificateId {
    /// The id of a certificate that nobody ever issued, such as a simulated device's: a pure function of whose it
    /// is, the same in every run whatever its seed.
    pub fn of(owner: Owner) -> Self {
        let chance = Chance::new(Seed(0));
        let mut id = [0; 32];
        for (n, quarter) in (0..).zip(id.chunks_exact_mut(8)) {
            quarter.copy_from_slice(&chance.bits(owner, Purpose::Certificate, n).to_be_bytes());
        }
        Self(id)
    }
}

impl fmt::Display for CertificateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = [0; 64];
        for (pair, byte) in text.chunks_exact_mut(2).zip(self.0) {
            pair.copy_from_slice(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 0xf)]]);
        }
        f.write_str(str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for CertificateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text is no certificate id.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("a certificate id is 64 lower-case hex digits")]
pub struct CertificateIdError;

impl FromStr for CertificateId {
    type Err = CertificateIdError;

    fn from_str(text: &str) -> Result<Self, CertificateIdError> {
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Ok(byte - b'0'),
            b'a'..=b'f' => Ok(byte - b'a' + 10),
            _ => Err(CertificateIdError),
        };
        if text.len() != 64 {
            return Err(CertificateIdError);
        }
        let mut id = [0; 32];
        for (byte, pair) in id.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Ok(Self(id))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_shown_id_is_read_back(id: [u8; 32]) {
            let text = CertificateId(id).to_string();
            prop_assert_eq!(text.len(), 64);
            prop_assert_eq!(text.parse(), Ok(CertificateId(id)));
        }

        #[test]
        fn any_other_text_is_none(text in "\\PC{0,70}") {
            let is_one = text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
            prop_assert_eq!(text.parse::<CertificateId>().is_ok(), is_one);
        }
    }

    #[test]
    fn upper_case_and_other_lengths_are_refused() {
        let id = "0123456789abcdef".repeat(4);
        assert_eq!(id.parse::<CertificateId>().map(|read| read.to_string()), Ok(id.clone()));
        for text in [&id[1..], &format!("{id}0"), &id.to_uppercase(), &format!("{}g", &id[1..]), ""] {
            assert_eq!(text.parse::<CertificateId>(), Err(CertificateIdError), "{text}");
        }
    }

    #[test]
    fn every_owner_has_an_id_of_its_own() {
        let fleet = Owner::named("pumps");
        let mut ids: Vec<_> = (0..1_000).map(|index| CertificateId::of(fleet.member(index))).collect();
        assert_eq!(ids[7], CertificateId::of(Owner::named("pumps").member(7)));
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 1_000);
    }
}
