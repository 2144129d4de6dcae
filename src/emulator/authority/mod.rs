//! The emulator's own certificate authority: TLS under the names of the platform and of this machine, for programs that can be
//! told whom to trust.
//!
//! Its key is made on first use and stays on this machine. The authority may speak for those names alone, so that somebody who
//! got hold of the key could pose as nobody else.

mod key;

use std::collections::HashMap;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, CidrSubnet, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, KeyUsagePurpose, NameConstraints, date_time_ymd,
};
use rustls::ServerConfig;

use crate::error::{Error, Kind, Result};
use crate::model::clock::{Millis, machine_time};
use crate::project::state;
use crate::text;
use key::{Key, pem};

/// What the certificate says of itself.
const NAME: &str = "cloudkit local authority";
/// How long a certificate is good: browsers take none of more than 825 days.
const LIFE: Millis = 90 * 24 * 3_600_000;
const A_DAY: Millis = 24 * 3_600_000;

/// Where a machine keeps the authorities it trusts, by distribution.
const TRUSTED: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Returns the file of an authority's certificate.
pub fn certificate(folder: &Path) -> PathBuf {
    folder.join("authority.pem")
}

/// Returns the file of what Node is to trust beside its own list: the authority, and those it was told to trust before.
pub fn beside_node(folder: &Path) -> PathBuf {
    folder.join("trusted-beside-node.pem")
}

/// Returns the file of all that a program should trust: the authority, and those the machine trusts.
pub fn bundle(folder: &Path) -> PathBuf {
    folder.join("trusted.pem")
}

/// The authority, and the certificates it has given out.
pub struct Authority {
    issuer: CertifiedIssuer<'static, Key>,
    /// By name.
    given: Mutex<HashMap<String, Arc<ServerConfig>>>,
}

impl Authority {
    /// Reads the authority of a folder, or makes one that speaks for `names` and all below them, and for the machine's loopback
    /// addresses. `variables` are the user's: they may name others that programs trust, those of a company's proxy.
    ///
    /// # Errors
    /// The folder cannot be written, or what lies there is no key.
    pub fn open(folder: &Path, names: &[&str], variables: &[(String, String)]) -> Result<Self> {
        std::fs::create_dir_all(folder).map_err(|error| unusable(folder, &error))?;
        let file = folder.join("authority-key.pem");
        let key = Key::open(&file).map_err(|error| {
            unusable(&file, &error).hint(text! {
                en: "remove the file: the next start makes a new authority",
                zh: "请删除该文件，下次启动会重新生成"
            })
        })?;
        let params = params(&key, names);
        let issuer = CertifiedIssuer::self_signed(params, key).map_err(|error| unusable(folder, &error))?;
        let own = pem("CERTIFICATE", issuer.der());
        // Made anew each time: another certificate of the same key is as good to who trusts the first one.
        let named = |name: &str| variables.iter().find(|(is, _)| is == name).map(|(_, file)| file.as_str());
        let mut machines = named("SSL_CERT_FILE").into_iter().chain(TRUSTED);
        let others = machines.find_map(|file| std::fs::read_to_string(file).ok()).unwrap_or_default();
        let nodes = named("NODE_EXTRA_CA_CERTS").and_then(|file| std::fs::read_to_string(file).ok());
        let nodes = nodes.unwrap_or_default();
        state::replace(&certificate(folder), own.as_bytes())
            .and_then(|()| state::replace(&beside_node(folder), format!("{own}{nodes}").as_bytes()))
            .and_then(|()| state::replace(&bundle(folder), format!("{own}{others}").as_bytes()))
            .map_err(|error| unusable(folder, &error))?;
        Ok(Authority { issuer, given: Mutex::default() })
    }

    /// Returns what a server needs to speak TLS under a name, or at an address.
    pub fn server_config(&self, name: &str) -> std::result::Result<Arc<ServerConfig>, String> {
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(config) = given.get(name) {
            return Ok(Arc::clone(config));
        }
        let config = Arc::new(self.issue(name)?);
        given.insert(name.to_owned(), Arc::clone(&config));
        Ok(config)
    }

