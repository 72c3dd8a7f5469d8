//! Check that each limit's doc comment gives its value.

use crate::repository::read;

/// Public items of a file whose line begins with `start`, each with its doc comment.
fn items(file: &str, start: &str) -> Vec<(String, String)> {
    let text = read(file);
    let mut doc = String::new();
    let mut items = Vec::new();
    for line in text.lines().map(str::trim) {
        if let Some(words) = line.strip_prefix("///") {
            doc += words;
        } else if let Some(item) = line.strip_prefix(start)
            && !item.starts_with("use ")
        {
            let name = item.split(':').next().unwrap_or_default();
            items.push((name.to_owned(), std::mem::take(&mut doc)));
        } else {
            doc.clear();
        }
    }
    assert!(!items.is_empty(), "{file} holds no limit");
    items
}

/// Unit and value; that the text holds a reason is for a reader to judge.
#[test]
fn each_limit_documents_its_value() {
    let shared = items("shared/src/limits.rs", "pub const ");
    let server = items("server/src/limits.rs", "pub ");
    for (name, doc) in shared.into_iter().chain(server) {
        if name.starts_with("struct") {
            continue;
        }
        assert!(doc.len() > 30, "{name} has no doc comment that explains it");
        let says = doc.contains(|c: char| c.is_ascii_digit()) || doc.contains("default");
        assert!(says, "{name} does not say its value:{doc}");
    }
}
