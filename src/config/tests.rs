use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::*;

/// A `fasti.toml` with `text`, and flags that name it.
fn file(text: &str) -> (tempfile::TempDir, Flags) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("fasti.toml");
    fs::write(&path, text).unwrap();
    let data_dir = Some(dir.path().join("data"));
    (dir, Flags { config: Some(path), data_dir, ..Flags::default() })
}

fn load(text: &str, variables: &[(&str, &str)]) -> Result<Config, String> {
    let (_dir, flags) = file(text);
    let environment = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::load(&flags, environment).map_err(|error| error.to_string())
}

fn refusal(text: &str, variables: &[(&str, &str)]) -> String {
    load(text, variables).err().unwrap_or_else(|| panic!("accepted: {text} {variables:?}"))
}

#[test]
fn defaults_need_no_file() {
    let config = Config::load(&Flags::default(), []).map_err(|e| e.to_string()).ok().unwrap();
    assert_eq!(config.listen, "127.0.0.1:8080");
    assert_eq!(config.public_url, "http://127.0.0.1:8080");
    assert_eq!(config.database.url.expose(), "sqlite://./fasti-data/fasti.db");
    assert_eq!(config.server.limits.connections, 1024);
    assert!(!config.server.https);
}

#[test]
fn flags_over_environment_over_file_over_defaults() {
    let text =
        "listen = '1.1.1.1:1'\npublic_url = 'https://a.example/'\n[limits]\nconnections = 7\nidle_timeout = '2m'\n";
    let from_file = load(text, &[]).ok().unwrap();
    assert_eq!((from_file.listen.as_str(), from_file.server.limits.connections), ("1.1.1.1:1", 7));
    assert_eq!(from_file.server.limits.idle_timeout, Duration::from_secs(120));
    assert_eq!(from_file.public_url, "https://a.example");
    assert!(from_file.server.https);

    let variables = [("FASTI_LISTEN", "2.2.2.2:2"), ("FASTI_LIMITS__CONNECTIONS", "9"), ("PATH", "/bin")];
    let (_dir, mut flags) = file(text);
    flags.public_url = Some("https://flag.example".to_owned());
    let environment = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let config = Config::load(&flags, environment).ok().unwrap();
    assert_eq!((config.listen.as_str(), config.server.limits.connections), ("2.2.2.2:2", 9));
    assert_eq!(config.public_url, "https://flag.example");
}

#[test]
fn lists_in_both_spellings() {
    let proxy = "10.1.2.3".parse().unwrap();
    for config in [
        load("trusted_proxies = ['10.0.0.0/8', '::1']", &[]),
        load("", &[("FASTI_TRUSTED_PROXIES", "10.0.0.0/8, ::1")]),
    ] {
        assert!(config.ok().unwrap().server.trusted_proxies.contains(proxy));
    }
}

#[test]
fn a_misspelt_key_is_refused_with_the_right_one() {
    for (text, variables, key, meant) in [
        ("listn = 'x'", &[][..], "\"listn\"", "\"listen\""),
        ("[limits]\nconections = 1", &[], "\"limits.conections\"", "\"limits.connections\""),
        ("[log]\nformt = 'json'", &[], "\"log.formt\"", "\"log.format\""),
        ("", &[("FASTI_PUBLIC_ULR", "x")], "\"FASTI_PUBLIC_ULR\"", "\"FASTI_PUBLIC_URL\""),
        ("", &[("FASTI_LIMITS__IDLE_TIMEOT", "1s")], "\"FASTI_LIMITS__IDLE_TIMEOT\"", "\"FASTI_LIMITS__IDLE_TIMEOUT\""),
    ] {
        let said = refusal(text, variables);
        assert!(said.contains(key) && said.contains(meant), "{said}");
    }
    assert!(!refusal("zzz = 1", &[]).contains("did you mean"));
    // Only a secret may be a file.
    refusal("listen_file = '/etc/hostname'", &[]);
    refusal("[limits]", &[]);
}

#[test]
fn variables_that_others_set_are_left_alone() {
    for name in ["FASTI_TEST_PG_URL", "FASTI_SHARED", "FASTI_SERVICE_HOST", "FASTI_PORT", "FASTI_PORT_8080_TCP"] {
        assert!(load("", &[(name, "tcp://10.0.0.1:8080")]).is_ok(), "{name}");
    }
}