    fn issue(&self, name: &str) -> std::result::Result<ServerConfig, String> {
        let text = |error: &(dyn std::error::Error + 'static)| error.to_string();
        let mut params = CertificateParams::new([name.to_owned()]).map_err(|error| text(&error))?;
        // Another than the authority's: a certificate that its own subject issued counts as signed by itself.
        params.distinguished_name = named("cloudkit emulator");
        params.use_authority_key_identifier_extension = true;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        // By the machine's time, which the client goes by.
        let now = machine_time();
        let [(year, month, day), (last_year, last_month, last_day)] = [date(now - A_DAY), date(now + LIFE)];
        params.not_before = date_time_ymd(year, month, day);
        params.not_after = date_time_ymd(last_year, last_month, last_day);
        let key = Key::generate().map_err(|error| text(&error))?;
        (params.serial_number, params.key_identifier_method) = (Some(key.serial()), key.id());
        let certificate = params.signed_by(&key, &self.issuer).map_err(|error| text(&error))?;
        let chain = vec![certificate.der().clone(), self.issuer.der().clone()];
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key.private()))
            .map_err(|error| text(&error))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

/// Returns what the authority's own certificate says.
fn params(key: &Key, names: &[&str]) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = named(NAME);
    (params.serial_number, params.key_identifier_method) = (Some(key.serial()), key.id());
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2050, 1, 1));
    let names = names.iter().map(|name| GeneralSubtree::DnsName(name.trim_start_matches('.').to_owned()));
    // A kind of name of which none is permitted would be permitted altogether (RFC 5280, 4.2.1.10).
    let addresses = [(Ipv4Addr::new(127, 0, 0, 0).into(), 8), (Ipv6Addr::LOCALHOST.into(), 128)];
    let addresses = addresses.map(|(address, bits)| CidrSubnet::from_addr_prefix(address, bits));
    let permitted_subtrees = names.chain(addresses.map(GeneralSubtree::IpAddress)).collect();
    params.name_constraints = Some(NameConstraints { permitted_subtrees, excluded_subtrees: Vec::new() });
    params
}

fn named(name: &str) -> DistinguishedName {
    let mut named = DistinguishedName::new();
    named.push(DnType::CommonName, name);
    named
}

/// Returns year, month and day in UTC.
fn date(time: Millis) -> (i32, u8, u8) {
    let time = jiff::Timestamp::from_millisecond(time).unwrap_or_default();
    let date = time.to_zoned(jiff::tz::TimeZone::UTC).date();
    (date.year().into(), date.month().unsigned_abs(), date.day().unsigned_abs())
}

fn unusable(path: &Path, error: &(dyn std::error::Error + 'static)) -> Error {
    let shown = path.display();
    Error::new(
        Kind::Failed,
        text! { en: "the local certificate authority in `{shown}` cannot be used", zh: "无法使用 `{shown}` 中的本地证书颁发机构" },
    )
    .source(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_is_made_once_and_its_key_is_the_users_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let company = folder.path().join("company.pem");
        std::fs::write(&company, "the company's\n").expect("written");
        let variables = ["NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE"];
        let variables = variables.map(|name| (name.to_owned(), company.display().to_string()));
        let open = || Authority::open(folder.path(), &[".example.com"], &variables).expect("opens");
        let (first, second) = (open(), open());
        assert_eq!(first.issuer.key().id(), second.issuer.key().id());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let key = std::fs::metadata(folder.path().join("authority-key.pem")).expect("there");
            assert_eq!(key.permissions().mode() & 0o777, 0o600);
        }
        let own = pem("CERTIFICATE", second.issuer.der());
        let (dir, company) = (folder.path(), "the company's\n");
        for (file, others) in [(certificate(dir), ""), (beside_node(dir), company), (bundle(dir), company)] {
            assert_eq!(std::fs::read_to_string(file).expect("there"), format!("{own}{others}"));
        }
        std::fs::write(folder.path().join("authority-key.pem"), "nonsense").expect("written");
        let error = Authority::open(folder.path(), &[], &[]).map(drop).expect_err("no key");
        assert!(!error.hints().is_empty(), "{error}");
    }

    /// Shakes hands with a server of `name` as a client that trusts the authority alone.
    fn shake_hands(authority: &Authority, name: &str) -> std::result::Result<(), rustls::Error> {
        let mut trusted = rustls::RootCertStore::empty();
        trusted.add(authority.issuer.der().clone()).expect("a certificate");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(trusted)
            .with_no_client_auth();
        let mut client =
            rustls::ClientConnection::new(Arc::new(config), name.to_owned().try_into().expect("a name"))?;
        let mut server = rustls::ServerConnection::new(authority.server_config(name).expect("issued"))?;
        while client.is_handshaking() {
            let mut wire = Vec::new();
            client.write_tls(&mut wire).expect("memory");
            server.read_tls(&mut wire.as_slice()).expect("memory");
            server.process_new_packets()?;
            let mut wire = Vec::new();
            server.write_tls(&mut wire).expect("memory");
            client.read_tls(&mut wire.as_slice()).expect("memory");
            client.process_new_packets()?;
        }
        Ok(())
    }

    #[test]
    fn it_speaks_for_its_names_and_for_no_other() {
        let folder = tempfile::tempdir().expect("a folder");
        let authority =
            Authority::open(folder.path(), &[".example.com", "one.example.org"], &[]).expect("opens");
        for (name, trusted) in [
            ("a.example.com", true),
            ("a.b.example.com", true),
            ("one.example.org", true),
            ("two.example.org", false),
            ("evil.com", false),
            ("127.0.0.1", true),
            ("::1", true),
            ("10.0.0.1", false),
        ] {
            assert_eq!(shake_hands(&authority, name).is_ok(), trusted, "{name}");
        }
    }
}
