//! SQLite's own JSON: documents as text, the same two indexes as expressions.

use std::ops::Range;
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, params};

use super::{BATCH, LEVELS, SCORES, Subject, Work, document, id, median_of, page, pick, score, thousand};

pub struct Sqlite {
    connection: Connection,
    inserted: usize,
}

impl Sqlite {
    pub fn new(folder: &Path) -> Self {
        let connection = Connection::open(folder.join("peer.sqlite")).expect("it opens");
        // As our own store has it: what survives a kill is the same.
        connection
            .execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -65536;
                 PRAGMA mmap_size = 1073741824; PRAGMA wal_autocheckpoint = 8000;
                 CREATE TABLE players (id TEXT PRIMARY KEY, body TEXT NOT NULL);
                 CREATE TABLE owners (id TEXT PRIMARY KEY, body TEXT NOT NULL);
                 CREATE INDEX by_score ON players (body ->> '$.score');
                 CREATE INDEX by_level ON players (body ->> '$.level', body ->> '$.score' DESC);
                 WITH RECURSIVE n(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < 999)
                 INSERT INTO owners SELECT printf('o%04d', n), '{\"name\":\"an owner\"}' FROM n;",
            )
            .expect("tables");
        Sqlite { connection, inserted: 0 }
    }

    fn rows(&self, sql: &str, parameters: impl rusqlite::Params) -> usize {
        let mut statement = self.connection.prepare_cached(sql).expect("a statement");
        let mut rows = statement.query(parameters).expect("an answer");
        let mut count = 0;
        while let Some(row) = rows.next().expect("a row") {
            let _: String = row.get(0).expect("a text");
            count += 1;
        }
        count
    }

    fn change(&self, sql: &str, parameters: impl rusqlite::Params) {
        let mut statement = self.connection.prepare_cached(sql).expect("a statement");
        assert_eq!(statement.execute(parameters).expect("changed"), 1);
    }
}

impl Subject for Sqlite {
    fn name(&self) -> &'static str {
        "SQLite JSON"
    }

    fn fill(&mut self, documents: Range<usize>) -> Duration {
        let mut taken = Duration::ZERO;
        let all: Vec<usize> = documents.collect();
        for batch in all.chunks(BATCH) {
            let batch: Vec<_> = batch.iter().map(|n| (id(*n), document(*n))).collect();
            let start = Instant::now();
            self.connection.execute_batch("BEGIN").expect("begun");
            for (id, body) in batch {
                self.change("INSERT INTO players VALUES (?1, ?2)", params![id, body]);
            }
            self.connection.execute_batch("COMMIT").expect("committed");
            taken += start.elapsed();
        }
        taken
    }

    fn measure(&mut self, work: Work, size: usize) -> Option<Duration> {
        let mut inserted = self.inserted;
        let taken = median_of(work, |turn| {
            match work {
            Work::Insert => {
                inserted += 1;
                let body = format!(
                    r#"{{"owner":"o0001","name":"new","level":{},"score":{},"note":"{}"}}"#,
                    turn % LEVELS,
                    score(turn),
                    "x".repeat(150)
                );
                self.change("INSERT INTO players VALUES (?1, ?2)", params![format!("q{inserted}"), body]);
            }
            Work::Get => assert_eq!(
                self.rows("SELECT body FROM players WHERE id = ?1", [id(pick(turn, size))]),
                1
            ),
            Work::Best20 => assert!(
                self.rows(
                    "SELECT body FROM players WHERE body ->> '$.level' = ?1 ORDER BY body ->> '$.score' DESC LIMIT 20",
                    [(turn % LEVELS) as i64],
                ) >= page(size)
            ),
            Work::Range100 => assert_eq!(
                self.rows(
                    "SELECT body FROM players WHERE body ->> '$.score' >= ?1 ORDER BY body ->> '$.score' LIMIT 100",
                    [pick(turn, SCORES / 2) as i64],
                ),
                100
            ),
            Work::Count => {
                let scores = thousand(turn, size);
                self.rows(
                    "SELECT CAST(count(*) AS TEXT) FROM players WHERE body ->> '$.score' >= ?1 AND body ->> '$.score' < ?2",
                    [scores.start as i64, scores.end as i64],
                );
            }
            Work::Update => self.change(
                "UPDATE players SET body = json_set(body, '$.note', ?2) WHERE id = ?1",
                params![id(pick(turn, size)), format!("{turn} {inserted}")],
            ),
            Work::Skip => assert_eq!(
                self.rows(
                    "SELECT body FROM players ORDER BY body ->> '$.score' LIMIT 20 OFFSET ?1",
                    [size as i64 / 10 * 9],
                ),
                20
            ),
            Work::Filter => assert_eq!(
                self.rows(
                    "SELECT body FROM players WHERE body ->> '$.name' = ?1",
                    [format!("player {}", pick(turn, size))],
                ),
                1
            ),
            Work::Group => assert_eq!(
                self.rows(
                    "SELECT CAST(avg(score) AS TEXT) FROM
                         (SELECT body ->> '$.level' level, body ->> '$.score' score FROM players NOT INDEXED LIMIT 100000)
                     GROUP BY level",
                    [],
                ),
                LEVELS
            ),
            Work::Lookup => assert!(
                self.rows(
                    "SELECT players.body, owners.body FROM players
                     LEFT JOIN owners ON owners.id = players.body ->> '$.owner'
                     WHERE players.body ->> '$.level' = ?1 ORDER BY players.body ->> '$.score' DESC LIMIT 20",
                    [(turn % LEVELS) as i64],
                ) >= page(size)
            ),
        }
        });
        self.inserted = inserted;
        Some(taken)
    }
}
