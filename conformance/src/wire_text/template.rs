//! Bytes as a person writes them, with what is filled in when the step runs: the count `#`, the run `{run}`,
//! the id of a certificate `{certificate NAME}`.

use crate::case::{Names, certificate_id};

/// What a step's templates are filled in with.
#[derive(Clone, Copy, Debug)]
pub struct Fill<'a> {
    /// What `#` stands for in a repeated step, from 1.
    pub count: u64,
    /// What `{run}` stands for, and what stands before names that others could use too.
    pub prefix: &'a str,
    /// Which names get the prefix without being asked.
    pub names: Names,
}

impl Fill<'_> {
    /// No repetition and no prefix: how a case reads.
    pub const PLAIN: Self = Self { count: 1, prefix: "", names: Names::None };
}

/// One part of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// These bytes.
    Literal(Vec<u8>),
    /// `#` in a repeated step, as decimal digits.
    Count,
    /// `{run}`.
    Run,
    /// `{certificate NAME}`: the id of the certificate that the case calls by that name.
    Certificate(String),
    /// `item*N`.
    Repeat(Vec<Part>, usize),
    /// `s"..."` or `s( ... )`: two bytes of length before it.
    Field(Vec<Part>),
    /// `len( ... )`: a variable byte integer of its length before it.
    Length(Vec<Part>),
}

/// A text or a run of bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template(pub Vec<Part>);

impl Template {
    /// Exactly these bytes.
    pub fn literal(bytes: impl Into<Vec<u8>>) -> Self {
        Self(vec![Part::Literal(bytes.into())])
    }

    /// The bytes, filled in.
    ///
    /// # Errors
    /// What stands in `s"..."` or `len( ... )` is longer than its length can say.
    pub fn fill(&self, fill: &Fill<'_>) -> Result<Vec<u8>, String> {
        let mut out = Vec::new();
        put_all(&self.0, fill, &mut out)?;
        Ok(out)
    }

    /// The text, filled in.
    ///
    /// # Errors
    /// As [`fill`](Self::fill); or it is no UTF-8.
    pub fn fill_text(&self, fill: &Fill<'_>) -> Result<String, String> {
        String::from_utf8(self.fill(fill)?).map_err(|_| "not UTF-8".to_owned())
    }

    /// Whether `{run}` stands in it.
    pub fn names_run(&self) -> bool {
        fn any(parts: &[Part]) -> bool {
            parts.iter().any(|part| match part {
                Part::Run => true,
                Part::Repeat(parts, _) | Part::Field(parts) | Part::Length(parts) => any(parts),
                Part::Literal(_) | Part::Count | Part::Certificate(_) => false,
            })
        }
        any(&self.0)
    }
}

fn put_all(parts: &[Part], fill: &Fill<'_>, out: &mut Vec<u8>) -> Result<(), String> {
    parts.iter().try_for_each(|part| put(part, fill, out))
}

fn put(part: &Part, fill: &Fill<'_>, out: &mut Vec<u8>) -> Result<(), String> {
    match part {
        Part::Literal(bytes) => out.extend_from_slice(bytes),
        Part::Count => out.extend_from_slice(fill.count.to_string().as_bytes()),
        Part::Run => out.extend_from_slice(fill.prefix.as_bytes()),
        Part::Certificate(name) => out.extend_from_slice(certificate_id(name).to_string().as_bytes()),
        Part::Repeat(parts, times) => {
            let mut once = Vec::new();
            put_all(parts, fill, &mut once)?;
            for _ in 0..*times {
                out.extend_from_slice(&once);
            }
        }
        Part::Field(parts) => {
            let mut inside = Vec::new();
            put_all(parts, fill, &mut inside)?;
            let length = u16::try_from(inside.len())
                .map_err(|_| format!("{} bytes do not fit a length of two bytes", inside.len()))?;
            out.extend_from_slice(&length.to_be_bytes());
            out.append(&mut inside);
        }
        Part::Length(parts) => {
            let mut inside = Vec::new();
            put_all(parts, fill, &mut inside)?;
            put_length(inside.len(), out)?;
            out.append(&mut inside);
        }
    }
    Ok(())
}

/// A Remaining Length (3.1.1 2.2.3).
fn put_length(mut length: usize, out: &mut Vec<u8>) -> Result<(), String> {
    if length > 268_435_455 {
        return Err(format!("{length} bytes do not fit a Remaining Length"));
    }
    loop {
        let low = (length % 128) as u8;
        length /= 128;
        if length == 0 {
            out.push(low);
            return Ok(());
        }
        out.push(low | 0x80);
    }
}
