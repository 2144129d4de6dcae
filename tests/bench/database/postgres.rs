//! PostgreSQL's JSONB, where `psql` reaches a server by its usual variables (`PGHOST`, `PGUSER`, …).
//!
//! Operations run inside the server, in a loop of its own language: the way there and back is not counted.

use std::io::Write;
use std::ops::Range;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::{BATCH, LEVELS, SCORES, Subject, Work, document, id};

/// Everything lies in a schema of its own, dropped at the end.
const SCHEMA: &str = "cloudkit_bench";

pub struct Postgres;

impl Postgres {
    pub fn connect() -> Option<Self> {
        let tables = format!(
            "DROP SCHEMA IF EXISTS {SCHEMA} CASCADE; CREATE SCHEMA {SCHEMA};
             CREATE TABLE {SCHEMA}.players (number bigserial, id text PRIMARY KEY, body jsonb NOT NULL);
             CREATE TABLE {SCHEMA}.owners (id text PRIMARY KEY, body jsonb NOT NULL);
             CREATE INDEX ON {SCHEMA}.players ((body->'score'));
             CREATE INDEX ON {SCHEMA}.players ((body->'level'), (body->'score') DESC);
             INSERT INTO {SCHEMA}.owners
                 SELECT 'o' || lpad(n::text, 4, '0'), '{{\"name\":\"an owner\"}}' FROM generate_series(0, 999) n;"
        );
        match psql(&tables) {
            Some(_) => Some(Postgres),
            None => {
                println!("  (no PostgreSQL server answers `psql`; its rows are left out)");
                None
            }
        }
    }
}

/// Runs statements and returns what they print; nothing when there is no server.
fn psql(sql: &str) -> Option<String> {
    let mut child = Command::new("psql")
        .args(["-X", "-q", "-A", "-t", "-w", "-v", "ON_ERROR_STOP=1"])
        .env("PGOPTIONS", "-c client_min_messages=warning -c synchronous_commit=off")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    child.stdin.take()?.write_all(sql.as_bytes()).ok()?;
    let output = child.wait_with_output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

impl Subject for Postgres {
    fn name(&self) -> &'static str {
        "PostgreSQL JSONB"
    }

    fn fill(&mut self, documents: Range<usize>) -> Duration {
        if documents.is_empty() {
            return Duration::ZERO;
        }
        let mut sql = String::new();
        let all: Vec<usize> = documents.collect();
        for batch in all.chunks(BATCH) {
            sql += &format!("COPY {SCHEMA}.players (id, body) FROM STDIN;\n");
            batch.iter().for_each(|n| sql += &format!("{}\t{}\n", id(*n), document(*n)));
            sql += "\\.\n";
        }
        let start = Instant::now();
        psql(&sql).expect("loaded");
        let taken = start.elapsed();
        psql(&format!("VACUUM ANALYZE {SCHEMA}.players;")).expect("analysed");
        taken
    }

    fn measure(&mut self, work: Work, size: usize) -> Option<Duration> {
        let pick = |size: usize| format!("((turn::bigint * 7919 + 13) % {size})");
        let some_id = format!("'p' || lpad((({} * 7919) % 100000007)::text, 8, '0')", pick(size));
        let level = format!("to_jsonb(turn % {LEVELS})");
        let statement = match work {
            Work::Insert => format!(
                "INSERT INTO players (id, body) VALUES ('q' || nextval('inserted'), jsonb_build_object('owner', 'o0001',
                 'name', 'new', 'level', turn % {LEVELS}, 'score', turn, 'note', repeat('x', 150)))"
            ),
            Work::Get => format!("PERFORM body::text FROM players WHERE id = {some_id}"),
            Work::Best20 => format!(
                "PERFORM body::text FROM players WHERE body->'level' = {level} ORDER BY body->'score' DESC LIMIT 20"
            ),
            Work::Range100 => format!(
                "PERFORM body::text FROM players WHERE body->'score' >= to_jsonb({}) ORDER BY body->'score' LIMIT 100",
                pick(SCORES / 2)
            ),
            Work::Count => {
                let width = SCORES / (size / 1_000).max(1);
                let low = pick(SCORES - width + 1);
                format!(
                    "PERFORM count(*) FROM players
                     WHERE body->'score' >= to_jsonb({low}) AND body->'score' < to_jsonb({low} + {width})"
                )
            }
            Work::Update => format!(
                "UPDATE players SET body = jsonb_set(body, '{{note}}', to_jsonb(turn)) WHERE id = {some_id}"
            ),
            Work::Skip => {
                format!("PERFORM body::text FROM players ORDER BY body->'score' LIMIT 20 OFFSET {}", size / 10 * 9)
            }
            Work::Filter => {
                format!("PERFORM body::text FROM players WHERE body->>'name' = 'player ' || {}", pick(size))
            }
            Work::Group => "PERFORM avg((body->>'score')::float) FROM (SELECT body FROM players LIMIT 100000) it
                 GROUP BY body->'level'"
                .into(),
            Work::Lookup => format!(
                "PERFORM players.body::text, owners.body::text FROM players
                 LEFT JOIN owners ON owners.id = players.body->>'owner' WHERE players.body->'level' = {level}
                 ORDER BY players.body->'score' DESC LIMIT 20"
            ),
        };
        let times = work.times();
        let micros = psql(&format!(
            "SET search_path = {SCHEMA}; CREATE SEQUENCE IF NOT EXISTS inserted; CREATE TEMP TABLE taken (micros float);
             CREATE PROCEDURE pg_temp.measure() LANGUAGE plpgsql AS $$
             DECLARE start timestamptz; all_taken float[] := '{{}}';
             BEGIN
                 FOR turn IN 0..{times} LOOP
                     start := clock_timestamp();
                     {statement};
                     all_taken := all_taken || extract(epoch FROM clock_timestamp() - start) * 1e6;
                 END LOOP;
                 INSERT INTO taken SELECT unnest(all_taken);
             END $$;
             CALL pg_temp.measure();
             SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY micros) FROM taken;"
        ))?;
        Some(Duration::from_secs_f64(micros.parse::<f64>().ok()? / 1e6))
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let _ = psql(&format!("DROP SCHEMA {SCHEMA} CASCADE;"));
    }
}
