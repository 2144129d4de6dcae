//! Opening a file: its lock, its settings, its format; telling a database from something else.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize};
use std::sync::{Arc, Mutex, OnceLock, RwLock};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::group::Group;
use super::seal::{self, Doubt};
use super::{Catalogue, Readers, Store, exchange, log};
use crate::docdb::{Durability, Error, Result};

/// Marks a file as ours in SQLite's header ("ckdb").
const APPLICATION: i32 = 0x636b_6462;
/// The layout this program writes. A file of a newer one is refused.
const FORMAT: i32 = 3;
/// KiB of page cache. Filled only as pages are used.
const WRITER_CACHE: i64 = 64 * 1024;
const READER_CACHE: i64 = 16 * 1024;
/// Bytes of the file that reads may reach through a mapping instead of copies.
const MAPPED: i64 = 1 << 30;
/// Pages of write-ahead log before they move into the file.
pub(super) const CHECKPOINT_PAGES: i64 = 8000;
/// The same while much is loaded: commit upon commit changes the same pages of indexes, which then move once for several.
pub(super) const LOAD_CHECKPOINT_PAGES: i64 = 32_000;
/// Bytes the log keeps after a checkpoint; a long transaction may have let it grow beyond.
const LARGEST_LOG: i64 = 64 << 20;
/// How long a lock that somebody holds is asked for.
const LOCK_PATIENCE: Duration = Duration::from_secs(2);

impl Store {
    /// Opens or creates the file and takes the writer's lock. An ephemeral store lives in a temporary folder beside it.
    ///
    /// # Errors
    /// Another process holds the lock; the file is damaged, not ours, or of a newer format.
    pub fn open(path: &Path, durability: Durability) -> Result<Self> {
        let beside_it = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(beside_it)?;
        let folder = match durability {
            Durability::Ephemeral => Some(tempfile::tempdir_in(beside_it)?),
            Durability::Normal | Durability::Full => None,
        };
        let path = match &folder {
            Some(folder) => folder.path().join("documents.sqlite"),
            None => path.to_owned(),
        };
        let lock = take_lock(&path)?;
        exchange::clear(&path)?;
        refuse_foreign(&path)?;
        refuse_lone_log(&path)?;
        let has_log = log::is_left(&path);
        let doubt = Doubt::about(&path, has_log)?;
        if doubt != Doubt::None {
            // Until the examination is over: a refused file is as suspect the next time.
            seal::doubt(&path)?;
        }
        // Opening the file takes what is behind damage away.
        let lost_commits = if has_log { log::lost_commits(&path)? } else { 0 };
        let writer = writer(&path, durability)?;
        prepare_format(&writer)?;
        if doubt == Doubt::Now {
            check(&writer)?;
        }
        let catalogue = Catalogue::load(&writer)?;
        let group = match durability {
            Durability::Full => Some(Group::open(&beside(&path, "-wal"))?),
            Durability::Ephemeral | Durability::Normal => None,
        };
        let file = File::open(&path)?;
        Ok(Store {
            readers: Mutex::new(Readers::default()),
            writer: Mutex::new(writer),
            catalogue: RwLock::new(Arc::new(catalogue)),
            group,
            path,
            durability,
            doubt,
            lost_commits,
            damage: OnceLock::new(),
            seal: OnceLock::new(),
            epoch: AtomicU64::new(0),
            commits: AtomicU64::new(0),
            reads: AtomicUsize::new(0),
            checkpoint: AtomicI64::new(CHECKPOINT_PAGES),
            file: Mutex::new(file),
            _lock: lock,
            _folder: folder,
        })
    }
}

/// Opens the connection that writes.
pub(super) fn writer(path: &Path, durability: Durability) -> Result<Connection> {
    connect(path, durability, WRITER_CACHE)
}

/// Opens one more connection for reading.
pub(super) fn reader(path: &Path, durability: Durability) -> Result<Connection> {
    let connection = connect(path, durability, READER_CACHE)?;
    leave_log(&connection)?;
    Ok(connection)
}

