//! No secret and nothing about a person reaches the log, at any level, in either format, nor the metrics; and no
//! client can write to the terminal of whoever reads them.
//!
//! Canaries are planted in every place that is secret or somebody's own, in requests that succeed and in requests that
//! fail; then everything the processes wrote is searched for them.

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Answer, Api, House, Kind, Server, at, finish, path_of};

on_both!(nothing_of_anybody_at_trace_as_text, nothing_of_anybody_at_trace_as_json, nothing_of_anybody_at_debug);

async fn nothing_of_anybody_at_trace_as_text(kind: Kind) {
    watch(kind, "text", "trace").await;
}

async fn nothing_of_anybody_at_trace_as_json(kind: Kind) {
    watch(kind, "json", "trace").await;
}

async fn nothing_of_anybody_at_debug(kind: Kind) {
    watch(kind, "text", "debug").await;
}

/// What must not be found: a name for it, and the text.
#[derive(Default)]
struct Canaries(Vec<(&'static str, String)>);

impl Canaries {
    fn plant(&mut self, what: &'static str, text: &str) -> String {
        self.0.push((what, text.to_owned()));
        text.to_owned()
    }

    /// A token: its middle is enough to give it away.
    fn plant_token(&mut self, what: &'static str, token: &str) {
        self.0.push((what, token[token.len() - 40..token.len() - 20].to_owned()));
    }

    fn search(&self, place: &str, text: &str) {
        let lower = text.to_lowercase();
        for (what, canary) in &self.0 {
            if let Some(found) = lower.find(&canary.to_lowercase()) {
                let line = lower[..found].rfind('\n').map_or(0, |at| at + 1);
                let line: String = text[line..].lines().next().unwrap_or_default().chars().take(400).collect();
                panic!("{what} is in {place}: {line}");
            }
        }
        let odd = text.chars().find(|c| c.is_control() && *c != '\n');
        assert!(odd.is_none(), "a raw {odd:?} is in {place}");
    }
}

async fn watch(kind: Kind, format: &str, filter: &str) {
    let mut canaries = Canaries::default();
    let mut house = House::new(kind).await.with("FASTI_LOG__FORMAT", format).with("FASTI_LOG__FILTER", filter);
    if kind == Kind::Postgres {
        // The test's server trusts everybody; a real one would want this.
        let url = house.database.url().replace("postgres@", "postgres:dbcanarypassword@");
        house = house.with("FASTI_DATABASE_URL", &url);
    }
    canaries.plant("the database's password", "dbcanarypassword");
    canaries.plant("the master key", &house.key);
    let mut server = house.start().await;
    let mut commands = String::new();
    let token = house.business("salon");
    canaries.plant_token("an API token", &token);
    commands += &people(&house, &mut canaries);
    let api = Api::new(&server.url(), &token);
    setup_links(&house, &api, &mut canaries).await;
    let booking = good_requests(&api, &mut canaries).await;
    bad_requests(&api, &mut canaries, &token, &booking).await;
    raw_requests(&server, &canaries, &token, &booking).await;
    broken_database(&house, &api, &booking).await;

    let metrics = api.fetch("/metrics").await;
    assert_eq!(metrics.status, 200);
    assert!(metrics.body.contains("fasti_http_requests_total"));
    server.terminate();
    assert!(server.wait().await.0.success());
    let log = server.stderr();
    assert!(log.lines().filter(|line| line.contains("/feeds/{file}")).count() > 3, "the log is not there:\n{log}");
    assert!(filter != "trace" || log.contains("h2::"), "the HTTP/2 request left no trace");
    assert_eq!(server.stdout(), "");
    canaries.search("the log", &log);
    canaries.search("the metrics", &metrics.body);
    canaries.search("what the commands printed", &commands);
    if format == "json" {
        let broken = log.lines().find(|line| serde_json::from_str::<Value>(line).is_err());
        assert_eq!(broken, None, "a line is not JSON");
    }
}

/// Commands that are given secrets, well and badly.
fn people(house: &House, canaries: &mut Canaries) -> String {
    let password = canaries.plant("a password", "canary-horse-battery");
    let email = canaries.plant("a manager's address", "canaryboss@salon.example");
    let name = canaries.plant("a manager's name", "Canarina Boss");
    let mut printed = String::new();
    for username in ["boss", "boss", "UPPER CASE"] {
        let mut command = house.command();
        command.args(["user", "create", "salon", "--role", "manager", "--name", &name, "--email", &email]);
        command.args(["--username", username, "--password-stdin"]);
        let finished = finish(command, &format!("{password}\n"));
        printed += &finished.stdout;
        printed += &finished.stderr;
    }
    printed
}

/// Links that hold a password, well and badly. The command prints it; that is what it is for.
async fn setup_links(house: &House, api: &Api, canaries: &mut Canaries) {
    let password = house.ok(&["user", "app-password", "salon", "boss"]);
    canaries.plant_token("an app password", &password);
    let feed = api.subscribe(&json!({ "kind": "team" })).await;
    let token = feed.trim_start_matches("/feeds/").trim_end_matches(".ics");
    canaries.plant_token("a feed's token", token);
    for secret in [&*password, token] {
        assert_eq!(api.fetch(&format!("/setup/{secret}.mobileconfig")).await.status, 200);
        for path in [
            format!("/setup/{secret}"),
            format!("/setup/x{secret}.mobileconfig"),
            format!("/setup/x/{secret}.mobileconfig"),
            format!("/setups/{secret}.mobileconfig"),
        ] {
            assert_eq!(api.fetch(&path).await.status, 404);
        }
    }
}

/// What a day brings. A booking, for more requests.
async fn good_requests(api: &Api, canaries: &mut Canaries) -> Value {
    let staff = json!({ "name": canaries.plant("a staff member's name", "Canaryta Staff"),
        "email": canaries.plant("a staff member's address", "canarystaff@salon.example"),
        "username": canaries.plant("a login name", "canarylogin"),
        "password": canaries.plant("a staff member's password", "canary password 2") });
    let staff = api.create("staff", &staff).await;
    let service = json!({ "name": "Cut", "duration_minutes": 30, "staff": [staff] });
    let service = api.create("services", &service).await;
    let booking = json!({ "service": service, "start": at(0),
        "customer": { "name": canaries.plant("a customer's name", "Canaryna O'Guest"),
            "email": canaries.plant("a customer's address", "canaryguest@guest.example"),
            "phone": canaries.plant("a customer's number", "+49 30 73915550") },
        "location": canaries.plant("where somebody lives", "Canary Street 7"),
        "notes": canaries.plant("notes", "canarynotes: allergic"),
        "external_ref": canaries.plant("a reference", "canaryref-17") });
    let key = canaries.plant("an idempotency key", "canary-key-1");
    for _ in 0..2 {
        let request = api.request(Method::POST, "bookings").json(&booking).header("idempotency-key", &key);
        assert_eq!(Answer::to(request).await.unwrap().status, 201);
    }
    let page = api.get("bookings?limit=1").await.json();
    let made = page["items"][0].clone();
    assert!(made["id"].is_string());
    for (what, link) in [("a booking's link", &made["links"]["ics"]), ("a customer's link", &made["links"]["manage"])] {
        let path = path_of(link.as_str().unwrap());
        canaries.plant_token(what, path.trim_end_matches(".ics"));
        assert_eq!(api.fetch(&path).await.status, 200);
        assert_eq!(api.fetch(&format!("{path}x")).await.status, 404);
    }
    for _ in 0..2 {
        let feed = api.subscribe(&json!({ "kind": "team" })).await;
        canaries.plant_token("a feed's token", feed.trim_end_matches(".ics"));
        for path in [feed.clone(), feed.replace(".ics", ".ifb"), format!("{feed}?x=1")] {
            assert_eq!(api.fetch(&path).await.status, 200);
        }
    }
    let reason = canaries.plant("why it was cancelled", "canaryreason");
    let id = made["id"].as_str().unwrap();
    assert_eq!(api.post(&format!("bookings/{id}/cancel"), &json!({ "reason": reason })).await.status, 200);
    json!({ "booking": booking, "id": id, "made": made })
}

/// What goes wrong, with the same canaries in it.
async fn bad_requests(api: &Api, canaries: &mut Canaries, token: &str, booking: &Value) {
    let feed = api.subscribe(&json!({ "kind": "team" })).await;
    let feed_token = feed.trim_start_matches("/feeds/").trim_end_matches(".ics");
    canaries.plant_token("a feed's token", feed_token);
    let ics = path_of(booking["made"]["links"]["ics"].as_str().unwrap());
    let ics_token = ics.trim_start_matches("/ics/").trim_end_matches(".ics");
    // Secrets where they do not belong.
    for path in [
        format!("/feeds/{feed_token}"),
        format!("/feed/{feed_token}.ics"),
        format!("/feeds/x/{feed_token}.ics"),
        format!("/feeds/{feed_token}{feed_token}.ics"),
        format!("/ics/{feed_token}.ics"),
        format!("/manage/{ics_token}/cancel"),
        format!("/api/v1/feeds/{feed_token}"),
        format!("/api/v1/bookings/{ics_token}"),
        format!("/api/v1/{feed_token}"),
        "/api/v1/customers/canaryguest@guest.example".to_owned(),
        format!("/{token}"),
        format!("/readyz?token={token}"),
        format!("/api/v1/bookings?external_ref=canaryref-17&token={token}"),
        "/api/v1/bookings?from=canarynotes:%20allergic".to_owned(),
    ] {
        for method in [Method::GET, Method::DELETE, Method::POST] {
            let request =
                api.plain(method, &path).bearer_auth(token).header("referer", format!("https://x.example{feed}"));
            assert!(Answer::to(request).await.unwrap().status < 500, "{path}");
        }
    }
    for authorization in [
        format!("Bearer {token}x"),
        format!("Bearer {}", &token[..token.len() - 1]),
        format!("Basic {token}"),
        token.to_owned(),
    ] {
        let request = api.plain(Method::GET, "/api/v1/staff").header("authorization", authorization);
        assert_eq!(Answer::to(request).await.unwrap().status, 401);
    }
    // Bodies that are refused for something else than what is secret in them.
    let good = &booking["booking"];
    for (field, wrong) in
        [("start", json!("canarynotes: allergic")), ("service", json!("canaryref-17")), ("x", json!(1))]
    {
        let mut body = good.clone();
        body[field] = wrong;
        assert_eq!(api.post("bookings", &body).await.status, 422);
    }
    let mut customer = good["customer"].clone();
    customer["phone"] = json!("call canaryguest@guest.example");
    assert_eq!(api.post("customers", &customer).await.status, 422);
    let text = good.to_string();
    for body in [&text[..text.len() - 2], "canary-horse-battery", &text.replace(':', ";")] {
        let request =
            api.request(Method::POST, "bookings").header("content-type", "application/json").body(body.to_owned());
        assert_eq!(Answer::to(request).await.unwrap().status, 400);
    }
    let again = api.request(Method::POST, "bookings").json(&json!({})).header("idempotency-key", "canary-key-1");
    assert_eq!(Answer::to(again).await.unwrap().status, 422);
    let twice = json!({ "name": "Canaryta Staff", "email": "canarystaff@salon.example", "username": "canarylogin",
        "password": "canary password 2" });
    assert_eq!(api.post("staff", &twice).await.status, 409);
}

/// What no client library would send.
async fn raw_requests(server: &Server, canaries: &Canaries, token: &str, booking: &Value) {
    let good = booking["booking"].to_string();
    let head = |extra: &str| {
        let length = good.len();
        format!(
            "POST /api/v1/bookings HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-length: {length}\r\n{extra}\r\n"
        )
    };
    for bytes in [
        format!("{}{good}", head("content-type: application/json\r\nuser-agent: \u{9b}31mred\u{202e}\r\n"))
            .into_bytes(),
        format!("{}{good}", head("user-agent: \x1b[31mred\r\n")).into_bytes(),
        format!("{}{good}", head("x-request-id: \x1b]0;canary-key-1\x07\r\n")).into_bytes(),
        format!("{}{}", head(""), &good[..20]).into_bytes(),
        format!("GET /\x1b[31m{token} HTTP/1.1\r\nhost: x\r\n\r\n").into_bytes(),
        format!("\x1b[31m {token} HTTP/1.1\r\nhost: x\r\n\r\n").into_bytes(),
        format!("GET /%1b%5b31m%0a%0d{token} HTTP/1.1\r\nhost: x\r\n\r\n").into_bytes(),
        http2_request(&canaries.0, token),
    ] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(&bytes).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        // It may as well be cut off.
        stream.read_to_end(&mut answer).await.ok();
    }
}

/// One HTTP/2 request (RFC 9113) whose header fields hold every canary, as plain literals (RFC 7541 §6.2.2).
fn http2_request(canaries: &[(&str, String)], token: &str) -> Vec<u8> {
    let mut block = Vec::new();
    let mut field = |name: &str, value: &str| {
        block.push(0);
        for text in [name, value] {
            assert!(text.len() < 127, "a length of one byte");
            block.push(u8::try_from(text.len()).unwrap());
            block.extend_from_slice(text.as_bytes());
        }
    };
    let (_, feed) = canaries.iter().rfind(|(what, _)| what.contains("feed")).unwrap();
    field(":method", "GET");
    field(":scheme", "http");
    field(":authority", "x");
    field(":path", &format!("/feeds/{feed}.ics"));
    field("authorization", &format!("Bearer {token}"));
    for (i, (_, canary)) in canaries.iter().enumerate() {
        field(&format!("x-canary-{i}"), canary);
    }
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    let mut frame = |kind: u8, flags: u8, stream: u8, payload: &[u8]| {
        bytes.extend_from_slice(&u32::try_from(payload.len()).unwrap().to_be_bytes()[1..]);
        bytes.extend_from_slice(&[kind, flags, 0, 0, 0, stream]);
        bytes.extend_from_slice(payload);
    };
    frame(4, 0, 0, &[]);
    frame(1, 0x5, 1, &block);
    bytes
}

/// Requests that the database fails: what it says must not tell what it was given.
async fn broken_database(house: &House, api: &Api, booking: &Value) {
    house.database.execute("ALTER TABLE booking_history RENAME TO lost_history").await;
    let mut body = booking["booking"].clone();
    body["external_ref"] = json!("canaryref-17b");
    body["start"] = json!(at(600));
    assert_eq!(api.post("bookings", &body).await.status, 500);
    house.database.execute("ALTER TABLE lost_history RENAME TO booking_history").await;
    assert_eq!(api.post("bookings", &body).await.status, 201);
}
