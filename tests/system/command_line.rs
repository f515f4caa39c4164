//! The commands, as somebody meets them who has read nothing: what they print, how they fail, what they leave behind.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{Answer, Finished, House, Kind, Server, bare, finish, migrations};

on_both!(
    a_business_comes_and_goes,
    people_and_tokens,
    importing_what_there_is,
    migrating_twice,
    doctor_finds_all_well,
    another_master_key_is_refused,
    a_running_server_is_well,
);

/// One line on standard error, nothing on standard output, and the status.
fn one_line(finished: &Finished, code: i32) -> &str {
    assert_eq!(finished.code, Some(code), "{}", finished.stderr);
    assert_eq!(finished.stdout, "");
    assert_eq!(finished.stderr.trim_end().lines().count(), 1, "more than one line: {}", finished.stderr);
    finished.stderr.trim_end()
}

fn fails(house: &House, arguments: &[&str], with: &str) {
    let finished = house.run(arguments);
    let line = one_line(&finished, 1);
    assert!(line.starts_with("fasti: ") && line.contains(with), "fasti {}: {line}", arguments.join(" "));
}

async fn a_business_comes_and_goes(kind: Kind) {
    let house = House::new(kind).await;
    let create = |slug, zone| ["tenant", "create", slug, "--name", "Salon Anna", "--timezone", zone];
    fails(&house, &create("Salon Anna", "Europe/Berlin"), "slug must be 1 to 63 lower-case letters");
    fails(&house, &create("anna", "Europe/Berlinn"), "timezone is unknown");
    assert_eq!(house.ok(&["tenant", "list"]), "");
    assert_eq!(house.ok(&create("anna", "Europe/Berlin")), "anna");
    fails(&house, &create("anna", "Europe/Berlin"), "anna");
    assert_eq!(house.ok(&["tenant", "list"]), "anna\tEurope/Berlin\tSalon Anna");
    house.ok(&["token", "create", "anna"]);
    fails(&house, &["tenant", "delete", "berta"], "there is no business \"berta\"");
    house.ok(&["tenant", "delete", "anna"]);
    assert_eq!(house.ok(&["tenant", "list"]), "");
    assert_eq!(house.database.number("SELECT count(*) FROM api_tokens").await, 0, "its tokens are gone too");
    house.ok(&create("anna", "Asia/Tokyo"));
}

async fn people_and_tokens(kind: Kind) {
    let house = House::new(kind).await;
    house.business("salon");
    let person = ["user", "create", "salon", "--name", "Ann", "--email", "ann@salon.example", "--role", "staff"];
    let login = [&person[..], &["--username", "ann", "--password-stdin"]].concat();
    let with_password = |password: &str| {
        let mut command = house.command();
        command.args(&login);
        finish(command, password)
    };
    assert!(one_line(&with_password("short\n"), 1).contains("fewer than 8 characters"));
    assert_eq!(house.database.number("SELECT count(*) FROM people").await, 0, "nothing is half there");
    let made = with_password("correct horse battery\n");
    assert_eq!((made.code, made.stdout.trim_end().len(), made.stderr.as_str()), (Some(0), 36, ""));
    let hashed = house.database.rows("SELECT password_hash FROM people").await;
    assert!(hashed[0][0].as_deref().unwrap().starts_with("$argon2id$"));
    assert!(one_line(&with_password("correct horse battery\n"), 1).contains("is taken"));
    fails(&house, &[&person[..], &["--timezone", "Mars/Olympus"]].concat(), "timezone is unknown");

    let token = house.ok(&["token", "create", "salon", "--scope", "read", "--label", "website"]);
    assert!(token.starts_with("fasti_") && token.len() > 50, "{token}");
    let listed = house.ok(&["token", "list", "salon"]);
    assert!(!listed.contains(&token), "a token is shown once");
    let line = listed.lines().find(|line| line.contains("website")).unwrap();
    assert!(line.contains("\tread\t") && line.ends_with("\tactive"), "{line}");
    let id = line.split('\t').next().unwrap();
    house.ok(&["token", "revoke", "salon", id]);
    assert!(house.ok(&["token", "list", "salon"]).contains("\trevoked 2"));
    fails(&house, &["token", "revoke", "salon", id], "no active token");
    fails(&house, &["token", "revoke", "salon", "x"], "\"x\"");
    fails(&house, &["token", "list", "nobody"], "there is no business \"nobody\"");
}

