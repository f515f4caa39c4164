//! Configuration profiles of a running server: the commands that hand out their links and end them, and what OpenSSL says of
//! their signatures.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{Answer, Api, Finished, House, Kind, Server, finish, path_of, run};

on_both!(app_passwords_come_and_go_by_command);

const PERSON: [&str; 11] = [
    "user",
    "create",
    "salon",
    "--name",
    "Ann",
    "--email",
    "ann@salon.example",
    "--role",
    "staff",
    "--username",
    "ann",
];

async fn app_passwords_come_and_go_by_command(kind: Kind) {
    let house = House::new(kind).await;
    house.business("salon");
    house.business("other");
    house.ok(&PERSON);
    let server = house.start().await;
    let api = Api::new(&server.url(), "");
    let made = house.run(&["user", "app-password", "salon", "ann", "--label", "her phone"]);
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    let password = made.stdout.strip_suffix('\n').unwrap();
    let letter = |c: char| c.is_ascii_alphanumeric() || c == '-';
    assert!(password.len() == 49 && password.chars().all(letter), "scripts read it: {:?}", made.stdout);
    let (said, link) = made.stderr.trim_end().rsplit_once(' ').unwrap();
    assert_eq!(said, "On an iPhone, iPad or Mac, open");
    let path = path_of(link);
    assert_eq!(path, format!("/setup/{password}.mobileconfig"));
    assert_eq!(api.fetch(&path).await.status, 200);

    let list = || house.ok(&["user", "app-passwords", "salon", "ann"]);
    let listed = list();
    let fields: Vec<&str> = listed.split('\t').collect();
    let [id, made_at, "her phone", "never used", "active"] = fields[..] else { panic!("{listed}") };
    assert!(id.len() == 36 && made_at.starts_with("20") && made_at.ends_with('Z'), "{listed}");
    assert!(!listed.contains(password), "a password is shown once");
    assert_eq!(log_in(&server, password).await, 207);
    until("its use is noted", async || list().contains("\tused 20")).await;
    house.ok(&["user", "app-password", "salon", "ann"]);
    assert_eq!(list().lines().count(), 2);

    let fails = |arguments: &[&str], with: &str| {
        let finished = house.run(arguments);
        assert!(finished.code == Some(1) && finished.stdout.is_empty(), "{}", finished.stdout);
        assert!(finished.stderr.starts_with("fasti: ") && finished.stderr.contains(with), "{}", finished.stderr);
        assert_eq!(finished.stderr.lines().count(), 1, "{}", finished.stderr);
    };
    fails(&["user", "app-password", "salon", "bob"], "nobody at The salon has the user name \"bob\"");
    fails(&["user", "app-passwords", "salon", "bob"], "nobody at The salon has the user name \"bob\"");
    fails(&["user", "app-passwords", "nobody", "ann"], "there is no business \"nobody\"");
    fails(&["user", "revoke-app-password", "salon", "x"], "\"x\" is not an id");
    // Another business's id is no id.
    fails(&["user", "revoke-app-password", "other", id], "there is no active app password");
    assert_eq!(api.fetch(&path).await.status, 200);
    assert_eq!(house.ok(&["user", "revoke-app-password", "salon", id]), "");
    assert_eq!(api.fetch(&path).await.status, 404, "its link is dead at once");
    fails(&["user", "revoke-app-password", "salon", id], "there is no active app password");
    let listed = list();
    let (ended, others): (Vec<&str>, Vec<&str>) = listed.lines().partition(|line| line.starts_with(id));
    assert!(ended.len() == 1 && ended[0].contains("\trevoked 20"), "{listed}");
    assert!(others.len() == 1 && others[0].ends_with("\tactive"), "{listed}");
    until("the server has forgotten it", async || log_in(&server, password).await == 401).await;

    let open = house.with("FASTI_PUBLIC_URL", "http://cal.fasti.example");
    let made = open.run(&["user", "app-password", "salon", "ann"]);
    assert_eq!(made.stdout.trim_end().len(), 49);
    assert!(made.stderr.contains("over https only") && !made.stderr.contains("/setup/"), "{}", made.stderr);
}

/// Who guesses at links is stopped at the door that takes passwords, too.
#[test]
fn guesses_at_links_are_failed_logins() {
    run(async {
        let house = House::new(Kind::Sqlite).await;
        house.business("salon");
        house.ok(&PERSON);
        let password = house.ok(&["user", "app-password", "salon", "ann"]);
        let server = house.start().await;
        let api = Api::new(&server.url(), "");
        for _ in 0..100 {
            assert_eq!(api.fetch("/setup/x.mobileconfig").await.status, 404);
        }
        assert_eq!(api.fetch("/setup/x.mobileconfig").await.status, 429);
        assert_eq!(log_in(&server, "a guess").await, 429);
        assert_eq!(log_in(&server, &password).await, 207, "nobody guesses an app password: who has it is let in");
    });
}

async fn log_in(server: &Server, password: &str) -> u16 {
    let propfind = reqwest::Method::from_bytes(b"PROPFIND").unwrap();
    let request = reqwest::Client::new().request(propfind, format!("{}/dav/", server.url()));
    Answer::to(request.basic_auth("ann", Some(password)).header("depth", "0")).await.unwrap().status
}

