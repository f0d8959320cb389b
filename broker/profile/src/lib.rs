//! Limits and disputed behaviours of the service, as data with a source beside each value.
