use super::Failure;
use super::installation::prepare_directory;
use crate::config::Config;
use crate::store;

/// `fasti migrate`
pub(super) fn run(config: &Config) -> Result<(), Failure> {
    let url = config.database.url.expose();
    prepare_directory(url)?;
    let applied = store::migrate(url)?;
    if applied.is_empty() {
        println!("The database is at this version already.");
    }
    for name in applied {
        println!("applied {name}");
    }
    Ok(())
}
