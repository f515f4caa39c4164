//! Where log lines go and what they may contain.

use std::cell::RefCell;
use std::fmt::{self, Write as _};
use std::io::{self, Write};
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

use memchr::memchr_iter;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields, MakeWriter};
use tracing_subscriber::registry::LookupSpan;

use crate::time::Instant;

/// How the process logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogOptions {
    /// The form of a line.
    pub format: LogFormat,
    /// What is logged: a level, or `target=level` pairs by comma, as `tracing_subscriber::EnvFilter` reads them.
    pub filter: String,
}

impl Default for LogOptions {
    fn default() -> Self {
        Self { format: LogFormat::Text, filter: "info".to_owned() }
    }
}

/// The form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line, for collectors.
    Json,
}

impl FromStr for LogFormat {
    type Err = LogError;

    fn from_str(text: &str) -> Result<Self, LogError> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            other => Err(LogError::Format(other.escape_default().to_string())),
        }
    }
}

/// Why logging cannot start.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The format has another name.
    #[error("\"{0}\" is not a log format; write text or json")]
    Format(String),
    /// The filter does not parse.
    #[error("\"{0}\" is not a log filter; write a level such as info, or target=level pairs: {1}")]
    Filter(String, tracing_subscriber::filter::ParseError),
    /// Another subscriber is installed already.
    #[error("logging is set up already")]
    Twice,
}

/// Sends the process's log lines to standard error, from now on. Panics are logged too.
///
/// # Errors
/// [`LogError`], when the filter does not parse or this is not the first call.
pub fn install(options: &LogOptions) -> Result<(), LogError> {
    let subscriber = subscriber(options, io::stderr)?;
    tracing::subscriber::set_global_default(subscriber).map_err(|_| LogError::Twice)?;
    std::panic::set_hook(Box::new(|panic| {
        let at = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(at, panic = panic.payload_as_str().unwrap_or("(no text)"), "panic");
    }));
    Ok(())
}

/// The subscriber behind [`install`], writing to `destination`.
///
/// # Errors
/// [`LogError::Filter`].
pub fn subscriber<W>(
    options: &LogOptions,
    destination: W,
) -> Result<Box<dyn tracing::Subscriber + Send + Sync>, LogError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = EnvFilter::builder()
        .parse(&options.filter)
        .map_err(|error| LogError::Filter(options.filter.escape_default().to_string(), error))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(Plain(destination));
    Ok(match options.format {
        LogFormat::Text => Box::new(builder.event_format(Lines).finish()),
        LogFormat::Json => Box::new(builder.json().flatten_event(true).finish()),
    })
}

/// The text form: time, level, target, spans, message, then `name=value` pairs.
///
/// The library's own takes 16,800 instructions for a request's line, more than hyper for the request; this one 10,600.
struct Lines;

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, ctx: &FmtContext<'_, S, N>, mut to: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        write_time(&mut to)?;
        for part in [" ", event.metadata().level().as_str(), " ", event.metadata().target(), ":"] {
            to.write_str(part)?;
        }
        for span in ctx.event_scope().into_iter().flat_map(|scope| scope.from_root()) {
            to.write_char(' ')?;
            to.write_str(span.name())?;
            if let Some(fields) = span.extensions().get::<FormattedFields<N>>().filter(|it| !it.is_empty()) {
                write!(to, "{{{fields}}}")?;
            }
            to.write_char(':')?;
        }
        let mut pairs = Pairs { to: to.by_ref(), result: Ok(()) };
        event.record(&mut pairs);
        pairs.result?;
        to.write_char('\n')
    }
}

/// Writes what time it is, as RFC 3339 with microseconds. Each thread writes a second once.
fn write_time(to: &mut Writer<'_>) -> fmt::Result {
    thread_local! {
        static SECOND: RefCell<(u64, String)> = const { RefCell::new((0, String::new())) };
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    SECOND.with_borrow_mut(|(second, text)| {
        if *second != now.as_secs() || text.is_empty() {
            *second = now.as_secs();
            *text = Instant::from_unix(now.as_secs().cast_signed()).to_string().replace('Z', "");
        }
        write!(to, "{text}.{:06}Z", now.subsec_micros())
    })
}

/// Writes an event's fields, and remembers whether that failed.
struct Pairs<'a> {
    to: Writer<'a>,
    result: fmt::Result,
}

