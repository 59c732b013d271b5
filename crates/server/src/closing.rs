//! The word that the server stops, for everything in it that runs on its own.

use std::time::Duration;

use tokio::sync::watch;

/// Says that the server stops. Dropped, it says so too.
pub(crate) struct Closer(watch::Sender<Hours>);

/// Hears that the server stops; clones hear it all.
#[derive(Clone)]
pub(crate) struct Closing(watch::Receiver<Hours>);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Hours {
    Open,
    Closed,
}

/// Whoever says that the server stops, and whoever hears it.
pub(crate) fn pair() -> (Closer, Closing) {
    let (closer, closing) = watch::channel(Hours::Open);
    (Closer(closer), Closing(closing))
}

impl Closer {
    pub(crate) fn close(&self) {
        self.0.send_replace(Hours::Closed);
    }
}

impl Closing {
    pub(crate) fn is_now(&self) -> bool {
        *self.0.borrow() == Hours::Closed || self.0.has_changed().is_err()
    }

    /// Waits until the server stops.
    pub(crate) async fn told(&mut self) {
        let _ = self.0.wait_for(|hours| *hours == Hours::Closed).await;
    }

    /// Sleeps, and wakes early if the server stops.
    pub(crate) async fn sleep(&mut self, time: Duration) {
        let _ = tokio::time::timeout(time, self.told()).await;
    }
}
