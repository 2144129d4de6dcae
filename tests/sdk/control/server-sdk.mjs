// @cloudbase/node-sdk in a program beside the emulator, as a test of the user's own would use it: the signature that
// `/admin` verifies, a call, an upload. Run it by `cloudkit emulate -- node server-sdk.mjs` (the preload matters) in a
// project with a function `echo` that returns its event; exits non-zero on a wrong answer.
import assert from "node:assert/strict";
import { createRequire } from "node:module";

const cloudbase = createRequire(import.meta.url)("@cloudbase/node-sdk");
const env = process.env.CLOUDKIT_ENV_ID;
const open = (secretKey) => cloudbase.init({ env, secretId: process.env.TENCENTCLOUD_SECRETID, secretKey });

const app = open(process.env.TENCENTCLOUD_SECRETKEY);
await app.database().createCollection("from_server_sdk");
const data = { x: 1, small: 1.5e-7, text: '云 "q"', empty: "" };
assert.deepEqual((await app.callFunction({ name: "echo", data })).result, data);
const { fileID } = await app.uploadFile({ cloudPath: "a/云.txt", fileContent: Buffer.from("hi") });
assert.equal(String((await app.downloadFile({ fileID })).fileContent), "hi");

const stranger = open("wrong").database().createCollection("never");
await assert.rejects(stranger, { code: "SIGN_PARAM_INVALID" });
console.log("@cloudbase/node-sdk: ok");
