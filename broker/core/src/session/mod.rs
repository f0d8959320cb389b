//! Sessions: what outlives a connection.

mod cold;
mod store;

pub(crate) use cold::{Cold, Inflight};
pub(crate) use store::{Session, SessionKey, Sessions};
