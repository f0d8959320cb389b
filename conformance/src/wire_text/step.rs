//! The lines of a case.

use std::time::Duration;

use super::ask::{AnswerWanted, AskWritten, parse_answer, parse_ask};
use super::calls::{AuthorizerSays, CallWritten, parse_authorizer, parse_call};
use super::check::check_order;
use super::counter::{Comparison, Counter, parse_counter};
use super::hook::{HookSays, parse_hook};
use super::lexer::{Lexer, outside_quotes, without_comment};
use super::packet::{PacketWanted, PacketWritten};
use super::template::{Fill, Template};

/// One line of a case.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Which line of the steps it is, 0 for the first.
    pub line: usize,
    /// As written, without its comment.
    pub text: String,
    /// What is to be done.
    pub action: Action,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// A new transport for the link.
    Open(String),
    /// The client sends.
    Send {
        /// On which link.
        link: String,
        /// How often.
        times: u64,
        /// What.
        what: Sent,
        /// Whether all of it leaves in one piece, so that no answer can come in between.
        in_one_piece: bool,
    },
    /// The service must have sent.
    Expect {
        /// On which link.
        link: String,
        /// How often, from and to.
        times: (u64, u64),
        /// Any of these.
        allowed: Vec<Expected>,
        /// Whether neighbouring lines of this kind may match in any order.
        any_order: bool,
    },
    /// The client ends its stream.
    End(String),
    /// The client resets the connection.
    Drop(String),
    /// The client acknowledges the oldest, or every, QoS 1 message received so far.
    Acknowledge {
        /// On which link.
        link: String,
        /// Every one.
        all: bool,
    },
    /// Time passes.
    Advance(Duration),
    /// Calls over HTTPS.
    Call {
        /// How often.
        times: u64,
        /// What is called.
        call: CallWritten,
    },
    /// Calls in the JSON of the public API.
    Ask {
        /// How often.
        times: u64,
        /// What is called.
        ask: AskWritten,
    },
    /// A look at what the last call in JSON was answered with.
    Answer(AnswerWanted),
    /// The function of a link's authorizer answers, or is asked what it was given.
    Authorizer {
        /// The link.
        link: String,
        /// What it says.
        says: AuthorizerSays,
    },
    /// The function of a hook answers its last invocation, or is asked what it was given.
    Hook {
        /// The function.
        function: String,
        /// What it says.
        says: HookSays,
    },
    /// A look at what the service counts.
    Count {
        /// What is counted.
        counter: Counter,
        /// How it is compared.
        comparison: Comparison,
        /// With what.
        value: u64,
    },
}

/// What a step sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// A packet, written by the codec.
    Packet(PacketWritten),
    /// Bytes.
    Raw(Template),
}

/// What a step expects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// A packet.
    Packet(PacketWanted),
    /// Nothing has come.
    Nothing,
    /// The service ended the connection, for this reason if one is named.
    Close(Option<String>),
}

/// A line that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepError {
    /// Which line of the steps, 0 for the first.
    pub line: usize,
    /// What is wrong with it.
    pub problem: String,
}

/// `disconnectReason` of lifecycle events (`broker.md` 5).
const CLOSE_REASONS: &[&str] = &[
    "AUTH_ERROR",
    "CLIENT_INITIATED_DISCONNECT",
    "CLIENT_ERROR",
    "CONNECTION_LOST",
    "DUPLICATE_CLIENTID",
    "FORBIDDEN_ACCESS",
    "MQTT_KEEP_ALIVE_TIMEOUT",
    "SERVER_ERROR",
    "SERVER_INITIATED_DISCONNECT",
    "API_INITIATED_DISCONNECT",
    "THROTTLED",
    "WEBSOCKET_TTL_EXPIRATION",
    "CUSTOMAUTH_TTL_EXPIRATION",
];

const STEPS: &str = "a step is 'LINK open', 'LINK > ...', 'LINK < ...', 'LINK <~ ...', 'LINK end', 'LINK drop', \
                     'LINK ack', 'LINK ack all', 'advance 90s', 'call ...', 'answer ...', 'authorizer LINK ...', 'hook FUNCTION ...', \
                     'metric ...', 'meter ...', 'reason ...', 'denial ...', 'asked LINK ...', 'invoked FUNCTION ...' or \
                     'record ...'";

/// Reads the lines of a case and checks what can be checked before it runs.
///
/// # Errors
/// The first line that is wrong.
pub fn parse(text: &str) -> Result<Vec<Step>, StepError> {
    let mut steps = Vec::new();
    for (line, written) in text.lines().enumerate() {
        let written = without_comment(written);
        if written.is_empty() {
            continue;
        }
        let action = parse_line(written).map_err(|problem| StepError { line, problem })?;
        steps.push(Step { line, text: written.to_owned(), action });
    }
    check_order(&steps)?;
    Ok(steps)
}

