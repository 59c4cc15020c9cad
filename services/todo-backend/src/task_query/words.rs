//! What a search asks for.

use domain::Violation;
use sqlx::PgConnection;

/// Longer than any sensible search.
const MAX_CHARS: usize = 200;
/// As `task_search` in SQL cuts them.
const MAX_WORD: usize = 100;

/// `pay rent -flat "by the end"`: words by their beginnings, words that are not there, and texts as they are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Search {
    pub(super) words: Vec<String>,
    pub(super) phrases: Vec<String>,
    pub(super) without: Vec<String>,
}

impl Search {
    pub(super) fn parse(text: &str) -> Result<Self, Violation> {
        if text.chars().count() > MAX_CHARS {
            let detail = format!("At most {MAX_CHARS} characters.");
            return Err(Violation::new("q", "max_length", detail));
        }
        if let Some(found) = text.chars().find(|c| c.is_control()) {
            let detail = format!("The control character U+{:04X}.", u32::from(found));
            return Err(Violation::new("q", "control_character", detail));
        }
        let mut search = Self::default();
        // Every other part is in quotes; the last may lack its closing one.
        for (index, part) in text.split('"').enumerate() {
            if index % 2 == 1 {
                search.phrases.extend(Some(part.trim().to_owned()).filter(|phrase| has_word(phrase)));
                continue;
            }
            for word in part.split_whitespace() {
                match word.strip_prefix('-').filter(|rest| has_word(rest)) {
                    Some(unwanted) => search.without.push(unwanted.to_owned()),
                    None if has_word(word) => search.words.push(word.to_owned()),
                    None => {}
                }
            }
        }
        if search == Self::default() {
            return Err(Violation::new("q", "no_words", "At least one letter or digit."));
        }
        Ok(search)
    }
}

fn has_word(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
}

/// What tasks must have, and must not have, in their `search` column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Lexemes {
    /// All of these.
    pub(super) all: Vec<Lexeme>,
    /// Of each of these, one at least.
    pub(super) any: Vec<Vec<Lexeme>>,
    /// Of none of these all.
    pub(super) none: Vec<Vec<Lexeme>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lexeme {
    pub(super) text: String,
    /// Whatever begins with it.
    pub(super) prefix: bool,
}

impl Lexeme {
    pub(super) fn whole(text: impl Into<String>) -> Self {
        Self { text: text.into(), prefix: false }
    }

    /// As a `tsquery` writes it.
    fn quoted(&self, scope: &str) -> String {
        let text: String = self.text.replace('\\', "\\\\").replace('\'', "''");
        format!("'{scope}{text}'{}", if self.prefix { ":*" } else { "" })
    }
}

impl Lexemes {
    pub(super) fn and(mut self, other: Self) -> Self {
        self.all.extend(other.all);
        self.any.extend(other.any);
        self.none.extend(other.none);
        self
    }

    /// The `tsquery` for what must be there, in any of the scopes; none if nothing must.
    pub(super) fn wanted(&self, scopes: &[String]) -> Option<String> {
        if self.all.is_empty() && self.any.is_empty() {
            return None;
        }
        let in_scope = |scope: &String| {
            let all = self.all.iter().map(|lexeme| lexeme.quoted(scope));
            let any = self.any.iter().map(|choice| {
                let choice: Vec<_> = choice.iter().map(|lexeme| lexeme.quoted(scope)).collect();
                format!("({})", choice.join(" | "))
            });
            format!("({})", all.chain(any).collect::<Vec<_>>().join(" & "))
        };
        Some(scopes.iter().map(in_scope).collect::<Vec<_>>().join(" | "))
    }

    /// The `tsquery` for what must not.
    pub(super) fn unwanted(&self, scopes: &[String]) -> Option<String> {
        let together = |scope: &String, none: &Vec<Lexeme>| {
            let none: Vec<_> = none.iter().map(|lexeme| lexeme.quoted(scope)).collect();
            format!("({})", none.join(" & "))
        };
        let all = scopes.iter().flat_map(|scope| self.none.iter().map(move |none| together(scope, none)));
        let all: Vec<_> = all.collect();
        (!all.is_empty()).then(|| all.join(" | "))
    }
}

/// A text's words as the database makes them, so that they are those it has stored.
pub(super) async fn lexemes(
    db: &mut PgConnection,
    texts: &[String],
) -> Result<Vec<Vec<String>>, sqlx::Error> {
    if texts.is_empty() {
        return Ok(Vec::new());
    }
    let words: Vec<String> = sqlx::query_scalar(
        "SELECT array_to_string(search_words(text), E'\\n') FROM unnest($1::text[]) WITH ORDINALITY AS t (text, n) ORDER BY n",
    )
    .bind(texts)
    .fetch_all(db)
    .await?;
    let split = |words: &String| words.lines().map(|word| word.chars().take(MAX_WORD).collect()).collect();
    Ok(words.iter().map(split).collect())
}

/// Tags in lower case, as the database makes it.
pub(super) async fn lower(db: &mut PgConnection, texts: &[String]) -> Result<Vec<String>, sqlx::Error> {
    if texts.is_empty() {
        return Ok(Vec::new());
    }
    sqlx::query_scalar("SELECT lower(text) FROM unnest($1::text[]) WITH ORDINALITY AS t (text, n) ORDER BY n")
        .bind(texts)
        .fetch_all(db)
        .await
}

/// What the searched words of a list begin with, as `search_scope` in SQL makes it.
pub(super) fn scope(list: uuid::Uuid, done: bool) -> String {
    let list = list.to_string();
    // An id is ASCII of 36 characters.
    format!("{}{}/", if done { 'd' } else { 'o' }, &list[list.len() - 8..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_exclusions_and_phrases_are_told_apart() {
        let search = Search::parse("pay  rent -flat \"by the end\" -- x-ray").unwrap();
        assert_eq!(search.words, ["pay", "rent", "x-ray"]);
        assert_eq!((search.phrases, search.without), (vec!["by the end".into()], vec!["flat".into()]));
        assert_eq!(Search::parse("\"open quote").unwrap().phrases, ["open quote"]);
        for nothing in ["", "  ", "!? -", "\"\"", "a\u{0}b", &"x".repeat(201)] {
            assert!(Search::parse(nothing).is_err(), "{nothing}");
        }
    }

    #[test]
    fn what_is_asked_cannot_leave_its_quotes() {
        let lexeme = Lexeme { text: "o'b\\' | 'x".into(), prefix: true };
        assert_eq!(lexeme.quoted("s/"), "'s/o''b\\\\'' | ''x':*");
    }

    #[test]
    fn all_any_and_none_are_asked_in_every_scope() {
        let lexemes = Lexemes {
            all: vec![Lexeme { text: "a".into(), prefix: true }],
            any: vec![vec![Lexeme::whole("b"), Lexeme::whole("c")]],
            none: vec![vec![Lexeme::whole("d")]],
        };
        let scopes = ["1/".to_owned(), "2/".to_owned()];
        let wanted = "('1/a':* & ('1/b' | '1/c')) | ('2/a':* & ('2/b' | '2/c'))";
        assert_eq!(lexemes.wanted(&scopes).unwrap(), wanted);
        assert_eq!(lexemes.unwanted(&scopes).unwrap(), "('1/d') | ('2/d')");
        assert_eq!(Lexemes::default().wanted(&scopes), None);
    }
}
