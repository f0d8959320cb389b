//! The JSON of the public API: what requests and answers are made of on the wire.
//!
//! Members have the API's names, whether the API puts them into the path, the query or the body. An ARN may be cut down
//! to its tail, `cert/ID`: audit records know no region.

mod call;
mod members;
mod owned;
mod parameters;
mod query;
mod reply;
mod x509;

pub(crate) use members::Members;
pub(crate) use reply::{list, without_nulls};

pub use call::CALLS;
pub use owned::OwnedCall;
pub use query::{OwnedQuery, QUERIES};
