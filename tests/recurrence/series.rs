//! What a series owes beside its rules: lengths, overrides, exceptions, zones, ends.

use fasti::recurrence::{
    Change, Definition, End, Length, Moment, Override, Range, Rdate, Rule, Series, SeriesError, Sweep,
};
use fasti::time::{Civil, Instant, Interval, Zone};

fn berlin() -> Zone {
    Zone::parse("Europe/Berlin").unwrap()
}

fn civil(text: &str) -> Civil {
    text.parse().unwrap()
}

fn zoned(text: &str) -> Moment {
    Moment::Zoned(civil(text), berlin())
}

fn date(text: &str) -> Moment {
    Moment::Date(text.parse().unwrap())
}

fn utc(text: &str) -> Moment {
    Moment::Utc(Zone::utc().instant(civil(text)))
}

fn definition(start: Moment, end: End, rules: &[&str]) -> Definition {
    let mut definition = Definition::new(start);
    definition.end = end;
    definition.rules = rules.iter().map(|rule| Rule::parse(rule).unwrap()).collect();
    definition
}

fn hour() -> End {
    End::Lasting(Length::exact(3600).unwrap())
}

fn moved(id: Moment, start: Moment, end: End) -> Override {
    Override { recurrence_id: id, range: Range::This, change: Change::Moved { start, end } }
}

/// What a sweep gives, sorted.
pub fn taken(series: &Series, window: Interval, zone: &Zone) -> Vec<Interval> {
    let mut sweep = Sweep::new(window);
    takes_time(series.taken(&mut sweep, zone).unwrap().iter().flat_map(|run| run.each()))
}

/// Those that have a length, sorted.
pub fn takes_time(all: impl Iterator<Item = Interval>) -> Vec<Interval> {
    let mut all: Vec<Interval> = all.filter(|at| at.start < at.end).collect();
    all.sort_unstable();
    all
}

/// `09-03T09:00/10:00` for each instance from `from` to `to`, with `*` if overridden.
fn listed(definition: &Definition, from: &str, to: &str, zone: &Zone) -> Vec<String> {
    let series = Series::new(definition.clone()).unwrap();
    let window = Interval::new(zone.instant(civil(from)), zone.instant(civil(to))).unwrap();
    let text = |at: Instant, format: &str| zone.civil_at(at).strftime(format).to_string();
    assert_eq!(taken(&series, window, zone), takes_time(series.instances(window, zone).map(|i| i.unwrap().at)));
    let all = series.instances(window, zone).map(|instance| {
        let instance = instance.unwrap();
        let mark = if instance.change.is_some() { "*" } else { "" };
        format!("{}/{}{mark}", text(instance.at.start, "%m-%dT%H:%M"), text(instance.at.end, "%dT%H:%M"))
    });
    all.collect()
}

#[test]
fn an_instance_counts_where_it_shares_time() {
    let definition = definition(zoned("2026-09-01T22:00"), End::At(zoned("2026-09-02T06:00")), &["FREQ=DAILY"]);
    let found = listed(&definition, "2027-09-05T06:00", "2027-09-06T22:00", &berlin());
    assert_eq!(
        found,
        ["09-05T22:00/06T06:00"],
        "one that ends when the window starts is out, one that starts at its end too"
    );
    let found = listed(&definition, "2027-09-05T05:59", "2027-09-06T22:01", &berlin());
    assert_eq!(found.len(), 3);
}

#[test]
fn an_instance_without_length_counts_where_it_starts() {
    let definition = definition(zoned("2026-09-01T22:00"), End::Default, &["FREQ=DAILY"]);
    let found = listed(&definition, "2026-09-05T22:00", "2026-09-06T22:00", &berlin());
    assert_eq!(found, ["09-05T22:00/05T22:00"]);
}

#[test]
fn dtend_is_exact_and_duration_nominal_over_a_change_of_clocks() {
    // Clocks go back on 25 October 2026: that day has 25 hours.
    let exact = definition(zoned("2026-10-22T12:00"), End::At(zoned("2026-10-23T12:00")), &["FREQ=DAILY;COUNT=4"]);
    let nominal =
        definition(zoned("2026-10-22T12:00"), End::Lasting(Length::days(1).unwrap()), &["FREQ=DAILY;COUNT=4"]);
    let (from, to) = ("2026-10-24T13:00", "2026-10-25T00:00");
    assert_eq!(listed(&exact, from, to, &berlin()), ["10-24T12:00/25T11:00"]);
    assert_eq!(listed(&nominal, from, to, &berlin()), ["10-24T12:00/25T12:00"]);
}

