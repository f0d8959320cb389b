//! The wire notation: how a case writes packets, bytes and what it expects.
//!
//! `conformance/README.md` is the language for people; this is its reading and its printing. A packet that was
//! received is printed in the same words, so it can be pasted into a case, and reads back to the same bytes.

mod ask;
mod calls;
mod check;
mod counter;
mod describe;
mod document;
mod encode;
mod hook;
mod json;
mod keys;
mod lexer;
mod metrics;
mod packet;
mod placeholder;
mod print;
mod step;
mod template;
mod value;

pub use ask::{AnswerWanted, AskError, AskWritten, answer_mismatches};
pub use calls::{AuthorizerSays, CallWritten};
pub use counter::{Comparison, Counter};
pub use describe::describe;
pub use document::{Document, DocumentWanted, Format};
pub use encode::encode;
pub use hook::HookSays;
pub use keys::{Key, Kind, PACKET_TYPES, Role, keys};
pub use packet::{PacketText, PacketWanted, PacketWritten};
pub use step::{Action, Expected, Sent, Step, StepError, parse};
pub use template::{Fill, Part, Template};
pub use value::{Choice, Notes, Value, Wanted, Written};

pub(crate) use lexer::{Lexer, outside_quotes, without_comment};
pub(crate) use print::hex as print_hex;
pub(crate) use step::{alternatives, duration, parse_expected, split_word};
pub(crate) use value::code;

#[cfg(test)]
mod tests;
