use domain::{Notes, Tags, Title};

fn rule<T: std::fmt::Debug>(result: Result<T, domain::Violation>) -> std::borrow::Cow<'static, str> {
    result.expect_err("should be refused").rule
}

#[test]
fn a_title_is_one_trimmed_line() {
    assert_eq!(Title::parse("  Buy milk \n").expect("fine").as_str(), "Buy milk");
    assert_eq!(rule(Title::parse(" \t ")), "required");
    for text in ["two\nlines", "bell\u{7}", "next\u{85}line", "line\u{2028}separator", "nul\0"] {
        assert_eq!(rule(Title::parse(text)), "control_character", "{text:?}");
    }
}

#[test]
fn length_counts_characters_not_bytes() {
    assert!(Title::parse(&"é".repeat(500)).is_ok());
    assert_eq!(rule(Title::parse(&"é".repeat(501))), "max_length");
    assert!(Notes::parse(&"ü".repeat(20_000)).is_ok());
    assert_eq!(rule(Notes::parse(&"ü".repeat(20_001))), "max_length");
}

#[test]
fn notes_keep_lines_and_refuse_what_a_database_cannot_hold() {
    assert_eq!(Notes::parse("a\r\nb\tc\n").expect("fine").as_str(), "a\nb\tc\n");
    assert_eq!(Notes::parse("").expect("fine").as_str(), "");
    for text in ["nul\0", "lone\rreturn", "escape\u{1b}[0m"] {
        assert_eq!(rule(Notes::parse(text)), "control_character", "{text:?}");
    }
}

#[test]
fn tags_are_unique_whatever_their_case_and_keep_their_order() {
    let tags = Tags::parse(&["home", " Garden ", "HOME", "Äpfel", "äpfel"]).expect("fine");
    let names: Vec<_> = tags.iter().map(|tag| tag.as_str()).collect();
    assert_eq!(names, ["home", "Garden", "Äpfel"]);
}

#[test]
fn every_bad_tag_is_named_at_once() {
    let violations = Tags::parse(&["fine", "", "a,b", &"x".repeat(51)]).expect_err("three are bad");
    let found: Vec<_> = violations.iter().map(|v| (v.field.as_str(), &*v.rule)).collect();
    assert_eq!(found, [("tags[1]", "required"), ("tags[2]", "no_comma"), ("tags[3]", "max_length")]);
}

#[test]
fn a_task_has_at_most_twenty_tags() {
    let many = |count| (0..count).map(|n| format!("tag{n}")).collect::<Vec<_>>();
    assert_eq!(Tags::parse(&many(20)).expect("fine").len(), 20);
    assert!(Tags::parse(&many(21)).expect_err("too many").iter().any(|v| v.rule == "too_many"));
}

#[test]
fn violations_serialise_as_a_list_for_the_problem_details() {
    let violations = Tags::parse(&[""]).expect_err("empty");
    let json = serde_json::to_value(&violations).expect("serialises");
    assert_eq!(
        json,
        serde_json::json!([{ "field": "tags[0]", "rule": "required", "detail": "The tag is empty." }])
    );
}

#[test]
fn deserialising_checks_again() {
    assert!(serde_json::from_str::<Title>(r#""fine""#).is_ok());
    assert!(serde_json::from_str::<Title>(r#""""#).is_err());
    assert!(serde_json::from_str::<Tags>(r#"["a,b"]"#).is_err());
}