async fn migrating_twice(kind: Kind) {
    let house = House::new(kind).await;
    let first = house.ok(&["migrate"]);
    assert_eq!(i64::try_from(first.matches("applied ").count()).unwrap(), migrations(kind), "{first}");
    assert_eq!(house.ok(&["migrate"]), "The database is at this version already.");
}

async fn doctor_finds_all_well(kind: Kind) {
    let house = House::new(kind).await;
    let before = house.run(&["doctor"]);
    assert_eq!(before.code, Some(1), "{}", before.stdout);
    assert!(before.stdout.contains("run `fasti migrate`"), "it says what to do: {}", before.stdout);
    house.ok(&["migrate"]);
    let report = house.ok(&["doctor"]);
    assert!(report.lines().count() >= 5 && report.lines().all(|line| line.starts_with("ok ")), "{report}");
    assert!(!report.contains(&house.key));
}

async fn another_master_key_is_refused(kind: Kind) {
    let house = House::new(kind).await;
    house.business("salon");
    for arguments in [&["serve"][..], &["tenant", "list"]] {
        let mut command = house.command();
        command.args(arguments).env("FASTI_MASTER_KEY", "ab".repeat(32));
        let finished = finish(command, "");
        assert_eq!(finished.code, Some(1), "{}", finished.stderr);
        let line = finished.stderr.trim_end().lines().last().unwrap();
        assert!(line.contains("master key is not the one"), "{line}");
        assert!(!finished.stderr.contains(&"ab".repeat(32)));
    }
    let mut doctor = house.command();
    doctor.arg("doctor").env("FASTI_MASTER_KEY", "ab".repeat(32));
    let finished = finish(doctor, "");
    assert_eq!(finished.code, Some(1), "{}", finished.stdout);
    assert!(finished.stdout.contains("restore it from a backup"), "{}", finished.stdout);
}

async fn a_running_server_is_well(kind: Kind) {
    let house = House::new(kind).await;
    let mut server = house.start().await;
    let check = |listen: &str| {
        let mut command = house.command();
        command.args(["healthcheck", "--listen", listen]);
        finish(command, "").code
    };
    let address = server.address.to_string();
    assert_eq!(check(&address), Some(0));
    server.kill();
    assert_eq!(check(&address), Some(1));
}

#[test]
fn wrong_usage_is_status_2() {
    for wrong in [&["--frobnicate"][..], &["serve", "--frobnicate"], &["tenant"], &["tenant", "create"], &["frob"], &[]]
    {
        let mut command = bare();
        command.args(wrong);
        let finished = finish(command, "");
        assert_eq!(finished.code, Some(2), "fasti {}: {}", wrong.join(" "), finished.stderr);
        assert!(finished.stderr.contains("Usage: "), "{}", finished.stderr);
    }
}

#[test]
fn help_names_every_command() {
    let mut command = bare();
    command.arg("--help");
    let finished = finish(command, "");
    assert_eq!(finished.code, Some(0));
    for name in ["serve", "demo", "migrate", "tenant", "user", "token", "doctor", "openapi"] {
        assert!(finished.stdout.contains(&format!("\n  {name} ")), "{name} is not in\n{}", finished.stdout);
    }
}

#[test]
fn the_openapi_document_needs_no_database() {
    let mut command = bare();
    command.arg("openapi");
    let finished = finish(command, "");
    assert_eq!((finished.code, finished.stderr.as_str()), (Some(0), ""));
    let document: Value = serde_json::from_str(&finished.stdout).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"), "{}", document["openapi"]);
    assert!(document["paths"].as_object().unwrap().len() > 10);
}

