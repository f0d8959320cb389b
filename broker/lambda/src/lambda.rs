//! One function: compiled once, invoked often, always from the same beginning.

use std::fmt;

use rhai::{AST, CallFnOptions, Dynamic, Engine, FnAccess, Position, Scope};
use serde_json::Value;

use crate::engine::{self, Limits};
use crate::error::{CompileError, LambdaError};
use crate::json;

/// The function that a script defines, with one argument: the event.
const HANDLER: &str = "handler";

/// A compiled script.
///
/// Statements outside functions run before the handler at each invocation, and count as its operations. Functions see
/// none of the variables of such statements: that is Rhai's rule, and why no state can survive.
pub struct Lambda {
    name: String,
    limits: Limits,
    engine: Engine,
    script: AST,
}

impl Lambda {
    /// Compiles `source` as the function `name`, with [`Limits::DEFAULT`].
    pub fn compile(name: &str, source: &str) -> Result<Self, CompileError> {
        Self::compile_with(name, source, Limits::DEFAULT)
    }

    /// Compiles `source` as the function `name`, each of whose invocations gets `limits`.
    pub fn compile_with(name: &str, source: &str, limits: Limits) -> Result<Self, CompileError> {
        let engine = engine::engine(&limits);
        let script = engine
            .compile(source)
            .map_err(|error| CompileError::new(name, error.position(), error.err_type().to_string()))?;
        check_handler(name, &script)?;
        Ok(Self { name: name.to_owned(), limits, engine, script })
    }

    /// The function's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What one invocation may use.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// The answer to `event`. It depends on the script, the limits and the event, and on nothing else.
    pub fn invoke(&self, event: &Value) -> Result<Value, LambdaError> {
        let event = json::to_dynamic(event).map_err(|message| LambdaError::Event { message })?;
        let answer: Dynamic = self
            .engine
            .call_fn_with_options(CallFnOptions::new(), &mut Scope::new(), &self.script, HANDLER, (event,))
            .map_err(|error| {
                LambdaError::from_rhai(*error, self.limits.operations, self.limits.call_levels)
            })?;
        json::from_dynamic(&answer).map_err(|message| LambdaError::Answer { message })
    }
}

impl fmt::Debug for Lambda {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lambda")
            .field("name", &self.name)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

fn check_handler(name: &str, script: &AST) -> Result<(), CompileError> {
    let found: Vec<usize> = script
        .iter_functions()
        .filter(|function| function.name == HANDLER && function.access == FnAccess::Public)
        .map(|function| function.params.len())
        .collect();
    if found.contains(&1) {
        return Ok(());
    }
    let message = match found.first() {
        Some(arguments) => {
            format!("`fn {HANDLER}` takes {arguments} arguments; it takes one, the event")
        }
        None => format!("there is no `fn {HANDLER}(event)`"),
    };
    Err(CompileError::new(name, Position::NONE, message))
}
