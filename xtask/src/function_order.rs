//! Order of a module's functions for a smaller size with brotli: similar functions follow each other.
//!
//! wasm-bindgen writes the largest function first. Brotli codes a repetition by its distance, and uses other prefix codes for
//! each block, so that similar functions next to each other save 2.2 KB.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::convert::Infallible;

use wasm_encoder::reencode::{self, Reencode};
use wasm_encoder::{CodeSection, FunctionSection, Module};
use wasmparser::{CodeSectionReader, FunctionSectionReader, Parser, Payload};

type Error = reencode::Error<Infallible>;

/// Length of the pieces by which functions are compared, in bytes: measured, 4 to 8 differ by 0.2 KB.
const PIECE_BYTES: usize = 6;

/// Number of functions, the last ones in the order, with which the next one is compared: measured, 4 to 24 differ by 0.2 KB.
const NEIGHBOURS: usize = 8;

/// Returns the module with its functions in the order of similarity.
///
/// # Errors
/// Fails if the bytes are not a module.
pub(crate) fn sort(module: &[u8]) -> Result<Vec<u8>, Error> {
    let functions = Functions::read(module)?;
    let order = Similarity::of(&functions.bodies).order();
    let mut numbers = vec![0; order.len()];
    for (number, &function) in (functions.imported..).zip(&order) {
        numbers[function] = number;
    }
    let mut sorted = Module::new();
    let mut renumbering = Renumbering {
        imported: functions.imported,
        order,
        numbers,
    };
    renumbering.parse_core_module(&mut sorted, Parser::new(0), module)?;
    Ok(sorted.finish())
}

/// A module's functions.
struct Functions<'a> {
    imported: u32,
    bodies: Vec<&'a [u8]>,
}

impl<'a> Functions<'a> {
    fn read(module: &'a [u8]) -> Result<Self, Error> {
        let mut functions = Self {
            imported: 0,
            bodies: Vec::new(),
        };
        for payload in Parser::new(0).parse_all(module) {
            let payload = payload?;
            if let Payload::ImportSection(imports) = &payload {
                for import in imports.clone().into_imports() {
                    functions.imported += u32::from(is_function(&import?.ty));
                }
            }
            if let Payload::CodeSectionEntry(body) = &payload {
                functions.bodies.push(&module[body.range()]);
            }
        }
        Ok(functions)
    }
}

fn is_function(import: &wasmparser::TypeRef) -> bool {
    matches!(import, wasmparser::TypeRef::Func(_))
}

/// Similarity of each function to the last [`NEIGHBOURS`] functions in the order: the number of pieces in common.
struct Similarity {
    /// Length of each function, in bytes.
    lengths: Vec<usize>,
    /// Distinct pieces of each function.
    pieces: Vec<Vec<usize>>,
    /// For each piece, the functions that have it.
    holders: Vec<Vec<usize>>,
    /// For each piece, the number of the last functions that have it.
    near: Vec<usize>,
    /// For each function, the number of its pieces that the last functions have.
    shared: Vec<usize>,
}

impl Similarity {
    fn of(bodies: &[&[u8]]) -> Self {
        let mut numbers = HashMap::new();
        let mut holders: Vec<Vec<usize>> = Vec::new();
        let mut pieces = vec![Vec::new(); bodies.len()];
        for (function, body) in bodies.iter().enumerate() {
            for piece in body.windows(PIECE_BYTES) {
                let piece = match numbers.entry(piece) {
                    Entry::Occupied(known) => *known.get(),
                    Entry::Vacant(new) => {
                        holders.push(Vec::new());
                        *new.insert(holders.len() - 1)
                    }
                };
                if holders[piece].last() != Some(&function) {
                    holders[piece].push(function);
                    pieces[function].push(piece);
                }
            }
        }
        Self {
            lengths: bodies.iter().map(|body| body.len()).collect(),
            near: vec![0; holders.len()],
            shared: vec![0; bodies.len()],
            pieces,
            holders,
        }
    }

    /// Order that begins with the smallest function. Each next one is the most similar of those left.
    fn order(mut self) -> Vec<usize> {
        let mut left: Vec<usize> = (0..self.lengths.len()).collect();
        left.sort_by_key(|&function| self.lengths[function]);
        let mut order: Vec<usize> = Vec::with_capacity(left.len());
        while let Some(next) = self.most_similar(&left) {
            let next = left.remove(next);
            self.enter(next);
            order.push(next);
            if let Some(far) = order.len().checked_sub(NEIGHBOURS + 1) {
                self.leave(order[far]);
            }
        }
        order
    }

    /// Index of the function with the largest share of pieces in common with the last functions; of equal ones, the first.
    fn most_similar(&self, left: &[usize]) -> Option<usize> {
        // 20 bytes more, because the share of a very short function says little.
        let part = |function: usize| {
            let shared = u32::try_from(self.shared[function]).unwrap_or(u32::MAX);
            let length = u32::try_from(self.lengths[function] + 20).unwrap_or(u32::MAX);
            f64::from(shared) / f64::from(length)
        };
        let parts = left.iter().map(|&function| part(function)).enumerate();
        let best = parts.reduce(|best, next| if next.1 > best.1 { next } else { best });
        best.map(|(index, _)| index)
    }

