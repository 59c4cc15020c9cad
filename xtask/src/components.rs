//! Gives each app's sidecar the files of `dapr/` that are for it, with ports and paths filled in, and tells which
//! components that are.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

use crate::{
    apps::{APPS, App},
    ports::Ports,
    state_dir::StateDir,
    workspace,
};

const RESOURCES: [&str; 3] = ["components", "subscriptions", "resiliency"];
const CONFIG: &str = "config/config.yaml";

/// Writes the resources of each app and the configuration of all sidecars into the state directory.
pub(crate) fn render(directory: &StateDir, ports: &Ports) -> Result<()> {
    let source = workspace::root().join("dapr");
    // A file that is gone from the checkout must be gone here.
    fs::remove_dir_all(directory.components())?;
    for app in APPS {
        render_app(directory, ports, app, &directory.resources(app.id))?;
    }
    // Nor may a sidecar of an earlier run be found.
    directory.forget_names()?;
    Ok(fs::write(directory.config(), filled(&source.join(CONFIG), &values(directory, ports))?)?)
}

/// Writes the resources of one app into `target`.
pub(crate) fn render_app(directory: &StateDir, ports: &Ports, app: &App, target: &Path) -> Result<()> {
    let source = workspace::root().join("dapr");
    fs::create_dir_all(target)?;
    let values = values(directory, ports);
    for folder in RESOURCES {
        for entry in fs::read_dir(source.join(folder)).with_context(|| format!("no folder dapr/{folder}"))? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "yaml") {
                let text = filled(&path, &values)?;
                // daprd heeds the scopes too, but takes what is for others for new whenever it compares.
                if is_for(&text, app.id) {
                    fs::write(target.join(path.file_name().unwrap_or_default()), &text)?;
                }
            }
        }
    }
    Ok(())
}

/// The names of the components that a sidecar of `app_id` loads from these directories.
pub(crate) fn names(directories: &[PathBuf], app_id: &str) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for directory in directories {
        for entry in fs::read_dir(directory).with_context(|| format!("no folder {}", directory.display()))? {
            let text = fs::read_to_string(entry?.path())?;
            names.extend(component(&text).filter(|_| is_for(&text, app_id)).map(str::to_owned));
        }
    }
    Ok(names)
}

/// The name of the component that a file in this project's layout describes, if it describes one.
fn component(text: &str) -> Option<&str> {
    text.lines().find(|line| *line == "kind: Component")?;
    text.lines().find_map(|line| line.strip_prefix("  name: "))
}

/// Whether an app is among the scopes; without any, all are.
fn is_for(text: &str, app_id: &str) -> bool {
    let after = text.lines().skip_while(|line| *line != "scopes:").skip(1);
    let mut scopes = after.map_while(|line| line.strip_prefix("  - ")).peekable();
    scopes.peek().is_none() || scopes.any(|scope| scope == app_id)
}

fn values(directory: &StateDir, ports: &Ports) -> [(&'static str, String); 4] {
    [
        ("redis_port", ports.redis.to_string()),
        ("smtp_port", ports.smtp.to_string()),
        ("secrets_file", directory.secrets().display().to_string()),
        ("names_file", directory.names().display().to_string()),
    ]
}

fn filled(source: &Path, values: &[(&str, String)]) -> Result<String> {
    fill(&fs::read_to_string(source)?, values).with_context(|| source.display().to_string())
}

/// Replaces every `{{name}}` by its value.
fn fill(template: &str, values: &[(&str, String)]) -> Result<String> {
    let filled = values
        .iter()
        .fold(template.to_owned(), |text, (name, value)| text.replace(&format!("{{{{{name}}}}}"), value));
    if let Some((_, rest)) = filled.split_once("{{") {
        bail!("nothing is known for {{{{{}", rest.lines().next().unwrap_or_default());
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apps::Replicas;

    #[test]
    fn placeholders_are_replaced_and_unknown_ones_refused() {
        let values = [("port", "6389".to_owned())];
        assert_eq!(fill("host: 127.0.0.1:{{port}}", &values).unwrap(), "host: 127.0.0.1:6389");
        assert!(fill("{{prot}}", &values).is_err());
    }

    #[test]
    fn all_files_of_the_checkout_can_be_filled_in() {
        let temporary = tempfile::tempdir().unwrap();
        let directory = StateDir::resolve(Some(temporary.path())).unwrap();
        directory.create().unwrap();
        render(&directory, &Ports::fixed(&Replicas::default(), 8000)).unwrap();
        let pubsub = fs::read_to_string(directory.resources("todo-actors").join("pubsub.yaml")).unwrap();
        assert!(pubsub.contains(r#"value: "127.0.0.1:6389""#), "{pubsub}");
        assert!(directory.config().exists());
        let names = |app| names(&[directory.resources(app)], app).unwrap();
        assert_eq!(names("todo-actors"), ["pubsub"]);
        assert!(names("notification-service").contains(&"email".to_owned()));
        assert!(names("todo-backend").contains(&"secretstore".to_owned()));
    }

    #[test]
    fn scopes_say_whom_a_file_is_for() {
        let file = "kind: Component\nmetadata:\n  name: email\nspec:\n  type: x\n";
        let scoped = format!("{file}scopes:\n  - notifier\n  - clerk\n");
        assert_eq!((component(file), component("kind: Subscription\n  name: x\n")), (Some("email"), None));
        assert!(is_for(file, "anyone"));
        assert!(is_for(&scoped, "clerk") && !is_for(&scoped, "anyone"));
    }
}