async fn until(what: &str, so: impl AsyncFn() -> bool) {
    let since = Instant::now();
    while !so().await {
        assert!(since.elapsed() < Duration::from_secs(20), "not within 20 s: {what}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Keys and certificates made by OpenSSL: a root, an authority below it, and signers below that.
struct Authority {
    folder: tempfile::TempDir,
}

impl Authority {
    /// `None`, said aloud, where there is no OpenSSL.
    fn new() -> Option<Self> {
        let there = Command::new("openssl").arg("version").stdout(Stdio::null()).status();
        if !there.is_ok_and(|status| status.success()) {
            eprintln!("NOT CHECKED: signatures of profiles. Install openssl.");
            return None;
        }
        let authority = Self { folder: tempfile::tempdir().unwrap() };
        std::fs::write(authority.folder.path().join("ca.ext"), "basicConstraints=critical,CA:TRUE\n").unwrap();
        std::fs::write(authority.folder.path().join("leaf.ext"), "basicConstraints=CA:FALSE\n").unwrap();
        for root in ["root", "stranger"] {
            let words = format!(
                "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN={root} -keyout {root}.key -out {root}.pem"
            );
            authority.ok(&words);
        }
        authority.issue("issuer", "ec -pkeyopt ec_paramgen_curve:P-256", "root", "ca");
        Some(authority)
    }

    /// A key `NAME.key` of that kind, its certificate `NAME.pem`, and that with its issuer's in `NAME.chain`.
    fn issue(&self, name: &str, kind: &str, issuer: &str, what: &str) {
        self.ok(&format!("req -newkey {kind} -nodes -subj /CN={name} -keyout {name}.key -out {name}.csr"));
        self.ok(&format!("x509 -req -in {name}.csr -CA {issuer}.pem -CAkey {issuer}.key -CAcreateserial -days 30 -extfile {what}.ext -out {name}.pem"));
        self.write(
            &format!("{name}.chain"),
            format!("{}{}", self.read(&format!("{name}.pem")), self.read("issuer.pem")),
        );
    }

    fn run(&self, words: &str) -> std::process::Output {
        let words = words.split(' ');
        Command::new("openssl").args(words).current_dir(self.folder.path()).stdin(Stdio::null()).output().unwrap()
    }

    fn ok(&self, words: &str) {
        let done = self.run(words);
        assert!(done.status.success(), "openssl {words}: {}", String::from_utf8_lossy(&done.stderr));
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), bytes).unwrap();
    }

    /// What was signed, if OpenSSL believes it when it knows that root and nothing else.
    fn verified(&self, signed: &[u8], root: &str) -> Option<Vec<u8>> {
        self.write("signed.der", signed);
        let done = self.run(&format!(
            "cms -verify -binary -inform DER -in signed.der -CAfile {root}.pem -no-CApath -purpose any -out content"
        ));
        done.status.success().then(|| std::fs::read(self.path("content")).unwrap())
    }
}

async fn fetched(server: &Server, path: &str) -> Vec<u8> {
    let answer = reqwest::get(format!("{}{path}", server.url())).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "application/x-apple-aspen-config");
    answer.bytes().await.unwrap().to_vec()
}

/// `fasti serve` or `fasti doctor` of an operator who has these two files.
fn signing(house: &House, what: &str, certificate: &str, key: &str) -> Command {
    let mut command = house.command();
    command.arg(what).env("FASTI_SETUP__CERTIFICATE", certificate).env("FASTI_SETUP__KEY", key);
    command
}

#[test]
fn openssl_believes_what_is_signed() {
    let Some(authority) = Authority::new() else { return };
    authority.issue("rsa", "rsa:2048", "issuer", "leaf");
    authority.issue("ec", "ec -pkeyopt ec_paramgen_curve:P-256", "issuer", "leaf");
    authority.ok("rsa -in rsa.key -traditional -out rsa1.key");
    authority.ok("ec -in ec.key -out sec1.key");
    run(async {
        let house = House::new(Kind::Sqlite).await;
        let token = house.business("salon");
        house.ok(&PERSON);
        let plain = house.start().await;
        let feed = Api::new(&plain.url(), &token).subscribe(&json!({ "kind": "team" })).await;
        let feed = feed.replace("/feeds/", "/setup/").replace(".ics", ".mobileconfig");
        let account = format!("/setup/{}.mobileconfig", house.ok(&["user", "app-password", "salon", "ann"]));
        for (certificate, key) in
            [("rsa.chain", "rsa.key"), ("ec.chain", "ec.key"), ("rsa.chain", "rsa1.key"), ("ec.chain", "sec1.key")]
        {
            let server =
                Server::start(signing(&house, "serve", &authority.path(certificate), &authority.path(key))).await;
            for path in [&feed, &account] {
                let (signed, content) = (fetched(&server, path).await, fetched(&plain, path).await);
                assert!(content.starts_with(b"<?xml"), "unsigned without a certificate");
                assert_eq!(authority.verified(&signed, "root"), Some(content.clone()), "{certificate} {key}");
                assert_eq!(authority.verified(&signed, "stranger"), None);
                let at = signed.windows(5).position(|part| part == b"<?xml").unwrap();
                let mut changed = signed.clone();
                changed[at + content.len() / 2] ^= 1;
                assert_eq!(authority.verified(&changed, "root"), None, "a changed profile");
            }
            let missing = reqwest::get(format!("{}/setup/x.mobileconfig", server.url())).await.unwrap();
            assert_eq!(missing.status(), 404);
            assert_eq!(missing.text().await.unwrap(), "There is no calendar at this address.\n");
        }
    });
}

