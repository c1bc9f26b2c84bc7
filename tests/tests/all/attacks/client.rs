//! The hostile client's hands: HTTP as it likes, keys of its own, and the base that it pulled.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use data_encoding::HEXLOWER;
use ed25519_dalek::SigningKey;
use prost::Message as _;
use selaras_model::{DeviceId, KeyId, Npsn, RecordId, ReplicaId};
use selaras_storage::{Changelog, MemoryBlobs, MemoryEngine, SchoolStore};
use selaras_sync::{Installation, Rules, School as Engine, Store as _, wire};
use selaras_transport::prove;
use serde_json::{Value, json};

use crate::people::School;
use crate::stand::Centre;

/// How long an answer may take before a test gives up on it.
const PATIENCE: Duration = Duration::from_secs(30);

/// An answer as it came.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The code that it is refused by, or its status.
    pub(crate) fn code(&self) -> String {
        let named = self.head.lines().find_map(|line| line.strip_prefix("selaras-code: "));
        named.map_or_else(|| self.status.to_string(), str::to_owned)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{}: {}", self.status, self.head))
    }
}

/// Sends bytes as they are and gives what comes back.
pub(crate) fn raw(address: &str, bytes: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    // A refusal may come while a body is still being sent, and the connection end with it.
    let _ = stream.write_all(bytes);
    let mut all = Vec::new();
    let _ = stream.read_to_end(&mut all);
    let end = all.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(all.len());
    let head = String::from_utf8_lossy(&all[..end]).into_owned();
    let status = head.get(9..12).and_then(|status| status.parse().ok()).unwrap_or(0);
    let mut body = all.get(end + 4..).unwrap_or_default().to_vec();
    if head.contains("transfer-encoding: chunked") {
        body = unchunked(&body);
    }
    Answer { status, head, body }
}

fn unchunked(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(line) = rest.windows(2).position(|two| two == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..line]).unwrap(), 16).unwrap();
        if size == 0 {
            break;
        }
        body.extend_from_slice(&rest[line + 2..line + 2 + size]);
        rest = &rest[line + 4 + size..];
    }
    body
}

/// A request's bytes.
pub(crate) fn request(method: &str, path: &str, heads: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{method} {path} HTTP/1.1\r\nhost: x\r\nselaras: 1\r\nconnection: close\r\n").into_bytes();
    for (name, value) in heads {
        bytes.extend(format!("{name}: {value}\r\n").bytes());
    }
    bytes.extend(format!("content-length: {}\r\n\r\n", body.len()).bytes());
    bytes.extend_from_slice(body);
    bytes
}

/// A hostile installation.
pub(crate) struct Client {
    pub(crate) address: String,
    pub(crate) npsn: Npsn,
    pub(crate) kode: String,
    pub(crate) ptk: RecordId,
    pub(crate) device_key: SigningKey,
    pub(crate) device: DeviceId,
    pub(crate) replica: ReplicaId,
    pub(crate) token: String,
    pub(crate) head: SigningKey,
    pub(crate) head_key: KeyId,
    pub(crate) store: SchoolStore,
    pub(crate) blobs: MemoryBlobs,
    pub(crate) rules: Rules,
}

