//! When one person can be booked in the next 60 days, however many bookings are stored.

use std::sync::Arc;
use std::time::{Duration, Instant as Tick};

use fasti::booking::hours::{self, Owner, WorkingHoursBreak, WorkingHoursRule};
use fasti::booking::services::{self, NewService};
use fasti::store::{Conn, Id};
use fasti::time::Interval;
use rusqlite::{Connection, params};

use super::{alternate, get};
use crate::load::{Answer, Client, Heard, Load, ask};
use crate::parts::{ADD_ALLOCATION, ADD_BOOKING, Part, Window};
use crate::process::{Round, Server};
use crate::report::Table;
use crate::seed::{self, House, NOTES};
use crate::{Bench, Failure};

/// People whose bookings are stored besides those of the one who is asked about.
const DESKS: usize = 200;
/// The days that are asked about, all of them working days.
const DAYS: i64 = 60;
/// Hours of those days at which the person is booked: six appointments of 45 minutes.
const BOOKED: [i8; 6] = [8, 9, 10, 13, 14, 15];

/// Against the time that the store itself takes for the rows that decide.
pub fn against_the_store(bench: &mut Bench, table: &mut Table) -> Result<(), Failure> {
    let shop = Shop::seed(bench, 100_000)?;
    let fasti = Server::start(&Part::Fasti { url: shop.url.clone() })?;
    let rows = Server::start(&Part::Rows { url: shop.url.clone(), window: shop.window })?;
    let mut rounds = [Vec::new(), Vec::new()];
    let slots = bench.runtime.block_on(async {
        let slots = shop.slots(&fasti).await?;
        let mut ours = Load::new(fasti.address, 1, 200, shop.requests()).await?;
        let mut client = Client::connect(rows.address).await?;
        for round in 0..=bench.rounds {
            let answered = fasti.measure(&mut ours, bench.round).await?;
            let read = rows.measure_with(reads(&mut client, bench.round)).await?;
            // The first is there to warm up.
            if round > 0 {
                rounds[0].push(answered);
                rounds[1].push(read);
            }
        }
        Ok::<_, Failure>(slots)
    })?;
    let [ours, store] = rounds.map(|rounds| Round::median(&rounds));
    let what = format!("availability of {DAYS} days ({slots} slots), 100,000 bookings, SQLite, 1 client");
    table.times(&what, ours, ("the store's read alone", store), 3.0);
    Ok(())
}

/// Against the same question with a thousandth of the bookings.
pub fn against_few(bench: &mut Bench, table: &mut Table) -> Result<(), Failure> {
    let [few, many] = [Shop::seed(bench, 1_000)?, Shop::seed(bench, 1_000_000)?];
    let sides =
        [Server::start(&Part::Fasti { url: few.url.clone() })?, Server::start(&Part::Fasti { url: many.url.clone() })?];
    let loads = bench.runtime.block_on(async {
        if few.slots(&sides[0]).await? != many.slots(&sides[1]).await? {
            return Err(Failure::from("the two databases do not offer the same"));
        }
        let load = async |shop: &Shop, server: &Server| Load::new(server.address, 1, 200, shop.requests()).await;
        Ok([(&sides[1], load(&many, &sides[1]).await?), (&sides[0], load(&few, &sides[0]).await?)])
    })?;
    let [ours, other] = alternate(bench, loads)?;
    let what = format!("availability of {DAYS} days, 1,000,000 bookings, SQLite, 1 client");
    table.times(&what, ours, ("with 1,000 bookings", other), 1.5);
    Ok(())
}

/// Asks again and again how long the store took, by its own clock.
async fn reads(client: &mut Client, lasting: Duration) -> Result<Heard, Failure> {
    let (request, mut answer) = (get("/", ""), Answer::default());
    let mut heard = Heard::default();
    let begun = Tick::now();
    while begun.elapsed() < lasting {
        client.exchange(&request, Some(&mut answer)).await?;
        let took = Duration::from_nanos(std::str::from_utf8(&answer.body)?.parse()?);
        heard.took += took;
        heard.latencies.push(took);
    }
    heard.latencies.sort_unstable();
    Ok(heard)
}

/// A business of which one person is asked about.
struct Shop {
    url: String,
    window: Window,
    request: Arc<Vec<u8>>,
}

