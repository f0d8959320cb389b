//! Characters to templates: quoted and bare text, and the byte notation after `raw`.

use super::template::{Part, Template};

/// Most bytes that one `*N` may make, so that a slip of the pen does not eat the machine.
const MOST_REPEATS: usize = 300_000_000;

/// A cursor over one line.
#[derive(Clone, Debug)]
pub(crate) struct Lexer<'a> {
    rest: &'a str,
    /// Whether `#` is the count of a repeated step.
    counted: bool,
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(text: &'a str, counted: bool) -> Self {
        Self { rest: text, counted }
    }

    pub(crate) fn rest(&self) -> &'a str {
        self.rest
    }

    /// Leaves out so many bytes, which end between two characters.
    pub(crate) fn skip(&mut self, bytes: usize) {
        self.rest = &self.rest[bytes..];
    }

    pub(crate) fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    pub(crate) fn eat(&mut self, token: &str) -> bool {
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Characters up to the first that `ends`.
    fn take_until(&mut self, ends: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(ends).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    /// Text in quotes or bare, pieces of which may stand side by side (`"a/"*7"b"`), up to a blank or one of
    /// `stops` outside quotes.
    pub(crate) fn text(&mut self, stops: &[char]) -> Result<Template, String> {
        let mut parts = Vec::new();
        loop {
            match self.peek() {
                None => break,
                Some(next) if next.is_whitespace() || stops.contains(&next) => break,
                Some('"') => {
                    let quoted = self.quoted()?;
                    self.repeated(quoted, &mut parts)?;
                }
                Some(_) => {
                    let bare =
                        self.take_until(|next| next.is_whitespace() || next == '"' || stops.contains(&next));
                    push_text(bare, self.counted, &mut parts);
                }
            }
        }
        Ok(Template(parts))
    }

    /// `"..."` with its escapes.
    fn quoted(&mut self) -> Result<Vec<Part>, String> {
        let opened = self.eat("\"");
        debug_assert!(opened, "the caller has seen the quote");
        let mut parts = Vec::new();
        let mut plain = String::new();
        loop {
            let Some(next) = self.peek() else { return Err("a text has no closing quote".to_owned()) };
            self.rest = &self.rest[next.len_utf8()..];
            match next {
                '"' => break,
                '\\' => self.escape(&mut plain, &mut parts)?,
                '{' if self.rest.starts_with("run}") => {
                    self.eat("run}");
                    push_literal(plain.as_bytes(), &mut parts);
                    plain.clear();
                    parts.push(Part::Run);
                }
                '{' if self.rest.starts_with("certificate ") && self.rest.contains('}') => {
                    self.eat("certificate ");
                    let name = self.take_until(|next| next == '}').trim().to_owned();
                    self.eat("}");
                    push_literal(plain.as_bytes(), &mut parts);
                    plain.clear();
                    parts.push(Part::Certificate(name));
                }
                '#' if self.counted => {
                    push_literal(plain.as_bytes(), &mut parts);
                    plain.clear();
                    parts.push(Part::Count);
                }
                next => plain.push(next),
            }
        }
        push_literal(plain.as_bytes(), &mut parts);
        Ok(parts)
    }

    fn escape(&mut self, plain: &mut String, parts: &mut Vec<Part>) -> Result<(), String> {
        let Some(next) = self.peek() else { return Err("a text has no closing quote".to_owned()) };
        self.rest = &self.rest[next.len_utf8()..];
        match next {
            '"' | '\\' | '#' | '{' => plain.push(next),
            'n' => plain.push('\n'),
            't' => plain.push('\t'),
            'u' => {
                let bad = || r"after \u stands a code point in braces: \u{feff}".to_owned();
                if !self.eat("{") {
                    return Err(bad());
                }
                let digits = self.take_until(|next| next == '}');
                if !self.eat("}") {
                    return Err(bad());
                }
                let point = u32::from_str_radix(digits, 16).map_err(|_| bad())?;
                plain.push(char::from_u32(point).ok_or_else(bad)?);
            }
            'x' => {
                let bad = || r"after \x stand two hex digits: \xff".to_owned();
                let digits = self.rest.get(..2).ok_or_else(bad)?;
                let byte = u8::from_str_radix(digits, 16).map_err(|_| bad())?;
                self.rest = &self.rest[2..];
                push_literal(plain.as_bytes(), parts);
                plain.clear();
                push_literal(&[byte], parts);
            }
            other => {
                let known = r#"\" \\ \# \{ \n \t \u{...} \x.."#;
                return Err(format!("'\\{other}' is no escape; there is {known}"));
            }
        }
        Ok(())
    }

    /// Appends `item`, as often as a following `*N` says.
    fn repeated(&mut self, item: Vec<Part>, parts: &mut Vec<Part>) -> Result<(), String> {
        if !self.eat("*") {
            parts.extend(item);
            return Ok(());
        }
        let digits = self.take_until(|next| !next.is_ascii_digit());
        let times: usize = digits.parse().map_err(|_| "after '*' stands how often".to_owned())?;
        if times > MOST_REPEATS {
            return Err(format!("{times} times is too often"));
        }
        parts.push(Part::Repeat(item, times));
        Ok(())
    }

    /// The byte notation, to the end of the line or to the `)` that closes it.
    pub(crate) fn raw(&mut self) -> Result<Template, String> {
        self.raw_items(0).map(Template)
    }

    fn raw_items(&mut self, depth: usize) -> Result<Vec<Part>, String> {
        let mut parts = Vec::new();
        loop {
            self.skip_blanks();
            if self.rest.is_empty() {
                return if depth == 0 { Ok(parts) } else { Err("a '(' is not closed".to_owned()) };
            }
            if self.rest.starts_with(')') {
                if depth == 0 {
                    return Err("a ')' closes nothing".to_owned());
                }
                self.eat(")");
                return Ok(parts);
            }
            let item = self.raw_item(depth)?;
            self.repeated(item, &mut parts)?;
        }
    }

    fn raw_item(&mut self, depth: usize) -> Result<Vec<Part>, String> {
        if self.rest.starts_with('"') {
            return self.quoted();
        }
        if self.rest.starts_with("s\"") {
            self.eat("s");
            return Ok(vec![Part::Field(self.quoted()?)]);
        }
        if self.eat("s(") {
            return Ok(vec![Part::Field(self.raw_items(depth + 1)?)]);
        }
        if self.eat("len(") {
            return Ok(vec![Part::Length(self.raw_items(depth + 1)?)]);
        }
        let word = self.take_until(|next| next.is_whitespace() || "*()\"".contains(next));
        hex(word).map(|bytes| vec![Part::Literal(bytes)]).ok_or_else(|| {
            format!("'{word}' is neither hex pairs nor \"text\", s\"text\", s( ... ), len( ... ) or item*N")
        })
    }
}

/// The bytes of hex pairs; at least one.
pub(crate) fn hex(word: &str) -> Option<Vec<u8>> {
    if word.is_empty() || !word.len().is_multiple_of(2) || !word.bytes().all(|byte| byte.is_ascii_hexdigit())
    {
        return None;
    }
    (0..word.len()).step_by(2).map(|at| u8::from_str_radix(&word[at..at + 2], 16).ok()).collect()
}

/// Bare text, in which the count and the run may stand.
fn push_text(text: &str, counted: bool, parts: &mut Vec<Part>) {
    let mut rest = text;
    loop {
        let run = rest.find("{run}");
        let count = if counted { rest.find('#') } else { None };
        match (run, count) {
            (Some(run), count) if count.is_none_or(|count| run < count) => {
                push_literal(&rest.as_bytes()[..run], parts);
                parts.push(Part::Run);
                rest = &rest[run + "{run}".len()..];
            }
            (_, Some(count)) => {
                push_literal(&rest.as_bytes()[..count], parts);
                parts.push(Part::Count);
                rest = &rest[count + 1..];
            }
            _ => {
                push_literal(rest.as_bytes(), parts);
                return;
            }
        }
    }
}

fn push_literal(bytes: &[u8], parts: &mut Vec<Part>) {
    if bytes.is_empty() {
        return;
    }
    if let Some(Part::Literal(last)) = parts.last_mut() {
        last.extend_from_slice(bytes);
    } else {
        parts.push(Part::Literal(bytes.to_vec()));
    }
}

/// The line without its comment and the blanks around it. A comment begins at a `#` that follows a blank or
/// begins the line, and that a blank follows or the line ends with.
pub(crate) fn without_comment(line: &str) -> &str {
    let is_blank = |next: Option<char>| next.is_none_or(char::is_whitespace);
    let comment = outside_quotes(line).find(|(at, next)| {
        *next == '#' && is_blank(line[..*at].chars().next_back()) && is_blank(line[at + 1..].chars().next())
    });
    line[..comment.map_or(line.len(), |(at, _)| at)].trim()
}

/// The characters that stand outside of quotes, each with its place; a quote that is never closed reaches to the end.
pub(crate) fn outside_quotes(text: &str) -> impl Iterator<Item = (usize, char)> {
    let (mut quoted, mut escaped) = (false, false);
    text.char_indices().filter(move |(_, next)| {
        if quoted {
            quoted = escaped || *next != '"';
            escaped = !escaped && *next == '\\';
            false
        } else {
            quoted = *next == '"';
            !quoted
        }
    })
}