#[test]
fn files_that_do_not_sign_are_refused_at_the_start() {
    let Some(authority) = Authority::new() else { return };
    authority.issue("good", "ec -pkeyopt ec_paramgen_curve:P-256", "issuer", "leaf");
    authority.issue("other", "ec -pkeyopt ec_paramgen_curve:P-256", "issuer", "leaf");
    authority.issue("p384", "ec -pkeyopt ec_paramgen_curve:P-384", "issuer", "leaf");
    authority.issue("short", "rsa:1024", "issuer", "leaf");
    authority.ok("ec -in good.key -aes256 -passout pass:secret -out locked.key");
    authority.write("twice.pem", authority.read("good.pem").repeat(2));
    authority.write("reversed.pem", format!("{}{}", authority.read("issuer.pem"), authority.read("good.pem")));
    let good = authority.read("good.pem");
    let (middle, end) = (good.len() / 2, good.rfind("-----END").unwrap());
    authority.write("damaged.pem", format!("{}\n{}", &good[..28 + 64], &good[end..]));
    authority.write("cut.pem", &good[..middle]);
    run(async {
        let house = House::new(Kind::Sqlite).await;
        for (certificate, key, of, says) in [
            ("nowhere.pem", "good.key", "certificate", "cannot be read: No such file"),
            ("good.pem", "nowhere.key", "key", "cannot be read: No such file"),
            ("good.pem", "other.key", "key", "is not the key of the first certificate (the certificate is "),
            ("reversed.pem", "good.key", "key", "is not the key of the first certificate"),
            ("good.key", "good.key", "certificate", "holds no certificate in PEM"),
            ("twice.pem", "good.key", "certificate", "has a certificate twice"),
            ("damaged.pem", "good.key", "certificate", "has a certificate that cannot be read"),
            ("cut.pem", "good.key", "certificate", "is not PEM"),
            ("good.pem", "good.pem", "key", "holds no private key in PEM"),
            ("good.pem", "locked.key", "key", "an encrypted one has to be decrypted"),
            ("p384.pem", "p384.key", "key", "must be an RSA or an ECDSA P-256 key"),
            ("short.pem", "short.key", "key", "must be an RSA key of 2048 bits or more"),
        ] {
            let (certificate, key) = (authority.path(certificate), authority.path(key));
            let named = if of == "key" { &key } else { &certificate };
            // The doctor first: a server that is content with them would not end.
            let report = finish(signing(&house, "doctor", &certificate, &key), "").stdout;
            assert!(report.contains(&format!("FAIL  profiles: setup.{of}: {named} ")), "{report}");
            let finished = finish(signing(&house, "serve", &certificate, &key), "");
            assert!(refusal(&finished).starts_with(&format!("fasti: setup.{of}: {named} ")), "{}", finished.stderr);
            assert!(refusal(&finished).contains(says), "{}", finished.stderr);
        }
        for (variable, says) in [
            ("FASTI_SETUP__CERTIFICATE", "setup.certificate (FASTI_SETUP__CERTIFICATE): needs setup.key beside it"),
            ("FASTI_SETUP__KEY", "setup.key (FASTI_SETUP__KEY): needs setup.certificate beside it"),
        ] {
            let mut command = house.serve();
            command.env(variable, "x.pem");
            assert_eq!(refusal(&finish(command, "")), format!("fasti: {says}"));
        }
        house.ok(&["migrate"]);
        let good = signing(&house, "doctor", &authority.path("good.pem"), &authority.path("good.key"));
        let report = finish(good, "").stdout;
        assert!(report.contains("ok    profiles: signed, with a certificate that is valid until 20"), "{report}");
        let words = "x509 -req -in good.csr -CA issuer.pem -CAkey issuer.key -CAcreateserial -days -1 -out over.pem";
        if !authority.run(words).status.success() {
            eprintln!("NOT CHECKED: a certificate that is over. This OpenSSL makes none.");
            return;
        }
        let over = signing(&house, "doctor", &authority.path("over.pem"), &authority.path("good.key"));
        let report = finish(over, "").stdout;
        assert!(report.contains("FAIL  profiles: the certificate in setup.certificate is valid from 20"), "{report}");
    });
}

/// The one line of a server that did not start.
fn refusal(finished: &Finished) -> &str {
    assert_eq!((finished.code, finished.stderr.lines().count()), (Some(1), 1), "{}", finished.stderr);
    finished.stderr.trim_end()
}
