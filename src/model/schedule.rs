//! Seven-field cron in UTC+8: parse, explain, next time after.
