//! Where outputs and facts go.

use crate::fact::Fact;
use crate::output::Output;

/// The driver's side of one [`crate::Broker::handle`] call; statically dispatched.
pub trait Sink {
    /// Takes one output. Outputs of one connection come in the order in which they must leave.
    fn output(&mut self, output: Output<'_>);

    /// Takes one fact about what the service just did. Most drivers only count.
    fn fact(&mut self, fact: Fact<'_>);
}
