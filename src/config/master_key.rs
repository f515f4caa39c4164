use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD};
use zeroize::Zeroize;

use super::ConfigError;
use crate::auth::MasterKey;

const FILE_NAME: &str = "master.key";

/// Reads 64 hexadecimal digits, or base64 of 32 bytes in either alphabet, padded or not.
pub(super) fn parse(text: &str) -> Option<MasterKey> {
    let text = text.trim();
    if text.len() == 64 {
        return MasterKey::from_hex(text).ok();
    }
    let unpadded = text.trim_end_matches('=').as_bytes();
    let mut decoded = BASE64_NOPAD.decode(unpadded).or_else(|_| BASE64URL_NOPAD.decode(unpadded)).ok()?;
    let key = <[u8; 32]>::try_from(decoded.as_slice()).ok().map(MasterKey::from_bytes);
    decoded.zeroize();
    key
}

/// The key in `data_dir`, made when there is none.
pub(super) fn load_or_create(data_dir: &Path) -> Result<MasterKey, ConfigError> {
    let path = data_dir.join(FILE_NAME);
    let failed = |reason: String| ConfigError::MasterKey { path: path.display().to_string(), reason };
    if !path.exists() {
        create(data_dir, &path).map_err(|error| failed(format!("cannot be created: {error}")))?;
    }
    let mut file = File::open(&path).map_err(|error| failed(format!("cannot be read: {error}")))?;
    // Of the opened file, so that nothing changes between the look and the read.
    let mode = file.metadata().map_err(|error| failed(error.to_string()))?.mode();
    if mode & 0o077 != 0 {
        return Err(failed(format!("others may read or write it (mode {:04o}); run chmod 600 on it", mode & 0o7777)));
    }
    let mut text = String::new();
    io::Read::read_to_string(&mut file, &mut text).map_err(|error| failed(format!("cannot be read: {error}")))?;
    let key =
        parse(&text).ok_or_else(|| failed("is not 32 bytes in hex or base64; restore it from a backup".to_owned()));
    text.zeroize();
    key
}

/// Writes a new key beside its place and links it there, so that of two processes which start at once both use one
/// key, and a crash leaves no half of one.
fn create(data_dir: &Path, path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(data_dir)?;
    // Random, because in containers that share a volume every process has the id 1.
    let draft = data_dir.join(format!(".{FILE_NAME}.{:016x}", rand::random::<u64>()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    let written = file.write_all(MasterKey::generate().to_hex().as_bytes()).and_then(|()| file.sync_all());
    let linked = written.and_then(|()| match fs::hard_link(&draft, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    });
    fs::remove_file(&draft)?;
    linked?;
    File::open(data_dir)?.sync_all()
}
