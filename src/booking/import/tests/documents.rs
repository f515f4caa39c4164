//! JSON.

use super::*;

const DOCUMENT: &str = r#"{
  "bookings": [
    {"external_ref": "b1", "service": "cut", "staff": "s1", "start": "2026-03-09T09:00",
     "customer": {"name": "Cleo", "email": "cleo@guest.example", "phone": null}},
    {"service": "Haircut", "start": "2026-03-09T10:00:00+01:00", "customer_id": "c1", "stop": 3, "location": "Home 1"}
  ],
  "services": [{"external_ref": "cut", "name": "Haircut", "duration_minutes": 30, "staff": ["s1"],
                "resources": ["Chair"], "reminders_minutes": [60]}],
  "staff": [{"external_ref": "s1", "name": "Anna", "email": "anna@salon.example", "role": "manager"}],
  "resources": [{"name": "Chair", "kind": "equipment", "quantity": 2}],
  "customers": [{"external_ref": "c1", "name": "Cleo", "email": "cleo@guest.example"}]
}"#;

#[test]
fn a_document_in_any_order() {
    for house in houses() {
        let file = house.file("all.json", format!("\u{feff}{DOCUMENT}"));
        let said = house.import(std::slice::from_ref(&file));
        assert_eq!(said.lines, Vec::<String>::new());
        assert_eq!(said.report.total().created, 6);
        let booking = house.booking("b1");
        assert!(booking.staff_id.is_some() && booking.resource_ids.0.len() == 1);
        let before = house.state();
        let again = house.import(&[file]);
        assert_eq!((again.report.total().unchanged, again.report.total().rows()), (6, 6), "{:?}", again.lines);
        assert_eq!(house.state(), before);
    }
}

#[test]
fn every_fault_has_its_place_and_pointer() {
    for house in houses() {
        house.import(&[house.file("all.json", DOCUMENT)]);
        let text = r#"[
  {"role": "customer", "name": "Ok", "email": "ok@guest.example"},
  {"role": "customer", "name": 7},
  {"role": "customer",
   "name": "Twice", "name": "Twice"},
  {"role": "owner", "name": "X"}, {"role": "staff", "name": "Y", "emial": "y@b.example"},
  {"service": "cut", "start": "2026-03-10T09:00", "customer": {"name": "Z",
     "email": "no"}},
  {"service": "cut", "start": "2026-03-10T09:00", "resources": ["Chair", "Table"]},
  {"service": "cut", "start": "2026-03-10T09:00", "stop": 1.5, "uid": "a\u0007"},
  [], {"x": 1}, {"name": "N", "duration_minutes": 15, "capacity": 3, "kind": "rental"}
]"#;
        let said = house.import(&[house.file("bad.json", text)]);
        let expected = [
            "bad.json:3:32: /1/name must be a text",
            "bad.json:5:12: /2/name is there twice",
            "bad.json:6:12: /3/role must be one of manager, staff, customer",
            "bad.json:6:75: /4/emial \"emial\" is unknown; did you mean email?",
            "bad.json:8:15: /5/customer/email must be one e-mail address",
            "bad.json:9:74: /6/resources/1 \"Table\" names no resource",
            "bad.json:10:59: /7/stop must be a whole number",
            "bad.json:11:3: /8 must be an object",
            "bad.json:11:7: /9 cannot tell what the rows are",
            "bad.json:11:67: /10/capacity is 3; only a class",
        ];
        for line in expected {
            assert!(said.lines.iter().any(|said| said.starts_with(line)), "{line} is not in {:#?}", said.lines);
        }
        assert_eq!((said.lines.len(), said.report.total().created), (expected.len(), 1), "{:#?}", said.lines);
    }
}

#[test]
fn what_is_no_document_says_where() {
    let house = &houses()[0];
    let long = format!("[{{\"role\":\"staff\",\"name\":\"{}\"}}]", "x".repeat(2_000_000));
    let deep = format!("[{}", "[".repeat(100_000));
    let cases = [
        ("", "1:1: this is not JSON that can be imported: EOF"),
        ("7", "invalid type: integer `7`, expected a list of objects"),
        ("[{\"role\":\"staff\",\"name\":\"Anna\"},\n {\"role\": tru}]", "2:"),
        ("{\"people\":[]}", "1:10: this is not JSON that can be imported: \"people\" is unknown; the lists"),
        ("{\"staff\":[],\"staff\":[]}", "\"staff\" is there twice"),
        ("{\"staff\":{}}", "invalid type: map, expected a list"),
        ("[] []", "trailing characters"),
        ("[{\"role\":\"staff\",\"name\":\"\\ud800\"}]", "this is not JSON"),
        (&long, "an object is larger than 256 KiB"),
        (&deep, "recursion limit exceeded"),
    ];
    for (i, (text, expected)) in cases.iter().enumerate() {
        let said = house.import(&[house.file(&format!("d{i}.json"), text)]);
        assert!(said.lines.iter().any(|line| line.contains(expected)), "{i}: {:?}", said.lines);
        assert_eq!(said.report.unreadable, 1, "{i}");
    }
    // A list is taken up to where it breaks off.
    assert_eq!(house.state().3, [("Anna".to_owned(), 1)]);
}