fn parse_line(line: &str) -> Result<Action, String> {
    let (first, rest) = split_word(line);
    match first {
        "advance" => return duration(rest).map(Action::Advance),
        "call" => {
            let Repeats { times: (times, most), counted, rest } = repeats(rest)?;
            if times != most {
                return Err("calls have one count, not a range".to_owned());
            }
            if split_word(rest).1.starts_with('{') {
                return parse_ask(rest, counted).map(|ask| Action::Ask { times, ask });
            }
            return parse_call(rest, counted).map(|call| Action::Call { times, call });
        }
        "answer" => return parse_answer(rest).map(Action::Answer),
        "authorizer" => {
            let (link, rest) = split_word(rest);
            return parse_authorizer(rest).map(|says| Action::Authorizer { link: link.to_owned(), says });
        }
        "hook" => {
            let (function, rest) = split_word(rest);
            return parse_hook(rest).map(|says| Action::Hook { function: function.to_owned(), says });
        }
        _ => {}
    }
    if let Some(count) = parse_counter(first, rest) {
        return count;
    }
    let name = first.strip_suffix('#').unwrap_or(first);
    let is_link = name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    if !is_link {
        return Err(STEPS.to_owned());
    }
    let link = first.to_owned();
    let (verb, rest) = split_word(rest);
    if name != first && !(verb.starts_with(['<', '>']) && repeats(rest)?.counted) {
        return Err(format!("'{first}' is a link for each count: it needs one, as in '{first} > 3 x ...'"));
    }
    let alone = |action| if rest.is_empty() { Ok(action) } else { Err(format!("nothing follows '{verb}'")) };
    match verb {
        "open" => alone(Action::Open(link)),
        "end" => alone(Action::End(link)),
        "drop" => alone(Action::Drop(link)),
        "ack" => match rest {
            "" => Ok(Action::Acknowledge { link, all: false }),
            "all" => Ok(Action::Acknowledge { link, all: true }),
            _ => Err("'ack' stands alone, or with 'all'".to_owned()),
        },
        ">" => parse_send(link, rest, false),
        ">>" => parse_send(link, rest, true),
        "<" => parse_expect(link, rest, false),
        "<~" => parse_expect(link, rest, true),
        _ => Err(STEPS.to_owned()),
    }
}

fn parse_send(link: String, rest: &str, in_one_piece: bool) -> Result<Action, String> {
    let Repeats { times: (times, most), counted, rest } = repeats(rest)?;
    if times != most {
        return Err("what is sent has one count, not a range".to_owned());
    }
    if in_one_piece && (!counted || link.ends_with('#')) {
        return Err("'>>' is for several packets on one link, as in a >> 3 x PUBLISH".to_owned());
    }
    let (first, after) = split_word(rest);
    let what = if first == "raw" {
        let raw = Lexer::new(after, counted).raw()?;
        raw.fill(&Fill::PLAIN)?;
        Sent::Raw(raw)
    } else {
        Sent::Packet(PacketWritten::parse(rest, counted)?)
    };
    Ok(Action::Send { link, times, what, in_one_piece })
}

fn parse_expect(link: String, rest: &str, any_order: bool) -> Result<Action, String> {
    let Repeats { times, counted, rest } = repeats(rest)?;
    let allowed: Vec<Expected> =
        alternatives(rest).into_iter().map(|one| parse_expected(one, counted)).collect::<Result<_, _>>()?;
    let only_packets = allowed.iter().all(|one| matches!(one, Expected::Packet(_)));
    if any_order && !only_packets {
        return Err("'<~' is for packets".to_owned());
    }
    let all_close = allowed.iter().all(|one| matches!(one, Expected::Packet(_) | Expected::Close(_)));
    if counted && !(only_packets || link.ends_with('#') && all_close) {
        return Err("only packets are counted".to_owned());
    }
    if link.ends_with('#') && times.0 != times.1 {
        return Err("links are counted with one number, not a range".to_owned());
    }
    Ok(Action::Expect { link, times, allowed, any_order })
}

/// Reads one alternative of an expectation.
pub(crate) fn parse_expected(text: &str, counted: bool) -> Result<Expected, String> {
    let (first, rest) = split_word(text);
    match (first, rest) {
        ("", _) => Err("what is expected?".to_owned()),
        ("nothing", "") => Ok(Expected::Nothing),
        ("close", "") => Ok(Expected::Close(None)),
        ("close", reason) if CLOSE_REASONS.contains(&reason) => Ok(Expected::Close(Some(reason.to_owned()))),
        ("close", reason) => {
            Err(format!("'{reason}' is no disconnect reason; there is {}", CLOSE_REASONS.join(", ")))
        }
        _ => PacketWanted::parse(text, counted).map(Expected::Packet),
    }
}

/// The texts between ` or `, outside quotes.
pub(crate) fn alternatives(text: &str) -> Vec<&str> {
    const OR: &str = " or ";
    let mut out = Vec::new();
    let mut start = 0;
    for (at, _) in outside_quotes(text) {
        if at >= start && text[at..].starts_with(OR) {
            out.push(text[start..at].trim());
            start = at + OR.len();
        }
    }
    out.push(text[start..].trim());
    out
}

/// How often, and what.
struct Repeats<'t> {
    times: (u64, u64),
    /// Whether there was a count, so that `#` stands for it.
    counted: bool,
    rest: &'t str,
}

/// `3 x`, `1..3 x` or nothing at the front.
fn repeats(text: &str) -> Result<Repeats<'_>, String> {
    let (count, rest) = split_word(text);
    let (x, rest) = split_word(rest);
    if x != "x" || !count.starts_with(|first: char| first.is_ascii_digit()) {
        return Ok(Repeats { times: (1, 1), counted: false, rest: text });
    }
    let number =
        |text: &str| text.parse::<u64>().map_err(|_| format!("'{count}' is no count; write 3 x or 1..3 x"));
    let (from, to) = match count.split_once("..") {
        None => (number(count)?, number(count)?),
        Some((from, to)) => (number(from)?, number(to)?),
    };
    if to == 0 || from > to || to > 10_000_000 {
        return Err(format!("'{count}' is no count"));
    }
    Ok(Repeats { times: (from, to), counted: true, rest })
}

/// A duration such as `500ms`, `90s`, `2h`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|_| format!("'{text}' is no duration; write 500ms, 90s or 2h"))
}

/// The first word and what follows the blanks after it.
pub(crate) fn split_word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    match text.find(char::is_whitespace) {
        None => (text, ""),
        Some(end) => (&text[..end], text[end..].trim()),
    }
}
