//! Functions are deployed, described, called and deleted.

use std::io::Write;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use cloudkit::api::control::Flag;
use cloudkit::api::control::function::*;
use cloudkit::api::sign::sha256_hex;
use cloudkit::cloud::Client;
use zip::write::SimpleFileOptions;

use super::{client, refused};
use crate::support::emulator::Sandbox;

/// Packs one `index.js`, padded to some size with what does not compress.
fn package(code: &str, padding: usize) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    zip.start_file("index.js", stored).expect("a file");
    zip.write_all(code.as_bytes()).expect("written");
    if padding > 0 {
        zip.start_file("padding", stored).expect("a file");
        zip.write_all(&vec![b'x'; padding]).expect("written");
    }
    zip.finish().expect("a zip").into_inner()
}

fn inline(package: &[u8]) -> Option<Code> {
    Some(Code { zip_file: Some(BASE64_STANDARD.encode(package)), ..Code::default() })
}

fn create(name: &str, code: Option<Code>) -> CreateFunction {
    CreateFunction {
        function_name: name.into(),
        namespace: Some("local".into()),
        handler: Some("index.main".into()),
        runtime: Some("Nodejs18.15".into()),
        memory_size: Some(128),
        timeout: Some(5),
        environment: Some(Environment {
            variables: vec![Variable { key: "GREETING".into(), value: "你好".into() }],
        }),
        install_dependency: Some(Flag(false)),
        code,
        ..CreateFunction::default()
    }
}

async fn describe(client: &Client, name: &str) -> FunctionDescription {
    let asked = GetFunction { function_name: name.into(), ..GetFunction::default() };
    client.call(&asked).await.expect("the function")
}

async fn invoke(client: &Client, name: &str, event: &str) -> InvocationResult {
    let asked = Invoke {
        function_name: name.into(),
        client_context: Some(event.into()),
        log_type: Some("Tail".into()),
        ..Invoke::default()
    };
    client.call(&asked).await.expect("an answer").result
}

const HELLO: &str =
    "exports.main = async event => { console.log('said'); return { greeting: process.env.GREETING, event } }";

