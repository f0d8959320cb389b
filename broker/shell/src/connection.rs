//! The task of one connection: its transport's two halves, and how both come to an end.

use std::sync::Arc;
use std::time::Duration;

use squall_core::{ClosedWhy, ConnectionId};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split};
use tokio::sync::{Notify, mpsc};

use crate::driver::{Event, ShellOptions};
use crate::link::{CHUNK_BYTES, End, Link};
use crate::runtime::Runtime;

/// One connection, from the side of its transport.
pub(crate) struct Connection<R> {
    pub(crate) id: ConnectionId,
    pub(crate) link: Arc<Link>,
    pub(crate) events: mpsc::Sender<Event>,
    pub(crate) runtime: R,
    pub(crate) options: ShellOptions,
    /// The write half is done.
    pub(crate) written: Notify,
}

impl<R: Runtime> Connection<R> {
    /// Carries bytes both ways until both halves have ended, or the time for that is over: some to write what is
    /// left, some for the peer to end its side.
    pub(crate) async fn serve(self, stream: impl AsyncRead + AsyncWrite + Unpin) {
        let (reader, writer) = split(stream);
        let out_of_time = async {
            self.link.ended().await;
            tokio::select! {
                () = self.written.notified() => {}
                () = self.sleep(self.options.close_timeout) => {}
            }
            self.sleep(self.options.linger).await;
        };
        tokio::select! {
            ((), ()) = async { tokio::join!(self.read(reader), self.write(writer)) } => {}
            () = out_of_time => {}
        }
        // Whatever came in between, the broker hears that the transport is gone; what it knew already is ignored.
        self.closed(ClosedWhy::Reset).await;
    }

    async fn read(&self, mut reader: impl AsyncRead + Unpin) {
        while let Some(mut buffer) = self.link.turn().await {
            buffer.clear();
            match reader.read_buf(&mut buffer).await {
                Ok(0) => return self.closed(ClosedWhy::EndOfStream).await,
                Ok(_) => self.tell(Event::Bytes { connection: self.id, buffer }).await,
                Err(_) => {
                    self.link.end(End::Abort);
                    return self.closed(ClosedWhy::Reset).await;
                }
            }
        }
        // The broker is done with the peer. Closing a socket with bytes unread resets it, and a reset can overtake
        // the last packet, which says why.
        let mut ignored = vec![0; CHUNK_BYTES];
        while reader.read(&mut ignored).await.is_ok_and(|bytes| bytes > 0) {}
    }

    async fn write(&self, writer: impl AsyncWrite + Unpin) {
        self.write_outgoing(writer).await;
        self.written.notify_one();
    }

    async fn write_outgoing(&self, mut writer: impl AsyncWrite + Unpin) {
        let mut bytes = Vec::new();
        while let Some(outgoing) = self.link.outgoing(bytes).await {
            if self.write_all(&mut writer, &outgoing).await.is_err() {
                self.link.end(End::Abort);
                return self.closed(ClosedWhy::Reset).await;
            }
            bytes = outgoing;
        }
        if self.link.is_orderly() {
            // Whoever is gone by now needs no end of stream.
            let _ = writer.shutdown().await;
        }
    }

    /// Writes everything and tells the broker of each part as it leaves.
    async fn write_all(&self, writer: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> std::io::Result<()> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let sent = writer.write(rest).await?;
            if sent == 0 {
                return Err(std::io::ErrorKind::WriteZero.into());
            }
            rest = &rest[sent..];
            self.link.sent(sent);
            self.tell(Event::Sent { connection: self.id, bytes: sent as u32 }).await;
        }
        writer.flush().await
    }

    async fn sleep(&self, time: Duration) {
        let nanos = time.as_nanos().try_into().unwrap_or(u64::MAX);
        self.runtime.sleep_until(self.runtime.now().mono.plus_nanos(nanos)).await;
    }

    async fn closed(&self, why: ClosedWhy) {
        self.tell(Event::Closed { connection: self.id, why }).await;
    }

    /// A driver that is gone has ended the link, which is all that there is to do about it.
    async fn tell(&self, event: Event) {
        let _ = self.events.send(event).await;
    }
}
