//! Any broker over plain TCP.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use serde_json::Value as Json;
use socket2::SockRef;
use squall_types::CertificateId;

use super::{Answered, Arrival, Patience, Target, TargetError, TransportId, World};
use crate::case::{Account, Service};
use crate::wire_text::{AuthorizerSays, CallWritten, Counter};

/// How long what must come may take, if nothing else is asked for. Only a case that fails waits as long.
pub const DEFAULT_PATIENCE: Duration = Duration::from_secs(3);
/// How long nothing must come where no PINGREQ can tell.
const SHORT: Duration = Duration::from_millis(200);
/// How long one write may be stuck before what came meanwhile is read.
const STUCK: Duration = Duration::from_millis(50);

/// A broker at an address.
#[derive(Debug)]
pub struct Socket {
    name: String,
    address: SocketAddr,
    long: Duration,
}

impl Socket {
    /// The broker at `mqtt://HOST:PORT`; the port is 1883 if there is none.
    ///
    /// # Errors
    /// It is no such address, or the host has none.
    pub fn new(url: &str) -> Result<Self, TargetError> {
        let bad = || TargetError::Address(url.to_owned());
        let host = url.strip_prefix("mqtt://").ok_or_else(bad)?.trim_end_matches('/');
        if host.is_empty() || host.starts_with(':') {
            return Err(bad());
        }
        let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        let with_port = if has_port { host.to_owned() } else { format!("{host}:1883") };
        let unreachable = |error: String| TargetError::Unreachable { address: url.to_owned(), error };
        let mut found = with_port.to_socket_addrs().map_err(|error| unreachable(error.to_string()))?;
        let address = found.next().ok_or_else(|| unreachable("the host has no address".to_owned()))?;
        Ok(Self { name: url.to_owned(), address, long: DEFAULT_PATIENCE })
    }

    /// Waits at most so long for what must come.
    #[must_use]
    pub fn with_patience(self, long: Duration) -> Self {
        Self { long, ..self }
    }

    fn connect(&self) -> Result<TcpStream, TargetError> {
        let connect = || {
            let stream = TcpStream::connect_timeout(&self.address, self.long)?;
            stream.set_nodelay(true)?;
            stream.set_write_timeout(Some(STUCK))?;
            Ok(stream)
        };
        connect().map_err(|error: std::io::Error| TargetError::Unreachable {
            address: self.name.clone(),
            error: error.to_string(),
        })
    }
}

impl Target for Socket {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn is_ours(&self) -> bool {
        false
    }

    fn is_virtual(&self) -> bool {
        false
    }

    fn begin<'t>(&'t self, _: &Service, _: &'t Account) -> Result<Box<dyn World + 't>, TargetError> {
        Ok(Box::new(SocketWorld { target: self, began: Instant::now(), transports: Vec::new() }))
    }
}

struct SocketWorld<'t> {
    target: &'t Socket,
    began: Instant,
    transports: Vec<SocketTransport>,
}

struct SocketTransport {
    /// `None` once it has ended, or was reset.
    stream: Option<TcpStream>,
    /// What came while a write was stuck.
    early: Vec<u8>,
    /// Whether the end has been told.
    told: bool,
}

impl SocketTransport {
    /// Reads what there is, waiting at most so long; `None` if nothing came.
    fn receive(&mut self, wait: Option<Duration>) -> Option<Arrival> {
        let Some(stream) = &mut self.stream else {
            return if std::mem::replace(&mut self.told, true) { None } else { Some(Arrival::Close(None)) };
        };
        let mut buffer = vec![0; 65_536];
        let ready = match wait {
            None => stream.set_nonblocking(true),
            Some(wait) => stream.set_nonblocking(false).and_then(|()| stream.set_read_timeout(Some(wait))),
        };
        let result = ready.and_then(|()| stream.read(&mut buffer));
        match result {
            Ok(count) if count > 0 => {
                buffer.truncate(count);
                Some(Arrival::Bytes(buffer))
            }
            Err(error) if is_too_early(error.kind()) => None,
            // The end of the stream, or a reset: either way the service let go.
            Ok(_) | Err(_) => {
                self.stream = None;
                self.told = true;
                Some(Arrival::Close(None))
            }
        }
    }

    /// Writes all, reading what comes while the peer does not read; gives up silently if the peer has let go.
    fn write(&mut self, mut bytes: &[u8], deadline: Instant) {
        while !bytes.is_empty() && Instant::now() < deadline {
            let Some(stream) = &mut self.stream else { return };
            let result = stream.set_nonblocking(false).and_then(|()| stream.write(bytes));
            match result {
                Ok(written) => bytes = &bytes[written..],
                Err(error) if is_too_early(error.kind()) => {
                    while let Some(Arrival::Bytes(more)) = self.receive(None) {
                        self.early.extend(more);
                    }
                    // An end that was met here is told by the next read.
                    if self.stream.is_none() {
                        self.told = false;
                    }
                }
                // The end shows when it is read.
                Err(_) => return,
            }
        }
    }
}

fn is_too_early(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

impl World for SocketWorld<'_> {
    fn open(&mut self, _: &str, _: Option<CertificateId>) -> Result<TransportId, TargetError> {
        let stream = self.target.connect()?;
        self.transports.push(SocketTransport { stream: Some(stream), early: Vec::new(), told: false });
        Ok(TransportId(self.transports.len() - 1))
    }

    fn send(&mut self, transport: TransportId, bytes: &[u8]) {
        let deadline = Instant::now() + self.target.long;
        self.transports[transport.0].write(bytes, deadline);
    }

    fn read(&mut self, transport: TransportId, patience: Patience) -> Option<Arrival> {
        let transport = &mut self.transports[transport.0];
        if !transport.early.is_empty() {
            return Some(Arrival::Bytes(std::mem::take(&mut transport.early)));
        }
        transport.receive(match patience {
            Patience::None => None,
            Patience::Short => Some(SHORT),
            Patience::Long => Some(self.target.long),
        })
    }

    fn end(&mut self, transport: TransportId) {
        if let Some(stream) = &self.transports[transport.0].stream {
            // One that has ended already needs no end.
            let _ = stream.shutdown(std::net::Shutdown::Write);
        }
    }

    fn reset(&mut self, transport: TransportId) {
        if let Some(stream) = self.transports[transport.0].stream.take() {
            // With no time to linger, closing sends RST; where that fails it is an end like any other.
            let _ = SockRef::from(&stream).set_linger(Some(Duration::ZERO));
        }
    }

    fn advance(&mut self, duration: Duration) {
        std::thread::sleep(duration);
    }

    fn call(&mut self, call: &CallWritten, _: u64, _: &str) -> Result<Option<String>, String> {
        Err(format!("{} over HTTPS cannot be asked of this target", call.operation))
    }

    fn ask(&mut self, operation: &str, _: &Json) -> Result<Answered, String> {
        Err(format!("{operation} cannot be asked of this target"))
    }

    fn authorizer(&mut self, _: &str, _: &AuthorizerSays) -> Result<(), String> {
        Err("this target has no authorizer whose function a case could be".to_owned())
    }

    fn hook(&mut self, function: &str, _: Result<&str, &str>) -> Result<(), String> {
        Err(format!("this target invokes no function '{function}'"))
    }

    fn heard(&self, function: &str) -> Result<&Json, String> {
        Err(format!("this target invokes no function '{function}'"))
    }

    fn count(&self, _: &Counter) -> Option<u64> {
        None
    }

    fn now(&self) -> Duration {
        self.began.elapsed()
    }
}
