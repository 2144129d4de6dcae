//! What an emulator is started with: resolved, no defaults left to guess.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use crate::api::local::{FREE_DOCUMENTS, FREE_FILES};
pub use crate::docdb::Durability;
use crate::model::clock::{Clock, Ids};
use crate::model::name::EnvId;
use crate::project::Project;

/// The number of the account the environment belongs to: the end of a bucket's name, `tencentcloud_appid` in a function.
pub const ACCOUNT: &str = "1250000001";

/// What becomes of calls that functions make to hosts outside, when no fixture answers them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Outward {
    /// They go out.
    #[default]
    Open,
    /// They are refused, and nothing is dialled.
    Refused,
    /// They go out, and the answers become fixture files.
    Recorded,
}

/// How many bytes documents, with their indexes, and files may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    pub documents: u64,
    pub files: u64,
}

impl Quota {
    /// What a new environment has without paying.
    pub const FREE: Quota = Quota { documents: FREE_DOCUMENTS, files: FREE_FILES };
}

/// Everything an emulator needs to know. It holds a key and the machine's variables, so there is no `Debug`.
#[derive(Clone)]
pub struct Config {
    /// Loopback unless a person said otherwise.
    pub address: IpAddr,
    /// 0 picks a free port.
    pub port: u16,
    pub env_id: EnvId,
    pub region: String,
    /// The mini program's app id, as functions see it in `WX_APPID`.
    pub app_id: String,
    /// Where documents, files and deployed functions live.
    pub data: PathBuf,
    pub durability: Durability,
    /// Collections of more documents than this are not searched without an index.
    pub strict: Option<u64>,
    /// The project that is served: its functions, and what its manifest says of collections and triggers.
    pub project: Arc<Project>,
    /// How much documents and files may take.
    pub quota: Quota,
    /// Whether more is refused.
    pub enforce_quota: bool,
    /// Documents to begin with: a folder of `COLLECTION.jsonl` or `.json` files, or one such file.
    pub seed: Option<PathBuf>,
    /// The `node_modules` in which functions find what their own lack.
    pub shared_modules: Option<PathBuf>,
    /// The local credentials; requests signed with others are refused by the control plane.
    pub secret_id: String,
    pub secret_key: String,
    /// Where the Node inspector of the first function listens; the next get the ports after it. 0 is any free ones.
    pub inspect: Option<u16>,
    /// How much longer a call waits for which a process is started, to feel what the cloud would add.
    pub cold_start: Option<std::time::Duration>,
    /// The variables each function inherits from the machine: `PATH`, `HOME` and the like.
    pub inherited: Vec<(String, String)>,
    pub outward: Outward,
    /// The folder of the certificate authority, when the emulator is a proxy too that speaks TLS under the platform's names.
    pub intercept: Option<PathBuf>,
    /// The same folder, when the port speaks TLS too, under the names of this machine.
    pub https: Option<PathBuf>,
    pub clock: Clock,
    pub ids: Ids,
}
