//! A device against a scripted service: what it sends, when, and what it makes of the answers.

mod bytes;
mod claim;
mod connecting;
mod just_in_time;
mod keep_alive;
mod power;
mod publishing;
mod script;
mod shadow;
mod shadow_conflicts;
mod shadow_converges;
mod shadow_power;
