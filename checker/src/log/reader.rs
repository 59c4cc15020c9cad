//! Reading the log back.

use std::{fs, io, path::Path};

use super::Line;

/// Why a log cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("the log cannot be read")]
    Io(#[from] io::Error),
    #[error("line {number} of the log makes no sense")]
    Line { number: usize, source: serde_json::Error },
}

/// All lines of a log. A last line that was cut off, as when its writer is killed, is left out.
///
/// # Errors
/// When the file cannot be read, or a whole line is not one of the log.
pub fn read(path: &Path) -> Result<Vec<Line>, ReadError> {
    let text = fs::read_to_string(path)?;
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let parse = |(index, line)| {
        serde_json::from_str(line).map_err(|source| ReadError::Line { number: index + 1, source })
    };
    whole.lines().enumerate().map(parse).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::{Run, Writer};

    #[test]
    fn a_line_that_was_cut_off_is_left_out() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let log = Writer::create(&path, || chrono::DateTime::UNIX_EPOCH, Run::default()).unwrap();
        log.end().unwrap();
        let mut text = fs::read_to_string(&path).unwrap();
        text.push_str("{\"at\":\"1970");
        fs::write(&path, text).unwrap();

        assert_eq!(read(&path).unwrap().len(), 2);
    }

    #[test]
    fn a_whole_line_that_makes_no_sense_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        fs::write(&path, "{}\n").unwrap();

        assert!(matches!(read(&path), Err(ReadError::Line { number: 1, .. })));
    }
}
