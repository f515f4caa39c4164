use std::path::{Path, PathBuf};

use clap::Args;

use super::Failure;
use crate::availability::{
    Business, Busy, Calendar, Expansion, Filter, Grid, Hours, Need, Question, Ref, Spans, Terms, slots,
};
use crate::ical::busy::busy;
use crate::ical::read::read_events;
use crate::time::{Interval, TimeInput, Zone};

/// The longest window that is answered at once, in days.
const MAX_DAYS: i64 = 3660;

#[derive(Args)]
pub(super) struct Command {
    /// Calendars whose events take time
    #[arg(long, required = true, num_args = 1.., value_name = "FILE.ics")]
    calendar: Vec<PathBuf>,
    /// A calendar whose events are the opening hours; none: always open
    #[arg(long, value_name = "FILE.ics")]
    hours: Option<PathBuf>,
    /// The first start: 2026-03-02, 2026-03-02T09:00 or with an offset
    #[arg(long, value_name = "TIME")]
    from: String,
    /// Where starts end; a date is the last day
    #[arg(long, value_name = "TIME")]
    to: String,
    /// How long, e.g. 30m or 1h30m
    #[arg(long)]
    duration: String,
    /// How far apart starts are
    #[arg(long, default_value = "15m")]
    step: String,
    /// IANA zone of floating times, of --from and --to, and of what is printed
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    timezone: String,
}

/// `fasti slots …`: free times of calendar files, one line each: start and end, RFC 3339.
pub(super) fn run(command: &Command) -> Result<(), Failure> {
    let zone = Zone::parse(&command.timezone)?;
    let window = window(command, &zone)?;
    let step = Grid::every(minutes("step", &command.step)?)?;
    let terms = Terms::plain(minutes("duration", &command.duration)?, step);
    let bare = Question {
        window,
        now: window.start,
        zone: &zone,
        terms,
        business: Business::default(),
        needs: &[],
        ignore: &[],
    };
    let mut expansion = Expansion::new(bare.reach());
    let mut unread = 0;
    let mut lay_out = |file: &Path| {
        let (taken, errors) = lay_out(file, &zone, &mut expansion)?;
        unread += errors;
        Ok::<Spans, Failure>(taken)
    };
    let mut taken = Vec::new();
    for file in &command.calendar {
        taken.extend(lay_out(file)?.iter().map(|at| Busy::external(*at, Ref::default())));
    }
    let hours = command.hours.as_deref().map(lay_out).transpose()?.map(Hours::new);
    let one = [Calendar { who: Ref::number(1), hours: hours.as_ref(), quantity: 1, busy: &taken, sessions: &[] }];
    for slot in slots(&Question { needs: &[Need { candidates: &one, units: 1 }], ..bare }).slots() {
        println!("{} {}", slot.at.start.to_rfc3339(&zone), slot.at.end.to_rfc3339(&zone));
    }
    match unread {
        0 => Ok(()),
        n => {
            Err(format!("{n} events could not be understood, so these times may not be free; see the lines above")
                .into())
        }
    }
}

fn window(command: &Command, zone: &Zone) -> Result<Interval, Failure> {
    let time = |option: &str, text: &str| TimeInput::parse(text).map_err(|error| format!("--{option} {error}"));
    let (from, to) = (time("from", &command.from)?.instant(zone), time("to", &command.to)?.end(zone));
    let window = Interval::new(from, to).ok_or("--to must be after --from")?;
    if to - from > MAX_DAYS * 86_400 {
        return Err(format!("--to is more than {MAX_DAYS} days after --from; ask for less at once").into());
    }
    Ok(window)
}

/// Whole minutes of `30m`, `1h30m` or `PT30M`.
fn minutes(option: &str, text: &str) -> Result<u32, Failure> {
    let wrong =
        || format!("--{option} must be a length of whole minutes such as 30m or 1h30m, up to 31 days, not {text:?}");
    let length: jiff::SignedDuration = text.parse().map_err(|_| wrong())?;
    let seconds = length.as_secs();
    let is_whole = length.subsec_nanos() == 0 && seconds % 60 == 0 && (60..=31 * 86_400).contains(&seconds);
    let minutes = Some(seconds / 60).filter(|_| is_whole).and_then(|minutes| u32::try_from(minutes).ok());
    Ok(minutes.ok_or_else(wrong)?)
}

/// The time that the events of a file take, and how many could not be understood, each told on standard error.
fn lay_out(file: &Path, zone: &Zone, expansion: &mut Expansion) -> Result<(Spans, usize), Failure> {
    let name = file.display();
    let bytes = std::fs::read(file).map_err(|error| format!("{name}: {error}"))?;
    let calendar = read_events(&bytes, zone).map_err(|error| format!("{name}: {error}"))?;
    let found = busy(&calendar.events, &Filter::default(), None);
    let errors = calendar.errors.iter().map(ToString::to_string).chain(found.errors.iter().map(ToString::to_string));
    let unread = errors.inspect(|error| eprintln!("{name}: {error}")).count();
    let taken = expansion.taken(&found.events, zone).map_err(|error| format!("{name}: {error}"))?;
    Ok((taken, unread))
}