#[test]
fn an_end_that_floats_is_where_clocks_show_it() {
    let floating = |text: &str| Moment::Floating(civil(text));
    let listed_of = |start: &str, end: Moment, rule: &[&str]| {
        let all = definition(floating(start), End::At(end), rule);
        (listed(&all, "2026-03-28T00:00", "2026-03-31T00:00", &berlin()), all)
    };
    // Back on 25 October at 03:00, and on 29 March at 02:00 an hour on.
    let (_, two_hours) = listed_of("2026-10-25T02:00", floating("2026-10-25T04:00"), &[]);
    let found = Series::new(two_hours).unwrap().first_after(Instant::from_unix(0), &berlin()).unwrap().unwrap().at;
    assert_eq!((found.start.to_string(), found.end - found.start), ("2026-10-25T00:00:00Z".to_owned(), 3 * 3600));
    let (day, _) = listed_of("2026-03-28T12:00", floating("2026-03-29T12:00"), &["FREQ=DAILY;COUNT=2"]);
    assert_eq!(day, ["03-28T12:00/29T12:00", "03-29T12:00/30T12:00"]);
    // What ends on clocks before it starts lasts as long as they would have shown.
    let (gap, _) = listed_of("2026-03-29T02:15", floating("2026-03-29T03:00"), &[]);
    assert_eq!(gap, ["03-29T03:15/29T04:00"]);
    // Beside a start in a zone it is in that zone, as long for every instance.
    let beside = definition(zoned("2026-10-25T02:00"), End::At(floating("2026-10-25T04:00")), &["FREQ=DAILY;COUNT=2"]);
    let found = listed(&beside, "2026-10-25T00:00", "2026-10-27T00:00", &Zone::utc());
    assert_eq!(found, ["10-25T00:00/25T03:00", "10-26T01:00/26T04:00"]);
}

#[test]
fn dates_and_floating_times_are_the_readers() {
    let day = definition(date("2026-03-28"), End::Default, &["FREQ=DAILY;COUNT=3"]);
    let found = listed(&day, "2026-03-28T12:00", "2026-03-30T00:00", &berlin());
    assert_eq!(found, ["03-28T00:00/29T00:00", "03-29T00:00/30T00:00"]);
    let series = Series::new(day).unwrap();
    let first = |zone: &Zone| series.first_after(Instant::from_unix(0), zone).unwrap().unwrap().at;
    let (here, there) = (first(&berlin()), first(&Zone::parse("America/New_York").unwrap()));
    assert_eq!(there.start - here.start, 5 * 3600);
    assert_eq!(here.end - here.start, 24 * 3600);
    let floating = definition(Moment::Floating(civil("2026-03-28T09:00")), hour(), &["FREQ=DAILY;COUNT=3"]);
    assert_eq!(Series::new(floating).unwrap().end(&berlin()).unwrap().to_string(), "2026-03-30T08:00:00Z");
}

#[test]
fn a_day_without_midnight_begins_when_it_begins() {
    // Havana skips from 00:00 to 01:00 on 8 March 2026.
    let havana = Zone::parse("America/Havana").unwrap();
    let day = definition(date("2026-03-07"), End::Default, &["FREQ=DAILY;COUNT=3"]);
    let found = listed(&day, "2026-03-07T12:00", "2026-03-09T12:00", &havana);
    assert_eq!(found, ["03-07T00:00/08T01:00", "03-08T01:00/09T00:00", "03-09T00:00/10T00:00"]);
}

#[test]
fn instances_in_a_gap_are_shifted_and_in_order() {
    // Berlin skips from 02:00 to 03:00 on 29 March 2026.
    let rule = "FREQ=DAILY;BYHOUR=1,2,3;BYMINUTE=15,45;COUNT=12";
    let definition = definition(zoned("2026-03-29T01:15"), End::Default, &[rule]);
    let series = Series::new(definition).unwrap();
    let zone = berlin();
    let window =
        Interval::new(zone.instant(civil("2026-03-29T03:10")), zone.instant(civil("2026-03-29T04:00"))).unwrap();
    let all = series.instances(window, &zone).map(|instance| {
        let instance = instance.unwrap();
        let id = instance.recurrence_id().strftime("%H:%M").to_string();
        format!("{} {id}", zone.civil_at(instance.at.start).strftime("%H:%M"))
    });
    assert_eq!(all.collect::<Vec<_>>(), ["03:15 02:15", "03:15 03:15", "03:45 02:45", "03:45 03:45"]);
}