#[tokio::test(flavor = "multi_thread")]
async fn a_deployed_function_is_the_one_that_runs() {
    let sandbox = Sandbox::start().await;
    let client = client(&sandbox);
    let zip = package(HELLO, 0);
    client.call(&create("hello", inline(&zip))).await.expect("created");

    // The change shows once, as it does in the cloud for a while.
    assert_eq!(describe(&client, "hello").await.status, "Creating");
    let found = describe(&client, "hello").await;
    assert_eq!((found.status.as_str(), found.timeout, found.memory_size), ("Active", 5, 128));
    assert_eq!((found.code_size, found.install_dependency), (zip.len() as u64, Flag(false)));
    assert_eq!(found.environment.variables[0].value, "你好");

    let result = invoke(&client, "hello", r#"{"a":1}"#).await;
    assert_eq!((result.invoke_result, result.err_msg.as_str()), (0, ""));
    let value: serde_json::Value = serde_json::from_str(&result.ret_msg).expect("JSON");
    assert_eq!((value["greeting"].as_str(), value["event"]["a"].as_i64()), (Some("你好"), Some(1)));
    assert!(result.log.contains("said"), "{}", result.log);

    let code = package("exports.main = () => 'second'", 0);
    let update = UpdateFunctionCode {
        function_name: "hello".into(),
        code: inline(&code),
        ..UpdateFunctionCode::default()
    };
    client.call(&update).await.expect("updated");
    assert_eq!(describe(&client, "hello").await.status, "Updating");
    assert_eq!(invoke(&client, "hello", "{}").await.ret_msg, r#""second""#);

    let asked = GetFunctionAddress { function_name: "hello".into(), ..GetFunctionAddress::default() };
    let address = client.call(&asked).await.expect("an address");
    assert_eq!(address.code_sha256, sha256_hex(&code));
    assert_eq!(client.fetch(&address.url).await.expect("the package"), code);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_package_goes_through_temporary_storage() {
    let sandbox = Sandbox::start().await;
    let client = client(&sandbox);
    let zip = package(HELLO, 2 * 1024 * 1024);
    let (size, mut heard) = (zip.len() as u64, Vec::new());
    let code =
        client.upload_package("hello", 1, zip, &mut |bytes| heard.push(bytes)).await.expect("uploaded");
    assert!(code.zip_file.is_none() && code.temp_cos_object_name.is_some());
    assert!(heard.is_sorted() && heard.last() == Some(&size), "{heard:?}");
    client.call(&create("hello", Some(code))).await.expect("created");
    assert_eq!(invoke(&client, "hello", "{}").await.invoke_result, 0);

    let stranger = Code { temp_cos_object_name: Some("/d/other.zip".into()), ..Code::default() };
    let code = refused(client.call(&create("other", Some(stranger))).await);
    assert_eq!(code, "InvalidParameterValue.TempCosObjectName");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unannounced_upload_is_turned_away() {
    let sandbox = Sandbox::start().await;
    let url = sandbox.url("/__cloudkit/packages/2023-11-14/1/local/hello.zip");
    let answer = crate::support::http::Request::new("PUT", &url).body("zip").send().await;
    assert_eq!(answer.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_change_and_code_stays() {
    let sandbox = Sandbox::start().await;
    let client = client(&sandbox);
    client.call(&create("hello", inline(&package(HELLO, 0)))).await.expect("created");
    let update = UpdateFunctionConfiguration {
        function_name: "hello".into(),
        timeout: Some(20),
        environment: Some(Environment {
            variables: vec![Variable { key: "GREETING".into(), value: "hi".into() }],
        }),
        ..UpdateFunctionConfiguration::default()
    };
    client.call(&update).await.expect("updated");
    let found = describe(&client, "hello").await;
    assert_eq!((found.timeout, found.memory_size), (20, 128));
    assert!(invoke(&client, "hello", "{}").await.ret_msg.contains(r#""greeting":"hi""#));
}

#[tokio::test(flavor = "multi_thread")]
async fn functions_are_listed_copied_and_deleted() {
    let sandbox = Sandbox::start().await;
    let client = client(&sandbox);
    for name in ["alpha", "beta"] {
        client.call(&create(name, inline(&package(HELLO, 0)))).await.expect("created");
    }
    let copy = CopyFunction {
        function_name: "alpha".into(),
        new_function_name: "gamma".into(),
        ..CopyFunction::default()
    };
    client.call(&copy).await.expect("copied");
    assert_eq!(refused(client.call(&copy).await), "ResourceInUse.Function");

    let second = ListFunctions { offset: Some(1), limit: Some(1), ..ListFunctions::default() };
    let page = client.call(&second).await.expect("a list");
    assert_eq!((page.total_count, page.functions.len()), (3, 1));
    assert_eq!(page.functions[0].function_name, "beta");

    let delete = DeleteFunction { function_name: "beta".into(), ..DeleteFunction::default() };
    client.call(&delete).await.expect("deleted");
    assert_eq!(refused(client.call(&delete).await), "ResourceNotFound.Function");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_requests_have_the_platforms_codes() {
    let sandbox = Sandbox::start().await;
    let client = client(&sandbox);
    let zip = inline(&package(HELLO, 0));
    client.call(&create("hello", zip.clone())).await.expect("created");
    for (asked, code) in [
        (create("hello", zip.clone()), "ResourceInUse.Function"),
        (create("1st", zip.clone()), "InvalidParameterValue.FunctionName"),
        (create("other", None), "MissingParameter"),
        (create("other", inline(b"not a zip")), "InvalidParameterValue.ZipFile"),
        (
            create("other", Some(Code { zip_file: Some("%".into()), ..Code::default() })),
            "InvalidParameterValue.ZipFile",
        ),
        (
            CreateFunction { namespace: Some("elsewhere".into()), ..create("other", zip.clone()) },
            "ResourceNotFound.EnvNotExist",
        ),
        (
            CreateFunction { memory_size: Some(100), ..create("other", zip.clone()) },
            "InvalidParameterValue.MemorySize",
        ),
    ] {
        assert_eq!(refused(client.call(&asked).await), code);
    }
    let missing = Invoke { function_name: "nobody".into(), ..Invoke::default() };
    assert_eq!(refused(client.call(&missing).await), "ResourceNotFound.Function");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_function_is_an_answer() {
    let sandbox = Sandbox::start().await;
    let client = client(&sandbox);
    let code = "exports.main = async () => { throw new Error('boom') }";
    client.call(&create("bad", inline(&package(code, 0)))).await.expect("created");
    let asked = InvokeFunction { function_name: "bad".into(), ..InvokeFunction::default() };
    let result = client.call(&asked).await.expect("an answer").result;
    assert_eq!((result.invoke_result, result.ret_msg.as_str()), (1, ""));
    assert!(result.err_msg.contains("boom"), "{}", result.err_msg);
    let alone = |length: usize| Invoke {
        function_name: "bad".into(),
        invocation_type: Some("Event".into()),
        client_context: Some(format!(r#""{}""#, "x".repeat(length - 2))),
        ..Invoke::default()
    };
    client.call(&alone(128 << 10)).await.expect("as much as an asynchronous event may have");
    assert_eq!(refused(client.call(&alone((128 << 10) + 1)).await), "InvalidParameterValue");
}
