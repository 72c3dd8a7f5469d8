//! Short names for what a module imports from its JavaScript.
//!
//! wasm-bindgen ends each name with 16 random-looking digits, which no compressor makes smaller, in the module and in the
//! JavaScript: 4 KB of the npm package with brotli.

use std::collections::HashMap;

use wasm_bindgen_cli_support::Output;

/// Short names by the long ones.
pub(crate) struct ImportNames(HashMap<String, String>);

impl ImportNames {
    /// Renames the imports of the module.
    pub(crate) fn shorten(output: &mut Output) -> Self {
        let mut names = HashMap::new();
        let imports = output.wasm_mut().imports.iter_mut();
        // Others are of the JavaScript of a crate.
        for import in imports.filter(|import| import.module.ends_with("_bg.js")) {
            let next = short_name(names.len());
            let short = names.entry(import.name.clone()).or_insert(next);
            import.name.clone_from(short);
        }
        Self(names)
    }

    /// Renames the imports where the JavaScript defines them, as properties of an object, each on a line of its own. The error
    /// is a name that it does not define.
    pub(crate) fn rename(mut self, js: &str) -> Result<String, String> {
        let mut renamed = String::with_capacity(js.len());
        for line in js.lines() {
            let name = line.trim_start().split(':').next().unwrap_or_default();
            match self.0.remove(name) {
                Some(short) => renamed.push_str(&line.replacen(name, &short, 1)),
                None => renamed.push_str(line),
            }
            renamed.push('\n');
        }
        match self.0.into_keys().next() {
            Some(missing) => Err(missing),
            None => Ok(renamed),
        }
    }
}

/// Names in the order of their length: `a` to `z`, `aa`, `ab` and so on.
fn short_name(mut number: usize) -> String {
    let mut name = String::new();
    loop {
        name.insert(0, char::from(b"abcdefghijklmnopqrstuvwxyz"[number % 26]));
        match (number / 26).checked_sub(1) {
            Some(rest) => number = rest,
            None => return name,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_are_distinct() {
        assert_eq!(
            [0, 25, 26, 701, 702].map(short_name),
            ["a", "z", "aa", "zz", "aaa"]
        );
    }

    #[test]
    fn renames_definitions_only() {
        let names = || ImportNames([("__wbg_get_1".into(), "a".into())].into());
        let js =
            "  const imports = {\n    __wbg_get_1: function() {\n      return '__wbg_get_1:';\n  }";
        let renamed =
            "  const imports = {\n    a: function() {\n      return '__wbg_get_1:';\n  }\n";
        assert_eq!(names().rename(js).as_deref(), Ok(renamed));
        assert_eq!(names().rename("{}"), Err("__wbg_get_1".into()));
    }
}