/// Has a connection leave the log alone when it is the last one that is closed.
pub(super) fn leave_log(connection: &Connection) -> Result<()> {
    Ok(connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).map(|_| ())?)
}

pub(super) fn take_lock(path: &Path) -> Result<File> {
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(beside(path, ".lock"))?;
    let begun = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            // A holder that was just closed may have a child between fork and exec, which has the lock a moment longer.
            Err(TryLockError::WouldBlock) if begun.elapsed() < LOCK_PATIENCE => {
                std::thread::sleep(Duration::from_millis(2));
            }
            Err(TryLockError::WouldBlock) => return Err(Error::Locked),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
    }
}

/// Refuses to start empty beside a log whose file was moved away: the newest commits may be in it alone.
fn refuse_lone_log(path: &Path) -> Result<()> {
    let log = beside(path, "-wal");
    if path.exists() || fs::metadata(&log).map_or(0, |it| it.len()) == 0 {
        return Ok(());
    }
    let name = log.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Err(Error::Damaged { detail: format!("it is gone, and its log `{name}` is there: move that one too") })
}

/// Refuses a file that SQLite did not write, before SQLite could take it for an empty one.
pub(super) fn refuse_foreign(path: &Path) -> Result<()> {
    let mut start = Vec::new();
    match File::open(path) {
        Ok(file) => file.take(16).read_to_end(&mut start)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    match &start[..] {
        b"SQLite format 3\0" => Ok(()),
        // SQLite would make a new database of it, and throw away a log of writes that lies beside it.
        b"" => Err(Error::Damaged { detail: "it is empty".into() }),
        _ => Err(Error::Damaged { detail: "it does not begin as a database does".into() }),
    }
}

fn connect(path: &Path, durability: Durability, cache: i64) -> Result<Connection> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.set_prepared_statement_cache_capacity(256);
    let synchronous = match durability {
        Durability::Ephemeral => "OFF",
        // Of a full one the group flushes the log.
        Durability::Normal | Durability::Full => "NORMAL",
    };
    // First of all: making a new file durable costs several flushes, and an ephemeral one needs none.
    connection.pragma_update(None, "synchronous", synchronous)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "cache_size", -cache)?;
    connection.pragma_update(None, "mmap_size", MAPPED)?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    connection.pragma_update(None, "journal_size_limit", LARGEST_LOG)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(connection)
}

/// Lays out a new file; checks that an old one is of a known layout.
pub(super) fn prepare_format(connection: &Connection) -> Result<()> {
    let application: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let format: i32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    match (application, format) {
        (0, 0) if tables == 0 => create(connection),
        (APPLICATION, FORMAT) => Ok(()),
        (APPLICATION, found) => Err(Error::OtherFormat { found, known: FORMAT }),
        _ => Err(Error::Damaged { detail: "it is another program's database".into() }),
    }
}

fn create(connection: &Connection) -> Result<()> {
    Ok(connection.execute_batch(&format!(
        "BEGIN IMMEDIATE;
         CREATE TABLE collections (
             number INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, checksum INTEGER NOT NULL,
             documents INTEGER NOT NULL DEFAULT 0, size INTEGER NOT NULL DEFAULT 0);
         CREATE TABLE indexes (
             number INTEGER PRIMARY KEY AUTOINCREMENT, collection INTEGER NOT NULL,
             definition BLOB NOT NULL, checksum INTEGER NOT NULL, multikey INTEGER NOT NULL DEFAULT 0);
         PRAGMA application_id = {APPLICATION};
         PRAGMA user_version = {FORMAT};
         COMMIT;"
    ))?)
}

pub(super) fn check(connection: &Connection) -> Result<()> {
    let verdict: String = connection.pragma_query_value(None, "quick_check", |row| row.get(0))?;
    if verdict == "ok" { Ok(()) } else { Err(Error::Damaged { detail: verdict }) }
}

/// Waits until the names in the folder of a file are on the disk, where a folder can be flushed.
pub(super) fn flush_names(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// Removes a file that need not be there.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}
