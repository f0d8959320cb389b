//! Why a script is no function, and why an invocation gave no answer.

use rhai::{Dynamic, EvalAltResult, Position};

use crate::json;

/// A script that is no function.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("function {function:?}, line {line}, column {column}: {message}")]
pub struct CompileError {
    /// The name that the function was to have.
    pub function: String,
    /// The line, from 1; 0 if the error is no line's.
    pub line: usize,
    /// The column, from 1; 0 if the error is no column's.
    pub column: usize,
    /// What is wrong.
    pub message: String,
}

impl CompileError {
    pub(crate) fn new(function: &str, position: Position, message: String) -> Self {
        Self {
            function: function.to_owned(),
            line: position.line().unwrap_or(0),
            column: position.position().unwrap_or(0),
            message,
        }
    }
}

/// An invocation without an answer. Lines count from 1; 0 stands for a line that is not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LambdaError {
    /// The operations ran out: the deterministic form of a function that takes too long.
    #[error("timed out after {operations} operations{}", at(*line))]
    TimedOut {
        /// How many operations the function was allowed.
        operations: u64,
        /// Where it was when they ran out.
        line: usize,
    },
    /// Functions called each other too deeply.
    #[error("calls nested more than {levels} deep{}", at(*line))]
    CallsTooDeep {
        /// How many levels are allowed.
        levels: usize,
        /// The line of the call.
        line: usize,
    },
    /// A string, an array or a map outgrew its limit.
    #[error("{message}{}", at(*line))]
    TooLarge {
        /// What was too large.
        message: String,
        /// The line that made it so.
        line: usize,
    },
    /// The script threw, or did what cannot be done (an unknown function, an index out of bounds, ...).
    #[error("{message}{}", at(*line))]
    Failed {
        /// What was thrown, or what is wrong.
        message: String,
        /// The line of the `throw` or of the mistake.
        line: usize,
    },
    /// The event holds what a script cannot: an integer beyond 64 bits with sign, or too deep a nesting.
    #[error("the event cannot be given to a script: {message}")]
    Event {
        /// What and where.
        message: String,
    },
    /// The answer holds what JSON cannot: a function, a number that is not finite, or too deep a nesting.
    #[error("the answer is no JSON: {message}")]
    Answer {
        /// What and where.
        message: String,
    },
}

impl LambdaError {
    pub(crate) fn from_rhai(error: EvalAltResult, operations: u64, levels: usize) -> Self {
        let (error, line) = innermost(error);
        match error {
            EvalAltResult::ErrorTooManyOperations(_) => Self::TimedOut { operations, line },
            EvalAltResult::ErrorStackOverflow(_) => Self::CallsTooDeep { levels, line },
            EvalAltResult::ErrorDataTooLarge(message, _) => Self::TooLarge { message, line },
            EvalAltResult::ErrorRuntime(thrown, _) => Self::Failed { message: thrown_text(thrown), line },
            mut other => {
                // The position is told beside the message, not inside it.
                other.clear_position();
                Self::Failed { message: other.to_string(), line }
            }
        }
    }
}

fn at(line: usize) -> String {
    if line == 0 { String::new() } else { format!(", in line {line}") }
}

/// The error behind the frames of the calls that led to it, and the line nearest to it that is known.
fn innermost(mut error: EvalAltResult) -> (EvalAltResult, usize) {
    let mut line = error.position().line();
    while let EvalAltResult::ErrorInFunctionCall(_, _, inner, _) = error {
        error = *inner;
        line = error.position().line().or(line);
    }
    (error, line.unwrap_or(0))
}

fn thrown_text(thrown: Dynamic) -> String {
    if thrown.is_string() {
        return thrown.into_string().unwrap_or_default();
    }
    json::from_dynamic(&thrown).map_or_else(|_| thrown.to_string(), |value| value.to_string())
}
