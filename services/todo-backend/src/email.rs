//! E-mail addresses: RFC 5321's mailbox without quoting, comments or literals, in ASCII.
//!
//! Narrower than the standard on purpose: the address is put into SMTP commands and headers by a
//! binding that separates several with `;` and does not speak SMTPUTF8.

use domain::Violation;

const MAX: usize = 254;
const MAX_LOCAL: usize = 64;
const MAX_LABEL: usize = 63;

/// Trimmed and in lower case: the same mailbox is the same account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Email(String);

impl Email {
    /// Violations are at `email`.
    pub(crate) fn parse(text: &str) -> Result<Self, Violation> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Violation::new("email", "required", "The e-mail address is empty."));
        }
        if text.len() > MAX {
            let detail = format!("An e-mail address has at most {MAX} characters.");
            return Err(Violation::new("email", "max_length", detail));
        }
        let well_formed =
            text.rsplit_once('@').is_some_and(|(local, domain)| is_local(local) && is_domain(domain));
        if !well_formed {
            let detail = "An e-mail address looks like ada@example.org.";
            return Err(Violation::new("email", "invalid_email", detail));
        }
        Ok(Self(text.to_ascii_lowercase()))
    }

    /// One that was parsed before it was stored.
    pub(crate) fn stored(text: &str) -> Self {
        Self(text.to_ascii_lowercase())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_local(text: &str) -> bool {
    let atom = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c);
    text.len() <= MAX_LOCAL && text.split('.').all(|part| !part.is_empty() && part.chars().all(atom))
}

fn is_domain(text: &str) -> bool {
    let label = |label: &str| {
        (1..=MAX_LABEL).contains(&label.len())
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.split('.').count() >= 2 && text.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_trimmed_and_in_lower_case() {
        assert_eq!(
            Email::parse("  Ada.Lovelace+x@Example.ORG ").unwrap().as_str(),
            "ada.lovelace+x@example.org"
        );
    }

    #[test]
    fn what_would_break_a_mail_header_is_no_address() {
        let long = format!("{}@example.org", "a".repeat(65));
        for text in [
            "",
            "ada",
            "@example.org",
            "ada@",
            "ada@localhost",
            "a b@example.org",
            "a@b@example.org",
            ".a@example.org",
            "a..b@example.org",
            "ada@example..org",
            "ada@-example.org",
            "ada@example.org\r\nBcc: x@y.org",
            "a;b@example.org",
            "a,b@example.org",
            "<ada@example.org>",
            "ada\u{0}@example.org",
            "ädä@example.org",
            "\"a\"@example.org",
            &long,
            "ada@[127.0.0.1]",
        ] {
            assert!(Email::parse(text).is_err(), "{text:?}");
        }
        assert_eq!(Email::parse(&"a".repeat(300)).unwrap_err().rule, "max_length");
    }
}
