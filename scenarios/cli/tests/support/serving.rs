//! `squall serve` as a process of its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, ChildStdout, ExitStatus, Stdio};
use std::time::Duration;

use super::{command, folder};

/// Nothing takes so long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A process that serves; it ends with its test.
pub(crate) struct Serving {
    child: Child,
    stdout: BufReader<ChildStdout>,
    pub(crate) address: SocketAddr,
    folder: tempfile::TempDir,
}

impl Serving {
    pub(crate) fn start(words: &[&str]) -> Self {
        let folder = folder();
        let words: Vec<&str> =
            ["serve", "--insecure-mqtt", "127.0.0.1:0"].iter().chain(words).copied().collect();
        let mut child = command(folder.path(), &words)
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(folder.path().join("stderr")).unwrap())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let address = line.strip_prefix("ready mqtt=").and_then(|rest| rest.strip_suffix('\n'));
        let address = address.unwrap_or_else(|| panic!("{line:?}")).parse().unwrap();
        Self { child, stdout, address, folder }
    }

    /// Connects with this CONNECT, and is accepted.
    pub(crate) fn connect(&self, packet: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(packet).unwrap();
        let mut header = [0; 2];
        stream.read_exact(&mut header).unwrap();
        assert_eq!(header[0], 0x20, "CONNACK");
        let mut rest = vec![0; header[1].into()];
        stream.read_exact(&mut rest).unwrap();
        assert_eq!(rest[1], 0, "accepted");
        stream
    }

    #[cfg(unix)]
    pub(crate) fn signal(&self, signal: nix::sys::signal::Signal) {
        let process = nix::unistd::Pid::from_raw(self.child.id().try_into().unwrap());
        nix::sys::signal::kill(process, signal).unwrap();
    }

    /// How it ended, and what else it printed to standard output and error.
    pub(crate) fn end(mut self) -> (ExitStatus, String, String) {
        let mut stdout = String::new();
        self.stdout.read_to_string(&mut stdout).unwrap();
        let status = self.child.wait().unwrap();
        (status, stdout, std::fs::read_to_string(self.folder.path().join("stderr")).unwrap())
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