#[test]
fn until_inside_a_gap_counts_instants() {
    // 02:30 in the gap is 03:30; UNTIL is 03:15.
    let rule = "FREQ=DAILY;BYHOUR=2,3;BYMINUTE=0,30;UNTIL=20260329T011500Z";
    let definition = definition(zoned("2026-03-29T02:00"), End::Default, &[rule]);
    let found = listed(&definition, "2026-03-29T00:00", "2026-04-01T00:00", &berlin());
    assert_eq!(found, ["03-29T03:00/29T03:00", "03-29T03:00/29T03:00"]);
}

#[test]
fn until_in_an_overlap_counts_instants() {
    // 02:30 happens twice on 25 October 2026, at 00:30 and 01:30 UTC; the first is meant, whenever UNTIL is after it.
    for (until, count) in [
        ("002959", 1),
        ("003000", 2),
        ("004459", 2),
        ("004500", 3),
        ("010000", 3),
        ("013000", 3),
        ("015959", 3),
        ("020000", 4),
    ] {
        let rule = format!("FREQ=DAILY;BYHOUR=0,2,3;BYMINUTE=0,30,45;BYSETPOS=1,5,6,7;UNTIL=20261025T{until}Z");
        let definition = definition(zoned("2026-10-25T00:00"), End::Default, &[&rule]);
        assert_eq!(listed(&definition, "2026-10-25T00:00", "2026-10-26T00:00", &berlin()).len(), count, "{until}");
    }
}

#[test]
fn exdates_mean_the_same_in_every_form() {
    let base = definition(zoned("2026-09-01T09:00"), hour(), &["FREQ=DAILY;COUNT=3"]);
    let new_york = Moment::Zoned(civil("2026-09-02T03:00"), Zone::parse("America/New_York").unwrap());
    for exdate in [zoned("2026-09-02T09:00"), utc("2026-09-02T07:00"), new_york, date("2026-09-02")] {
        let mut definition = base.clone();
        definition.exdates.push(exdate.clone());
        let found = listed(&definition, "2026-09-01T00:00", "2026-10-01T00:00", &berlin());
        assert_eq!(found, ["09-01T09:00/01T10:00", "09-03T09:00/03T10:00"], "{exdate:?}");
        let series = Series::new(definition).unwrap();
        assert_eq!(series.contains(civil("2026-09-02T09:00")), Ok(false), "{exdate:?}");
    }
    for other in [zoned("2026-09-02T09:01"), utc("2026-09-02T09:00"), date("2026-09-04")] {
        let mut definition = base.clone();
        definition.exdates.push(other);
        assert_eq!(listed(&definition, "2026-09-01T00:00", "2026-10-01T00:00", &berlin()).len(), 3);
    }
}

#[test]
fn an_exdate_in_utc_finds_the_instance_in_a_gap() {
    let mut definition = definition(zoned("2026-03-28T02:30"), End::Default, &["FREQ=DAILY;COUNT=3"]);
    definition.exdates.push(utc("2026-03-29T01:30"));
    let found = listed(&definition, "2026-03-28T00:00", "2026-04-01T00:00", &berlin());
    assert_eq!(found, ["03-28T02:30/28T02:30", "03-30T02:30/30T02:30"]);
}

#[test]
fn periods_have_their_own_length_and_are_no_duplicates() {
    let mut definition = definition(zoned("2026-09-01T09:00"), hour(), &["FREQ=DAILY;COUNT=3"]);
    let period = |start: Moment, seconds| Rdate { start, end: End::Lasting(Length::exact(seconds).unwrap()) };
    definition.rdates.push(period(zoned("2026-09-02T09:00"), 7200));
    definition.rdates.push(period(utc("2026-09-05T10:00"), 600));
    definition.rdates.push(Rdate::from(utc("2026-09-03T07:00")));
    definition.rdates.push(Rdate::from(zoned("2026-09-04T09:00")));
    let found = listed(&definition, "2026-09-01T00:00", "2026-10-01T00:00", &berlin());
    let expected = [
        "09-01T09:00/01T10:00",
        "09-02T09:00/02T11:00",
        "09-03T09:00/03T10:00",
        "09-04T09:00/04T10:00",
        "09-05T12:00/05T12:10",
    ];
    assert_eq!(found, expected);
    assert_eq!(Series::new(definition).unwrap().end(&berlin()).unwrap().to_string(), "2026-09-05T10:10:00Z");
}

