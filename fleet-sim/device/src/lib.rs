//! A sans-IO device: connection, back-off, publishes, subscriptions.
