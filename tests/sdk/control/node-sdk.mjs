// tencentcloud-sdk-nodejs against the emulator: TC3 and signature v1, POST and GET, every family of actions.
// Wants CLOUDKIT_EMULATOR_URL, TENCENTCLOUD_SECRETID and TENCENTCLOUD_SECRETKEY; exits non-zero on a wrong answer.
import assert from "node:assert/strict";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const { scf, tcb } = require("tencentcloud-sdk-nodejs");

const url = new URL(process.env.CLOUDKIT_EMULATOR_URL);
const credential = {
  secretId: process.env.TENCENTCLOUD_SECRETID,
  secretKey: process.env.TENCENTCLOUD_SECRETKEY,
};
const EnvId = process.env.CLOUDKIT_ENV_ID ?? "local";

function clients(signMethod, reqMethod, endpoint = url.host, key = credential) {
  const httpProfile = { endpoint, protocol: "http://", reqMethod, reqTimeout: 30 };
  const options = { credential: key, region: "ap-shanghai", profile: { signMethod, httpProfile } };
  return { scf: new scf.v20180416.Client(options), tcb: new tcb.v20180608.Client(options) };
}

async function refused(call, code) {
  const error = await call.then(
    (answer) => assert.fail(`not refused: ${JSON.stringify(answer)}`),
    (error) => error,
  );
  assert.equal(error.code, code, error.message);
  assert.match(error.requestId, /^[0-9a-f-]{36}$/);
}

// One stored file, index.js: `exports.main = async (event) => ({ echo: event })`.
function zip(code) {
  const name = Buffer.from("index.js");
  const body = Buffer.from(code);
  const crc = crc32(body);
  const local = Buffer.alloc(30);
  local.writeUInt32LE(0x04034b50, 0);
  local.writeUInt16LE(20, 4);
  local.writeUInt32LE(crc, 14);
  local.writeUInt32LE(body.length, 18);
  local.writeUInt32LE(body.length, 22);
  local.writeUInt16LE(name.length, 26);
  const central = Buffer.alloc(46);
  central.writeUInt32LE(0x02014b50, 0);
  central.writeUInt16LE(20, 4);
  central.writeUInt16LE(20, 6);
  central.writeUInt32LE(crc, 16);
  central.writeUInt32LE(body.length, 20);
  central.writeUInt32LE(body.length, 24);
  central.writeUInt16LE(name.length, 28);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(central.length + name.length, 12);
  end.writeUInt32LE(local.length + name.length + body.length, 16);
  return Buffer.concat([local, name, body, central, name, end]).toString("base64");
}

function crc32(bytes) {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (0xedb88320 & -(crc & 1));
  }
  return ~crc >>> 0;
}

const hosts = [url.host, `localhost:${url.port}`];
for (const host of hosts) {
  for (const [sign, method] of [
    ["TC3-HMAC-SHA256", "POST"],
    ["TC3-HMAC-SHA256", "GET"],
    ["HmacSHA1", "POST"],
    ["HmacSHA1", "GET"],
    ["HmacSHA256", "POST"],
    ["HmacSHA256", "GET"],
  ]) {
    const { tcb, scf } = clients(sign, method, host);
    const { EnvList } = await tcb.DescribeEnvs({ Limit: 10, Channels: ["a", "b"] });
    assert.equal(EnvList[0].EnvId, EnvId, `${host} ${sign} ${method}`);
    assert.equal(typeof (await scf.ListFunctions({ Namespace: EnvId, Limit: 20 })).TotalCount, "number");
    await refused(scf.GetFunction({ FunctionName: "nobody" }), "ResourceNotFound.Function");
  }
}

const wrong = { ...credential, secretKey: "wrong" };
await refused(clients("TC3-HMAC-SHA256", "POST", url.host, wrong).tcb.DescribeEnvs({}), "AuthFailure.SignatureFailure");
await refused(clients("HmacSHA1", "GET", url.host, wrong).tcb.DescribeEnvs({}), "AuthFailure.SignatureFailure");

