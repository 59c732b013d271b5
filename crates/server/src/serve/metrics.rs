//! Figures of the running server, in the text form that Prometheus reads.
//!
//! One recorder for the whole process. Parts count where things happen, by the `metrics`
//! macros; what is read from the store or the system is read when the page is asked for.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::app::{App, Error};
use crate::closing::Closing;
use axum::body::Body;
use axum::extract::{MatchedPath, Request};
use axum::http::Response;
use axum::middleware::Next;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// How often what was counted is put together.
const UPKEEP: Duration = Duration::from_secs(5);
/// The seconds between which requests are counted.
const SECONDS: [f64; 12] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];
/// The sizes between which batches are counted.
const SIZES: [f64; 11] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0];

static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// The figures; clones share them.
#[derive(Clone)]
pub(super) struct Figures {
    handle: Option<PrometheusHandle>,
}

/// Begins to keep figures; in a process that already does, shares them.
pub(super) fn install() -> Figures {
    let handle = RECORDER.get_or_init(|| {
        let seconds = Matcher::Suffix("_seconds".to_owned());
        let sizes = Matcher::Suffix("_commands".to_owned());
        let builder = PrometheusBuilder::new()
            .set_buckets_for_metric(seconds, &SECONDS)
            .and_then(|builder| builder.set_buckets_for_metric(sizes, &SIZES));
        builder.and_then(PrometheusBuilder::install_recorder).ok()
    });
    Figures { handle: handle.clone() }
}

impl Figures {
    /// Keeps what was counted small, whether anyone asks for it or not.
    pub(super) async fn upkeep(self, mut closing: Closing) {
        while !closing.is_now() {
            closing.sleep(UPKEEP).await;
            self.handle.iter().for_each(PrometheusHandle::run_upkeep);
        }
    }

    /// All figures as text.
    pub(super) fn text(&self) -> String {
        self.handle.as_ref().map(PrometheusHandle::render).unwrap_or_default()
    }
}

/// The route that a request took, as its answer remembers it.
#[derive(Clone)]
struct Route(MatchedPath);

/// Lets an answer remember the route that its request took; runs inside of the router.
pub(super) async fn note_route(request: Request, next: Next) -> Response<Body> {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let mut response = next.run(request).await;
    if let Some(route) = route {
        response.extensions_mut().insert(Route(route));
    }
    response
}

/// Measures how long the server takes.
pub(super) struct Stopwatch {
    began: Instant,
}

impl Stopwatch {
    #[expect(
        clippy::disallowed_methods,
        reason = "how long we took decides nothing; it is only shown"
    )]
    pub(super) fn start() -> Self {
        Self { began: Instant::now() }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "how long we took decides nothing; it is only shown"
    )]
    fn seconds(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }
}

/// Counts a request by its route and the status of its answer.
pub(super) fn count_request(response: &Response<Body>, watch: &Stopwatch) {
    let route = response.extensions().get::<Route>();
    let route = route.map_or_else(|| "none".to_owned(), |route| route.0.as_str().to_owned());
    let status = response.status().as_u16().to_string();
    metrics::counter!("scrip_http_requests_total", "route" => route.clone(), "status" => status)
        .increment(1);
    metrics::histogram!("scrip_http_request_seconds", "route" => route).record(watch.seconds());
}

/// Reads what the store and the system say, and returns all figures as text.
pub(super) async fn system_figures(app: &App, figures: &Figures) -> Result<String, Error> {
    let waiting = app.waiting().await?;
    metrics::gauge!("scrip_alarms_open").set(waiting.alarms_open as f64);
    metrics::gauge!("scrip_outbox_waiting").set(waiting.news as f64);
    if let Some(process) = Process::read() {
        metrics::gauge!("process_resident_memory_bytes").set(process.resident_bytes);
        metrics::gauge!("process_cpu_seconds_total").set(process.cpu_seconds);
    }
    Ok(figures.text())
}

/// What the system says of this process.
struct Process {
    resident_bytes: f64,
    cpu_seconds: f64,
}

impl Process {
    /// Reads Linux's files; `None` elsewhere. Pages are 4 KiB and ticks hundredths of a second
    /// on every machine that Linux offers to programs.
    fn read() -> Option<Self> {
        let pages = std::fs::read_to_string("/proc/self/statm").ok()?;
        let pages: f64 = pages.split(' ').nth(1)?.parse().ok()?;
        let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
        // The program's name, in brackets, may hold spaces.
        let mut fields = stat.rsplit_once(") ")?.1.split(' ').skip(11);
        let ticks: f64 =
            fields.next()?.parse::<f64>().ok()? + fields.next()?.parse::<f64>().ok()?;
        Some(Self { resident_bytes: pages * 4096.0, cpu_seconds: ticks / 100.0 })
    }
}