impl Client {
    pub(crate) fn of(centre: &Centre, school: &School, number: u8) -> Self {
        let address = centre.url.trim_start_matches("http://").to_owned();
        let npsn: Npsn = school.npsn.parse().unwrap();
        let device_key = SigningKey::from_bytes(&[number; 32]);
        let replica = ReplicaId::from_bytes([number; 8]);
        let registered = post_json(
            &address,
            &format!("/v1/schools/{npsn}/register"),
            "",
            &json!({
                "kode_registrasi": school.kode,
                "device_key": HEXLOWER.encode(device_key.verifying_key().as_bytes()),
                "replica": replica,
                "app_version": "jahat",
            }),
        )
        .json();
        let device: DeviceId = registered["device"].as_str().unwrap().parse().unwrap();
        let centre_key = HEXLOWER.decode(registered["centre_key"].as_str().unwrap().as_bytes()).unwrap();
        let rules = Rules::builtin();
        let store = Changelog::new(Arc::new(MemoryEngine::new())).unwrap().school(npsn);
        let installation = Installation {
            npsn,
            replica,
            device,
            centre_key: centre_key.try_into().unwrap(),
            centre_url: centre.url.clone(),
            centre_name: "Pusat Uji".to_owned(),
            centre_ca: None,
        };
        let today = registered["today"].as_str().unwrap().parse().unwrap();
        store.commit(&Engine::install(&installation, &rules, today).unwrap()).unwrap();
        let head = SigningKey::from_bytes(&[number.wrapping_add(100); 32]);
        let mut client = Self {
            address,
            npsn,
            kode: school.kode.clone(),
            ptk: school.head.parse().unwrap(),
            device_key,
            device,
            replica,
            token: String::new(),
            head,
            head_key: KeyId::from_bytes([0; 8]),
            store,
            blobs: MemoryBlobs::new(),
            rules,
        };
        client.token = client.new_token();
        client.head_key = client.enrol().json()["key_id"].as_str().unwrap().parse().unwrap();
        client.pull();
        client
    }

    pub(crate) fn path(&self, rest: &str) -> String {
        format!("/v1/schools/{}/{rest}", self.npsn)
    }

    /// A token, asked for with a nonce that was never used.
    pub(crate) fn new_token(&self) -> String {
        let asked = prove(&self.device_key, self.npsn, self.device, rand::random(), 0);
        let answer = post_json(&self.address, &self.path("token"), "", &serde_json::to_value(asked).unwrap());
        answer.json()["token"].as_str().unwrap().to_owned()
    }

    /// Has the head's key enrolled; the code is known to whoever owns the device.
    pub(crate) fn enrol(&self) -> Answer {
        let public = HEXLOWER.encode(self.head.verifying_key().as_bytes());
        self.post("heads", &json!({ "kode_registrasi": self.kode, "ptk": self.ptk, "public_key": public }))
    }

    pub(crate) fn post(&self, rest: &str, body: &Value) -> Answer {
        post_json(&self.address, &self.path(rest), &self.token, body)
    }

    /// Sends an exchange with a token.
    pub(crate) fn sync_as(&self, token: &str, npsn: &str, body: &[u8]) -> Answer {
        let bearer = format!("Bearer {token}");
        let heads = [("authorization", bearer.as_str()), ("content-type", "application/x-selaras")];
        raw(&self.address, &request("POST", &format!("/v1/schools/{npsn}/sync"), &heads, body))
    }

    pub(crate) fn sync(&self, body: &[u8]) -> Answer {
        self.sync_as(&self.token, &self.npsn.to_string(), body)
    }

    /// Sends an exchange and gives what became of it: the refusal's code, the problem's, or `accepted`.
    pub(crate) fn outcome(&self, body: &[u8]) -> String {
        let answer = self.sync(body);
        if answer.status == 200 { outcome(&answer.body) } else { answer.code() }
    }

    pub(crate) fn engine(&self) -> Engine<'_> {
        Engine::new(&self.store, &self.blobs, &self.rules, 0)
    }
}

pub(crate) fn post_json(address: &str, path: &str, token: &str, body: &Value) -> Answer {
    let bearer = format!("Bearer {token}");
    let mut heads = vec![("content-type", "application/json")];
    if !token.is_empty() {
        heads.push(("authorization", bearer.as_str()));
    }
    raw(address, &request("POST", path, &heads, body.to_string().as_bytes()))
}

/// What an answer says of the bundle.
pub(crate) fn outcome(answer: &[u8]) -> String {
    use wire::exchange_response::Outcome;
    let open = zstd::stream::decode_all(answer).unwrap();
    match wire::ExchangeResponse::decode(open.as_slice()).unwrap().outcome {
        Some(Outcome::Refusal(signed)) => wire::Refusal::decode(signed.refusal.as_slice()).unwrap().code,
        Some(Outcome::Accepted(_)) => "accepted".to_owned(),
        None => "nothing".to_owned(),
    }
}
