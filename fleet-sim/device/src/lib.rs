//! A sans-IO device: it connects, comes back after trouble, publishes, subscribes and acknowledges.
//!
//! ```text
//!              Start                open            CONNECT            CONNACK 0
//!   Idle ──────────────> Connecting ────> AwaitingConnack ──────────> Connected
//!                           ^                  │ refused, time-out        │ lost
//!                           │  back-off over   v                          v
//!                           └───────────────── Waiting <──────────────────┘
//! ```
//!
//! A device that gets its identity in the field ([`Provisioning`]) has two more states: `Provisioning`, in place of
//! `Connected` on a connection with a claim, and `GivenUp`, from which nothing leads. Power may be lost in every state,
//! which leads back to `Idle`.
//!
//! Firmware may have to do with device shadows ([`ShadowHabits`]), which a connected device talks to beside its publishes.
//!
//! A device knows no clock, socket, broker or scenario: time and bytes come in, bytes, timers and facts go out.
//! What it publishes is a function of (profile, index, counter), so a message that waits for a connection is
//! stored as two numbers. What is the same for a whole fleet lives in [`DeviceProfile`].

mod back_off;
mod device;
mod message;
mod outbox;
mod profile;
mod provisioning;
mod shadow;
mod shadow_message;
mod sink;

pub use back_off::{BackOff, Strategy};
pub use device::{Device, DeviceInput, Scratch, TransportFailure};
pub use profile::{Credentials, DeviceProfile, Offline, PublishPattern, SubscriptionPattern};
pub use provisioning::{
    AfterRejection, Claim, Credential, PayloadFormat, Provisioning, ProvisioningStep, Way,
};
pub use shadow::{OnConflict, OnDelta, ShadowFact, ShadowHabits, ShadowListens, ShadowRequest};
pub use sink::{AttemptFailure, DeviceFact, DeviceSink, TimerToken};