/// Runs `fasti tenant list` in an empty directory with these variables.
fn configured(variables: &[(&str, &str)], file: Option<&str>) -> Finished {
    let directory = tempfile::tempdir().unwrap();
    if let Some(text) = file {
        std::fs::write(directory.path().join("fasti.toml"), text).unwrap();
    }
    let mut command = bare();
    command.args(["tenant", "list"]).envs(variables.iter().copied()).current_dir(directory.path());
    finish(command, "")
}

#[test]
fn a_key_that_is_not_known_is_refused_with_the_nearest() {
    let finished = configured(&[], Some("lisen = \"127.0.0.1:1\"\n"));
    assert!(one_line(&finished, 1).contains("fasti.toml sets \"lisen\""), "{}", finished.stderr);
    assert!(finished.stderr.contains("did you mean \"listen\"?"), "{}", finished.stderr);
    let finished = configured(&[("FASTI_LIMITS__IDLE_TIMOUT", "5s")], None);
    assert!(one_line(&finished, 1).contains("did you mean \"FASTI_LIMITS__IDLE_TIMEOUT\"?"), "{}", finished.stderr);
}

#[test]
fn a_wrong_value_names_its_key_and_its_source() {
    for (variable, value, says) in [
        (
            "FASTI_DATABASE_URL",
            "mysql://host/db",
            "database_url (FASTI_DATABASE_URL): must start with sqlite:// or postgres://",
        ),
        ("FASTI_LISTEN", "8080", "listen (FASTI_LISTEN): must be HOST:PORT"),
        ("FASTI_PUBLIC_URL", "cal.example.com", "public_url (FASTI_PUBLIC_URL): must be http://"),
        ("FASTI_LIMITS__CONNECTIONS", "many", "limits.connections (FASTI_LIMITS__CONNECTIONS): must be a whole number"),
        ("FASTI_MASTER_KEY", "5ecre7", "master_key"),
    ] {
        let finished = configured(&[(variable, value)], None);
        let line = one_line(&finished, 1);
        assert!(line.contains(says), "{line}");
        assert!(!line.contains("5ecre7"), "a secret is repeated: {line}");
    }
}

#[test]
fn doctor_says_what_to_do_about_a_database_that_is_not_there() {
    let directory = tempfile::tempdir().unwrap();
    let mut command = bare();
    command.arg("doctor").current_dir(directory.path());
    command.env("FASTI_DATABASE_URL", "postgres://fasti:5ecre7@127.0.0.1:1/fasti");
    let finished = finish(command, "");
    assert_eq!(finished.code, Some(1), "{}", finished.stdout);
    let line = finished.stdout.lines().find(|line| line.starts_with("FAIL  database: ")).unwrap();
    assert!(line.contains("is it running"), "{line}");
    assert!(!finished.stdout.contains("5ecre7") && !finished.stderr.contains("5ecre7"), "the password is shown");
}