#[test]
fn an_rdate_can_be_the_second_of_two_equal_times() {
    let mut definition = definition(zoned("2026-10-24T02:30"), hour(), &["FREQ=DAILY;COUNT=2"]);
    definition.rdates.push(Rdate::from(utc("2026-10-25T01:30")));
    let series = Series::new(definition).unwrap();
    let all: Vec<_> =
        series.instances(super::corpus::ALL_TIME, &berlin()).map(|i| i.unwrap().at.start.to_string()).collect();
    assert_eq!(all, ["2026-10-24T00:30:00Z", "2026-10-25T01:30:00Z"], "one RECURRENCE-ID, one instance");
}

#[test]
fn overrides_move_lengthen_and_cancel() {
    let mut definition = definition(zoned("2026-09-01T09:00"), hour(), &["FREQ=DAILY;COUNT=5"]);
    let longer = End::At(zoned("2026-09-02T12:00"));
    definition.overrides = vec![
        moved(zoned("2026-09-02T09:00"), zoned("2026-09-02T09:00"), longer),
        // To before the first, and in another form.
        moved(utc("2026-09-04T07:00"), utc("2026-08-20T07:00"), hour()),
        Override { recurrence_id: zoned("2026-09-03T09:00"), range: Range::This, change: Change::Cancelled },
        // To the year after the last.
        moved(zoned("2026-09-05T09:00"), zoned("2027-09-05T10:00"), hour()),
    ];
    let found = listed(&definition, "2026-08-01T00:00", "2028-01-01T00:00", &berlin());
    let expected = ["08-20T09:00/20T10:00*", "09-01T09:00/01T10:00", "09-02T09:00/02T12:00*", "09-05T10:00/05T11:00*"];
    assert_eq!(found, expected);
    assert_eq!(listed(&definition, "2026-09-02T11:00", "2026-09-02T12:00", &berlin()).len(), 1);
    assert_eq!(listed(&definition, "2026-09-04T00:00", "2026-09-06T00:00", &berlin()).len(), 0);
    let series = Series::new(definition).unwrap();
    for (id, is) in [("01T09", true), ("02T09", true), ("03T09", false), ("04T09", true), ("06T09", false)] {
        assert_eq!(series.contains(civil(&format!("2026-09-{id}:00"))), Ok(is), "{id}");
    }
    let last = series.first_after(Zone::utc().instant(civil("2026-12-01T00:00")), &berlin()).unwrap().unwrap();
    assert_eq!(
        (last.recurrence_id(), last.recurrence_at.to_string()),
        (civil("2026-09-05T09:00"), "2026-09-05T07:00:00Z".into())
    );
    assert_eq!(series.end(&berlin()).unwrap().to_string(), "2027-09-05T09:00:00Z");
}

#[test]
fn this_and_future_shifts_the_rest() {
    let mut definition = definition(zoned("2026-09-01T09:00"), hour(), &["FREQ=DAILY;COUNT=5"]);
    let change = |start: &str, seconds| Change::Moved {
        start: zoned(start),
        end: End::Lasting(Length::exact(seconds).unwrap()),
    };
    let future = |id: &str, change| Override { recurrence_id: zoned(id), range: Range::ThisAndFuture, change };
    definition.overrides = vec![
        future("2026-09-03T09:00", change("2026-09-03T07:30", 600)),
        moved(zoned("2026-09-04T09:00"), zoned("2026-09-04T20:00"), hour()),
    ];
    let found = listed(&definition, "2026-09-01T00:00", "2026-10-01T00:00", &berlin());
    let expected = [
        "09-01T09:00/01T10:00",
        "09-02T09:00/02T10:00",
        "09-03T07:30/03T07:40*",
        "09-04T20:00/04T21:00*",
        "09-05T07:30/05T07:40*",
    ];
    assert_eq!(found, expected);
    definition.overrides.push(future("2026-09-05T09:00", Change::Cancelled));
    assert_eq!(listed(&definition, "2026-09-01T00:00", "2026-10-01T00:00", &berlin()).len(), 4);
    let series = Series::new(definition).unwrap();
    assert_eq!(series.contains(civil("2026-09-05T09:00")), Ok(false));
    assert!(!series.is_endless());
}

