//! Sessions: what outlives a connection.

mod alias;
mod cold;
mod store;

pub(crate) use alias::Aliases;
pub(crate) use cold::{Cold, Held, Inflight};
pub(crate) use store::{Session, SessionKey, Sessions};