impl Shop {
    fn seed(bench: &Bench, stored: usize) -> Result<Self, Failure> {
        let name = format!("availability-{stored}.db");
        let url = bench.sqlite(&name);
        let house = seed::house(&url, DESKS)?;
        let mut conn = Conn::open(&url, true)?;
        let staff = house.desks[0].staff;
        let new = NewService {
            name: "Talk".to_owned(),
            duration_minutes: seed::DURATION_SECONDS / 60,
            staff: vec![staff],
            ..NewService::default()
        };
        let service = conn.transaction(|conn| services::create(conn, &house.ctx, &new))?.service.service_id;
        let rules = [working_day()];
        conn.transaction(|conn| hours::replace(conn, &house.ctx, Owner::Staff(staff), &rules, None))?;
        let authorization = house.authorization(&mut conn)?;
        drop(conn);
        let first = house.ctx.zone.civil_at(house.ctx.now).date().tomorrow()?;
        let last = first.saturating_add(jiff::Span::new().days(DAYS - 1));
        let midnight = |date: jiff::civil::Date| house.ctx.zone.instant(date.at(0, 0, 0, 0));
        let within = Interval { start: midnight(first), end: midnight(last.tomorrow()?) };
        Writer { file: &mut Connection::open(bench.path(&name))?, house: &house, service }
            .write(first, within, stored)?;
        let path = format!("/api/v1/availability?service={service}&staff={staff}&from={first}&to={last}");
        let request = Arc::new(get(&path, &format!("Authorization: {authorization}\r\n")));
        let window = Window {
            tenant: house.ctx.tenant.to_bytes(),
            service: *service.as_bytes(),
            staff: *staff.as_bytes(),
            from: within.start.unix(),
            until: within.end.unix(),
        };
        Ok(Self { url, window, request })
    }

    fn requests(&self) -> crate::load::Requests {
        let request = Arc::clone(&self.request);
        Arc::new(move |_, _, to: &mut Vec<u8>| to.extend_from_slice(&request))
    }

    /// How many slots there are.
    async fn slots(&self, server: &Server) -> Result<usize, Failure> {
        let answer = ask(server.address, &self.request).await?;
        let json: serde_json::Value = serde_json::from_slice(&answer.body)?;
        let slots = json["slots"].as_array().map_or(0, Vec::len);
        if slots == 0 {
            Err(format!("the availability answers {} with {json}", answer.status).into())
        } else {
            Ok(slots)
        }
    }
}

fn working_day() -> WorkingHoursRule {
    WorkingHoursRule {
        rrule: "FREQ=DAILY".to_owned(),
        start: "08:00".to_owned(),
        end: "18:00".to_owned(),
        timezone: None,
        valid_from: None,
        valid_until: None,
        exdates: Vec::new(),
        rdates: Vec::new(),
        breaks: vec![WorkingHoursBreak { start: "12:00".to_owned(), end: "13:00".to_owned() }],
    }
}

/// Adds bookings by SQL: a million of them by Fasti's use cases would take half an hour.
struct Writer<'a> {
    file: &'a mut Connection,
    house: &'a House,
    service: Id,
}

impl Writer<'_> {
    /// The person's appointments of the window; the rest is everybody's in the past, the person's too, or other
    /// people's in the window and behind it.
    fn write(self, first: jiff::civil::Date, within: Interval, stored: usize) -> Result<(), Failure> {
        self.file.execute_batch("PRAGMA synchronous=OFF; PRAGMA cache_size=-262144;")?;
        let adding = self.file.transaction()?;
        {
            let mut booking = adding.prepare(ADD_BOOKING)?;
            let mut allocation = adding.prepare(ADD_ALLOCATION)?;
            let (tenant, now) = (self.house.tenant(), self.house.ctx.now.unix());
            let mut n: u128 = 0;
            let mut add = |staff: Id, start: i64| -> Result<(), Failure> {
                n += 1;
                let (id, end, staff) = (n.to_be_bytes(), start + seed::DURATION_SECONDS, *staff.as_bytes());
                let zone = &self.house.ctx.zone;
                let local = |at| zone.civil_at(fasti::time::Instant::from_unix(at)).to_string();
                allocation.execute(params![tenant, id, staff, start, end, end])?;
                booking.execute(params![
                    tenant,
                    id,
                    n.to_string(),
                    self.service.as_bytes(),
                    staff,
                    Vec::<u8>::new(),
                    None::<Vec<u8>>,
                    local(start),
                    local(end),
                    start,
                    end,
                    NOTES,
                    now
                ])?;
                Ok(())
            };
            let mut day = first;
            for _ in 0..DAYS {
                for hour in BOOKED {
                    add(self.house.desks[0].staff, self.house.ctx.zone.instant(day.at(hour, 0, 0, 0)).unix())?;
                }
                day = day.tomorrow()?;
            }
            let (before, from) = (within.start.unix() - 86_400, within.start.unix());
            for i in 0..stored.saturating_sub(BOOKED.len() * usize::try_from(DAYS)?) {
                let (desk, turn) = (i % DESKS, i64::try_from(i / DESKS)?);
                let start = if desk.is_multiple_of(2) { before - 3600 * (turn + 1) } else { from + 3600 * turn };
                add(self.house.desks[desk].staff, start)?;
            }
        }
        Ok(adding.commit()?)
    }
}
