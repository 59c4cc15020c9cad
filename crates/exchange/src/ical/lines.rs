//! Content lines (RFC 5545 section 3.1): folded at 75 octets, `NAME;PARAM=value:VALUE`, and components of them.

/// What one component may hold, so that a hostile file costs no more than its size.
const MAX_DEPTH: usize = 4;

/// One property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Property {
    /// Where it begins, counted from 1.
    pub(super) line: usize,
    /// In upper case, as are the names of parameters.
    pub(super) name: String,
    pub(super) params: Vec<(String, String)>,
    /// As it is written: a text is still escaped.
    pub(super) value: String,
}

impl Property {
    pub(super) fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(param, _)| param == name).map(|(_, value)| value.as_str())
    }

    /// The value of a text.
    pub(super) fn text(&self) -> String {
        unescape(&self.value)
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Component {
    pub(super) line: usize,
    pub(super) name: String,
    pub(super) properties: Vec<Property>,
    pub(super) components: Vec<Component>,
}

impl Component {
    pub(super) fn property(&self, name: &str) -> Option<&Property> {
        self.properties.iter().find(|property| property.name == name)
    }

    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Property> {
        self.properties.iter().filter(move |property| property.name == name)
    }
}

/// The components of a file, at its outermost level. Lines that are none are passed over; a component without
/// END ends where its parent does.
pub(super) fn components(file: &str) -> Vec<Component> {
    let mut open = vec![Component::default()];
    // How many components too deep it is now.
    let mut skipped = 0_usize;
    for (line, text) in unfolded(file) {
        let Some(property) = property(line, &text) else { continue };
        match property.name.as_str() {
            "BEGIN" if skipped > 0 || open.len() > MAX_DEPTH => skipped += 1,
            "END" if skipped > 0 => skipped -= 1,
            _ if skipped > 0 => {}
            "BEGIN" => {
                let name = property.value.trim().to_ascii_uppercase();
                open.push(Component { line, name, ..Component::default() });
            }
            "END" => {
                let name = property.value.trim().to_ascii_uppercase();
                if open.iter().skip(1).any(|component| component.name == name) {
                    while let Some(closed) = close(&mut open) {
                        if closed == name {
                            break;
                        }
                    }
                }
            }
            _ => {
                if let Some(component) = open.last_mut() {
                    component.properties.push(property);
                }
            }
        }
    }
    while close(&mut open).is_some() {}
    open.pop().map(|root| root.components).unwrap_or_default()
}

/// Puts the innermost component into its parent, and names it. None at the outermost level.
fn close(open: &mut Vec<Component>) -> Option<String> {
    if open.len() < 2 {
        return None;
    }
    let component = open.pop()?;
    let name = component.name.clone();
    open.last_mut()?.components.push(component);
    Some(name)
}

/// Lines with those that continue them, and the number of the first.
fn unfolded(file: &str) -> Vec<(usize, String)> {
    let file = file.strip_prefix('\u{feff}').unwrap_or(file);
    let mut lines: Vec<(usize, String)> = Vec::new();
    for (index, line) in file.split('\n').enumerate() {
        let line = line.strip_suffix('\r').unwrap_or(line);
        match (line.strip_prefix([' ', '\t']), lines.last_mut()) {
            (Some(rest), Some((_, text))) => text.push_str(rest),
            _ => lines.push((index + 1, line.to_owned())),
        }
    }
    lines
}

fn property(line: usize, text: &str) -> Option<Property> {
    let name_end = text.find([';', ':'])?;
    let name = text[..name_end].trim().to_ascii_uppercase();
    let valid = |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if !valid(&name) {
        return None;
    }
    let mut params = Vec::new();
    let mut rest = &text[name_end..];
    while let Some(param) = rest.strip_prefix(';') {
        let (name, after) = param.split_once('=')?;
        // Several values are kept as one; none that is read here has more.
        let end = value_end(after)?;
        params.push((name.to_ascii_uppercase(), after[..end].trim_matches('"').to_owned()));
        rest = &after[end..];
    }
    Some(Property { line, name, params, value: rest.strip_prefix(':')?.to_owned() })
}

/// Where a parameter's value ends, by the quotes in it.
fn value_end(text: &str) -> Option<usize> {
    let mut quoted = false;
    text.char_indices().find_map(|(at, c)| {
        quoted ^= c == '"';
        (!quoted && matches!(c, ';' | ':')).then_some(at)
    })
}

/// Section 3.3.11.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | ';' | ',' => {
                escaped.push('\\');
                escaped.push(c);
            }
            '\n' => escaped.push_str("\\n"),
            // A return would end the line for some; it cannot be written.
            '\r' => {}
            c => escaped.push(c),
        }
    }
    escaped
}

