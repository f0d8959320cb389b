//! The broker's core behind real sockets, as small as it can be: a thread that accepts, a thread a connection, one
//! lock. Time is the system's.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use squall_core::{
    Broker, BrokerConfig, ClosedWhy, ConnectionId, Fact, Identity, Input, Output, Sink, Source, Tag,
    Transport,
};
use squall_profile::Profile;
use squall_types::{Now, Seed, Timestamp, WallTime};

/// A broker that listens on a port of its own until the process ends.
pub(crate) fn listen() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut profile = Profile::named("aws-current").unwrap();
    // Bytes bear the same client ids again and again, faster than the service would grant them.
    profile.limits.connect_requests_per_second_per_client_id = 1_000_000;
    let service = Arc::new(Mutex::new(Service {
        broker: Broker::new(BrokerConfig::new(profile, Seed(7))),
        began: Instant::now(),
        streams: BTreeMap::new(),
    }));
    std::thread::spawn(move || {
        for (number, stream) in listener.incoming().flatten().enumerate() {
            let service = Arc::clone(&service);
            std::thread::spawn(move || serve(&service, ConnectionId(number as u64 + 1), stream));
        }
    });
    address
}

struct Service {
    broker: Broker,
    began: Instant,
    streams: BTreeMap<ConnectionId, TcpStream>,
}

fn serve(service: &Mutex<Service>, connection: ConnectionId, mut stream: TcpStream) {
    let mut held = service.lock().unwrap();
    held.streams.insert(connection, stream.try_clone().unwrap());
    held.input(Input::Opened {
        connection,
        transport: Transport::Tcp,
        identity: Identity::Anonymous,
        source: Source { ip: [127, 0, 0, 1].into(), port: 50_000 },
        tag: Tag(0),
    });
    drop(held);
    let mut buffer = vec![0; 65_536];
    loop {
        let read = stream.read(&mut buffer);
        let mut held = service.lock().unwrap();
        match read {
            Ok(count) if count > 0 => held.input(Input::Bytes { connection, bytes: &buffer[..count] }),
            end => {
                let why = if end.is_ok() { ClosedWhy::EndOfStream } else { ClosedWhy::Reset };
                held.input(Input::Closed { connection, why });
                // The client ended; nobody will write to it any more.
                held.streams.remove(&connection);
                let _ = stream.shutdown(Shutdown::Both);
                return;
            }
        }
    }
}

impl Service {
    fn input(&mut self, input: Input<'_>) {
        let mut inputs = vec![];
        self.handle(input, &mut inputs);
        while let Some((connection, bytes)) = inputs.pop() {
            self.handle(Input::Sent { connection, bytes }, &mut inputs);
        }
    }

    fn handle(&mut self, input: Input<'_>, sent: &mut Vec<(ConnectionId, u32)>) {
        let at = Timestamp(self.began.elapsed().as_nanos() as u64);
        let mut wire = Wire { streams: &self.streams, sent };
        let now = Now::at(at, WallTime::from_unix_secs(1_767_225_600));
        while self.broker.next_deadline().is_some_and(|deadline| deadline <= at) {
            self.broker.handle(now, Input::Deadline, &mut wire);
        }
        self.broker.handle(now, input, &mut wire);
    }
}

struct Wire<'s> {
    streams: &'s BTreeMap<ConnectionId, TcpStream>,
    sent: &'s mut Vec<(ConnectionId, u32)>,
}

impl Sink for Wire<'_> {
    fn output(&mut self, output: Output<'_>) {
        match output {
            Output::Bytes { connection, bytes, .. } => {
                // A client that has gone reads nothing.
                if let Some(mut stream) = self.streams.get(&connection) {
                    let _ = stream.write_all(bytes);
                }
                self.sent.push((connection, bytes.len() as u32));
            }
            Output::Close { connection, .. } => {
                if let Some(stream) = self.streams.get(&connection) {
                    let _ = stream.shutdown(Shutdown::Both);
                }
            }
            _ => {}
        }
    }

    fn fact(&mut self, _: Fact<'_>) {}
}
