//! Code blocks of Markdown.

use crate::repository::read;

/// The code blocks of a document in a language.
pub(crate) fn blocks(document: &str, language: &str) -> Vec<String> {
    let text = read(document);
    let begin = format!("\n```{language}\n");
    let blocks = text.split(&begin).skip(1);
    let blocks = blocks.map(|after| after.split_once("\n```\n").unwrap().0.to_owned());
    blocks.collect()
}
