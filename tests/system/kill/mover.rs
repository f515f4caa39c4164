//! One of those who drag bookings about in a calendar program while the server is killed.

use super::writer::Tally;
use crate::support::{Answer, Api, Dav, at, at_unix, dragged, utc};

const MINUTES: i64 = 30;
/// Those who move bookings of one person, each to times of their own.
const LANES: i64 = 4;
/// After so many times each begins again.
const TIMES: i64 = 500;

/// A booking as it was acknowledged.
#[derive(Debug)]
struct Placed {
    id: String,
    /// When it begins, in minutes.
    start: i64,
    /// How often it was moved.
    moves: i64,
    /// Entity tag and text, once they are known: a PUT here does not tell them.
    served: Option<(String, String)>,
}

/// A mover. No other touches its bookings.
pub(super) struct Mover {
    number: i64,
    pub(super) dav: Dav,
    pub(super) api: Api,
    bookings: Vec<Placed>,
    next: i64,
    /// The booking whose answer was lost, and where it was to go.
    lost: Option<(usize, i64)>,
    pub(super) tally: Tally,
}

impl Mover {
    /// One with bookings of this service.
    pub(super) async fn new(number: i64, dav: Dav, api: Api, service: &str) -> Self {
        let (bookings, tally) = (Vec::new(), Tally::default());
        let mut mover = Self { number, dav, api, bookings, next: 0, lost: None, tally };
        for _ in 0..6 {
            let start = mover.time(0);
            let body = serde_json::json!({ "service": service, "start": at(start) });
            let id = mover.api.create("bookings", &body).await;
            mover.bookings.push(Placed { id, start, moves: 0, served: None });
        }
        mover
    }

    fn time(&mut self, lanes_further: i64) -> i64 {
        self.next += 1;
        ((self.next % TIMES) * LANES + (self.number + lanes_further) % LANES) * MINUTES
    }

    fn path(&self, place: usize) -> String {
        format!("{}{}.ics", self.dav.calendar("bookings"), self.bookings[place].id)
    }

    /// Drags until the server is gone.
    pub(super) async fn write(&mut self) {
        assert!(self.lost.is_none(), "the last answer is still unknown");
        loop {
            let place = rand::random_range(0..self.bookings.len());
            // A time that somebody else has, now and then.
            let to = self.time(i64::from(rand::random_range(0..10) == 0));
            let Ok((etag, text)) = self.served(place).await else { return };
            let body = dragged(&text, (to, to + MINUTES));
            match self.dav.ask("PUT", &self.path(place), &[("if-match", &etag)], &body).await {
                Ok(answer) => self.learn((place, to), &answer),
                Err(_) => {
                    self.tally.lost += 1;
                    self.lost = Some((place, to));
                    return;
                }
            }
        }
    }

    /// What is served of a booking; it is asked for when it is not known.
    async fn served(&mut self, place: usize) -> Result<(String, String), reqwest::Error> {
        if let Some(known) = &self.bookings[place].served {
            return Ok(known.clone());
        }
        let answer = self.dav.ask("GET", &self.path(place), &[], "").await?;
        assert_eq!(answer.status, 200, "an acknowledged booking is gone: {}", answer.body);
        let served = (answer.header("etag").to_owned(), answer.body);
        self.bookings[place].served = Some(served.clone());
        Ok(served)
    }

    fn learn(&mut self, (place, to): (usize, i64), answer: &Answer) {
        match answer.status {
            204 => {
                self.tally.acknowledged += 1;
                self.take_place((place, to));
            }
            403 if answer.body.contains("need-privileges") => self.tally.refused += 1,
            _ => panic!("{:?} to {to} → {answer:?}", self.bookings[place]),
        }
    }

    fn take_place(&mut self, (place, to): (usize, i64)) {
        let placed = &mut self.bookings[place];
        (placed.start, placed.moves, placed.served) = (to, placed.moves + 1, None);
    }

    /// Finds out what became of the request whose answer was lost: all of it, or nothing.
    pub(super) async fn look(&mut self) {
        let Some((place, to)) = self.lost.take() else { return };
        if self.begins(place).await == (at_unix(to), self.bookings[place].moves + 2) {
            self.tally.done_before += 1;
            self.take_place((place, to));
        }
    }

    /// When a booking begins, as Unix seconds, and its version.
    async fn begins(&self, place: usize) -> (i64, i64) {
        let answer = self.api.get(&format!("bookings/{}", self.bookings[place].id)).await;
        let start: jiff::Timestamp = answer.json()["start"].as_str().unwrap().parse().unwrap();
        (start.as_second(), answer.version())
    }

    /// Every booking is where it was acknowledged to be, for the API and in the calendar.
    pub(super) async fn has_what_was_acknowledged(&mut self) {
        for place in 0..self.bookings.len() {
            let start = self.bookings[place].start;
            let wanted = (at_unix(start), self.bookings[place].moves + 1);
            assert_eq!(self.begins(place).await, wanted, "{:?}", self.bookings[place]);
            let known = self.bookings[place].served.take();
            let served = self.served(place).await.expect("nobody kills the server now");
            assert!(known.is_none_or(|known| known == served), "a calendar shows another text than it did");
            let local = jiff::Timestamp::from_second(wanted.0).unwrap().in_tz("Europe/Berlin").unwrap();
            // In UTC where clocks show it for the second time.
            let lines =
                [format!(";TZID=Europe/Berlin:{}", local.strftime("%Y%m%dT%H%M%S")), format!(":{}", utc(start))];
            let shown = lines.iter().any(|line| served.1.contains(&format!("\r\nDTSTART{line}\r\n")));
            assert!(shown, "{lines:?} is not in {}", served.1);
        }
    }

    /// Addresses and entity tags of its bookings in the calendar.
    pub(super) fn in_calendar(&self) -> impl Iterator<Item = (String, String)> {
        (0..self.bookings.len()).map(|place| {
            let (etag, _) = self.bookings[place].served.clone().expect("it was just looked at");
            (self.path(place), etag)
        })
    }
}
