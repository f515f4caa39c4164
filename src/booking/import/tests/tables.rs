//! CSV.

use super::*;
use crate::store::BookingStatus;
use proptest::prelude::*;

#[test]
fn a_business_comes_over_and_comes_over_once() {
    for house in houses() {
        let said = house.import(&house.salon());
        assert_eq!(said.lines, Vec::<String>::new());
        assert_eq!(said.counts(Kind::Person), [5, 0, 0, 0, 0]);
        assert_eq!(said.counts(Kind::Service), [2, 0, 0, 0, 0]);
        assert_eq!(said.counts(Kind::Booking), [4, 0, 0, 0, 0]);
        assert!(said.report.is_complete() && said.report.files == 3);
        let first = house.booking("b1");
        assert_eq!(first.notes.as_deref(), Some("wants \"short\"\nhair"));
        assert_eq!(
            (first.start_local.to_string().as_str(), first.timezone.as_str()),
            ("2026-03-09T09:00:00", "Europe/Berlin")
        );
        assert_eq!(house.booking("b4").status, BookingStatus::Completed);
        let before = house.state();
        let again = house.import(&house.salon());
        assert_eq!(again.lines, Vec::<String>::new());
        assert_eq!(again.counts(Kind::Person), [0, 0, 5, 0, 0]);
        assert_eq!(again.counts(Kind::Service), [0, 0, 2, 0, 0]);
        assert_eq!(again.counts(Kind::Booking), [0, 0, 4, 0, 0]);
        assert_eq!(house.state(), before);
        // A folder is its files.
        assert_eq!(house.import(&[house.dir.path().to_owned()]).counts(Kind::Booking), [0, 0, 4, 0, 0]);
    }
}

#[test]
fn a_changed_row_changes_the_same_booking() {
    for house in houses() {
        house.import(&house.salon());
        let before = house.booking("b1");
        let moved = house.file("moved.csv", "external_ref,service,start\nb1,Haircut,2026-03-09T10:00\n");
        let said = house.import(std::slice::from_ref(&moved));
        assert_eq!((said.counts(Kind::Booking), said.lines.len()), ([0, 1, 0, 0, 0], 0));
        let after = house.booking("b1");
        assert_eq!((after.uid.clone(), after.booking_id, after.sequence), (before.uid, before.booking_id, 1));
        assert_eq!(
            (after.staff_id, after.customer_id, after.notes),
            (before.staff_id, before.customer_id, before.notes)
        );
        assert_eq!(after.end_at - after.start_at, 1800);
        assert_eq!(house.import(&[moved]).counts(Kind::Booking), [0, 0, 1, 0, 0]);
        let person = house.file("p.csv", "role,name,external_ref,phone\nstaff,Anna Lee,s1,+49 1\n");
        assert_eq!(house.import(&[person]).counts(Kind::Person), [0, 1, 0, 0, 0]);
        let gone = house.file("gone.csv", "external_ref,service,start,status\nb1,Haircut,2026-03-09T10:00,cancelled\n");
        assert_eq!(house.import(std::slice::from_ref(&gone)).counts(Kind::Booking), [0, 1, 0, 0, 0]);
        assert_eq!(house.import(&[gone]).counts(Kind::Booking), [0, 0, 1, 0, 0]);
        let back = house.file("back.csv", "external_ref,service,start,status\nb1,Haircut,2026-03-09T10:00,confirmed\n");
        let said = house.import(&[back]);
        assert!(said.line("back.csv:2:1:").contains("is cancelled and cannot be changed"), "{:?}", said.lines);
    }
}

#[test]
fn a_bad_row_is_named_and_stops_no_other() {
    for house in houses() {
        house.import(&house.salon());
        let rows = "external_ref,service,staff,customer_name,customer_email,start,notes\r\n\
                    x1,Haircut,Anna,Zoe,zoe@guest.example,2026-04-01T09:00,\r\n\
                    x2,Haircut,Anna,Zoe,zoe@guest,2026-04-02T09:00,\r\n\
                    x3,Nothing,Anna,,,2026-04-02T09:00,\r\n\
                    \"x4\",\"Haircut\",\"Anna\",\"a \"\"b\"\"\",,2026-02-30T09:00,\"two\r\nlines\"\r\n\
                    x5,Haircut,Anna,,,2026-04-01T09:20,\r\n\
                    x6,Haircut\r\n\
                    x7,Haircut,Anna,,,2026-03-29T02:30,\r\n\
                    x8,Haircut,Anna,,,2026-10-25T02:30,\r\n\
                    x9,,Anna,,cleo@guest.example,,\r\n";
        let said = house.import(&[house.file("bad.csv", format!("\u{feff}{rows}"))]);
        assert_eq!(said.counts(Kind::Booking), [2, 0, 0, 7, 0]);
        assert!(said.line("bad.csv:3:21: customer_email must be one e-mail address").len() > 10);
        assert!(said.line("bad.csv:4:4: service \"Nothing\" names no service of this business").len() > 10);
        assert!(said.line("bad.csv:5:34: start names a day that does not exist (2026-02-30)").len() > 10);
        assert!(said.line("bad.csv:7:1: Anna is not free at 2026-04-01T09:20:00+02:00").len() > 10);
        assert!(said.line("bad.csv:8:1: the row has 2 fields and the first line 7").len() > 10);
        assert!(said.line("bad.csv:9:19: start does not exist in Europe/Berlin").contains("2026-03-29T03:30:00+02:00"));
        assert!(said.line("bad.csv:10:19: note: start happens twice").contains("2026-10-25T02:30:00+01:00"));
        assert!(said.line("bad.csv:11:").contains("service is missing; start is missing"));
        assert!(!said.report.is_complete());
        let found = house.read(|conn, tenant| bookings::find_by_external_ref(conn, tenant, "x5"));
        assert_eq!(found, None);
        // What a rejected row would have brought along is not there either.
        let zoe = house.read(|conn, tenant| people::find_by_identity(conn, tenant, "zoe@guest\nzoe"));
        assert_eq!(zoe, None);
    }
}

