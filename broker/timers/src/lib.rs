//! The timing wheel shared by the broker core and the event engine.
