//! Cloud API 3.0 at both ends: our client, real HTTP, the emulator.

mod database;
mod env;
mod function;
mod local;
mod log;
mod migration;
mod permission;
mod trigger;
mod wire;

use cloudkit::cloud::credentials::Credentials;
use cloudkit::cloud::{Client, Endpoint, Error};
use cloudkit::model::clock::Ids;

use crate::support::emulator::Sandbox;

/// Returns a client that holds the emulator's own key.
pub fn client(sandbox: &Sandbox) -> Client {
    client_with(sandbox, "localkey")
}

fn client_with(sandbox: &Sandbox, secret_key: &str) -> Client {
    let endpoint = Endpoint {
        emulator: Some(sandbox.emulator.url().to_owned()),
        env_id: "local".into(),
        region: "ap-shanghai".into(),
    };
    let credentials =
        Credentials { secret_id: "AKIDlocal".into(), secret_key: secret_key.into(), token: None };
    Client::new(endpoint, credentials, sandbox.clock.clone(), Ids::counting(1)).expect("a client")
}

/// Expects a refusal and returns its code.
#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    let error = result.expect_err("it is refused");
    error.code().unwrap_or_else(|| panic!("not a refusal: {error}")).to_owned()
}