#[test]
fn delimiters_marks_and_line_ends() {
    let texts = [
        "\u{feff}role;name;email\r\nstaff;\"Anna; the first\";anna@salon.example\r\n",
        "role\tname\temail\nstaff\tAnna; the first\tanna@salon.example",
        "Role,Name,EMail\rstaff,Anna; the first,anna@salon.example\r",
        "\n\nrole,name,email\n\n\nstaff,\"Anna; the first\",anna@salon.example\n\n",
    ];
    for (i, text) in texts.iter().enumerate() {
        for house in houses() {
            let text = if i == 2 { text.replace("EMail", "email") } else { (*text).to_owned() };
            let said = house.import(&[house.file("p.csv", text)]);
            assert_eq!((said.counts(Kind::Person), said.lines), ([1, 0, 0, 0, 0], Vec::new()), "{i}");
            assert!(house.state().3.iter().any(|(name, _)| name == "Anna; the first"), "{i}");
        }
    }
}

#[test]
fn what_cannot_be_a_table_says_why() {
    let house = &houses()[0];
    let cases: [(&[u8], &str); 9] = [
        (b"", "is empty"),
        (b"\xff\xfeb\0", "1:1: this is UTF-16"),
        (b"role,name,e-post\nstaff,x,y", "1:11: the column \"e-post\" is unknown; did you mean"),
        (b"service,start,custmer_name\n", "1:15: the column \"custmer_name\" is unknown; did you mean customer_name?"),
        (b"role,name,Name\n", "1:11: the column name is there twice"),
        (b"role,name,password\n", "\"password\" is not imported"),
        (b"a,b\n", "1:1: cannot tell what the rows are. Bookings have a start (external_ref"),
        (b"role,n\xe4me\n", "1:7: is not UTF-8"),
        (b"role,name,phone,price\n", "1:17: the column \"price\" is unknown"),
    ];
    for (i, (bytes, expected)) in cases.iter().enumerate() {
        let said = house.import(&[house.file(&format!("t{i}.csv"), bytes)]);
        assert!(said.lines.len() == 1 && said.lines[0].contains(expected), "{:?} instead of {expected}", said.lines);
        assert_eq!((said.report.unreadable, said.report.total().rows(), said.report.files), (1, 0, 0));
    }
    let mut latin = b"role,name,email\nstaff,Anna,a@b.example\nstaff,\"J\xfcrgen, x\",j@b.example\nstaff,Zo\n".to_vec();
    latin.extend_from_slice(b"staff,Eve,e@b.example\n");
    let said = house.import(&[house.file("latin.csv", latin)]);
    assert_eq!(said.counts(Kind::Person), [2, 0, 0, 2, 0]);
    assert!(said.line("latin.csv:3:9: name is not UTF-8").len() > 10);
    let mut open = b"role,name\nstaff,Anna\nstaff,\"Ben\n".to_vec();
    open.resize(3_000_000, b'x');
    let said =
        house.import(&[house.file("open.csv", open), house.dir.path().join("none.csv"), house.file("x.txt", "")]);
    assert!(said.line("open.csv:3:1: a row is longer than 1 MiB").len() > 10);
    assert!(said.line("none.csv: cannot be read").len() > 10);
    assert!(said.line("x.txt: is none of .csv, .json and .ics").len() > 10);
    assert_eq!((said.report.unreadable, said.report.total().created + said.report.total().unchanged), (3, 1));
}

