//! Default name of a channel: its variant's name in snake case.

use syn::Ident;

/// Converts to snake case: `CpuLoad` to `cpu_load`, `HTTPLog` to `http_log`.
pub(crate) fn snake_case(ident: &Ident) -> String {
    let ident = ident.to_string();
    let letters: Vec<char> = ident.trim_start_matches("r#").chars().collect();
    let mut name = String::with_capacity(letters.len() + 4);
    for (at, &letter) in letters.iter().enumerate() {
        let previous = at.checked_sub(1).map(|before| letters[before]);
        let word_starts = letter.is_uppercase()
            && previous.is_some_and(|p| {
                p != '_'
                    && (!p.is_uppercase() || letters.get(at + 1).is_some_and(|n| n.is_lowercase()))
            });
        if word_starts {
            name.push('_');
        }
        name.extend(letter.to_lowercase());
    }
    name
}

#[cfg(test)]
mod tests {
    use proc_macro2::Span;

    use super::*;

    #[test]
    fn splits_words_at_capitals() {
        for (variant, name) in [
            ("Chat", "chat"),
            ("CpuLoad", "cpu_load"),
            ("HTTPLog", "http_log"),
            ("Top10", "top10"),
            ("Snake_Case", "snake_case"),
            ("RTC", "rtc"),
        ] {
            assert_eq!(snake_case(&Ident::new(variant, Span::call_site())), name);
        }
        assert_eq!(
            snake_case(&Ident::new_raw("type", Span::call_site())),
            "type"
        );
    }
}
