//! Sizes and shapes: bombs, nesting, garbage, bodies that never end.

use std::io::Write as _;
use std::net::TcpStream;

use prost::Message as _;

use super::Scene;
use super::client::{raw, request};

#[test]
fn bytes_of_any_shape_are_refused_in_time_and_in_little_memory() {
    let mut scene = Scene::new();
    let mallory = scene.mallory(0x69);
    let bearer = format!("Bearer {}", mallory.token);
    let exchange = [("authorization", bearer.as_str()), ("content-type", "application/x-selaras")];
    let post = |body: &[u8]| raw(&mallory.address, &request("POST", &mallory.path("sync"), &exchange, body)).code();
    let with_bundle = |number: u64, frozen: Vec<u8>| {
        let forgery = mallory.sound(number);
        let mut request = forgery.request();
        request.approval = Some(forgery.approval(&frozen));
        request.bundle = frozen;
        mallory.outcome(&request.encode_to_vec())
    };

    scene.attack("a bundle that unpacks without end", "bundle.too-large", || {
        with_bundle(10, zstd::encode_all(vec![0; 300 << 20].as_slice(), 19).unwrap())
    });
    scene.attack("a bundle that is no zstd", "bundle.damaged", || with_bundle(11, b"bukan zstd".to_vec()));
    scene.attack("a bundle with bytes behind its end", "bundle.damaged", || {
        let mut frozen = mallory.sound(12).frozen();
        frozen.extend([0; 64]);
        with_bundle(12, frozen)
    });
    scene.attack("a bundle cut short", "bundle.damaged", || {
        let frozen = mallory.sound(13).frozen();
        with_bundle(13, frozen[..frozen.len() / 2].to_vec())
    });
    scene.attack("messages nested a thousand deep", "request.damaged", || {
        let mut nested = Vec::new();
        for _ in 0..1_000 {
            let mut outer = vec![0x1a];
            prost::encoding::encode_varint(nested.len() as u64, &mut outer);
            outer.extend(nested);
            nested = outer;
        }
        post(&nested)
    });
    scene.attack("a length over all memory", "request.damaged", || {
        post(&[0x4a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f])
    });
    scene.attack("garbage", "request.damaged", || post(&[0xff; 500]));
    scene.attack("an exchange over its limit", "body.too-large", || post(&vec![0; 300 << 10]));
    scene.attack("JSON a hundred thousand brackets deep", "body.not-json", || {
        let heads = [("content-type", "application/json")];
        raw(&mallory.address, &request("POST", &mallory.path("register"), &heads, "[".repeat(100_000).as_bytes()))
            .code()
    });
    scene.attack("a way out of the schools", "path.unknown", || {
        raw(&mallory.address, &request("GET", "/v1/schools/../admin/schools", &[], b"")).code()
    });
    scene.attack("a school that is a path", "school.bad-npsn", || {
        raw(&mallory.address, &request("POST", "/v1/schools/..%2f..%2f/sync", &exchange, b"")).code()
    });
    scene.attack("no protocol", "protocol.no-marker", || {
        raw(&mallory.address, b"GET /v1/rules HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").code()
    });
    scene.attack("a protocol of before", "protocol.too-old", || {
        raw(&mallory.address, b"GET /v1/rules HTTP/1.1\r\nhost: x\r\nselaras: 0\r\nconnection: close\r\n\r\n").code()
    });
    scene.attack("a head of a megabyte", "431", || {
        let long = format!("GET /v1/rules HTTP/1.1\r\nhost: x\r\nselaras: 1\r\nx: {}\r\n\r\n", "y".repeat(1 << 20));
        raw(&mallory.address, long.as_bytes()).code()
    });
    scene.attack("too many records to repair", "repair.damaged", || {
        raw(&mallory.address, &request("POST", &mallory.path("repair"), &exchange, &[0x12, 0x03, 1, 2, 3])).code()
    });
    scene.attack("entries handed back that nobody signed", "heal.damaged", || {
        raw(&mallory.address, &request("POST", &mallory.path("heal"), &exchange, &[0xff; 40])).code()
    });
    scene.attack("a snapshot that is not there", "snapshot.unknown", || {
        let path = mallory.path(&format!("snapshots/{}", "ab".repeat(32)));
        raw(&mallory.address, &request("GET", &path, &exchange[..1], b"")).code()
    });
    scene.honest_still_syncs();
}

#[test]
fn who_sends_slowly_keeps_nobody_else_out() {
    let mut scene = Scene::new();
    let mallory = scene.mallory(0x6a);
    let half = format!(
        "POST {} HTTP/1.1\r\nhost: x\r\nselaras: 1\r\ncontent-type: application/x-selaras\r\nauthorization: Bearer {}\r\n\
         content-length: 1000\r\n\r\nx",
        mallory.path("sync"),
        mallory.token
    );
    let slow: Vec<TcpStream> = (0..200)
        .map(|_| {
            let mut stream = TcpStream::connect(&mallory.address).unwrap();
            stream.write_all(half.as_bytes()).unwrap();
            stream
        })
        .collect();
    // All of them hang in the middle of their bodies, and the others are served.
    scene.attack("two hundred bodies that do not end", "nothing", || {
        mallory.outcome(&mallory.pull_body().encode_to_vec())
    });
    scene.honest_still_syncs();
    drop(slow);
}
