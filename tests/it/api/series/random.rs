//! After anything that was done to series, what the database has taken is what calendars say takes place.

use fasti::store::Id;
use fasti::time::{Instant, Zone};
use serde_json::{Value, json};

use super::Salon;
use super::calendar::{Time, expanded};

/// Numbers that are the same in every run (a linear congruential generator).
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % n
    }

    fn one_of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }
}

fn shown(booking: &Value) -> Vec<(Option<Id>, Time)> {
    let at = |o: &Value, field: &str| -> Instant {
        let text = o[field].as_str().unwrap();
        match fasti::time::TimeInput::parse(text).unwrap() {
            fasti::time::TimeInput::Fixed(at) => at,
            other => panic!("{other:?}"),
        }
    };
    let standing = booking["occurrences"].as_array().unwrap().iter().filter(|o| o["status"] == "confirmed");
    let mut times: Vec<(Option<Id>, Time)> =
        standing.map(|o| (o["staff"].as_str().map(|id| id.parse().unwrap()), (at(o, "start"), at(o, "end")))).collect();
    times.sort_unstable_by_key(|(_, time)| *time);
    times
}

impl Salon<'_> {
    /// Everyone's calendar, the API and the database agree on a booking.
    async fn agrees(&self, id: &str, done: &str) {
        let zone = Zone::parse("Europe/Berlin").unwrap();
        let booking = self.get(id).await;
        let shown = shown(&booking);
        for reader in [&self.ida, &self.jon] {
            let reader: Id = reader.parse().unwrap();
            let object = self.object(reader, id).await.unwrap_or_default();
            let taken = self.taken(id, reader).await;
            assert_eq!(taken, expanded(&object, &zone), "{done}\n{booking:#}\n{object}");
            let mine: Vec<Time> = shown.iter().filter(|(who, _)| *who == Some(reader)).map(|(_, at)| *at).collect();
            assert_eq!(taken, mine, "{done}\n{booking:#}");
        }
        let all: Vec<Time> = shown.into_iter().map(|(_, at)| at).collect();
        assert_eq!(self.taken(id, self.chair.parse().unwrap()).await, all, "{done}\n{booking:#}");
        for reader in
            [Id::TEAM, self.chair.parse().unwrap(), booking["customer"]["id"].as_str().unwrap().parse().unwrap()]
        {
            let object = self.object(reader, id).await.unwrap();
            assert_eq!(expanded(&object, &zone), all, "{done}\n{object}");
        }
    }

    /// What is done next: to which occurrence, which action, and its body.
    async fn roll(&self, dice: &mut Dice, id: &str) -> (&'static str, Value) {
        let booking = self.get(id).await;
        let occurrences = booking["occurrences"].as_array().unwrap();
        let one = &occurrences[dice.below(occurrences.len())];
        let scope = dice.one_of(&["this", "this", "this", "following", "all"]);
        let mut body = json!({"scope": scope});
        if scope != "all" {
            body["occurrence"] = one["occurrence"].clone();
        }
        if dice.below(4) == 0 && scope != "all" {
            return ("cancel", body);
        }
        let name = if scope == "all" { &occurrences[0]["occurrence"] } else { &one["occurrence"] };
        let (day, hours) =
            (name.as_str().unwrap()[..10].to_owned(), dice.one_of(&["02:30", "10:00", "11:30", "18:00"]));
        let days = dice.below(4);
        let date = fasti::time::parse_date(&day).unwrap();
        let date = (0..days).fold(date, |date, _| date.tomorrow().unwrap());
        body["start"] = json!(format!("{date}T{hours}"));
        match dice.below(5) {
            0 => body["staff"] = json!(self.jon),
            1 => body["staff"] = json!(self.ida),
            _ => {}
        }
        ("reschedule", body)
    }
}

on_both! {
    async fn what_is_taken_is_what_calendars_say(app: App) {
        let salon = Salon::open(&app).await;
        let mut dice = Dice(20_260_801);
        let (mut done, mut refused) = (0, 0);
        let mut ids = Vec::new();
        // They meet each other on the way, and the end of summer time.
        for (start, rule) in [
            ("2026-09-01T10:00", "FREQ=WEEKLY;COUNT=9"),
            ("2026-09-01T14:00", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,TH;COUNT=8"),
            ("2026-09-03T02:30", "FREQ=DAILY;INTERVAL=5;COUNT=12"),
            ("2026-09-01T18:00", "FREQ=MONTHLY;BYDAY=TU;BYSETPOS=1,-1;COUNT=6"),
        ] {
            ids.push(salon.book(&salon.body(start, rule)).await.id());
        }
        for _ in 0..60 {
            let id = ids[dice.below(ids.len())].clone();
            let (action, body) = salon.roll(&mut dice, &id).await;
            let answer = salon.act(&id, action, body.clone()).await;
            let what = format!("{action} {body}: {}", answer.status);
            match answer.status.as_u16() {
                200 => done += 1,
                409 | 422 => refused += 1,
                _ => panic!("{what} {}", answer.body),
            }
            if answer.status == 200 && answer.id() != id {
                salon.agrees(&answer.id(), &what).await;
                ids.push(answer.id());
            }
            salon.agrees(&id, &what).await;
        }
        for id in &ids {
            salon.agrees(id, "at the end").await;
        }
        assert!(done >= 20 && refused >= 5 && ids.len() >= 6, "{done} done, {refused} refused, {} bookings", ids.len());
    }
}
