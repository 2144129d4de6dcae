//! The signals that end the program.

use crate::error::{Error, Kind, Result};
use crate::text;

/// Waits for somebody to end the program.
pub struct Stop {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    /// The terminal is gone.
    #[cfg(unix)]
    hangup: tokio::signal::unix::Signal,
}

/// How the program is asked to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    Interrupt,
    /// SIGTERM, or the terminal is gone.
    Terminate,
}

impl Stop {
    pub fn listen() -> Result<Self> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let failed = |error: std::io::Error| {
                Error::new(Kind::Failed, text! { en: "could not listen for Ctrl-C", zh: "无法监听 Ctrl-C" })
                    .source(&error)
            };
            Ok(Stop {
                interrupt: signal(SignalKind::interrupt()).map_err(failed)?,
                terminate: signal(SignalKind::terminate()).map_err(failed)?,
                hangup: signal(SignalKind::hangup()).map_err(failed)?,
            })
        }
        #[cfg(not(unix))]
        Ok(Stop {})
    }

    pub async fn next(&mut self) -> Asked {
        #[cfg(unix)]
        tokio::select! {
            _ = self.interrupt.recv() => Asked::Interrupt,
            _ = self.terminate.recv() => Asked::Terminate,
            _ = self.hangup.recv() => Asked::Terminate,
        }
        #[cfg(not(unix))]
        {
            // Where Ctrl-C cannot be heard, the system ends the program by itself.
            let _ = tokio::signal::ctrl_c().await;
            Asked::Interrupt
        }
    }
}