const { scf: functions, tcb: env } = clients("TC3-HMAC-SHA256", "POST");
const FunctionName = "fromNode";
const active = async () => {
  for (;;) {
    const found = await functions.GetFunction({ FunctionName, Namespace: EnvId, ShowCode: "TRUE" });
    if (found.Status === "Active") return found;
    assert.match(found.Status, /^(Creating|Updating)$/);
  }
};
await functions.CreateFunction({
  FunctionName,
  Namespace: EnvId,
  Code: { ZipFile: zip("exports.main = async (event) => ({ echo: event })") },
  Handler: "index.main",
  Runtime: "Nodejs18.15",
  MemorySize: 256,
  Timeout: 5,
  Environment: { Variables: [{ Key: "K", Value: "v" }] },
  InstallDependency: "FALSE",
});
const found = await active();
assert.deepEqual([found.Timeout, found.MemorySize, found.Environment.Variables], [5, 256, [{ Key: "K", Value: "v" }]]);
const invoked = await functions.Invoke({ FunctionName, Namespace: EnvId, ClientContext: '{"a":1}', LogType: "Tail" });
assert.deepEqual(JSON.parse(invoked.Result.RetMsg).echo.a, 1);
const again = await functions.InvokeFunction({ FunctionName, Namespace: EnvId, Event: '{"b":2}' });
assert.deepEqual(JSON.parse(again.Result.RetMsg).echo.b, 2);
await functions.UpdateFunctionCode({ FunctionName, Namespace: EnvId, ZipFile: zip("exports.main = () => 'two'"), Handler: "index.main" });
await active();
assert.equal((await functions.Invoke({ FunctionName, Namespace: EnvId })).Result.RetMsg, '"two"');
await functions.CreateTrigger({ FunctionName, Namespace: EnvId, TriggerName: "t1", Type: "timer", TriggerDesc: "0 */5 * * * * *", Enable: "OPEN" });
assert.equal((await functions.ListTriggers({ FunctionName, Namespace: EnvId })).Triggers[0].TriggerName, "t1");
await functions.DeleteTrigger({ FunctionName, Namespace: EnvId, TriggerName: "t1", Type: "timer" });
const address = await functions.GetFunctionAddress({ FunctionName, Namespace: EnvId });
assert.equal((await fetch(address.Url)).status, 200);
assert.match(address.CodeSha256, /^[0-9a-f]{64}$/);
await functions.DeleteFunction({ FunctionName, Namespace: EnvId });

const Tag = (await env.DescribeEnvs({})).EnvList[0].Databases[0].InstanceId;
const TableName = "from_node";
await env.CreateTable({ EnvId, Tag, TableName });
await refused(env.CreateTable({ EnvId, Tag, TableName }), "ResourceUnavailable.ResourceExist");
await env.UpdateTable({
  EnvId,
  Tag,
  TableName,
  CreateIndexes: [{ IndexName: "age_1", MgoKeySchema: { MgoIndexKeys: [{ Name: "age", Direction: "1" }], MgoIsUnique: false } }],
});
const table = await env.DescribeTable({ EnvId, Tag, TableName });
assert.deepEqual(table.Indexes.map((index) => index.Name), ["_id_", "_openid_1", "age_1"]);
assert.deepEqual((await env.ListTables({ EnvId, Tag, MgoLimit: 100, MgoOffset: 0 })).Tables.map((it) => it.TableName), [TableName, "places"]);
await env.ModifyDatabaseACL({ EnvId, CollectionName: TableName, AclTag: "READONLY" });
assert.equal((await env.DescribeDatabaseACL({ EnvId, CollectionName: TableName })).AclTag, "READONLY");
await env.DeleteTable({ EnvId, Tag, TableName });
console.log("tencentcloud-sdk-nodejs: ok");
