//! A function lives in the emulator's time.

use super::*;

#[tokio::test]
async fn a_moved_clock_is_the_functions_time_and_its_dates_are_dates() {
    let stage = Stage::of(
        "const Kept = Date, before = new Date(0);
         const format = new Intl.DateTimeFormat('en', { year: 'numeric', timeZone: 'UTC' });
         class Day extends Kept {}
         exports.main = async () => {
           const now = new Date();
           return [
             now.toISOString(), Date.now() - now < 60000, Date().includes('2030'), Kept.now() - now < 60000,
             before instanceof Date && now instanceof Kept && now.constructor === Date && new Day(0) instanceof Date,
             Date.length, Date.name, new Date(2020, 1).getFullYear(), new (class extends Date {})().getUTCFullYear(),
             structuredClone(now) instanceof Date, require('util').inspect(now), format.format(),
             format.formatToParts()[0].value, format.format(0), format.format === format.format,
           ].join(' ');
         };",
    );
    let clock = &stage.functions.0.config.clock;
    let real = stage.call("f", "{}").await.expect("an answer");
    clock.hold(1_900_000_000_000);
    let held = stage.call("f", "{}").await.expect("an answer");
    // The function's time runs on from the held one, 17:46:40.
    assert!(held.starts_with("\"2030-03-17T17:4"), "{held}");
    let rest = "true true true true 7 Date 2020 2030 true 2030-03-17T17:4";
    assert!(held.contains(rest), "{held}");
    assert!(held.ends_with("Z 2030 2030 1970 true\""), "{held}");
    clock.resume();
    let resumed = stage.call("f", "{}").await.expect("an answer");
    assert_eq!(resumed.get(..5), real.get(..5));
    stage.functions.stop().await;
}

#[tokio::test]
async fn a_function_that_has_a_clock_of_its_own_keeps_it() {
    let stage = Stage::of(
        "Date.now = () => 7; exports.main = () => [Date.now(), new Date().getUTCFullYear() < 2100];",
    );
    stage.functions.0.config.clock.hold(9_000_000_000_000);
    assert_eq!(stage.call("f", "{}").await.as_deref(), Ok("[7,true]"));
    stage.functions.stop().await;
}