#[test]
fn a_start_two_days_later_comes_before_what_it_overtakes() {
    let mut definition = definition(zoned("2026-09-01T09:00"), hour(), &["FREQ=DAILY"]);
    let change = Change::Moved { start: zoned("2026-09-03T10:00"), end: hour() };
    definition.overrides =
        vec![Override { recurrence_id: zoned("2026-09-05T09:00"), range: Range::ThisAndFuture, change }];
    let found = listed(&definition, "2026-09-03T00:00", "2026-09-05T00:00", &berlin());
    let expected = ["09-03T09:00/03T10:00", "09-03T10:00/03T11:00*", "09-04T09:00/04T10:00", "09-04T10:00/04T11:00*"];
    assert_eq!(found, expected);
}

#[test]
fn the_end_is_known_when_there_is_one() {
    let end = |rules: &[&str]| {
        let series = Series::new(definition(zoned("2026-09-01T09:00"), hour(), rules)).unwrap();
        (series.is_endless(), series.end(&berlin()).map(|end| end.to_string()))
    };
    let known = |text: &str| (false, Some(text.to_owned()));
    assert_eq!(end(&["FREQ=DAILY;COUNT=10"]), known("2026-09-10T08:00:00Z"));
    assert_eq!(end(&["FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=4"]), known("2026-12-31T09:00:00Z"));
    assert_eq!(end(&["FREQ=HOURLY;INTERVAL=7;COUNT=3"]), known("2026-09-01T22:00:00Z"));
    assert_eq!(end(&[]), known("2026-09-01T08:00:00Z"));
    assert_eq!(end(&["FREQ=DAILY"]), (true, None));
    assert_eq!(end(&["FREQ=DAILY;COUNT=10", "FREQ=YEARLY"]), (true, None));
    assert!(!end(&["FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"]).0);
    let mut cut = definition(zoned("2026-09-01T09:00"), hour(), &["FREQ=DAILY", "FREQ=DAILY;COUNT=2"]);
    let (recurrence_id, range) = (zoned("2026-09-05T09:00"), Range::ThisAndFuture);
    cut.overrides.push(Override { recurrence_id, range, change: Change::Cancelled });
    let end = Series::new(cut).unwrap().end(&berlin());
    assert!(end.is_some_and(|end| end >= berlin().instant(civil("2026-09-04T10:00"))), "{end:?}");
}

#[test]
fn skip_moves_days_and_leaves_no_duplicates() {
    let listed = |start: &str, rule: &str| {
        let mut definition = Definition::new(date(start));
        definition.rules.push(Rule::parse(rule).unwrap());
        let series = Series::new(definition).unwrap();
        let utc = Zone::utc();
        let all = series.instances(super::corpus::ALL_TIME, &utc).take(5);
        all.map(|i| i.unwrap().recurrence_id().strftime("%m-%d").to_string()).collect::<Vec<_>>().join(" ")
    };
    let rule = "RSCALE=GREGORIAN;SKIP=FORWARD;FREQ=MONTHLY;BYMONTHDAY=1,31";
    assert_eq!(listed("2026-01-31", rule), "01-31 02-01 03-01 03-31 04-01");
    let rule = "RSCALE=GREGORIAN;SKIP=BACKWARD;FREQ=MONTHLY;BYMONTHDAY=30,31;BYDAY=SA,FR";
    assert_eq!(listed("2026-01-30", rule), "01-30 01-31 02-28 05-30 07-31");
    let rule = "RSCALE=GREGORIAN;SKIP=FORWARD;FREQ=MONTHLY;BYMONTHDAY=1,31;BYSETPOS=-1";
    assert_eq!(listed("2026-01-31", rule), "01-31 03-01 03-31 05-01 05-31");
    let rule = "RSCALE=GREGORIAN;SKIP=BACKWARD;FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYSETPOS=1";
    assert_eq!(listed("2027-02-28", rule), "02-28 02-29 02-28 02-28 02-28");
}

#[test]
fn what_is_no_series_is_refused() {
    let refused = |definition: Definition| Series::new(definition).unwrap_err();
    let start = || zoned("2026-09-01T09:00");
    assert_eq!(refused(definition(start(), End::At(zoned("2026-09-01T08:59")), &[])), SeriesError::EndBeforeStart);
    assert_eq!(refused(definition(start(), End::At(date("2026-09-02")), &[])), SeriesError::MixedEnd);
    assert_eq!(refused(definition(date("2026-09-01"), hour(), &[])), SeriesError::MixedEnd);
    assert_eq!(
        refused(definition(date("2026-09-01"), End::Default, &["FREQ=HOURLY;INTERVAL=7"])),
        SeriesError::NeedsTime
    );
    let before = Moment::Floating(civil("-000001-01-01T00:00"));
    assert_eq!(refused(definition(before, End::Default, &[])), SeriesError::Year);
    assert!(Length::exact(-1).is_none() && Length::days(i64::MAX).is_none());
}

