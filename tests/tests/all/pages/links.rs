//! Where pages lead to.

/// Pages from which all others are reached.
pub(crate) const BEGIN: [&str; 4] = ["/", "/ringkasan", "/mutasi", "/validasi?nanti=ya"];

/// Whether there is a file behind an address, and no page.
pub(crate) fn is_file(path: &str) -> bool {
    path.ends_with("/berkas") || path.ends_with("/bukti")
}

/// An address without what tells one record, page or column from another.
pub(crate) fn kind(path: &str) -> String {
    let path = path.split(['?', '#']).next().unwrap();
    path.split('/').map(|part| if part.len() > 30 { "ID" } else { part }).collect::<Vec<_>>().join("/")
}

/// Where a page leads to, within the program.
pub(crate) fn links(body: &str) -> Vec<String> {
    let parts = body.split("href=\"").skip(1).filter_map(|part| part.split('"').next());
    parts
        .filter(|link| link.starts_with('/') && !link.starts_with("/aset/"))
        .map(|link| link.replace("&amp;", "&"))
        .collect()
}
