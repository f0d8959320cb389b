//! The event engine: one world of broker, network and devices in virtual time.