#[test]
fn the_demo_is_open_at_once_and_leaves_nothing() {
    crate::support::run(async {
        let folder = tempfile::tempdir().unwrap();
        let mut command = bare();
        command.args(["demo", "--listen", "127.0.0.1:0"]).env("TMPDIR", folder.path()).current_dir(folder.path());
        let started = Instant::now();
        let mut demo = Server::spawn(command);
        let told = loop {
            let text = demo.stdout();
            if let Some(line) = text.lines().find_map(|line| line.strip_prefix("FASTI_DEMO_JSON ")) {
                break serde_json::from_str::<Value>(line).unwrap();
            }
            assert!(started.elapsed() < Duration::from_secs(60) && demo.ended().is_none(), "{}", demo.stderr());
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        let base = told["base"].as_str().unwrap();
        while !reqwest::get(format!("{base}/readyz")).await.is_ok_and(|answer| answer.status() == 200) {
            assert!(started.elapsed() < Duration::from_secs(60), "{}", demo.stderr());
        }
        eprintln!("the demo was ready after {:?} (a debug build; the promise is 2 s)", started.elapsed());
        let feeds = told["feeds"].as_array().unwrap();
        assert!(feeds.len() >= 3, "{told}");
        let http = reqwest::Client::new();
        for feed in feeds {
            let url = feed["url"].as_str().unwrap();
            assert!(demo.stdout().matches(url).count() >= 2, "people see it too");
            let answer = Answer::to(http.get(url)).await.unwrap();
            assert_eq!(answer.status, 200);
            assert!(answer.body.starts_with("BEGIN:VCALENDAR\r\n"), "{:.80}", answer.body);
            assert!(
                answer.body.contains("BEGIN:VEVENT\r\n") || answer.body.contains("BEGIN:VFREEBUSY\r\n"),
                "{feed} is empty"
            );
        }
        for (of, payload) in [("feed", "subscribedcalendar"), ("account", "caldav")] {
            let url = told["setup"][of].as_str().unwrap();
            assert!(demo.stdout().matches(url).count() >= 2, "people see it too");
            let answer = Answer::to(http.get(url)).await.unwrap();
            assert!(answer.status == 200 && answer.body.contains(&format!("com.apple.{payload}.account")), "{of}");
        }
        let list = http.get(format!("{base}/api/v1/bookings?limit=3")).bearer_auth(told["token"].as_str().unwrap());
        assert_eq!(Answer::to(list).await.unwrap().json()["items"].as_array().unwrap().len(), 3);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "all it writes is in one folder");
        demo.terminate();
        assert!(demo.wait().await.0.success());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the folder is gone");
    });
}

async fn importing_what_there_is(kind: Kind) {
    let house = House::new(kind).await;
    house.business("salon");
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    file("services.csv", "external_ref,name,duration_minutes\ncut,Imported cut,30\n");
    file("staff.csv", "name,email\nIda,ida@salon.example\n");
    let bookings = file(
        "bookings.csv",
        "external_ref,service,staff,start\nx1,cut,Ida,2027-03-01T09:00\nx2,cut,Ida,2027-03-01T09:15\n",
    );
    let all = folder.path().to_str().unwrap();
    let count = async || house.database.number("SELECT count(*) FROM bookings").await;
    let before = count().await;
    for (arguments, added) in [(&["import", "salon", all, "--dry-run"][..], 0), (&["import", "salon", all], 1)] {
        let finished = house.run(arguments);
        assert_eq!(finished.code, Some(1), "{}", finished.stderr);
        assert!(finished.stdout.contains("bookings: 1 created, 0 changed, 0 unchanged, 1 rejected, 0 skipped"));
        assert!(finished.stderr.contains(&format!("{bookings}:3:1: Ida is not free at 2027-03-01T09:15:00")));
        assert!(finished.stderr.contains("(conflict with x1)\n"), "{}", finished.stderr);
        assert_eq!(count().await, before + added);
    }
    std::fs::write(&bookings, "external_ref,service,staff,start\nx1,cut,Ida,2027-03-01T09:00\n").unwrap();
    let again = house.ok(&["import", "salon", all]);
    assert!(again.contains("bookings: 0 created, 0 changed, 1 unchanged, 0 rejected"), "{again}");
    let closed = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1@x\nDTSTART;VALUE=DATE:20271225\nEND:VEVENT\nEND:VCALENDAR\n";
    let holidays = file("holidays.ics", closed);
    for (created, unchanged) in [(1, 0), (0, 1)] {
        let said = house.ok(&["import", "salon", &holidays, "--as", "holidays"]);
        assert!(said.contains(&format!("blocks: {created} created, 0 changed, {unchanged} unchanged")), "{said}");
        assert_eq!(house.database.number("SELECT count(*) FROM blocks").await, 1);
    }
    assert_eq!(house.run(&["import", "salon", all, "--as", "feasts"]).code, Some(2));
    fails(&house, &["import", "nobody", all], "there is no business \"nobody\"");
    assert_eq!(house.run(&["import", "salon"]).code, Some(2));
}
