//! Calendars as blocks.

use super::*;
use crate::booking::import::{BlocksOf, Events};
use crate::store::{BlockKind, blocks};

fn holidays() -> Options {
    let (staff, resources, timezone) = (Vec::new(), Vec::new(), None);
    let of = BlocksOf { kind: BlockKind::Holiday, staff, resources, timezone };
    Options { events: Events::Blocks(of), ..Options::default() }
}

impl House {
    fn blocks(&self) -> Vec<blocks::Block> {
        self.read(|conn, tenant| blocks::list(conn, tenant, &blocks::Filter::default(), None, 1000))
    }
}

#[test]
fn events_of_files_become_blocks_and_nothing_twice() {
    for house in houses() {
        let file = house.file(
            "holidays.ics",
            "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1@x\r\nDTSTART;VALUE=DATE:20261225\r\nSUMMARY:Christmas\r\n\
             TRANSP:TRANSPARENT\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:2@x\r\nDTSTART:tomorrow\r\nEND:VEVENT\r\n\
             BEGIN:VTODO\r\nEND:VTODO\r\nEND:VCALENDAR\r\n",
        );
        let files = std::slice::from_ref(&file);
        let dry = house.import_as(files, &Options { dry_run: true, ..holidays() });
        assert_eq!((dry.counts(Kind::Block), house.blocks().len()), ([1, 0, 0, 1, 1], 0), "{:#?}", dry.lines);
        let said = house.import_as(files, &holidays());
        assert_eq!((said.counts(Kind::Block), said.counts(Kind::Booking)), ([1, 0, 0, 1, 1], [0; 5]));
        assert!(said.line("not a date or time").starts_with("holidays.ics:"), "{:#?}", said.lines);
        assert!(said.report.to_string().starts_with("blocks: 1 created"), "{}", said.report);
        let before = house.blocks();
        assert_eq!(before[0].summary.as_deref(), Some("Christmas"));
        assert_eq!(house.import_as(files, &holidays()).counts(Kind::Block), [0, 0, 1, 1, 1]);
        assert_eq!(house.blocks(), before);
        // Without being asked to, calendars are bookings, as ever.
        assert_eq!(house.import(files).counts(Kind::Block), [0; 5]);
    }
}