#[test]
fn parts_finer_than_a_day_are_ignored_for_dates() {
    let definition = definition(date("2026-09-01"), End::Default, &["FREQ=DAILY;BYHOUR=9,10;BYMINUTE=30;COUNT=2"]);
    let found = listed(&definition, "2026-09-01T00:00", "2026-10-01T00:00", &berlin());
    assert_eq!(found, ["09-01T00:00/02T00:00", "09-02T00:00/03T00:00"]);
}

#[test]
fn until_in_every_form() {
    for (until, count) in [
        ("20260903", 3),
        ("20260902", 2),
        ("20260903T090000", 3),
        ("20260903T085959", 2),
        ("20260903T070000Z", 3),
        ("20260903T065959Z", 2),
        ("20250101", 0),
    ] {
        let rule = format!("FREQ=DAILY;UNTIL={until}");
        let definition = definition(zoned("2026-09-01T09:00"), hour(), &[&rule]);
        assert_eq!(listed(&definition, "2026-01-01T00:00", "2027-01-01T00:00", &berlin()).len(), count, "{until}");
    }
}

#[test]
fn rules_say_what_is_wrong_with_them() {
    for (rule, error) in [
        ("", "is empty; a rule begins with FREQ, such as FREQ=WEEKLY"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL cannot be \"0\"; it is a number from 1 to 4294967295"),
        ("FREQ=DAILY;BYHOUR=24", "BYHOUR cannot be \"24\"; it is a list of numbers from 0 to 23"),
        ("FREQ=DAILY;X-FOO=1", "has an unknown part: \"X-FOO\""),
        ("FREQ=DAILY;FREQ=WEEKLY", "has FREQ twice"),
        ("FREQ=DAILY;COUNT=2;UNTIL=20260101", "COUNT is not allowed together with UNTIL (RFC 5545 §3.3.10)"),
        ("FREQ=DAILY;BYWEEKNO=2", "BYWEEKNO is not allowed with FREQ=DAILY (RFC 5545 §3.3.10)"),
        ("FREQ=DAILY;SKIP=FORWARD", "SKIP is not allowed without RSCALE (RFC 7529 §4)"),
        ("FREQ=YEARLY;RSCALE=CHINESE", "RSCALE=CHINESE is not served; GREGORIAN is"),
        ("FREQ=DAILY;COUNT=２", "COUNT cannot be \"２\"; it is a number from 1 to 4294967295"),
    ] {
        assert_eq!(Rule::parse(rule).unwrap_err().to_string(), error, "{rule}");
    }
}

/// The first starts of a floating rule, `20260101T090000` each.
fn first(start: &str, rule: &str, count: usize) -> String {
    let series = Series::new(definition(Moment::Floating(civil(start)), End::Default, &[rule])).unwrap();
    let utc = Zone::utc();
    let all = series.instances(super::corpus::ALL_TIME, &utc).take(count);
    all.map(|i| i.unwrap().recurrence_id().strftime("%Y%m%dT%H%M%S").to_string()).collect::<Vec<_>>().join(" ")
}

#[test]
fn weeks_belong_to_their_year() {
    // 2024-12-31 is in week 1 of 2025; three years later is week 1 of 2028, then of 2031, which begins in 2030.
    let found = first("2024-12-31T09:00", "FREQ=YEARLY;INTERVAL=3;BYWEEKNO=1;BYDAY=MO,TU", 5);
    assert_eq!(found, "20241231T090000 20280103T090000 20280104T090000 20301230T090000 20301231T090000");
    let found = first("2024-12-30T09:00", "FREQ=YEARLY;BYWEEKNO=1;BYDAY=MO,SU;BYSETPOS=1", 3);
    assert_eq!(found, "20241230T090000 20251229T090000 20270104T090000");
}

#[test]
fn second_sixty_is_second_fifty_nine() {
    let found = first("2026-01-01T09:00", "FREQ=MINUTELY;BYSECOND=59,60", 2);
    assert_eq!(found, "20260101T090059 20260101T090159");
}

#[test]
fn a_grid_on_its_first_day_alone() {
    let found = first("2026-01-15T09:00", "FREQ=HOURLY;INTERVAL=5;BYMONTHDAY=15;UNTIL=20260120T000000", 9);
    assert_eq!(found, "20260115T090000 20260115T140000 20260115T190000");
}
