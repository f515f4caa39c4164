use std::collections::BTreeMap;

use reqwest::Method;

use super::{Answer, House};

/// A person's calendar program at one server.
#[derive(Clone)]
pub(crate) struct Dav {
    http: reqwest::Client,
    base: String,
    username: String,
    password: String,
}

/// A collection as a reader has it: addresses and entity tags.
pub(crate) type Shadow = BTreeMap<String, String>;

impl Dav {
    /// Adds a member of the staff who has a calendar program; their id, and the program.
    pub(crate) fn of_new_staff(house: &House, business: &str, username: &str, base: &str) -> (String, Self) {
        let email = format!("{username}@salon.example");
        let person = ["--name", username, "--email", &email, "--role", "staff", "--username", username];
        let id = house.ok(&[&["user", "create", business][..], &person].concat());
        let password = house.ok(&["user", "app-password", business, username]);
        let (http, base, username) = (reqwest::Client::new(), base.to_owned(), username.to_owned());
        (id, Self { http, base, username, password })
    }

    /// The same program at another server.
    pub(crate) fn at(&self, base: &str) -> Self {
        Self { base: base.to_owned(), ..self.clone() }
    }

    /// The path of one of this person's calendars.
    pub(crate) fn calendar(&self, name: &str) -> String {
        format!("/dav/calendars/{}/{name}/", self.username)
    }

    /// Makes a calendar; its path.
    pub(crate) async fn make(&self, name: &str) -> String {
        let path = self.calendar(name);
        let made = self.send("MKCALENDAR", &path, &[], "").await;
        assert_eq!(made.status, 201, "{}", made.body);
        path
    }

    /// A request whose answer must come.
    pub(crate) async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        self.ask(method, path, headers, body).await.unwrap_or_else(|error| panic!("{method} {path}: {error:?}"))
    }

    /// A request that the server may not live to answer.
    pub(crate) async fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<Answer, reqwest::Error> {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let url = format!("{}{path}", self.base);
        let mut request = self.http.request(method, url).basic_auth(&self.username, Some(&self.password));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answer::to(request.body(body.to_owned())).await
    }

    /// Asks what of a calendar changed since `token`, and makes `shadow` so; the new token.
    pub(crate) async fn sync(
        &self,
        calendar: &str,
        token: &str,
        shadow: &mut Shadow,
    ) -> Result<String, reqwest::Error> {
        let body = format!(
            r#"<D:sync-collection xmlns:D="DAV:"><D:sync-token>{token}</D:sync-token><D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop></D:sync-collection>"#
        );
        let told = self.ask("REPORT", calendar, &[("depth", "0")], &body).await?;
        assert_eq!(told.status, 207, "{}", told.body);
        for response in told.body.split("<D:response>").skip(1) {
            let href = between(response, "<D:href>", "</D:href>").unwrap();
            match between(response, "<D:getetag>", "</D:getetag>") {
                Some(tag) => shadow.insert(href.to_owned(), tag.replace("&quot;", "\"")),
                None => shadow.remove(href),
            };
        }
        Ok(between(&told.body, "<D:sync-token>", "</D:sync-token>").unwrap().to_owned())
    }

    /// What a calendar has now.
    pub(crate) async fn listed(&self, calendar: &str) -> Shadow {
        let body = r#"<D:propfind xmlns:D="DAV:"><D:prop><D:getetag/></D:prop></D:propfind>"#;
        let listed = self.send("PROPFIND", calendar, &[("depth", "1")], body).await;
        assert_eq!(listed.status, 207, "{}", listed.body);
        let member = |response: &str| {
            let part = |open, close| between(response, open, close).unwrap().to_owned();
            (part("<D:href>", "</D:href>"), part("<D:getetag>", "</D:getetag>").replace("&quot;", "\""))
        };
        listed.body.split("<D:response>").skip(2).map(member).collect()
    }
}

fn between<'a>(text: &'a str, open: &str, close: &str) -> Option<&'a str> {
    text.split_once(open).map(|(_, rest)| rest.split_once(close).unwrap().0)
}

/// An event from one time to another, both as [`utc`] writes them.
pub(crate) fn event(uid: &str, (start, end): (&str, &str), summary: &str) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\nBEGIN:VEVENT\r\nUID:{uid}\r\nDTSTAMP:20260801T080000Z\r\n\
         DTSTART:{start}\r\nDTEND:{end}\r\nSUMMARY:{summary}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}

/// The same time as [`super::at`] in the form of iCalendar.
pub(crate) fn utc(minutes: i64) -> String {
    super::at(minutes).replace(['-', ':'], "")
}

/// The object of a booking as a program sends it after it was dragged to these minutes.
pub(crate) fn dragged(served: &str, (start, end): (i64, i64)) -> String {
    let line = |line: &str| match line.split([';', ':']).next() {
        Some("DTSTART") => format!("DTSTART:{}\r\n", utc(start)),
        Some("DTEND") => format!("DTEND:{}\r\n", utc(end)),
        _ => format!("{line}\r\n"),
    };
    let (head, event) = served.split_once("BEGIN:VEVENT\r\n").expect("the object of a booking");
    let event: String = event.lines().map(line).collect();
    format!("{head}BEGIN:VEVENT\r\n{event}")
}
