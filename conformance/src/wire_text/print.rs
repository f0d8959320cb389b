//! Values as a case writes them, so that what was received can be pasted into one.

use std::fmt::Write as _;

use squall_codec::{RetainHandling, SubscriptionOptions};

/// A run of the same character is written with `*N` from this length on.
const LONG_RUN: usize = 16;

/// Text: bare where that reads back, else in quotes.
pub(crate) fn text(text: &str) -> String {
    let plain = |next: char| next.is_ascii_alphanumeric() || "/_.+-".contains(next);
    if !text.is_empty() && text.chars().all(plain) && text != "-" && longest_run(text) < LONG_RUN {
        return text.to_owned();
    }
    quoted(text)
}

/// Bytes: as text if that is what they are, else as hex.
pub(crate) fn bytes(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.chars().any(|next| next.is_control() && next != '\n' && next != '\t') => {
            quoted(text)
        }
        _ => format!("0x{}", hex(bytes, "")),
    }
}

/// Hex pairs.
pub(crate) fn hex(bytes: &[u8], between: &str) -> String {
    let mut out = String::with_capacity(bytes.len() * (2 + between.len()));
    for (at, byte) in bytes.iter().enumerate() {
        if at > 0 {
            out.push_str(between);
        }
        write!(out, "{byte:02x}").expect("a string takes all");
    }
    out
}

/// `1,nl,rap,rh=2`.
pub(crate) fn options(options: SubscriptionOptions) -> String {
    let mut out = options.qos.bits().to_string();
    if options.no_local {
        out.push_str(",nl");
    }
    if options.retain_as_published {
        out.push_str(",rap");
    }
    out.push_str(match options.retain_handling {
        RetainHandling::SendAtSubscribe => "",
        RetainHandling::SendIfNew => ",rh=1",
        RetainHandling::DoNotSend => ",rh=2",
    });
    out
}

fn quoted(text: &str) -> String {
    let mut out = String::new();
    let mut open = false;
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let run = rest.chars().take_while(|other| *other == next).count();
        let bytes = run * next.len_utf8();
        if run >= LONG_RUN {
            if open {
                out.push('"');
                open = false;
            }
            out.push('"');
            push_escaped(next, &mut out);
            write!(out, "\"*{run}").expect("a string takes all");
        } else {
            if !open {
                out.push('"');
                open = true;
            }
            for _ in 0..run {
                push_escaped(next, &mut out);
            }
        }
        rest = &rest[bytes..];
    }
    if open {
        out.push('"');
    }
    if out.is_empty() { "\"\"".to_owned() } else { out }
}

fn push_escaped(next: char, out: &mut String) {
    match next {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        // A brace could begin {run}.
        '{' => out.push_str("\\{"),
        '\n' => out.push_str("\\n"),
        '\t' => out.push_str("\\t"),
        next if next.is_control()
            || matches!(next, '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}') =>
        {
            write!(out, "\\u{{{:x}}}", u32::from(next)).expect("a string takes all");
        }
        next => out.push(next),
    }
}

fn longest_run(text: &str) -> usize {
    let mut longest = 0;
    let mut run = 0;
    let mut before = None;
    for next in text.chars() {
        run = if before == Some(next) { run + 1 } else { 1 };
        longest = longest.max(run);
        before = Some(next);
    }
    longest
}