#[test]
fn a_wrong_value_is_refused_with_its_key_and_source() {
    for (text, variables, parts) in [
        ("listen = 8080", &[][..], ["listen", "text"]),
        ("listen = '8080'", &[], ["listen", "HOST:PORT"]),
        ("", &[("FASTI_LISTEN", ":8080")], ["FASTI_LISTEN", "HOST:PORT"]),
        ("", &[("FASTI_LIMITS__CONNECTIONS", "many")], ["FASTI_LIMITS__CONNECTIONS", "whole number"]),
        ("[limits]\nconnections = 0", &[], ["limits.connections", "at least 1"]),
        ("[limits]\nconnections = -1", &[], ["limits.connections", "not negative"]),
        ("[limits]\nidle_timeout = 30", &[], ["limits.idle_timeout", "unit"]),
        ("[limits]\nidle_timeout = '30'", &[], ["limits.idle_timeout", "unit"]),
        ("[limits]\nidle_timeout = '0s'", &[], ["limits.idle_timeout", "unit"]),
        ("[limits]\nidle_timeout = '20s'", &[], ["limits.idle_timeout", "limits.request_timeout"]),
        ("[limits]\nhttp2_streams = 5000000000", &[], ["limits.http2_streams", "whole number"]),
        ("trusted_proxies = '10.0.0.0/8'", &[], ["trusted_proxies", "list"]),
        ("trusted_proxies = ['10.0.0.0/99']", &[], ["trusted_proxies", "10.0.0.0/99"]),
        ("database_url = 'mysql://x'", &[], ["database_url", "sqlite://"]),
        ("log.format = 'xml'", &[], ["log.format", "json"]),
        ("public_url = 'https://a.example/path'", &[], ["public_url", "no path"]),
        ("public_url = 'ftp://a.example'", &[], ["public_url", "http://"]),
        ("public_url = 'https://u@a.example'", &[], ["public_url", "user"]),
        ("a = ", &[], ["fasti.toml", "line 1"]),
    ] {
        let said = refusal(text, variables);
        assert!(parts.iter().all(|part| said.contains(part)), "{said}");
    }
    let missing = Flags { config: Some("/nowhere/fasti.toml".into()), ..Flags::default() };
    assert!(Config::load(&missing, []).is_err(), "a file that was named must be there");
}

#[test]
fn secrets_come_from_files_and_never_show() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("url");
    fs::write(&path, "postgres://u:hunter2@h/d\n").unwrap();
    let path = path.to_str().unwrap();
    for config in [load("", &[("FASTI_DATABASE_URL_FILE", path)]), load(&format!("database_url_file = '{path}'"), &[])]
    {
        assert_eq!(config.ok().unwrap().database.url.expose(), "postgres://u:hunter2@h/d");
    }
    refusal("", &[("FASTI_DATABASE_URL_FILE", path), ("FASTI_DATABASE_URL", "sqlite://x")]);
    refusal(&format!("database_url = 'sqlite://x'\ndatabase_url_file = '{path}'"), &[]);
    refusal("", &[("FASTI_DATABASE_URL_FILE", "/nowhere")]);
    for text in ["database_url = 'mysql://u:hunter2@h'", "database_url = 'x:hunter2' oops", "master_key = 'hunter2"] {
        assert!(!refusal(text, &[]).contains("hunter2"), "{}", refusal(text, &[]));
    }
}

#[test]
fn the_master_key_may_be_hex_or_base64() {
    let hex = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eFF";
    let key = |text: &str| load("", &[("FASTI_MASTER_KEY", text)]).ok().unwrap().master_key();
    let check = key(hex).unwrap().check_value();
    for same in ["AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHv8=", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHv8"] {
        for same in [same.to_owned(), same.replace('/', "_"), format!("{same}\n")] {
            assert_eq!(key(&same).unwrap().check_value(), check, "{same}");
        }
    }
    for bad in ["", "hunter2", &hex[1..], "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdH"] {
        let said = key(bad).unwrap_err().to_string();
        assert!(said.contains("32 bytes") && !said.contains("hunter2"), "{said}");
    }
}

#[test]
fn the_master_key_is_made_once_and_only_for_the_owner() {
    let (_dir, flags) = file("");
    let config = Config::load(&flags, []).ok().unwrap();
    let made = config.master_key().unwrap();
    let path = config.data_dir.join("master.key");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(&config.data_dir).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(config.master_key().unwrap().check_value(), made.check_value());
    assert_eq!(fs::read_dir(&config.data_dir).unwrap().count(), 1, "the draft is gone");

    for mode in [0o640, 0o604, 0o660] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        assert!(config.master_key().unwrap_err().to_string().contains("chmod 600"), "{mode:o}");
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&path, "damaged").unwrap();
    assert!(config.master_key().unwrap_err().to_string().contains("backup"));
}

#[test]
fn processes_that_start_at_once_share_one_key() {
    let (_dir, flags) = file("");
    let config = Config::load(&flags, []).ok().unwrap();
    let start = || config.master_key().unwrap().check_value();
    let keys: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(start)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(keys.windows(2).all(|pair| pair[0] == pair[1]), "{keys:?}");
}

#[test]
fn every_key_is_reachable_in_both_places() {
    for key in KEYS {
        let variable = format!("FASTI_{}", key.name.replace('.', "__").to_ascii_uppercase());
        if let Some(said) = load("", &[(&variable, "?")]).err() {
            assert!(!said.contains("not a key"), "{said}");
        }
    }
}

#[test]
fn every_key_is_in_the_manual() {
    let manual = include_str!("../../docs/operations.md");
    for key in super::KEYS {
        assert!(manual.contains(&format!("| `{}`", key.name)), "{} is missing in docs/operations.md", key.name);
    }
}
