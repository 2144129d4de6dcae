// @cloudbase/manager-node's tcb actions against the emulator, through TCB_BASE_URL (its scf actions need the proxy).
// Wants CLOUDKIT_EMULATOR_URL, TENCENTCLOUD_SECRETID and TENCENTCLOUD_SECRETKEY; exits non-zero on a wrong answer.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";

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

const folder = mkdtempSync(path.join(tmpdir(), "cloudkit-"));
const file = path.join(folder, "people.json");
writeFileSync(file, '{"_id":"1","age":30}\n{"_id":"2","age":20,"born":{"$date":"2006-01-01T00:00:00Z"}}\n');
const ended = async ({ JobId }) => {
  for (;;) {
    const state = await database.migrateStatus(JobId);
    if (["success", "fail"].includes(state.Status)) return state;
  }
};
const imported = await ended(await database.import(name, { FilePath: file }, { StopOnError: true, ConflictMode: "insert" }));
assert.deepEqual([imported.Status, imported.RecordSuccess, imported.RecordFail, imported.ErrorMsg], ["success", 2, 0, ""]);
const again = await ended(await database.import(name, { FilePath: file }, { StopOnError: true, ConflictMode: "insert" }));
assert.equal(again.Status, "fail");
assert.match(again.ErrorMsg, /E11000/);
const upserted = await ended(await database.import(name, { ObjectKey: "tmp/db-imports/people.json" }, { StopOnError: true, ConflictMode: "upsert" }));
assert.equal(upserted.RecordSuccess, 2);
const asked = { Query: '{"age":{"$lt":25}}', Sort: '{"age":1}', Limit: 10, Skip: 0 };
const exported = await ended(await database.export(name, { ObjectKey: "tmp/db-exports/people.json" }, asked));
assert.equal(await (await fetch(exported.FileUrl)).text(), '{"_id":"2","age":20,"born":{"$date":"2006-01-01T00:00:00Z"}}\n');
rmSync(folder, { recursive: true });
await database.deleteCollection(name);
assert.ok(Array.isArray((await functions.listFunctions?.(20, 0))?.Functions ?? []));
console.log("@cloudbase/manager-node: ok");
