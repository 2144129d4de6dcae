//! The emulator's own actions: what only it can do. Signed like the others; the cloud does not know them.

use serde::{Deserialize, Serialize};

use super::control::function::Invoked;
use super::control::{Done, actions};

/// The path under which an emulator takes packages on their way to a function; the object's key follows.
pub const PACKAGES: &str = "/__cloudkit/packages";

/// The path under which an emulator keeps the environment's files, as a bucket: keys follow, and the bare path lists.
pub const OBJECTS: &str = "/__cloudkit/object";

/// The path of the web socket that `watch()` listens on.
pub const REALTIME: &str = "/__cloudkit/realtime";

/// The path whose `DELETE` empties collections; a collection's name may follow.
pub const DOCUMENTS: &str = "/__cloudkit/documents";

/// The path below which snapshots are saved (`PUT`), restored (`POST`) and deleted (`DELETE`) by name.
pub const SNAPSHOTS: &str = "/__cloudkit/snapshots";

/// Calls a function as a mini program's user would.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct InvokeFunction {
    pub function_name: String,
    /// The event as JSON text.
    pub event: String,
    /// Who calls; nobody when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub union_id: Option<String>,
}

/// Starts a function as its timer would.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct FireTrigger {
    pub function_name: String,
    pub trigger_name: String,
    /// The time the function is told, in milliseconds; now when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<i64>,
}

/// Asks how a query would be carried out.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ExplainQuery {
    pub collection_name: String,
    /// The filter as Extended JSON text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// The sort as Extended JSON text: `{"score":-1}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
    /// The projection as Extended JSON text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub projection: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skip: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
}

/// The answer to [`ExplainQuery`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Explained {
    /// The index used; absent for a scan of the collection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<String>,
    #[serde(default)]
    pub bounds: Vec<String>,
    pub keys_examined: u64,
    pub documents_examined: u64,
    pub returned: u64,
    pub sorted_in_memory: bool,
    /// Microseconds.
    pub elapsed: u64,
    /// The index that would serve, when none did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<MissingIndex>,
    /// What the planner could have done, the cheapest by its estimate first.
    #[serde(default)]
    pub alternatives: Vec<Alternative>,
}

/// A way to answer a query.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Alternative {
    /// Absent for a scan of the collection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<String>,
    /// Keys within its bounds, all documents for a scan; large numbers are estimates.
    pub keys: u64,
    /// Whether documents would be sorted in memory.
    pub sorts: bool,
    /// Microseconds.
    pub estimate: u64,
}

/// Lists the indexes that queries missed since the emulator started, and those that none used.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct IndexAdvice {}

/// The answer to [`IndexAdvice`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct MissingIndexes {
    #[serde(default)]
    pub indexes: Vec<MissingIndex>,
    #[serde(default)]
    pub unused: Vec<UnusedIndex>,
}

/// An index that no query used.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct UnusedIndex {
    pub collection_name: String,
    pub index_name: String,
    /// As a person writes them: `score:desc`.
    pub keys: Vec<String>,
    /// Queries that its collection has seen.
    pub queries: u64,
}

/// An index that queries missed.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct MissingIndex {
    pub collection_name: String,
    /// As a person writes them: `score:desc`.
    pub keys: Vec<String>,
    /// Queries that would have used it.
    #[serde(default)]
    pub queries: u64,
    /// The most documents one of them examined.
    #[serde(default)]
    pub documents_examined: u64,
}

/// What a new environment may keep in documents without paying, in bytes (`docs/wire.md#environments`).
pub const FREE_DOCUMENTS: u64 = 1 << 30;
/// The same of files.
pub const FREE_FILES: u64 = 5 << 30;

/// Asks how much room documents and files take.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DescribeUsage {}

/// The answer to [`DescribeUsage`], in bytes.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Usage {
    /// With their indexes.
    pub documents: u64,
    pub files: u64,
}

/// Asks what time it is in the emulator.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DescribeClock {}

/// Moves the emulator's clock, and with it everything that expires or is due.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct MoveClock {
    /// To this time, in milliseconds, where it is held still.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<i64>,
    /// Or so many milliseconds on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<i64>,
    /// Whether what is due on the way fires.
    #[serde(default)]
    pub skip_timers: bool,
}

/// Lets the emulator's clock tell the machine's time again.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ResumeClock {}

