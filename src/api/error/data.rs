//! Codes of the SDKs: the text a server sends and the number that `wx.cloud` shows for it. See
//! `docs/wire.md#sdk-error-codes`; the numbers without a text are from WeChat's published list.

use super::Code;

super::table! {
    SYS_ERR = "SYS_ERR" -501001:
        "the service failed" "系统错误",
        "the message after the number says more; look at `cloudkit logs`" "请看错误码后的信息，或查看 `cloudkit logs`";
    SERVER_TIMEOUT = "SERVER_TIMEOUT" -501002:
        "the service took too long" "服务超时",
        "make the request smaller, or try again" "请减小请求规模或重试";
    EXCEED_REQUEST_LIMIT = "EXCEED_REQUEST_LIMIT" -501003:
        "the environment's requests are used up" "请求次数超过环境配额",
        "wait, or choose a larger plan" "请等待配额重置，或升级套餐";
    EXCEED_CONCURRENT_REQUEST_LIMIT = "EXCEED_CONCURRENT_REQUEST_LIMIT" -501004:
        "too many requests at the same time" "并发请求数超过限制",
        "spread the calls out, or choose a larger plan" "请错开请求，或升级套餐";
    INVALID_ENV = "INVALIID_ENV" -501005:
        "the environment does not exist or is not usable" "环境不存在或状态异常",
        "check the id in `cloud.init({ env })`; `cloudkit env list` shows what there is" "请检查 `cloud.init({ env })` 中的环境 ID；用 `cloudkit env list` 查看";
    INVALID_COMMON_PARAM = "INVALID_COMMON_PARAM" -501006:
        "a field every request needs is missing or wrong" "公共参数错误",
        "update the SDK" "请升级 SDK";
    INVALID_PARAM = "INVALID_PARAM" -501007:
        "a parameter is wrong" "参数错误",
        "the text of the error tells which and why" "错误信息中说明了是哪个参数及原因";
    INVALID_REQUEST_SOURCE = "INVALID_REQUEST_SOURCE" -501008:
        "the request came from where it may not" "请求来源不合法",
        "check the app id and the safe domains" "请检查 AppID 与安全域名";
    RESOURCE_NOT_INITIAL = "RESOURCE_NOT_INITIAL" -501009:
        "the resource is not ready" "资源未初始化",
        "open the environment once in the console" "请先在控制台初始化环境";
    DATABASE_REQUEST_FAILED = "DATABASE_REQUEST_FAILED" -502001:
        "the database could not carry out the request" "数据库请求失败",
        "the message says why: a duplicate key, a wrong type, a bad update" "错误信息中说明了原因：重复键、类型错误或更新操作错误";
    DATABASE_INVALID_OPERATOR = "DATABASE_INVALID_OPERRATOR" -502002:
        "the database does not know that operator" "数据库操作符不存在",
        "check the operator's spelling" "请检查操作符拼写";
    DATABASE_PERMISSION_DENIED = "DATABASE_PERMISSION_DENIED" -502003:
        "the collection's permission does not allow this to the caller" "集合权限不允许该操作",
        "`cloudkit logs` has the reason, where the emulator refused; `cloudkit rules get COLLECTION` shows the permission; a cloud function is not bound by it" "被模拟器拒绝时，`cloudkit logs` 中有原因；用 `cloudkit rules get 集合` 查看权限；云函数不受其限制";
    DATABASE_COLLECTION_EXCEED_LIMIT = "DATABASE_COLLECTION_EXCEED_LIMIT" -502004:
        "the environment has as many collections as it may" "集合数量超过限制",
        "drop collections that are not used" "请删除不再使用的集合";
    DATABASE_COLLECTION_NOT_EXIST = "DATABASE_COLLECTION_NOT_EXIST" -502005:
        "the collection does not exist" "集合不存在",
        "create it with `cloudkit db collection add NAME`, or name it in `cloudkit.toml`" "用 `cloudkit db collection add 名称` 创建，或写入 `cloudkit.toml`";
    DATABASE_COLLECTION_ALREADY_EXIST = "DATABASE_COLLECTION_ALREADY_EXIST" 0:
        "the collection exists already" "集合已存在",
        "go on: `createCollection` is needed only once" "可以继续：`createCollection` 只需调用一次";
    DATABASE_DUPLICATE_WRITE = "DATABASE_DUPLICATE_WRITE" 0:
        "a document with that key exists under a unique index" "唯一索引上已存在相同的键",
        "update the document instead, or choose another key" "请改为更新已有文档，或更换键值";
    DATABASE_TRANSACTION_CONFLICT = "DATABASE_TRANSACTION_CONFLICT" 0:
        "another transaction changed the same document" "事务冲突：其他事务修改了同一文档",
        "run the transaction again; `runTransaction` does so by itself" "请重试事务；`runTransaction` 会自动重试";
    STORAGE_REQUEST_FAIL = "STORAGE_REQUEST_FAIL" -503001:
        "the file service could not carry out the request" "存储请求失败",
        "the message says why" "错误信息中说明了原因";
    STORAGE_EXCEED_AUTHORITY = "STORAGE_EXCEED_AUTHORITY" -503002:
        "the storage permission does not allow this to the caller" "存储权限不允许该操作",
        "`cloudkit logs` has the reason, where the emulator refused; `cloudkit rules get --storage` shows the permission" "被模拟器拒绝时，`cloudkit logs` 中有原因；用 `cloudkit rules get --storage` 查看权限";
    STORAGE_FILE_NONEXIST = "STORAGE_FILE_NONEXIST" -503003:
        "the file does not exist" "文件不存在",
        "`cloudkit storage list` shows what is there" "用 `cloudkit storage list` 查看";
    STORAGE_SIGN_PARAM_INVALID = "STORAGE_SIGN_PARAM_INVALID" -503004:
        "the link's signature is wrong or has expired" "文件链接签名错误或已过期",
        "ask for a new link" "请重新获取链接";
    FUNCTIONS_REQUEST_FAIL = "FUNCTIONS_REQUEST_FAIL" -504001:
        "the function could not be called" "云函数调用失败",
        "check that it is deployed: `cloudkit fn list`" "请确认已部署：`cloudkit fn list`";
    FUNCTIONS_EXECUTE_FAIL = "FUNCTIONS_EXECUTE_FAIL" -504002:
        "the function's code failed" "云函数执行失败",
        "the message holds the error; `cloudkit logs` shows where" "错误信息中包含异常；用 `cloudkit logs` 查看位置";
    FUNCTIONS_TIME_LIMIT_EXCEEDED = "FUNCTIONS_TIME_LIMIT_EXCEEDED" -504003:
        "the function ran longer than its time limit" "云函数执行超时",
        "`cloudkit logs` tells what it was waiting for; or raise `timeout`: the default is 3 seconds" "用 `cloudkit logs` 查看它在等待什么；或增大 `timeout`（默认 3 秒）";
    FUNCTIONS_MEMORY_LIMIT_EXCEEDED = "FUNCTIONS_MEMORY_LIMIT_EXCEEDED" 0:
        "the function needed more memory than it has" "云函数内存超过限制",
        "raise `memory`, or handle less at once" "请增大 `memory`，或分批处理";
    FUNCTION_NOT_FOUND_SDK = "FUNCTION_NOT_FOUND" -501000:
        "the function (or another resource) does not exist in this environment" "该环境中没有此云函数或资源",
        "check its name and the environment of `cloud.init`; `cloudkit fn list` shows what is there" "请检查函数名与 `cloud.init` 的环境；用 `cloudkit fn list` 查看";
    EXCEED_MAX_PAYLOAD_SIZE = "EXCEED_MAX_PAYLOAD_SIZE" 0:
        "the request body is larger than HTTP access allows" "HTTP 访问请求体超过限制",
        "text bodies may have 100 KB, others 6 MB; upload files to storage instead" "文本类 100 KB，其他 6 MB；文件请上传到云存储";
    CHECK_LOGIN_FAILED = "CHECK_LOGIN_FAILED" 0:
        "the caller is not logged in" "登录态校验失败",
        "log in again before the call" "请先重新登录";
    PERMISSION_DENIED = "PERMISSION_DENIED" -501023:
        "a security rule refused the call" "安全规则拒绝了该操作",
        "`cloudkit logs` has the reason, where the emulator refused; `cloudkit rules get --functions` shows the rules of functions" "被模拟器拒绝时，`cloudkit logs` 中有原因；用 `cloudkit rules get --functions` 查看函数的规则";
    COLLECTION_PERMISSION_DENIED = "COLLECTION_PERMISSION_DENIED" 0:
        "the collection's permission does not allow this listener" "集合权限不允许该监听",
        "`cloudkit logs` has the reason, where the emulator refused; `cloudkit rules get COLLECTION` shows the permission" "被模拟器拒绝时，`cloudkit logs` 中有原因；用 `cloudkit rules get 集合` 查看权限";
    INVALID_ACCESS_TOKEN = "INVALID_ACCESS_TOKEN" 0:
        "the access token is missing, forged, or another environment's" "访问令牌缺失、无效，或属于其他环境",
        "log in again in this environment; what was kept of another one can be cleared from the browser's storage" "请在本环境重新登录；可清除浏览器存储中其他环境的登录态";
    ACCESS_TOKEN_EXPIRED = "ACCESS_TOKEN_EXPIRED" 0:
        "the access token has expired" "访问令牌已过期",
        "the SDK renews it by itself; a client of your own asks with its refresh token" "SDK 会自动续期；自行实现的客户端请用刷新令牌换取";
    ACCESS_TOKEN_DISABLED = "ACCESS_TOKEN_DISABLED" 0:
        "the login of the access token has ended" "该访问令牌的登录已结束",
        "log in again: the user signed out, or was removed" "请重新登录：用户已退出或已被删除";
    INVALID_REFRESH_TOKEN = "INVALID_REFRESH_TOKEN" 0:
        "the refresh token is another environment's, or was used before" "刷新令牌属于其他环境或已被使用",
        "log in again" "请重新登录";
    REFRESH_TOKEN_EXPIRED = "REFRESH_TOKEN_EXPIRED" 0:
        "the refresh token has expired" "刷新令牌已过期",
        "log in again" "请重新登录";
    AUTH_INVALID_CUSTOM_LOGIN_TICKET = "AUTH_INVALID_CUSTOM_LOGIN_TICKET" 0:
        "the custom ticket is not valid" "自定义登录凭证无效",
        "make it with `auth().createTicket(uid)` for this environment; the message says what is wrong with it" "请为本环境用 `auth().createTicket(uid)` 生成；错误信息中说明了原因";
    AUTH_CUSTOM_USER_ID_HAS_BEEN_BOUND = "AUTH_CUSTOM_USER_ID_HAS_BEEN_BOUND" 0:
        "the custom user id belongs to another account" "该自定义用户 ID 已绑定其他账号",
        "choose another id, or log in as that account" "请更换 ID，或以该账号登录";
    AUTH_LOGIN_FAILED = "AUTH_LOGIN_FAILED" 0:
        "the name or the password is wrong" "用户名或密码错误",
        "check both; `cloudkit user list` shows who there is" "请检查用户名和密码；用 `cloudkit user list` 查看用户";
    PHONE_CODE_NOT_MATCHED = "PHONE_CODE_NOT_MATCHED" 0:
        "the verification code is wrong or has expired" "验证码错误或已过期",
        "ask for a new one; the emulator shows it in its terminal" "请重新获取；模拟器会在终端显示验证码";
    UNSUPPORTED_AUTH_TYPE = "UNSUPPORTED_AUTH_TYPE" 0:
        "the `authorization` header is of a kind that is not read" "不支持该类型的 `authorization` 请求头",
        "send `Bearer` and an access token" "请使用 `Bearer` 加访问令牌";
    DOCUMENT_NOT_FOUND = "DOCUMENT_NOT_FOUND" 0:
        "the document does not exist, or its caller may not see it" "文档不存在，或调用者无权查看",
        "check the id" "请检查文档 ID";
    DATABASE_TRANSACTION_FAIL = "DATABASE_TRANSACTION_FAIL" 0:
        "the transaction does not exist or has ended" "事务不存在或已结束",
        "start it again; it lives for 30 seconds at most" "请重新开始事务";
    UNIMPLEMENTED = "UNIMPLEMENTED" 0:
        "the emulator does not serve this" "模拟器不支持该操作",
        "use the cloud for it" "请在云端使用";
    SIGN_PARAM_INVALID = "SIGN_PARAM_INVALID" 0:
        "the request's signature is wrong" "请求签名无效",
        "check the secret id and the secret key" "请检查 SecretId 与 SecretKey";
    FUNCTION_INVOCATION_FAILED = "FUNCTION_INVOCATION_FAILED" 0:
        "the function's code failed" "云函数执行失败",
        "the message holds the error; `cloudkit logs` shows where" "错误信息中包含异常；用 `cloudkit logs` 查看位置";
    FUNCTION_TIME_LIMIT_EXCEEDED = "FUNCTION_TIME_LIMIT_EXCEEDED" 0:
        "the function ran longer than its time limit" "云函数执行超时",
        "`cloudkit logs` tells what it was waiting for; or raise `timeout`" "用 `cloudkit logs` 查看它在等待什么；或增大 `timeout`";
    FUNCTION_MEMORY_LIMIT_EXCEEDED = "FUNCTION_MEMORY_LIMIT_EXCEEDED" 0:
        "the function needed more memory than it has" "云函数内存超过限制",
        "raise `memory`, or handle less at once" "请增大 `memory`，或分批处理";
    INVALID_PATH = "INVALID_PATH" 0:
        "no function is at this path of HTTP access" "HTTP 访问中没有该路径",
        "name the path under `[gateway]` in `cloudkit.toml`" "请在 `cloudkit.toml` 的 `[gateway]` 中写明路径";
    INVALID_ACTION_SDK = "INVALID_ACTION" 0:
        "the service knows no action of this name" "服务没有该名称的操作",
        "the message names the action; one that the emulator lacks may be there in the cloud" "错误信息中有操作名；模拟器没有的操作，云端可能有";
    NOT_FOUND = "NOT_FOUND" 0:
        "the emulator serves nothing at this path" "模拟器在该路径没有服务",
        "check the path that the message names; `docs/fidelity.md` lists what is only in the cloud" "请检查错误信息中的路径；`docs/fidelity.md` 列出了只在云端有的内容";
    FUNCTIONS_PARAM_INVALID = "FUNCTIONS_PARAM_INVALID" 0:
        "the function cannot take this event" "云函数无法接收该参数",
        "an event is JSON of at most 6 MB; the message says what is wrong with this one" "参数须为不超过 6 MB 的 JSON；错误信息中说明了原因";
    FUNCTION_PARAM_INVALID = "FUNCTION_PARAM_INVALID" 0:
        "the function cannot take this event" "云函数无法接收该参数",
        "an event is JSON of at most 6 MB; the message says what is wrong with this one" "参数须为不超过 6 MB 的 JSON；错误信息中说明了原因";
    FUNCTION_EXCEED_RESOURCE_LIMIT = "FUNCTION_EXCEED_RESOURCE_LIMIT" 0:
        "the function is called more often at the same time than it may be" "云函数的并发调用超过限制",
        "spread the calls out; look for functions that call one another in a circle" "请错开调用；并检查云函数是否相互循环调用";
    CONTAINER_STATE_EXITED = "ContainerStateExited" 0:
        "the function's process ended before its answer, or the server of a web function never listened" "云函数进程在返回前退出，或 Web 云函数的服务没有监听端口",
        "`cloudkit logs` shows what it said; a web function must listen on port 9000, or on that of the variable `PORT`" "请用 `cloudkit logs` 查看其输出；Web 云函数须监听 9000 端口或环境变量 `PORT` 中的端口";
    QUERYID_INVALID_ERROR = "QUERYID_INVALID_ERROR" 0:
        "the service no longer knows this listener, or the events it missed are gone" "服务端已没有该监听，或错过的事件已被清除",
        "call `watch` again: this code ends the listener" "请重新调用 `watch`：该错误会结束监听";
    SIGN_INVALID_ERROR = "SIGN_INVALID_ERROR" 0:
        "the login of a listener's connection is not valid" "监听连接的登录签名无效",
        "SDKs log in again by themselves, twice at most; then call `watch` again" "SDK 会自动重新登录，最多两次；仍失败时请重新调用 `watch`";
    SIGN_EXPIRED_ERROR = "SIGN_EXPIRED_ERROR" 0:
        "the request's signature has expired" "请求签名已过期",
        "set the machine's clock" "请校准本机时间";
}

