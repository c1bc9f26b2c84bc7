//! What a backup is locked with: a person's passphrase, or a key of this installation.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use age::secrecy::{ExposeSecret, SecretString};
use age::{DecryptError, Decryptor, Encryptor, scrypt, x25519};

use crate::failure::Failure;
use crate::place::Place;
use crate::secret::Secret;

/// scrypt's work: 2 to the power of this, in KiB of memory. 64 MiB, because a school's computer may have no more to
/// spare; a guess costs its finder as much.
const WORK: u8 = 16;
/// The most work that a file may ask for (256 MiB, what the age program itself takes): reading must not be a way to
/// take all memory.
const MOST_WORK: u8 = 18;
/// The shortest passphrase, in characters: whoever has the file may guess for as long as he likes.
pub(crate) const MIN_PASSPHRASE: usize = 12;
/// The longest, in bytes.
const MAX_PASSPHRASE: usize = 1024;
/// The largest file with a key.
const MAX_KEY_BYTES: u64 = 4096;

/// What locks and opens a backup.
pub(crate) enum BackupKey {
    /// A person's passphrase.
    Passphrase(Secret),
    /// The key in a file beside the store.
    Installation(x25519::Identity),
}

impl BackupKey {
    /// Takes a passphrase for a new backup.
    pub(crate) fn new_passphrase(passphrase: &Secret) -> Result<BackupKey, Failure> {
        let text = passphrase.expose();
        if text.chars().count() < MIN_PASSPHRASE || text.len() > MAX_PASSPHRASE {
            return Err(Failure::new("backup.short-passphrase").arg("least", MIN_PASSPHRASE));
        }
        Ok(BackupKey::Passphrase(passphrase.clone()))
    }

    /// Reads a key from a file.
    pub(crate) fn from_file(path: &Path) -> Result<BackupKey, Failure> {
        let missing = || Failure::new("backup.key").arg("file", path.display());
        let mut text = zeroize::Zeroizing::new(String::new());
        let file = File::open(path).map_err(|_| missing())?;
        file.take(MAX_KEY_BYTES).read_to_string(&mut text).map_err(|_| missing())?;
        text.trim().parse().map(BackupKey::Installation).map_err(|_| missing())
    }

    /// The key of this installation's automatic backups, made when it is first wanted.
    pub(crate) fn of_installation(place: &Place) -> Result<BackupKey, Failure> {
        let path = place.backup_key();
        if path.exists() {
            return BackupKey::from_file(&path);
        }
        let identity = x25519::Identity::generate();
        let text = identity.to_string();
        crate::platform::write_private(&path, format!("{}\n", text.expose_secret()).as_bytes())
            .map_err(|_| Failure::new("place.unwritable").arg("place", place.root().display()))?;
        Ok(BackupKey::Installation(identity))
    }

    pub(super) fn encryptor(&self) -> Result<Encryptor, Failure> {
        let recipient: Box<dyn age::Recipient> = match self {
            BackupKey::Passphrase(passphrase) => {
                let mut recipient = scrypt::Recipient::new(text_of(passphrase));
                recipient.set_work_factor(WORK);
                Box::new(recipient)
            }
            BackupKey::Installation(identity) => Box::new(identity.to_public()),
        };
        Encryptor::with_recipients(std::iter::once(recipient.as_ref()))
            .map_err(|_| Failure::new("internal.error").arg("place", "age"))
    }

    /// Opens a file that was locked; the failure names the file.
    pub(super) fn decrypt(&self, path: &Path) -> Result<impl Read + use<>, Failure> {
        let of = |code: &str| Failure::new(code).arg("file", path.display());
        let file = File::open(path).map_err(|_| of("backup.unreadable"))?;
        let told = |error: DecryptError| match error {
            DecryptError::DecryptionFailed => of("backup.passphrase"),
            DecryptError::NoMatchingKeys => of("backup.other-key"),
            DecryptError::UnknownFormat | DecryptError::ExcessiveWork { .. } => of("backup.unknown"),
            _ => of("backup.damaged"),
        };
        let decryptor = Decryptor::new_buffered(BufReader::new(file)).map_err(told)?;
        let identity: Box<dyn age::Identity> = match self {
            BackupKey::Passphrase(passphrase) => {
                let mut identity = scrypt::Identity::new(text_of(passphrase));
                identity.set_max_work_factor(MOST_WORK);
                Box::new(identity)
            }
            BackupKey::Installation(identity) => Box::new(identity.clone()),
        };
        decryptor.decrypt(std::iter::once(identity.as_ref())).map_err(told)
    }
}

/// Whether a file is one that a passphrase opens.
pub(crate) fn is_under_passphrase(path: &Path) -> bool {
    let Ok(file) = File::open(path) else { return false };
    Decryptor::new_buffered(BufReader::new(file)).is_ok_and(|decryptor| decryptor.is_scrypt())
}

fn text_of(secret: &Secret) -> SecretString {
    SecretString::from(secret.expose().to_owned())
}
