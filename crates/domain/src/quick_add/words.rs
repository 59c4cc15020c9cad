//! A line as words, each with its place, and a cursor that grammars read them by.

use std::ops::Range;

/// One word of the line.
#[derive(Clone, Debug)]
pub(super) struct Word {
    /// In characters of the line.
    pub(super) span: Range<usize>,
    /// As it would stand in the title.
    pub(super) shown: String,
    /// In lower case, without the punctuation at its end; empty for a word that is meant literally.
    core: String,
    /// The same in the case it was written in.
    pub(super) cased: String,
}

/// Splits at white space. A word after a backslash and words in double quotes are meant literally.
pub(super) fn split(line: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut begun: Option<(usize, String)> = None;
    for (place, c) in line.chars().chain(Some(' ')).enumerate() {
        match (c.is_whitespace(), &mut begun) {
            (false, Some((_, text))) => text.push(c),
            (false, None) => begun = Some((place, c.to_string())),
            (true, _) => {
                if let Some((start, text)) = begun.take() {
                    words.push(word(start..place, text));
                }
            }
        }
    }
    quote(&mut words);
    words
}

fn word(span: Range<usize>, text: String) -> Word {
    if let Some(literal) = text.strip_prefix('\\').filter(|rest| !rest.is_empty()) {
        return Word { span, shown: literal.to_owned(), core: String::new(), cased: String::new() };
    }
    let cased = text.trim_end_matches([',', '.', ';']).to_owned();
    Word { span, core: cased.to_lowercase(), cased, shown: text }
}

/// A quotation that is not closed is none.
fn quote(words: &mut [Word]) {
    let opens = |word: &Word| word.shown.starts_with(['"', '“', '„']);
    let closes = |word: &Word, alone: bool| {
        let end = word.shown.trim_end_matches([',', '.', ';', ':', '!', '?']);
        end.ends_with(['"', '”', '“']) && (!alone || end.chars().count() > 1)
    };
    let mut from = 0;
    while let Some(open) = (from..words.len()).find(|at| opens(&words[*at])) {
        let Some(close) = (open..words.len()).find(|at| closes(&words[*at], *at == open)) else { return };
        for word in &mut words[open..=close] {
            word.core.clear();
            word.cased.clear();
        }
        from = close + 1;
    }
}

/// A place between words; grammars take one and give one further on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a> {
    words: &'a [Word],
    pub(super) at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(words: &'a [Word], at: usize) -> Self {
        Cursor { words, at }
    }

    /// The next word; empty at the end and for one that is meant literally.
    pub(super) fn peek(self) -> &'a str {
        self.words.get(self.at).map_or("", |word| word.core.as_str())
    }

    pub(super) fn cased(self) -> &'a str {
        self.words.get(self.at).map_or("", |word| word.cased.as_str())
    }

    /// The word before.
    pub(super) fn behind(self) -> &'a str {
        self.at.checked_sub(1).and_then(|at| self.words.get(at)).map_or("", |word| word.core.as_str())
    }

    /// Whether the word before ends with a comma.
    pub(super) fn follows_comma(self) -> bool {
        self.at.checked_sub(1).and_then(|at| self.words.get(at)).is_some_and(|word| word.shown.ends_with(','))
    }

    pub(super) fn is_end(self) -> bool {
        self.at >= self.words.len()
    }

    pub(super) fn skip(self) -> Self {
        Cursor { at: self.at + 1, ..self }
    }

    /// Past one of these words, if it is next.
    pub(super) fn eat(self, any: &[&str]) -> Option<Self> {
        any.contains(&self.peek()).then(|| self.skip())
    }

    /// Past these words in a row.
    pub(super) fn phrase(self, all: &str) -> Option<Self> {
        all.split(' ').try_fold(self, |cursor, word| cursor.eat(&[word]))
    }

    pub(super) fn maybe(self, any: &[&str]) -> Self {
        self.eat(any).unwrap_or(self)
    }
}