impl Pairs<'_> {
    fn name(&mut self, field: &Field) -> fmt::Result {
        self.to.write_char(' ')?;
        if field.name() != "message" {
            self.to.write_str(field.name())?;
            self.to.write_char('=')?;
        }
        Ok(())
    }

    fn quoted(&mut self, field: &Field, value: &str) -> fmt::Result {
        self.name(field)?;
        self.to.write_char('"')?;
        let mut start = 0;
        for at in memchr_iter(b'"', value.as_bytes()) {
            // A quote inside would end the value for whoever reads the line.
            self.to.write_str(&value[start..at])?;
            self.to.write_char('\\')?;
            start = at;
        }
        self.to.write_str(&value[start..])?;
        self.to.write_char('"')
    }
}

impl Visit for Pairs<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        if self.result.is_ok() {
            self.result = self.quoted(field, value);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if self.result.is_ok() {
            self.result = self.name(field).and_then(|()| write!(self.to, "{value:?}"));
        }
    }
}

/// Makes writers that keep a log line one line, whatever a client managed to get into it.
struct Plain<W>(W);

impl<'a, W: MakeWriter<'a>> MakeWriter<'a> for Plain<W> {
    type Writer = PlainWriter<W::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        PlainWriter(self.0.make_writer())
    }
}

/// Every write is one whole event with its line end, as `tracing_subscriber::fmt` does it.
struct PlainWriter<W>(W);

impl<W: Write> Write for PlainWriter<W> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let line = event.strip_suffix(b"\n").unwrap_or(event);
        if is_printable(line) {
            self.0.write_all(event)?;
        } else {
            let mut escaped = escape(&String::from_utf8_lossy(line));
            escaped.push('\n');
            self.0.write_all(escaped.as_bytes())?;
        }
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Whether `text` is printable ASCII. All of it is looked at, which is many octets at a time.
pub(super) fn is_printable(text: &[u8]) -> bool {
    text.iter().fold(true, |printable, byte| printable & (0x20..0x7f).contains(byte))
}

/// Escapes what a terminal would obey: control characters, and those that turn the direction of text. JSON's form
/// of an escape, so that a JSON line stays JSON; all of these are in the basic plane.
fn escape(line: &str) -> String {
    let mut escaped = String::with_capacity(line.len() + 16);
    for character in line.chars() {
        let turns = matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        let breaks = matches!(character, '\u{2028}' | '\u{2029}');
        if character.is_control() || turns || breaks {
            // Writing to a String cannot fail.
            write!(escaped, "\\u{:04x}", u32::from(character)).unwrap_or_default();
        } else {
            escaped.push(character);
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: LogFormat) -> String {
        let kept = Kept::default();
        let writer = kept.clone();
        let options = LogOptions { format, ..LogOptions::default() };
        let subscriber = subscriber(&options, move || writer.clone()).unwrap();
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(name = "ev\x1b[31mil\r\n", "forged\n2026-01-01 INFO all is well \u{202e}\u{85} é");
            tracing::debug!("not at this level");
        });
        String::from_utf8(kept.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn a_client_cannot_forge_a_line_or_drive_the_terminal() {
        for format in [LogFormat::Text, LogFormat::Json] {
            let text = logged(format);
            assert_eq!(text.lines().count(), 1, "{text}");
            let line = text.trim_end_matches('\n');
            assert!(!line.chars().any(|c| c.is_control() || c == '\u{202e}'), "{line:?}");
            assert!(line.contains('é'), "{line}");
        }
    }

    #[test]
    fn text_lines_have_time_level_target_spans_and_pairs() {
        let kept = Kept::default();
        let writer = kept.clone();
        let subscriber = subscriber(&LogOptions::default(), move || writer.clone()).unwrap();
        tracing::subscriber::with_default(subscriber, || {
            let _span = tracing::info_span!("pull", link = 7).entered();
            tracing::warn!(target: "fasti::sync", text = "a \"b\"", took_ms = 1.5, nothing = None::<u64>, "slow");
        });
        let line = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        let (time, rest) = line.split_once(' ').unwrap();
        assert!(time.ends_with('Z') && time.len() > 20, "{line}");
        assert_eq!(rest, "WARN fasti::sync: pull{link=7}: slow text=\"a \\\"b\\\"\" took_ms=1.5\n");
    }

    #[test]
    fn json_lines_are_json() {
        let line: serde_json::Value = serde_json::from_str(&logged(LogFormat::Json)).unwrap();
        assert_eq!(line["level"], "INFO");
    }

    #[test]
    fn a_bad_filter_or_format_is_said() {
        let options = LogOptions { filter: "fasti=loud".to_owned(), ..LogOptions::default() };
        assert!(matches!(subscriber(&options, io::stderr), Err(LogError::Filter(..))));
        assert!("xml".parse::<LogFormat>().is_err());
    }
}
