// @cloudbase/manager-node's tcb actions against the emulator, through TCB_BASE_URL (its scf actions need the proxy).
// Wants CLOUDKIT_EMULATOR_URL, TENCENTCLOUD_SECRETID and TENCENTCLOUD_SECRETKEY; exits non-zero on a wrong answer.
import assert from "node:assert/strict";
import { createRequire } from "node:module";

process.env.TCB_BASE_URL = process.env.CLOUDKIT_EMULATOR_URL;
const CloudBase = createRequire(import.meta.url)("@cloudbase/manager-node");
const app = new CloudBase({
  secretId: process.env.TENCENTCLOUD_SECRETID,
  secretKey: process.env.TENCENTCLOUD_SECRETKEY,
  envId: process.env.CLOUDKIT_ENV_ID ?? "local",
  region: "ap-shanghai",
});
const { database, env, functions } = app;

assert.equal((await env.listEnvs()).EnvList.length, 1);
assert.ok((await env.getEnvInfo()).EnvInfo);
const name = "from_manager";
assert.equal((await database.checkCollectionExists(name)).Exists, false);
await database.createCollection(name);
assert.equal((await database.checkCollectionExists(name)).Exists, true);
await database.updateCollection(name, {
  CreateIndexes: [{ IndexName: "age", MgoKeySchema: { MgoIndexKeys: [{ Name: "age", Direction: "1" }], MgoIsUnique: true } }],
});
assert.equal((await database.checkIndexExists(name, "age")).Exists, true);
assert.deepEqual((await database.listCollections({ MgoOffset: 0, MgoLimit: 10 })).Collections.map((it) => it.CollectionName), [name, "places"]);
assert.equal((await database.describeCollection(name)).IndexNum, 3);
assert.equal((await database.distribution()).Collections.Count, 2);
await database.deleteCollection(name);
assert.ok(Array.isArray((await functions.listFunctions?.(20, 0))?.Functions ?? []));
console.log("@cloudbase/manager-node: ok");
