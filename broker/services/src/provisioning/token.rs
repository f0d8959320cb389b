//! Certificate ownership tokens: who created a certificate may provision it, once, within an hour (`state.md` 3.3).

use std::collections::VecDeque;

use squall_types::{CertificateId, Timestamp};

use crate::records::{Named, RecordKey, Records};

/// Every token that is good, and every certificate whose hour is not over.
#[derive(Clone, Debug, Default)]
pub(super) struct OwnershipTokens {
    tokens: Records<Token>,
    /// In the order of ending, which is that of creation: all last equally long.
    ends: VecDeque<End>,
    serial: u64,
}

#[derive(Clone, Debug)]
struct Token {
    text: Box<str>,
    certificate: CertificateId,
    serial: u64,
    /// Somebody is being provisioned with it right now.
    in_use: bool,
}

#[derive(Clone, Copy, Debug)]
struct End {
    at: Timestamp,
    key: RecordKey,
    serial: u64,
    certificate: CertificateId,
}

impl Named for Token {
    type Name = str;

    fn name(&self) -> &str {
        &self.text
    }
}

impl OwnershipTokens {
    /// Notes the token of a new certificate. Texts are not given twice.
    pub(super) fn issue(&mut self, text: &str, certificate: CertificateId, ends: Timestamp) {
        self.serial += 1;
        let serial = self.serial;
        let key = self.tokens.insert(Token { text: text.into(), certificate, serial, in_use: false });
        self.ends.push_back(End { at: ends, key, serial, certificate });
    }

    pub(super) fn is_issued(&self, text: &str) -> bool {
        self.tokens.find(text).is_some()
    }

    /// The certificate of a token that is good and not in use.
    pub(super) fn certificate(&self, text: &str) -> Option<CertificateId> {
        let token = self.tokens.find(text).and_then(|key| self.tokens.get(key))?;
        (!token.in_use).then_some(token.certificate)
    }

    /// Marks a token as in use, so that nobody else uses it meanwhile.
    pub(super) fn hold(&mut self, text: &str) {
        self.set_in_use(text, true);
    }

    /// Makes a held token good again; false if its hour is over.
    pub(super) fn release(&mut self, text: &str) -> bool {
        self.set_in_use(text, false)
    }

    /// Uses a token up.
    pub(super) fn use_up(&mut self, text: &str) {
        if let Some(key) = self.tokens.find(text) {
            self.tokens.remove(key);
        }
    }

    /// When the next certificate's hour is over.
    pub(super) fn next_end(&self) -> Option<Timestamp> {
        self.ends.front().map(|end| end.at)
    }

    /// The next certificate whose hour is over by now; its token is no longer good.
    pub(super) fn pop_ended(&mut self, now: Timestamp) -> Option<CertificateId> {
        let end = self.ends.pop_front_if(|end| end.at <= now)?;
        if self.tokens.get(end.key).is_some_and(|token| token.serial == end.serial) {
            self.tokens.remove(end.key);
        }
        Some(end.certificate)
    }

    fn set_in_use(&mut self, text: &str, in_use: bool) -> bool {
        match self.tokens.find(text).and_then(|key| self.tokens.get_mut(key)) {
            Some(token) => {
                token.in_use = in_use;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: CertificateId = CertificateId([1; 32]);
    const TWO: CertificateId = CertificateId([2; 32]);

    #[test]
    fn a_token_is_good_until_it_is_used_or_ends() {
        let mut tokens = OwnershipTokens::default();
        tokens.issue("a", ONE, Timestamp(10));
        assert_eq!(tokens.certificate("a"), Some(ONE));
        tokens.hold("a");
        assert_eq!((tokens.certificate("a"), tokens.is_issued("a")), (None, true));
        assert!(tokens.release("a"));
        assert_eq!(tokens.certificate("a"), Some(ONE));
        assert_eq!(tokens.pop_ended(Timestamp(9)), None);
        assert_eq!(tokens.next_end(), Some(Timestamp(10)));
        assert_eq!(tokens.pop_ended(Timestamp(10)), Some(ONE));
        assert!(!tokens.is_issued("a") && !tokens.release("a") && tokens.next_end().is_none());
    }

    #[test]
    fn the_end_of_a_used_token_does_not_touch_the_one_in_its_place() {
        let mut tokens = OwnershipTokens::default();
        tokens.issue("a", ONE, Timestamp(10));
        tokens.use_up("a");
        tokens.issue("b", TWO, Timestamp(20));
        assert_eq!(tokens.pop_ended(Timestamp(15)), Some(ONE));
        assert_eq!(tokens.certificate("b"), Some(TWO));
    }
}
