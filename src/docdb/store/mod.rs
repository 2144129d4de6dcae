//! SQLite as an ordered store of BSON: the only SQL in the program.