#[test]
fn a_dry_run_finds_the_same_and_stores_nothing() {
    for house in houses() {
        let before = house.state();
        let mut files = house.salon();
        files.push(house.file(
            "more.csv",
            "external_ref,service,staff,start\ny1,Haircut,Anna,2026-03-09T09:10\ny2,Haircut,Anna,2026-05-09T09:10\n",
        ));
        let dry = Options { dry_run: true, ..Options::default() };
        let tried = house.import_as(&files, &dry);
        assert_eq!(house.state(), before);
        assert!(tried.report.to_string().ends_with("this was a dry run, nothing was stored"));
        let done = house.import(&files);
        assert_eq!(tried.lines, done.lines);
        assert_eq!((tried.report.total(), done.report.total().created), (done.report.total(), 12));
        assert!(done.line("more.csv:2:1: Anna is not free").len() > 10);
        let tried = house.import_as(&files, &dry);
        assert_eq!((tried.report.total().unchanged, tried.report.total().rejected), (12, 1));
    }
}

#[test]
fn rows_of_one_file_that_are_about_the_same() {
    for house in houses() {
        house.import(&house.salon());
        let text = "service,customer_name,start,notes,external_ref\n\
                    Wash,,2026-04-01T09:00,,\nWash,,2026-04-01T09:00,,\nWash,Eve,2026-04-01T09:00,a,\n\
                    Wash,Eve,2026-04-01T09:00,b,\nWash,,2026-04-01T09:00,,r1\nWash,,2026-04-01T09:00,,r1\n\
                    Wash,,2026-04-01T09:30,,r1\n";
        let file = house.file("same.csv", text);
        let said = house.import(std::slice::from_ref(&file));
        assert_eq!(said.counts(Kind::Booking), [5, 0, 1, 1, 0], "{:#?}", said.lines);
        assert!(said.line("same.csv:8:25: external_ref is that of an earlier row").len() > 10);
        assert_eq!(house.import(std::slice::from_ref(&file)).counts(Kind::Booking), [0, 0, 6, 1, 0]);
        let noted = house.file("same.csv", text.replace(",a,", ",noted,"));
        assert_eq!(house.import(&[noted]).counts(Kind::Booking), [0, 1, 5, 1, 0]);
    }
}

#[test]
fn many_rows_stream_through() {
    let house = &houses()[0];
    let rows: u64 = 4_000;
    let mut text = String::from("role,external_ref,name,email\n");
    for i in 0..rows {
        text.push_str(&format!("customer,c{i},Guest {i},g{i}@guest.example\n"));
    }
    let files = [house.file("many.csv", text)];
    let options = Options::default();
    let mut told = Vec::new();
    let tell = |progress: Progress<'_>| match progress {
        Progress::Rows(report) => told.push(report.total().rows()),
        Progress::Line(line) => panic!("{line}"),
    };
    let import = super::super::import(&house.store, &house.ctx, &files, &options, tell);
    let report = block_on(import).unwrap();
    assert_eq!(report.of(Kind::Person).created, rows);
    assert!(told.len() == 20 && told.is_sorted());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_is_quoted_comes_back(
        rows in proptest::collection::vec(proptest::collection::vec("[ -~éß🎉\n\t]{0,30}", 3), 1..20),
        delimiter in prop_oneof![Just(b','), Just(b';'), Just(b'\t')],
        crlf in any::<bool>(), always in any::<bool>(),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("bookings.csv");
        let terminator = if crlf { ::csv::Terminator::CRLF } else { ::csv::Terminator::Any(b'\n') };
        let style = if always { ::csv::QuoteStyle::Always } else { ::csv::QuoteStyle::Necessary };
        let mut writer = ::csv::WriterBuilder::new().delimiter(delimiter).terminator(terminator).quote_style(style)
            .from_path(&path).unwrap();
        writer.write_record(["service", "start", "notes", "location"]).unwrap();
        for row in &rows {
            writer.write_record([&format!("s{}", row[0]), "2026-01-01", &row[1], &row[2]]).unwrap();
        }
        writer.flush().unwrap();
        let layout = crate::booking::import::csv::layout(&path, "bookings").unwrap();
        prop_assert_eq!(layout.delimiter, delimiter);
        let bytes = std::fs::read(&path).unwrap();
        let mut read = Vec::new();
        crate::booking::import::csv::read(&path, &layout, &mut |row| { read.push(row); true }).unwrap();
        prop_assert_eq!(read.len(), rows.len());
        for (row, expected) in read.iter().zip(&rows) {
            let crate::booking::import::row::Content::Booking(booking) = &row.content else { panic!("{row:?}") };
            let blank = |text: &String| Some(text.clone()).filter(|text| !text.trim().is_empty());
            prop_assert_eq!(booking.notes.clone(), Some(blank(&expected[1])));
            prop_assert_eq!(booking.location.clone(), Some(blank(&expected[2])));
            // The place of a field is where it is written in the file.
            let form = crate::booking::import::plan::Form::Csv(layout.clone());
            let (line, column) = crate::booking::import::locate::locate(&path, &form, &row.place, "/start");
            let start: usize = bytes.split_inclusive(|b| *b == b'\n').take(line as usize - 1).map(<[u8]>::len).sum();
            let at = &bytes[start + column as usize - 1..];
            prop_assert!(at.starts_with(b"2026-01-01") || at.starts_with(b"\"2026-01-01"), "{:?}", str::from_utf8(at));
        }
    }
}
