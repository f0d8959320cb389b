//! What one `handle` call did, so that a driver can charge service time for it.

/// Work done, by kind. The driver decides what each costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Receipt {
    /// CONNECTs accepted.
    pub connects: u32,
    /// CONNECTs refused.
    pub connects_refused: u32,
    /// PUBLISH packets received.
    pub publishes: u32,
    /// PUBLISH packets sent.
    pub deliveries: u32,
    /// Filters subscribed to or unsubscribed from.
    pub filters: u32,
    /// Other packets received.
    pub others: u32,
}

impl Receipt {
    /// Packets received.
    pub const fn packets_in(&self) -> u32 {
        self.connects + self.connects_refused + self.publishes + self.others
    }
}