/// The emulator's clock.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ClockState {
    /// In milliseconds since 1970.
    pub time: i64,
    /// Whether it stands still.
    pub held: bool,
    /// Milliseconds that it is ahead of the machine's.
    pub offset: i64,
    /// The calls that were due while it moved, in order.
    #[serde(default)]
    pub fired: Vec<FiredTrigger>,
}

/// A timer's call.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct FiredTrigger {
    pub function_name: String,
    pub trigger_name: String,
    /// In milliseconds since 1970.
    pub time: i64,
    pub request_id: String,
    /// Why the function failed; absent when it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Saves the documents, files and permissions of the environment under a name.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SaveSnapshot {
    pub name: String,
    /// Over the snapshot of that name.
    #[serde(default)]
    pub replace: bool,
}

/// Lists what was saved.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListSnapshots {}

/// Puts a saved state in place of the present one.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RestoreSnapshot {
    pub name: String,
}

/// Deletes a saved state.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DeleteSnapshot {
    pub name: String,
}

/// The answer to [`ListSnapshots`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SnapshotList {
    #[serde(default)]
    pub snapshots: Vec<SnapshotDescription>,
}

/// A saved state.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SnapshotDescription {
    pub name: String,
    /// In milliseconds since 1970.
    pub created: i64,
    pub documents: u64,
    pub files: u64,
    pub bytes: u64,
}

/// Writes a test user down.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AddUser {
    pub name: String,
    /// One that follows from the name when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub union_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The address of a picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avatar: Option<String>,
    /// For logging in on web pages by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
}

/// A person of the environment.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct UserDescription {
    pub uid: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub union_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avatar: Option<String>,
    pub anonymous: bool,
    /// In milliseconds since 1970.
    pub created: i64,
}

/// Lists the people of the environment.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListUsers {}

/// The answer to [`ListUsers`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct UserList {
    #[serde(default)]
    pub users: Vec<UserDescription>,
}

/// Lists what the stand-in for WeChat was asked.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListWechatCalls {
    /// All methods when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
}

/// The answer to [`ListWechatCalls`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct WechatCalls {
    #[serde(default)]
    pub calls: Vec<WechatCall>,
}

/// A call of a method of WeChat's.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct WechatCall {
    pub method: String,
    /// The parameters as JSON text, without secrets.
    pub body: String,
    /// In milliseconds since 1970.
    pub time: i64,
    /// 0 for a success.
    pub errcode: i64,
}

/// Forgets what was asked of WeChat, and every prepared answer.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ClearWechatCalls {}

/// Has the next calls of a method answered otherwise.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PrepareWechatAnswer {
    pub method: String,
    /// The failure that is answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub errcode: Option<i32>,
    /// Or fields of a success, as JSON text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    pub times: u64,
}

/// Counts a text as risky until the emulator ends.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AddRiskyText {
    pub text: String,
}

/// Makes a code as `wx.login` hands it out, or the button that asks for a phone number.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct MakeWechatCode {
    pub open_id: String,
    #[serde(default)]
    pub phone: bool,
}

/// Has a person accept subscription messages of a template, as `wx.requestSubscribeMessage` asks; none is a refusal.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GrantSubscription {
    pub open_id: String,
    pub template_id: String,
    pub times: u64,
}

/// The answer to [`MakeWechatCode`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct WechatCode {
    pub code: String,
}

actions! {
    Cloudkit AddUser => UserDescription, once;
    Cloudkit ListUsers => UserList;
    Cloudkit ListWechatCalls => WechatCalls;
    Cloudkit ClearWechatCalls => Done;
    Cloudkit PrepareWechatAnswer => Done, once;
    Cloudkit AddRiskyText => Done;
    Cloudkit MakeWechatCode => WechatCode, once;
    Cloudkit GrantSubscription => Done, once;
    Cloudkit SaveSnapshot => SnapshotDescription, once;
    Cloudkit ListSnapshots => SnapshotList;
    Cloudkit RestoreSnapshot => SnapshotDescription;
    Cloudkit DeleteSnapshot => Done, once;
    Cloudkit InvokeFunction => Invoked, once;
    Cloudkit FireTrigger => Invoked, once;
    Cloudkit ExplainQuery => Explained;
    Cloudkit IndexAdvice => MissingIndexes;
    Cloudkit DescribeUsage => Usage;
    Cloudkit DescribeClock => ClockState;
    Cloudkit MoveClock => ClockState, once;
    Cloudkit ResumeClock => ClockState;
}
