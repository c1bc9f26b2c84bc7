//! The name of who issued a certificate, so that a person reads "Kaspersky" instead of "not trusted".
//!
//! A few steps of DER and no more: the path to the issuer's name and its common name or organisation. It judges
//! nothing; the certificate has been refused already. The name is a stranger's text: control characters go, and it
//! is short.

/// The longest name that is kept, in characters.
const MAX_NAME: usize = 60;
/// The object identifiers 2.5.4.3 (common name) and 2.5.4.10 (organisation) in DER.
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const ORGANISATION: &[u8] = &[0x55, 0x04, 0x0a];

const SEQUENCE: u8 = 0x30;
const OBJECT: u8 = 0x06;
const VERSION: u8 = 0xa0;
/// Texts of one byte or UTF-8 a character: UTF8String, PrintableString, T61String, IA5String.
const TEXTS: [u8; 4] = [0x0c, 0x13, 0x14, 0x16];
/// Attributes that are looked at; a name has a handful.
const MAX_ATTRIBUTES: usize = 32;

/// The issuer's common name, else its organisation; nothing for what is not understood.
pub(super) fn issuer_of(certificate: &[u8]) -> Option<String> {
    let (_, certificate, _) = element(certificate).filter(|(tag, ..)| *tag == SEQUENCE)?;
    let (_, mut body, _) = element(certificate).filter(|(tag, ..)| *tag == SEQUENCE)?;
    if let Some((VERSION, _, rest)) = element(body) {
        body = rest;
    }
    let (_, _, rest) = element(body)?; // the serial number
    let (_, _, rest) = element(rest)?; // the signature's algorithm
    let (_, name, _) = element(rest).filter(|(tag, ..)| *tag == SEQUENCE)?;
    attribute(name, COMMON_NAME).or_else(|| attribute(name, ORGANISATION))
}

fn attribute(mut name: &[u8], wanted: &[u8]) -> Option<String> {
    for _ in 0..MAX_ATTRIBUTES {
        let (_, set, rest) = element(name)?;
        let (_, pair, _) = element(set)?;
        let (tag, object, value) = element(pair)?;
        if tag == OBJECT && object == wanted {
            let (tag, text, _) = element(value)?;
            return TEXTS.contains(&tag).then(|| tidy(text)).filter(|name| !name.is_empty());
        }
        name = rest;
    }
    None
}

fn tidy(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    text.chars().filter(|letter| !letter.is_control()).take(MAX_NAME).collect::<String>().trim().to_owned()
}

/// Tag, content and what follows of a DER element; nothing where the length does not fit.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (digits.iter().fold(0_usize, |length, digit| (length << 8) | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use proptest::prelude::*;
    use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair};

    use super::*;

    fn certificate(fill: impl Fn(&mut DistinguishedName)) -> Vec<u8> {
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.distinguished_name = DistinguishedName::new();
        fill(&mut authority.distinguished_name);
        let issuer = Issuer::new(authority, KeyPair::generate().unwrap());
        let server = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        server.signed_by(&KeyPair::generate().unwrap(), &issuer).unwrap().der().to_vec()
    }

    #[test]
    fn the_common_name_is_read_else_the_organisation() {
        let both = certificate(|name| {
            name.push(DnType::OrganizationName, "Perisai");
            name.push(DnType::CommonName, "Perisai HTTPS Scan");
        });
        assert_eq!(issuer_of(&both).as_deref(), Some("Perisai HTTPS Scan"));
        let one = certificate(|name| name.push(DnType::OrganizationName, "Perisai"));
        assert_eq!(issuer_of(&one).as_deref(), Some("Perisai"));
        assert_eq!(issuer_of(&certificate(|_| ())), None);
    }

    #[test]
    fn a_strangers_text_is_short_and_without_control_characters() {
        let long = "\u{1b}]0;x".repeat(30);
        let read = issuer_of(&certificate(|name| name.push(DnType::CommonName, long.as_str()))).unwrap();
        assert!(read.chars().count() <= MAX_NAME && !read.contains('\u{1b}'), "{read:?}");
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = issuer_of(&bytes);
        }
    }

    #[test]
    fn a_certificate_that_is_cut_anywhere_names_nobody() {
        let whole = certificate(|name| name.push(DnType::CommonName, "Perisai"));
        for end in 0..whole.len() {
            assert_eq!(issuer_of(&whole[..end]), None, "cut at {end}");
        }
    }
}
