//! What stands behind the name in a line of an account.

use crate::wire_text::{Fill, Lexer};

/// The words behind a name: `key=value` and flags.
pub(super) struct Words(Vec<(String, Option<String>)>);

impl Words {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut lexer = Lexer::new(text, false);
        let mut words = Vec::new();
        loop {
            lexer.skip_blanks();
            if lexer.rest().is_empty() {
                return Ok(Self(words));
            }
            let key = lexer.text(&['='])?.fill_text(&Fill::PLAIN)?;
            let value = if lexer.eat("=") { Some(lexer.text(&[])?.fill_text(&Fill::PLAIN)?) } else { None };
            words.push((key, value));
        }
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.0.iter().any(|(found, value)| found == key && value.is_some())
    }

    pub(super) fn take(&mut self, key: &str) -> Option<String> {
        let at = self.0.iter().position(|(found, value)| found == key && value.is_some())?;
        self.0.remove(at).1
    }

    pub(super) fn flag(&mut self, key: &str) -> bool {
        let at = self.0.iter().position(|(found, value)| found == key && value.is_none());
        at.map(|at| self.0.remove(at)).is_some()
    }

    pub(super) fn list(&mut self, key: &str) -> Vec<String> {
        let text = self.take(key).unwrap_or_default();
        text.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect()
    }

    /// Every `PREFIXname=value`, in order.
    pub(super) fn all(&mut self, prefix: &str) -> Vec<(String, String)> {
        let mut found = Vec::new();
        self.0.retain(|(key, value)| match (key.strip_prefix(prefix), value) {
            (Some(name), Some(value)) => {
                found.push((name.to_owned(), value.clone()));
                false
            }
            _ => true,
        });
        found
    }

    pub(super) fn end(self, kind: &str) -> Result<(), String> {
        match self.0.first() {
            None => Ok(()),
            Some((key, _)) => Err(format!("'{kind}' has no '{key}' here")),
        }
    }
}
