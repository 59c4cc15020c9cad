//! What the mails about an account say, as text and as HTML.

use super::claim::{Claimed, Kind};

/// A mail in paragraphs, with at most one link.
pub(super) struct Letter {
    pub(super) subject: &'static str,
    before: String,
    link: Option<Link>,
    after: &'static str,
}

struct Link {
    label: &'static str,
    url: String,
}

const SIGNATURE: &str = "Almanac";

/// A link carries its token in the fragment, which browsers send to no server: it shows up in no log.
pub(super) fn of(claimed: &Claimed, public_url: &str) -> Letter {
    let email = &claimed.email;
    let link = |label, page: &str| {
        Some(Link {
            label,
            url: format!("{}/{page}#token={}", public_url.trim_end_matches('/'), claimed.token),
        })
    };
    match claimed.kind {
        Kind::VerifyEmail => Letter {
            subject: "Confirm your e-mail address",
            before: format!(
                "Please confirm that {email} is your address. It is how you get back in, should you lose your password."
            ),
            link: link("Confirm this address", "verify-email"),
            after: "The link works once, within three days. If you have not made an account at Almanac, leave this mail alone.",
        },
        Kind::ChangeEmail => Letter {
            subject: "Confirm your new e-mail address",
            before: format!(
                "You want to use Almanac with the address {email} from now on. Please confirm that it is yours."
            ),
            link: link("Use this address", "verify-email"),
            after: "The link works once, within three days. Until then nothing changes. If you have not asked for this, leave this mail alone.",
        },
        Kind::ResetPassword => Letter {
            subject: "Choose a new password",
            before: format!("Somebody, hopefully you, asked for a new password for the account of {email}."),
            link: link("Choose a new password", "reset-password"),
            after: "The link works once, within an hour. If you have not asked for it, leave this mail alone: your password stays as it is.",
        },
        Kind::PasswordChanged => Letter {
            subject: "Your password was changed",
            before: format!(
                "The password of the account of {email} was changed, and all other devices were signed out."
            ),
            link: None,
            after: "If that was not you, ask for a new password at once, by \"forgot password\" where you sign in.",
        },
        Kind::EmailChanged => Letter {
            subject: "Your e-mail address was changed",
            before: format!(
                "Your account no longer uses the address {email}. Mails go to the new one from now on."
            ),
            link: None,
            after: "If that was not you, somebody else is signed in to your account: answer this mail.",
        },
    }
}

impl Letter {
    pub(super) fn text(&self) -> String {
        let link =
            self.link.as_ref().map_or(String::new(), |link| format!("{}:\n{}\n\n", link.label, link.url));
        format!("{}\n\n{link}{}\n\n{SIGNATURE}\n", self.before, self.after)
    }

    /// In one line.
    pub(super) fn html(&self) -> String {
        let link = self.link.as_ref().map_or(String::new(), |Link { label, url }| {
            format!(r#"<p><a href="{}">{label}</a></p>"#, escaped(url))
        });
        format!(
            "<!DOCTYPE html><html lang=\"en\"><body><p>{}</p>{link}<p>{}</p><p>{SIGNATURE}</p></body></html>",
            escaped(&self.before),
            escaped(self.after),
        )
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use uuid::uuid;

    use super::*;

    fn letter(kind: Kind) -> Letter {
        let claimed = Claimed {
            id: uuid!("0199c0de-0000-7000-8000-0000000000d1"),
            kind,
            email: "a&b@example.org".to_owned(),
            attempts: 1,
            current: true,
            token: "t0ken".to_owned(),
        };
        of(&claimed, "https://almanac.example/")
    }

    #[test]
    fn a_letter_with_a_link() {
        let letter = letter(Kind::ResetPassword);
        insta::assert_snapshot!(letter.text(), @r#"
        Somebody, hopefully you, asked for a new password for the account of a&b@example.org.

        Choose a new password:
        https://almanac.example/reset-password#token=t0ken

        The link works once, within an hour. If you have not asked for it, leave this mail alone: your password stays as it is.

        Almanac
        "#);
        insta::assert_snapshot!(letter.html(), @r#"<!DOCTYPE html><html lang="en"><body><p>Somebody, hopefully you, asked for a new password for the account of a&amp;b@example.org.</p><p><a href="https://almanac.example/reset-password#token=t0ken">Choose a new password</a></p><p>The link works once, within an hour. If you have not asked for it, leave this mail alone: your password stays as it is.</p><p>Almanac</p></body></html>"#);
    }

    #[test]
    fn html_is_one_line_and_news_carry_no_token() {
        for kind in [
            Kind::VerifyEmail,
            Kind::ChangeEmail,
            Kind::ResetPassword,
            Kind::PasswordChanged,
            Kind::EmailChanged,
        ] {
            let letter = letter(kind);
            assert!(!letter.html().contains('\n'), "{kind:?}");
            let asks = !matches!(kind, Kind::PasswordChanged | Kind::EmailChanged);
            assert_eq!(letter.text().contains("t0ken"), asks, "{kind:?}");
            assert_eq!(letter.html().contains("t0ken"), asks, "{kind:?}");
        }
    }
}
