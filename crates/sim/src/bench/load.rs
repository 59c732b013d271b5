//! The load: connections that write ready-made requests and read acknowledgements.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Seconds before anything is counted.
pub(super) const WARM_UP_SECONDS: u32 = 2;
/// How long the first pushes of all devices may take.
const PRIMING: Duration = Duration::from_secs(600);

/// How fast to push.
#[derive(Clone, Copy, Debug)]
pub(super) enum Pace {
    /// Each connection as fast as it is answered.
    Full,
    /// So many pushes a second in all.
    Fixed(f64),
}

/// A run to be made.
pub(super) struct Load {
    pub(super) address: SocketAddr,
    pub(super) seconds: u32,
    pub(super) pace: Pace,
    pub(super) reports: u32,
}

/// What a run showed.
#[derive(Clone, Debug)]
pub(super) struct Outcome {
    /// Pushes a second.
    pub(super) rate: f64,
    /// Microseconds within which half of the pushes were answered.
    pub(super) p50: f64,
    /// Microseconds within which 99 of 100 were.
    pub(super) p99: f64,
    /// Microseconds of the server's CPU for each report.
    pub(super) cpu_per_report: f64,
    /// Whether a connection ran out of requests before the time was over.
    pub(super) dry: bool,
}

#[expect(clippy::disallowed_methods, reason = "a bench measures with the real clock")]
fn moment() -> Instant {
    Instant::now()
}

impl Load {
    /// Runs the load; `cpu_seconds` reads the server's CPU time so far.
    pub(super) fn run(
        &self,
        requests: Vec<Vec<Vec<u8>>>,
        cpu_seconds: impl Fn() -> f64,
    ) -> anyhow::Result<Outcome> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(self.run_inside(requests, cpu_seconds))
    }

    async fn run_inside(
        &self,
        requests: Vec<Vec<Vec<u8>>>,
        cpu_seconds: impl Fn() -> f64,
    ) -> anyhow::Result<Outcome> {
        let begin = moment() + Duration::from_secs(u64::from(WARM_UP_SECONDS));
        let end = begin + Duration::from_secs(u64::from(self.seconds));
        let pause = match self.pace {
            Pace::Full => None,
            Pace::Fixed(rate) => Some(Duration::from_secs_f64(requests.len() as f64 / rate)),
        };
        let answered = Arc::new(AtomicU64::new(0));
        let mut tasks = Vec::new();
        for requests in requests {
            let connection = Connection {
                address: self.address,
                begin,
                end,
                pause,
                answered: Arc::clone(&answered),
            };
            tasks.push(tokio::spawn(connection.push_all(requests)));
        }
        tokio::time::sleep_until(begin.into()).await;
        let cpu = cpu_seconds();
        tokio::time::sleep_until(end.into()).await;
        let cpu = cpu_seconds() - cpu;
        let count = answered.load(Ordering::Relaxed);
        let (mut times, mut dry) = (Vec::new(), false);
        for task in tasks {
            let (own, left) = task.await.context("a connection panicked")??;
            times.extend(own);
            dry |= left == 0;
        }
        times.sort_unstable();
        let at =
            |share: f64| times.get((times.len() as f64 * share) as usize).copied().unwrap_or(0);
        Ok(Outcome {
            rate: count as f64 / f64::from(self.seconds),
            p50: f64::from(at(0.50)),
            p99: f64::from(at(0.99)),
            cpu_per_report: cpu * 1e6 / (count.max(1) as f64 * f64::from(self.reports)),
            dry,
        })
    }
}

/// Pushes every request once and counts nothing: whatever the first push of a device pays for,
/// such as looking up its key, is paid before anything is measured.
pub(super) fn prime(address: SocketAddr, requests: Vec<Vec<Vec<u8>>>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let begin = moment();
        let end = begin + PRIMING;
        let mut tasks = Vec::new();
        for requests in requests {
            let answered = Arc::new(AtomicU64::new(0));
            let connection = Connection { address, begin, end, pause: None, answered };
            tasks.push(tokio::spawn(connection.push_all(requests)));
        }
        for task in tasks {
            let (_, left) = task.await.context("a connection panicked")??;
            if left > 0 {
                bail!("the devices' first pushes took longer than {} s", PRIMING.as_secs());
            }
        }
        Ok(())
    })
}

struct Connection {
    address: SocketAddr,
    begin: Instant,
    end: Instant,
    pause: Option<Duration>,
    answered: Arc<AtomicU64>,
}

impl Connection {
    /// Pushes until the time is over; returns the counted times in microseconds and what is left.
    async fn push_all(self, requests: Vec<Vec<u8>>) -> anyhow::Result<(Vec<u32>, usize)> {
        let mut stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        let mut times = Vec::with_capacity(requests.len());
        let mut buffer = Vec::with_capacity(16 * 1024);
        let mut due = moment();
        let count = requests.len();
        for (nth, request) in requests.into_iter().enumerate() {
            if let Some(pause) = self.pause {
                due += pause;
                tokio::time::sleep_until(due.into()).await;
            }
            let sent = moment();
            if sent >= self.end {
                return Ok((times, count - nth));
            }
            stream.write_all(&request).await?;
            read_answer(&mut stream, &mut buffer).await?;
            let got = moment();
            if got >= self.begin && got < self.end {
                self.answered.fetch_add(1, Ordering::Relaxed);
                times.push(u32::try_from((got - sent).as_micros()).unwrap_or(u32::MAX));
            }
        }
        Ok((times, 0))
    }
}

/// Reads one answer and checks that it is an acknowledgement.
async fn read_answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> anyhow::Result<()> {
    buffer.clear();
    loop {
        if stream.read_buf(buffer).await? == 0 {
            bail!("the server closed the connection");
        }
        let Some(head) = buffer.windows(4).position(|window| window == b"\r\n\r\n") else {
            continue;
        };
        let length = content_length(&buffer[..head]).context("an answer without a length")?;
        while buffer.len() < head + 4 + length {
            if stream.read_buf(buffer).await? == 0 {
                bail!("the server closed the connection");
            }
        }
        if !buffer.starts_with(b"HTTP/1.1 200") {
            bail!("not acknowledged: {}", String::from_utf8_lossy(buffer));
        }
        return Ok(());
    }
}

fn content_length(head: &[u8]) -> Option<usize> {
    let head = std::str::from_utf8(head).ok()?;
    let line = head
        .lines()
        .find(|line| line.len() > 15 && line[..15].eq_ignore_ascii_case("content-length:"))?;
    line[15..].trim().parse().ok()
}
