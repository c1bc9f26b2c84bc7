//! A browser as far as a page without script needs one: cookies, forms, redirects.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

pub(crate) struct Browser {
    pub(crate) address: SocketAddr,
    pub(crate) cookies: BTreeMap<String, String>,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
    /// The body as it came.
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The value of the first input of a name.
    pub(crate) fn field(&self, name: &str) -> String {
        let from = self.body.split(&format!("name=\"{name}\" value=\"")).nth(1);
        from.unwrap_or_else(|| panic!("no field {name}: {}", self.body)).split('"').next().unwrap().to_owned()
    }
}

impl Browser {
    pub(crate) fn new(pages: &str) -> Browser {
        Browser { address: pages.trim_start_matches("http://").parse().unwrap(), cookies: BTreeMap::new() }
    }

    /// Sends exactly this; what comes back is read to its end.
    pub(crate) fn raw(&self, request: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(self.address).unwrap();
        // Whoever refuses a body need not read it to its end.
        let _ = stream.write_all(request);
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(bytes.len());
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let bytes = bytes.get(end + 4..).unwrap_or_default().to_vec();
        let body = String::from_utf8_lossy(&bytes).into_owned();
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok());
        let headers = lines.filter_map(|line| line.split_once(": "));
        let headers = headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
        Answer { status: status.unwrap_or(0), headers, body, bytes }
    }

    /// A request with headers that take the usual ones' place.
    pub(crate) fn send(&mut self, method: &str, path: &str, own: &[(&str, &str)], body: impl AsRef<[u8]>) -> Answer {
        let body = body.as_ref();
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut headers: BTreeMap<String, String> = BTreeMap::new();
        headers.insert("host".into(), self.address.to_string());
        headers.insert("cookie".into(), cookies.join("; "));
        headers.insert("connection".into(), "close".into());
        if method == "POST" {
            headers.insert("origin".into(), format!("http://{}", self.address));
            headers.insert("content-type".into(), "application/x-www-form-urlencoded".into());
            headers.insert("content-length".into(), body.len().to_string());
        }
        headers.extend(own.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let headers: String = headers
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        let head = format!("{method} {path} HTTP/1.1\r\n{headers}\r\n");
        let answer = self.raw(&[head.as_bytes(), body].concat());
        for (_, cookie) in answer.headers.iter().filter(|(name, _)| name == "set-cookie") {
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        answer
    }

    pub(crate) fn get(&mut self, path: &str) -> Answer {
        self.send("GET", path, &[], "")
    }

    /// Submits fields; follows the redirect.
    pub(crate) fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let answer = self.send("POST", path, &[], form(fields));
        self.follow(answer)
    }

    /// Goes where an answer leads to.
    pub(crate) fn follow(&mut self, answer: Answer) -> Answer {
        match answer.header("location").map(str::to_owned) {
            Some(to) if answer.status == 303 => self.get(&to),
            _ => answer,
        }
    }

    pub(crate) fn sign_in(&mut self, name: &str, password: &str) {
        let answer = self.post("/masuk", &[("name", name), ("password", password)]);
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert!(answer.body.contains("/keluar"), "nobody is known: {}", answer.body);
    }

    /// The token of this session's forms.
    pub(crate) fn csrf(&mut self) -> String {
        self.get("/").field("csrf")
    }
}

pub(crate) fn form(fields: &[(&str, &str)]) -> String {
    let pairs = fields.iter().map(|(name, value)| format!("{}={}", escaped(name), escaped(value)));
    pairs.collect::<Vec<_>>().join("&")
}

fn escaped(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}
