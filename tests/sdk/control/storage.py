"""cos-python-sdk-v5 as it comes, with the bucket's own host name over TLS, under `cloudkit emulate --intercept`."""

import hashlib
import os
import tempfile

from qcloud_cos import CosConfig, CosS3Client, CosServiceError

BUCKET = "6c6f-local-1250000001"
config = CosConfig(
    Region="ap-shanghai",
    SecretId=os.environ["TENCENTCLOUD_SECRETID"],
    SecretKey=os.environ["TENCENTCLOUD_SECRETKEY"],
    VerifySSL=os.environ["REQUESTS_CA_BUNDLE"],
)
client = CosS3Client(config)


def refused(code, call, **arguments):
    try:
        call(Bucket=BUCKET, **arguments)
    except CosServiceError as error:
        assert error.get_error_code() == code, error.get_error_code()
    else:
        raise AssertionError(f"{code}: not refused")


key = "py/云 &+.txt"
client.put_object(Bucket=BUCKET, Key=key, Body=b"hello", EnableMD5=True, Metadata={"x-cos-meta-by": "me"})
assert client.head_object(Bucket=BUCKET, Key=key)["x-cos-meta-by"] == "me"
assert client.object_exists(Bucket=BUCKET, Key=key) and client.bucket_exists(Bucket=BUCKET)
assert client.get_object(Bucket=BUCKET, Key=key, Range="bytes=1-3")["Body"].get_raw_stream().read() == b"ell"
assert [it["Key"] for it in client.list_objects(Bucket=BUCKET, Prefix="py/")["Contents"]] == [key]
refused("NoSuchKey", client.get_object, Key="none")
refused("NoSuchUpload", client.list_parts, Key="none", UploadId="none")

with tempfile.TemporaryDirectory() as folder:
    path, back = os.path.join(folder, "large"), os.path.join(folder, "back")
    data = os.urandom(5 * 1024 * 1024 + 3)
    with open(path, "wb") as file:
        file.write(data)
    client.upload_file(Bucket=BUCKET, Key="py/large", LocalFilePath=path, PartSize=1, MAXThread=4, EnableMD5=True)
    client.download_file(Bucket=BUCKET, Key="py/large", DestFilePath=back)
    with open(back, "rb") as file:
        assert hashlib.md5(file.read()).digest() == hashlib.md5(data).digest()

client.copy(Bucket=BUCKET, Key="py/copy", CopySource={"Bucket": BUCKET, "Key": key, "Region": "ap-shanghai"})
listed = client.list_objects(Bucket=BUCKET, Prefix="py/", MaxKeys=2)
assert (len(listed["Contents"]), listed["IsTruncated"]) == (2, "true")
deleted = client.delete_objects(Bucket=BUCKET, Delete={"Object": [{"Key": key}, {"Key": "py/copy"}, {"Key": "py/large"}]})
assert len(deleted["Deleted"]) == 3
client.delete_object(Bucket=BUCKET, Key=key)
