use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::keys::{self, Kind};
use super::{ConfigError, Flags};

/// Variables of Fasti's name that are not keys: the tests' own, and those that Kubernetes sets in every container
/// beside a service called "fasti".
const FOREIGN_VARIABLES: [&str; 5] = ["TEST_", "SHARED", "SERVICE_", "PORT_", "PORT"];

/// What is wrong with a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Another type.
    #[error("must be {0}")]
    Type(&'static str),
    /// Too small.
    #[error("must be at least {0}")]
    TooSmall(usize),
    /// Not `host:port`.
    #[error("must be HOST:PORT, such as 127.0.0.1:8080 or [::]:8080")]
    Listen,
    /// Not an origin.
    #[error("must be http:// or https:// and a host, with no path, user or query, such as https://book.example.org")]
    PublicUrl,
    /// Another database.
    #[error("must start with sqlite:// or postgres://")]
    DatabaseUrl,
    /// Not 32 bytes.
    #[error("must be 32 bytes, as 64 hexadecimal digits or as base64")]
    MasterKey,
    /// Slow answers would be cut off.
    #[error("must be more than a second longer than limits.request_timeout, or slow answers would be cut off")]
    IdleTooShort,
    /// Of two that belong together the other is missing.
    #[error("needs {0} beside it")]
    Alone(&'static str),
    /// Both the value and the file that holds it.
    #[error("is given both as a value and as a file; choose one")]
    Twice,
    /// What a parser said.
    #[error("{0}")]
    Other(String),
}

impl Problem {
    pub(super) fn other(error: impl std::fmt::Display) -> Self {
        Self::Other(error.to_string())
    }
}

enum Value {
    Text(String),
    Number(usize),
    List(Vec<String>),
}

/// Every key that is set, with the value that wins and where it came from.
#[derive(Default)]
pub(super) struct Settings(BTreeMap<&'static str, (Value, String)>);

impl Settings {
    pub(super) fn collect(
        flags: &Flags,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let variables: BTreeMap<_, _> =
            environment.into_iter().filter(|(name, _)| name.starts_with("FASTI_")).collect();
        let mut settings = Self::default();
        let named = flags.config.clone().or_else(|| variables.get("FASTI_CONFIG").map(PathBuf::from));
        match named {
            Some(path) => settings.add_file(&path)?,
            None if Path::new("fasti.toml").exists() => settings.add_file(Path::new("fasti.toml"))?,
            None => {}
        }
        settings.add_environment(&variables)?;
        settings.add_flags(flags);
        Ok(settings)
    }

    fn add_file(&mut self, path: &Path) -> Result<(), ConfigError> {
        let file = |reason: String| ConfigError::File { path: path.display().to_string(), reason };
        let text = std::fs::read_to_string(path).map_err(|error| file(error.to_string()))?;
        // The parser's own text would show the offending line, which may hold a secret.
        let table: toml::Table = toml::from_str(&text).map_err(|error| {
            let line = error.span().map_or(0, |span| text[..span.start].matches('\n').count() + 1);
            file(format!("line {line}: {}", error.message().lines().next().unwrap_or("not TOML")))
        })?;
        let mut layer = Layer::new(path.display().to_string());
        flatten(String::new(), table, &mut |name, value| layer.add_toml(name, value))?;
        self.0.extend(layer.values);
        Ok(())
    }

    fn add_environment(&mut self, variables: &BTreeMap<String, String>) -> Result<(), ConfigError> {
        for (variable, text) in variables {
            let name = variable.trim_start_matches("FASTI_");
            let foreign = FOREIGN_VARIABLES.iter().any(|it| name == *it || (it.ends_with('_') && name.starts_with(it)));
            if foreign || name == "CONFIG" {
                continue;
            }
            let mut layer = Layer::new(variable.clone());
            layer.add_text(&name.to_ascii_lowercase().replace("__", "."), variable, text)?;
            if let Some(value_variable) = variable.strip_suffix("_FILE").filter(|it| variables.contains_key(*it)) {
                return Err(layer.problem(value_variable, Problem::Twice));
            }
            self.0.extend(layer.values);
        }
        Ok(())
    }

    fn add_flags(&mut self, flags: &Flags) {
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        for (name, flag, value) in [
            ("listen", "--listen", flags.listen.clone()),
            ("public_url", "--public-url", flags.public_url.clone()),
            ("database_url", "--database-url", flags.database_url.clone()),
            ("data_dir", "--data-dir", path(&flags.data_dir)),
        ] {
            if let Some(value) = value {
                self.0.insert(name, (Value::Text(value), flag.to_owned()));
            }
        }
    }

    /// The error that says `problem` about the value of `key`.
    pub(super) fn problem(&self, key: &str, problem: Problem) -> ConfigError {
        let source_name = self.0.get(key).map_or("default", |(_, source)| source);
        ConfigError::Value { key: key.to_owned(), source_name: source_name.to_owned(), problem }
    }

    pub(super) fn text(&self, key: &str) -> Result<Option<&str>, ConfigError> {
        match self.0.get(key) {
            None => Ok(None),
            Some((Value::Text(text), _)) => Ok(Some(text)),
            Some(_) => Err(self.problem(key, Problem::Type("text"))),
        }
    }

    pub(super) fn list(&self, key: &str) -> Result<Option<&[String]>, ConfigError> {
        match self.0.get(key) {
            None => Ok(None),
            Some((Value::List(list), _)) => Ok(Some(list)),
            Some(_) => Err(self.problem(key, Problem::Type("a list of texts"))),
        }
    }

    /// Replaces `target` when the key is set to a number not smaller than `least`.
    pub(super) fn at_least<N>(&self, key: &str, least: usize, target: &mut N) -> Result<(), ConfigError>
    where
        N: TryFrom<usize>,
    {
        let Some((value, _)) = self.0.get(key) else { return Ok(()) };
        let wrong = || self.problem(key, Problem::Type("a whole number"));
        let Value::Number(number) = value else { return Err(wrong()) };
        if *number < least {
            return Err(self.problem(key, Problem::TooSmall(least)));
        }
        *target = N::try_from(*number).map_err(|_| wrong())?;
        Ok(())
    }

    /// Replaces `target` when the key is set.
    pub(super) fn duration(&self, key: &str, target: &mut Duration) -> Result<(), ConfigError> {
        if let Some(text) = self.text(key)? {
            let wrong = || self.problem(key, Problem::Type("a time with its unit, such as 500ms, 30s, 15m, 2h or 1d"));
            *target = parse_duration(text).ok_or_else(wrong)?;
        }
        Ok(())
    }
}

/// What one source says.
struct Layer {
    source: String,
    values: BTreeMap<&'static str, (Value, String)>,
}

impl Layer {
    const fn new(source: String) -> Self {
        Self { source, values: BTreeMap::new() }
    }

    fn problem(&self, key: &str, problem: Problem) -> ConfigError {
        ConfigError::Value { key: key.to_owned(), source_name: self.source.clone(), problem }
    }

    /// Finds the key: itself, or the secret one whose file is named. `written` is how the source spells it.
    fn resolve(&self, name: &str, written: &str) -> Result<(&'static keys::Key, bool), ConfigError> {
        if let Some(key) = keys::find(name) {
            return Ok((key, false));
        }
        let of_file = name.strip_suffix("_file").and_then(keys::find).filter(|key| key.secret);
        of_file.map(|key| (key, true)).ok_or_else(|| {
            let nearest =
                keys::nearest(name).map(|known| if written == name { known.to_owned() } else { variable_of(known) });
            ConfigError::Unknown { key: written.to_owned(), source_name: self.source.clone(), nearest }
        })
    }

    fn add(&mut self, key: &'static keys::Key, value: Value) -> Result<(), ConfigError> {
        if self.values.insert(key.name, (value, self.source.clone())).is_some() {
            return Err(self.problem(key.name, Problem::Twice));
        }
        Ok(())
    }

    fn add_text(&mut self, name: &str, written: &str, text: &str) -> Result<(), ConfigError> {
        let (key, is_file) = self.resolve(name, written)?;
        let value = match key.kind {
            _ if is_file => Value::Text(self.read_secret(key, text)?),
            Kind::Text | Kind::Duration => Value::Text(text.to_owned()),
            Kind::List => {
                Value::List(text.split(',').map(|it| it.trim().to_owned()).filter(|it| !it.is_empty()).collect())
            }
            Kind::Number => {
                Value::Number(text.trim().parse().map_err(|_| self.problem(key.name, Problem::Type("a whole number")))?)
            }
        };
        self.add(key, value)
    }

    fn add_toml(&mut self, name: &str, value: toml::Value) -> Result<(), ConfigError> {
        let (key, is_file) = self.resolve(name, name)?;
        let wrong = |expected| self.problem(key.name, Problem::Type(expected));
        let value = match (key.kind, value) {
            (_, toml::Value::String(path)) if is_file => Value::Text(self.read_secret(key, &path)?),
            (Kind::Text | Kind::Duration, toml::Value::String(text)) => Value::Text(text),
            (Kind::Text, _) => return Err(wrong("text, in quotes")),
            (Kind::Duration, _) => return Err(wrong("a time with its unit, such as \"30s\"")),
            (Kind::Number, toml::Value::Integer(number)) => {
                Value::Number(usize::try_from(number).map_err(|_| wrong("a whole number, not negative"))?)
            }
            (Kind::Number, _) => return Err(wrong("a whole number, without quotes")),
            (Kind::List, toml::Value::Array(items)) => {
                let texts = items.into_iter().map(|item| item.as_str().map(str::to_owned));
                Value::List(texts.collect::<Option<_>>().ok_or_else(|| wrong("a list of texts in quotes"))?)
            }
            (Kind::List, _) => return Err(wrong("a list of texts, such as [\"10.0.0.0/8\"]")),
        };
        self.add(key, value)
    }

    /// The content of a secret's file. White space at its end is the editor's, not the secret's.
    fn read_secret(&self, key: &keys::Key, path: &str) -> Result<String, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| self.problem(&format!("{}_file", key.name), Problem::Other(format!("{path}: {error}"))))?;
        Ok(text.trim_end().to_owned())
    }
}

