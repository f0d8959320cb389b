//! Nodes: a queue before servers.
//!
//! A packet of a connection waits in its node's queue until a server is free; the server is then busy for the
//! service time of the work that the packet caused. New connections count against a bounded number of places from
//! their SYN to the start of service of their CONNECT.

use std::collections::VecDeque;

use squall_core::Receipt;
use squall_scenario::Station;
use squall_types::Timestamp;

use crate::event::LinkKey;
use crate::link::nanos;

/// Service times in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Costs {
    pub(crate) tls: u64,
    connect: u64,
    connect_refused: u64,
    publish: u64,
    delivery: u64,
    subscribe: u64,
    other: u64,
}

impl Costs {
    pub(crate) fn new(station: &Station) -> Self {
        let costs = station.costs;
        Self {
            tls: nanos(costs.tls),
            connect: nanos(costs.connect),
            connect_refused: nanos(costs.connect_refused),
            publish: nanos(costs.publish),
            delivery: nanos(costs.delivery),
            subscribe: nanos(costs.subscribe),
            other: nanos(costs.other),
        }
    }

    /// The service time of what one `handle` call did.
    #[inline]
    pub(crate) fn of(&self, receipt: &Receipt) -> u64 {
        u64::from(receipt.connects) * self.connect
            + u64::from(receipt.connects_refused) * self.connect_refused
            + u64::from(receipt.publishes) * self.publish
            + u64::from(receipt.deliveries) * self.delivery
            + u64::from(receipt.filters) * self.subscribe
            + u64::from(receipt.others) * self.other
    }
}

/// One front-end node.
#[derive(Debug)]
pub(crate) struct Node {
    /// Until when each server is busy.
    servers: Vec<Timestamp>,
    /// Links with something to serve, in order of arrival.
    pub(crate) ready: VecDeque<LinkKey>,
    /// New connections that hold a place.
    pub(crate) new_connections: u32,
    /// A wake-up is pending.
    pub(crate) wake_pending: bool,
}

impl Node {
    pub(crate) fn new(servers: u32) -> Self {
        Self {
            servers: vec![Timestamp::ZERO; servers.max(1) as usize],
            ready: VecDeque::new(),
            new_connections: 0,
            wake_pending: false,
        }
    }

    /// The first server that is free at `now`.
    #[inline]
    pub(crate) fn free_server(&self, now: Timestamp) -> Option<usize> {
        self.servers.iter().position(|&until| until <= now)
    }

    /// A server is busy until `until`.
    pub(crate) fn occupy(&mut self, server: usize, until: Timestamp) {
        self.servers[server] = until;
    }

    /// When the next server is free.
    pub(crate) fn next_free(&self) -> Timestamp {
        self.servers.iter().copied().min().unwrap_or(Timestamp::ZERO)
    }
}
