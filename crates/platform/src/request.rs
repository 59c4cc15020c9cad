//! Around every request: its trace, its span, its measurement.

use std::{sync::Arc, time::Instant};

use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::Response,
};
use http::HeaderMap;
use tracing::{Instrument, info_span};
use virtual_actors::{IdSource, trace};

use crate::metrics;

/// Runs the request under its trace, and records how it went.
pub(crate) async fn observe(State(ids): State<Arc<dyn IdSource>>, request: Request, next: Next) -> Response {
    let traceparent = incoming(request.headers()).unwrap_or_else(|| begin(ids.as_ref()));
    let method = request.method().clone();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "unmatched".to_owned(), |path| path.as_str().to_owned());
    let span = info_span!("http.request", %method, route);

    let started = Instant::now();
    let handle = async {
        let response = next.run(request).await;
        tracing::debug!(
            status = response.status().as_u16(),
            ms = started.elapsed().as_millis() as u64,
            "answered"
        );
        response
    };
    let response = trace::scope(Some(traceparent), handle.instrument(span)).await;
    metrics::record(&method, &route, response.status(), started.elapsed());
    response
}

/// A `traceparent` header of the W3C Trace Context format; ids of zeros only are none (sections 3.2.2.3 and 3.2.2.4).
fn incoming(headers: &HeaderMap) -> Option<String> {
    let value = headers.get("traceparent")?.to_str().ok()?.to_ascii_lowercase();
    let parts: Vec<&str> = value.split('-').collect();
    let [version, trace, span, flags] = parts[..] else { return None };
    let hex = |part: &str, length| part.len() == length && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let id = |part: &str, length| hex(part, length) && part.bytes().any(|byte| byte != b'0');
    (hex(version, 2) && version != "ff" && id(trace, 32) && id(span, 16) && hex(flags, 2)).then_some(value)
}

fn begin(ids: &dyn IdSource) -> String {
    let trace = ids.next_id().simple();
    // The second half of a UUIDv7 is the random one.
    let span = ids.next_id().as_u64_pair().1;
    format!("00-{trace}-{span:016x}-01")
}

#[cfg(test)]
mod tests {
    use virtual_actors::System;

    use super::*;

    #[test]
    fn a_callers_trace_is_kept_and_nonsense_is_not() {
        let with = |value: &str| {
            incoming(&HeaderMap::from_iter([("traceparent".parse().unwrap(), value.parse().unwrap())]))
        };
        let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(with(parent).as_deref(), Some(parent));
        for broken in
            ["", "00-x-y-01", "4bf92f3577b34da6a3ce929d0e0e4736", "00-4bf92f3577b34da6a3ce929d0e0e4736"]
        {
            assert_eq!(with(broken), None, "{broken}");
        }
    }

    #[test]
    fn a_new_trace_is_well_formed() {
        let parent = begin(&System);
        let headers = HeaderMap::from_iter([("traceparent".parse().unwrap(), parent.parse().unwrap())]);
        assert_eq!(incoming(&headers), Some(parent));
    }
}