fn variable_of(name: &str) -> String {
    format!("FASTI_{}", name.replace('.', "__").to_ascii_uppercase())
}

/// Calls `leaf` with the dotted name of everything in `table` that is not a table itself.
fn flatten<E>(
    prefix: String,
    table: toml::Table,
    leaf: &mut impl FnMut(&str, toml::Value) -> Result<(), E>,
) -> Result<(), E> {
    for (name, value) in table {
        let name = if prefix.is_empty() { name } else { format!("{prefix}.{name}") };
        match value {
            // An empty table under an unknown name is a mistake too.
            toml::Value::Table(inner) if !inner.is_empty() => flatten(name, inner, leaf)?,
            other => leaf(&name, other)?,
        }
    }
    Ok(())
}

fn parse_duration(text: &str) -> Option<Duration> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().ok()?;
    let seconds = |each: u64| number.checked_mul(each).map(Duration::from_secs);
    let duration = match unit {
        "ms" => Some(Duration::from_millis(number)),
        "s" => seconds(1),
        "m" => seconds(60),
        "h" => seconds(3600),
        "d" => seconds(86_400),
        _ => None,
    }?;
    // Zero would mean "at once" here and "never" elsewhere; a year is as good as never.
    (Duration::from_millis(1)..=Duration::from_secs(366 * 86_400)).contains(&duration).then_some(duration)
}