fn unescape(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n' | 'N') => text.push('\n'),
                Some(c) => text.push(c),
                None => text.push('\\'),
            },
            c => text.push(c),
        }
    }
    text
}

/// The texts of a list such as CATEGORIES.
pub(super) fn texts(value: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        let last = parts.last_mut();
        match (c, last) {
            (',', _) => parts.push(String::new()),
            (c, Some(part)) => {
                part.push(c);
                if c == '\\'
                    && let Some(escaped) = chars.next()
                {
                    part.push(escaped);
                }
            }
            (_, None) => {}
        }
    }
    parts.iter().map(|part| unescape(part)).collect()
}

/// A file being written.
#[derive(Debug, Default)]
pub(super) struct Writer(String);

impl Writer {
    /// At most so many octets a line, its end not counted.
    const WIDTH: usize = 75;

    /// `head` is the name with its parameters, `value` as it is to stand.
    pub(super) fn line(&mut self, head: &str, value: &str) {
        let mut width = 0;
        for c in head.chars().chain([':']).chain(value.chars()) {
            if width + c.len_utf8() > Self::WIDTH {
                self.0.push_str("\r\n ");
                width = 1;
            }
            self.0.push(c);
            width += c.len_utf8();
        }
        self.0.push_str("\r\n");
    }

    pub(super) fn text(&mut self, head: &str, value: &str) {
        self.line(head, &escape(value));
    }

    pub(super) fn component(&mut self, name: &str, inside: impl FnOnce(&mut Self)) {
        self.line("BEGIN", name);
        inside(self);
        self.line("END", name);
    }

    pub(super) fn finish(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn long_lines_are_folded_between_characters_and_unfolded_again() {
        let mut writer = Writer::default();
        let text = "Größe: 日本; a, b\\c\n".repeat(20);
        writer.component("VTODO", |writer| writer.text("SUMMARY", &text));
        let file = writer.finish();
        assert!(file.split("\r\n").all(|line| line.len() <= 75), "{file}");
        let components = components(&file);
        assert_eq!(components[0].property("SUMMARY").unwrap().text(), text);
    }

    #[test]
    fn parameters_may_hold_colons_in_quotes() {
        let property = property(7, "DUE;X=\"a:b;c\";tzid=Europe/Berlin:20261201T090000").unwrap();
        assert_eq!(property.param("TZID"), Some("Europe/Berlin"));
        assert_eq!((property.param("X"), property.value.as_str()), (Some("a:b;c"), "20261201T090000"));
    }

    #[test]
    fn a_list_is_split_at_commas_that_are_not_escaped() {
        assert_eq!(texts(r"a\,b,c\;d,e\\,f"), ["a,b", "c;d", r"e\", "f"]);
    }

    #[test]
    fn what_is_not_closed_is_closed_with_what_it_is_in() {
        let read =
            components("BEGIN:VCALENDAR\nBEGIN:VTODO\nnonsense\nSUMMARY:x\nEND:VCALENDAR\nEND:VTODO\n");
        assert_eq!(read.len(), 1);
        assert_eq!(read[0].components[0].property("SUMMARY").unwrap().line, 4);
        let deep = "BEGIN:A\n".repeat(10_000);
        assert_eq!(components(&deep).len(), 1);
    }

    proptest! {
        #[test]
        fn any_text_comes_back(text in "\\PC{0,200}(\n\\PC{0,50}){0,3}") {
            let mut writer = Writer::default();
            writer.component("X", |writer| writer.text("SUMMARY", &text));
            let file = writer.finish();
            prop_assert_eq!(components(&file)[0].property("SUMMARY").unwrap().text(), text);
        }

        #[test]
        fn no_file_is_a_panic(file in any::<String>()) {
            components(&format!("BEGIN:VTODO\n{file}"));
        }
    }
}
