"""tencentcloud-sdk-python as it comes, with the platform's own host names over TLS, under `cloudkit emulate --intercept`."""

import json
import os

from tencentcloud.common import credential
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.scf.v20180416 import models
from tencentcloud.scf.v20180416.scf_client import ScfClient

owner = credential.Credential(os.environ["TENCENTCLOUD_SECRETID"], os.environ["TENCENTCLOUD_SECRETKEY"])
# It trusts a list of its own (certifi) unless it is told another.
profile = ClientProfile(httpProfile=HttpProfile(certification=os.environ["SSL_CERT_FILE"]))
client = ScfClient(owner, "ap-shanghai", profile)
request = models.InvokeRequest()
request.from_json_string(json.dumps({"FunctionName": "echo", "Namespace": "local", "ClientContext": '{"n": 1}'}))
assert json.loads(client.Invoke(request).Result.RetMsg) == {"n": 1}
