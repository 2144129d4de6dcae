"""tencentcloud-sdk-python against the emulator: TC3 and signature v1, POST and GET, every family of actions.

Wants CLOUDKIT_EMULATOR_URL, TENCENTCLOUD_SECRETID and TENCENTCLOUD_SECRETKEY; exits non-zero on a wrong answer.
"""

import base64
import io
import json
import os
import zipfile
from urllib.parse import urlparse

from tencentcloud.common import credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.scf.v20180416 import models as scf
from tencentcloud.scf.v20180416.scf_client import ScfClient
from tencentcloud.tcb.v20180608 import models as tcb
from tencentcloud.tcb.v20180608.tcb_client import TcbClient

HOST = urlparse(os.environ["CLOUDKIT_EMULATOR_URL"]).netloc
ENV = os.environ.get("CLOUDKIT_ENV_ID", "local")
KEY = os.environ["TENCENTCLOUD_SECRETKEY"]


def clients(sign, method, host=HOST, key=KEY, unsigned=False):
    http = HttpProfile(protocol="http", endpoint=host, reqMethod=method)
    profile = ClientProfile(httpProfile=http, signMethod=sign)
    profile.unsignedPayload = unsigned
    owner = credential.Credential(os.environ["TENCENTCLOUD_SECRETID"], key)
    return ScfClient(owner, "ap-shanghai", profile), TcbClient(owner, "ap-shanghai", profile)


def ask(model, **fields):
    request = model()
    request.from_json_string(json.dumps(fields))
    return request


def refused(call, code):
    try:
        answer = call()
    except TencentCloudSDKException as error:
        assert error.code == code, error
        assert len(error.requestId) == 36, error
    else:
        raise AssertionError(f"not refused: {answer}")


for host in (HOST, HOST.replace("127.0.0.1", "localhost")):
    for sign, method, unsigned in (
        ("TC3-HMAC-SHA256", "POST", False),
        ("TC3-HMAC-SHA256", "POST", True),
        ("TC3-HMAC-SHA256", "GET", False),
        ("HmacSHA1", "POST", False),
        ("HmacSHA1", "GET", False),
        ("HmacSHA256", "POST", False),
    ):
        functions, env = clients(sign, method, host, unsigned=unsigned)
        envs = env.DescribeEnvs(ask(tcb.DescribeEnvsRequest, Limit=10, Channels=["a", "云 b"]))
        assert envs.EnvList[0].EnvId == ENV, (host, sign, method)
        assert functions.ListFunctions(ask(scf.ListFunctionsRequest, Namespace=ENV)).TotalCount >= 0
        refused(
            lambda: functions.GetFunction(ask(scf.GetFunctionRequest, FunctionName="nobody")),
            "ResourceNotFound.Function",
        )

refused(
    lambda: clients("TC3-HMAC-SHA256", "POST", key="wrong")[1].DescribeEnvs(tcb.DescribeEnvsRequest()),
    "AuthFailure.SignatureFailure",
)

functions, env = clients("TC3-HMAC-SHA256", "POST")


def package(code):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("index.js", code)
    return base64.b64encode(packed.getvalue()).decode()


name = dict(FunctionName="fromPython", Namespace=ENV)
functions.CreateFunction(
    ask(
        scf.CreateFunctionRequest,
        **name,
        Code={"ZipFile": package("exports.main = async (event) => ({ echo: event })")},
        Runtime="Nodejs18.15",
        Handler="index.main",
        Timeout=5,
    )
)
statuses = [functions.GetFunction(ask(scf.GetFunctionRequest, **name)).Status for _ in range(2)]
assert statuses == ["Creating", "Active"], statuses
result = functions.Invoke(ask(scf.InvokeRequest, **name, ClientContext='{"a": 1}', LogType="Tail")).Result
assert json.loads(result.RetMsg)["echo"]["a"] == 1 and result.InvokeResult == 0, result
functions.UpdateFunctionConfiguration(ask(scf.UpdateFunctionConfigurationRequest, **name, Timeout=9, MemorySize=512))
assert functions.GetFunction(ask(scf.GetFunctionRequest, **name)).MemorySize == 512
functions.DeleteFunction(ask(scf.DeleteFunctionRequest, **name))

tag = env.DescribeEnvs(tcb.DescribeEnvsRequest()).EnvList[0].Databases[0].InstanceId
table = dict(EnvId=ENV, Tag=tag, TableName="from_python")
env.CreateTable(ask(tcb.CreateTableRequest, **table))
index = {"IndexName": "u", "MgoKeySchema": {"MgoIndexKeys": [{"Name": "email", "Direction": "1"}], "MgoIsUnique": True}}
env.UpdateTable(ask(tcb.UpdateTableRequest, **table, CreateIndexes=[index]))
indexes = env.DescribeTable(ask(tcb.DescribeTableRequest, **table)).Indexes
assert [it.Name for it in indexes] == ["_id_", "_openid_1", "u"] and indexes[2].Unique, indexes
tables = env.ListTables(ask(tcb.ListTablesRequest, EnvId=ENV, Tag=tag, MgoLimit=100, MgoOffset=0)).Tables
assert [it.TableName for it in tables] == ["from_python", "places"], tables
env.DeleteTable(ask(tcb.DeleteTableRequest, **table))
print("tencentcloud-sdk-python: ok")
