//! Patterns of policies: literal text, `*`, `?` and variables, matched without allocation.

use core::fmt::Write as _;

use squall_profile::switch::SubstitutedWildcard;

use super::evaluate::Semantics;
use super::facts::{Facts, InlineText};
use super::variable::{KNOWN, Variable};

/// What `*` and `?` of a pattern mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wildcards {
    /// Any run of characters, exactly one character (`broker.md` 9.5).
    Act,
    /// Themselves, as in `StringEquals`.
    Literal,
}

/// Whether case counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Case {
    Counts,
    /// ASCII letters of either case are equal.
    Ignored,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Literal(Box<str>),
    AnyRun,
    AnyOne,
    /// A variable, and how the document spells it: that is what stays in place if it has no value (D-23).
    Variable(Variable, Box<str>),
}

/// A compiled pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    tokens: Vec<Token>,
    /// What those of its own mean; those of values mean no more than that (D-24).
    wildcards: Wildcards,
}

/// Text that a pattern is matched against.
trait Subject {
    fn len(&self) -> usize;

    /// True if `expected` stands at `at`, which is at most the length.
    fn has(&self, at: usize, expected: &[u8]) -> bool;

    fn byte(&self, at: usize) -> u8;

    /// How many bytes the character at `at` has.
    fn character(&self, at: usize) -> usize {
        match self.byte(at) {
            0..0x80 => 1,
            0x80..0xE0 => 2,
            0xE0..0xF0 => 3,
            0xF0.. => 4,
        }
    }
}

/// One piece, case counts: what every packet is checked as.
impl Subject for &[u8] {
    #[inline]
    fn len(&self) -> usize {
        <[u8]>::len(self)
    }

    #[inline]
    fn has(&self, at: usize, expected: &[u8]) -> bool {
        self[at..].starts_with(expected)
    }

    #[inline]
    fn byte(&self, at: usize) -> u8 {
        self[at]
    }
}

/// Two pieces that are matched as one.
#[derive(Clone, Copy)]
struct Pieces<'t> {
    pieces: [&'t [u8]; 2],
    case: Case,
}

impl Pieces<'_> {
    fn same(&self, found: &[u8], expected: &[u8]) -> bool {
        match self.case {
            Case::Counts => found == expected,
            Case::Ignored => found.eq_ignore_ascii_case(expected),
        }
    }
}

impl Subject for Pieces<'_> {
    fn len(&self) -> usize {
        self.pieces[0].len() + self.pieces[1].len()
    }

    fn has(&self, at: usize, expected: &[u8]) -> bool {
        let [head, tail] = self.pieces;
        if at < head.len() {
            let in_head = (head.len() - at).min(expected.len());
            let (first, rest) = expected.split_at(in_head);
            return self.same(&head[at..at + in_head], first)
                && tail.get(..rest.len()).is_some_and(|found| self.same(found, rest));
        }
        let at = at - head.len();
        tail.get(at..at + expected.len()).is_some_and(|found| self.same(found, expected))
    }

    fn byte(&self, at: usize) -> u8 {
        let [head, tail] = self.pieces;
        if at < head.len() { head[at] } else { tail[at - head.len()] }
    }
}

impl Pattern {
    /// Reads a pattern. An error is a message for a person; the caller knows the place.
    pub(super) fn parse(text: &str, wildcards: Wildcards) -> Result<Self, String> {
        let mut tokens = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(character) = rest.chars().next() {
            if let Some(escaped) = escape(rest) {
                literal.push(escaped);
                rest = &rest[ESCAPE_LENGTH..];
                continue;
            }
            if let Some(inner) = rest.strip_prefix("${") {
                let Some((name, after)) = inner.split_once('}') else {
                    return Err(format!("the variable {rest:?} has no closing }}"));
                };
                let Some(variable) = Variable::from_text(name) else {
                    return Err(format!("unknown variable ${{{name}}}; known are {KNOWN}"));
                };
                flush(&mut tokens, &mut literal);
                tokens.push(Token::Variable(variable, rest[..name.len() + 3].into()));
                rest = after;
                continue;
            }
            match character {
                '*' | '?' if wildcards == Wildcards::Act => {
                    flush(&mut tokens, &mut literal);
                    let token = if character == '*' { Token::AnyRun } else { Token::AnyOne };
                    // Two runs behind each other are one.
                    if token != Token::AnyRun || tokens.last() != Some(&Token::AnyRun) {
                        tokens.push(token);
                    }
                }
                _ => literal.push(character),
            }
            rest = &rest[character.len_utf8()..];
        }
        flush(&mut tokens, &mut literal);
        Ok(Self { tokens, wildcards })
    }

    /// The pattern without `head`, if all that it can match begins with it.
    pub(super) fn without_head(&self, head: &str) -> Option<Self> {
        let Some(Token::Literal(first)) = self.tokens.first() else { return None };
        let rest = first.strip_prefix(head)?;
        let mut tokens = self.tokens.clone();
        if rest.is_empty() {
            tokens.remove(0);
        } else {
            tokens[0] = Token::Literal(rest.into());
        }
        Some(Self { tokens, wildcards: self.wildcards })
    }

    /// The variables that it names.
    pub(super) fn variables(&self) -> impl Iterator<Item = &Variable> {
        self.tokens.iter().filter_map(|token| match token {
            Token::Variable(variable, _) => Some(variable),
            Token::Literal(_) | Token::AnyRun | Token::AnyOne => None,
        })
    }

