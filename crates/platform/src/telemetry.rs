//! Logs: one JSON object a line on standard output.
//!
//! `{"time","level","app_id","target","message",…fields,"trace_id"}`; fields of the enclosing spans
//! are among them, the innermost wins. `RUST_LOG` chooses what is written, as `info,sqlx=debug`.

use std::fmt;

use chrono::SecondsFormat;
use serde_json::{Map, Value};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    fmt::{
        FmtContext, FormatEvent, FormattedFields,
        format::{JsonFields, Writer},
    },
    layer::SubscriberExt,
    registry::LookupSpan,
    util::SubscriberInitExt,
};
use virtual_actors::{Clock, System, trace};

use crate::Config;

/// Installs the logger and a panic hook that uses it. A second call changes nothing.
pub fn init(config: &Config) {
    let wanted = std::env::var("RUST_LOG").ok().and_then(|wanted| wanted.parse().ok());
    let filter = wanted.unwrap_or_else(|| Targets::new().with_default(LevelFilter::INFO));
    let lines = tracing_subscriber::fmt::layer()
        .fmt_fields(JsonFields::new())
        .event_format(Lines { app_id: config.app_id.clone() });
    let installed = tracing_subscriber::registry().with(lines).with(filter).try_init();
    if installed.is_ok() {
        std::panic::set_hook(Box::new(|panic| {
            let at = panic.location().map(ToString::to_string).unwrap_or_default();
            let message = panic.payload_as_str().unwrap_or("a panic");
            tracing::error!(target: "panic", at, "{message}");
        }));
    }
}

struct Lines {
    app_id: String,
}

impl<S> FormatEvent<S, JsonFields> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, JsonFields>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = Map::new();
        for span in context.event_scope().into_iter().flat_map(|scope| scope.from_root()) {
            let extensions = span.extensions();
            let fields = extensions.get::<FormattedFields<JsonFields>>();
            if let Some(Ok(Value::Object(fields))) = fields.map(|fields| serde_json::from_str(fields)) {
                line.extend(fields);
            }
        }
        event.record(&mut Fields(&mut line));
        let metadata = event.metadata();
        let traceparent = trace::current();
        if let Some(trace_id) = traceparent.as_deref().and_then(trace::trace_id) {
            line.insert("trace_id".into(), trace_id.into());
        }
        let head = [
            ("time", Value::from(System.now().to_rfc3339_opts(SecondsFormat::Micros, true))),
            ("level", metadata.level().as_str().into()),
            ("app_id", self.app_id.as_str().into()),
            ("target", metadata.target().into()),
            ("message", line.remove("message").unwrap_or_default()),
        ];
        for (index, (name, value)) in head.iter().enumerate() {
            line.remove(*name);
            write!(writer, "{}\"{name}\":{value}", if index == 0 { '{' } else { ',' })?;
        }
        for (name, value) in &line {
            write!(writer, ",{}:{value}", Value::from(name.as_str()))?;
        }
        writeln!(writer, "}}")
    }
}

struct Fields<'a>(&'a mut Map<String, Value>);

impl Fields<'_> {
    fn put(&mut self, field: &Field, value: impl Into<Value>) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex},
    };

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn a_line_is_one_json_object_with_the_trace_and_the_spans_fields() {
        let written = Written::default();
        let writer = written.clone();
        let subscriber = tracing_subscriber::fmt()
            .fmt_fields(JsonFields::new())
            .event_format(Lines { app_id: "todo-backend".into() })
            .with_writer(move || writer.clone())
            .finish();
        let _guard = tracing::subscriber::set_default(subscriber);
        let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned();
        trace::scope(Some(parent), async {
            let _span = tracing::info_span!("http.request", route = "/x").entered();
            tracing::warn!(count = 3, error = %"a \"quoted\"\nline", "it happened");
        })
        .await;
        let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        let line: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(text.lines().count(), 1);
        assert_eq!(line["message"], "it happened");
        assert_eq!((&line["count"], &line["route"]), (&3.into(), &"/x".into()));
        assert_eq!(line["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!((&line["level"], &line["app_id"]), (&"WARN".into(), &"todo-backend".into()));
    }
}
