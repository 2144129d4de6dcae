//! The sentences of the help, in English as the commands have them and in Chinese, in the order of the commands.

/// English, Chinese. Line breaks do not count.
pub(super) const SENTENCES: &[(&str, &str)] = &[
    (
        "The whole WeChat / Tencent CloudBase backend on your laptop, and the same commands for the real one",
        "把整个微信云开发（腾讯 CloudBase）后端搬到本机，并用同样的命令操作真实环境",
    ),
    ("Everywhere", "通用选项"),
    (
        "Exit codes: 0 done · 1 failed · 2 wrong usage or manifest · 3 not logged in or not allowed · 4 not found · 5 the cloud refused · 130 interrupted",
        "退出码：0 成功 · 1 失败 · 2 用法或清单有误 · 3 未登录或无权限 · 4 未找到 · 5 云端拒绝 · 130 已中断",
    ),
    (
        "Target: an environment of cloudkit.toml, an environment id, or `local` (the running emulator)",
        "目标环境：cloudkit.toml 中的环境名、环境 ID，或 `local`（正在运行的模拟器）",
    ),
    (
        "Print one JSON document (a line per event for streams) and nothing else on standard output",
        "标准输出只打印一个 JSON 文档（流式命令每个事件一行）",
    ),
    ("Answer yes to every question", "对所有询问回答“是”"),
    ("Say nothing but results, warnings and errors", "只输出结果、警告和错误"),
    ("Say more about what happens", "输出更多过程信息"),
    ("When to use colours", "何时使用颜色"),
    ("The language to speak", "输出语言"),
    ("Run as if started in this folder", "视为在该目录中启动"),
    ("Show help; `--help` tells more than `-h`", "显示帮助；`--help` 比 `-h` 更详细"),
    ("Show the version", "显示版本"),
    ("Start a project from a template, or adopt one that is there", "用模板创建项目，或接管已有项目"),
    (
        "Works offline: templates are part of the program. Nothing is ever overwritten; a folder with files in it is refused. With `--adopt`, a WeChat project (`project.config.json`) or a `cloudbaserc.json` project gets a `cloudkit.toml` that points at what is there; its own files stay as they are. A mini program gets `cloudkit/wx-cloud.js` too, which leads `wx.cloud` to a running emulator once the program's first line asks for it.",
        "可离线使用：模板内置于程序中。绝不覆盖任何文件；目录非空时会拒绝。使用 `--adopt` 时，会为微信项目（`project.config.json`）或 `cloudbaserc.json` 项目添加指向现有内容的 `cloudkit.toml`，原有文件保持不变。小程序还会得到 `cloudkit/wx-cloud.js`：在程序第一行引入后，模拟器运行时 `wx.cloud` 会连接到它。",
    ),
    ("The folder of the project; the current one if left out", "项目目录；默认为当前目录"),
    ("The template to start from", "所用模板"),
    ("The project's name; the folder's if left out", "项目名称；默认取目录名"),
    ("Add a `cloudkit.toml` to a project that is there already", "为已有项目添加 `cloudkit.toml`"),
    ("List the templates", "列出模板"),
    ("Bring the project to an environment: plan, then apply", "把项目部署到环境：先计划，再执行"),
    (
        "Compares functions, triggers, collections, indexes and permissions with what the environment has, shows the difference, and makes it so. What is unchanged is not touched: deploying twice uploads nothing the second time.",
        "将云函数、触发器、集合、索引和权限与环境现状比较，列出差异并使其一致。未变化的部分不会改动：重复部署不会再次上传。",
    ),
    ("Show the plan and change nothing", "只显示计划，不做更改"),
    ("How many functions are brought up at once", "同时部署的云函数个数"),
    ("Functions to take along; all, and everything else, if left out", "要部署的云函数；省略则部署全部内容"),
    (
        "Parts to take along: functions, database, rules, triggers, gateway, storage",
        "要部署的部分：functions、database、rules、triggers、gateway、storage",
    ),
    (
        "Remove functions, triggers, indexes and variables that the project does not have; never a collection",
        "删除项目中没有的云函数、触发器、索引和环境变量；绝不删除集合",
    ),
    ("Show what `deploy` would change", "显示 `deploy` 将做的更改"),
    (
        "Ends with 0 when there is nothing to do, and with 1 when the environment differs from the project.",
        "没有差异时退出码为 0，环境与项目不一致时为 1。",
    ),
    ("Run the whole backend on this machine", "在本机运行整个后端"),
    (
        "Finds the project's functions, serves them with a document database, files and timers on one loopback port, and goes on until Ctrl-C. With a command after `--`, it waits until everything is ready, runs the command with the variables that lead SDKs here, and ends with the command's exit code.",
        "找到项目中的云函数，连同文档数据库、文件存储和定时器一起在一个本机端口上提供服务，直到按下 Ctrl-C。如果 `--` 后有命令，则在一切就绪后带着指向本机的环境变量运行该命令，并以它的退出码结束。",
    ),
    (
        "Standard output is the command's alone, with --json too. Ctrl-C and SIGTERM are handed to the command, whose answer decides the exit code; it is 130 when they end it. A second Ctrl-C, or five seconds after SIGTERM, ends it in any case, and with it what it left running.",
        "标准输出只属于该命令，使用 --json 时也一样。Ctrl-C 和 SIGTERM 会转交给命令，由它决定退出码；命令因此被终止时退出码为 130。再按一次 Ctrl-C，或 SIGTERM 之后满五秒，都会强制结束命令及其遗留的进程。",
    ),
    ("The project; by default the one this folder belongs to", "项目目录；默认为当前目录所属的项目"),
    (
        "The port to listen on, 0 for any free one [default: 7400 when free]",
        "监听端口，0 表示任意空闲端口 [默认：7400，若空闲]",
    ),
    (
        "Keep nothing: documents and files go when the emulator ends",
        "不保留数据：模拟器结束后文档和文件都会清除",
    ),
    (
        "Let debuggers attach: the first function listens at this port, the next ones at those after it [default PORT: 9229]",
        "允许附加调试器：第一个云函数监听此端口，其余依次使用后面的端口 [默认 PORT：9229]",
    ),
    (
        "Write how VS Code attaches to each function into .vscode/launch.json",
        "把 VS Code 附加到每个云函数的配置写入 .vscode/launch.json",
    ),
    (
        "What an acknowledged write survives: the end of the process, or a power cut too (slower)",
        "已确认的写入能经受什么：进程被杀（normal），或连同断电（full，较慢）",
    ),
    (
        "Refuse queries that search a collection of more than N documents without an index [default N: 1000]; `[emulate] strict` of the manifest says so for good",
        "拒绝在超过 N 个文档的集合上执行没有索引的查询 [N 默认：1000]；可在清单的 `[emulate] strict` 中固定",
    ),
    (
        "Refuse documents beyond 1 GB and files beyond 5 GB, which a new environment has without paying",
        "文档超过 1 GB、文件超过 5 GB（新环境的免费额度）时拒绝写入",
    ),
    (
        "Where documents and files are kept [default: .cloudkit/data]",
        "文档和文件的保存位置 [默认：.cloudkit/data]",
    ),
    ("The id the environment answers to [default: local]", "环境的 ID [默认：local]"),
    (
        "The folder of function folders, when it is not where it usually is",
        "云函数根目录（不在常见位置时指定）",
    ),
    (
        "Documents to begin with: a folder of COLLECTION.jsonl or .json files, or one such file",
        "初始数据：存放 COLLECTION.jsonl 或 .json 文件的目录，或单个文件",
    ),
    (
        "Refuse calls to hosts outside that no file in fixtures/http answers; nothing is dialled",
        "拒绝 fixtures/http 未应答的外部请求，不发起任何连接",
    ),
    (
        "Write the answers of hosts outside into fixtures/http, a file for each host",
        "把外部主机的应答写入 fixtures/http，每个主机一个文件",
    ),
    (
        "Be a proxy too, which answers for the platform's hosts over TLS and refuses all others",
        "同时作为代理：以 TLS 代答平台域名，拒绝其他主机",
    ),
    (
        "Speak TLS on the port too, with a certificate of this machine's own authority; `[emulate] https` of the manifest says so for good",
        "同一端口也支持 TLS，证书由本机自己的颁发机构签发；可在清单的 `[emulate] https` 中固定",
    ),
    (
        "Have each call that needs a new process wait as in the cloud, by MS milliseconds [default MS: 300]",
        "需要新进程的调用像云端一样多等 MS 毫秒，模拟冷启动 [MS 默认：300]",
    ),
    ("Install missing function dependencies without asking", "直接安装云函数缺少的依赖，不再询问"),
    ("Leave missing function dependencies as they are", "不安装云函数缺少的依赖"),
    (
        "Write the addresses to this file when everything is ready, as JSON",
        "就绪后把各地址以 JSON 写入该文件",
    ),
    ("A command to run against the emulator, and to end with", "针对模拟器运行的命令，命令结束即退出"),
    (
        "Show all of it in a minute: a project, its functions' answers, an index, a deploy",
        "一分钟看全：项目、云函数的返回、索引和部署",
    ),
    (
        "Scaffolds the template `leaderboard`, installs its SDK with npm, runs it on this machine and types the commands that work with it. Nothing leaves this machine; everything is gone afterwards unless kept.",
        "用 `leaderboard` 模板创建项目，用 npm 安装其 SDK，在本机运行，并逐条执行操作它的命令。数据不会离开本机；除非保留，结束后全部清除。",
    ),
    ("Keep the project in this folder, to go on with", "把项目保留在该目录，以便继续使用"),
    ("List, call and look after cloud functions", "列出、调用和管理云函数"),
    ("List the functions of the target", "列出目标环境的云函数"),
    (
        "Show a function: status, settings, triggers and the names of its variables",
        "显示云函数：状态、配置、触发器和环境变量名",
    ),
    ("Call a function and print what it returns", "调用云函数并打印返回值"),
    (
        "What the function logs goes to standard error. The exit code is 1 when the function failed.",
        "云函数的日志输出到标准错误。云函数失败时退出码为 1。",
    ),
    ("The event: JSON, `@FILE`, or `-` for standard input", "事件：JSON、`@文件`，或用 `-` 表示标准输入"),
    ("Call as this mini-program user (emulator only)", "以该小程序用户的身份调用（仅限模拟器）"),
    ("The union id of that user", "该用户的 unionid"),
    ("Delete a function and its triggers from the target", "从目标环境删除云函数及其触发器"),
    ("Fetch the code of a deployed function", "下载已部署云函数的代码"),
    ("An empty or new folder; `NAME` by default", "空目录或新目录；默认为 `NAME`"),
    ("List triggers, or fire one now", "列出触发器，或立即触发"),
    ("List the triggers of the target and when each fires next", "列出目标环境的触发器及下次触发时间"),
    ("Start a function as its timer would (emulator only)", "像定时器那样启动云函数（仅限模拟器）"),
    ("The time the function is told; now by default", "告知云函数的时间；默认为当前时间"),
    (
        "Save the local environment's documents, files and permissions under a name, and bring them back (emulator only)",
        "以名称保存本地环境的文档、文件和权限，并可随时恢复（仅限模拟器）",
    ),
    (
        "A state comes back in one step: open transactions end in a conflict. Deployed functions stay as they are. While no emulator runs, its files are saved and brought back without it. Tests that start from the same state each time call `POST /__cloudkit/snapshots/NAME` of the emulator.",
        "恢复一步完成：未结束的事务会以冲突告终，已部署的云函数保持不变。模拟器未运行时，直接读写其数据文件。若测试每次都要从同一状态开始，可调用模拟器的 `POST /__cloudkit/snapshots/NAME`。",
    ),
    ("Save the present state", "保存当前状态"),
    ("Test users: add people and list them (emulator only)", "测试用户：添加与列出（仅限模拟器）"),
    (
        "There is one directory: who is added here logs in to mini programs by `openid` and to web pages by name and password, and whoever logs in anywhere is listed.",
        "用户目录只有一份：在此添加的用户以 `openid` 登录小程序、以名称和密码登录网页；在任何一处登录过的用户都会列出。",
    ),
    ("List everybody the environment knows", "列出环境中的所有用户"),
    ("Add a test user", "添加测试用户"),
    ("The nickname, and the name for logging in on web pages", "昵称，也是网页登录名"),
    ("WeChat's id of the person; one that follows from the name by default", "用户的 openid；默认由名称推得"),
    ("The id across the apps of one owner", "同一主体下各应用共用的 id"),
    ("A number with its country, such as `+86 13800138000`", "带国家码的手机号，例如 `+86 13800138000`"),
    ("A mail address", "邮箱地址"),
    ("The address of a picture", "头像地址"),
    ("For logging in on web pages", "用于网页登录"),
    (
        "The stand-in for WeChat: what it was asked, and what it is to answer (emulator only)",
        "本地微信：查看收到的请求，预设应答（仅限模拟器）",
    ),
    (
        "A method goes by either of its names: `subscribeMessage.send`, as after `cloud.openapi.`, or its path, `cgi-bin/message/subscribe/send`. Tests that speak HTTP read the calls at `GET /__cloudkit/wechat/calls?method=NAME` of the emulator, and forget them by `DELETE`.",
        "方法可用两种名称：`cloud.openapi.` 之后的 `subscribeMessage.send`，或路径 `cgi-bin/message/subscribe/send`。使用 HTTP 的测试可从模拟器的 `GET /__cloudkit/wechat/calls?method=NAME` 读取记录，用 `DELETE` 清空。",
    ),
    ("List what WeChat was asked, the oldest call first", "列出微信收到的请求，旧的在前"),
    ("Only this method", "仅此方法"),
    ("Forget the calls, and every prepared answer, after listing them", "列出后清空记录和所有预设应答"),
    ("Have the next call of a method fail", "让某方法的下一次调用失败"),
    ("WeChat's number, such as 43101 or -1", "微信错误码，例如 43101 或 -1"),
    ("So many calls", "调用次数"),
    ("Have the next call of a method answer certain fields", "让某方法的下一次调用返回指定字段"),
    (
        "A JSON object, `@FILE`, or `-` for standard input; its fields stand over those of a success",
        "JSON 对象、`@FILE` 或 `-`（标准输入）；其字段覆盖成功应答中的字段",
    ),
    ("Count a text as risky in content checks, until the emulator ends", "在模拟器结束前，将某文本视为内容违规"),
    (
        "Have a person accept a subscription message, as `wx.requestSubscribeMessage` asks: one accepted is one sent",
        "让用户允许一次订阅消息，等同于 `wx.requestSubscribeMessage` 中点击允许：允许一次，可发送一次",
    ),
    (
        "A template of which nothing was granted is accepted by everybody, always. From its first grant on whoever has none left refuses: 43101.",
        "从未授权过的模板视为所有人始终允许；第一次授权之后，没有剩余次数的用户返回 43101。",
    ),
    ("Who accepts", "谁允许"),
    ("The id of the template", "模板 ID"),
    ("So many messages; 0 to refuse", "次数；0 表示拒绝"),
    ("Make a code as `wx.login` would: good once, for five minutes", "生成一个与 `wx.login` 相同的 code：五分钟内有效，仅可用一次"),
    ("Whom it stands for", "所代表的用户"),
    ("A code of the button that asks for the phone number", "手机号按钮的 code"),
    ("Save over the snapshot of that name", "覆盖同名快照"),
    ("List the saved states", "列出已保存的状态"),
    ("Put a saved state in place of the present one", "用已保存的状态替换当前状态"),
    ("Delete a saved state", "删除已保存的状态"),
    ("Show or move the emulator's clock (emulator only)", "查看或拨动模拟器时钟（仅限模拟器）"),
    (
        "Timers, links, tokens and sessions go by it, and functions are told its time: two hours pass in a moment.",
        "定时器、链接、令牌和会话都以它为准，云函数拿到的也是它的时间：两小时转眼就过。",
    ),
    ("Show what time it is in the emulator", "显示模拟器当前时间"),
    (
        "Move the clock to a time, fire what is due on the way, and hold it there",
        "把时钟拨到某一时间并停住，依次触发途中到期的定时器",
    ),
    (
        "A time with its offset from UTC, such as `2026-11-21T13:00:00+08:00`; without one it is UTC+8",
        "时间，可带时区偏移，如 `2026-11-21T13:00:00+08:00`；不带则按 UTC+8",
    ),
    ("Move the clock on, firing what is due on the way, in order", "把时钟向前拨，依次触发途中到期的定时器"),
    (
        "Each timer's function runs with the clock at its time, one after the other; the command ends when the last has answered.",
        "每个定时器的云函数都在各自的时间点依次运行；最后一个返回后命令结束。",
    ),
    ("A number and its unit: `90s`, `30m`, `2h`, `1d`", "数字加单位：`90s`、`30m`、`2h`、`1d`"),
    ("Fire nothing on the way", "途中不触发定时器"),
    ("Let the clock tell the machine's time again", "让时钟恢复为本机时间"),
    ("Work with documents, collections and indexes", "操作文档、集合和索引"),
    ("List, add and drop collections", "列出、创建和删除集合"),
    ("List collections with their sizes", "列出集合及其大小"),
    (
        "Add a collection; a project with a cloudkit.toml remembers it",
        "创建集合；有 cloudkit.toml 的项目会记录下来",
    ),
    ("Drop a collection with its documents and indexes", "删除集合及其文档和索引"),
    ("List, add and drop indexes, or learn which one is missing", "列出、添加和删除索引，或查看缺少哪些索引"),
    ("List the indexes of a collection, or of all", "列出某个集合或全部集合的索引"),
    ("Add an index to cloudkit.toml and to the target", "在 cloudkit.toml 和目标环境中添加索引"),
    (
        "An index that is there already stays as it is: the command may be run again.",
        "已有的索引保持不变：命令可以重复执行。",
    ),
    (
        "A field path and its direction: `score:desc`, `stats.best`, `place:2dsphere`",
        "字段路径及方向：`score:desc`、`stats.best`、`place:2dsphere`",
    ),
    ("Refuse two documents with the same values", "不允许两个文档的值相同"),
    ("Made from the fields by default: `score_-1`", "默认由字段生成：`score_-1`"),
    ("Drop an index from cloudkit.toml and from the target", "从 cloudkit.toml 和目标环境中删除索引"),
    ("As `db index list` shows it", "`db index list` 显示的名称"),
    (
        "Tell which indexes queries have missed since the emulator started, and which none used",
        "显示模拟器启动以来查询缺少的索引，以及从未用到的索引",
    ),
    (
        "Each line can be pasted. One index is named for all queries that it serves: the fields they compare for equality first, then those they sort by, then a range.",
        "每一行命令都可直接粘贴执行。能同时服务多个查询的只列一个索引：先是等值字段，再是排序字段，最后是范围字段。",
    ),
    ("Print the documents that match, one a line", "打印匹配的文档，每行一个"),
    (
        "A filter as Extended JSON, `@FILE`, or `-` for standard input",
        "扩展 JSON 形式的查询条件、`@文件`，或用 `-` 表示标准输入",
    ),
    ("May be repeated; the first counts most", "可重复；排在前面的优先"),
    ("At most this many documents", "最多返回的文档数"),
    ("Leave out the first documents", "跳过前若干个文档"),
    ("Only this field; may be repeated", "只返回该字段；可重复"),
    ("Add a document, or each document of an array", "添加一个文档，或数组中的每个文档"),
    ("Extended JSON, `@FILE`, or `-` for standard input", "扩展 JSON、`@文件`，或用 `-` 表示标准输入"),
    (
        "Bring a file of documents into a collection: JSON Lines, a JSON array, or CSV",
        "把文件中的文档导入集合：JSON Lines、JSON 数组或 CSV",
    ),
    (
        "A CSV file begins with a header of field paths; numbers, booleans and JSON are read as such, an empty cell is absent. The whole file is checked first: when lines of it are broken, they are listed and nothing is imported.",
        "CSV 文件的首行为字段路径；数字、布尔值和 JSON 按其类型读取，空单元格视为没有该字段。导入前会先检查整个文件：只要有行有误，就逐行列出，且不导入任何文档。",
    ),
    (
        "What to do with a document whose `_id` is taken: refuse it, or replace the one that is there",
        "`_id` 已被占用时：拒绝，或替换已有文档",
    ),
    ("`-` for standard input", "用 `-` 表示标准输入"),
    ("By the file's ending by default", "默认由文件扩展名决定"),
    (
        "Go on past lines that hold no document and documents that the service refuses, and list them at the end (exit code 5)",
        "遇到不是文档的行和被服务拒绝的文档时继续，并在最后列出（退出码 5）",
    ),
    (
        "Write the documents of a collection to a file or to standard output, in order of `_id`",
        "按 `_id` 顺序把集合的文档写入文件或标准输出",
    ),
    (
        "With `--salvage` it reads the data folder of a stopped emulator whose file is damaged: documents that are whole are
        written in order of insertion, those that are not are listed, and the exit code is 1 when there are any. Without a
        collection, all of them go to files in `salvaged`, which `cloudkit emulate --seed salvaged` takes.",
        "加上 `--salvage` 时，读取已停止的模拟器中损坏的数据目录：完好的文档按写入顺序导出，损坏的逐一列出，有损坏时退出码为 1。
        不指定集合时，所有集合写入 `salvaged` 目录，可由 `cloudkit emulate --seed salvaged` 载入。",
    ),
    ("Save what is whole of a damaged data folder, with no emulator running", "在模拟器停止后，从损坏的数据目录中救回完好的文档"),
    ("The data folder to salvage [default: .cloudkit/data]", "要抢救的数据目录 [默认：.cloudkit/data]"),
    ("Standard output by default, and for `-`", "默认为标准输出，`-` 同此"),
    (
        "Extended JSON in its canonical form: every number and date says its type",
        "使用规范形式的扩展 JSON：每个数字和日期都标明类型",
    ),
    (
        "A column of a CSV file: a field path such as `stats.best` [default: every path that occurs]",
        "CSV 文件的一列：字段路径，例如 `stats.best` [默认：出现过的所有路径]",
    ),
    (
        "A document a line, one array, or CSV; by the file's ending by default (`.json` is an array)",
        "每行一个文档、一个数组，或 CSV；默认由文件扩展名决定（`.json` 为数组）",
    ),
    (
        "Tell how a query is carried out: the index it uses, what it examines (emulator only)",
        "说明查询如何执行：使用的索引、检查的文档（仅限模拟器）",
    ),
    (
        "Read, set, test and check who may read and write collections and files, and call functions",
        "查看、设置和测试集合与文件的读写权限，以及云函数的调用权限",
    ),
    (
        "Run a table of who may do what against the rules of cloudkit.toml, without an emulator",
        "按“谁能做什么”的表格检验 cloudkit.toml 中的规则，无需模拟器",
    ),
    ("A file, TOML or JSON, has `users`, stored `data` and `files`, and `tests`. A test reads, updates or deletes by an id or a query, or creates a document; an update has its `data` beside it. Or it has the path of a file to `download` or `upload`, or the name of a function to `call`. `rules`, `storage` and `functions` are permissions in place of the project's. `now`, of the file or of a test, is what time it is.", "文件为 TOML 或 JSON，包含 `users`、已存数据 `data`、已存文件 `files` 和 `tests`。每个测试按 ID 或查询条件读取、更新、删除，或新建一个文档；更新的内容写在 `data` 中。也可以给出要下载（`download`）或上传（`upload`）的文件路径，或要调用（`call`）的云函数名。`rules`、`storage`、`functions` 是代替项目设置的权限。`now` 写在文件或单个测试中，是规则看到的当前时间。"),
    ("Run again when a test file or cloudkit.toml is saved, until Ctrl-C", "测试文件或 cloudkit.toml 保存后重新运行，直到按下 Ctrl-C"),
    ("Write the coverage as LCOV", "以 LCOV 格式写出覆盖率"),
    ("Write the coverage as one HTML page", "以单个 HTML 页面写出覆盖率"),
    ("Write the results as JUnit XML", "以 JUnit XML 格式写出结果"),
    (
        "Look through the rules of cloudkit.toml, and for queries of the client side that they refuse",
        "检查 cloudkit.toml 中的规则，并找出会被拒绝的客户端查询",
    ),
    ("Finds clauses that are never true or always true, data that everybody may change, rules that stand for nothing. Reads the mini program and `src/` for `db.collection('…').where({…})` and names those that are refused whoever asks. What cannot be told for certain is not reported.", "找出永远不为真或总是为真的子句、任何人都可修改的数据、不起作用的规则。读取小程序和 `src/` 中的 `db.collection('…').where({…})`，指出无论由谁发起都会被拒绝的查询。不能确定的不会报告。"),
    ("The exit code is 1 when there are errors, and with `--strict` when there are warnings.", "有错误时退出码为 1；加上 `--strict` 时，有警告也为 1。"),
    ("Fail on warnings too", "有警告也视为失败"),
    ("The exit code is 1 when a test fails or the coverage is too low.", "有测试失败或覆盖率过低时，退出码为 1。"),
    ("Files of tests; `rules.test.toml` when none is named", "测试文件；默认为 `rules.test.toml`"),
    ("Show which clauses were true and which were not", "显示各子句为真和不为真的次数"),
    ("Fail when fewer of the clauses' outcomes were seen, in percent", "子句结果的覆盖率低于该百分比时失败"),
    ("Show the permission of a collection, of files or of functions", "显示集合、文件或云函数的权限"),
    ("Of functions", "针对云函数"),
    ("Of stored files", "针对云存储文件"),
    (
        "Set the permission of a collection, of files or of functions: a preset or a rule",
        "设置集合、文件或云函数的权限：预设或安全规则",
    ),
    (
        r#"READONLY    everybody reads, the creator writes
PRIVATE     only the creator reads and writes
ADMINWRITE  everybody reads, only functions write
ADMINONLY   only functions read and write
FILE.json   a security rule: {"read": true, "write": "doc._openid == auth.openid"}"#,
        r#"READONLY    所有人可读，仅创建者可写
PRIVATE     仅创建者可读写
ADMINWRITE  所有人可读，仅云函数可写
ADMINONLY   仅云函数可读写
FILE.json   安全规则：{"read": true, "write": "doc._openid == auth.openid"}"#,
    ),
    (
        "A collection (not with `--storage` or `--functions`), then a preset or a file",
        "集合名（使用 `--storage` 或 `--functions` 时不写），然后是预设或文件",
    ),
    (
        r#"Functions have no presets; their rules are one file: {"*": {"invoke": "auth != null"}, "login": {"invoke": true}}"#,
        r#"云函数没有预设；规则写在一个文件里：{"*": {"invoke": "auth != null"}, "login": {"invoke": true}}"#,
    ),
    (
        "A project with a cloudkit.toml remembers the permission of a collection.",
        "有 cloudkit.toml 的项目会记录集合的权限。",
    ),
    ("List, upload, download and delete files", "列出、上传、下载和删除文件"),
    ("List the files whose paths begin with a prefix", "列出路径以某前缀开头的文件"),
    (
        "Upload a file and print its id, or what is in a folder",
        "上传文件并打印其文件 ID，或上传整个目录",
    ),
    (
        "Files from 32 MB on go in parts. When such an upload breaks off, the same command goes on with it.",
        "32 MB 及以上的文件分块上传；中断后再次执行同一命令即可续传。",
    ),
    ("Where it goes; a path that ends in `/` keeps the file's name", "云端路径；以 `/` 结尾时沿用文件名"),
    (
        "Upload the files of a folder and of those in it, but for what is there already with the same bytes",
        "上传目录及其子目录中的全部文件，内容相同的已有文件除外",
    ),
    ("How many files of a folder to move at a time", "目录中同时传输的文件数"),
    ("Download a file, or what is below a path", "下载文件，或某路径下的全部文件"),
    ("A download that breaks off is gone on with where it was.", "下载中断后会从断点继续。"),
    (
        "Download all files below the path, but for what is here already with the same bytes",
        "下载该路径下的全部文件，内容相同的本地文件除外",
    ),
    ("How many files to move at a time with `--recursive`", "使用 `--recursive` 时同时传输的文件数"),
    ("Delete all files below the paths", "删除这些路径下的全部文件"),
    ("A path, or an id that begins with `cloud://`", "路径，或以 `cloud://` 开头的文件 ID"),
    ("A file or a folder; the current folder by default", "文件或目录；默认为当前目录"),
    ("Delete files", "删除文件"),
    ("Paths, or ids that begin with `cloud://`", "路径，或以 `cloud://` 开头的文件 ID，可写多个"),
    ("Print a link to a file", "打印文件的链接"),
    ("How long the link lives; two hours by default", "链接的有效期；默认两小时"),
    (
        "Show what functions said, in the same form from the emulator and the cloud",
        "显示云函数日志，本机与云端格式一致",
    ),
    ("Only these functions", "只看这些云函数"),
    ("Go on with what comes, until Ctrl-C", "持续输出新日志，直到按下 Ctrl-C"),
    ("How far back: `30s`, `10m`, `2h`, `1d`", "回溯多久：`30s`、`10m`、`2h`、`1d`"),
    ("This level and above", "该级别及以上"),
    ("Only this call", "只看这次调用"),
    ("Only lines that contain this text", "只看包含该文本的行"),
    ("List environments, choose one, show one", "列出、切换和查看环境"),
    (
        "List the environments of cloudkit.toml, the local one and, when logged in, those of the account",
        "列出 cloudkit.toml 中的环境、本机环境，以及登录后账号中的环境",
    ),
    ("Ask nobody: only what is written here", "不联网：只看本地记录"),
    (
        "Choose the environment that commands speak to: `default-env` of cloudkit.toml",
        "选择命令作用的环境：cloudkit.toml 的 `default-env`",
    ),
    ("An environment of cloudkit.toml, or `local`", "cloudkit.toml 中的环境，或 `local`"),
    (
        "Show the target: id, region, status, bucket, database, and what an emulator's documents and files take",
        "显示目标环境：ID、地域、状态、存储桶、数据库，以及模拟器中文档和文件的占用",
    ),
    ("Like `--env NAME`", "同 `--env NAME`"),
    (
        "Keep credentials for the cloud: in the keyring, else in a file that only you can read",
        "保存云端凭证：存入系统密钥环，否则存入只有您可读的文件",
    ),
    (
        "The keys are those of https://console.cloud.tencent.com/cam/capi. The cloud is asked before they are kept. `TENCENTCLOUD_SECRETID` and `TENCENTCLOUD_SECRETKEY` win over what is kept: a CI job needs no login.",
        "密钥见 https://console.cloud.tencent.com/cam/capi 。保存前会向云端验证。环境变量 `TENCENTCLOUD_SECRETID` 和 `TENCENTCLOUD_SECRETKEY` 优先于已保存的凭证：CI 任务无需登录。",
    ),
    ("The secret id; asked for by default", "SecretId；默认会询问"),
    ("Read the secret key from standard input", "从标准输入读取 SecretKey"),
    ("The session token of temporary keys", "临时密钥的 token"),
    ("Forget the credentials that `login` keeps", "清除 `login` 保存的凭证"),
    ("Tell whose credentials are used, and where they come from", "显示所用凭证及其来源"),
    (
        "Look for what may keep a project from working here, and say what to do about it",
        "检查可能妨碍项目在本机运行的问题，并给出解决办法",
    ),
    ("The exit code is 1 when something is wrong.", "发现问题时退出码为 1。"),
    ("Tell what an error code means and what to do about it", "解释错误码的含义和处理办法"),
    (
        "Knows the codes of CloudBase, of the functions service and of `wx.cloud`.",
        "收录云开发、云函数服务和 `wx.cloud` 的错误码。",
    ),
    ("Print the completion script of a shell", "打印 shell 的补全脚本"),
    ("Print the reference of all commands as Markdown", "以 Markdown 打印全部命令的参考文档"),
];