    /// Adds a function to the last ones.
    fn enter(&mut self, function: usize) {
        for &piece in &self.pieces[function] {
            self.near[piece] += 1;
            if self.near[piece] == 1 {
                for &holder in &self.holders[piece] {
                    self.shared[holder] += 1;
                }
            }
        }
    }

    /// Removes a function from the last ones.
    fn leave(&mut self, function: usize) {
        for &piece in &self.pieces[function] {
            self.near[piece] -= 1;
            if self.near[piece] == 0 {
                for &holder in &self.holders[piece] {
                    self.shared[holder] -= 1;
                }
            }
        }
    }
}

/// Writer of a module with its functions in another order.
struct Renumbering {
    imported: u32,
    /// Indices of the module's own functions, in their new order.
    order: Vec<usize>,
    /// New number of each of them.
    numbers: Vec<u32>,
}

impl Reencode for Renumbering {
    type Error = Infallible;

    fn function_index(&mut self, number: u32) -> Result<u32, Error> {
        let own = number.checked_sub(self.imported);
        Ok(own.map_or(number, |own| self.numbers[own as usize]))
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        section: FunctionSectionReader<'_>,
    ) -> Result<(), Error> {
        let types: Vec<u32> = section.into_iter().collect::<Result<_, _>>()?;
        for &function in &self.order {
            functions.function(types[function]);
        }
        Ok(())
    }

    fn parse_code_section(
        &mut self,
        code: &mut CodeSection,
        section: CodeSectionReader<'_>,
    ) -> Result<(), Error> {
        let bodies: Vec<_> = section.into_iter().collect::<Result<_, _>>()?;
        for function in self.order.clone() {
            self.parse_function_body(code, bodies[function].clone())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use wasm_encoder::{ExportKind, ExportSection, Function, Instruction, TypeSection};
    use wasmparser::{ExternalKind, Operator};

    use super::*;

    /// A module that exports each function by its name. A function has constants, and calls another function or none.
    fn module(functions: &[(&str, &[i32], Option<u32>)]) -> Vec<u8> {
        let mut types = TypeSection::new();
        types.ty().function([], []);
        let mut declared = FunctionSection::new();
        let mut exports = ExportSection::new();
        let mut code = CodeSection::new();
        for ((name, constants, callee), number) in functions.iter().zip(0..) {
            declared.function(0);
            exports.export(name, ExportKind::Func, number);
            let mut body = Function::new([]);
            for constant in *constants {
                body.instruction(&Instruction::I32Const(*constant));
                body.instruction(&Instruction::Drop);
            }
            if let Some(callee) = callee {
                body.instruction(&Instruction::Call(*callee));
            }
            body.instruction(&Instruction::End);
            code.function(&body);
        }
        let mut module = Module::new();
        module.section(&types).section(&declared);
        module.section(&exports).section(&code);
        module.finish()
    }

    /// Names of the exported functions in the order of their code, each with the name of the one that it calls.
    fn calls(module: &[u8]) -> Vec<(String, Option<String>)> {
        let mut names = HashMap::new();
        let mut calls = Vec::new();
        for payload in Parser::new(0).parse_all(module) {
            let payload = payload.unwrap();
            if let Payload::ExportSection(exports) = &payload {
                for export in exports.clone() {
                    let export = export.unwrap();
                    assert_eq!(export.kind, ExternalKind::Func);
                    names.insert(export.index, export.name.to_owned());
                }
            }
            if let Payload::CodeSectionEntry(body) = &payload {
                let operators = body.get_operators_reader().unwrap();
                let mut callee = None;
                for operator in operators {
                    if let Operator::Call { function_index } = operator.unwrap() {
                        callee = Some(function_index);
                    }
                }
                calls.push(callee);
            }
        }
        let name = |number: u32| names[&number].clone();
        let numbered = calls.into_iter().zip(0..);
        numbered
            .map(|(callee, number)| (name(number), callee.map(name)))
            .collect()
    }

    #[test]
    fn similar_functions_follow_each_other_and_calls_follow_them() {
        let ones = [1_000_001, 1_000_002, 1_000_003, 1_000_004];
        let twos = [2_000_001, 2_000_002, 2_000_003, 2_000_004];
        let sorted = sort(&module(&[
            ("twos", &twos, Some(3)),
            ("ones", &ones, None),
            ("twos again", &twos, Some(1)),
            ("short", &ones[..2], Some(0)),
        ]))
        .unwrap();
        let expected = [
            ("short", Some("twos")),
            ("ones", None),
            ("twos", Some("short")),
            ("twos again", Some("ones")),
        ];
        let expected = expected.map(|(name, callee)| (name.to_owned(), callee.map(str::to_owned)));
        assert_eq!(calls(&sorted), expected);
    }
}
