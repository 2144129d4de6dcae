//! The channel to a process: frames go in at once, and what the process says is waited for.
//!
//! A socket that Tokio waits for in both directions wakes this program each time the process has taken a frame out,
//! because there is room again. So its ends are registered each for itself, the writing one only while it is full.

use std::io::{self, ErrorKind, Write};
use std::os::unix::net::UnixStream;

use tokio::io::AsyncWriteExt;
use tokio::net::unix::pipe;

/// Where frames are written.
#[derive(Debug)]
pub(super) struct Writer(UnixStream);

/// Returns both ends of a socket that does not block.
pub(super) fn split(socket: UnixStream) -> io::Result<(pipe::Receiver, Writer)> {
    let reader = pipe::Receiver::from_owned_fd_unchecked(socket.try_clone()?.into())?;
    Ok((reader, Writer(socket)))
}

impl Writer {
    /// Writes all, and waits only where the process leaves no room.
    pub async fn write_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        let mut socket = &self.0;
        while !bytes.is_empty() {
            match socket.write(bytes) {
                Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    let mut full = pipe::Sender::from_owned_fd_unchecked(socket.try_clone()?.into())?;
                    return full.write_all(bytes).await;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
