//! Where pages lead to.

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
