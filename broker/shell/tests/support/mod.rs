//! A service under test, and clients for it.

mod client;
mod memory;
mod watch;

use std::net::{Ipv4Addr, SocketAddr};

use squall_core::{Broker, BrokerConfig};
use squall_profile::{Limits, Profile};
use squall_shell::{Runtime, Shell, ShellOptions, TokioRuntime};
use squall_types::Seed;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub(crate) use client::{Client, Got, within};
pub(crate) use memory::Memory;
pub(crate) use watch::{Seen, Watch};

/// A shell that serves in a task of its own.
pub(crate) struct Service {
    pub(crate) address: SocketAddr,
    pub(crate) watch: Watch,
    stop: oneshot::Sender<()>,
    running: JoinHandle<Broker>,
}

impl Service {
    /// On a real socket.
    pub(crate) async fn tcp() -> Self {
        Self::tcp_with(|_| {}).await
    }

    pub(crate) async fn tcp_with(tweak: impl FnOnce(&mut Limits)) -> Self {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self::start(TokioRuntime::new(), address, tweak).await
    }

    /// On a network in memory.
    pub(crate) async fn memory(network: &Memory, tweak: impl FnOnce(&mut Limits)) -> Self {
        Self::start(network.runtime(), network.address(), tweak).await
    }

    async fn start<R: Runtime>(runtime: R, address: SocketAddr, tweak: impl FnOnce(&mut Limits)) -> Self
    where
        R::Listener: Sync,
    {
        let mut profile = Profile::named("aws-current").unwrap();
        // Clients here come back at once.
        profile.limits.connect_requests_per_second_per_client_id = 1_000_000;
        tweak(&mut profile.limits);
        let config = BrokerConfig::new(profile, Seed(7));
        let mut shell = Shell::new(runtime, config, ShellOptions::default());
        let address = shell.listen_insecure(address).await.unwrap();
        let (stop, stopped) = oneshot::channel();
        let watch = Watch::default();
        let mut observer = watch.clone();
        let running = tokio::spawn(async move {
            let stop = async {
                let _ = stopped.await;
            };
            shell.run(stop, &mut observer).await
        });
        Self { address, watch, stop, running }
    }

    /// A transport on which nothing was said.
    pub(crate) async fn transport(&self) -> TcpStream {
        within(TcpStream::connect(self.address)).await.unwrap()
    }

    /// Stops it and gives back the broker as it was at the end.
    pub(crate) async fn stop(self) -> Broker {
        self.stop.send(()).unwrap();
        within(self.running).await.unwrap()
    }
}
