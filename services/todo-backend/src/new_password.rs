//! What a new password must be like. Those that were set before keep holding, whatever they are.

use domain::Violation;

use crate::email::Email;

const CHARS: std::ops::RangeInclusive<usize> = 8..=256;
/// A password that is found by so few guesses is found by whoever tries the usual ones.
const FEWEST_GUESSES: u64 = 10_000;
/// Estimating takes longer the longer it is; what is hard to guess by its beginning is hard to guess.
const ESTIMATED: usize = 64;

/// Long enough, and not one of the first anybody would try.
pub(crate) struct NewPassword(String);

impl NewPassword {
    /// Violations are at `password`.
    pub(crate) fn parse(text: &str) -> Result<Self, Violation> {
        let (shortest, longest) = CHARS.into_inner();
        let count = text.chars().count();
        if count < shortest {
            let detail = format!("A password has at least {shortest} characters.");
            return Err(Violation::new("password", "min_length", detail));
        }
        if count > longest {
            let detail = format!("A password has at most {longest} characters.");
            return Err(Violation::new("password", "max_length", detail));
        }
        let beginning: String = text.chars().take(ESTIMATED).collect();
        if zxcvbn::zxcvbn(&beginning, &[]).guesses() < FEWEST_GUESSES {
            return Err(Violation::new(
                "password",
                "too_common",
                "This is among the first passwords anybody would try.",
            ));
        }
        Ok(Self(text.to_owned()))
    }

    /// That it is not what everybody who knows the address would try.
    pub(crate) fn suits(&self, email: &Email) -> Result<(), Violation> {
        let local = email.as_str().split('@').next().unwrap_or_default();
        let password = self.0.to_lowercase();
        if password == email.as_str() || password == local {
            return Err(Violation::new("password", "like_email", "The e-mail address is no password."));
        }
        Ok(())
    }

    pub(crate) fn into_string(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(text: &str) -> Option<String> {
        NewPassword::parse(text).err().map(|violation| violation.rule.into_owned())
    }

    #[test]
    fn short_long_and_usual_ones_are_refused() {
        assert_eq!(rule("short"), Some("min_length".to_owned()));
        assert_eq!(rule(&"x7".repeat(129)), Some("max_length".to_owned()));
        for common in ["password", "12345678", "qwertyuiop", "aaaaaaaaaaaa", "Password1", "iloveyou"] {
            assert_eq!(rule(common), Some("too_common".to_owned()), "{common}");
        }
        for good in ["correct horse", "Übergrößenträger", "gehe 7 mal nach Rom", &"ab cd".repeat(51)] {
            assert_eq!(rule(good), None, "{good}");
        }
    }

    #[test]
    fn the_address_is_no_password() {
        let ada = Email::parse("ada.lovelace@example.org").unwrap();
        let suits = |text| NewPassword::parse(text).unwrap().suits(&ada).is_ok();
        assert!(!suits("Ada.Lovelace@example.org") && !suits("ada.lovelace"));
        assert!(suits("ada.lovelace was here"));
    }
}
