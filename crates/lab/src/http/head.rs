//! The head of a message: its first line and its header lines.

/// Most bytes of a head; a longer one is not HTTP as we know it.
pub(crate) const MAX_HEAD: usize = 64 << 10;

/// A head, taken apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Head {
    /// The words of the first line: method, target, version; or version, status, phrase.
    line: [String; 3],
    headers: Vec<(String, String)>,
}

impl Head {
    /// Takes a head apart, blank line included; `None` where it is none.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?.strip_suffix("\r\n\r\n")?;
        let mut lines = text.split("\r\n");
        let mut words = lines.next()?.splitn(3, ' ');
        let line = [words.next()?.to_owned(), words.next()?.to_owned(), words.next().unwrap_or_default().to_owned()];
        let header = |line: &str| {
            let (name, value) = line.split_once(':')?;
            Some((name.to_ascii_lowercase(), value.trim().to_owned()))
        };
        Some(Self { line, headers: lines.map(header).collect::<Option<_>>()? })
    }

    /// The method of a request.
    pub(crate) fn method(&self) -> &str {
        let [method, _, _] = &self.line;
        method
    }

    /// The target of a request, without its query.
    pub(crate) fn path(&self) -> &str {
        let [_, target, _] = &self.line;
        target.split('?').next().unwrap_or_default()
    }

    /// The status of an answer.
    pub(crate) fn status(&self) -> Option<u16> {
        let [_, status, _] = &self.line;
        status.parse().ok()
    }

    /// The first header of a name, which is given in small letters.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// All headers in their order, names in small letters.
    pub(crate) fn headers(&self) -> &[(String, String)] {
        &self.headers
    }

    /// The length of the body, where the head says it.
    pub(crate) fn length(&self) -> Option<u64> {
        self.header("content-length")?.parse().ok()
    }

    /// Whether the body comes in chunks.
    pub(crate) fn chunked(&self) -> bool {
        self.header("transfer-encoding").is_some_and(|value| value.to_ascii_lowercase().contains("chunked"))
    }
}
