//! Codes of Tencent Cloud API 3.0: common ones, then those of tcb and scf. See
//! `docs/wire.md#cloud-api-envelope`.

super::table! {
    // Who asks.
    INVALID_AUTHORIZATION = "AuthFailure.InvalidAuthorization" 0:
        "the `Authorization` header cannot be read" "请求头 `Authorization` 无法解析",
        "sign requests with TC3-HMAC-SHA256; SDKs and `cloudkit` do it for you" "请使用 TC3-HMAC-SHA256 签名；SDK 与 `cloudkit` 会自动完成";
    INVALID_SECRET_ID = "AuthFailure.InvalidSecretId" 0:
        "the SecretId is not one for this kind of call" "SecretId 不是云 API 密钥类型",
        "run `cloudkit login` with a key from the console's API key page" "请使用控制台“API 密钥”页面中的密钥执行 `cloudkit login`";
    SECRET_ID_NOT_FOUND = "AuthFailure.SecretIdNotFound" 0:
        "the SecretId does not exist" "SecretId 不存在",
        "check the key: it may be deleted or disabled; `cloudkit whoami` shows where it comes from" "请检查密钥是否已删除或禁用；`cloudkit whoami` 会显示密钥来源";
    SIGNATURE_FAILURE = "AuthFailure.SignatureFailure" 0:
        "the signature does not match the request: the SecretKey is wrong" "签名与请求不符：SecretKey 不正确",
        "run `cloudkit login` again and paste the SecretKey that belongs to the SecretId" "请重新执行 `cloudkit login`，填写与 SecretId 对应的 SecretKey";
    SIGNATURE_EXPIRE = "AuthFailure.SignatureExpire" 0:
        "the signature is more than five minutes old, or from the future" "签名时间与服务器时间相差超过 5 分钟",
        "set this machine's clock: turn on automatic time" "请校准本机时间，开启自动同步";
    TOKEN_FAILURE = "AuthFailure.TokenFailure" 0:
        "the temporary token is wrong or has expired" "临时密钥的 Token 错误或已过期",
        "run `cloudkit login` again" "请重新执行 `cloudkit login`";
    MFA_FAILURE = "AuthFailure.MFAFailure" 0:
        "the account wants a second factor for this" "该操作需要多因素认证",
        "do it in the console, or use a sub-account's key with the right policy" "请在控制台操作，或使用具备相应策略的子账号密钥";
    AUTH_UNAUTHORIZED = "AuthFailure.UnauthorizedOperation" 0:
        "the account may not do this" "账号无权执行该操作",
        "ask the account's owner for a policy such as QcloudTCBFullAccess" "请联系主账号授权，例如策略 QcloudTCBFullAccess";
    UNAUTHORIZED = "UnauthorizedOperation" 0:
        "the account may not do this" "账号无权执行该操作",
        "ask the account's owner for a policy such as QcloudTCBFullAccess" "请联系主账号授权，例如策略 QcloudTCBFullAccess";
    AUTH_FAILURE = "AuthFailure" 0:
        "the request could not be authenticated" "请求鉴权失败",
        "run `cloudkit login` again" "请重新执行 `cloudkit login`";
    IP_IN_BLACKLIST = "IpInBlacklist" 0:
        "the account refuses this address" "当前 IP 在账号黑名单中",
        "change the account's access list in the console" "请在控制台调整访问控制";
    IP_NOT_IN_WHITELIST = "IpNotInWhitelist" 0:
        "the account allows only other addresses" "当前 IP 不在账号白名单中",
        "add this machine's address to the account's access list" "请将本机 IP 加入白名单";
    // What is asked.
    INVALID_ACTION = "InvalidAction" 0:
        "there is no action of that name" "接口不存在",
        "check `X-TC-Action` and `X-TC-Version`; the emulator serves a part of the cloud's actions" "请检查 `X-TC-Action` 与 `X-TC-Version`；模拟器只提供云端接口的一部分";
    ACTION_OFFLINE = "ActionOffline" 0:
        "the action was withdrawn" "接口已下线",
        "use a newer version of the tool" "请升级工具版本";
    NO_SUCH_VERSION = "NoSuchVersion" 0:
        "the service has no such version" "接口版本不存在",
        "check `X-TC-Version`" "请检查 `X-TC-Version`";
    NO_SUCH_PRODUCT = "NoSuchProduct" 0:
        "there is no such service" "产品不存在",
        "check the host" "请检查请求域名";
    INVALID_REQUEST = "InvalidRequest" 0:
        "the request cannot be read" "请求格式错误",
        "send a JSON object by POST, or parameters by GET" "请以 POST 发送 JSON 对象，或以 GET 发送参数";
    INVALID_PARAMETER = "InvalidParameter" 0:
        "a parameter is wrong" "参数错误",
        "the message names the parameter" "错误信息中给出了参数名";
    INVALID_PARAMETER_VALUE = "InvalidParameterValue" 0:
        "a parameter has a value that is not allowed" "参数取值错误",
        "the message names the parameter" "错误信息中给出了参数名";
    MISSING_PARAMETER = "MissingParameter" 0:
        "a parameter is missing" "缺少必填参数",
        "the message names the parameter" "错误信息中给出了参数名";
    UNKNOWN_PARAMETER = "UnknownParameter" 0:
        "a parameter is not known" "存在未知参数",
        "check its spelling" "请检查参数名拼写";
    UNSUPPORTED_OPERATION = "UnsupportedOperation" 0:
        "the operation is not possible here" "不支持该操作",
        "the message says what is possible instead" "错误信息中说明了支持的做法";
    UNSUPPORTED_PROTOCOL = "UnsupportedProtocol" 0:
        "only HTTPS GET and POST are served" "只支持 HTTPS 的 GET 与 POST",
        "check the client's settings" "请检查客户端设置";
    UNSUPPORTED_REGION = "UnsupportedRegion" 0:
        "the service does not run in that region" "该地域不支持此服务",
        "set `region` of the environment: ap-shanghai, ap-guangzhou, ap-beijing or ap-singapore" "请设置环境的 `region`：ap-shanghai、ap-guangzhou、ap-beijing 或 ap-singapore";
    REQUEST_SIZE = "RequestSizeLimitExceeded" 0:
        "the request is too large" "请求体超过大小限制",
        "send large packages through temporary storage, as `cloudkit deploy` does" "较大的代码包请经由临时存储上传，`cloudkit deploy` 会自动处理";
    RESPONSE_SIZE = "ResponseSizeLimitExceeded" 0:
        "the answer would be too large" "响应超过大小限制",
        "ask for less at once: use a limit and pages" "请减少单次返回的数据，使用分页";
    // Too much.
    REQUEST_LIMIT = "RequestLimitExceeded" 0:
        "too many requests in a second" "请求频率超过限制",
        "wait a moment; `cloudkit` tries again by itself" "请稍候；`cloudkit` 会自动重试";
    LIMIT_EXCEEDED = "LimitExceeded" 0:
        "a quota is used up" "超过配额限制",
        "delete what is not needed, or raise the quota in the console" "请清理不再使用的资源，或在控制台提升配额";
    LIMIT_FUNCTIONS = "LimitExceeded.Function" 0:
        "the environment has as many functions as it may" "云函数数量超过限制",
        "delete functions that are not used" "请删除不再使用的云函数";
    LIMIT_TRIGGERS = "LimitExceeded.Trigger" 0:
        "the function has as many triggers as it may" "触发器数量超过限制",
        "delete triggers that are not used" "请删除不再使用的触发器";
    LIMIT_TIMEOUT = "LimitExceeded.Timeout" 0:
        "the time limit asked for is too long" "超时时间超过上限",
        "choose 1 to 900 seconds" "请设置为 1 到 900 秒";
    LIMIT_MEMORY = "LimitExceeded.Memory" 0:
        "there is no memory left in the quota" "内存配额不足",
        "lower `memory` of some functions" "请降低部分云函数的 `memory`";
    OUT_OF_TABLES = "LimitExceeded.OutOfTableQuota" 0:
        "the environment has as many collections as it may" "集合数量超过配额",
        "drop collections that are not used" "请删除不再使用的集合";
    OUT_OF_INDEXES = "LimitExceeded.OutOfIndexQuota" 0:
        "the collection has as many indexes as it may" "索引数量超过配额",
        "drop indexes that are not used" "请删除不再使用的索引";
    OUT_OF_READS = "LimitExceeded.OutOfReadRequestQuota" 0:
        "today's reads are used up" "读请求配额已用完",
        "wait until tomorrow, or choose a larger plan" "请等待配额重置，或升级套餐";
    RESULT_SIZE = "LimitExceeded.OutOfResultSizeLimit" 0:
        "the result is too large" "查询结果超过大小限制",
        "ask for fewer documents or fewer fields" "请减少返回的文档数或字段";
    CONCURRENT = "LimitExceeded.Concurrent" 0:
        "too many requests at the same time" "并发请求超过限制",
        "wait a moment and try again" "请稍后重试";
    // What is there, and what is not.
    RESOURCE_NOT_FOUND = "ResourceNotFound" 0:
        "the thing named does not exist" "资源不存在",
        "check its name and the environment" "请检查名称与环境";
    FUNCTION_NOT_FOUND = "ResourceNotFound.Function" 0:
        "the function does not exist in this environment" "该环境中没有此云函数",
        "`cloudkit fn list` shows what is there; `cloudkit deploy` puts it there" "用 `cloudkit fn list` 查看，用 `cloudkit deploy` 部署";
    FUNCTION_NAME_NOT_FOUND = "ResourceNotFound.FunctionName" 0:
        "the function does not exist in this environment" "该环境中没有此云函数",
        "`cloudkit fn list` shows what is there; `cloudkit deploy` puts it there" "用 `cloudkit fn list` 查看，用 `cloudkit deploy` 部署";
    TRIGGER_NOT_FOUND = "ResourceNotFound.Trigger" 0:
        "the function has no such trigger" "云函数没有此触发器",
        "`cloudkit trigger list` shows what is there" "用 `cloudkit trigger list` 查看";
    ENV_NOT_FOUND = "ResourceNotFound.EnvNotExist" 0:
        "the environment does not exist, or belongs to another account" "环境不存在，或不属于当前账号",
        "`cloudkit env list` shows the account's environments" "用 `cloudkit env list` 查看账号下的环境";
    TABLE_NOT_FOUND = "ResourceNotFound.TableNotFound" 0:
        "the collection does not exist" "集合不存在",
        "create it with `cloudkit db collection add NAME`" "用 `cloudkit db collection add 名称` 创建";
    TABLE_NOT_FOUND_OLD = "ResourceNotFound.Table" 0:
        "the collection does not exist" "集合不存在",
        "create it with `cloudkit db collection add NAME`" "用 `cloudkit db collection add 名称` 创建";
    INDEX_NOT_FOUND = "ResourceNotFound.Index" 0:
        "the collection has no such index" "集合没有此索引",
        "`cloudkit db index list` shows what is there" "用 `cloudkit db index list` 查看";
    USER_NOT_FOUND = "ResourceNotFound.UserNotExists" 0:
        "the account has never used CloudBase" "账号尚未开通云开发",
        "open CloudBase once in the console" "请先在控制台开通云开发";
    RESOURCE_IN_USE = "ResourceInUse" 0:
        "the thing exists already, or is being used" "资源已存在或正被占用",
        "choose another name, or wait" "请更换名称或稍候";
    FUNCTION_IN_USE = "ResourceInUse.Function" 0:
        "a function of that name exists" "同名云函数已存在",
        "update it instead: `cloudkit deploy` does" "请改为更新，`cloudkit deploy` 会自动处理";
    FUNCTION_NAME_IN_USE = "ResourceInUse.FunctionName" 0:
        "a function of that name exists" "同名云函数已存在",
        "update it instead: `cloudkit deploy` does" "请改为更新，`cloudkit deploy` 会自动处理";
    TRIGGER_IN_USE = "ResourceInUse.Trigger" 0:
        "the function has a trigger of that name" "云函数已有同名触发器",
        "delete it first, or choose another name" "请先删除，或更换名称";
    INDEX_CREATING = "ResourceInUse.IndexCreating" 0:
        "an index is still being built" "索引正在创建中",
        "wait until it is done" "请等待创建完成";
    RESOURCE_UNAVAILABLE = "ResourceUnavailable" 0:
        "the thing cannot be used at present" "资源当前不可用",
        "check the environment's state in the console" "请在控制台检查环境状态";
    RESOURCE_EXISTS = "ResourceUnavailable.ResourceExist" 0:
        "a collection or index of that name exists" "同名集合或索引已存在",
        "nothing to do if it is the one you meant" "如果就是所需的资源，则无需处理";
    INDEX_CONFLICT = "ResourceUnavailable.IndexOptionsConflict" 0:
        "an index of that name exists with other fields or options" "同名索引已存在，但字段或选项不同",
        "drop it first with `cloudkit db index drop`, or choose another name" "请先用 `cloudkit db index drop` 删除，或更换名称";
    RESOURCE_OVERDUE = "ResourceUnavailable.ResourceOverdue" 0:
        "the environment is suspended for lack of payment" "环境因欠费被停用",
        "settle the account in the console" "请在控制台续费";
    RESOURCE_INSUFFICIENT = "ResourceInsufficient" 0:
        "the platform has no capacity left" "资源不足",
        "try later, or another region" "请稍后重试，或更换地域";
    // What went wrong.
    FAILED_OPERATION = "FailedOperation" 0:
        "the operation was tried and failed" "操作失败",
        "the message says why" "错误信息中说明了原因";
    CREATE_TABLE_FAILED = "FailedOperation.CreateTable" 0:
        "the collection could not be created" "创建集合失败",
        "the message says why" "错误信息中说明了原因";
    DUPLICATED_DATA = "FailedOperation.DuplicatedData" 0:
        "documents that exist have the same value under a unique index" "已有文档在唯一索引上存在重复值",
        "find and change the duplicates, then add the index again" "请先处理重复数据，再添加索引";
    QUERY_ERROR = "FailedOperation.QueryError" 0:
        "the query failed" "查询失败",
        "the message says why" "错误信息中说明了原因";
    SYNTAX_ERROR = "FailedOperation.SyntaxError" 0:
        "the command cannot be understood" "命令语法错误",
        "check it against MongoDB's command of that name" "请对照 MongoDB 的同名命令检查";
    UPDATE_CODE_FAILED = "FailedOperation.UpdateFunctionCode" 0:
        "the function's code could not be updated" "更新云函数代码失败",
        "wait until the function is Active, then deploy again" "请等待云函数状态变为 Active 后重新部署";
    UPDATE_SETTINGS_FAILED = "FailedOperation.UpdateFunctionConfiguration" 0:
        "the function's settings could not be updated" "更新云函数配置失败",
        "wait until the function is Active, then deploy again" "请等待云函数状态变为 Active 后重新部署";
    FUNCTION_STATUS = "FailedOperation.FunctionStatusError" 0:
        "the function is being changed and cannot take another change" "云函数正在变更中，暂不能操作",
        "wait until it is Active and try again" "请等待状态变为 Active 后重试";
    CREATE_TRIGGER_FAILED = "FailedOperation.CreateTrigger" 0:
        "the trigger could not be created" "创建触发器失败",
        "check its seven-field cron" "请检查七段式 cron 表达式";
    DELETE_TRIGGER_FAILED = "FailedOperation.DeleteTrigger" 0:
        "the trigger could not be deleted" "删除触发器失败",
        "`cloudkit trigger list` shows what is there" "用 `cloudkit trigger list` 查看";
    INVOKE_FAILED = "FailedOperation.InvokeFunction" 0:
        "the function could not be started" "调用云函数失败",
        "look at `cloudkit logs`" "请查看 `cloudkit logs`";
    // A function's settings.
    BAD_HANDLER = "InvalidParameterValue.Handler" 0:
        "the handler is not `file.export`" "handler 不是 `文件名.导出名` 的形式",
        "write for example `index.main`" "例如 `index.main`";
    BAD_RUNTIME = "InvalidParameterValue.Runtime" 0:
        "the platform has no such runtime" "运行时不存在",
        "choose one such as Nodejs18.15 or Nodejs16.13" "请选择 Nodejs18.15、Nodejs16.13 等";
    BAD_MEMORY = "InvalidParameterValue.MemorySize" 0:
        "the memory is not 64 or a multiple of 128 up to 3072 MB" "内存须为 64 或 128 的倍数，最大 3072 MB",
        "change `memory` in the manifest" "请修改清单中的 `memory`";
    BAD_TIMEOUT = "InvalidParameterValue.Timeout" 0:
        "the time limit is not 1 to 900 seconds" "超时时间须为 1 到 900 秒",
        "change `timeout` in the manifest" "请修改清单中的 `timeout`";
    BAD_ZIP = "InvalidParameterValue.ZipFile" 0:
        "the package is not a zip file" "代码包不是合法的 zip 文件",
        "deploy again; packages over 1.5 MB go through temporary storage" "请重新部署；超过 1.5 MB 的代码包会经由临时存储上传";
    BAD_COS_OBJECT = "InvalidParameterValue.TempCosObjectName" 0:
        "the uploaded package was not found" "未找到已上传的代码包",
        "upload it again: temporary objects are kept for a short time" "请重新上传：临时对象只保留较短时间";
    BAD_FUNCTION_NAME = "InvalidParameterValue.FunctionName" 0:
        "the function's name breaks the rules" "云函数名不合法",
        "use 1 to 60 letters, digits, `-` or `_`, a letter first" "请使用 1 到 60 个字母、数字、`-` 或 `_`，以字母开头";
    BAD_TRIGGER_NAME = "InvalidParameterValue.TriggerName" 0:
        "the trigger's name breaks the rules" "触发器名不合法",
        "use up to 60 letters, digits, `-` or `_`, a letter first" "请使用不超过 60 个字母、数字、`-` 或 `_`，以字母开头";
    BAD_TRIGGER_CRON = "InvalidParameterValue.TriggerCronConfig" 0:
        "the cron is not seven valid fields" "cron 不是合法的七段表达式",
        "write second, minute, hour, day, month, weekday, year: `0 */5 * * * * *` is every five minutes" "依次为秒、分、时、日、月、星期、年：`0 */5 * * * * *` 表示每五分钟";
    BAD_TRIGGER = "InvalidParameterValue.TriggerDesc" 0:
        "the trigger's description cannot be read" "触发器配置无法解析",
        "send the cron as text or as {\"cron\":\"…\"}" "请以文本或 {\"cron\":\"…\"} 形式提供 cron";
    BAD_ENVIRONMENT = "InvalidParameterValue.Environment" 0:
        "the environment variables cannot be read" "环境变量格式错误",
        "names are letters, digits and `_`, a letter first" "变量名由字母、数字和 `_` 组成，以字母开头";
    ENVIRONMENT_TOO_LARGE = "InvalidParameterValue.EnvironmentExceededLimit" 0:
        "the environment variables are over 4 KB" "环境变量总大小超过 4 KB",
        "keep large values in the database or in a file" "较大的内容请放在数据库或文件中";
    ENVIRONMENT_RESERVED = "InvalidParameterValue.EnvironmentSystemProtect" 0:
        "an environment variable has a name the platform keeps for itself" "环境变量名为系统保留",
        "avoid names that begin with SCF_, QCLOUD_ or TENCENTCLOUD_" "请避免以 SCF_、QCLOUD_、TENCENTCLOUD_ 开头";
    BAD_NAMESPACE = "InvalidParameterValue.Namespace" 0:
        "the namespace is not this environment" "命名空间与环境不符",
        "use the environment's id" "请使用环境 ID";
    ROUTE_EXISTS = "InvalidParameter.APICreated" 0:
        "the path has a route already" "该路径已存在路由",
        "delete it first, or choose another path" "请先删除，或更换路径";
    // The platform.
    INTERNAL_ERROR = "InternalError" 0:
        "the service failed inside" "服务内部错误",
        "try again; if it stays, report the request id" "请重试；若持续出现，请附请求 ID 反馈";
    SERVICE_UNAVAILABLE = "ServiceUnavailable" 0:
        "the service is down for a moment" "服务暂时不可用",
        "try again shortly" "请稍后重试";
    DRY_RUN = "DryRunOperation" 0:
        "the request would have worked: it was only a trial" "请求可以成功，但本次仅为试运行",
        "nothing to do" "无需处理";
}