/// Writes the codes that exist as numbers only.
macro_rules! numbers {
    ($($number:literal: $en:literal $zh:literal, $do_en:literal $do_zh:literal;)*) => {
        pub(super) const NUMBERS: &[Code] = &[
            $(Code { wire: "", number: $number, meaning: [$en, $zh], remedy: [$do_en, $do_zh] },)*
        ];
    };
}

numbers! {
    -1: "the call failed in a way the SDK has no number for" "通用错误，SDK 未归类",
        "read the text after it" "请看后面的错误信息";
    -401001: "the mini program may not use this API" "无权使用该 API",
        "check that cloud development is opened for this app id" "请确认该 AppID 已开通云开发";
    -401002: "a parameter is wrong" "API 参数错误",
        "the text of the error tells which and why" "错误信息中说明了是哪个参数及原因";
    -401003: "a parameter has the wrong type" "API 参数类型错误",
        "the text of the error tells which and why" "错误信息中说明了是哪个参数及原因";
    -402001: "the data refers to itself" "数据存在循环引用",
        "pass plain objects" "请传入普通对象";
    -402002: "a watch could not be started" "监听初始化失败",
        "check the permission and the query of the watch" "请检查权限与监听条件";
    -402003: "a watch could not reconnect" "监听重连失败",
        "check the network; start the watch again" "请检查网络并重新监听";
    -402004: "a watch could not be rebuilt" "监听重建失败",
        "start the watch again" "请重新监听";
    -402005: "a watch could not be closed" "监听关闭失败",
        "nothing to do: it ends with the page" "无需处理，页面关闭时会结束";
    -402006: "the server ended a watch with an error" "服务端返回监听错误",
        "read the message" "请看错误信息";
    -402007: "a watch received data it cannot use" "监听收到非法数据",
        "update the SDK" "请升级 SDK";
    -402008: "the connection of a watch failed" "监听连接异常",
        "check the network; start the watch again" "请检查网络并重新监听";
    -402009: "the connection of a watch was closed" "监听连接断开",
        "start the watch again" "请重新监听";
    -402010: "a watch lost events" "监听事件校验失败",
        "start the watch again" "请重新监听";
    -402011: "a watch failed for an unknown reason" "监听未知错误",
        "start the watch again" "请重新监听";
    -403001: "the file is larger than an upload may be" "上传文件超过大小限制",
        "make it smaller" "请减小文件";
    -404001: "the function's answer was empty" "云函数返回为空",
        "try again" "请重试";
    -404005: "the function did not answer while the client kept asking" "轮询次数过多，云函数未返回",
        "make the function faster, or answer early" "请优化云函数耗时";
    -404007: "the service refused the call" "基础服务返回错误",
        "read the text after it" "请看后面的错误信息";
    -404010: "the function's answer is no longer there" "云函数结果已过期",
        "call again" "请重新调用";
    -404011: "the function's code failed" "云函数执行失败",
        "the text holds the error; `cloudkit logs` shows where" "错误信息中包含异常；用 `cloudkit logs` 查看位置";
    -404012: "the function did not answer in time" "云函数调用超时",
        "`cloudkit logs` tells what it was waiting for; or raise `timeout`" "用 `cloudkit logs` 查看它在等待什么；或增大 `timeout`";
    -501015: "the environment's database reads are used up" "数据库读请求超过配额",
        "wait, or choose a larger plan" "请等待配额重置，或升级套餐";
    -501016: "the environment's database writes are used up" "数据库写请求超过配额",
        "wait, or choose a larger plan" "请等待配额重置，或升级套餐";
    -501017: "the environment's disk is full" "存储容量已满",
        "delete what is not needed" "请清理不再使用的数据";
    -501018: "the resource cannot be used at present" "资源不可用",
        "check the environment's state in the console" "请在控制台检查环境状态";
    -501019: "the caller may not do this" "未授权的操作",
        "check the permission" "请检查权限";
    -501020: "a parameter is not known" "存在未知参数",
        "check its spelling" "请检查参数名拼写";
    -501021: "the operation is not supported" "不支持该操作",
        "read the text after it" "请看后面的错误信息";
    -502010: "the database operation failed" "数据库操作失败",
        "read the text after it" "请看后面的错误信息";
    -502011: "the database operation took too long" "数据库操作超时",
        "`cloudkit db explain` shows whether an index is missing" "用 `cloudkit db explain` 检查是否缺少索引";
    -502012: "the document could not be inserted" "插入文档失败",
        "read the text after it" "请看后面的错误信息";
    -502013: "the collection could not be created" "创建集合失败",
        "read the text after it" "请看后面的错误信息";
    -502014: "the documents could not be deleted" "删除文档失败",
        "read the text after it" "请看后面的错误信息";
    -502015: "the query failed" "查询失败",
        "read the text after it" "请看后面的错误信息";
    -601001: "WeChat's service failed" "微信后台系统错误",
        "try again" "请重试";
    -601002: "a parameter is wrong, or the environment does not exist" "参数错误或环境不存在",
        "check the id in `cloud.init({ env })`" "请检查 `cloud.init({ env })` 中的环境 ID";
    -601003: "the network failed inside WeChat" "微信后台网络错误",
        "try again" "请重试";
    -604001: "the answer or the event is larger than WeChat allows" "数据超过微信允许的大小",
        "pass a file id instead of the data" "请改为传递文件 ID";
    -604100: "there is no such WeChat API" "API 不存在",
        "check the name after `cloud.openapi.`" "请检查 `cloud.openapi.` 后的名称";
    -604101: "the function may not call this WeChat API" "云函数没有权限调用该 API",
        "name it under `permissions.openapi` in the function's `config.json` and deploy again" "请在云函数 `config.json` 的 `permissions.openapi` 中声明并重新部署";
    -604102: "the WeChat API took too long" "微信 API 超时",
        "try again" "请重试";
    -604103: "the WeChat API failed inside" "微信 API 系统错误",
        "try again" "请重试";
    -605101: "the query of cloud ids failed" "查询失败",
        "ask the client for a fresh cloudID" "请让客户端重新获取 cloudID";
    -606001: "WeChat's service failed" "微信后台系统错误",
        "try again" "请重试";
}
