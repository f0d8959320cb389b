//! A device against a scripted service: what it sends, when, and what it makes of the answers.

mod bytes;
mod connecting;
mod keep_alive;
mod publishing;
mod script;