    /// True if `pieces`, put together, is what the pattern describes once its variables are in place.
    pub(super) fn matches(
        &self,
        pieces: [&str; 2],
        case: Case,
        facts: &Facts<'_>,
        semantics: Semantics,
    ) -> bool {
        if semantics.substituted_wildcard == SubstitutedWildcard::Act
            && self.wildcards == Wildcards::Act
            && self.variables().next().is_some()
        {
            return self.with_wildcards_of_values(facts).matches_in_place(pieces, case, facts);
        }
        self.matches_in_place(pieces, case, facts)
    }

    fn matches_in_place(&self, pieces: [&str; 2], case: Case, facts: &Facts<'_>) -> bool {
        match (pieces, case) {
            (["", text], Case::Counts) => self.matches_subject(&text.as_bytes(), facts),
            _ => self.matches_subject(&Pieces { pieces: pieces.map(str::as_bytes), case }, facts),
        }
    }

    /// Matching with one way back: to the last run of any characters, which takes one more. What follows a run is
    /// fixed text, so an earlier run never needs another try.
    #[inline]
    fn matches_subject(&self, subject: &impl Subject, facts: &Facts<'_>) -> bool {
        let length = subject.len();
        let (mut token, mut at) = (0, 0);
        let mut back: Option<(usize, usize)> = None;
        loop {
            let step = match self.tokens.get(token) {
                None if at == length => return true,
                None => None,
                Some(Token::AnyRun) => {
                    token += 1;
                    match &self.tokens[token..] {
                        [] => return true,
                        // The last text can only stand at the end: no need to try every place.
                        [Token::Literal(last)] => {
                            return length - at >= last.len()
                                && subject.has(length - last.len(), last.as_bytes());
                        }
                        _ => {}
                    }
                    back = Some((token, at));
                    continue;
                }
                Some(Token::AnyOne) => (at < length).then(|| subject.character(at)),
                Some(Token::Literal(text)) => subject.has(at, text.as_bytes()).then_some(text.len()),
                Some(Token::Variable(
                    variable @ (Variable::SourceIp | Variable::CertificateId),
                    spelling,
                )) => {
                    let text = facts.inline(variable);
                    let text = text.as_ref().map_or(&**spelling, InlineText::as_str);
                    subject.has(at, text.as_bytes()).then_some(text.len())
                }
                Some(Token::Variable(variable, spelling)) => {
                    let text = facts.text(variable).unwrap_or(spelling);
                    subject.has(at, text.as_bytes()).then_some(text.len())
                }
            };
            if let Some(step) = step {
                token += 1;
                at += step;
                continue;
            }
            match &mut back {
                Some((after, from)) if *from < length => {
                    *from += subject.character(*from);
                    (token, at) = (*after, *from);
                }
                _ => return false,
            }
        }
    }

    /// D-24 `wildcard`: `*` and `?` inside a value act. Builds the pattern anew, which is the price of that profile.
    fn with_wildcards_of_values(&self, facts: &Facts<'_>) -> Self {
        let mut tokens = Vec::new();
        for token in &self.tokens {
            let Token::Variable(variable, spelling) = token else {
                tokens.push(token.clone());
                continue;
            };
            let Some(value) = facts.value(variable) else {
                tokens.push(Token::Literal(spelling.clone()));
                continue;
            };
            let mut literal = String::new();
            for character in value.pieces().into_iter().flat_map(str::chars) {
                match character {
                    '*' | '?' => {
                        flush(&mut tokens, &mut literal);
                        tokens.push(if character == '*' { Token::AnyRun } else { Token::AnyOne });
                    }
                    _ => literal.push(character),
                }
            }
            flush(&mut tokens, &mut literal);
        }
        Self { tokens, wildcards: self.wildcards }
    }

    /// The pattern as it reads with its variables in place.
    pub(super) fn substituted(&self, facts: &Facts<'_>) -> String {
        let mut text = String::new();
        for token in &self.tokens {
            match token {
                Token::Literal(literal) => text.push_str(literal),
                Token::AnyRun => text.push('*'),
                Token::AnyOne => text.push('?'),
                Token::Variable(variable, spelling) => match facts.value(variable) {
                    Some(value) => value.pieces().into_iter().for_each(|piece| text.push_str(piece)),
                    None => text.push_str(spelling),
                },
            }
        }
        text
    }

    /// The variables without a value, as the document spells them.
    pub(super) fn unresolved(&self, facts: &Facts<'_>) -> String {
        let mut names = String::new();
        for token in &self.tokens {
            if let Token::Variable(variable, spelling) = token
                && facts.value(variable).is_none()
            {
                let comma = if names.is_empty() { "" } else { ", " };
                // Writing into a String cannot fail.
                let _ = write!(names, "{comma}{spelling}");
            }
        }
        names
    }
}

const ESCAPE_LENGTH: usize = 4;

/// `$(*)`, `$(?)`, `$($)` of the IoT documents and `${*}`, `${?}`, `${$}` of IAM: the character itself (`broker.md` 9.4).
fn escape(text: &str) -> Option<char> {
    match text.get(..ESCAPE_LENGTH)? {
        "$(*)" | "${*}" => Some('*'),
        "$(?)" | "${?}" => Some('?'),
        "$($)" | "${$}" => Some('$'),
        _ => None,
    }
}

fn flush(tokens: &mut Vec<Token>, literal: &mut String) {
    if !literal.is_empty() {
        tokens.push(Token::Literal(core::mem::take(literal).into()));
    }
}
